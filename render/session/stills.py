"""Pictures at rest, as the worker has encoded them without loss: the newest ones of each view, in bounded memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..errors import StreamError
from ..worker.protocol import Still

STILLS_A_VIEW = 2
"""The newest, and the one before for a client that is about to fetch it."""


class NoStillError(StreamError):
    """There is no such still, or not any more."""

    http_status = 404


@dataclass(frozen=True, slots=True)
class KeptStill:
    """`number` counts the stills of all views: a picture may change though its `sequence` does not (annotations)."""

    still: Still
    number: int
    data: bytes
    etag: str

    @property
    def path(self) -> str:
        """Where it is to be fetched, relative to the API; another still never has the same."""
        return f"views/{self.still.view}/still/{self.still.sequence}.webp?n={self.number}"


class StillShelf:
    """Keeps at most STILLS_A_VIEW stills of a view, and at most `most_bytes` of all; the oldest go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._stills: list[KeptStill] = []  # oldest first
        self._count = 0

    @property
    def size_bytes(self) -> int:
        return sum(len(kept.data) for kept in self._stills)

    def keep(self, still: Still, data: bytes) -> KeptStill | None:
        """Put one in; None when it alone is larger than all may be."""
        if len(data) > self._most_bytes:
            return None
        self._count += 1
        etag = f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'
        kept = KeptStill(still, self._count, data, etag)
        own = [other for other in self._stills if other.still.view == still.view]
        crowded = {other.number for other in own[: max(len(own) + 1 - STILLS_A_VIEW, 0)]}
        self._stills = [other for other in self._stills if other.number not in crowded] + [kept]
        while self.size_bytes > self._most_bytes:
            self._stills.pop(0)
        return kept

    def newest(self, view: str, sequence: int) -> KeptStill | None:
        """The newest still of a view, if it is of this state."""
        kept = next((kept for kept in reversed(self._stills) if kept.still.view == view), None)
        return kept if kept is not None and kept.still.sequence == sequence else None

    def find(self, view: str, sequence: int, number: int | None = None) -> KeptStill:
        """The still of a `path`; without a number the newest of its sequence. Raises NoStillError."""
        for kept in reversed(self._stills):
            if kept.still.view == view and kept.still.sequence == sequence and number in (None, kept.number):
                return kept
        raise NoStillError("there is no such still any more; wait until the picture rests again")

    def forget(self, view: str) -> None:
        """The view is closed."""
        self._stills = [kept for kept in self._stills if kept.still.view != view]
