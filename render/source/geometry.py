"""From what files say about spacing to `world_from_vox`, and from one level to a coarser one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..space import Matrix, affine, spacing_um
from .base import Level, Shape3

Spacing = tuple[float, float, float]
"""(z, y, x) in micrometres"""


def check_spacing(spacing: Sequence[float], what: str) -> None:
    """Raise SourceError for a spacing that is zero, negative, infinite or no number."""
    if not all(math.isfinite(value) and value > 0 for value in spacing):
        said = ", ".join(f"{value:g}" for value in spacing)
        raise SourceError(f"{what} says that its spacing is {said}; give the right one with --spacing z,y,xunit")


def check_world(world_from_vox: Matrix, what: str) -> None:
    """Raise SourceError for a map that is not finite or that flattens the volume."""
    if not np.isfinite(world_from_vox).all():
        raise SourceError(f"{what} says where it lies with numbers that are infinite or no numbers")
    check_spacing(spacing_um(world_from_vox)[::-1], what)
    if abs(np.linalg.det(world_from_vox[:3, :3] / np.array(spacing_um(world_from_vox)))) < 1e-6:
        raise SourceError(f"{what} says that two of its axes have the same direction")


def world_of(spacing_zyx_um: Spacing, origin_zyx_um: Spacing = (0.0, 0.0, 0.0)) -> Matrix:
    """`world_from_vox` of a grid along the axes of the world."""
    z, y, x = spacing_zyx_um
    oz, oy, ox = origin_zyx_um
    return affine((x, y, z), (ox, oy, oz))


def respacing(world_from_vox: Matrix, spacing_zyx_um: Spacing) -> NDArray[np.float64]:
    """The 3x3 map of the world that gives a grid the wanted spacing and keeps the directions of its axes.

    Applied to all levels, and to labels that were opened with an image, it keeps them where they were to each other.
    """
    check_spacing(spacing_zyx_um, "--spacing")
    axes = world_from_vox[:3, :3]
    wanted = np.diag(spacing_zyx_um[::-1]) / np.array(spacing_um(world_from_vox))
    return np.asarray(axes @ wanted @ np.linalg.inv(axes))


def respaced(levels: Sequence[Level], by: NDArray[np.float64]) -> tuple[Level, ...]:
    """The levels after a map from `respacing`."""
    full = np.eye(4)
    full[:3, :3] = by
    return tuple(dataclasses.replace(level, world_from_vox=full @ level.world_from_vox) for level in levels)


def coarser(world_from_vox: Matrix, factors_zyx: tuple[float, float, float]) -> Matrix:
    """`world_from_vox` of a level whose voxels are made of `factors` voxels each, starting with the first one.

    The first coarse voxel's centre lies (factor - 1) / 2 fine voxels from the first fine one's.
    """
    fz, fy, fx = factors_zyx
    fine_from_coarse = affine((fx, fy, fz), ((fx - 1) / 2, (fy - 1) / 2, (fz - 1) / 2))
    return np.asarray(world_from_vox @ fine_from_coarse)


def level_factor(fine: int, coarse: int) -> float:
    """By how much an axis of `fine` voxels was reduced to `coarse`: a whole number where rounding explains the rest."""
    whole = max(1, round(fine / coarse))
    for factor in (whole, whole + 1, max(1, whole - 1)):
        if coarse in (fine // factor, -(-fine // factor)):
            return float(factor)
    return fine / coarse


def clip_chunk(chunk: Shape3, shape: Shape3) -> Shape3:
    """A chunk that is at most as large as its level."""
    return min(chunk[0], shape[0]), min(chunk[1], shape[1]), min(chunk[2], shape[2])
