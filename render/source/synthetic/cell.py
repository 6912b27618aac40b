"""The demo's sample: a eukaryotic cell, 20 micrometres across, as fluorescence channels and as a segmentation.

Every structure is a signed distance, so any level of any size is made directly: edges are as soft as the voxels are
large, structures thinner than a voxel fade. Thin structures are drawn a little over a voxel of the finest level thick,
as a microscope's blur would, so that a small cell shows them too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base import ChannelInfo
from .crowd import crowd, largest
from .detail import Detail
from .grid import Grid
from .hashing import seed_of
from .noise import Noise, grain
from .organelles import GolgiStack, Organelles, Vesicle
from .reticulum import Reticulum
from .shapes import Field, Tubes, cover, cover_sheet, cover_thin, cover_thin_each, sphere_distance
from .smooth import expand, stride_for

CELL_UM = 20.0
"""The side of the cube that holds the cell."""

# Colours that stay apart for the colour-blind. The outer layers are faint, so that one looks into the cell.
CHANNELS = (
    ChannelInfo("Membrane", (0.82, 0.87, 0.92), (0.08, 1.0), opacity=0.1),
    ChannelInfo("DNA", (0.33, 0.56, 1.00), (0.05, 1.0), opacity=1.0),
    ChannelInfo("Mitochondria", (1.00, 0.60, 0.20), (0.05, 1.0), opacity=1.0),
    ChannelInfo("ER", (0.16, 0.88, 0.68), (0.05, 1.0), opacity=0.2),
    ChannelInfo("Golgi and vesicles", (1.00, 0.48, 0.82), (0.05, 1.0), opacity=1.0),
)
# Drawn thicker than they are, membranes and tubules of a small cell are dimmer, or they would hide all else.
_THINNEST_TUBULE_UM = 0.05
_FAINT_FROM_UM = 0.12
_MITOCHONDRION_FEATURE_UM = 0.2
_DETAIL = 0.6
"""How much brighter or darker the detail makes a structure, as a share of its brightness."""
_SMALLEST_VESICLE = 0.7
"""Radius in voxels of level 0: smaller ones would not be seen."""
MEMBRANE, DNA, MITOCHONDRIA, ER, GOLGI = range(5)


def edge_um(grid: Grid) -> float:
    """How wide the edge of a structure is drawn: the blur of level 0 and the voxel of this level together."""
    return float(np.sqrt((1.6 * grid.h0_um) ** 2 + grid.h_um**2 + 0.004**2))


def tubule_radius_um(grid: Grid) -> float:
    return max(_THINNEST_TUBULE_UM, 0.62 * grid.h0_um)


class Anatomy:
    """Distances to the parts of one cell, from which every channel, style and segmentation is drawn."""

    def __init__(self, seed: int, organelles: Organelles) -> None:
        self.seed = seed
        self.parts = organelles
        self.reticulum = Reticulum(seed, organelles.nucleus)
        self.golgi_rim = Noise(seed_of(seed, 41), 0.28)
        self._tubes = Tubes(
            np.array([m.spine for m in organelles.mitochondria]), np.array([m.radii for m in organelles.mitochondria])
        )
        self._vesicle_centres = np.array([v.centre for v in organelles.vesicles])
        self._vesicle_radii = np.array([v.radius_um for v in organelles.vesicles])

    def has_mitochondria(self, grid: Grid, margin_um: float) -> bool:
        """False only where none comes nearer than the margin."""
        return len(self._tubes.near(grid, margin_um)) > 0

    def mitochondria(self, grid: Grid) -> tuple[Field, Field, NDArray[np.int32]]:
        """The distance to the nearest mitochondrion, the length along it, and its number; -1 and a distance of more
        than half an edge where none is near."""
        reach_um = 0.6 * edge_um(grid)
        stride = stride_for(grid, _MITOCHONDRION_FEATURE_UM)
        if stride == 1:
            return self._tubes.nearest(grid, reach_um)
        distance, along, number = self._tubes.nearest(grid.nodes(stride), reach_um + 3 * stride * grid.h_um)
        for axis in range(3):  # mitochondria keep farther apart than nodes, so the nearest node knows which one it is
            index = np.arange(grid.lo[axis], grid.hi[axis], dtype=np.int64)
            number = np.take(number, (index + stride // 2) // stride - grid.lo[axis] // stride, axis=axis)
        return expand(distance, grid, stride), expand(along, grid, stride), number

    def vesicles_near(self, grid: Grid, margin_um: float) -> list[int]:
        lo, hi = bounds(grid)
        gap = self._vesicle_centres - np.clip(self._vesicle_centres, lo, hi)
        reach = np.maximum(self._vesicle_radii, _SMALLEST_VESICLE * grid.h0_um) + margin_um
        return [int(i) for i in np.flatnonzero((gap * gap).sum(axis=1) <= reach * reach)]

    def golgi_near(self, grid: Grid, margin_um: float) -> list[int]:
        lo, hi = bounds(grid)
        near = []
        for i, stack in enumerate(self.parts.golgi):
            reach = stack.radius_um + golgi_gap_um(grid) * stack.n_cisternae + margin_um
            gap = stack.focus - np.clip(stack.focus, lo, hi)
            if float((gap * gap).sum()) <= reach * reach:
                near.append(i)
        return near

    def golgi_distance(self, grid: Grid, stack: GolgiStack) -> Field:
        """To the nearest cisterna's middle where that is inside the cap; grows beyond the rim."""
        z, y, x = grid.offsets(stack.focus)
        radius: Field = np.sqrt(z * z + y * y + x * x)
        np.maximum(radius, np.float32(1e-3), out=radius)
        az, ay, ax = (np.float32(a) for a in stack.axis)
        cosine: Field = (z * az + y * ay + x * ax) / radius
        gap = np.float32(golgi_gap_um(grid))
        layer = (radius - np.float32(stack.radius_um)) / gap
        nearest = np.clip(np.rint(layer), 0.0, stack.n_cisternae - 1.0)
        distance: Field = np.abs(layer - nearest) * gap
        rim = np.float32(0.66) + nearest * np.float32(0.02) - cosine
        rim *= radius
        rim += self.golgi_rim.on(grid) * np.float32(0.13)
        np.maximum(distance, rim, out=distance)
        return distance


def vesicle_radius_um(grid: Grid, vesicle: Vesicle) -> float:
    return max(vesicle.radius_um, _SMALLEST_VESICLE * grid.h0_um)


def golgi_gap_um(grid: Grid) -> float:
    return max(0.13, 1.5 * grid.h0_um)


def bounds(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first and last voxel's centres, (z, y, x) micrometres."""
    return np.array([axis[0] for axis in grid.axes_um]), np.array([axis[-1] for axis in grid.axes_um])


class FluorescentCell:
    """The cell as a light microscope with perfect optics would show it, one stain a channel."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy = anatomy
        seed = anatomy.seed
        self._cytosol = (Noise(seed_of(seed, 51), 0.7), Noise(seed_of(seed, 52), 0.16), Noise(seed_of(seed, 53), 0.035))
        self._chromatin = (
            Noise(seed_of(seed, 61), 0.42),
            Noise(seed_of(seed, 62), 0.16),
            Noise(seed_of(seed, 63), 0.05),
        )
        self._crista = Noise(seed_of(seed, 71), 0.22)
        self._patches = Noise(seed_of(seed, 81), 0.5)
        self._brightness = np.array([m.brightness for m in anatomy.parts.mitochondria] + [0.0], np.float32)
        self._details = tuple(Detail(seed_of(seed, 95, channel)) for channel in range(len(CHANNELS)))

    def is_absent(self, grid: Grid, channel: int) -> bool:
        parts, edge = self._anatomy.parts, edge_um(grid)
        if channel == DNA:
            return parts.nucleus.is_beyond(grid, edge)
        if parts.membrane.is_beyond(grid, edge):
            return True
        if channel == MITOCHONDRIA:
            return not self._anatomy.has_mitochondria(grid, edge)
        if channel == GOLGI:
            return not self._anatomy.golgi_near(grid, edge) and not self._anatomy.vesicles_near(grid, edge)
        return False

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        draw = (self._membrane, self._dna, self._mitochondria, self._er, self._golgi)[channel]
        value = draw(grid)
        if not value.any():
            return value
        self._details[channel].draw_on(value, grid, _DETAIL)
        # Shot noise goes with the signal: where there is none it stays exactly empty.
        noise = grain(seed_of(self._anatomy.seed, 91, channel), grid)
        noise *= np.float32(0.05)
        noise += np.float32(1.0)
        value *= noise
        return np.clip(value, 0.0, 1.0, out=value)

    def _membrane(self, grid: Grid) -> Field:
        edge = edge_um(grid)
        distance = self._anatomy.parts.membrane.distance(grid)
        inside = cover(distance, edge)
        thickness = max(0.05, 1.5 * grid.h0_um)
        value = texture(grid, self._cytosol, 0.25)
        value += np.float32(1.0)
        np.maximum(value, 0.0, out=value)
        value *= np.float32(0.035)
        value *= inside
        sheet = inside - cover(distance + np.float32(thickness), edge)
        patches = self._patches.on(grid)
        patches *= np.float32(0.045 * self._patches.weight(grid))
        patches += np.float32(0.3)
        patches *= np.float32(min(1.0, _FAINT_FROM_UM / thickness) ** 0.5)
        sheet *= patches
        value += sheet
        return value

    def _dna(self, grid: Grid) -> Field:
        edge = edge_um(grid)
        distance = self._anatomy.parts.nucleus.distance(grid)
        distance += np.float32(0.03)
        value = texture(grid, self._chromatin, 0.75)
        # Clumps of heterochromatin on a dim ground, and a rim of it under the envelope.
        value = cover(np.float32(0.35) - value, 1.6)
        value *= np.float32(0.5)
        value += np.float32(0.2)
        rim = cover_sheet(distance + np.float32(0.13), 0.16, edge + 0.12)
        rim *= np.float32(0.38)
        value += rim
        value *= cover(distance, edge)
        for nucleolus in self._anatomy.parts.nucleoli:
            if not nucleolus.is_beyond(grid, 0.4 + edge):
                to_nucleolus = nucleolus.distance(grid)
                value *= np.float32(1.0) - np.float32(0.85) * cover(to_nucleolus, edge + 0.05)
                ring = cover_sheet(to_nucleolus - np.float32(0.1), 0.14, edge + 0.1)
                ring *= np.float32(0.3)
                ring *= cover(distance, edge)
                value += ring
        return value

    def _mitochondria(self, grid: Grid) -> Field:
        edge = edge_um(grid)
        distance, along, number = self._anatomy.mitochondria(grid)
        inside = cover(distance, edge)
        if not inside.any():
            return inside
        value = cristae(grid, distance, along, self._crista, edge)
        value *= np.float32(0.45)
        value += np.float32(0.5)
        value *= inside
        value *= self._brightness[number]
        return value

    def _er(self, grid: Grid) -> Field:
        edge = edge_um(grid)
        to_nucleus = self._anatomy.parts.nucleus.distance(grid)
        value = np.zeros(grid.shape, np.float32)
        if float(to_nucleus.max()) < -edge:
            return value
        to_membrane = self._anatomy.parts.membrane.distance(grid)
        if float(to_membrane.min()) > edge:
            return value
        value = self._anatomy.reticulum.share(grid, to_membrane, to_nucleus, tubule_radius_um(grid), edge)
        value *= np.float32(0.68 * (_THINNEST_TUBULE_UM / tubule_radius_um(grid)) ** 0.7)
        envelope = cover_sheet(to_nucleus, max(0.06, 1.0 * grid.h0_um), edge)
        envelope *= np.float32(0.3)
        return np.maximum(value, envelope, out=value)

    def _golgi(self, grid: Grid) -> Field:
        edge = edge_um(grid)
        value = np.zeros(grid.shape, np.float32)
        for i in self._anatomy.golgi_near(grid, edge):
            stack = self._anatomy.parts.golgi[i]
            sheet = cover(self._anatomy.golgi_distance(grid, stack) - np.float32(max(0.03, 0.4 * grid.h0_um)), edge)
            sheet *= np.float32(0.85)
            np.maximum(value, sheet, out=value)
        np.maximum(value, self._vesicles(grid, edge), out=value)
        return value

    def _vesicles(self, grid: Grid, edge: float) -> Field:
        near = self._anatomy.vesicles_near(grid, edge)
        vesicles = [self._anatomy.parts.vesicles[i] for i in near]
        radii = np.array([vesicle_radius_um(grid, vesicle) for vesicle in vesicles])
        centres = np.array([vesicle.centre for vesicle in vesicles]).reshape(-1, 3)
        reach = (radii + edge)[:, None]
        together = crowd(grid, centres - reach, centres + reach)
        if together is not None:
            z, y, x = together.offsets(centres)
            ball = _balls(np.sqrt(z * z + y * y + x * x), vesicles, radii, together.item, edge)
            return largest(grid, together, ball)
        value = np.zeros(grid.shape, np.float32)
        for vesicle, radius_um, centre in zip(vesicles, radii.tolist(), centres, strict=True):
            part = grid.near(centre - (radius_um + edge), centre + (radius_um + edge))
            if part is None:
                continue
            distance = sphere_distance(grid.cut(part), centre, 0.0)
            ball = cover_thin(distance, radius_um, edge, 3)
            if not vesicle.is_filled:
                ball -= np.float32(0.6) * cover_thin(distance, radius_um - 0.04, edge, 3)
            ball *= np.float32(vesicle.brightness)
            np.maximum(value[part], ball, out=value[part])
        return value


def _balls(
    distance: Field, vesicles: list[Vesicle], radii_um: NDArray[np.float64], item: NDArray[np.int64], edge: float
) -> Field:
    """The brightness of voxels at distances from the centres of vesicles: item says of which; both 1D."""
    ball = cover_thin_each(distance, radii_um.astype(np.float32), item, edge)
    hollow = np.array([not vesicle.is_filled for vesicle in vesicles])[item]
    inner = (radii_um - 0.04).astype(np.float32)
    ball[hollow] -= np.float32(0.6) * cover_thin_each(distance[hollow], inner, item[hollow], edge)
    ball *= np.array([vesicle.brightness for vesicle in vesicles], np.float32)[item]
    return ball


def texture(grid: Grid, octaves: tuple[Noise, ...], falloff: float) -> Field:
    """A sum of noises, coarse to fine, each weaker by `falloff` ** 0.5; finer than the voxels they fade."""
    total = np.zeros(grid.shape, np.float32)
    height = 1.0
    for noise in octaves:
        share = noise.weight(grid) * height
        height *= falloff**0.5
        if share > 0.0:
            layer = noise.on(grid)
            layer *= np.float32(share)
            total += layer
    return total


def cristae(grid: Grid, distance: Field, along: Field, wave: Noise, edge: float) -> Field:
    """Folds of the inner membrane across a mitochondrion, 0..1; they end before they reach the other side."""
    period_um = 0.16
    if period_um < 1.2 * grid.h_um:
        return np.full(grid.shape, 0.3, np.float32)
    bend = wave.on(grid)
    phase = (along + bend * np.float32(0.055)) * np.float32(1.0 / period_um)
    fold: Field = (phase - np.rint(phase)) * np.float32(period_um)
    folds = cover_sheet(fold, 0.05, max(edge, 0.01))
    folds *= cover(distance + np.float32(0.05), edge)
    return np.maximum(folds, cover_sheet(distance + np.float32(0.03), 0.03, edge), out=folds)
