"""One image or segmentation whose levels are stored arrays, whatever format they are in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..space import Matrix
from .base import ChannelInfo, Kind, Shape3, SourceInfo
from .levels import (
    StoredLevels,
    axis_size,
    consistent_levels,
    make_levels,
    orientation,
    time_step_s,
    unit_of,
)
from .memory import check_box
from .ngff import Axis, Rgba
from .opening import Opening
from .stored_array import ArrayMeta, StoredArray


class MultiscaleSource:
    """The levels of one image or segmentation."""

    def __init__(self, info: SourceInfo, arrays: Sequence[StoredArray], axes: Sequence[Axis]) -> None:
        self._info = info
        self._arrays = tuple(arrays)
        self._roles = tuple(axis.role for axis in axes)
        stored = [role for role in self._roles if role in ("z", "y", "x")]
        self._order = [stored.index(role) for role in ("z", "y", "x") if role in stored]

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        """The voxels [lo, hi) of a level as (z, y, x), whatever the order in which the store has its axes."""
        check_box(self._info.levels[level].shape, lo, hi)
        values = self._arrays[level].read(self._box(channel, time, lo, hi))
        values = values.reshape(
            [n for n, role in zip(values.shape, self._roles, strict=True) if role in ("z", "y", "x")]
        )
        values = values.transpose(self._order)
        return np.ascontiguousarray(values).reshape([b - a for a, b in zip(lo, hi, strict=True)])

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return self._arrays[level].is_absent(self._box(channel, time, lo, hi))

    def add_note(self, note: str) -> None:
        """One more sentence for the user; before the source is given to anybody."""
        self._info = dataclasses.replace(self._info, notes=(*self._info.notes, note))

    def place(self, world_from_vox: Matrix) -> None:
        """Put a source of one level somewhere in the patient (LPS); before it is given to anybody."""
        level = dataclasses.replace(self._info.levels[0], world_from_vox=world_from_vox)
        self._info = dataclasses.replace(self._info, levels=(level,), orientation="anatomical")

    def close(self) -> None:
        for array in self._arrays:
            array.close()

    def _box(self, channel: int, time: int, lo: Shape3, hi: Shape3) -> tuple[slice, ...]:
        parts = {"t": slice(time, time + 1), "c": slice(channel, channel + 1), "": slice(0, 1)}
        parts |= {role: slice(a, b) for role, a, b in zip("zyx", lo, hi, strict=True)}
        return tuple(parts[role] for role in self._roles)


@dataclass(frozen=True)
class Description:
    """What a format says of an image beside its arrays. `channels` empty: nothing is said of them."""

    name: str
    format: str
    kind: Kind
    axes: tuple[Axis, ...]
    channels: tuple[ChannelInfo, ...] = ()
    label_colors: Mapping[int, Rgba] | None = None
    label_names: Mapping[int, str] | None = None
    notes: tuple[str, ...] = ()


def build_source(
    said: Description, levels: StoredLevels, opening: Opening, array_of: Callable[[ArrayMeta], StoredArray]
) -> MultiscaleSource:
    """A source from what was read of metadata: levels that do not fit are left out, and all of it is told in notes.

    `levels` are in the order of the metadata and not empty. Raises SourceError.
    """
    what, axes, notes = f"'{said.name}'", said.axes, list(said.notes)
    for entry, meta in levels:
        if len(meta.shape) != len(axes):
            raise SourceError(f"{what} has {len(axes)} axes and its level '{entry.path}' has {len(meta.shape)}")
    levels = consistent_levels(levels, axes, notes)
    first = levels[0][1]
    n_channels, n_times = axis_size(first, axes, "c"), axis_size(first, axes, "t")
    if n_channels > opening.limits.channels_max:
        raise SourceError(f"{what} has {n_channels} channels; at most {opening.limits.channels_max} are shown")
    notes += [
        f"Axis '{axis.name}' is neither space, time nor channel; its first place is shown."
        for axis, length in zip(axes, first.shape, strict=True)
        if axis.role == "" and length > 1
    ]
    known = levels[0][0].scale is not None
    unit, unit_notes = unit_of(axes, known)
    info = SourceInfo(
        name=said.name,
        format=said.format,
        kind=said.kind,
        dtype=first.dtype,
        levels=make_levels(levels, axes, what),
        channels=said.channels if len(said.channels) == n_channels else (ChannelInfo(),) * n_channels,
        n_times=n_times,
        unit=unit,
        spacing_is_known=known,
        orientation=orientation(axes),
        label_colors=said.label_colors or {},
        label_names=said.label_names or {},
        notes=tuple(notes + unit_notes),
        time_step_s=time_step_s(axes, levels[0][0].scale),
    )
    return MultiscaleSource(info, [array_of(meta) for _, meta in levels], axes)
