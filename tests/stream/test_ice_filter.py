"""Which addresses are offered."""

from __future__ import annotations

import pytest

from render.errors import UsageError
from render.server.ice_filter import LOOPBACK, IceFilter, interfaces

ADDRESSES = ["192.168.1.7", "10.1.2.3", "fd00::7"]


def test_all_are_offered_by_default() -> None:
    assert IceFilter().choose(ADDRESSES) == [*ADDRESSES, LOOPBACK]
    assert IceFilter(loopback=False).choose(ADDRESSES) == ADDRESSES


def test_networks_and_interfaces_choose() -> None:
    assert IceFilter(["10.0.0.0/8"]).choose(ADDRESSES) == ["10.1.2.3"]
    assert IceFilter(["10.9.9.9/8", "fd00::/16", "127.0.0.0/8"]).choose(ADDRESSES) == ["10.1.2.3", "fd00::7", LOOPBACK]
    assert IceFilter(["lo"]).choose(ADDRESSES) == [LOOPBACK]
    assert IceFilter(["lo"], loopback=False).choose(ADDRESSES) == []
    assert LOOPBACK in interfaces()["lo"]


def test_what_is_neither_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"'nowhere0' is no network and no interface of this machine; it has .*lo"):
        IceFilter(["nowhere0"])
