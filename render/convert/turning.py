"""Axis-aligned worlds: OME-Zarr says scale and translation along its axes and no directions.

Where the axes of an array run along those of the world, permuted or backwards, the voxels are permuted and flipped;
no value changes. Where they are oblique, the grid is turned as a rigid body about its centre to the nearest axes,
which is said in a note: resampling would change every voxel.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ..source.base import Level, Shape3, Source, SourceInfo
from ..space import Matrix, affine

_ALIGNED = 1e-4
"""An axis whose cosines differ by less than this from those of an axis of the world runs along it (0.006 degrees)."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """Which axis of the array each axis of the world takes, and whether it runs backwards, both as (z, y, x)."""

    order: Shape3
    backwards: tuple[bool, bool, bool]

    @property
    def is_nothing(self) -> bool:
        return self.order == (0, 1, 2) and not any(self.backwards)


class TurnedSource:
    """The finest level of a source, with its axes along those of the world. See `turned`."""

    def __init__(self, source: Source, turn: Turn, info: SourceInfo) -> None:
        self._source = source
        self._turn = turn
        self._info = info

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        """See `Source.read`; a level other than 0 is an IndexError."""
        if level != 0:
            raise IndexError(f"level {level} of a source with one level")
        voxels = self._source.read(0, channel, time, *self._box(lo, hi))
        if self._turn.is_nothing:
            return voxels
        flips = tuple(slice(None, None, -1 if back else 1) for back in self._turn.backwards)
        return np.ascontiguousarray(voxels.transpose(self._turn.order)[flips])

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return self._source.is_absent(0, channel, time, *self._box(lo, hi))

    def close(self) -> None:
        self._source.close()

    def _box(self, lo: Shape3, hi: Shape3) -> tuple[Shape3, Shape3]:
        first, last = [0, 0, 0], [0, 0, 0]
        for axis, (stored, back) in enumerate(zip(self._turn.order, self._turn.backwards, strict=True)):
            n = self._info.levels[0].shape[axis]
            first[stored], last[stored] = (n - hi[axis], n - lo[axis]) if back else (lo[axis], hi[axis])
        return (first[0], first[1], first[2]), (last[0], last[1], last[2])


def turned(sources: Sequence[Source]) -> tuple[list[TurnedSource], list[str]]:
    """The sources along the axes of the world, and notes for the user.

    All are turned together: labels stay where they were on their image.
    """
    level = sources[0].info.levels[0]
    turn_world, angle = rigid_turn(level)
    made, notes = [], []
    if angle:
        notes.append(
            f"The axes of {sources[0].info.name} are oblique (by {np.rad2deg(angle):.3g} degrees), which OME-Zarr "
            "cannot say: it was turned about its centre to the nearest axes, and no voxel was resampled."
        )
    for number, source in enumerate(sources):
        base = source.info.levels[0]
        world = turn_world @ base.world_from_vox
        turn, aligned = nearest_turn(world)
        if number and not aligned:
            notes.append(
                f"{source.info.name} is oblique to {sources[0].info.name}: it was turned to the nearest axes by itself."
            )
        fresh = _level(base, world, turn, aligned)
        made.append(TurnedSource(source, turn, dataclasses.replace(source.info, levels=(fresh,))))
    return made, notes


def rigid_turn(level: Level) -> tuple[Matrix, float]:
    """The rigid map of the world (4x4) that brings a grid along the axes, and its angle; (identity, 0) if it is there.

    A sheared grid has no such map: the rotation part of its polar decomposition is undone.
    """
    directions = _directions(level.world_from_vox)
    turn, aligned = nearest_turn(level.world_from_vox)
    if aligned:
        return np.eye(4), 0.0
    left, _, right = np.linalg.svd(directions)
    rotation = _signed_axes(turn) @ (left @ right).T
    centre = (level.world_from_vox @ [*((n - 1) / 2 for n in level.shape[::-1]), 1.0])[:3]
    full = np.eye(4)
    full[:3, :3] = rotation
    full[:3, 3] = centre - rotation @ centre
    angle = float(np.arccos(np.clip((np.trace(rotation) - 1.0) / 2.0, -1.0, 1.0)))
    shear = float(np.arccos(np.clip(np.abs(np.sum(_signed_axes(turn) * (rotation @ directions), axis=0)).min(), -1, 1)))
    return full, max(angle, shear)


def nearest_turn(world_from_vox: Matrix) -> tuple[Turn, bool]:
    """The axes of the world that are nearest to those of a grid, and whether the grid runs along them."""
    directions = _directions(world_from_vox)  # column a: where array axis a (x, y, z) runs to

    def likeness(rows: tuple[int, ...]) -> float:
        return float(np.prod([abs(directions[row, column]) for column, row in enumerate(rows)]))

    rows = max(permutations(range(3)), key=likeness)  # rows[a]: the world axis of array axis a
    order, backwards = [0, 0, 0], [False, False, False]
    for column, row in enumerate(rows):
        order[2 - row] = 2 - column
        backwards[2 - row] = bool(directions[row, column] < 0)
    aligned = all(abs(directions[row, column]) > 1.0 - _ALIGNED for column, row in enumerate(rows))
    return Turn((order[0], order[1], order[2]), (backwards[0], backwards[1], backwards[2])), aligned


def _level(base: Level, world: Matrix, turn: Turn, aligned: bool) -> Level:
    shape = tuple(base.shape[axis] for axis in turn.order)
    chunk = tuple(base.chunk[axis] for axis in turn.order)
    spacing = [base.spacing_um[2 - axis] for axis in turn.order][::-1]  # (x, y, z) of the world
    if aligned:
        first = [0.0, 0.0, 0.0]
        for axis, (stored, back) in enumerate(zip(turn.order, turn.backwards, strict=True)):
            first[2 - stored] = shape[axis] - 1.0 if back else 0.0
        origin = (world @ [*first, 1.0])[:3]
    else:
        centre = (world @ [*((n - 1) / 2 for n in base.shape[::-1]), 1.0])[:3]
        origin = centre - np.array(spacing) * [(n - 1) / 2 for n in shape[::-1]]
    x, y, z = (float(value) for value in origin)
    return Level(
        base.name,
        (shape[0], shape[1], shape[2]),
        affine((spacing[0], spacing[1], spacing[2]), (x, y, z)),
        (chunk[0], chunk[1], chunk[2]),
    )


def _directions(world_from_vox: Matrix) -> NDArray[np.float64]:
    axes = world_from_vox[:3, :3]
    return np.asarray(axes / np.linalg.norm(axes, axis=0))


def _signed_axes(turn: Turn) -> NDArray[np.float64]:
    signed = np.zeros((3, 3))
    for axis, (stored, back) in enumerate(zip(turn.order, turn.backwards, strict=True)):
        signed[2 - axis, 2 - stored] = -1.0 if back else 1.0
    return signed
