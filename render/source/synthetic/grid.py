"""The grid of a phantom at one level, and boxes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...space import affine
from ..base import Level, Shape3

CHUNK = 64
SMALLEST_LEVEL = 64
"""Levels are halved until the longest side is at most this many voxels."""


@dataclass(frozen=True)
class Grid:
    """A box of voxels of a level, and where their centres are. Indices are Python's integers or int64, and places
    float64: the far corner of a petabyte is as exact as the middle.

    `axes_um` are three 1D float64 arrays (z, y, x): centres in micrometres from the middle of the volume; `axes_vox`
    are the same in level-0 voxels from the first voxel's centre. `h_um` is the largest voxel side of the level,
    `h0_um` that of level 0. `stride` is 1, or more for a grid of `nodes`, which holds every stride-th voxel.
    """

    level: int
    lo: Shape3
    hi: Shape3
    axes_um: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    axes_vox: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    h_um: float
    h0_um: float
    pyramid: Pyramid
    stride: int = 1

    @property
    def shape(self) -> Shape3:
        z, y, x = (len(axis) for axis in self.axes_um)
        return z, y, x

    @property
    def factor(self) -> int:
        """Level-0 voxels along a side of one voxel."""
        return 1 << self.level

    def near(self, lo_um: NDArray[np.float64], hi_um: NDArray[np.float64]) -> tuple[slice, slice, slice] | None:
        """The part of the box whose voxel centres lie within [lo_um, hi_um] (z, y, x), None when there is none."""
        parts = []
        for axis, lo, hi in zip(self.axes_um, lo_um, hi_um, strict=True):
            first, last = int(np.searchsorted(axis, lo, "left")), int(np.searchsorted(axis, hi, "right"))
            if first >= last:
                return None
            parts.append(slice(first, last))
        return parts[0], parts[1], parts[2]

    def cut(self, part: tuple[slice, slice, slice]) -> Grid:
        """The smaller box that `part` (from `near`) names."""
        z, y, x = part
        n = self.stride
        lo = (self.lo[0] + z.start * n, self.lo[1] + y.start * n, self.lo[2] + x.start * n)
        hi = (self.lo[0] + z.stop * n, self.lo[1] + y.stop * n, self.lo[2] + x.stop * n)
        um, vox = self.axes_um, self.axes_vox
        return replace(
            self, lo=lo, hi=hi, axes_um=(um[0][z], um[1][y], um[2][x]), axes_vox=(vox[0][z], vox[1][y], vox[2][x])
        )

    def nodes(self, stride: int) -> Grid:
        """Every voxel whose indices are multiples of `stride`, around the box: at least one beyond it on each side
        that is no multiple itself. They may lie outside of the level."""
        lo = [a // stride * stride for a in self.lo]
        hi = [((b - 1) // stride + 2) * stride for b in self.hi]
        return self.pyramid.grid(self.level, (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]), stride)

    def offsets(self, centre_um: NDArray[np.float64]) -> tuple[NDArray[np.float32], ...]:
        """Centres relative to a point as three float32 arrays that broadcast to (z, y, x).

        Subtracting in float64 first keeps sub-nanometre voxels of a far corner exact.
        """
        z, y, x = ((axis - c).astype(np.float32) for axis, c in zip(self.axes_um, centre_um, strict=True))
        return z[:, None, None], y[None, :, None], x[None, None, :]


@dataclass(frozen=True)
class Pyramid:
    """The levels of a phantom: size and spacing are (z, y, x) of level 0, in voxels and micrometres."""

    size: Shape3
    spacing_um: tuple[float, float, float]

    def levels(self) -> tuple[Level, ...]:
        """Level l has sides ceil(n / 2**l), and its voxels cover 2**l fine ones exactly."""
        made: list[Level] = []
        shape, level = self.size, 0
        while True:
            spacing = [s * (1 << level) for s in self.spacing_um]
            origin = [(big - fine) / 2.0 for big, fine in zip(spacing, self.spacing_um, strict=True)]
            world_from_vox = affine((spacing[2], spacing[1], spacing[0]), (origin[2], origin[1], origin[0]))
            chunk = (min(CHUNK, shape[0]), min(CHUNK, shape[1]), min(CHUNK, shape[2]))
            made.append(Level(f"s{level}", shape, world_from_vox, chunk))
            if max(shape) <= SMALLEST_LEVEL:
                return tuple(made)
            level += 1
            shape = (-(-shape[0] // 2), -(-shape[1] // 2), -(-shape[2] // 2))

    def grid(self, level: int, lo: Shape3, hi: Shape3, stride: int = 1) -> Grid:
        """The box [lo, hi) of a level; every `stride`-th voxel of it, the first one included."""
        factor = 1 << level
        vox, um = [], []
        for axis in range(3):
            centres = np.arange(lo[axis], hi[axis], stride, dtype=np.float64) * factor + (factor - 1) / 2.0
            vox.append(centres)
            um.append((centres - (self.size[axis] - 1) / 2.0) * self.spacing_um[axis])
        h0 = max(self.spacing_um)
        return Grid(level, lo, hi, (um[0], um[1], um[2]), (vox[0], vox[1], vox[2]), h0 * factor, h0, self, stride)
