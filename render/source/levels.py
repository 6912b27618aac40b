"""The levels of an image: which arrays belong to it, how their axes map to (z, y, x), and where they lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..errors import SourceError
from ..space import Matrix
from ..units import is_length_unit, seconds_per
from .base import Level, Shape3
from .decode import check_shape
from .geometry import check_spacing, check_world, clip_chunk, coarser, level_factor
from .ngff import Axis, Dataset, parse_axes
from .stored_array import ArrayMeta

StoredLevels = list[tuple[Dataset, ArrayMeta]]


def consistent_levels(levels: StoredLevels, axes: Sequence[Axis], notes: list[str]) -> StoredLevels:
    """The levels from fine to coarse; those of another type, or with other channels or times, are left out."""

    def voxels(entry: tuple[Dataset, ArrayMeta]) -> int:
        return int(np.prod([n for n, axis in zip(entry[1].shape, axes, strict=True) if axis.is_space], dtype=object))

    ordered = sorted(levels, key=voxels, reverse=True)
    if [entry.path for entry, _ in ordered] != [entry.path for entry, _ in levels]:
        notes.append("The levels are not named from fine to coarse in the metadata; they were sorted.")
    first = ordered[0][1]
    kept = []
    for entry, meta in ordered:
        same = meta.dtype == first.dtype and all(
            axis_size(meta, axes, r) == axis_size(first, axes, r) for r in ("t", "c")
        )
        if same:
            kept.append((entry, meta))
        else:
            notes.append(
                f"Level '{entry.path}' has another type, or other channels or times, than the finest; it was left out."
            )
    return kept


def make_levels(levels: StoredLevels, axes: Sequence[Axis], what: str) -> tuple[Level, ...]:
    """Where the levels lie. One without a scale is taken as a reduction of the finest by the ratio of their shapes."""
    finest = shape_zyx(levels[0][1].shape, axes)
    base: Matrix | None = None
    made = []
    for entry, meta in levels:
        shape = shape_zyx(meta.shape, axes)
        check_shape(shape, what)
        if entry.scale is None and base is not None:
            factors = [level_factor(fine, coarse) for fine, coarse in zip(finest, shape, strict=True)]
            world = coarser(base, (factors[0], factors[1], factors[2]))
        else:
            world = level_world(entry, axes, what)
        check_world(world, what)
        base = world if base is None else base
        made.append(Level(entry.path or "0", shape, world, clip_chunk(shape_zyx(meta.chunk, axes), shape)))
    return tuple(made)


def level_world(entry: Dataset, axes: Sequence[Axis], what: str) -> Matrix:
    """`world_from_vox` of a level as its metadata says it: translation is the place of the first voxel's centre."""
    n_axes = len(axes)
    scale = entry.scale or (1.0,) * n_axes
    translation = entry.translation or (0.0,) * n_axes
    world = np.eye(4)
    steps: dict[str, float] = {}
    oriented = orientation(axes) == "anatomical"
    for axis, step, start in zip(axes, scale, translation, strict=True):
        if not axis.is_space:
            continue
        column = "xyz".index(axis.role)
        check_spacing((step,), what)
        to = axis.world_axis if oriented else None
        row, sign = ("xyz".index(to[0]), to[1]) if to is not None else (column, 1.0)
        world[:3, column] = 0.0
        world[row, column] = sign * step * axis.um_per_unit
        world[row, 3] = sign * start * axis.um_per_unit
        steps[axis.role] = step * axis.um_per_unit
    if "z" not in steps:  # a picture: as thick as its pixels are wide
        world[2, 2] = steps["x"]
    return world


def coarse_translation(first: Sequence[float], step: Sequence[float], factors: Sequence[float]) -> tuple[float, ...]:
    """Where the centre of a coarse level's first voxel lies, an axis: (factor - 1) / 2 fine voxels further in."""
    return tuple(a + (f - 1.0) / 2.0 * s for a, s, f in zip(first, step, factors, strict=True))


def orientation(axes: Sequence[Axis]) -> Literal["image", "anatomical"]:
    """Anatomical when all three axes say from where to where in the body they run."""
    said = {axis.world_axis[0] for axis in axes if axis.world_axis is not None and axis.is_space}
    return "anatomical" if said == {"x", "y", "z"} else "image"


def unit_of(axes: Sequence[Axis], known: bool) -> tuple[str, list[str]]:
    """The unit that the file declared, "" for none, and what to tell the user about it."""
    units = [axis.unit for axis in axes if axis.is_space and axis.unit]
    odd = [unit for unit in units if not is_length_unit(unit)]
    if odd:
        return "", [f"The unit '{odd[0]}' is no length; one of it was taken as 1 um."]
    if not known:
        return "", ["The metadata says no spacing; 1 um was taken (give it with --spacing z,y,xunit)."]
    if not units:
        return "", ["The metadata names no unit; one was taken as 1 um."]
    return units[-1], []


def time_step_s(axes: Sequence[Axis], scale: Sequence[float] | None) -> float | None:
    """From one time point to the next, seconds; None where the metadata names no unit of time or no step above 0."""
    for axis, step in zip(axes, scale or (), strict=False):
        seconds = seconds_per(axis.unit) if axis.role == "t" else None
        if seconds is not None and step > 0:
            return step * seconds
    return None


def axis_size(meta: ArrayMeta, axes: Sequence[Axis], role: str) -> int:
    """Length of the axis t or c, 1 where there is none."""
    return next((n for n, axis in zip(meta.shape, axes, strict=True) if axis.role == role), 1)


def shape_zyx(stored: Sequence[int], axes: Sequence[Axis]) -> Shape3:
    """A shape as stored, as (z, y, x)."""
    sizes = {axis.role: length for axis, length in zip(axes, stored, strict=True)}
    return sizes.get("z", 1), sizes["y"], sizes["x"]


def plain_axes(meta: ArrayMeta) -> tuple[tuple[Axis, ...], tuple[Dataset, ...], tuple[str, ...]]:
    """Axes and the one level of an array without NGFF metadata.

    Names of its dimensions are followed where they are t, c, z, y, x; else the last axes are (t, c, z, y, x).
    `resolution` or `voxel_size` with `units` (funlib, gunpowder, daisy: nanometres by default) are its spacing.
    """
    what = f"'{meta.name}'"
    n_axes = len(meta.shape)
    names = [name.lower() for name in meta.dimension_names]
    if (
        len(names) != n_axes
        or len(set(names)) != n_axes
        or not set(names) <= set("tczyx")
        or not {"x", "y"} <= set(names)
    ):
        if not 2 <= n_axes <= 5:
            raise SourceError(f"{what} has {n_axes} axes and no names for them; an array of voxels has 2 to 5")
        names = list("tczyx")[-n_axes:] if n_axes != 4 else list("czyx")
    axes = parse_axes(names, what)
    resolution = meta.attributes.get("resolution") or meta.attributes.get("voxel_size")
    if not isinstance(resolution, list) or not all(isinstance(value, int | float) for value in resolution):
        return axes, (Dataset("", None, None),), ()
    if len(resolution) not in (n_axes, sum(axis.is_space for axis in axes)):
        return axes, (Dataset("", None, None),), ()
    units = meta.attributes.get("units") or []
    unit = units if isinstance(units, str) else str(units[-1]) if units else "nm"
    axes = tuple(dataclasses.replace(axis, unit=unit) if axis.is_space else axis for axis in axes)
    scale = _over_space(resolution, axes, 1.0)
    offset = meta.attributes.get("offset")
    if isinstance(offset, list) and len(offset) == len(resolution) and all(isinstance(v, int | float) for v in offset):
        return axes, (Dataset("", scale, _over_space(offset, axes, 0.0)),), ()
    return axes, (Dataset("", scale, None),), ()


def _over_space(values: Sequence[float], axes: Sequence[Axis], other: float) -> tuple[float, ...]:
    """One value an axis, from one an axis or one an axis of space."""
    if len(values) == len(axes):
        return tuple(float(value) for value in values)
    left = iter(values)
    return tuple(float(next(left)) if axis.is_space else other for axis in axes)
