"""Looks: rays that end where they first collide, and guide the filter of a still. Where they differ there are more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .accumulator import TILE

# Looks for each sample, in a picture of its own size.
_PER_SAMPLE = 4
# In a finer one: at least so many a fine pixel and at most so many times its samples in all tiles; and in uneven ones.
_LEAST, _LEAST_TIMES, _MOST, _MOST_TIMES = 8, 2, 32, 8
# Of the mean light: where there is less, differences say little.
_DARK = 0.2
# Mean square of the relative step from pixel to pixel, from which on a tile is uneven.
_UNEVEN = 0.05


@dataclass(frozen=True)
class Looks:
    """How many of them a pixel gets: `least` in tiles that are even, `most` in others."""

    least: int
    most: int

    @classmethod
    def of(cls, samples: int, fineness: int) -> Looks:
        """For a picture of so many samples a pixel, drawn so many times as wide and as high."""
        if fineness == 1:
            return cls(_PER_SAMPLE * samples, _PER_SAMPLE * samples)
        paths = -(-samples // fineness**2)
        least = max(_LEAST, _LEAST_TIMES * paths)
        return cls(least, max(least, min(_MOST_TIMES * paths, max(_MOST, _PER_SAMPLE * paths))))


def uneven_tiles(local: NDArray[np.float32], coverage: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which tiles (rows, columns) have edges, texture or noise: light (h, w, 3), premultiplied, `coverage` (h, w)."""
    return unevenness(local, coverage) > _UNEVEN


def unevenness(local: NDArray[np.float32], coverage: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each tile, (rows, columns): the mean square of relative steps of light between neighbours."""
    light = local.mean(axis=2)
    lit = coverage > 0.0
    dark = np.float32(_DARK * light[lit].mean() if lit.any() else 0.0)
    if not 0.0 < dark < 1e30:
        return np.full([-(-side // TILE) for side in light.shape], np.inf if lit.any() else 0.0, np.float32)
    steps = np.zeros_like(light)
    steps[1:] += np.abs(np.diff(light, axis=0))
    steps[:, 1:] += np.abs(np.diff(light, axis=1))
    relative = steps / np.hypot(light, dark)
    rows, columns = (np.arange(0, side, TILE) for side in light.shape)
    summed = np.add.reduceat(np.add.reduceat(relative**2, rows, axis=0), columns, axis=1)
    ones = np.add.reduceat(np.add.reduceat(np.ones_like(light), rows, axis=0), columns, axis=1)
    return np.asarray(summed / ones, np.float32)
