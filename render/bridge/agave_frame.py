"""AGAVE's world and ours: where its points, directions and lengths lie in micrometres.

AGAVE's world is the volume's box from (0, 0, 0), with the axes as they are stored and its longest side 1; it knows
no orientation. Ours is physical. Where the axes of the file form a left-handed frame in our world, what AGAVE shows
is a mirror image; then our data are mirrored too (`ViewState.flip`), so that a map without a mirror is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..source.base import Level
from ..space import Box, Matrix, Vector, apply
from ..state.base import Vec3
from .agave_file import Dataset, Triple

SAME_SHAPE = 0.01
"""Relative difference of voxel sizes up to which they are the same."""


@dataclass(frozen=True)
class AgaveFrame:
    """`world_from_agave` is 4x4 and a similarity of factor `um` (micrometres a unit of AGAVE's) without a mirror.

    `world_from_part` maps fractions 0..1 of the part that AGAVE loaded, along stored x, y, z, to our world, after
    `flip`; `is_straight` says whether the stored axes lie along those of our world (else `flip` holds only the mirror
    that makes up for left-handed axes). `longest_vox` is the longest side in voxels of the smallest spacing.
    """

    world_from_agave: Matrix
    world_from_part: Matrix
    um: float
    flip: tuple[bool, bool, bool]
    is_straight: bool
    longest_vox: float
    notes: tuple[str, ...]

    def point(self, p: Triple | Vector) -> Vec3:
        return triple(apply(self.world_from_agave, np.asarray(p, np.float64)))

    def direction(self, d: Triple | Vector) -> Vec3:
        """A direction or a difference of points, its length in AGAVE's units."""
        return triple(self.world_from_agave[:3, :3] @ np.asarray(d, np.float64) / self.um)

    @property
    def centre(self) -> Vec3:
        """The middle of AGAVE's volume."""
        return triple(apply(self.world_from_part, np.full(3, 0.5)))


def agave_frame(level: Level, dataset: Dataset, scale: Triple, flip_axis: tuple[int, int, int], box: Box) -> AgaveFrame:
    """The frame of a volume. `scale` is AGAVE's voxel size in any unit; `box` is our scene's, which flips go about."""
    size = np.array(level.shape[::-1], np.float64)
    spacing = np.asarray(level.spacing_um)
    notes: list[str] = []
    first, count = np.zeros(3), size
    part = np.array(dataset.clip_region, np.float64)
    if part.any():
        inside = (part[:, 0] < part[:, 1]) & (part[:, 1] <= size)
        if inside.all():
            first, count = part[:, 0], part[:, 1] - part[:, 0]
        else:
            notes.append("The part of the volume that AGAVE had loaded does not fit the data; all of it is shown.")
    ratio = np.abs(np.asarray(scale, np.float64)) / spacing
    if not (ratio > 0).all():
        notes.append("AGAVE's voxel size has a zero in it; the file's own is used.")
    elif ratio.max() / ratio.min() - 1.0 > SAME_SHAPE:
        said = ",".join(f"{length:g}" for length in scale[::-1])
        notes.append(
            f"AGAVE's voxel size (z, y, x: {said}) has other proportions than the data's; the data's are used. "
            f"--spacing {said}um gives AGAVE's."
        )
    longest_um = float((count * spacing).max())
    linear = level.world_from_vox[:3, :3]
    rotation = linear / spacing
    # The axis of our world that each stored axis runs along.
    along = [int(axis) for axis in np.abs(rotation).argmax(axis=0)]
    straight = sorted(along) == [0, 1, 2] and bool(np.allclose(np.abs(rotation[along, range(3)]), 1.0, atol=1e-4))
    mirror = np.zeros(3, bool)
    mirror[along[0]] = np.linalg.det(rotation) < 0
    world_from_part = np.eye(4)
    world_from_part[:3, :3] = linear * count
    world_from_part[:3, 3] = apply(level.world_from_vox, first - 0.5)
    world_from_part = _mirrored(mirror, box) @ world_from_part
    world_from_agave = world_from_part.copy()
    world_from_agave[:3, :3] *= longest_um / (count * spacing)
    flip = mirror.copy()
    for axis, sign in enumerate(flip_axis):
        if sign < 0 and straight:
            flip[along[axis]] ^= True
    if min(flip_axis) < 0 and not straight:
        notes.append("The data lie obliquely in space, so AGAVE's flipped axes were not taken over.")
    return AgaveFrame(
        world_from_agave=world_from_agave,
        world_from_part=world_from_part,
        um=longest_um,
        flip=(bool(flip[0]), bool(flip[1]), bool(flip[2])),
        is_straight=straight,
        longest_vox=longest_um / float(spacing.min()),
        notes=tuple(notes),
    )


def _mirrored(axes: NDArray[np.bool_], box: Box) -> Matrix:
    """The mirror about the middle of the box along some axes, 4x4."""
    matrix = np.diag([*np.where(axes, -1.0, 1.0), 1.0])
    matrix[:3, 3] = np.where(axes, 2.0 * box.centre, 0.0)
    return matrix


def turned(quaternion_xyzw: tuple[float, float, float, float], vector: Triple) -> Vector:
    """The vector turned by a quaternion, which need not have length 1; of a zero one, the vector as it is."""
    q = np.asarray(quaternion_xyzw, np.float64)
    length = float(np.linalg.norm(q))
    v = np.asarray(vector, np.float64)
    if not length > 0.0:
        return v
    q = q / length
    across = 2.0 * np.cross(q[:3], v)
    turned_: Vector = v + q[3] * across + np.cross(q[:3], across)
    return turned_


def turn_from_z(axis: Vec3) -> tuple[float, float, float, float]:
    """A quaternion (x, y, z, w) that turns +z to `axis`; never the identity, which a sky reads as no turn at all."""
    x, y, z = (part / math.hypot(*axis) for part in axis)
    if z > 1.0 - 1e-12:
        return 0.0, 0.0, 1.0, 0.0  # half a turn about z itself
    if z < -1.0 + 1e-12:
        return 1.0, 0.0, 0.0, 0.0
    length = math.sqrt(2.0 * (1.0 + z))
    return -y / length, x / length, 0.0, length / 2.0


def triple(vector: Vector) -> Vec3:
    return float(vector[0]), float(vector[1]), float(vector[2])
