"""The cell as a focused-ion-beam scanning electron microscope shows it: dark membranes on grey, one channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base import ChannelInfo
from .cell import Anatomy, cristae, edge_um, golgi_gap_um, texture, tubule_radius_um, vesicle_radius_um
from .detail import Detail
from .grid import Grid
from .hashing import seed_of
from .noise import Noise, grain
from .shapes import Field, cover, cover_sheet, sphere_distance

EM_CHANNELS = (ChannelInfo("FIB-SEM", (1.0, 1.0, 1.0), (0.0, 1.0)),)

_CYTOSOL, _MEMBRANE, _LUMEN, _NUCLEOPLASM, _MATRIX, _LYSOSOME = 0.62, 0.12, 0.74, 0.6, 0.42, 0.3

_DETAIL = 0.12
"""How much darker or brighter the detail makes a structure, as a share of its brightness."""


def _paint(value: Field, share: Field, grey: float) -> None:
    """Lay `grey` over `value` where `share` (0..1) covers it; in place."""
    value += share * (np.float32(grey) - value)


class ElectronMicroscopeCell:
    """Grey values 0..1, painted from the cytosol up; the resin around the cell is exactly 0, so that it is empty."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy = anatomy
        seed = anatomy.seed
        steps = (0.5, 0.11, 0.03, 0.012, 0.003)
        self._cytosol = tuple(Noise(seed_of(seed, 151, i), step) for i, step in enumerate(steps))
        self._chromatin = (
            Noise(seed_of(seed, 61), 0.42),
            Noise(seed_of(seed, 62), 0.16),
            Noise(seed_of(seed, 63), 0.05),
        )
        self._crista = Noise(seed_of(seed, 71), 0.22)
        self._detail = Detail(seed_of(seed, 195))

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return self._anatomy.parts.membrane.is_beyond(grid, edge_um(grid))

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        parts, edge = self._anatomy.parts, edge_um(grid)
        thick = max(0.012, 1.1 * grid.h0_um)
        to_membrane, to_nucleus = parts.membrane.distance(grid), parts.nucleus.distance(grid)
        value = texture(grid, self._cytosol, 1.4)  # the finest is the strongest: ribosomes and protein, not clouds
        value *= np.float32(0.024)
        value += np.float32(_CYTOSOL)
        radius = tubule_radius_um(grid)
        if float(to_nucleus.max()) > -edge and float(to_membrane.min()) < edge:
            reticulum = self._anatomy.reticulum.distance(grid, to_membrane, to_nucleus, radius)
            self._vessel(value, reticulum, _LUMEN, thick, edge)
        for i in self._anatomy.golgi_near(grid, edge):
            cisterna = self._anatomy.golgi_distance(grid, parts.golgi[i]) - np.float32(golgi_gap_um(grid) * 0.28)
            self._vessel(value, cisterna, _LUMEN, thick, edge)
        self._nucleus(value, grid, to_nucleus, thick, edge)
        self._vesicles(value, grid, thick, edge)
        self._mitochondria(value, grid, thick, edge)
        _paint(value, cover_sheet(to_membrane + np.float32(thick), 1.4 * thick, edge), _MEMBRANE)
        self._detail.draw_on(value, grid, _DETAIL)
        noise = grain(seed_of(self._anatomy.seed, 191), grid)
        noise *= np.float32(0.03)
        value += noise
        np.clip(value, 0.02, 1.0, out=value)
        value *= cover(to_membrane, edge)
        return value

    def _vessel(self, value: Field, distance: Field, lumen: float, thick: float, edge: float) -> None:
        """A compartment of grey `lumen` inside a dark membrane that lies inwards of `distance` 0."""
        _paint(value, cover(distance, edge), _MEMBRANE)
        _paint(value, cover(distance + np.float32(thick), edge), lumen)

    def _nucleus(self, value: Field, grid: Grid, distance: Field, thick: float, edge: float) -> None:
        if float(distance.min()) > 0.1 + edge:
            return
        gap = max(0.03, 2.0 * grid.h0_um)
        _paint(value, cover(distance - np.float32(gap), edge), _MEMBRANE)
        _paint(value, cover(distance - np.float32(gap - thick), edge), _LUMEN)
        _paint(value, cover(distance, edge), _MEMBRANE)
        inside = cover(distance + np.float32(thick), edge)
        chromatin = texture(grid, self._chromatin, 0.75)
        # Heterochromatin: darker clumps, most of them against the envelope.
        rim = cover(np.float32(-0.28) - distance, 0.35)
        chromatin += rim
        clumps = cover(np.float32(0.75) - chromatin, 0.9)
        grey: Field = np.float32(_NUCLEOPLASM) - clumps * np.float32(0.2)
        value += inside * (grey - value)
        for nucleolus in self._anatomy.parts.nucleoli:
            if not nucleolus.is_beyond(grid, edge):
                share = cover(nucleolus.distance(grid) + chromatin * np.float32(0.06), edge + 0.03)
                _paint(value, share * inside, 0.33)

    def _vesicles(self, value: Field, grid: Grid, thick: float, edge: float) -> None:
        for i in self._anatomy.vesicles_near(grid, edge):
            vesicle = self._anatomy.parts.vesicles[i]
            radius = vesicle_radius_um(grid, vesicle)
            part = grid.near(vesicle.centre - (radius + edge), vesicle.centre + (radius + edge))
            if part is not None:
                distance = sphere_distance(grid.cut(part), vesicle.centre, radius)
                self._vessel(value[part], distance, _LYSOSOME if vesicle.is_filled else _LUMEN, thick, edge)

    def _mitochondria(self, value: Field, grid: Grid, thick: float, edge: float) -> None:
        if not self._anatomy.has_mitochondria(grid, edge):
            return
        distance, along, _ = self._anatomy.mitochondria(grid)
        if float(distance.min()) > edge:
            return
        self._vessel(value, distance, _LUMEN, thick, edge)
        matrix = cover(distance + np.float32(2.0 * thick), edge)
        _paint(value, matrix, _MATRIX)
        folds = cristae(grid, distance, along, self._crista, edge)
        folds *= matrix
        _paint(value, folds, _MEMBRANE + 0.04)
