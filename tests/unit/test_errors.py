"""The family of errors: each kind tells the edge what to do with it."""

from __future__ import annotations

import inspect

import pytest

from render import errors
from render.errors import HostaError, StateError, UsageError

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HostaError)]


def test_all_errors_of_the_module_are_family() -> None:
    defined = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    assert set(defined) == set(FAMILY)
    assert len(FAMILY) >= 9


def test_codes_on_the_wire_are_unique() -> None:
    assert len({kind.code for kind in FAMILY}) == len(FAMILY)


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_each_has_what_the_edges_need(kind: type[HostaError]) -> None:
    assert 400 <= kind.http_status < 600
    assert 1 <= kind.exit_code < 126
    assert str(kind("a sentence")) == "a sentence"
    assert (kind.__doc__ or "").strip()


def test_a_wrong_state_is_a_wrong_request() -> None:
    assert issubclass(StateError, UsageError)
    assert StateError.exit_code == 2
    assert StateError.http_status == 422
