"""Fields that change slowly from voxel to voxel, made at every second or fourth voxel and interpolated between.

The nodes have fixed places in the level (indices that are multiples of 2 or 4), so that a voxel's value is the same in
every box that holds it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .grid import Grid

Field = NDArray[np.float32]

_VOXELS_A_FEATURE = 4.0
"""Nodes lie at least this densely in what is to be resolved; a cubic B-spline of noise is then off by some percent."""


def stride_for(grid: Grid, feature_um: float) -> int:
    """1, 2 or 4: how many voxels the nodes of a field may be apart whose finest feature is `feature_um`."""
    if grid.stride > 1:
        return 1
    for stride in (4, 2):
        if feature_um >= _VOXELS_A_FEATURE * stride * grid.h_um:
            return stride
    return 1


def smoothly(grid: Grid, feature_um: float, make: Callable[[Grid], Field]) -> Field:
    """`make(grid)`, as densely as its features ask for and trilinear between; (z, y, x) float32."""
    stride = stride_for(grid, feature_um)
    return make(grid) if stride == 1 else expand(make(grid.nodes(stride)), grid, stride)


def all_smoothly(grid: Grid, feature_um: float, make: Callable[[Grid], tuple[Field, ...]]) -> tuple[Field, ...]:
    """The same of several fields at once."""
    stride = stride_for(grid, feature_um)
    if stride == 1:
        return make(grid)
    return tuple(expand(field, grid, stride) for field in make(grid.nodes(stride)))


def expand(field: Field, grid: Grid, stride: int) -> Field:
    """Values at `grid.nodes(stride)` as values at the grid's voxels, trilinear."""
    for axis in (2, 1, 0):  # along z last: its planes lie in one piece, and by then they are many
        index = np.arange(grid.lo[axis], grid.hi[axis], dtype=np.int64)
        node = index // stride - grid.lo[axis] // stride
        shape = [1, 1, 1]
        shape[axis] = len(index)
        share = ((index % stride) / stride).astype(np.float32).reshape(shape)
        rise = np.take(np.diff(field, axis=axis), node, axis=axis)
        rise *= share
        rise += np.take(field, node, axis=axis)
        field = rise
    return field
