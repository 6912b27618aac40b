"""OME-Zarr 0.1 to 0.5: groups with a multiscale image and its labels, label groups, single levels, plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import SourceError
from .base import Kind
from .levels import plain_axes
from .multiscale import Description, MultiscaleSource, build_source
from .ngff import (
    Dataset,
    Multiscale,
    is_inside,
    ome_attributes,
    parse_channels,
    parse_label_look,
    parse_multiscale,
)
from .opening import Opening, SeveralImagesError
from .store import Store
from .stored_array import ArrayMeta, StoredArray
from .zarr_array import ZarrArray, ZarrMeta, is_array, read_meta

_SEARCHED_MAX = 2000
_WELLS_READ_MAX = 96
FILES = ("zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")
"""By one of these a place is known to be zarr's."""


def open_zarr(store: Store, opening: Opening) -> list[MultiscaleSource]:
    """Open a store, a group or an array in one. An image comes first, then its labels (unless `kind` was said)."""
    if is_array(store):
        return [_open_array(store, opening)]
    attributes = _attributes(store)
    if attributes.get("multiscales"):
        sources = [_open_multiscale(store, attributes, opening)]
        if opening.kind is None and sources[0].info.kind == "image":
            sources += _open_labels(store, opening)
        return sources
    if "plate" in attributes or "well" in attributes:
        fields = list(islice(_fields(store, attributes), _SEARCHED_MAX))
        what = f"'{store.leaf}' is a plate or a well of images"
        raise SeveralImagesError(what, store.leaf, fields or ["A/1/0"])
    if "labels" in attributes and store.leaf == "labels":
        above = store.up()
        return _open_labels(above, opening) if above is not None else []
    if "bioformats2raw.layout" in attributes and (series := _series(store)):
        return _open_first(store, series, opening)
    found = list(islice(_images_below(store), _SEARCHED_MAX))
    if len(found) == 1:
        return open_zarr(store.at(found[0]), opening)
    if not found:
        more = "" if store.folders() is not None else "; name one in it, a server does not tell what it holds"
        raise SourceError(
            f"'{store.leaf}' is a zarr group without an image: it holds neither a multiscale nor an array{more}"
        )
    raise SeveralImagesError(f"'{store.leaf}' holds {len(found)} images", store.leaf, found)


def _open_first(store: Store, series: list[str], opening: Opening) -> list[MultiscaleSource]:
    """The first image of a bioformats2raw store; where the others are is told in a note."""
    sources = open_zarr(store.at(series[0]), opening)
    if len(series) > 1:
        others = ", ".join(f"{store.leaf}/{name}" for name in series[1:9]) + (", ..." if len(series) > 9 else "")
        note = f"The store holds {len(series)} images, of which this is the first; the others are {others}."
        sources[0].add_note(note)
    return sources


def _series(store: Store) -> list[str]:
    """The images of a bioformats2raw store: those that OME/ lists, else 0, 1, 2 ... as far as there are any."""
    listed = _attributes(store.at("OME")).get("series")
    if isinstance(listed, list):
        named = [name for name in map(str, listed) if is_inside(name)]
        if named:
            return named
    found: list[str] = []
    while len(found) < _SEARCHED_MAX and _attributes(store.at(str(len(found)))).get("multiscales"):
        found.append(str(len(found)))
    return found


def _fields(store: Store, attributes: dict[str, Any]) -> Iterator[str]:
    """The images of a well, or of the wells of a plate, as paths below."""
    well = attributes.get("well")
    if isinstance(well, dict):
        yield from _paths(well.get("images"))
        return
    plate = attributes.get("plate")
    wells = _paths(plate.get("wells")) if isinstance(plate, dict) else []
    for path in wells[:_WELLS_READ_MAX]:
        inside = _attributes(store.at(path)).get("well")
        for field in _paths(inside.get("images")) if isinstance(inside, dict) else ["0"]:
            yield f"{path}/{field}"
    yield from (f"{path}/0" for path in wells[_WELLS_READ_MAX:])


def _paths(entries: Any) -> list[str]:
    found = [entry.get("path") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [path for path in found if isinstance(path, str) and is_inside(path)]


def _open_labels(store: Store, opening: Opening) -> list[MultiscaleSource]:
    """The label images of a group: those that `labels/` lists, or what it holds where it lists none."""
    folder = store.at("labels")
    listed = _attributes(folder).get("labels")
    if isinstance(listed, list):
        names = [str(name) for name in listed]
        bad = next((name for name in names if not is_inside(name)), None)
        if bad is not None:
            raise SourceError(f"'{store.leaf}' lists labels {bad!r}, which is no place inside of the store")
    else:
        names = folder.folders() or []
    labels = dataclasses.replace(opening, kind="labels")
    return [source for name in names if _is_zarr(folder.at(name)) for source in open_zarr(folder.at(name), labels)]


def _is_zarr(store: Store) -> bool:
    folders = store.folders()
    return folders != [] if folders is not None else bool(store.jsons(("zarr.json", ".zattrs", ".zarray")))


def _attributes(store: Store) -> dict[str, Any]:
    """The attributes of a group, those of NGFF at the top."""
    found = store.jsons(("zarr.json", ".zattrs"))
    attributes = found["zarr.json"].get("attributes") or {} if "zarr.json" in found else found.get(".zattrs", {})
    if not isinstance(attributes, dict):
        raise SourceError(f"'{store.name}' has attributes that are no JSON object")
    return {**attributes, **ome_attributes(attributes)}


def _open_multiscale(store: Store, attributes: dict[str, Any], opening: Opening) -> MultiscaleSource:
    return _build(store, parse_multiscale(attributes, f"'{store.name}'"), attributes, opening, store.name)


def _open_array(store: Store, opening: Opening) -> MultiscaleSource:
    """An array by itself: as a level of the multiscale above it where there is one, else by its own metadata."""
    found = _as_level(store)
    if found is not None:
        group, multiscale, attributes = found
        return _build(group, multiscale, attributes, opening, store.name)
    meta = read_meta(store, opening)
    multiscale = Multiscale(store.leaf, "", *plain_axes(meta))
    return _build(store, multiscale, dict(meta.attributes), opening, store.name, by_itself=True)


def _as_level(store: Store) -> tuple[Store, Multiscale, dict[str, Any]] | None:
    for group, way in store.ways_up(3):
        try:
            attributes = _attributes(group)
        except SourceError:
            if store.is_remote:  # what is above an address that the user named may be closed to them
                return None
            raise
        if attributes.get("multiscales"):
            multiscale = parse_multiscale(attributes, f"'{group.name}'")
            own = [entry for entry in multiscale.datasets if entry.path == way and entry.scale is not None]
            if own:
                return group, dataclasses.replace(multiscale, datasets=(own[0],)), attributes
    return None


def _build(
    group: Store,
    multiscale: Multiscale,
    attributes: dict[str, Any],
    opening: Opening,
    name: str,
    *,
    by_itself: bool = False,
) -> MultiscaleSource:
    notes = list(multiscale.notes)
    levels: list[tuple[Dataset, ArrayMeta]] = [
        (entry, read_meta(group.at(entry.path), opening))
        for entry in multiscale.datasets
        if _exists(group, entry, notes)
    ]
    if not levels:
        raise SourceError(f"'{name}' has no level that exists; its metadata names {multiscale.datasets[0].path!r}")
    look = parse_label_look(attributes)
    above = group.up()
    is_label = "image-label" in attributes or (above is not None and above.leaf == "labels")
    kind: Kind = opening.kind or ("labels" if is_label else "image")
    version = getattr(levels[0][1], "version", "")
    said = Description(
        name=name,
        format=f"zarr v{version}" if by_itself else f"OME-Zarr {multiscale.version}".strip(),
        kind=kind,
        axes=multiscale.axes,
        channels=parse_channels(attributes, _n_channels(levels, multiscale)) if kind == "image" else (),
        label_colors=look.colors,
        label_names=look.names,
        notes=tuple(notes),
    )

    def array_of(meta: ArrayMeta) -> StoredArray:
        assert isinstance(meta, ZarrMeta)
        if meta.is_filtered or (meta.version == 2 and meta.is_blosc and meta.store.is_remote):
            from .zarr_filters import FilteredZarrArray

            return FilteredZarrArray(meta, opening)
        return ZarrArray(meta, opening)

    return build_source(said, levels, opening, array_of)


def _n_channels(levels: list[tuple[Dataset, ArrayMeta]], multiscale: Multiscale) -> int:
    shape = levels[0][1].shape
    return next((n for n, axis in zip(shape, multiscale.axes, strict=False) if axis.role == "c"), 1)


def _exists(group: Store, entry: Dataset, notes: list[str]) -> bool:
    if group.at(entry.path).jsons(("zarr.json", ".zarray")):
        return True
    notes.append(f"Level '{entry.path}' is named in the metadata and is not there; it was left out.")
    return False


def _images_below(store: Store) -> Iterator[str]:
    """Multiscales and arrays in the groups below, breadth first, as paths below `store`; a bounded search."""
    waiting, seen = [""], 0
    while waiting and seen < _SEARCHED_MAX:
        group = waiting.pop(0)
        for name in _below(store, group):
            path = f"{group}/{name}" if group else name
            seen += 1
            place = store.at(path)
            if is_array(place) or _attributes(place).get("multiscales"):
                yield path
            elif place.jsons(("zarr.json", ".zgroup")):
                waiting.append(path)


def _below(store: Store, group: str) -> list[str]:
    """Names of what is right below a group; of a store that cannot list, as its consolidated metadata says."""
    listed = store.at(group).folders()
    if listed is not None:
        return listed
    found = store.jsons(("zarr.json", ".zmetadata"))
    consolidated = found.get("zarr.json", {}).get("consolidated_metadata") or found.get(".zmetadata") or {}
    entries = consolidated.get("metadata") if isinstance(consolidated, dict) else None
    prefix = f"{group}/" if group else ""
    names = {key[len(prefix) :].split("/")[0] for key in entries or {} if key.startswith(prefix)}
    return sorted(name for name in names if name and name not in FILES and is_inside(name))
