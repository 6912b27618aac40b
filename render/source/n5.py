"""N5 (Janelia): arrays, multiscales as OpenOrganelle, n5-viewer, Paintera and BigDataViewer lay them out.

N5 names sizes and axes from fastest to slowest (x, y, z); here all is turned round, to (z, y, x). A transform in
`multiscales` is the exception: it is in numpy's order already, and says its axes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..errors import SourceError
from .decode import native_dtype, reading
from .levels import coarse_translation
from .multiscale import Description, MultiscaleSource, build_source
from .ngff import Axis, Dataset, is_inside, parse_axes
from .opening import Opening, SeveralImagesError
from .slices import natural_key
from .store import Store
from .stored_array import (
    BLOSC_HEADER_BYTES,
    ArrayMeta,
    Index,
    StoredArray,
    TensorArray,
    check_blosc,
    check_meta,
)

_COMPRESSIONS = ("raw", "gzip", "bzip2", "xz", "zstd", "blosc")
_FIELDS = ("dimensions", "blockSize", "dataType", "compression")
_SEARCHED_MAX = 2000
_LEVELS_MAX = 32
Json = dict[str, Any]


@dataclass(frozen=True)
class N5Meta(ArrayMeta):
    """An N5 array, its axes turned round to slowest first. `raw` is as it was read."""

    raw: Json
    is_blosc: bool


class N5Array(TensorArray):
    """An open N5 array. Reads may come from any thread."""

    def __init__(self, meta: N5Meta, opening: Opening) -> None:
        super().__init__(meta, opening)
        self._n5 = meta

    def _spec(self) -> Json:
        return {"driver": "n5", "metadata": self._n5.raw, "assume_metadata": True}

    def _view(self, array: Any) -> Any:
        return array.T

    def _key(self, index: Index) -> str:
        return "/".join(str(part) for part in reversed(index))

    def _check(self, indices: Sequence[Index]) -> None:
        meta = self._n5
        there = self._check_sizes(indices, 2 * meta.chunk_bytes + 65_536)
        if not meta.is_blosc:
            return
        first = 4 + 4 * len(meta.shape)  # mode, number of axes, size of each
        requests = [(self._key(index), 0, first + 4 + BLOSC_HEADER_BYTES) for index in there]
        for request, header in zip(requests, meta.store.ranges(requests), strict=True):
            if header is not None:
                start = first + (4 if header[:2] == b"\0\1" else 0)
                check_blosc(header[start : start + BLOSC_HEADER_BYTES], meta.chunk_bytes, self._what(request[0]))


def open_n5(store: Store, opening: Opening) -> list[MultiscaleSource]:
    """Open a container, a group with levels, or an array. Raises SourceError."""
    attributes = _attributes(store)
    if _is_array(attributes):
        return [_open_array(store, attributes, opening)]
    found = _levels_of(store, attributes)
    if found:
        return [_open_levels(store, attributes, found, opening)]
    if isinstance(attributes.get("painteraData"), Mapping):
        return open_n5(store.at("data"), opening)
    images = list(islice(_images_below(store), _SEARCHED_MAX))
    if len(images) == 1:
        return open_n5(store.at(images[0]), opening)
    if images:
        raise SeveralImagesError(f"'{store.leaf}' holds {len(images)} images", store.leaf, images)
    more = "" if store.folders() is not None else "; name one in it, a server does not tell what it holds"
    raise SourceError(f"'{store.leaf}' is an N5 group without an image{more}")


def read_n5_meta(store: Store, attributes: Json, opening: Opening) -> N5Meta:
    """Check an array's attributes before any voxel is read. Raises SourceError."""
    what = f"'{store.name}'"
    if attributes.get("isLabelMultiset"):
        raise SourceError(f"{what} holds Paintera's label multisets, which are not read; its unique labels are")
    compression = attributes.get("compression", attributes.get("compressionType"))
    if isinstance(compression, str):  # N5 1.0
        compression = {"type": compression}
    kind = compression.get("type") if isinstance(compression, dict) else None
    if kind not in _COMPRESSIONS:
        raise SourceError(f"{what} is compressed with '{kind}'; read are {', '.join(_COMPRESSIONS)}")
    said = str(attributes.get("dataType"))
    if said not in ("float32", "float64") and said.lstrip("u") not in ("int8", "int16", "int32", "int64"):
        raise SourceError(f"{what} has elements of type '{said}', which are no voxels")
    with reading(what):
        shape = tuple(int(n) for n in attributes["dimensions"])[::-1]
        chunk = tuple(int(n) for n in attributes["blockSize"])[::-1]
    raw = {name: attributes[name] for name in _FIELDS if name in attributes} | {"compression": compression}
    names = attributes.get("axes")
    meta = N5Meta(
        store=store,
        shape=shape,
        dtype=native_dtype(np.dtype(said), what),
        chunk=chunk,
        dimension_names=tuple(map(str, names))[::-1] if isinstance(names, list) else (),
        attributes=attributes,
        raw=raw,
        is_blosc=kind == "blosc",
    )
    check_meta(meta, opening)
    return meta


def _attributes(store: Store) -> Json:
    return store.json("attributes.json") or {}


def _is_array(attributes: Json) -> bool:
    return "dimensions" in attributes and "blockSize" in attributes


def _open_array(store: Store, attributes: Json, opening: Opening) -> MultiscaleSource:
    """An array by itself, placed by the multiscale above it where it is a level of one."""
    above = store.up()
    if above is not None and "transform" not in attributes and not _has_spacing(attributes):
        try:
            group = _attributes(above)
            levels = _levels_of(above, group) if group else []
        except SourceError:
            if not store.is_remote:
                raise
            levels = []  # what is above an address may be closed
        if store.leaf in levels:
            return _open_levels(above, group, levels, opening, only=store.leaf)
    return _open_levels(store, {}, [""], opening)


def _levels_of(store: Store, group: Json) -> list[str]:
    """The levels of a multiscale group: those that its attributes list, else s0, s1 ... as far as there are any."""
    listed = group.get("multiscales")
    if isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
        datasets = listed[0].get("datasets")
        entries = datasets if isinstance(datasets, list) else []
        paths = [entry.get("path") if isinstance(entry, Mapping) else None for entry in entries]
        for path in paths:
            if not isinstance(path, str) or not is_inside(path):
                raise SourceError(f"'{store.name}' has a level whose path is {path!r}, which is no place inside of it")
        return [str(path) for path in paths if _is_array(_attributes(store.at(str(path))))]
    found: list[str] = []
    while len(found) < _LEVELS_MAX and _is_array(_attributes(store.at(f"s{len(found)}"))):
        found.append(f"s{len(found)}")
    return found


def _open_levels(
    store: Store, group: Json, paths: Sequence[str], opening: Opening, only: str | None = None
) -> MultiscaleSource:
    metas = [read_n5_meta(place, _attributes(place), opening) for place in (store.at(path) for path in paths)]
    axes = _axes(metas[0], group, f"'{store.name}'")
    levels: list[tuple[Dataset, ArrayMeta]] = []
    for number, (path, meta) in enumerate(zip(paths, metas, strict=True)):
        said, unit = _place(path, number, meta, group, axes, metas[0])
        if unit and number == 0:
            axes = tuple(dataclasses.replace(axis, unit=unit) if axis.is_space else axis for axis in axes)
        levels.append((said, meta))
    if only is not None:
        levels = [entry for entry in levels if entry[0].path == only]
    name = store.at(only).name if only else store.name
    kind = opening.kind or ("labels" if _says_labels(group, metas[0]) else "image")

    def array_of(meta: ArrayMeta) -> StoredArray:
        assert isinstance(meta, N5Meta)
        return N5Array(meta, opening)

    return build_source(Description(name, "N5", kind, axes), levels, opening, array_of)


def _says_labels(group: Json, meta: N5Meta) -> bool:
    """Paintera marks labels; ids of 64 bit are nothing else."""
    paintera = group.get("painteraData")
    return (isinstance(paintera, Mapping) and paintera.get("type") == "label") or "maxId" in group | meta.raw


def _axes(meta: N5Meta, group: Json, what: str) -> tuple[Axis, ...]:
    transform = _transform(meta.attributes, group, 0)
    names: Sequence[str] = ()
    if transform is not None:
        names = [str(name) for name in transform.get("axes") or ()]
    if len(names) != len(meta.shape):
        said = group.get("axes")
        names = meta.dimension_names or (tuple(map(str, said))[::-1] if isinstance(said, list) else ())
    if len(names) != len(meta.shape):
        if not 2 <= len(meta.shape) <= 5:
            raise SourceError(f"{what} has {len(meta.shape)} axes and no names for them; an array of voxels has 2 to 5")
        names = list("tczyx")[-len(meta.shape) :] if len(meta.shape) != 4 else list("czyx")
    return parse_axes([name.lower() for name in names], what)


def _transform(attributes: Mapping[str, Any], group: Json, number: int) -> Mapping[str, Any] | None:
    """What OpenOrganelle says of a level, in the group or in the array: axes, scale, translate, units."""
    listed = group.get("multiscales")
    said: Any = None
    if isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
        datasets = listed[0].get("datasets")
        if isinstance(datasets, list) and number < len(datasets) and isinstance(datasets[number], Mapping):
            said = datasets[number].get("transform")
    said = said if isinstance(said, Mapping) else attributes.get("transform")
    if not isinstance(said, Mapping):
        return None
    if said.get("order") == "F":
        return {name: value[::-1] if isinstance(value, list) else value for name, value in said.items()}
    return said


def _has_spacing(attributes: Mapping[str, Any]) -> bool:
    return any(name in attributes for name in ("pixelResolution", "resolution"))


def _place(
    path: str, number: int, meta: N5Meta, group: Json, axes: Sequence[Axis], finest: N5Meta
) -> tuple[Dataset, str]:
    """Scale and translation of a level, and the unit they are in ("" where none is said)."""
    what = f"'{meta.name}'"
    transform = _transform(meta.attributes, group, number)
    if transform is not None:
        scale = _numbers(transform.get("scale"), len(axes), what)
        translate = _numbers(transform.get("translate"), len(axes), what)
        units = transform.get("units")
        return Dataset(path, scale, translate), str(units[-1]) if isinstance(units, list) and units else ""
    resolution, unit = _resolution(finest.attributes, what, axes)
    if resolution is None:
        resolution, unit = _resolution(group, what, axes)
    if resolution is None:
        return Dataset(path, None, None), ""
    factors = _factors(number, meta, group, axes)
    own, _ = _resolution(meta.attributes, what, axes)
    if factors is None and number and own is not None and own != resolution:  # each level says its own
        factors = tuple(a / b for a, b in zip(own, resolution, strict=True))
    if factors is None:
        if number:
            return Dataset(path, None, None), unit
        factors = (1.0,) * len(axes)
    offset, _ = _spatial(finest.attributes.get("offset") or group.get("offset"), axes, 0.0)
    translation = coarse_translation(offset or (0.0,) * len(axes), resolution, factors)
    return Dataset(path, tuple(a * f for a, f in zip(resolution, factors, strict=True)), translation), unit


def _resolution(attributes: Mapping[str, Any], what: str, axes: Sequence[Axis]) -> tuple[tuple[float, ...] | None, str]:
    """Voxel size an axis, slowest first, and its unit: nanometres where none is said, as all of N5's programs have."""
    said = attributes.get("pixelResolution")
    unit = ""
    if isinstance(said, Mapping):
        unit = str(said.get("unit") or "")
        said = said.get("dimensions")
    if said is None:
        said = attributes.get("resolution")
    values, found = _spatial(said, axes, 1.0)
    if not found:
        return None, ""
    units = attributes.get("units")
    if not unit and isinstance(units, list) and units:
        unit = next((str(u) for u, axis in zip(units[::-1], axes, strict=False) if axis.is_space), "")
    elif not unit and isinstance(units, str):
        unit = units
    return values, unit or "nm"


def _factors(number: int, meta: N5Meta, group: Json, axes: Sequence[Axis]) -> tuple[float, ...] | None:
    """By how much a level was reduced from the finest, an axis."""
    said = meta.attributes.get("downsamplingFactors")
    if said is None:
        listed = group.get("scales") or group.get("downsamplingFactors")
        said = listed[number] if isinstance(listed, list) and number < len(listed) else None
    values, found = _spatial(said, axes, 1.0)
    return values if found else None


def _spatial(said: Any, axes: Sequence[Axis], other: float) -> tuple[tuple[float, ...] | None, bool]:
    """Values written x first, one an axis or one an axis of space, as one an axis, slowest first."""
    if not isinstance(said, list) or not all(isinstance(value, int | float) and math.isfinite(value) for value in said):
        return None, False
    values = [float(value) for value in said][::-1]
    if len(values) == len(axes):
        return tuple(values), True
    if len(values) != sum(axis.is_space for axis in axes):
        return None, False
    left = iter(values)
    return tuple(next(left) if axis.is_space else other for axis in axes), True


def _numbers(said: Any, n_axes: int, what: str) -> tuple[float, ...]:
    is_list = isinstance(said, list) and len(said) == n_axes
    if not is_list or not all(isinstance(value, int | float) and math.isfinite(value) for value in said):
        raise SourceError(f"{what} has a transform whose scale or translate is no list of {n_axes} numbers")
    return tuple(float(value) for value in said)


def _images_below(store: Store) -> Iterator[str]:
    """Multiscales and arrays in the groups below, breadth first; a bounded search."""
    waiting, seen = [""], 0
    while waiting and seen < _SEARCHED_MAX:
        group = waiting.pop(0)
        for name in sorted(store.at(group).folders() or [], key=natural_key):
            path = f"{group}/{name}" if group else name
            seen += 1
            attributes = _attributes(store.at(path))
            if _is_array(attributes) or _levels_of(store.at(path), attributes):
                yield path
            else:
                waiting.append(path)
