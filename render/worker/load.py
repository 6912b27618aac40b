"""What the worker takes, as it tells the server with each sign of life."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from .protocol import HeartbeatAck

STATM = Path("/proc/self/statm")


class OnDevice(Protocol):
    """A scene on the device, as far as it is counted."""

    @property
    def device_bytes(self) -> int: ...
    @property
    def n_bricks(self) -> int: ...


class Waiting(Protocol):
    """A view that may wait for bricks."""

    @property
    def missing(self) -> int: ...


def sign_of_life(heartbeat: int, residents: Iterable[OnDevice], streams: Iterable[Waiting]) -> HeartbeatAck:
    """The answer to a heartbeat."""
    scenes = list(residents)
    return HeartbeatAck(
        id=heartbeat,
        host_bytes=host_bytes(),
        device_bytes=sum(scene.device_bytes for scene in scenes),
        bricks=sum(scene.n_bricks for scene in scenes),
        missing=sum(stream.missing for stream in streams),
    )


def host_bytes() -> int | None:
    """What of this process is in memory; None where the system does not tell (it is Linux's /proc)."""
    if not STATM.exists():
        return None
    return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
