"""One 2D image file, TIFF or PNG: what it declares, and its pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import check_regular, check_shape, reading

Rgba = tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """What a file says of its pixels. `spacing_yx_um` is None where it says nothing of use.

    `palette`: index -> RGBA (0..1) where pixels are indices into colours.
    """

    path: Path
    format: str
    height: int
    width: int
    n_samples: int
    dtype: np.dtype[np.generic]
    spacing_yx_um: tuple[float, float] | None = None
    palette: dict[int, Rgba] = field(default_factory=dict)
    n_alpha: int = 0

    def n_shown(self, as_labels: bool) -> int:
        """Channels: colours without alpha; a palette is three of them, or for labels its index."""
        if self.palette:
            return 1 if as_labels else 3
        return self.n_samples - self.n_alpha


def picture_header(path: Path) -> Picture:
    """Read what a file declares. Raises SourceError."""
    what = f"'{path.name}'"
    if check_regular(path) == 0:
        raise SourceError(f"{what} is empty")
    with reading(what):
        with path.open("rb") as file:
            magic = file.read(8)
        picture = _png_header(path) if magic.startswith(b"\x89PNG") else _tiff_header(path)
    check_shape((picture.height, picture.width), what)
    return picture


def decode_picture(picture: Picture, *, as_labels: bool) -> NDArray[np.generic]:
    """The pixels as (y, x, channels), in native byte order, bool as uint8."""
    with reading(f"'{picture.path.name}'"):
        pixels = _png_pixels(picture) if picture.format == "PNG" else _tiff_pixels(picture)
    pixels = pixels.reshape(picture.height, picture.width, picture.n_samples)
    if picture.palette and not as_labels:
        table = np.zeros((max(256, max(picture.palette) + 1), 3), np.uint8)
        for index, color in picture.palette.items():
            table[index] = np.rint(np.multiply(color[:3], 255.0))
        return np.asarray(table[pixels[:, :, 0]])
    if pixels.dtype == np.bool_:
        pixels = (pixels.view(np.uint8) != 0).astype(np.uint8)  # Pillow's True is the byte 255
    return pixels[:, :, : picture.n_shown(as_labels)]


_PNG_SAMPLES = {0: (1, 0), 2: (3, 0), 3: (1, 0), 4: (2, 1), 6: (4, 1)}
"""Colour type -> (samples, of which alpha)"""


def _png_header(path: Path) -> Picture:
    with path.open("rb") as file:
        header = file.read(33)
        if len(header) < 33 or header[12:16] != b"IHDR":
            raise SourceError(f"'{path.name}' is no whole PNG image")
        width, height, depth, color = struct.unpack(">IIBB", header[16:26])
        palette = _png_palette(file.read(1 << 16)) if color == 3 else {}
    if color not in _PNG_SAMPLES:
        raise SourceError(f"'{path.name}' is no PNG image: its colour type is {color}")
    n_samples, n_alpha = _PNG_SAMPLES[color]
    dtype = np.dtype(np.uint16 if depth == 16 else np.uint8)
    return Picture(path, "PNG", height, width, n_samples, dtype, palette=palette, n_alpha=n_alpha)


def _png_palette(chunks: bytes) -> dict[int, Rgba]:
    start = chunks.find(b"PLTE")
    if start < 4:
        return {}
    (length,) = struct.unpack(">I", chunks[start - 4 : start])
    colors = np.frombuffer(chunks[start + 4 : start + 4 + length // 3 * 3], np.uint8).reshape(-1, 3) / 255.0
    return {index: (float(r), float(g), float(b), 1.0) for index, (r, g, b) in enumerate(colors)}


def _png_pixels(picture: Picture) -> NDArray[np.generic]:
    if picture.palette or picture.dtype == np.uint8:
        from PIL import Image

        with Image.open(picture.path) as image:
            # One bit a pixel is 0 and 1, which np.asarray gives as bool.
            return np.asarray(image)
    import imagecodecs

    return np.asarray(imagecodecs.png_decode(picture.path.read_bytes()))


def _tiff_header(path: Path) -> Picture:
    import tifffile

    from .tiff_meta import page_spacing_um, palette_of

    with tifffile.TiffFile(path) as tiff:
        if len(tiff.pages) > 1 and not (
            tiff.is_ome and len(tiff.series) == 1 and tiff.series[0].size == tiff.pages[0].size
        ):
            raise SourceError(
                f"'{path.name}' has {len(tiff.pages)} pages; a file of a folder of slices has one: open it by itself"
            )
        page = tiff.pages.first
        if page.imagedepth > 1:
            raise SourceError(f"'{path.name}' has a volume in one page; a file of a folder of slices has one slice")
        if page.dtype is None:
            raise SourceError(f"'{path.name}' has pixels of a type that is not read")
        return Picture(
            path, "TIFF", page.imagelength, page.imagewidth, page.samplesperpixel, np.dtype(page.dtype),
            page_spacing_um(page), palette_of(page), len(page.extrasamples) if page.samplesperpixel > 2 else 0,
        )  # fmt: skip


def _tiff_pixels(picture: Picture) -> NDArray[np.generic]:
    import tifffile

    with tifffile.TiffFile(picture.path) as tiff:
        page = tiff.pages.first
        pixels = page.asarray().reshape(page.shaped)  # (separate samples, depth, y, x, contiguous samples)
    return np.asarray(np.moveaxis(pixels[:, 0], 0, -2).reshape(picture.height, picture.width, -1))
