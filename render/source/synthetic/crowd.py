"""Many small shapes on one grid at once: where each touches few voxels, calls cost more than voxels.

The same arithmetic as for one shape, voxel by voxel, so that both ways give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import Grid

Field = NDArray[np.float32]

SMALL_VOXELS = 3000
"""Shapes of fewer voxels than this on average are worth a crowd."""
MOST_PAIRS = 600_000


@dataclass(frozen=True)
class Crowd:
    """Pairs of a shape and a voxel of its box: `item` is the shape's number, `place` the voxel's in the flat grid, and
    `z`, `y`, `x` its centre in micrometres from the middle of the volume."""

    item: NDArray[np.int64]
    place: NDArray[np.int64]
    z: NDArray[np.float64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]

    def offsets(self, points: NDArray[np.float64]) -> tuple[Field, Field, Field]:
        """The voxels' centres from a point (z, y, x) a shape: points is (number of shapes, 3)."""
        at = points[self.item]
        return (
            (self.z - at[:, 0]).astype(np.float32),
            (self.y - at[:, 1]).astype(np.float32),
            (self.x - at[:, 2]).astype(np.float32),
        )


def crowd(grid: Grid, lo_um: NDArray[np.float64], hi_um: NDArray[np.float64]) -> Crowd | None:
    """All voxels within [lo, hi] (n, 3) of each of n shapes, in the shapes' order; None where that is no crowd."""
    if len(lo_um) < 8:
        return None
    first = [np.searchsorted(axis, lo_um[:, i], "left") for i, axis in enumerate(grid.axes_um)]
    sides = [
        np.maximum(np.searchsorted(axis, hi_um[:, i], "right") - first[i], 0) for i, axis in enumerate(grid.axes_um)
    ]
    sizes = sides[0] * sides[1] * sides[2]
    total = int(sizes.sum())
    if total > min(SMALL_VOXELS * len(sizes), MOST_PAIRS):
        return None
    item = np.repeat(np.arange(len(sizes)), sizes)
    rest = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rest, ix = np.divmod(rest, np.maximum(sides[2], 1)[item])
    iz, iy = np.divmod(rest, np.maximum(sides[1], 1)[item])
    iz, iy, ix = iz + first[0][item], iy + first[1][item], ix + first[2][item]
    _, ny, nx = grid.shape
    return Crowd(item, (iz * ny + iy) * nx + ix, grid.axes_um[0][iz], grid.axes_um[1][iy], grid.axes_um[2][ix])


def largest(grid: Grid, together: Crowd, values: Field) -> Field:
    """The largest value at each voxel, 0 where there is none, (z, y, x)."""
    found = np.zeros(grid.shape, np.float32)
    np.maximum.at(found.reshape(-1), together.place, values)
    return found
