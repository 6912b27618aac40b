"""Transfer functions as tables for the device: albedo and opacity over a channel's window, and range maxima."""

from __future__ import annotations

import cmap
import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import Encoding
from ..errors import StateError
from ..state.layer import Channel

LUT_SIZE = 1024
LEVELS = LUT_SIZE.bit_length()


def srgb_to_linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1 decoding of values 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def color_table(channel: Channel) -> NDArray[np.float32]:
    """(LUT_SIZE, 4) float32: linear albedo and opacity at x = i / (LUT_SIZE - 1) of the window.

    Raises StateError for a colour map that `cmap` does not know.
    """
    x = np.linspace(0.0, 1.0, LUT_SIZE)
    table = np.empty((LUT_SIZE, 4), np.float32)
    if channel.color_map:
        try:
            srgb = np.asarray(cmap.Colormap(channel.color_map)(x))[:, :3]
        except (ValueError, TypeError):
            raise StateError(
                f"there is no colour map '{channel.color_map}'; use a name of the cmap package, e.g. viridis"
            ) from None
    else:
        srgb = np.broadcast_to(np.array(channel.color), (LUT_SIZE, 3))
    table[:, :3] = srgb_to_linear(srgb)
    if channel.curve:
        positions, opacities = zip(*channel.curve, strict=True)
        table[:, 3] = np.interp(x, positions, opacities)
    else:
        table[:, 3] = x
    return table


def max_table(opacity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sparse table (LEVELS, LUT_SIZE): row k, column i = max of opacity[i : i + 2**k] (as far as it goes)."""
    rows = [opacity]
    for level in range(1, LEVELS):
        step = 1 << (level - 1)
        above = rows[-1]
        shifted = np.concatenate([above[step:], np.full(min(step, LUT_SIZE), -np.inf, np.float32)])[:LUT_SIZE]
        rows.append(np.maximum(above, shifted))
    return np.stack(rows)


def window_map(encoding: Encoding, window: tuple[float, float]) -> tuple[float, float]:
    """(scale, bias) so that texel fraction * scale + bias is 0..1 inside the window."""
    span = window[1] - window[0]
    return (encoding.hi - encoding.lo) / span, (encoding.lo - window[0]) / span
