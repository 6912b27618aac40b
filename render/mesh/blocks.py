"""How a level is cut into blocks that are meshed one by one, and what is read for each.

A block owns the quads whose lower voxel lies in it, so every quad is made once. It is read with a halo that holds all
that the positions of its vertices depend on. Beyond the cropped part of the level there is background: surfaces close.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import LimitError
from ..source.base import Shape3

T = TypeVar("T")

BORDER = 4
"""Voxels of background that a block has beyond the cropped part."""
BLOCK_VOX = 128
READERS = 2
AHEAD = 2

VoxelBox = tuple[Shape3, Shape3]
"""Voxels [lo, hi) of a level, (z, y, x)."""
MAX_BLOCKS = 1_000_000
"""2 teravoxels."""


@dataclass(frozen=True)
class Block:
    """`lo`, `hi`: the lower voxels of the quads that it owns; lo is one less at the near faces of the cropped part.
    `start`, `stop`: the voxels that its array spans, some of them beyond the level. `read`: those of them that are
    read. All are of the level, (z, y, x). `place` counts blocks along the axes."""

    lo: Shape3
    hi: Shape3
    start: Shape3
    stop: Shape3
    read: VoxelBox
    place: Shape3

    @property
    def core(self) -> VoxelBox:
        """All voxels at its quads that can be read. A block without the wanted ids here has no quads of theirs."""
        (z0, y0, x0), (z1, y1, x1) = self.read
        lo = (max(self.lo[0], z0), max(self.lo[1], y0), max(self.lo[2], x0))
        return lo, (min(self.hi[0] + 1, z1), min(self.hi[1] + 1, y1), min(self.hi[2] + 1, x1))

    def local(self, position: Shape3) -> Shape3:
        """A voxel of the level as one of the block's array."""
        return position[0] - self.start[0], position[1] - self.start[1], position[2] - self.start[2]

    def padded(self, voxels: NDArray[np.generic], background: float) -> NDArray[np.generic]:
        """Voxels of `read` as the array from `start` to `stop`."""
        widths = [
            (lo - start, stop - hi) for start, stop, lo, hi in zip(self.start, self.stop, *self.read, strict=True)
        ]
        return np.pad(voxels, widths, constant_values=background)


def blocks_of(crop: VoxelBox, halo: int, side: int = BLOCK_VOX) -> list[Block]:
    """The blocks of a part of a level, z slowest; their borders are at multiples of `side` of the level.

    Raises LimitError for more than MAX_BLOCKS.
    """
    spans = []
    for near, far in zip(*crop, strict=True):
        borders = [near, *range((near // side + 1) * side, far, side), far]
        pairs = enumerate(itertools.pairwise(borders))
        spans.append([(*_span(lo, hi, near, far, halo), place) for place, (lo, hi) in pairs])
    n_blocks = math.prod(len(span) for span in spans)
    if n_blocks > MAX_BLOCKS:
        raise LimitError(
            f"{n_blocks} blocks are more than the {MAX_BLOCKS} that are gone through; "
            "take a coarser --level or a smaller --crop"
        )
    found = []
    for z, y, x in itertools.product(*spans):
        lo, hi, start, stop, first, end, place = ((z[k], y[k], x[k]) for k in range(7))
        found.append(Block(lo, hi, start, stop, (first, end), place))
    return found


def _span(lo: int, hi: int, first: int, end: int, halo: int) -> tuple[int, int, int, int, int, int]:
    """Of one axis: lo, hi, start, stop, and what is read."""
    start, stop = max(lo - halo, first - BORDER), min(hi + halo, end + BORDER)
    return (lo - 1 if lo == first else lo), hi, start, stop, max(start, first), min(stop, end)


def read_ahead(blocks: list[Block], read: Callable[[Block], T]) -> Iterator[tuple[Block, T]]:
    """Each block with what `read` makes of it, in order; the next ones are read in threads meanwhile."""
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="mesh")
    try:
        order = iter(blocks)
        waiting: deque[tuple[Block, Future[T]]] = deque(
            (block, pool.submit(read, block)) for block in itertools.islice(order, AHEAD)
        )
        while waiting:
            block, future = waiting.popleft()
            waiting.extend((later, pool.submit(read, later)) for later in itertools.islice(order, 1))
            yield block, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
