"""Where the organelles of a cell lie: placed once when a cell is opened, whatever its size in voxels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .body import LumpySurface, nuclear_surface, plasma_membrane
from .hashing import Draws
from .shapes import Ellipsoid, Point

_SPINE_POINTS = 9


@dataclass(frozen=True)
class Mitochondrion:
    """A curved tube; `lo` and `hi` bound it (z, y, x), micrometres."""

    spine: NDArray[np.float64]
    radii: NDArray[np.float64]
    lo: Point
    hi: Point
    brightness: float


@dataclass(frozen=True)
class Vesicle:
    """A small ball: filled (a lysosome) or hollow."""

    centre: Point
    radius_um: float
    is_filled: bool
    brightness: float


@dataclass(frozen=True)
class GolgiStack:
    """Nested caps of spheres around `focus`, in the direction `axis` (unit)."""

    focus: Point
    axis: Point
    radius_um: float
    n_cisternae: int


@dataclass(frozen=True)
class Organelles:
    membrane: LumpySurface
    nucleus: LumpySurface
    nucleoli: tuple[Ellipsoid, ...]
    mitochondria: tuple[Mitochondrion, ...]
    vesicles: tuple[Vesicle, ...]
    golgi: tuple[GolgiStack, ...]


@lru_cache(maxsize=4)
def place_organelles(seed: int) -> Organelles:
    """The same seed gives the same cell."""
    membrane, nucleus = plasma_membrane(seed), nuclear_surface(seed)
    golgi = _place_golgi(Draws(seed, 1), nucleus)
    mitochondria = _place_mitochondria(Draws(seed, 2), membrane, nucleus, golgi)
    taken = np.concatenate([m.spine for m in mitochondria])
    vesicles = _place_vesicles(Draws(seed, 3), membrane, nucleus, taken)
    return Organelles(membrane, nucleus, _place_nucleoli(Draws(seed, 4), nucleus), mitochondria, vesicles, golgi)


def _place_nucleoli(draws: Draws, nucleus: LumpySurface) -> tuple[Ellipsoid, ...]:
    placed: list[Ellipsoid] = []
    core = nucleus.core
    for direction, far, size, squash in zip(
        draws.directions(40), draws.uniform(40, lo=0.15, hi=0.62), draws.uniform(40, lo=0.5, hi=0.95),
        draws.uniform(40, 3, lo=0.85, hi=1.15), strict=True,
    ):  # fmt: skip
        blob = Ellipsoid(core.centre + direction * far * core.radii, size * squash)
        apart = (np.linalg.norm(blob.centre - other.centre) > size + other.radii.max() + 0.3 for other in placed)
        if all(apart):
            placed.append(blob)
        if len(placed) == 4:
            break
    return tuple(placed)


def _place_golgi(draws: Draws, nucleus: LumpySurface) -> tuple[GolgiStack, ...]:
    # Near the nucleus, towards the roomier side of the cell (+x), one stack beside the other.
    stacks = []
    core = nucleus.core
    around = draws.uniform(3, lo=-0.25, hi=0.25) + np.array([-0.8, 0.0, 0.8])
    for turn, tilt, radius in zip(
        around, draws.uniform(3, lo=-0.35, hi=0.35), draws.uniform(3, lo=1.0, hi=1.3), strict=True
    ):
        outward = np.array([np.sin(tilt), np.cos(tilt) * np.sin(turn), np.cos(tilt) * np.cos(turn)])
        surface = core.centre + outward * core.radii
        stacks.append(GolgiStack(surface + outward * 0.35 - outward * radius * 0.55, outward, float(radius), 5))
    return tuple(stacks)


def _place_mitochondria(
    draws: Draws, membrane: LumpySurface, nucleus: LumpySurface, golgi: tuple[GolgiStack, ...]
) -> tuple[Mitochondrion, ...]:
    n = 3600
    points = draws.uniform(n, 3, lo=-1.0, hi=1.0) * membrane.core.radii
    radii = draws.uniform(n, lo=0.2, hi=0.34)
    lengths = 1.2 + 5.0 * draws.uniform(n) ** 1.7
    # They run along the surface of the nucleus or of the cell rather than towards it.
    radial = points - nucleus.core.centre
    radial /= np.linalg.norm(radial, axis=1, keepdims=True)
    heading = draws.directions(n)
    heading -= 0.75 * radial * (heading * radial).sum(axis=1, keepdims=True)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    spines = [points]
    bend = draws.directions(n) * draws.uniform(n, 1, lo=0.1, hi=0.55)
    for _ in range(_SPINE_POINTS - 1):
        bend = bend + 0.35 * draws.directions(n)
        bend -= heading * (bend * heading).sum(axis=1, keepdims=True)
        inward = np.maximum(membrane.core.distance_at(spines[-1]) + 1.6, 0.0)[:, None]
        heading = heading + 0.45 * bend - 0.35 * inward * spines[-1] / membrane.core.radii
        heading /= np.linalg.norm(heading, axis=1, keepdims=True)
        spines.append(spines[-1] + heading * (lengths / (_SPINE_POINTS - 1))[:, None])
    spine = np.stack(spines, axis=1)
    beads = radii[:, None] * draws.uniform(n, _SPINE_POINTS, lo=0.86, hi=1.14)
    brightness = draws.uniform(n, lo=0.72, hi=1.0)
    fits = np.arange(n)
    for tested in ([0, 4, 8], [1, 2, 3, 5, 6, 7]):  # most fail at the first three points
        room = _room(spine[fits][:, tested].reshape(-1, 3), membrane, nucleus, golgi).reshape(-1, len(tested))
        fits = fits[(room > beads[fits][:, tested]).all(axis=1)]
    placed: list[Mitochondrion] = []
    taken: list[int] = []
    lo, hi = spine.min(axis=1), spine.max(axis=1)
    thick = float(beads.max())
    for i in fits:
        least = 0.12 + 0.25 * lengths[i] / _SPINE_POINTS
        reach = least + 2.0 * thick
        near = np.array(taken, np.int64)
        near = near[((lo[near] - reach < hi[i]) & (hi[near] + reach > lo[i])).all(axis=1)]
        if len(near):
            others, other_radii = spine[near].reshape(-1, 3), beads[near].reshape(-1)
            gap = np.linalg.norm(others[None] - spine[i][:, None], axis=2) - other_radii[None] - beads[i][:, None]
            if gap.min() < least:
                continue
        placed.append(_mitochondrion(spine[i], beads[i], float(brightness[i])))
        taken.append(int(i))
        if len(placed) == 170:
            break
    return tuple(placed)


def _room(
    points: NDArray[np.float64], membrane: LumpySurface, nucleus: LumpySurface, golgi: tuple[GolgiStack, ...]
) -> NDArray[np.float64]:
    """How thick a mitochondrion may be at each point (n, 3)."""
    room = np.minimum(-membrane.distance_at(points) - 0.3, nucleus.distance_at(points) - 0.28)
    for stack in golgi:
        room = np.minimum(room, np.linalg.norm(points - stack.focus - stack.axis * stack.radius_um, axis=1) - 0.9)
    return room


def _mitochondrion(spine: NDArray[np.float64], radii: NDArray[np.float64], brightness: float) -> Mitochondrion:
    margin = radii.max()
    return Mitochondrion(spine, radii, spine.min(axis=0) - margin, spine.max(axis=0) + margin, brightness)


def _place_vesicles(
    draws: Draws, membrane: LumpySurface, nucleus: LumpySurface, taken: NDArray[np.float64]
) -> tuple[Vesicle, ...]:
    n = 2200
    points = draws.uniform(n, 3, lo=-1.0, hi=1.0) * membrane.core.radii
    is_filled = draws.uniform(n) < 0.2
    radii = np.where(is_filled, draws.uniform(n, lo=0.2, hi=0.42), draws.uniform(n, lo=0.07, hi=0.17))
    room = np.minimum(-membrane.distance_at(points) - 0.12, nucleus.distance_at(points) - 0.2)
    brightness = draws.uniform(n, lo=0.6, hi=1.0)
    placed: list[Vesicle] = []
    centres, sizes = np.zeros((0, 3)), np.zeros(0)
    for i in np.flatnonzero(room > radii):
        clear_of_mitochondria = np.linalg.norm(taken - points[i], axis=1).min() - 0.42 > radii[i]
        if clear_of_mitochondria and (np.linalg.norm(centres - points[i], axis=1) - sizes > radii[i] + 0.08).all():
            placed.append(Vesicle(points[i], float(radii[i]), bool(is_filled[i]), float(brightness[i])))
            centres, sizes = np.vstack([centres, points[i]]), np.append(sizes, radii[i])
        if len(placed) == 420:
            break
    return tuple(placed)
