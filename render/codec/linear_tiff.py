"""Linear light as a TIFF of 32-bit floats."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

# Rec. 709's white point and primaries, TIFF tags 318 and 319.
_WHITE = (0.3127, 0.3290)
_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_RATIONAL = 5


def encode_tiff(color: NDArray[np.float32], notes: Mapping[str, str] | None = None) -> bytes:
    """(h, w, 4) float32, linear premultiplied Rec. 709, without loss (deflate with the floating-point predictor).

    The file says associated (premultiplied) alpha, the primaries, and in its description, which is JSON, that it is
    linear; `notes` stand there too. The same input gives the same bytes. Raises UsageError for another array.
    """
    import tifffile

    if color.ndim != 3 or color.shape[2] != 4 or color.dtype != np.float32 or 0 in color.shape:
        raise UsageError(f"a float TIFF is made of (height, width, 4) float32, not {color.shape} {color.dtype}")
    about = {"color": "linear, Rec. 709 primaries", "alpha": "premultiplied (associated)", **(notes or {})}
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        np.ascontiguousarray(color),
        photometric="rgb",
        extrasamples=["assocalpha"],
        compression="adobe_deflate",
        predictor=True,
        rowsperstrip=64,
        description=json.dumps(about),
        metadata=None,
        software=False,
        extratags=[_rationals(318, _WHITE), _rationals(319, _PRIMARIES)],
    )
    return out.getvalue()


def _rationals(tag: int, values: tuple[float, ...]) -> tuple[int, int, int, tuple[int, ...], bool]:
    flat = tuple(part for value in values for part in (round(value * 10_000), 10_000))
    return tag, _RATIONAL, len(values), flat, True
