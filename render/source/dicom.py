"""DICOM series: the slices of one series, sorted by their position along the normal by GDCM, through ITK."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..space import Matrix
from ..units import micrometres_per
from .base import Level, Shape3, SourceInfo
from .decode import check_fits_memory, check_shape, reading
from .geometry import check_world, clip_chunk
from .itk_image import Header, check_header, component_channels, open_itk, read_header, read_voxels
from .memory import LoadedSource
from .opening import Opening

_CHUNK: Shape3 = (64, 64, 64)
_UNEVEN = 0.01
"""Steps between slices that differ by more than this part of their mean are told to the user."""


def is_dicom(path: Path) -> bool:
    """Whether the file has the preamble of DICOM's file format."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def open_dicom(path: Path, opening: Opening) -> list[LoadedSource]:
    """Open a folder's largest series, or the series of one file; a multi-frame file is opened by itself."""
    if path.is_file():
        opening.admit(path)
        header = read_header(path)
        if header.shape_zyx[0] > 1:
            return open_itk(path, opening)
    folder = path if path.is_dir() else path.parent
    series = find_series(folder)
    _check_no_torn(folder, {file.name for files in series.values() for file in files})
    if not series:
        raise SourceError(f"'{folder.name}' holds no DICOM images")
    if path.is_file():
        chosen = next((name for name, files in series.items() if path.resolve() in {f.resolve() for f in files}), None)
        if chosen is None:
            raise SourceError(f"'{path.name}' belongs to no series of images")
    else:
        chosen = max(series, key=lambda name: len(series[name]))
    notes: tuple[str, ...] = ()
    if len(series) > 1:
        notes = (
            f"The folder holds {len(series)} series; {chosen} ({len(series[chosen])} slices) was opened: "
            "name a file of another series to open that one.",
        )
    return [_open_series(folder.name if path.is_dir() else path.name, series[chosen], notes, opening)]


def find_series(folder: Path) -> dict[str, list[Path]]:
    """Series id -> its files, sorted by position by GDCM."""
    with reading(f"'{folder.name}'"):
        import itk

        names = itk.GDCMSeriesFileNames.New()
        names.SetUseSeriesDetails(True)
        names.SetDirectory(str(folder))
        return {str(uid): [Path(name) for name in names.GetFileNames(uid)] for uid in names.GetSeriesUIDs()}


_PIXEL_DATA_TAG = b"\xe0\x7f\x10\x00"


def _check_no_torn(folder: Path, in_series: set[str]) -> None:
    """Raise SourceError for an image that GDCM leaves out without a word because it is damaged."""
    for file in sorted(folder.iterdir()):
        if file.name in in_series or not file.is_file() or not is_dicom(file):
            continue
        with reading(f"'{file.name}'"):
            has_pixels = _PIXEL_DATA_TAG in file.read_bytes()
        if has_pixels:
            read_header(file)  # a whole image, which belongs to no series, passes


def _open_series(name: str, files: Sequence[Path], notes: tuple[str, ...], opening: Opening) -> LoadedSource:
    headers = _headers(files, opening)
    first = headers[0]
    for header in headers:
        check_header(header, opening)
        if header.size[:2] != first.size[:2] or header.n_components != first.n_components:
            raise SourceError(
                f"'{header.path.name}' is {header.size[0]} x {header.size[1]} pixels where the other slices of "
                f"the series are {first.size[0]} x {first.size[1]}; remove it from the folder"
            )
    places = _by_place(headers)
    n_times = min(len(place) for place in places)
    if any(len(place) != n_times for place in places):
        notes += ("Some slices of the series lie at the same place; one of each was taken.",)
        n_times = 1
    shape = (len(places), *first.shape_zyx[1:])
    check_shape(shape, f"'{name}'")
    # Rescale slopes may differ from slice to slice (PET), and then so do the types that GDCM makes.
    dtype = np.result_type(*(header.dtype for header in headers))
    check_fits_memory(int(np.prod(shape)) * n_times * first.n_components * dtype.itemsize, f"'{name}'")
    world, more = _world(places)
    check_world(world, f"'{name}'")
    info = SourceInfo(
        name=name,
        format="DICOM",
        kind=opening.kind or "image",
        dtype=dtype,
        levels=(Level("0", shape, world, clip_chunk(_CHUNK, shape)),),
        channels=component_channels(first.n_components, first.pixel in ("rgb", "rgba")),
        n_times=n_times,
        unit="mm",
        orientation="anatomical",
        notes=notes + more,
    )

    def load() -> NDArray[np.generic]:
        n_channels = len(info.channels)
        voxels = np.empty((n_times, n_channels, *shape), dtype)
        for z, place in enumerate(places):
            for t, header in enumerate(place[:n_times]):
                voxels[t, :, z] = read_voxels(header.path)[0, :n_channels, 0]
            opening.report("reading DICOM slices", z + 1, len(places))
        return voxels

    return LoadedSource(info, load)


def _headers(files: Sequence[Path], opening: Opening) -> list[Header]:
    headers = []
    for done, file in enumerate(files, 1):
        headers.append(read_header(opening.admit(file)))
        opening.report("reading DICOM headers", done, len(files))
    return headers


def _position(header: Header) -> NDArray[np.float64]:
    return np.array([*header.origin, 0.0, 0.0][:3])


def _by_place(headers: Sequence[Header]) -> list[list[Header]]:
    """The slices in order along the normal; those at one place (times, mostly) together, sorted by name."""
    direction = headers[0].direction
    normal = direction[2] if len(direction) > 2 else np.array([0.0, 0.0, 1.0])
    along = {id(header): round(float(normal @ _position(header)), 4) for header in headers}
    if len(set(along.values())) == 1 and len(headers) > 1:
        return [[header] for header in headers]  # no positions (secondary captures): GDCM's order is all there is
    ordered = sorted(headers, key=lambda header: (along[id(header)], header.path.name))
    return [list(place) for _, place in groupby(ordered, key=lambda header: along[id(header)])]


def _world(places: Sequence[Sequence[Header]]) -> tuple[Matrix, tuple[str, ...]]:
    """`world_from_vox` from the positions of the slices, not from a declared distance, and what is odd about them.

    A series whose slices are shifted against each other (a tilted gantry) gets a sheared map, which is where it lies.
    """
    first = places[0][0]
    um = micrometres_per("mm")
    world = dataclasses.replace(first, spacing=(*first.spacing[:2], _declared_step(first))).world_from_vox(um)
    positions = np.array([_position(place[0]) for place in places])
    if len(places) < 2:
        return world, ()
    step = (positions[-1] - positions[0]) / (len(places) - 1)
    if not np.linalg.norm(step) > 0:
        return world, ("The slices say no positions; their order and distance may be wrong.",)
    world[:3, 2] = step * um
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    if np.abs(steps - steps.mean()).max() > _UNEVEN * steps.mean():
        return world, (
            f"The distance between slices varies from {steps.min():.4g} to {steps.max():.4g} mm; their mean was taken.",
        )
    return world, ()


def _declared_step(header: Header) -> float:
    step = header.spacing[2] if len(header.spacing) > 2 else 0.0
    return step if step > 0 else header.spacing[0]
