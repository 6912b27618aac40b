"""TIFF volumes through tifffile: OME-TIFF with its pyramid, ImageJ hyperstacks, and plain stacks of pages."""

from __future__ import annotations

import dataclasses
import math
import struct
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SourceError
from .base import ChannelInfo, Level, Shape3, Source, SourceInfo
from .decode import check_decoded_bytes, check_fits_memory, check_shape, native_dtype, reading
from .geometry import Spacing, check_spacing, clip_chunk, coarser, level_factor, world_of
from .itk_image import component_channels
from .memory import LoadedSource
from .opening import Opening
from .planes import Array, PlaneSource
from .tiff_meta import TiffMeta, imagej_meta, ome_meta, palette_of, plain_meta


def open_tiff(path: Path, opening: Opening, part: str = "") -> list[Source]:
    """Open a TIFF file; `part` is the number or the name of one of the images (series) in it, the first by default."""
    import tifffile

    opening.admit(path)
    what = f"'{path.name}'"
    with reading(what):
        tiff = tifffile.TiffFile(path)
        tiff.filehandle.set_lock(True)  # seeks and reads of one thread stay together
        try:
            return [_open(tiff, path, opening, part)]
        except BaseException:
            tiff.close()
            raise


def _open(tiff: Any, path: Path, opening: Opening, part: str) -> Source:
    what = f"'{path.name}'"
    xml = tiff.ome_metadata if tiff.is_ome else None
    if xml is not None:
        ome_meta(xml, 0, what)  # refuses files in other folders before tifffile looks for them
    _check_chain(tiff, path)
    if not tiff.series:
        raise SourceError(f"{what} holds no image")
    index = _find(tiff, part, what)
    series = tiff.series[index]
    axes = _Axes(series.axes, series.shape, what)
    page = series.keyframe
    meta = _meta(tiff, page, index, axes, what)
    if series.dtype is None:
        raise SourceError(f"{what} has pixels of a type that is not read")
    palette = palette_of(page)
    notes = list(meta.notes) + axes.notes
    if len(tiff.series) > 1 and not part:
        notes.append(
            f"The file holds {len(tiff.series)} images; the first was opened (open '{path.name}/1' for the next)."
        )
    spacing, known = _spacing(meta, notes)
    check_spacing(spacing, what)
    n_alpha = len(page.extrasamples) if axes.n_samples > 2 else 0
    n_channels = axes.n_channels * max(1, axes.n_samples - n_alpha)
    if n_channels > opening.limits.channels_max:
        raise SourceError(f"{what} has {n_channels} channels; at most {opening.limits.channels_max} are shown")
    info = SourceInfo(
        name=path.name if not part else f"{path.name}/{part}",
        format="OME-TIFF" if xml is not None else "ImageJ TIFF" if tiff.is_imagej else "TIFF",
        kind=opening.kind or "image",
        dtype=native_dtype(np.dtype(series.dtype), what),
        levels=_levels(series, axes, spacing, what),
        channels=_channels(meta, n_channels, axes.n_samples - n_alpha >= 3),
        n_times=axes.n_times,
        unit=meta.unit,
        spacing_is_known=known,
        label_colors=palette if opening.kind == "labels" else {},
        notes=tuple(notes),
        time_step_s=meta.time_step_s,
    )
    planes = TiffPlanes(tiff, series, axes, n_channels // axes.n_channels, what)
    if planes.is_regular:
        planes.check(len(info.levels), opening)
        return PlaneSource(info, planes, opening)
    return _loaded(tiff, series, axes, info, opening, what)


def _check_chain(tiff: Any, path: Path) -> None:
    """Raise SourceError where the last page says that another follows beyond the end: tifffile would leave it out."""
    form, file = tiff.tiff, tiff.filehandle
    offset = tiff.pages[-1].offset
    file.seek(offset)
    (n_tags,) = struct.unpack(form.tagnoformat, file.read(form.tagnosize))
    file.seek(offset + form.tagnosize + n_tags * form.tagsize)
    (following,) = struct.unpack(form.offsetformat, file.read(form.offsetsize))
    if following >= file.size:
        raise SourceError(
            f"'{path.name}' ends after {len(tiff.pages)} pages and says that more follow; it is truncated"
        )


def _find(tiff: Any, part: str, what: str) -> int:
    names = [str(series.name) for series in tiff.series]
    if not part:
        return 0
    if part in names:
        return names.index(part)
    if part.isdigit() and int(part) < len(names):
        return int(part)
    raise SourceError(f"{what} holds no image '{part}'; it holds {len(names)}: 0 to {len(names) - 1}")


class _Axes:
    """How the axes of a series of pages map to t, c, z, y, x and samples."""

    def __init__(self, axes: str, shape: tuple[int, ...], what: str) -> None:
        self.notes: list[str] = []
        self.codes = axes
        self.shape = shape
        check_shape(shape, what)
        if "Y" not in axes or "X" not in axes:
            raise SourceError(f"{what} has axes {axes}; an image has Y and X")
        sizes = dict(zip(axes, shape, strict=True))
        roles = {code: code for code in axes if code in "TCZ"}
        for code in axes:
            if code not in "TCZYXS" and sizes[code] > 1:
                free = next((role for role in "ZTC" if role not in roles.values()), None)
                if free is None:
                    raise SourceError(f"{what} has axes {axes}; t, c, z, y and x are shown")
                roles[code] = free
        self.role = {role: code for code, role in roles.items()}
        self.sizes = sizes
        self.n_times = self._size("T")
        self.n_channels = self._size("C")
        self.n_samples = sizes.get("S", 1)
        self.shape_zyx: Shape3 = (self._size("Z"), sizes["Y"], sizes["X"])
        self.leading = [code for code in axes if code not in "YXS"]

    def _size(self, role: str) -> int:
        return self.sizes[self.role[role]] if role in self.role else 1

    def plane(self, channel: int, time: int, z: int) -> int:
        """Number of the page that holds a slice, in the order of the series."""
        wanted = {self.role.get("T"): time, self.role.get("C"): channel, self.role.get("Z"): z}
        index = 0
        for code in self.leading:
            index = index * self.sizes[code] + wanted.get(code, 0)
        return index


class TiffPlanes:
    """The pages of a series, decoded tile by tile where they are tiled, else page by page."""

    def __init__(self, tiff: Any, series: Any, axes: _Axes, n_shown: int, what: str) -> None:
        self._tiff = tiff
        self._series = series
        self._axes = axes
        self._n_shown = n_shown
        self._what = what
        self._lock = tiff.filehandle.lock
        self._other_files = threading.Lock()

    @property
    def is_regular(self) -> bool:
        """Whether every page is one plane (y, x, samples); else the series is loaded whole."""
        n_planes = math.prod(self._axes.sizes[code] for code in self._axes.leading)
        page = self._series.keyframe
        tail = [code for code in self._axes.codes if code in "YXS"]
        return (
            len(self._series.pages) == n_planes
            and page.imagedepth == 1
            and tail in (["Y", "X"], ["Y", "X", "S"], ["S", "Y", "X"])
        )

    def check(self, n_levels: int, opening: Opening) -> None:
        """Raise SourceError where a piece is larger than may be decoded at once."""
        for level in range(n_levels):
            page = self._page(level, 0)
            height, width = self.tile(level)
            n_bytes = height * width * page.samplesperpixel * page.dtype.itemsize
            check_decoded_bytes(n_bytes, opening.limits.decoded_chunk_max_bytes, self._what)

    def tile(self, level: int) -> tuple[int, int]:
        page = self._series.levels[level].keyframe
        return (page.tilelength, page.tilewidth) if page.is_tiled else (page.imagelength, page.imagewidth)

    def place(self, channel: int, time: int, z: int) -> tuple[int, int]:
        channel, sample = divmod(channel, self._n_shown)
        return self._axes.plane(channel, time, z), sample

    def decode(self, level: int, plane: int, row: int, column: int) -> Array:
        what = f"{self._what} (level {level}, page {plane})"
        with reading(what):
            page = self._page(level, plane)
            if page is None:  # OME: a plane that no file has
                key = self._series.levels[level].keyframe
                return np.zeros((*self.tile(level), key.samplesperpixel), key.dtype)
            # The other files of an OME series have no lock, and are opened and closed with each read.
            with nullcontext() if page.parent is self._tiff else self._other_files:
                pixels = (
                    _decode_tile(page, row, column)
                    if page.keyframe.is_tiled
                    else page.asarray(maxworkers=1).reshape(page.keyframe.shaped)
                )
            piece = np.moveaxis(pixels[:, 0], 0, -2)  # (separate samples, depth, y, x, samples)
            piece = piece.reshape(*piece.shape[:2], -1)
            native = native_dtype(piece.dtype, what)
            return piece.view(native) if piece.dtype == np.bool_ else piece.astype(native, copy=False)

    def close(self) -> None:
        self._tiff.close()

    def _page(self, level: int, plane: int) -> Any:
        with self._other_files, self._lock:  # tifffile reads pages lazily and moves one file position
            return self._series.levels[level].pages[plane]


def _decode_tile(page: Any, row: int, column: int) -> Array:
    """One tile of all samples as (separate samples, 1, y, x, contiguous samples); an absent tile is zeros."""
    key = page.keyframe
    n_separate, _, height, width, n_contiguous = key.shaped
    rows, columns = -(-height // key.tilelength), -(-width // key.tilewidth)
    out = np.zeros((n_separate, 1, key.tilelength, key.tilewidth, n_contiguous), key.dtype)
    for sample in range(n_separate):
        index = (sample * rows + row) * columns + column
        offset, n_bytes = page.dataoffsets[index], page.databytecounts[index]
        if offset == 0 or n_bytes == 0:
            continue
        if n_bytes > 2 * out.nbytes + 65_536:
            raise ValueError(f"tile {index} says that it has {n_bytes} bytes, more than its pixels could need")
        file = page.parent.filehandle
        with file.lock:
            file.seek(offset)
            data = file.read(n_bytes)
        if len(data) < n_bytes:
            raise ValueError(f"the file ends within tile {index}; it is truncated")
        segment, _, _ = key.decode(data, index, jpegtables=key.jpegtables)
        if segment is not None:
            out[sample, 0, : segment.shape[1], : segment.shape[2]] = segment[0]
    return out[
        :, :, : min(key.tilelength, height - row * key.tilelength), : min(key.tilewidth, width - column * key.tilewidth)
    ]


def _loaded(tiff: Any, series: Any, axes: _Axes, info: SourceInfo, opening: Opening, what: str) -> LoadedSource:
    """A series whose pages are not planes (one contiguous block, volumes in pages), loaded whole at the first read."""
    check_fits_memory(series.size * series.dtype.itemsize, what)

    def load() -> Array:
        opening.report(f"reading {info.name}", 0, 1)
        with reading(what), tiff:
            voxels = series.asarray(maxworkers=1)
        opening.report(f"reading {info.name}", 1, 1)
        order = [axes.role[role] for role in "TC" if role in axes.role] + ["S"] * ("S" in axes.codes)
        order += ([axes.role["Z"]] if "Z" in axes.role else []) + ["Y", "X"]
        # Axes of one element that are none of ours are dropped.
        voxels = voxels[tuple(slice(None) if code in order else 0 for code in axes.codes)]
        kept = [code for code in axes.codes if code in order]
        voxels = voxels.transpose([kept.index(code) for code in order])
        voxels = voxels.reshape(axes.n_times, axes.n_channels, axes.n_samples, *axes.shape_zyx)
        n_shown = len(info.channels) // axes.n_channels
        return np.asarray(voxels[:, :, :n_shown].reshape(axes.n_times, -1, *axes.shape_zyx))

    return LoadedSource(dataclasses.replace(info, levels=info.levels[:1]), load)


def _meta(tiff: Any, page: Any, index: int, axes: _Axes, what: str) -> TiffMeta:
    if tiff.is_ome:
        return ome_meta(tiff.ome_metadata, index, what)
    if tiff.is_imagej:
        return imagej_meta(tiff.imagej_metadata or {}, page, axes.n_channels)
    return plain_meta(tiff, page)


def _spacing(meta: TiffMeta, notes: list[str]) -> tuple[Spacing, bool]:
    """(z, y, x) in micrometres and whether the file said all of it; what is missing is taken from the other axes."""
    z, y, x = meta.spacing_zyx_um
    lateral = x or y or z
    if lateral is None:
        notes.append("The file says no spacing; 1 um was taken (give it with --spacing z,y,xunit).")
        return (1.0, 1.0, 1.0), False
    if z is None:
        notes.append(
            "The file does not say how far apart the slices are; the pixel size was taken (give --spacing z,y,xunit)."
        )
    return (z or lateral, y or lateral, x or lateral), None not in (z, y, x)


def _levels(series: Any, axes: _Axes, spacing: Spacing, what: str) -> tuple[Level, ...]:
    full = world_of(spacing)
    levels: list[Level] = []
    for number, level in enumerate(series.levels):
        sizes = dict(zip(level.axes, level.shape, strict=True))
        z = sizes.get(axes.role.get("Z", ""), 1)
        shape = (z, sizes["Y"], sizes["X"])
        check_shape(shape, what)
        if z != axes.shape_zyx[0]:
            continue  # pages of other levels hold planes; a level with fewer planes has no place in the series
        factors = [level_factor(fine, coarse) for fine, coarse in zip(axes.shape_zyx, shape, strict=True)]
        page = level.keyframe
        tile = (1, page.tilelength, page.tilewidth) if page.is_tiled else (1, shape[1], shape[2])
        levels.append(
            Level(str(number), shape, coarser(full, (factors[0], factors[1], factors[2])), clip_chunk(tile, shape))
        )
    return tuple(levels)


def _channels(meta: TiffMeta, n_channels: int, is_color: bool) -> tuple[ChannelInfo, ...]:
    if is_color and n_channels == 3:
        return component_channels(3, True)
    if len(meta.channels) == n_channels:
        return meta.channels
    return (ChannelInfo(),) * n_channels
