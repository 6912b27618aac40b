"""The large shapes of the cell: its lumpy outline and its nucleus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .grid import Grid
from .hashing import seed_of
from .noise import Noise
from .shapes import Ellipsoid, Field
from .smooth import expand, stride_for

_BOUND = 2.5
"""Displacing noise is clipped to this many standard deviations, so that a shape's reach is known."""


class LumpySurface:
    """An ellipsoid whose surface is pushed in and out by octaves of noise."""

    def __init__(self, core: Ellipsoid, lumps: tuple[tuple[Noise, float], ...]) -> None:
        self.core = core
        self._lumps = lumps
        self.reach_um = sum(_BOUND * height_um for _, height_um in lumps)
        """The surface is never farther than this from the core's."""

    def distance(self, grid: Grid) -> Field:
        """About the signed distance in micrometres, negative inside, (z, y, x) float32."""
        parts: dict[int, list[Callable[[Grid], Field]]] = {}
        parts.setdefault(stride_for(grid, 0.5 * float(self.core.radii.min())), []).append(self.core.distance)
        for noise, height_um in self._lumps:
            share = noise.weight(grid)
            if share > 0.0:
                lumps = partial(_clipped, noise, share * height_um)
                parts.setdefault(stride_for(grid, noise.step_um), []).append(lumps)
        distance: Field | None = None
        for stride in sorted(parts):
            some = _sum_on(parts[stride], grid, stride)
            distance = some if distance is None else np.add(distance, some, out=distance)
        assert distance is not None
        return distance

    def distance_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same at scattered points (n, 3), (z, y, x) micrometres."""
        distance = self.core.distance_at(points)
        for noise, height_um in self._lumps:
            distance += height_um * np.clip(noise.at(points), -_BOUND, _BOUND)
        return distance

    def is_beyond(self, grid: Grid, margin_um: float) -> bool:
        """True when every voxel of the grid is more than `margin_um` outside; conservative."""
        return self.core.is_beyond(grid, self.reach_um + margin_um)


def _clipped(noise: Noise, height_um: float, grid: Grid) -> Field:
    lumps = noise.on(grid)
    np.clip(lumps, -_BOUND, _BOUND, out=lumps)
    lumps *= np.float32(height_um)
    return lumps


def _sum_on(parts: list[Callable[[Grid], Field]], grid: Grid, stride: int) -> Field:
    """The sum of fields, made at every stride-th voxel."""
    nodes = grid if stride == 1 else grid.nodes(stride)
    total = parts[0](nodes)
    for part in parts[1:]:
        total += part(nodes)
    return total if stride == 1 else expand(total, grid, stride)


def plasma_membrane(seed: int) -> LumpySurface:
    return LumpySurface(
        Ellipsoid(np.array([0.0, 0.0, 0.0]), np.array([6.4, 7.2, 8.0])),
        (
            (Noise(seed_of(seed, 11), 2.6), 0.52),
            (Noise(seed_of(seed, 12), 0.9), 0.12),
            (Noise(seed_of(seed, 13), 0.3), 0.03),
        ),
    )


def nuclear_surface(seed: int) -> LumpySurface:
    return LumpySurface(
        Ellipsoid(np.array([-0.2, 0.5, -1.1]), np.array([2.7, 3.0, 3.5])),
        ((Noise(seed_of(seed, 21), 1.6), 0.17), (Noise(seed_of(seed, 22), 0.5), 0.035)),
    )
