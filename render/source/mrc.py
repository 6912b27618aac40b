"""MRC and CCP4 maps (tomograms): headers by mrcfile, voxels mapped from the file, so that no size is too large.

The cell's sides over its intervals are the spacing, in angstroms. The first voxel's centre is at the header's origin
or, where that is 0, at nstart voxels; sections, rows and columns may be any of z, y, x (mapc, mapr, maps).
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..units import micrometres_per
from .base import ChannelInfo, Level, Shape3, SourceInfo
from .decode import check_regular, check_shape, native_dtype, reading
from .geometry import check_spacing, clip_chunk, world_of
from .memory import LoadedSource
from .opening import Opening

SUFFIXES = (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali")
_HEADER_BYTES = 1024
_DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_REFUSED = {3: "complex numbers", 4: "complex numbers", 101: "half bytes"}
_STACK_MIN = 401
_IMOD_STAMP = 1146047817
_CHUNK: Shape3 = (64, 64, 64)


def is_mrc(magic: bytes) -> bool:
    """Whether a file begins as MRC 2000 and later do."""
    return magic[208:212] == b"MAP "


def open_mrc(path: Path, opening: Opening) -> list[LoadedSource]:
    """Open a map, a tomogram or a stack of volumes (as times). Raises SourceError."""
    what = f"'{path.name}'"
    size = check_regular(path)
    header = _header(path, what)
    mode = int(header.mode)
    if mode not in _DTYPES:
        said = _REFUSED.get(mode, f"mode {mode}")
        raise SourceError(f"{what} has voxels that are {said}, which are not shown; modes 0, 1, 2, 6 and 12 are")
    notes: list[str] = []
    stored = np.dtype(_DTYPES[mode]).newbyteorder(header.dtype["mode"].byteorder)
    if mode == 0 and _is_unsigned(path, header, notes):
        stored = np.dtype(np.uint8)
    sections, rows, columns = int(header.nz), int(header.ny), int(header.nx)
    check_shape((sections, rows, columns), what)
    first = _HEADER_BYTES + max(0, int(header.nsymbt))
    if size < first + sections * rows * columns * stored.itemsize:
        raise SourceError(f"{what} is truncated: it has {size} bytes and its voxels end later")
    order = _order(header, what)
    depth = int(header.mz)
    n_times = 1
    if int(header.ispg) >= _STACK_MIN and 0 < depth < sections and sections % depth == 0:
        n_times, sections = sections // depth, depth
    shape = _permuted((sections, rows, columns), order)
    spacing, known = _spacing(header, shape, what)
    origin = _origin(header, order, spacing)
    scale = micrometres_per("angstrom")
    world = world_of(
        (spacing[0] * scale, spacing[1] * scale, spacing[2] * scale),
        (origin[0] * scale, origin[1] * scale, origin[2] * scale),
    )
    if any(abs(float(header.cellb[name]) - 90.0) > 0.5 for name in ("alpha", "beta", "gamma")) and known:
        notes.append("The unit cell is oblique; it is shown with right angles.")
    info = SourceInfo(
        name=path.name,
        format="MRC",
        kind=opening.kind or "image",
        dtype=native_dtype(stored, what),
        levels=(Level("0", shape, world, clip_chunk(_CHUNK, shape)),),
        channels=(ChannelInfo(),),
        n_times=n_times,
        unit="angstrom" if known else "",
        spacing_is_known=known,
        notes=tuple(notes),
    )

    def load() -> NDArray[np.generic]:
        with reading(what):
            voxels = np.memmap(path, stored, "r", first, (n_times, 1, sections, rows, columns))
        return voxels.transpose(0, 1, *(2 + axis for axis in order))

    return [LoadedSource(info, load)]


def _header(path: Path, what: str) -> Any:
    import mrcfile

    with reading(what), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files that are not quite as the standard has them, which most are
        with mrcfile.open(path, mode="r", permissive=True, header_only=True) as file:
            if file.header is None:
                raise SourceError(f"{what} has no header of MRC")
            return file.header.copy()


def _is_unsigned(path: Path, header: Any, notes: list[str]) -> bool:
    """Bytes are signed by the standard of 2014 and where IMOD says so; before, programs differed."""
    with reading(f"'{path.name}'"), path.open("rb") as file:
        raw = file.read(_HEADER_BYTES)
    for order in ("<", ">"):
        stamp, flags = np.frombuffer(raw, f"{order}i4", 2, 152).tolist()
        if stamp == _IMOD_STAMP:
            return not flags & 1
    if int(header.nversion) >= 20140:
        return False
    notes.append("The file does not say whether its bytes are signed; they were taken as 0 to 255.")
    return True


def _order(header: Any, what: str) -> tuple[int, int, int]:
    """Which axis of the stored (sections, rows, columns) is z, y, x."""
    said = [int(header.maps), int(header.mapr), int(header.mapc)]
    if said == [0, 0, 0]:
        said = [3, 2, 1]
    if sorted(said) != [1, 2, 3]:
        raise SourceError(f"{what} says that its sections, rows and columns are the axes {said}; they are 1, 2 and 3")
    return said.index(3), said.index(2), said.index(1)


def _permuted(stored: Shape3, order: tuple[int, int, int]) -> Shape3:
    return stored[order[0]], stored[order[1]], stored[order[2]]


def _spacing(header: Any, shape: Shape3, what: str) -> tuple[tuple[float, float, float], bool]:
    """(z, y, x) in angstroms, and whether the file says it."""
    sides = [float(header.cella[name]) for name in ("z", "y", "x")]
    steps = [int(header[name]) or n for name, n in zip(("mz", "my", "mx"), shape, strict=True)]
    if all(side == 0 for side in sides):
        return (1e4, 1e4, 1e4), False
    spacing = [side / step if step > 0 else math.nan for side, step in zip(sides, steps, strict=True)]
    check_spacing(spacing, what)
    return (spacing[0], spacing[1], spacing[2]), True


def _origin(
    header: Any, order: tuple[int, int, int], spacing: tuple[float, float, float]
) -> tuple[float, float, float]:
    """(z, y, x) in angstroms."""
    said = [float(header.origin[name]) for name in ("z", "y", "x")]
    if any(value != 0 for value in said) and all(map(math.isfinite, said)):
        return said[0], said[1], said[2]
    starts = [int(header.nzstart), int(header.nystart), int(header.nxstart)]  # as stored: section, row, column
    z, y, x = (starts[axis] * step for axis, step in zip(order, spacing, strict=True))
    return z, y, x
