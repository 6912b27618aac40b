"""A volume from files of 2D slices: a folder or a pattern of TIFF or PNG images, in natural order (2 before 10)."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import SourceError
from .base import ChannelInfo, Level, Shape3, SourceInfo
from .decode import check_decoded_bytes, check_shape, native_dtype
from .geometry import clip_chunk, world_of
from .itk_image import SUFFIXES as VOLUME_SUFFIXES
from .itk_image import component_channels
from .opening import Opening
from .picture import Picture, decode_picture, picture_header
from .planes import Array, PlaneSource

SUFFIXES = (".tif", ".tiff", ".png")
_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sorting key under which runs of digits count as numbers."""
    return [(0, int(part), part) if part.isdigit() else (1, 0, part.lower()) for part in _DIGITS.split(name) if part]


def open_folder(folder: Path, opening: Opening) -> list[PlaneSource]:
    """Open the slices of a folder; files of other kinds in it are left alone, hidden ones too."""
    files = [entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith(".")]
    by_kind = {
        kind: [file for file in files if file.suffix.lower() in suffixes]
        for kind, suffixes in (("TIFF", (".tif", ".tiff")), ("PNG", (".png",)))
    }
    if all(by_kind.values()):
        raise SourceError(
            f"'{folder.name}' holds TIFF and PNG images; name the ones you mean, such as '{folder.name}/*.tif'"
        )
    slices = by_kind["TIFF"] or by_kind["PNG"]
    if not slices:
        raise SourceError(_no_images(folder, files))
    return open_slices(folder.name, sorted(slices, key=lambda file: natural_key(file.name)), opening)


def open_pattern(pattern: Path, opening: Opening) -> list[PlaneSource]:
    """Open the slices that a pattern with *, ? or [...] matches."""
    files = [Path(name) for name in glob.glob(str(pattern), recursive=True) if Path(name).is_file()]
    if not files:
        raise SourceError(f"no file matches '{pattern.name}'")
    others = sorted(file.name for file in files if file.suffix.lower() not in SUFFIXES)
    if others:
        raise SourceError(f"'{pattern.name}' matches '{others[0]}'; slices are TIFF or PNG images")
    return open_slices(pattern.name, sorted(files, key=lambda file: natural_key(str(file))), opening)


def open_slices(name: str, files: Sequence[Path], opening: Opening) -> list[PlaneSource]:
    """Open files of one slice each, in this order. All must have the shape and type of the first."""
    if not files:
        raise SourceError(f"'{name}' holds no images")
    for file in files:
        opening.admit(file)
    first = picture_header(files[0])
    what = f"'{name}'"
    shape = (len(files), first.height, first.width)
    check_shape(shape, what)
    check_decoded_bytes(
        first.height * first.width * first.n_samples * first.dtype.itemsize,
        opening.limits.decoded_chunk_max_bytes,
        what,
    )
    # A palette is shown by its colours, but labels are its indices.
    as_labels = opening.kind == "labels"
    if as_labels and first.n_shown(as_labels=True) > 1:
        raise SourceError(f"{what} holds colour images; labels are one number a pixel")
    n_channels = first.n_shown(as_labels=as_labels)
    channels = component_channels(n_channels, True) if n_channels == 3 else (ChannelInfo(),) * n_channels
    spacing = first.spacing_yx_um
    info = SourceInfo(
        name=name,
        format=f"{first.format} slices" if len(files) > 1 else first.format,
        kind=opening.kind or "image",
        dtype=native_dtype(first.dtype, what),
        levels=(_level(shape, spacing),),
        channels=channels,
        unit="" if spacing is None else "um",
        spacing_is_known=False,
        label_colors=first.palette if as_labels else {},
        notes=_spacing_notes(spacing, len(files)),
    )
    return [PlaneSource(info, _Files(files, first, as_labels), opening)]


class _Files:
    """One file a plane."""

    def __init__(self, files: Sequence[Path], first: Picture, as_labels: bool) -> None:
        self._files = files
        self._first = first
        self._as_labels = as_labels

    def tile(self, level: int) -> tuple[int, int]:
        return self._first.height, self._first.width

    def place(self, channel: int, time: int, z: int) -> tuple[int, int]:
        return z, channel

    def decode(self, level: int, plane: int, row: int, column: int) -> Array:
        file = self._files[plane]
        found = picture_header(file)
        if (found.height, found.width) != (self._first.height, self._first.width):
            raise SourceError(
                f"slice '{file.name}' has {found.width} x {found.height} pixels where the first one, "
                f"'{self._files[0].name}', has {self._first.width} x {self._first.height}"
            )
        if (found.dtype, found.n_samples) != (self._first.dtype, self._first.n_samples):
            raise SourceError(
                f"slice '{file.name}' has {found.n_samples} x {found.dtype} a pixel where the first one, "
                f"'{self._files[0].name}', has {self._first.n_samples} x {self._first.dtype}"
            )
        return decode_picture(found, as_labels=self._as_labels)

    def close(self) -> None:
        pass


def _level(shape: Shape3, spacing_yx_um: tuple[float, float] | None) -> Level:
    y, x = spacing_yx_um or (1.0, 1.0)
    return Level("0", shape, world_of((x, y, x)), clip_chunk((1, shape[1], shape[2]), shape))


def _spacing_notes(spacing_yx_um: tuple[float, float] | None, n_files: int) -> tuple[str, ...]:
    if spacing_yx_um is None:
        return ("The files say no spacing; 1 um was taken (give it with --spacing z,y,xunit).",)
    if n_files > 1:
        return (
            "The files do not say how far apart the slices are; their pixel size was taken (give --spacing z,y,xunit).",
        )
    return ()


def _no_images(folder: Path, files: Sequence[Path]) -> str:
    volumes = sorted(file.name for file in files if file.name.lower().endswith((*VOLUME_SUFFIXES, ".npy")))
    stores = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.suffix == ".zarr")
    if volumes or stores:
        listed = ", ".join((volumes + stores)[:8])
        return f"'{folder.name}' is a folder with several data sets; open one of them: {listed}"
    return (
        f"'{folder.name}' is a folder without images; a folder holds DICOM files, TIFF or PNG slices, or a zarr store"
    )
