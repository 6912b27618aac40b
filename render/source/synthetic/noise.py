"""Smooth noise: hashed values on a cubic lattice, blended with cubic B-splines.

A B-spline of white noise has no visible lattice, a continuous gradient and, above all, is separable: on a box of a
grid it costs a handful of multiplications a voxel whatever its scale (fewer where it is smooth: see `smooth`). Only
+, * and floor are used, so a voxel's value is bit-identical in every box that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import Grid
from .hashing import axis_hash, lattice, mix32
from .smooth import smoothly

Field = NDArray[np.float32]

_UNIT_STD = 5.2
"""Brings the standard deviation of the blended uniform values in [-1, 1) to about 1."""
_FADE_LO, _FADE_HI = 0.4, 1.3
"""In voxels a lattice step: below the first, noise has averaged out to 0; above the second it is all there."""


def _to_float(hashed: NDArray[np.uint32]) -> Field:
    return (hashed >> np.uint32(8)).astype(np.float32) * np.float32(_UNIT_STD * 2.0**-23) - np.float32(_UNIT_STD)


def _weights(f: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Cubic B-spline weights of the four taps around a fraction f in [0, 1)."""
    g = 1.0 - f
    return [
        g * g * g / 6.0,
        (3.0 * f * f * f - 6.0 * f * f + 4.0) / 6.0,
        (3.0 * g * g * g - 6.0 * g * g + 4.0) / 6.0,
        f * f * f / 6.0,
    ]


def _slopes(f: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Derivatives of `_weights` with respect to f."""
    g = 1.0 - f
    return [-g * g / 2.0, (3.0 * f * f - 4.0 * f) / 2.0, (4.0 * g - 3.0 * g * g) / 2.0, f * f / 2.0]


def _blend(values: Field, first: NDArray[np.int64], weights: list[NDArray[np.float64]], axis: int) -> Field:
    """Contract one lattice axis with four weights a voxel; first: (n,) index of the first tap."""
    shape = [1, 1, 1]
    shape[axis] = len(first)
    blended: Field | None = None
    for tap, weight in enumerate(weights):
        part = np.take(values, first + tap, axis=axis)
        part *= weight.astype(np.float32).reshape(shape)
        if blended is None:
            blended = part
        else:
            blended += part
    assert blended is not None
    return blended


@dataclass(frozen=True)
class Noise:
    """Noise of mean 0 and standard deviation about 1, with features of about 2.5 lattice steps."""

    seed: int
    step_um: float

    def weight(self, grid: Grid) -> float:
        """How much of the noise is left (0..1) once it is averaged over the grid's voxels."""
        return min(max((self.step_um / grid.h_um - _FADE_LO) / (_FADE_HI - _FADE_LO), 0.0), 1.0)

    def on(self, grid: Grid) -> Field:
        """Values on the grid, (z, y, x) float32."""
        return smoothly(grid, self.step_um, self._exactly_on)

    def _exactly_on(self, grid: Grid) -> Field:
        values, taps = self._lattice(grid)
        for axis in (2, 1, 0):
            first, f = taps[axis]
            values = _blend(values, first, _weights(f), axis)
        return values

    def with_gradient(self, grid: Grid) -> tuple[Field, Field, Field, Field]:
        """Values, and their derivatives per micrometre along z, y, x."""
        values, taps = self._lattice(grid)
        (z0, fz), (y0, fy), (x0, fx) = taps
        wz, wy, wx = _weights(fz), _weights(fy), _weights(fx)
        in_x = _blend(values, x0, wx, 2)
        in_xy = _blend(in_x, y0, wy, 1)
        slope_x = _blend(_blend(_blend(values, x0, _slopes(fx), 2), y0, wy, 1), z0, wz, 0)
        slope_y = _blend(_blend(in_x, y0, _slopes(fy), 1), z0, wz, 0)
        slope_z = _blend(in_xy, z0, _slopes(fz), 0)
        for slope in (slope_z, slope_y, slope_x):
            slope *= np.float32(1.0 / self.step_um)
        return _blend(in_xy, z0, wz, 0), slope_z, slope_y, slope_x

    def at(self, points_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at scattered points (n, 3) in the order z, y, x; used to place things."""
        u = points_um / self.step_um
        base = np.floor(u)
        taps = [_weights(u[:, axis] - base[:, axis]) for axis in range(3)]
        first = base.astype(np.int64) - 1
        keys = [[axis_hash(self.seed, axis, first[:, axis] + tap) for tap in range(4)] for axis in range(3)]
        total = np.zeros(len(points_um))
        for dz in range(4):
            for dy in range(4):
                for dx in range(4):
                    value = _to_float(mix32(keys[0][dz] ^ keys[1][dy] ^ keys[2][dx]))
                    total += taps[0][dz] * taps[1][dy] * taps[2][dx] * value
        return total

    def _lattice(self, grid: Grid) -> tuple[Field, list[tuple[NDArray[np.int64], NDArray[np.float64]]]]:
        taps, coordinates = [], []
        for axis in grid.axes_um:
            u = axis / self.step_um
            base = np.floor(u)
            first = base.astype(np.int64) - 1
            coordinates.append(np.arange(first[0], first[-1] + 4, dtype=np.int64))
            taps.append((first - first[0], u - base))
        return _to_float(lattice(self.seed, *coordinates)), taps


def grain(seed: int, grid: Grid) -> Field:
    """Independent noise in every voxel, mean 0 and standard deviation 1 at level 0, less in averaged levels."""
    z, y, x = (np.arange(lo, hi, dtype=np.int64) for lo, hi in zip(grid.lo, grid.hi, strict=True))
    hashed = lattice(seed + grid.level, z, y, x)
    # The sum of two uniform halves of the hash is triangular: close enough to a detector's noise, and bounded.
    both = (hashed & np.uint32(0xFFFF)) + (hashed >> np.uint32(16))
    std_of_sum = 65536.0 / 6.0**0.5
    scale = 2.0 ** (-1.5 * grid.level) / std_of_sum
    return (both.astype(np.float32) - np.float32(65535.0)) * np.float32(scale)
