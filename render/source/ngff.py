"""OME-NGFF metadata (0.1 to 0.5) as plain values: axes, levels, channels, labels. No files here.

All numbers are checked; everything that a file may say wrongly ends in a SourceError of one sentence or in a note.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import SourceError
from ..units import is_length_unit, micrometres_per
from .base import ChannelInfo

Json = Mapping[str, Any]
Rgba = tuple[float, float, float, float]
Role = Literal["t", "c", "z", "y", "x", ""]

# RFC 4: an axis may say from where to where it runs; in LPS, x runs to the left, y to the back, z up.
_LPS = {
    "right-to-left": ("x", 1.0), "left-to-right": ("x", -1.0),
    "anterior-to-posterior": ("y", 1.0), "posterior-to-anterior": ("y", -1.0),
    "inferior-to-superior": ("z", 1.0), "superior-to-inferior": ("z", -1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Axis:
    """One axis as stored. `role` "" is an axis that is none of t, c, z, y, x: its first place is taken."""

    name: str
    role: Role
    unit: str = ""
    anatomical: str = ""

    @property
    def is_space(self) -> bool:
        return self.role in ("z", "y", "x")

    @property
    def um_per_unit(self) -> float:
        return micrometres_per(self.unit) if is_length_unit(self.unit) else 1.0

    @property
    def world_axis(self) -> tuple[str, float] | None:
        """(LPS axis, sign) where the file says the anatomical direction."""
        return _LPS.get(self.anatomical)


@dataclass(frozen=True)
class Dataset:
    """A level: the path of its array, scale and translation per axis in the file's units; None where it says none."""

    path: str
    scale: tuple[float, ...] | None
    translation: tuple[float, ...] | None


@dataclass(frozen=True)
class Multiscale:
    name: str
    version: str
    axes: tuple[Axis, ...]
    datasets: tuple[Dataset, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelLook:
    colors: dict[int, Rgba] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


def ome_attributes(attributes: Json) -> Json:
    """The attributes of NGFF: under "ome" from 0.5 on, at the top before."""
    ome = attributes.get("ome")
    return ome if isinstance(ome, Mapping) else attributes


def parse_multiscale(attributes: Json, what: str) -> Multiscale:
    """The first multiscale of a group. Raises SourceError where it makes no sense."""
    images = attributes.get("multiscales")
    if not isinstance(images, list) or not images or not isinstance(images[0], Mapping):
        raise SourceError(f"{what} has no multiscale image in its metadata")
    image = images[0]
    notes = () if len(images) == 1 else (f"The group says {len(images)} multiscale images; the first was opened.",)
    datasets = image.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        raise SourceError(f"{what} has a multiscale image without levels")
    version = str(image.get("version") or attributes.get("version") or "")
    axes = parse_axes(image.get("axes"), what)
    n_axes = len(axes)
    outer = _transform(image.get("coordinateTransformations"), n_axes, what)
    levels = []
    for entry in datasets:
        path = entry.get("path") if isinstance(entry, Mapping) else None
        if not isinstance(path, str) or not is_inside(path):
            raise SourceError(f"{what} has a level whose path is {path!r}, which is no place inside of the store")
        levels.append(Dataset(path, *_combine(_transform(entry.get("coordinateTransformations"), n_axes, what), outer)))
    return Multiscale(str(image.get("name") or ""), version, axes, tuple(levels), notes)


def is_inside(path: str) -> bool:
    """Whether a path from a file's metadata names a place below where it stands."""
    parts = path.split("/")
    return bool(path) and "\0" not in path and "\\" not in path and ".." not in parts and not path.startswith("/")


def parse_axes(said: Any, what: str) -> tuple[Axis, ...]:
    """The axes in stored order; files of 0.1 and 0.2 name none and have t, c, z, y, x."""
    if said is None:
        return tuple(Axis(name, name) for name in ("t", "c", "z", "y", "x"))
    if not isinstance(said, list) or not 2 <= len(said) <= 8:
        raise SourceError(f"{what} says no list of 2 to 5 axes")
    entries = [entry if isinstance(entry, Mapping) else {"name": str(entry)} for entry in said]
    names = [str(entry.get("name", "")) for entry in entries]
    kinds = [_axis_kind(entry, name) for entry, name in zip(entries, names, strict=True)]
    space = [index for index, kind in enumerate(kinds) if kind == "space"]
    if not 2 <= len(space) <= 3:
        raise SourceError(f"{what} has {len(space)} axes of space; an image has 2 or 3")
    lower = [names[index].lower() for index in space]
    if len(set(lower)) == len(space) and set(lower) <= {"x", "y", "z"}:
        roles = dict(zip(space, lower, strict=True))
    else:  # other names: NGFF's order, slowest first
        roles = dict(zip(space, "zyx"[-len(space) :], strict=True))
    if set(roles.values()) == {"x", "z"} or set(roles.values()) == {"y", "z"}:
        roles = dict(zip(space, "yx", strict=True))
    axes = []
    for index, entry in enumerate(entries):
        role: Role = (
            _role(roles[index])
            if index in roles
            else ("t" if kinds[index] == "time" else "c" if kinds[index] == "channel" else "")
        )
        orientation = entry.get("orientation") or {}
        anatomical = str(orientation.get("value", "")) if isinstance(orientation, Mapping) else ""
        axes.append(Axis(names[index], role, str(entry.get("unit") or ""), anatomical))
    for role in ("t", "c"):
        if sum(axis.role == role for axis in axes) > 1:
            raise SourceError(f"{what} has two axes of type {'time' if role == 't' else 'channel'}")
    return tuple(axes)


def _role(name: str) -> Role:
    return "z" if name == "z" else "y" if name == "y" else "x"


def _axis_kind(entry: Json, name: str) -> str:
    said = entry.get("type")
    if said in ("space", "time", "channel"):
        return str(said)
    return {"t": "time", "c": "channel", "x": "space", "y": "space", "z": "space"}.get(name.lower(), "")


Transform = tuple[tuple[float, ...] | None, tuple[float, ...] | None]


def _transform(said: Any, n_axes: int, what: str) -> Transform:
    scale: tuple[float, ...] | None = None
    translation: tuple[float, ...] | None = None
    for entry in said if isinstance(said, list) else []:
        kind = entry.get("type") if isinstance(entry, Mapping) else None
        if kind == "scale":
            scale = _numbers(entry.get("scale"), n_axes, "scale", what)
        elif kind == "translation":
            translation = _numbers(entry.get("translation"), n_axes, "translation", what)
        elif kind != "identity":
            raise SourceError(f"{what} is placed by a transformation of type {kind!r}; read are scale and translation")
    return scale, translation


def _numbers(values: Any, n_axes: int, name: str, what: str) -> tuple[float, ...]:
    is_list = isinstance(values, list) and len(values) == n_axes
    if not is_list or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        raise SourceError(f"{what} has a {name} that is no list of {n_axes} numbers")
    return tuple(float(value) for value in values)


def _combine(inner: Transform, outer: Transform) -> Transform:
    """First the level's own transformation, then the one of the whole multiscale."""
    scale, translation = inner
    outer_scale, outer_translation = outer
    if outer_scale is not None:
        scale = outer_scale if scale is None else tuple(a * b for a, b in zip(scale, outer_scale, strict=True))
        if translation is not None:
            translation = tuple(a * b for a, b in zip(translation, outer_scale, strict=True))
    if outer_translation is not None:
        before = translation or (0.0,) * len(outer_translation)
        translation = tuple(a + b for a, b in zip(before, outer_translation, strict=True))
    return scale, translation


def parse_channels(attributes: Json, n_channels: int) -> tuple[ChannelInfo, ...]:
    """Names, colours, windows and visibility from "omero"; what does not make sense there is left out."""
    omero = attributes.get("omero")
    said = omero.get("channels") if isinstance(omero, Mapping) else None
    if not isinstance(said, list) or len(said) != n_channels:
        return (ChannelInfo(),) * n_channels
    return tuple(_channel(entry) if isinstance(entry, Mapping) else ChannelInfo() for entry in said)


def _channel(entry: Json) -> ChannelInfo:
    color: tuple[float, float, float] | None = None
    text = str(entry.get("color") or "").lstrip("#")
    if len(text) == 6 and all(mark in "0123456789abcdefABCDEF" for mark in text):
        red, green, blue = (int(text[at : at + 2], 16) / 255.0 for at in (0, 2, 4))
        color = (red, green, blue)
    window: tuple[float, float] | None = None
    said = entry.get("window")
    if isinstance(said, Mapping):
        start, end = said.get("start"), said.get("end")
        if (
            isinstance(start, int | float)
            and isinstance(end, int | float)
            and math.isfinite(start)
            and math.isfinite(end)
            and end > start
        ):
            window = (float(start), float(end))
    active = entry.get("active")
    return ChannelInfo(str(entry.get("label") or ""), color, window, active if isinstance(active, bool) else None)


def parse_label_look(attributes: Json) -> LabelLook:
    """Colours and names of labels from "image-label"; entries that do not make sense are left out."""
    said = attributes.get("image-label")
    colors: dict[int, Rgba] = {}
    names: dict[int, str] = {}
    if not isinstance(said, Mapping):
        return LabelLook()
    for entry in _mappings(said.get("colors")):
        label, rgba = entry.get("label-value"), entry.get("rgba")
        if (
            isinstance(label, int)
            and isinstance(rgba, list)
            and len(rgba) == 4
            and all(isinstance(v, int | float) for v in rgba)
        ):
            red, green, blue, alpha = (min(max(float(value) / 255.0, 0.0), 1.0) for value in rgba)
            colors[label] = (red, green, blue, alpha)
    for entry in _mappings(said.get("properties")):
        label = entry.get("label-value")
        texts = [str(entry[key]) for key in ("name", "label", "class", "label-name") if isinstance(entry.get(key), str)]
        if isinstance(label, int) and texts:
            names[label] = texts[0]
    return LabelLook(colors, names)


def _mappings(said: Any) -> list[Json]:
    return [entry for entry in said if isinstance(entry, Mapping)] if isinstance(said, list) else []
