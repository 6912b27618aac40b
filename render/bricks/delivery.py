"""What a reader of bricks delivers: bricks as texels, bricks that could not be read, and counts of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .keys import Wanted

BARE_BYTES = 128
"""What a brick without texels counts for."""


@dataclass(frozen=True, eq=False)
class LoadedBrick:
    """A brick with its apron as texels (slot, slot, slot), axes (z, y, x); or, with None, the one texel of all of it.

    `lo`, `hi`: the smallest and the largest texel of the slot, apron included. `ids`: of labels, the sorted distinct
    dense ids of the slot. `texels` may share memory with up to three neighbours: who keeps them for long copies them.
    """

    wanted: Wanted
    texels: NDArray[np.generic] | None
    constant: int
    lo: int
    hi: int
    ids: NDArray[np.uint32] | None = None

    @property
    def nbytes(self) -> int:
        """Host memory that it takes."""
        return BARE_BYTES + sum(part.nbytes for part in (self.texels, self.ids) if part is not None)


@dataclass(frozen=True, eq=False)
class FailedBrick:
    """A brick that could not be read, for the `attempts`-th time.

    Not `final`: the reader tries again by itself `retry_after_s` after `failed_at_s` (of its clock), unless the next
    `ask` leaves the brick out. `final`: it will not be tried again, whoever asks, until `BrickReader.forgive`.
    """

    wanted: Wanted
    error: SourceError
    final: bool
    attempts: int
    failed_at_s: float
    retry_after_s: float

    @property
    def nbytes(self) -> int:
        return BARE_BYTES


@dataclass
class ReaderStatistics:
    """Counts since the reader was made.

    `read`: bricks that were read and have several values; `constant`: that were read and have one; `absent`,
    `recalled`: delivered without reading, because the source or the reader's memory knew them to have one value;
    `failed`: attempts that failed; `read_bytes`: of voxels as they came from the sources; `read_s`, `encode_s`: seconds
    that threads spent so, summed over threads. `bricks_per_s`: deliveries of the last two seconds. `waiting_bytes`: of
    bricks not yet taken. Of those that were read ahead: `ahead` were, `ahead_used` of them were asked for later (or
    while they were being read), `ahead_dropped` made room, `ahead_failed` could not be read, and what is kept has
    `ahead_bytes`.
    """

    read: int = 0
    constant: int = 0
    absent: int = 0
    recalled: int = 0
    failed: int = 0
    read_bytes: int = 0
    read_s: float = 0.0
    encode_s: float = 0.0
    bricks_per_s: float = 0.0
    waiting_bytes: int = 0
    ahead: int = 0
    ahead_used: int = 0
    ahead_dropped: int = 0
    ahead_failed: int = 0
    ahead_bytes: int = 0
