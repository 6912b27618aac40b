"""Which worker shows which view. Pure: loads come in.

A view that moves costs its device most, one that is watched something, one that waits for its viewer only memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

MOVING_S = 2.0
"""A view counts as moving so long after its last camera."""

K = TypeVar("K")


@dataclass(frozen=True, slots=True, order=True)
class Load:
    """What a worker has to do; ordered by what costs most."""

    moving: int = 0
    watched: int = 0
    views: int = 0


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """A worker for those who look after the server. `device` is what was asked for: None is the best one.

    `name` is the renderer's, empty before it said so; `views` are open, `watched` of them are shown to somebody;
    `frames` is how many frames came from it, in all encodings, and `restarts` how often its process was started again.
    """

    device: int | None
    name: str
    status: str
    views: int
    watched: int
    frames: int
    restarts: int


def least_loaded(loads: Mapping[K, Load]) -> K:
    """Where the next view goes; of several the first. There must be one."""
    return min(loads, key=lambda worker: loads[worker])


def asks_for_another(loads: Mapping[K, Load]) -> bool:
    """Whether a further worker is worth its memory for the next view: all of them have one that is watched."""
    return all(load.watched > 0 for load in loads.values())


def donor(loads: Mapping[K, Load], to: K) -> K | None:
    """The worker that should hand a watched view over to another one; None: it is even."""
    most = max(loads, key=lambda worker: (loads[worker].watched, loads[worker].moving))
    return most if loads[most].watched - loads[to].watched >= 2 else None
