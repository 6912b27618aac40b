"""Developed pictures as files: PNG of 8 and 16 bit, lossless WebP, JPEG."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..errors import UsageError

StillFormat = Literal["png", "webp", "jpeg"]

_SRGB_PERCEPTUAL = b"\x00"
_PNG_HEAD_BYTES = 33  # the signature, and IHDR, which comes first


def encode_still(
    rgba: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    still_format: StillFormat = "png",
    notes: Mapping[str, str] | None = None,
) -> bytes:
    """Encode (height, width, 4) uint8 sRGB with straight alpha, top row first; for a PNG also uint16.

    PNG and WebP lose nothing; JPEG (quality 92, full chroma) is for opaque pictures. Alpha is left out where the
    picture is opaque everywhere. `notes` become text chunks of a PNG (WebP and JPEG have none). The same picture and
    notes give the same bytes. Raises UsageError for an array of another shape or type, or one that the format lacks.
    """
    deep = rgba.dtype == np.uint16
    if rgba.ndim != 3 or rgba.shape[2] != 4 or not (rgba.dtype == np.uint8 or deep) or 0 in rgba.shape:
        raise UsageError(f"a picture must be (height, width, 4) uint8 or uint16, not {rgba.shape} {rgba.dtype}")
    if deep and still_format != "png":
        raise UsageError(f"a {still_format} has 8 bits a component; 16 need a .png")
    opaque = bool((rgba[..., 3] == np.iinfo(rgba.dtype).max).all())
    if still_format == "jpeg" and not opaque:
        raise UsageError("a JPEG cannot be transparent; write a .png or a .webp")
    pixels = np.ascontiguousarray(rgba[..., :3] if opaque else rgba)
    if deep:
        return _png16(pixels, notes or {})
    image = Image.fromarray(pixels)
    out = io.BytesIO()
    if still_format == "webp":
        image.save(out, "WEBP", lossless=True, exact=True, method=0, quality=20)
    elif still_format == "jpeg":
        image.save(out, "JPEG", quality=92, subsampling=0)
    else:
        info = PngInfo()
        info.add(b"sRGB", _SRGB_PERCEPTUAL)
        for key, value in (notes or {}).items():
            info.add_itxt(key, value)
        image.save(out, "PNG", compress_level=4, pnginfo=info)
    return out.getvalue()


def _png16(pixels: npt.NDArray[Any], notes: Mapping[str, str]) -> bytes:
    """Pillow writes no colours of 16 bit, imagecodecs no chunks beside the picture: they are put after the header."""
    import imagecodecs

    data: bytes = bytes(imagecodecs.png_encode(pixels, level=4))
    chunks = _chunk(b"sRGB", _SRGB_PERCEPTUAL)
    for key, value in notes.items():  # PNG 3rd edition, 11.3.3.4: keyword, no compression, no language
        chunks += _chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode())
    return data[:_PNG_HEAD_BYTES] + chunks + data[_PNG_HEAD_BYTES:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
