"""HDF5 files: any dataset of 2 to 5 axes, as `file.h5:/path/to/dataset`; Imaris files and ITK's are known.

Where a file holds several datasets of voxels, one must be named. Spacing comes from attributes of the dataset or of its
group: `element_size_um` (z, y, x; ilastik, Fiji's HDF5 plugin), `resolution` with `units` (z, y, x in nanometres, as
CREMI and funlib write), `offset` with it, and the axis names of vigra (`axistags`) and `DIMENSION_LABELS`.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SourceError
from .base import Kind
from .decode import reading
from .hdf5_array import DatasetMeta, Hdf5Array, Hdf5File, dataset_meta
from .levels import plain_axes
from .multiscale import Description, MultiscaleSource, build_source
from .ngff import Axis, Dataset, parse_axes
from .opening import Opening, SeveralImagesError
from .stored_array import ArrayMeta, StoredArray

_OBJECTS_MAX = 5000
_ITK = "ITKImage"


def open_hdf5(path: Path, opening: Opening, part: str = "") -> list[MultiscaleSource]:
    """Open a dataset of a file, or the only one that could be a volume. Raises SourceError."""
    file = Hdf5File(path, opening)
    file.use()
    try:
        from .imaris import is_imaris, open_imaris

        if not part and is_imaris(file):
            return [open_imaris(file, opening)]
        place = _chosen(file, part)
        dataset = file.get(place)
        if f"{_ITK}/" in place.lstrip("/") and place.endswith("/VoxelData"):
            return [_open_itk(file, place, dataset, opening)]
        return [_open_dataset(file, place, dataset, opening)]
    finally:
        file.release()


def _chosen(file: Hdf5File, part: str) -> str:
    """The path of the dataset that is meant."""
    import h5py

    found = file.get(part)
    if found is None:
        raise SourceError(f"'{file.path.name}' holds no '{part}'")
    if isinstance(found, h5py.Dataset):
        if not _is_volume(found):
            raise SourceError(
                f"'{file.path.name}:/{part.strip('/')}' is no volume: it has the shape {found.shape} of {found.dtype}"
            )
        return "/" + part.strip("/")
    if not isinstance(found, h5py.Group):
        raise SourceError(f"'{part}' in '{file.path.name}' is neither a dataset nor a group")
    base = "/" + part.strip("/")
    choices = _volumes_in(found, base.rstrip("/"))
    if not choices:
        raise SourceError(f"'{file.path.name}' holds no dataset of numbers with 3 to 5 axes")
    if len(choices) > 1:
        raise SeveralImagesError(f"'{file.path.name}' holds {len(choices)} volumes", file.path.name, choices, ":")
    return choices[0]


def _volumes_in(group: Any, base: str) -> list[str]:
    """Paths of the datasets below a group that could be volumes; links to other files are left alone."""
    import h5py

    found: list[str] = []
    waiting = [(group, base)]
    seen = 0
    while waiting and seen < _OBJECTS_MAX:
        place, path = waiting.pop(0)
        for name in place:
            seen += 1
            link = place.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                continue
            entry = place.get(name)
            if isinstance(entry, h5py.Group):
                waiting.append((entry, f"{path}/{name}"))
            elif isinstance(entry, h5py.Dataset) and _is_volume(entry, 3):
                found.append(f"{path}/{name}")
    return found


def _is_volume(dataset: Any, least: int = 2) -> bool:
    shape = dataset.shape
    if shape is None or not least <= len(shape) <= 5 or dataset.dtype.kind not in "biuf":
        return False
    return math.prod(shape) > 0 and (least == 2 or sum(n > 1 for n in shape) >= 2)


def _open_dataset(file: Hdf5File, path: str, dataset: Any, opening: Opening) -> MultiscaleSource:
    attributes = _attributes(dataset)
    above = _attributes(dataset.parent)
    meta = dataset_meta(file, path, dataset, opening)
    axes, said = _axes(meta, attributes, above, dataset)
    description = Description(meta.name, "HDF5", opening.kind or _kind(path, meta), axes)
    return build_source(description, [(said, meta)], opening, _array_of(file, opening))


def _array_of(file: Hdf5File, opening: Opening) -> Any:
    def array_of(meta: ArrayMeta) -> StoredArray:
        assert isinstance(meta, DatasetMeta)
        return Hdf5Array(meta, file, file.get(meta.path), opening)

    return array_of


def _kind(path: str, meta: ArrayMeta) -> Kind:
    """Integers under a name that says so (CREMI's `volumes/labels/neuron_ids`) are labels."""
    named = any(word in path.lower() for word in ("label", "segmentation", "neuron_ids"))
    return "labels" if named and meta.dtype.kind in "iu" else "image"


def _axes(
    meta: DatasetMeta, attributes: Mapping[str, Any], above: Mapping[str, Any], dataset: Any
) -> tuple[tuple[Axis, ...], Dataset]:
    what = f"'{meta.name}'"
    names = _names(attributes, dataset)
    known = dataclasses.replace(meta, dimension_names=names) if names else meta
    size = _floats(attributes.get("element_size_um"))
    if size is not None:
        axes, _, _ = plain_axes(known)
        axes = tuple(dataclasses.replace(axis, unit="um") if axis.is_space else axis for axis in axes)
        n_space = sum(axis.is_space for axis in axes)
        if len(size) < n_space:
            raise SourceError(f"{what} has an element_size_um of {len(size)} numbers and {n_space} axes of space")
        left = iter(size[-n_space:])
        return axes, Dataset("", tuple(next(left) if axis.is_space else 1.0 for axis in axes), None)
    own = attributes if "resolution" in attributes or "voxel_size" in attributes else above
    plain = {
        name: value if isinstance(value, str) else _listed(value)
        for name in ("resolution", "voxel_size", "offset", "units")
        if (value := attributes.get(name, own.get(name))) is not None
    }
    axes, levels, _ = plain_axes(dataclasses.replace(known, attributes=plain))
    if not names and len(meta.shape) == 5 and meta.shape[-1] <= 4:  # ilastik's export without axistags
        axes = parse_axes(list("tzyxc"), what)
        levels = (Dataset("", None, None),)
    return axes, levels[0]


def _names(attributes: Mapping[str, Any], dataset: Any) -> tuple[str, ...]:
    """The names of the axes, slowest first: vigra's, HDF5's labels of dimensions, or an attribute `axes`."""
    tags = attributes.get("axistags")
    if isinstance(tags, str):
        try:
            axes = json.loads(tags).get("axes", [])
            return tuple(str(axis["key"]).lower() for axis in axes)
        except (ValueError, TypeError, KeyError, AttributeError):
            return ()
    labels = tuple(str(dim.label).lower() for dim in dataset.dims)
    if all(labels):
        return labels
    said = attributes.get("axes", attributes.get("axis_names"))
    if isinstance(said, str):
        return tuple(said.lower())
    listed = _listed(said)
    return tuple(str(name).lower() for name in listed) if isinstance(listed, list) else ()


def _attributes(holder: Any) -> dict[str, Any]:
    """Attributes as plain values; those that cannot be read are left out."""
    found: dict[str, Any] = {}
    with reading(f"the attributes of '{holder.name}'"):
        for name in holder.attrs:
            try:
                found[name] = _plain(holder.attrs[name])
            except (OSError, TypeError, ValueError):
                continue
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | np.bytes_):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(entry) for entry in value.tolist()] if value.size <= 4096 else None
    return value.item() if isinstance(value, np.generic) else value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


def _floats(value: Any) -> list[float] | None:
    listed = _listed(value)
    if not isinstance(listed, list) or not all(isinstance(entry, int | float) for entry in listed) or not listed:
        return None
    return [float(entry) for entry in listed]


def _open_itk(file: Hdf5File, path: str, dataset: Any, opening: Opening) -> MultiscaleSource:
    """ITK's HDF5 images: spacing and origin in millimetres, x first, and directions, in LPS."""
    from ..space import affine
    from .geometry import check_world

    what = f"'{file.path.name}'"
    group = path.rpartition("/")[0]
    meta = dataset_meta(file, path, dataset, opening)
    spacing, origin, directions = (
        _numbers(file, f"{group}/{name}", what) for name in ("Spacing", "Origin", "Directions")
    )
    n_axes = spacing.size
    if not 2 <= n_axes <= 3 or origin.size != n_axes or directions.shape != (n_axes, n_axes):
        raise SourceError(f"{what} is an ITK image of {n_axes} axes; 2 and 3 are read")
    names = [*("zyx"[-n_axes:]), *("c" if len(meta.shape) == n_axes + 1 else "")]
    axes = tuple(dataclasses.replace(axis, unit="mm") if axis.is_space else axis for axis in parse_axes(names, what))
    by_axis = {name: float(spacing["xyz".index(name)]) for name in names if name != "c"}
    said = Dataset("", tuple(by_axis.get(name, 1.0) for name in names), None)
    source = build_source(
        Description(file.path.name, "HDF5 (ITK)", opening.kind or "image", axes), [(said, meta)], opening,
        _array_of(file, opening),
    )  # fmt: skip
    full = np.eye(3)
    full[:n_axes, :n_axes] = directions.T  # stored row by row: a row is an axis
    steps = (*(float(value) * 1e3 for value in spacing), float(spacing[0]) * 1e3)[:3]
    at = (*(float(value) * 1e3 for value in origin), 0.0)[:3]
    world = affine((steps[0], steps[1], steps[2]), (at[0], at[1], at[2]), full)
    check_world(world, what)
    source.place(world)
    return source


def _numbers(file: Hdf5File, path: str, what: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    import h5py

    found = file.get(path)
    if not isinstance(found, h5py.Dataset) or found.size is None or found.size > 16:
        raise SourceError(f"{what} has no '{path}', which an ITK image has")
    with reading(what):
        return np.asarray(found[()], np.float64)
