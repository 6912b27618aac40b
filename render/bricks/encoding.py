"""From voxel values to texels: 8 or 16 bit fractions of a range, or (`dense_ids`) dense 32-bit ids of labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .dense_ids import DenseIds as DenseIds

StorageClass = Literal["r8", "r16", "labels"]
Encoded = NDArray[np.generic] | tuple[NDArray[np.generic], NDArray[np.uint32]]
"""Texels; for labels, with the sorted distinct dense ids among them."""
Encode = Callable[[int, int, NDArray[np.generic]], Encoded]
"""(layer, channel, voxels of any shape) -> texels of the same shape. Called from several threads at once."""

TEXEL_BYTES: dict[StorageClass, int] = {"r8": 1, "r16": 2, "labels": 4}


@dataclass(frozen=True)
class Encoding:
    """value = lo + texel / texel_max * (hi - lo). Values outside are clamped, NaN becomes the low end."""

    storage: StorageClass
    lo: float
    hi: float

    @property
    def texel_max(self) -> int:
        return 255 if self.storage == "r8" else 65535

    def encode(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Texels (uint8 or uint16) of voxel values of any real dtype."""
        if self.storage == "r8" and values.dtype == np.uint8 and (self.lo, self.hi) == (0.0, 255.0):
            return values
        if self.storage == "r16" and values.dtype == np.uint16 and (self.lo, self.hi) == (0.0, 65535.0):
            return values
        scale = self.texel_max / (self.hi - self.lo)
        wide = values.dtype.itemsize > (2 if values.dtype.kind in "iu" else 4) or not 1e-30 < scale < 1e30
        real: NDArray[np.floating] = values.astype(np.float64 if wide else np.float32)
        with np.errstate(over="ignore"):  # fill values such as 3e38 become infinite and are clamped
            fraction = np.clip((real - self.lo) * scale, 0.0, self.texel_max)
        # NaN survives clip; it is told apart by being unequal to itself.
        np.copyto(fraction, 0.0, where=fraction != fraction)
        texels: NDArray[np.generic] = np.rint(fraction).astype(np.uint8 if self.storage == "r8" else np.uint16)
        return texels


def encoding_for(dtype: np.dtype[np.generic], lo: float, hi: float) -> Encoding:
    """How values of a dtype whose data span lo..hi are stored: exactly where 8 or 16 bits suffice."""
    if dtype == np.uint8:
        return Encoding("r8", 0.0, 255.0)
    if dtype == np.int8:
        return Encoding("r8", -128.0, 127.0)
    if dtype == np.uint16:
        return Encoding("r16", 0.0, 65535.0)
    if dtype == np.int16:
        return Encoding("r16", -32768.0, 32767.0)
    if not lo < hi:
        # A constant volume: put its value at the low end of a range of width 1 around its own size.
        hi = lo + max(1.0, abs(lo) * 1e-6)
    return Encoding("r16", lo, hi)
