"""Structure at every scale below the organelles, down to two voxels: what there is to see on the way into a petabyte.

A cascade of octaves on the levels' own voxels (all their sides are powers of two of level 0's). An octave is what the
voxels of one level have that those of the next coarser one have not: by average interpolation (D. Donoho, "Smooth
wavelet decompositions with blocky coefficient kernels", 1993) each voxel is split in two along each axis, which leaves
its mean as it is, and random differences between the halves are added. So the mean of the fine voxels under a coarse
one is exactly its value, in whatever level one looks, and octaves cost together little more than the finest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grid import Grid
from .hashing import lattice, seed_of
from .noise import Field
from .shapes import cover

_TOP_UM = 0.08
"""The coarsest octave has voxels of at most this side: what is larger is drawn by `noise` and by the organelles."""
_FINEST_LEVEL = 1
"""Level 0 adds no octave of its own: the finest structure is two voxels wide."""
_FALLOFF = 0.8
"""The height of an octave over that of the next coarser one."""
_EDGE = 0.5
"""How wide the edges of the shapes are at level 0, in standard deviations of the coarsest octave."""
_UNIT = 6.0**0.5 / 65536.0
"""Makes the standard deviation of the sum of two uniform 16-bit halves 1."""


@dataclass(frozen=True)
class Detail:
    """Shapes, of all sizes, that fill half of space: where the sum of the octaves is positive."""

    seed: int

    def draw_on(self, value: Field, grid: Grid, height: float) -> None:
        """Make a brightness (0..1) larger by a share `height` of it within the shapes and smaller by as much outside,
        in place; no brighter than 1, and with the same mean."""
        share = self.share(grid)
        if share is None:
            return
        rise = np.minimum(value * np.float32(height), np.float32(1.0) - value)
        share *= np.float32(2.0)
        share -= np.float32(1.0)
        share *= rise
        value += share

    def share(self, grid: Grid) -> Field | None:
        """The share of each voxel that the shapes fill, (z, y, x) float32; None where none is resolved: all is 1/2.

        Octaves that the voxels do not resolve are random with a known deviation s, and blur the edges in the mean:
        a smooth step of width w has the variance w²/20, so its mean is about a step of width sqrt(w² + 20 s²).
        """
        top = _top_level(grid)
        if grid.level > top:
            return None
        unresolved = sum(_FALLOFF ** (2 * (top - level)) for level in range(_FINEST_LEVEL, grid.level))
        value = self._octaves(grid, top)
        np.negative(value, out=value)
        return cover(value, float(np.sqrt(_EDGE**2 + 20.0 * unresolved)))

    def _octaves(self, grid: Grid, top: int) -> Field:
        spans = [(grid.lo, grid.hi)]
        for _ in range(grid.level, top + 1):
            lo, hi = spans[-1]
            spans.append((
                (lo[0] // 2 - 1, lo[1] // 2 - 1, lo[2] // 2 - 1),
                ((hi[0] + 1) // 2 + 1, (hi[1] + 1) // 2 + 1, (hi[2] + 1) // 2 + 1),
            ))  # fmt: skip
        value = np.zeros(tuple(b - a for a, b in zip(*spans[-1], strict=True)), np.float32)
        for level in range(top, grid.level - 1, -1):
            height = 0.0 if level < _FINEST_LEVEL else _FALLOFF ** (top - level) / 3.0**0.5
            value = self._finer(value, spans[level - grid.level + 1][0], *spans[level - grid.level], level, height)
        return value

    def _finer(
        self, value: Field, lo: tuple[int, ...], fine_lo: tuple[int, ...], fine_hi: tuple[int, ...], level: int,
        height: float,
    ) -> Field:  # fmt: skip
        """The voxels [fine_lo, fine_hi) of `level`, from those of the next coarser one, which begin at `lo`."""
        first = list(lo)
        for axis in (2, 1, 0):
            # A voxel's halves differ by a quarter of what its neighbours do, and by chance.
            rise = value[_along(axis, 2, None)] - value[_along(axis, None, -2)]
            rise *= np.float32(0.125)
            first[axis] += 1
            if height > 0.0:
                indices = [np.arange(a, a + n, dtype=np.int64) for a, n in zip(first, rise.shape, strict=True)]
                hashed = lattice(seed_of(self.seed, level, axis), *indices)
                chance = ((hashed & np.uint32(0xFFFF)) + (hashed >> np.uint32(16))).astype(np.float32)
                chance -= np.float32(65535.0)
                chance *= np.float32(height * _UNIT)
                rise += chance
            middle = value[_along(axis, 1, -1)]
            shape = list(rise.shape)
            shape[axis] *= 2
            halves = np.empty(shape, np.float32)
            np.subtract(middle, rise, out=halves[_along(axis, None, None, 2)])
            np.add(middle, rise, out=halves[_along(axis, 1, None, 2)])
            first[axis] *= 2
            skipped = fine_lo[axis] - first[axis]
            value = halves[_along(axis, skipped, skipped + fine_hi[axis] - fine_lo[axis])]
            first[axis] = fine_lo[axis]
        return value


def _top_level(grid: Grid) -> int:
    """The coarsest octave; below `_FINEST_LEVEL` where there is none."""
    return int(np.floor(np.log2(_TOP_UM / grid.h0_um) + 1e-9))


def _along(axis: int, start: int | None, stop: int | None, step: int | None = None) -> tuple[slice, ...]:
    slices = [slice(None)] * 3
    slices[axis] = slice(start, stop, step)
    return tuple(slices)
