"""The endoplasmic reticulum: stacked sheets around the nucleus that break up into a network of tubules farther out."""

from __future__ import annotations

from functools import partial

import numpy as np

from .body import LumpySurface
from .grid import Grid
from .hashing import seed_of
from .noise import Noise
from .shapes import Field, cover, cover_thin
from .smooth import all_smoothly

_LAYERS = 2.3
"""Layers lie where `_LAYERS * sqrt(distance from the nucleus)`, waved by noise, is an integer."""
_WAVE = 0.62
_OUTSIDE_NUCLEUS_UM = 0.16
_INSIDE_MEMBRANE_UM = 0.4
_NUCLEUS_FEATURE_UM = 0.2
"""Layers crowd within this distance of the nucleus."""
_TUBULE = 1.15
"""How much thicker a tubule is than a sheet."""


class Reticulum:
    """Layers follow the nucleus. Where a patch of noise is high a layer is a sheet; elsewhere only the lines on which
    two further noises are zero remain of it, and those lines meet: a network of tubules that grows out of the sheets.
    """

    def __init__(self, seed: int, nucleus: LumpySurface) -> None:
        self._nucleus = nucleus
        self._wave = Noise(seed_of(seed, 31), 1.5)
        self._patch = Noise(seed_of(seed, 32), 0.75)
        self._lines = (Noise(seed_of(seed, 33), 0.55), Noise(seed_of(seed, 34), 0.6))

    def distance(self, grid: Grid, to_membrane: Field, to_nucleus: Field, radius_um: float) -> Field:
        """About the distance to the surface of sheets and tubules of this half thickness, (z, y, x) float32."""
        to_layer, to_patch, to_line = self._centres(grid, to_nucleus)
        sheet = np.maximum(to_layer - np.float32(radius_um), to_patch)
        distance: Field = np.minimum(sheet, to_line - np.float32(radius_um * _TUBULE))
        np.maximum(distance, self._to_cytosol(to_membrane, to_nucleus), out=distance)
        return distance

    def share(self, grid: Grid, to_membrane: Field, to_nucleus: Field, radius_um: float, width_um: float) -> Field:
        """How much of each voxel sheets and tubules fill, 0..1."""
        to_layer, to_patch, to_line = self._centres(grid, to_nucleus)
        share = cover_thin(to_layer, radius_um, width_um, 1)
        share *= cover(to_patch, width_um)
        np.maximum(share, cover_thin(to_line, radius_um * _TUBULE, width_um, 2), out=share)
        share *= cover(self._to_cytosol(to_membrane, to_nucleus), width_um)
        return share

    def _to_cytosol(self, to_membrane: Field, to_nucleus: Field) -> Field:
        distance: Field = np.maximum(
            to_membrane + np.float32(_INSIDE_MEMBRANE_UM), np.float32(_OUTSIDE_NUCLEUS_UM) - to_nucleus
        )
        return distance

    def _centres(self, grid: Grid, to_nucleus: Field) -> tuple[Field, Field, Field]:
        """Distances: to the middle of a layer, to a patch of sheet (signed), to the middle of a tubule."""
        root = np.sqrt(np.maximum(to_nucleus, np.float32(0.02)))
        to_layer = self._to_layer(grid, root)
        # From mostly sheets at the nucleus to mostly tubules at the membrane.
        to_patch: Field = np.maximum(to_nucleus, 0.0) * np.float32(0.5) - np.float32(0.25)
        to_patch -= self._patch.on(grid)
        to_patch *= np.float32(self._patch.step_um)
        to_line = np.minimum(*(_to_zero(noise, grid) for noise in self._lines))
        to_line *= to_line
        to_line += to_layer * to_layer
        return to_layer, to_patch, np.sqrt(to_line, out=to_line)

    def _to_layer(self, grid: Grid, root: Field) -> Field:
        wave, steepness = all_smoothly(grid, _NUCLEUS_FEATURE_UM, self._wave_and_steepness)
        wave += root * np.float32(_LAYERS)
        wave -= np.rint(wave)
        np.abs(wave, out=wave)
        wave /= steepness
        return wave

    def _wave_and_steepness(self, grid: Grid) -> tuple[Field, Field]:
        """The noise that waves the layers, and how many layers there are a micrometre across them."""
        wave, *slopes = self._wave.with_gradient(grid)
        wave *= np.float32(_WAVE)
        root = np.sqrt(np.maximum(self._nucleus.distance(grid), np.float32(0.02)))
        radial = np.float32(_LAYERS / 2.0) / root
        steepness = np.zeros(grid.shape, np.float32)
        for direction, slope in zip(self._nucleus.core.outward(grid), slopes, strict=True):
            slope *= np.float32(_WAVE)
            slope += radial * direction
            slope *= slope
            steepness += slope
        np.sqrt(steepness, out=steepness)
        np.maximum(steepness, np.float32(0.1), out=steepness)
        return wave, steepness


def _to_zero(noise: Noise, grid: Grid) -> Field:
    """About the unsigned distance to the surface on which a noise is zero."""
    value, steepness = all_smoothly(grid, noise.step_um, partial(_value_and_steepness, noise))
    np.abs(value, out=value)
    value /= steepness
    return value


def _value_and_steepness(noise: Noise, grid: Grid) -> tuple[Field, Field]:
    value, *slopes = noise.with_gradient(grid)
    steepness = np.full(grid.shape, 1e-6, np.float32)
    for slope in slopes:
        slope *= slope
        steepness += slope
    return value, np.sqrt(steepness, out=steepness)
