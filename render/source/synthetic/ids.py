"""A segmentation of as many segments as are wanted, each with an id that no double holds.

Cubes fill the volume; in each lies one segment, a ball or, in small cubes, all of it. The ids count from 2^60 + 1 on,
x first: neighbours differ in digits that a double loses, so whoever rounds ids mixes them up visibly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base import ChannelInfo
from .grid import Grid, Pyramid
from .source import Description, Phantom
from .spec import Spec

FIRST = (1 << 60) + 1
BALLS_FROM = 4
"""Voxels a side of a cube from which on it holds a ball."""
_SIDE_MAX = 200_000


class Cubes:
    """`side`: voxels a side of a cube; `counts`: cubes along z, y, x."""

    def __init__(self, side: int, counts: tuple[int, int, int]) -> None:
        self._side, self._counts = side, counts

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return False

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        # Centres of coarse voxels lie between fine ones: they are in the cube of the one that is next.
        numbers = [((axis + 0.5) // self._side).astype(np.int64) for axis in grid.axes_vox]
        z, y, x = (number.reshape([-1 if axis == i else 1 for i in range(3)]) for axis, number in enumerate(numbers))
        _, ny, nx = self._counts
        ids = ((z * ny + y) * nx + x).astype(np.uint64) + np.uint64(FIRST)
        if self._side >= BALLS_FROM and grid.factor < self._side:
            middles = [(number + 0.5) * self._side - 0.5 for number in numbers]
            off = [axis - middle for axis, middle in zip(grid.axes_vox, middles, strict=True)]
            z2, y2, x2 = (
                (part * part).reshape([-1 if axis == i else 1 for i in range(3)]) for axis, part in enumerate(off)
            )
            ids[z2 + y2 + x2 >= (0.45 * self._side) ** 2] = 0
        return ids


def ids_phantom(spec: Spec) -> tuple[Phantom, Description, Pyramid]:
    """`synthetic:ids?size=432&cube=2`: (size / cube)^3 segments. Raises UsageError."""
    spec.allow(("size", "cube"))
    cube = spec.integer("cube", 8, 1, _SIDE_MAX)
    side = spec.integer("size", 128, 16, _SIDE_MAX)
    along = -(-side // cube)
    size = (side, side, side)
    description = Description("ids", "labels", np.dtype(np.uint64), (ChannelInfo("Segments"),))
    return Cubes(cube, (along, along, along)), description, Pyramid(size, (1.0, 1.0, 1.0))
