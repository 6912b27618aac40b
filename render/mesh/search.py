"""Which blocks hold the wanted segments, found from a coarser level and by following the segments from there.

A coarse level says where to begin, not where there is nothing: it leaves out what is thin. So from the blocks that it
points to, every neighbour is looked at into which a wanted segment goes on, as long as there are any. Of a segment that
the coarse level shows at all, all is found that hangs together with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..source.base import Level, Shape3
from ..space import apply
from .blocks import Block, VoxelBox, blocks_of
from .region import Progress, report

Mask = NDArray[np.bool_]
Look = Callable[[VoxelBox], Mask]
"""Where the wanted ids are in a box [lo, hi) of a level, (z, y, x)."""


def blocks_holding(
    blocks: Sequence[Block], fine: Level, look: Look, coarse: Level, look_coarse: Look, progress: Progress | None
) -> list[Block]:
    """Those of a level's blocks, in their order, that hold a wanted id, as far as the coarse level leads to them."""
    by_place = {block.place: block for block in blocks}
    waiting = _begin(blocks, fine, coarse, look_coarse, progress)
    seen = set(waiting)
    found: set[Shape3] = set()
    while waiting:
        report(progress, "looking for segments", len(seen) - len(waiting), len(seen))
        place = waiting.pop()
        there = look(by_place[place].core)
        if not there.any():
            continue
        found.add(place)
        for near in _neighbours(place, there):
            if near in by_place and near not in seen:
                seen.add(near)
                waiting.append(near)
    return [block for block in blocks if block.place in found]


def _begin(
    blocks: Sequence[Block], fine: Level, coarse: Level, look_coarse: Look, progress: Progress | None
) -> list[Shape3]:
    """The places of blocks at which the coarse level shows a wanted id."""
    fine_from_coarse = np.linalg.inv(fine.world_from_vox) @ coarse.world_from_vox
    low = np.array([block.core[0] for block in blocks])
    high = np.array([block.core[1] for block in blocks])
    hit = np.zeros(len(blocks), np.bool_)
    parts = blocks_of(((0, 0, 0), coarse.shape), 0)
    for done, part in enumerate(parts):
        report(progress, "looking at a coarser level", done, len(parts))
        voxels = np.argwhere(look_coarse(part.read))
        # Cells of 8 coarse voxels a side are enough to tell blocks apart.
        cells = np.unique(voxels // 8, axis=0) * 8 + np.array(part.read[0])
        for cell in cells:
            corners = np.array(list(itertools.product(*((at - 0.5, at + 7.5) for at in cell[::-1]))))
            vox = apply(np.asarray(fine_from_coarse, np.float64), corners)[:, ::-1]
            hit |= ((vox.max(axis=0) >= low) & (vox.min(axis=0) <= high)).all(axis=1)
    report(progress, "looking at a coarser level", len(parts), len(parts))
    return [block.place for block, is_hit in zip(blocks, hit, strict=True) if is_hit]


def _neighbours(place: Shape3, there: Mask) -> list[Shape3]:
    """The places around a block into which what is there may go on: it reaches those of the block's faces."""
    steps = []
    for axis in range(3):
        at_low, at_high = (bool(there.take(index, axis=axis).any()) for index in (0, -1))
        steps.append([0, *([-1] if at_low else []), *([1] if at_high else [])])
    around = itertools.product(*steps)
    return [(place[0] + z, place[1] + y, place[2] + x) for z, y, x in around if (z, y, x) != (0, 0, 0)]
