"""OME-Zarr 0.1 to 0.5: groups with a multiscale image and its labels, label groups, single levels, plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .base import ChannelInfo, Kind, Shape3, SourceInfo
from .decode import read_json, reading
from .memory import check_box
from .ngff import (
    Axis,
    Dataset,
    Multiscale,
    is_inside,
    ome_attributes,
    parse_channels,
    parse_label_look,
    parse_multiscale,
)
from .opening import Opening
from .zarr_array import ZarrArray, is_array, read_meta, store_path
from .zarr_levels import axis_size, consistent_levels, make_levels, orientation, plain_axes, time_step_s, unit_of

_LISTED_MAX = 8
_SEARCHED_MAX = 2000


class ZarrSource:
    """The levels of one image or label image in a store."""

    def __init__(self, info: SourceInfo, arrays: Sequence[ZarrArray], axes: Sequence[Axis]) -> None:
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

    def close(self) -> None:
        for array in self._arrays:
            array.close()

    def _box(self, channel: int, time: int, lo: Shape3, hi: Shape3) -> tuple[slice, ...]:
        parts = {"t": slice(time, time + 1), "c": slice(channel, channel + 1), "": slice(0, 1)}
        parts |= {role: slice(a, b) for role, a, b in zip("zyx", lo, hi, strict=True)}
        return tuple(parts[role] for role in self._roles)


def open_zarr(path: Path, opening: Opening) -> list[ZarrSource]:
    """Open a store, a group or an array in one. An image comes first, then its labels (unless `kind` was said)."""
    opening.admit(path)
    if is_array(path):
        return [_open_array(path, opening)]
    attributes = _attributes(path, opening)
    if attributes.get("multiscales"):
        sources = [_open_multiscale(path, attributes, opening)]
        if opening.kind is None and sources[0].info.kind == "image":
            sources += _open_labels(path, opening)
        return sources
    if "plate" in attributes or "well" in attributes:
        raise SourceError(
            f"'{path.name}' is a plate or a well of images; open one of its fields, such as {_example(path)}"
        )
    if "labels" in attributes and path.name == "labels":
        return _open_labels(path.parent, opening)
    if (path / "0").is_dir() and "bioformats2raw.layout" in attributes:
        return open_zarr(path / "0", opening)
    found = list(_images_below(path))
    if len(found) == 1:
        return open_zarr(path / found[0], opening)
    if not found:
        raise SourceError(f"'{path.name}' is a zarr group without an image: it holds neither a multiscale nor an array")
    more = ", ..." if len(found) > _LISTED_MAX else ""
    raise SourceError(
        f"'{path.name}' holds {len(found)} images; open one of them: {', '.join(found[:_LISTED_MAX])}{more}"
    )


def _open_labels(path: Path, opening: Opening) -> list[ZarrSource]:
    """The label images of a group: those that `labels/` lists, or what it holds where it lists none."""
    folder = path / "labels"
    if not folder.is_dir():
        return []
    listed = _attributes(folder, opening).get("labels")
    if isinstance(listed, list):
        names = [str(name) for name in listed]
        bad = next((name for name in names if not is_inside(name)), None)
        if bad is not None:
            raise SourceError(f"'{path.name}' lists labels {bad!r}, which is no place inside of the store")
    else:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    labels = dataclasses.replace(opening, kind="labels")
    return [source for name in names if (folder / name).is_dir() for source in open_zarr(folder / name, labels)]


def _attributes(path: Path, opening: Opening) -> dict[str, Any]:
    """The attributes of a group, those of NGFF at the top."""
    if (path / "zarr.json").exists():
        attributes = read_json(opening.admit(path / "zarr.json")).get("attributes") or {}
    elif (path / ".zattrs").exists():
        attributes = read_json(opening.admit(path / ".zattrs"))
    else:
        attributes = {}
    return {**attributes, **ome_attributes(attributes)}


def _open_multiscale(path: Path, attributes: dict[str, Any], opening: Opening) -> ZarrSource:
    what = f"'{store_path(path)}'"
    multiscale = parse_multiscale(attributes, what)
    return _build(path, multiscale, attributes, opening, store_path(path))


def _open_array(path: Path, opening: Opening) -> ZarrSource:
    """An array by itself: as a level of the multiscale above it where there is one, else by its own metadata."""
    found = _as_level(path, opening)
    if found is not None:
        group, multiscale, attributes = found
        return _build(group, multiscale, attributes, opening, store_path(path))
    meta = read_meta(path, opening)
    multiscale = Multiscale(path.name, "", *plain_axes(meta, path))
    return _build(path, multiscale, dict(meta.attributes), opening, store_path(path), by_itself=True)


def _as_level(path: Path, opening: Opening) -> tuple[Path, Multiscale, dict[str, Any]] | None:
    for group in list(path.parents)[:3]:
        if (group / "zarr.json").exists() or (group / ".zattrs").exists():
            attributes = _attributes(group, opening)
            if attributes.get("multiscales"):
                multiscale = parse_multiscale(attributes, f"'{store_path(group)}'")
                own = [entry for entry in multiscale.datasets if group / entry.path == path and entry.scale is not None]
                if own:
                    return group, dataclasses.replace(multiscale, datasets=(own[0],)), attributes
    return None


def _build(
    group: Path,
    multiscale: Multiscale,
    attributes: dict[str, Any],
    opening: Opening,
    name: str,
    *,
    by_itself: bool = False,
) -> ZarrSource:
    what = f"'{name}'"
    notes = list(multiscale.notes)
    levels = [
        (entry, read_meta(group / entry.path, opening)) for entry in multiscale.datasets if _exists(group, entry, notes)
    ]
    if not levels:
        raise SourceError(f"{what} has no level that exists; its metadata names {multiscale.datasets[0].path!r}")
    axes = multiscale.axes
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
    look = parse_label_look(attributes)
    kind: Kind = opening.kind or ("labels" if "image-label" in attributes or group.parent.name == "labels" else "image")
    info = SourceInfo(
        name=name,
        format=f"OME-Zarr {multiscale.version}".strip() if not by_itself else f"zarr v{first.version}",
        kind=kind,
        dtype=first.dtype,
        levels=make_levels(levels, axes, what),
        channels=parse_channels(attributes, n_channels) if kind == "image" else (ChannelInfo(),) * n_channels,
        n_times=n_times,
        unit=unit,
        spacing_is_known=known,
        orientation=orientation(axes),
        label_colors=look.colors,
        label_names=look.names,
        notes=tuple(notes + unit_notes),
        time_step_s=time_step_s(axes, levels[0][0].scale),
    )
    return ZarrSource(info, [ZarrArray(meta, opening) for _, meta in levels], axes)


def _exists(group: Path, entry: Dataset, notes: list[str]) -> bool:
    path = group / entry.path
    if (path / "zarr.json").exists() or (path / ".zarray").exists():
        return True
    notes.append(f"Level '{entry.path}' is named in the metadata and is not there; it was left out.")
    return False


def _images_below(path: Path) -> Iterator[str]:
    """Multiscales and arrays in the groups below, breadth first, as paths below `path`; a bounded search."""
    waiting, seen = [path], 0
    while waiting and seen < _SEARCHED_MAX:
        group = waiting.pop(0)
        with reading(f"'{path.name}'"):
            below = sorted(entry for entry in group.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        for entry in below:
            seen += 1
            if is_array(entry) or _has_multiscales(entry):
                yield str(entry.relative_to(path))
            elif (entry / "zarr.json").exists() or (entry / ".zgroup").exists():
                waiting.append(entry)


def _has_multiscales(path: Path) -> bool:
    for name in ("zarr.json", ".zattrs"):
        if (path / name).is_file():
            raw = read_json(path / name)
            attributes = raw.get("attributes") or {} if name == "zarr.json" else raw
            return bool(ome_attributes(attributes).get("multiscales"))
    return False


def _example(path: Path) -> str:
    found = next(_images_below(path), None)
    return f"'{path.name}/{found}'" if found else "'A/1/0'"
