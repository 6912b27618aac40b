"""Spaces and the maps between them.

* voxel space: (x, y, z), the centre of the first voxel is (0, 0, 0), one voxel is 1; a grid of n
  voxels spans [-0.5, n - 0.5].
* world space: (x, y, z) in micrometres, right-handed. For data without an orientation world x, y, z run along the
  array's last, second and first axis. For patient data the world is LPS: x to the patient's left, y to the back, z up.

Arrays are (z, y, x); vectors are (x, y, z). A map is a 4x4 float64 matrix named by what it makes from what:
`world_from_vox @ (x, y, z, 1)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def affine(
    spacing_xyz_um: tuple[float, float, float],
    origin_xyz_um: tuple[float, float, float] = (0.0, 0.0, 0.0),
    direction: NDArray[np.float64] | None = None,
) -> Matrix:
    """`world_from_vox` of a grid.

    `origin` is the world position of the first voxel's centre; the columns of `direction` (3x3) are the axes.
    """
    world_from_vox = np.eye(4)
    world_from_vox[:3, :3] = (np.eye(3) if direction is None else direction) @ np.diag(spacing_xyz_um)
    world_from_vox[:3, 3] = origin_xyz_um
    return world_from_vox


def apply(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map points (..., 3) by a 4x4 affine matrix."""
    return np.asarray(points) @ matrix[:3, :3].T + matrix[:3, 3]


def spacing_um(world_from_vox: Matrix) -> tuple[float, float, float]:
    """Length of one voxel step along x, y, z in micrometres."""
    x, y, z = np.linalg.norm(world_from_vox[:3, :3], axis=0)
    return float(x), float(y), float(z)


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in world space, micrometres."""

    lo: tuple[float, float, float]
    hi: tuple[float, float, float]

    @property
    def size(self) -> Vector:
        return np.subtract(self.hi, self.lo, dtype=np.float64)

    @property
    def centre(self) -> Vector:
        return np.add(self.hi, self.lo, dtype=np.float64) / 2.0

    @property
    def largest(self) -> float:
        """The longest side, micrometres."""
        return float(self.size.max())

    def union(self, other: Box) -> Box:
        lo = np.minimum(self.lo, other.lo)
        hi = np.maximum(self.hi, other.hi)
        return Box((lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]))


def grid_box(shape_zyx: tuple[int, int, int], world_from_vox: Matrix) -> Box:
    """The world box that holds all voxels (to their outer faces) of a grid."""
    nz, ny, nx = shape_zyx
    corners = np.array([[x, y, z] for x in (-0.5, nx - 0.5) for y in (-0.5, ny - 0.5) for z in (-0.5, nz - 0.5)])
    world = apply(world_from_vox, corners)
    lo, hi = world.min(axis=0), world.max(axis=0)
    return Box((float(lo[0]), float(lo[1]), float(lo[2])), (float(hi[0]), float(hi[1]), float(hi[2])))
