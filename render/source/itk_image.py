"""NRRD, MetaImage, NIfTI, MRC, VTK and GIPL images, read through ITK's image readers.

ITK gives geometry in its world, which is LPS; NRRD and NIfTI in other spaces are converted by it. The readers are
called directly, into a numpy buffer, because `itk.imread` knows no 64-bit integers, int8 or many components.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..space import Matrix, affine
from ..units import is_length_unit, micrometres_per
from .base import ChannelInfo, Level, Shape3, SourceInfo
from .decode import check_fits_memory, check_regular, check_shape, native_dtype, reading
from .geometry import check_spacing, check_world, clip_chunk
from .label_table import label_table
from .memory import LoadedSource
from .nifti import check_complete
from .opening import Opening

SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".nii.gz", ".hdr", ".img", ".mrc", ".rec", ".st", ".vtk", ".gipl")
_FORMATS = {
    "NrrdImageIO": "NRRD",
    "MetaImageIO": "MetaImage",
    "NiftiImageIO": "NIfTI",
    "MRCImageIO": "MRC",
    "VTKImageIO": "VTK",
    "GiplImageIO": "GIPL",
    "GDCMImageIO": "DICOM",
}
_DTYPES = {
    "unsigned_char": "u1", "char": "i1", "unsigned_short": "u2", "short": "i2", "unsigned_int": "u4", "int": "i4",
    "unsigned_long": f"u{np.dtype(np.uint).itemsize}", "long": f"i{np.dtype(np.int_).itemsize}",
    "unsigned_long_long": "u8", "long_long": "i8", "float": "f4", "double": "f8",
}  # fmt: skip
_CHUNK: Shape3 = (64, 64, 64)


@dataclass(frozen=True)
class Header:
    """What ITK reads of a file without its voxels. Per axis, first axis fastest: `size`, `spacing`, `origin`.

    `direction`: rows are axes; lengths are in the file's numbers (ITK: millimetres).
    """

    path: Path
    reader: str
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: NDArray[np.float64]
    dtype: np.dtype[np.generic]
    n_components: int
    pixel: str

    @property
    def shape_zyx(self) -> Shape3:
        x, y, z = (*self.size, 1, 1)[:3]
        return z, y, x

    @property
    def n_times(self) -> int:
        return math.prod(self.size[3:])

    def world_from_vox(self, um_per_unit: float) -> Matrix:
        """4x4, micrometres; an axis that the file lacks gets the spacing of the first and its own direction."""
        check_spacing(self.spacing[:3], f"'{self.path.name}'")
        n = min(3, len(self.size))
        direction = np.eye(3)
        direction[:n, :n] = self.direction[:n, :n].T
        spacing = np.full(3, self.spacing[0])
        spacing[:n] = self.spacing[:n]
        origin = np.zeros(3)
        origin[:n] = self.origin[:n]
        x, y, z = (float(value) for value in spacing * um_per_unit)
        ox, oy, oz = (float(value) for value in origin * um_per_unit)
        return affine((x, y, z), (ox, oy, oz), direction)


def open_itk(path: Path, opening: Opening) -> list[LoadedSource]:
    """Open one file. Raises SourceError when ITK cannot read its header; the voxels are read at the first read."""
    opening.admit(path)
    header = read_header(path)
    what = f"'{path.name}'"
    check_header(header, opening)
    unit, factor, orientation, notes = _unit(header)
    world = header.world_from_vox(factor)
    check_world(world, what)
    names, colors = label_table(path) if opening.kind == "labels" else ({}, {})
    info = SourceInfo(
        name=path.name,
        format=_FORMATS[header.reader],
        kind=opening.kind or "image",
        dtype=header.dtype,
        levels=(Level("0", header.shape_zyx, world, clip_chunk(_CHUNK, header.shape_zyx)),),
        channels=component_channels(header.n_components, header.pixel in ("rgb", "rgba")),
        n_times=header.n_times,
        unit=unit,
        orientation=orientation,
        label_colors=colors,
        label_names=names,
        notes=notes,
    )

    def load() -> NDArray[np.generic]:
        opening.report(f"reading {path.name}", 0, 1)
        voxels = read_voxels(path)
        opening.report(f"reading {path.name}", 1, 1)
        return voxels[:, : len(info.channels)]

    return [LoadedSource(info, load)]


def check_header(header: Header, opening: Opening) -> None:
    """Raise SourceError for a header that declares what cannot be shown or does not fit."""
    what = f"'{header.path.name}'"
    check_shape(header.size, what)
    if header.pixel == "complex":
        raise SourceError(f"{what} has complex voxels; save their magnitude or phase")
    if header.n_components > opening.limits.channels_max:
        raise SourceError(
            f"{what} has {header.n_components} values a voxel; at most {opening.limits.channels_max} channels are shown"
        )
    check_fits_memory(math.prod(header.size) * header.n_components * header.dtype.itemsize, what)


def component_channels(n_components: int, is_color: bool) -> tuple[ChannelInfo, ...]:
    """Channels of a voxel's components: red, green and blue for colours (alpha is left out)."""
    if is_color and n_components >= 3:
        return (
            ChannelInfo("red", (1.0, 0.0, 0.0)),
            ChannelInfo("green", (0.0, 1.0, 0.0)),
            ChannelInfo("blue", (0.0, 0.0, 1.0)),
        )
    return (ChannelInfo(),) * n_components


def read_header(path: Path) -> Header:
    """Shape, type and geometry of a file. SourceError when no reader of ours takes it."""
    what = f"'{path.name}'"
    if check_regular(path) == 0:
        raise SourceError(f"{what} is empty")
    with reading(what):
        return _header(_image_io(path), path)


def read_voxels(path: Path) -> NDArray[np.generic]:
    """All voxels as (t, c, z, y, x), a view of the buffer that ITK filled."""
    what = f"'{path.name}'"
    with reading(what):
        import itk

        io = _image_io(path)
        header = _header(io, path)
        if header.reader == "NiftiImageIO":
            check_complete(path)
        region = itk.ImageIORegion(len(header.size))
        for axis, length in enumerate(header.size):
            region.SetIndex(axis, 0)
            region.SetSize(axis, length)
        io.SetIORegion(region)
        voxels = np.empty((header.n_times, *header.shape_zyx, header.n_components), header.dtype)
        if voxels.nbytes != io.GetImageSizeInBytes():
            raise SourceError(f"{what} says two different sizes of its voxels")
        # Some readers do not notice that a file ends too early. Then what was in the last voxel before is still there.
        last = voxels.reshape(-1).view(np.uint8)[-header.dtype.itemsize :]
        for mark in (0xA5, 0x5A):
            last[:] = mark
            # ITK writes into the memory of an image; this one lies on the numpy buffer.
            io.Read(itk.image_view_from_array(voxels.reshape(1, -1).view(np.uint8)).GetBufferPointer())
            if (last != mark).any():
                break
        else:
            raise SourceError(f"{what} ends before its last voxel; the file is truncated")
        return voxels.transpose(0, 4, 1, 2, 3)


_MAGIC = (
    (0, b"NRRD", "NrrdImageIO"),
    (0, b"ObjectType", "MetaImageIO"),
    (0, b"NDims", "MetaImageIO"),
    (0, b"# vtk DataFile", "VTKImageIO"),
    (208, b"MAP ", "MRCImageIO"),
)


def _image_io(path: Path) -> Any:
    """ITK's reader of a file: by its first bytes, else by ITK's own choice, which goes by the suffix."""
    import itk

    with path.open("rb") as file:
        start = file.read(512)
    name = next((name for at, magic, name in _MAGIC if start[at : at + len(magic)] == magic), None)
    if name is not None:
        io = getattr(itk, name).New()
    else:
        io = itk.ImageIOFactory.CreateImageIO(str(path), itk.CommonEnums.IOFileMode_ReadMode)
    if io is None or io.GetNameOfClass() not in _FORMATS:
        if is_nifti(start):
            raise SourceError(f"'{path.name}' is a NIfTI image; its name must end in .nii or .nii.gz")
        raise SourceError(f"'{path.name}' is in no format that is read here, or it is damaged")
    io.SetFileName(str(path))
    if io.GetNameOfClass() == "NiftiImageIO":
        # Headers whose two orientations disagree a little are common; without this ITK refuses them.
        itk.NiftiImageIO.cast(io).SetSFORM_Permissive(True)
    io.ReadImageInformation()
    return io


def is_nifti(start: bytes) -> bool:
    """Whether the first bytes of a file are a NIfTI header, which says its own length, in either byte order."""
    return (
        start[:4] in (b"\x5c\1\0\0", b"\0\0\1\x5c", b"\x1c\2\0\0", b"\0\0\2\x1c")
        and b"n" in start[4:5] + start[344:345]
    )


def _header(io: Any, path: Path) -> Header:
    n_axes = io.GetNumberOfDimensions()
    component = io.GetComponentTypeAsString(io.GetComponentType())
    if component not in _DTYPES:
        raise SourceError(f"'{path.name}' has voxels of type {component}, which are not shown")
    return Header(
        path=path,
        reader=io.GetNameOfClass(),
        size=tuple(int(io.GetDimensions(axis)) for axis in range(n_axes)),
        spacing=tuple(float(io.GetSpacing(axis)) for axis in range(n_axes)),
        origin=tuple(float(io.GetOrigin(axis)) for axis in range(n_axes)),
        direction=np.array([io.GetDirection(axis) for axis in range(n_axes)], np.float64),
        dtype=native_dtype(np.dtype(_DTYPES[component]), f"'{path.name}'"),
        n_components=int(io.GetNumberOfComponents()),
        pixel=io.GetPixelTypeAsString(io.GetPixelType()),
    )


def _unit(header: Header) -> tuple[str, float, Literal["image", "anatomical"], tuple[str, ...]]:
    """(unit, micrometres per unit, orientation, notes). ITK's unit is the millimetre; MRC's is the angstrom."""
    if header.reader == "MRCImageIO":
        return "angstrom", micrometres_per("angstrom"), "image", ()
    if header.reader == "NrrdImageIO":
        return _nrrd_unit(header.path)
    if header.reader in ("VTKImageIO", "GiplImageIO"):
        return "", micrometres_per("mm"), "image", ("The format names no unit; its lengths were taken as mm.",)
    return "mm", micrometres_per("mm"), "anatomical", ()


_ANATOMICAL = ("right-anterior-superior", "ras", "left-anterior-superior", "las", "left-posterior-superior", "lps")


def _nrrd_unit(path: Path) -> tuple[str, float, Literal["image", "anatomical"], tuple[str, ...]]:
    fields: dict[str, str] = {}
    with reading(f"'{path.name}'"), path.open("rb") as file:
        for _ in range(1024):
            line = file.readline(65_536).decode("latin-1").rstrip("\r\n")
            if not line:
                break
            key, colon, value = line.partition(":")
            if colon and not line.startswith("#"):
                fields[key.strip().lower()] = value.lstrip("=").strip()
    space = fields.get("space", "").lower()
    orientation: Literal["image", "anatomical"] = "anatomical" if space.startswith(_ANATOMICAL) else "image"
    said = fields.get("space units") or fields.get("units") or ""
    units = [unit for unit in said.replace('"', " ").split() if unit not in ("none", "???")]
    if units and is_length_unit(units[0]):
        if any(unit != units[0] for unit in units[:3]):
            raise SourceError(f"'{path.name}' has axes in different units ({said}); give --spacing z,y,xunit")
        return units[0], micrometres_per(units[0]), orientation, ()
    if orientation == "anatomical":
        return "mm", micrometres_per("mm"), orientation, ()
    return "", micrometres_per("mm"), orientation, ("The file names no unit; its lengths were taken as mm.",)
