"""Which part of a source is meshed: level, time point, crop; and how far a walk through it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import UsageError
from ..source.base import Level, SourceInfo
from ..space import Box, apply
from .blocks import VoxelBox

Progress = Callable[[str, int, int], None]
"""(what, done, total)"""


def level_of(info: SourceInfo, level: int) -> Level:
    """Raises UsageError for a level that there is not."""
    if not 0 <= level < len(info.levels):
        raise UsageError(f"{info.name} has no level {level}; it has 0 to {len(info.levels) - 1}")
    return info.levels[level]


def check_time(info: SourceInfo, time: int) -> None:
    """Raises UsageError for a time point that there is not."""
    if not 0 <= time < info.n_times:
        raise UsageError(f"{info.name} has no time point {time}; it has 0 to {info.n_times - 1}")


def level_for(info: SourceInfo, resolution_um: float) -> int:
    """The coarsest level whose voxels are at most this long along every axis; the finest where there is none."""
    fitting = [
        number for number, level in enumerate(info.levels) if max(level.spacing_um) <= resolution_um * (1 + 1e-9)
    ]
    return max(fitting, key=lambda number: info.levels[number].spacing_um, default=0)


def crop_of(level: Level, box: Box) -> VoxelBox:
    """The voxels whose centres may lie in a box of the world: the smallest part of the level that holds all of them.

    Raises UsageError for a box that meets none.
    """
    corners = np.array(
        [[x, y, z] for x in (box.lo[0], box.hi[0]) for y in (box.lo[1], box.hi[1]) for z in (box.lo[2], box.hi[2])]
    )
    vox_from_world = np.asarray(np.linalg.inv(level.world_from_vox), np.float64)
    vox = apply(vox_from_world, corners)[:, ::-1]
    lo = np.maximum(np.ceil(vox.min(axis=0) - 1e-6), 0).astype(int)
    hi = np.minimum(np.floor(vox.max(axis=0) + 1e-6) + 1, level.shape).astype(int)
    if (lo >= hi).any():
        there = level.box
        span = ", ".join(f"{a:g} to {b:g}" for a, b in zip(there.lo, there.hi, strict=True))
        raise UsageError(f"there are no voxels in the crop box; the data spans {span} (x, y, z, in micrometres)")
    return (int(lo[0]), int(lo[1]), int(lo[2])), (int(hi[0]), int(hi[1]), int(hi[2]))


def crop_in(level: Level, crop: VoxelBox | None) -> VoxelBox:
    """A crop, or all of a level. Raises UsageError for one that does not lie in the level."""
    if crop is None:
        return (0, 0, 0), level.shape
    if not all(0 <= lo < hi <= n for lo, hi, n in zip(*crop, level.shape, strict=True)):
        raise UsageError(f"the crop {crop[0]} to {crop[1]} does not lie in a level of {level.shape} voxels (z, y, x)")
    return crop


def report(progress: Progress | None, what: str, done: int, total: int) -> None:
    """Tell whoever wants to know."""
    if progress is not None:
        progress(what, done, total)
