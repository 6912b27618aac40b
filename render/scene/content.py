"""Where in space there is something to see: sampled points of what the default look shows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..source.base import Source
from ..space import apply, grid_box
from ..state.layer import Channel
from .framing import corners

SIDE = 48
FEW_VOXELS = 400_000
VISIBLE_OPACITY = 0.08


def content_points(source: Source, channels: tuple[Channel, ...] | None) -> NDArray[np.float64]:
    """World positions (n, 3) of voxels that show: labels other than 0, or values well inside a channel's window.

    Reads one coarse level, at most SIDE samples along each axis; the box's corners when nothing shows or the coarsest
    level is too large to be read for this.
    """
    info = source.info
    level = next((i for i, one in enumerate(info.levels) if math.prod(one.shape) <= FEW_VOXELS), len(info.levels) - 1)
    grid = info.levels[level]
    box = corners(grid_box(info.levels[0].shape, info.levels[0].world_from_vox))
    if math.prod(grid.shape) > 256 * FEW_VOXELS:
        return box
    strides = tuple(max(1, n // SIDE) for n in grid.shape)
    shown = np.zeros(tuple(-(-n // step) for n, step in zip(grid.shape, strides, strict=True)), bool)
    for number in range(len(channels) if channels else 1):
        if channels and not channels[number].visible:
            continue
        voxels = source.read(level, number, 0, (0, 0, 0), grid.shape)
        sampled = voxels[:: strides[0], :: strides[1], :: strides[2]]
        if channels:
            lo, hi = channels[number].window
            shown |= (sampled.astype(np.float64) - lo) > VISIBLE_OPACITY * (hi - lo)
        else:
            shown |= sampled != 0
    indices = np.argwhere(shown)
    if not len(indices):
        return box
    return apply(grid.world_from_vox, (indices * strides)[:, ::-1].astype(np.float64))
