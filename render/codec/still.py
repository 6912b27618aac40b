"""Still pictures as PNG or lossless WebP."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..errors import UsageError

StillFormat = Literal["png", "webp"]

_SRGB_PERCEPTUAL = b"\x00"


def encode_still(
    rgba: npt.NDArray[np.uint8], still_format: StillFormat = "png", notes: Mapping[str, str] | None = None
) -> bytes:
    """Encode (height, width, 4) uint8 sRGB with straight alpha, top row first, without loss.

    Alpha is left out where the picture is opaque everywhere. `notes` become text chunks of a PNG (WebP has none). The
    same picture and notes give the same bytes. Raises UsageError for an array of another shape or type.
    """
    if rgba.ndim != 3 or rgba.shape[2] != 4 or rgba.dtype != np.uint8 or 0 in rgba.shape:
        raise UsageError(f"a picture must be (height, width, 4) uint8, not {rgba.shape} {rgba.dtype}")
    opaque = bool((rgba[..., 3] == 255).all())
    image = Image.fromarray(np.ascontiguousarray(rgba[..., :3] if opaque else rgba))
    out = io.BytesIO()
    if still_format == "webp":
        image.save(out, "WEBP", lossless=True, exact=True, method=0, quality=20)
        return out.getvalue()
    info = PngInfo()
    info.add(b"sRGB", _SRGB_PERCEPTUAL)
    for key, value in (notes or {}).items():
        info.add_itxt(key, value)
    image.save(out, "PNG", compress_level=4, pnginfo=info)
    return out.getvalue()
