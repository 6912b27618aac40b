"""Imaris files (.ims, version 5.5): levels, time points and channels of an HDF5 file, placed by their extents.

`DataSet/ResolutionLevel l/TimePoint t/Channel c/Data` is (z, y, x), padded to whole blocks; how much of it is the image
the channel's ImageSizeX, Y and Z say. `DataSetInfo/Image` has the outer faces of the volume, ExtMin0..2 and ExtMax0..2
(x, y, z), in its Unit. All attributes are texts, stored letter by letter.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..units import is_length_unit
from .base import ChannelInfo
from .hdf5_array import DatasetMeta, Hdf5Array, Hdf5File, dataset_meta
from .multiscale import Description, MultiscaleSource, build_source
from .ngff import Axis, Dataset
from .opening import Opening
from .stored_array import ArrayMeta, Box, StoredArray

_LEVELS_MAX = 32
_TIMES_MAX = 1_000_000


class ImarisLevel:
    """A resolution level as (t, c, z, y, x): its datasets are opened when they are read."""

    def __init__(self, meta: ArrayMeta, file: Hdf5File, folder: str, opening: Opening) -> None:
        self._meta = meta
        self._file = file
        self._folder = folder
        self._opening = opening
        self._arrays: dict[tuple[int, int], Hdf5Array] = {}
        file.use()
        self._is_closed = False

    @property
    def meta(self) -> ArrayMeta:
        return self._meta

    def read(self, box: Box) -> NDArray[np.generic]:
        """See `StoredArray.read`."""
        out = np.empty([part.stop - part.start for part in box], self._meta.dtype)
        for time in range(box[0].start, box[0].stop):
            for channel in range(box[1].start, box[1].stop):
                out[time - box[0].start, channel - box[1].start] = self._array(time, channel).read(box[2:])
        return out

    def is_absent(self, box: Box) -> bool:
        return False

    def close(self) -> None:
        for array in self._arrays.values():
            array.close()
        self._arrays = {}
        if not self._is_closed:
            self._is_closed = True
            self._file.release()

    def _array(self, time: int, channel: int) -> Hdf5Array:
        found = self._arrays.get((time, channel))
        if found is None:
            if self._is_closed:
                raise SourceError(f"'{self._meta.name}' was closed")
            path = f"{self._folder}/TimePoint {time}/Channel {channel}"
            meta, dataset = _dataset(self._file, path, self._opening)
            if meta.shape != self._meta.shape[2:] or meta.dtype != self._meta.dtype:
                raise SourceError(f"'{self._file.path.name}' has another shape or type in '{path}' than in its first")
            found = self._arrays.setdefault((time, channel), Hdf5Array(meta, self._file, dataset, self._opening))
        return found


def is_imaris(file: Hdf5File) -> bool:
    """Whether an HDF5 file is laid out as Imaris does."""
    return file.get("DataSetInfo/Image") is not None and file.get("DataSet/ResolutionLevel 0") is not None


def open_imaris(file: Hdf5File, opening: Opening) -> MultiscaleSource:
    """Open the first data set of a file. Raises SourceError."""
    what = f"'{file.path.name}'"
    image = file.get("DataSetInfo/Image")
    n_times = _count(file, "DataSet/ResolutionLevel 0", "TimePoint", _TIMES_MAX)
    n_channels = _count(file, "DataSet/ResolutionLevel 0/TimePoint 0", "Channel", opening.limits.channels_max + 1)
    if not n_times or not n_channels:
        raise SourceError(f"{what} is an Imaris file without time points or channels")
    lo = [_number(image, f"ExtMin{axis}", what) for axis in range(3)]
    hi = [_number(image, f"ExtMax{axis}", what) for axis in range(3)]
    unit = _text(image, "Unit") or "um"
    unit = unit if is_length_unit(unit) else "um"
    levels: list[tuple[Dataset, ArrayMeta]] = []
    for level in range(min(_count(file, "DataSet", "ResolutionLevel", _LEVELS_MAX), _LEVELS_MAX)):
        folder = f"DataSet/ResolutionLevel {level}"
        meta, _ = _dataset(file, f"{folder}/TimePoint 0/Channel 0", opening)
        steps = [(b - a) / n for a, b, n in zip(lo, hi, meta.shape[::-1], strict=True)]
        scale = (_time_step(file), 1.0, *steps[::-1])
        first = (0.0, 0.0, *(a + step / 2.0 for a, step in zip(lo[::-1], steps[::-1], strict=True)))
        whole = DatasetMeta(
            store=meta.store, shape=(n_times, n_channels, *meta.shape), dtype=meta.dtype, chunk=(1, 1, *meta.chunk),
            dimension_names=tuple("tczyx"), attributes={}, file=meta.file, path=folder,
        )  # fmt: skip
        levels.append((Dataset(str(level), scale, first), whole))
    axes = (
        Axis("t", "t", "s" if _time_step(file) else ""),
        Axis("c", "c"),
        *(Axis(a, a, unit) for a in ("z", "y", "x")),
    )
    channels = tuple(_channel(file.get(f"DataSetInfo/Channel {number}")) for number in range(n_channels))
    said = Description(file.path.name, "Imaris", opening.kind or "image", axes, channels)

    def array_of(meta: ArrayMeta) -> StoredArray:
        assert isinstance(meta, DatasetMeta)
        return ImarisLevel(meta, file, meta.path, opening)

    return build_source(said, levels, opening, array_of)


def _dataset(file: Hdf5File, path: str, opening: Opening) -> tuple[DatasetMeta, Any]:
    import h5py

    what = f"'{file.path.name}'"
    group, dataset = file.get(path), file.get(f"{path}/Data")
    if not isinstance(dataset, h5py.Dataset) or len(dataset.shape or ()) != 3:
        raise SourceError(f"{what} has no volume at '{path}/Data'")
    sizes = [_text(group, f"ImageSize{axis}") for axis in "ZYX"]
    shape = tuple(int(size) for size in sizes) if all(size.isdigit() for size in sizes) else tuple(dataset.shape)
    return dataset_meta(file, f"{path}/Data", dataset, opening, shape), dataset


def _count(file: Hdf5File, path: str, name: str, most: int) -> int:
    """How many groups `name 0`, `name 1` ... there are without a gap."""
    group = file.get(path)
    n = 0
    while group is not None and n < most and f"{name} {n}" in group:
        n += 1
    return n


def _text(group: Any, name: str) -> str:
    """An attribute: an array of single letters, or a text."""
    if group is None or name not in group.attrs:
        return ""
    value = group.attrs[name]
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "S":
            return b"".join(value.reshape(-1).tolist()).decode("utf-8", "replace").strip("\0 ")
        return "".join(str(entry) for entry in value.reshape(-1).tolist()).strip("\0 ")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(group: Any, name: str, what: str) -> float:
    try:
        value = float(_text(group, name))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SourceError(f"{what} has no '{name}' in DataSetInfo/Image, which says where the volume lies")
    return value


def _channel(group: Any) -> ChannelInfo:
    color: tuple[float, float, float] | None = None
    parts = _floats(_text(group, "Color"))
    if len(parts) == 3:
        red, green, blue = (min(max(part, 0.0), 1.0) for part in parts)
        color = (red, green, blue)
    span = _floats(_text(group, "ColorRange"))
    window = (span[0], span[1]) if len(span) == 2 and span[1] > span[0] else None
    return ChannelInfo(_text(group, "Name"), color, window)


def _floats(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []


def _time_step(file: Hdf5File) -> float:
    """Seconds from the first time point to the second; 0 where that is not said."""
    group = file.get("DataSetInfo/TimeInfo")
    try:
        first, second = (datetime.fromisoformat(_text(group, f"TimePoint{n}")) for n in (1, 2))
    except ValueError:
        return 0.0
    return max(0.0, (second - first).total_seconds())
