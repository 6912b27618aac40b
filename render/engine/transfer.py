"""Transfer functions as tables for the device: albedo and opacity over a channel's window, and range maxima."""

from __future__ import annotations

from collections.abc import Sequence

import cmap
import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import Encoding
from ..errors import StateError
from ..state.layer import Channel
from ..state.transfer import CurveNode

LUT_SIZE = 1024
GRADIENT_LUT_SIZE = 256
LEVELS = LUT_SIZE.bit_length()
SCALE_MAX = 65536.0
"""How much wider than a window the encoding may be: beyond, 32-bit floats have no digits left for x."""


def srgb_to_linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1 decoding of values 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def color_table(channel: Channel) -> NDArray[np.float32]:
    """(LUT_SIZE, 4) float32: linear albedo and opacity at x = i / (LUT_SIZE - 1) of the window.

    The albedo is that of `color_map`, or without one of `colors`, times `color`, in linear light. Raises StateError for
    a colour map that `cmap` does not know.
    """
    x = np.linspace(0.0, 1.0, LUT_SIZE)
    table = np.empty((LUT_SIZE, 4), np.float32)
    if channel.color_map:
        albedo = srgb_to_linear(mapped_colors(channel.color_map, x))
    elif channel.colors:
        positions, colors = zip(*channel.colors, strict=True)
        albedo = blended_colors(x, np.array(positions), np.array(colors))
    else:
        albedo = np.ones((LUT_SIZE, 3))
    table[:, :3] = albedo * srgb_to_linear(np.array(channel.color))
    table[:, 3] = _along(channel.curve, x) if channel.curve else x
    return table


def mapped_colors(name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB (n, 3) of a map of `cmap` at x (0..1). A qualitative map of n colours has them over equal parts of 0..1,
    so that with the window (-0.5, n - 0.5) the integer i has colour i.

    Raises StateError.
    """
    try:
        found = cmap.Colormap(name)
    except (ValueError, TypeError):
        raise StateError(f"there is no colour map '{name}'; use a name of the cmap package, e.g. viridis") from None
    # cmap itself takes the nearest colour in maps that are not to be blended, and as many as it has.
    return np.asarray(found(x, N=LUT_SIZE), np.float64)[:, :3]


def blended_colors(
    x: NDArray[np.float64], positions: NDArray[np.float64], colors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear light (n, 3) at x between sRGB `colors` (m, 3) at ascending `positions`, straight lines in OKLab.

    OKLab because steps in it look even: in linear light the dark half of a ramp from black to white is a tenth of its
    length. It is also what a browser shows for `linear-gradient(in oklab, ...)`, so that a client can draw the ramp.
    """
    nodes = oklab_from_linear(srgb_to_linear(colors))
    blended = np.stack([np.interp(x, positions, nodes[:, part]) for part in range(3)], axis=1)
    return np.clip(linear_from_oklab(blended), 0.0, 1.0)


# Bjorn Ottosson, "A perceptual color space for image processing" (2020): cone responses from linear sRGB, and
# lightness and two opponent axes from their cube roots.
_LMS_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB_FROM_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_RGB_FROM_LMS = np.linalg.inv(_LMS_FROM_RGB)
_LMS_FROM_LAB = np.linalg.inv(_LAB_FROM_LMS)


def oklab_from_linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) of linear light with sRGB's primaries, as OKLab."""
    lab: NDArray[np.float64] = np.cbrt(rgb @ _LMS_FROM_RGB.T) @ _LAB_FROM_LMS.T
    return lab


def linear_from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    rgb: NDArray[np.float64] = (lab @ _LMS_FROM_LAB.T) ** 3 @ _RGB_FROM_LMS.T
    return rgb


def gradient_table(channel: Channel) -> NDArray[np.float32]:
    """(GRADIENT_LUT_SIZE,) float32 factors 0..1 of the opacity by how much x changes over one voxel, 0..1, entry i at
    i / (GRADIENT_LUT_SIZE - 1). Ones where the channel has no `gradient_curve`.

    No factor is above 1, so majorants of the opacity alone (`max_table`) stay majorants of the product.
    """
    if not channel.gradient_curve:
        return np.ones(GRADIENT_LUT_SIZE, np.float32)
    return _along(channel.gradient_curve, np.linspace(0.0, 1.0, GRADIENT_LUT_SIZE)).astype(np.float32)


def _along(curve: Sequence[CurveNode], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve at ascending x: straight lines between its nodes, flat beyond them."""
    positions, heights = zip(*curve, strict=True)
    along: NDArray[np.float64] = np.interp(x, positions, heights)
    return along


def max_table(opacity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sparse table (LEVELS, LUT_SIZE): row k, column i = max of opacity[i : i + 2**k] (as far as it goes).

    What multiplies the opacity later (`gradient_table`, a channel's weight) is at most 1: the maxima stay bounds.
    """
    rows = [opacity]
    for level in range(1, LEVELS):
        step = 1 << (level - 1)
        above = rows[-1]
        shifted = np.concatenate([above[step:], np.full(min(step, LUT_SIZE), -np.inf, np.float32)])[:LUT_SIZE]
        rows.append(np.maximum(above, shifted))
    return np.stack(rows)


def window_map(encoding: Encoding, window: tuple[float, float]) -> tuple[float, float]:
    """(scale, bias) so that texel fraction * scale + bias is 0..1 inside the window.

    A window that is narrow against the encoding shows its steps. With 16 bit x is off by up to
    (hi - lo) / (window * 131070): half an entry of the table at a window of a 64th of the range, 1 % of the window at a
    1300th, 8 % at a ten-thousandth, where 7 grey values are left. `ChannelStats.stored_range` keeps outliers from
    making it so. A window of less than 1 / SCALE_MAX of the range is widened to that, around its middle.
    """
    width = encoding.hi - encoding.lo
    lo, hi = window
    if hi - lo < width / SCALE_MAX:
        lo = lo + (hi - lo) / 2 - width / SCALE_MAX / 2
        return SCALE_MAX, (encoding.lo - lo) / width * SCALE_MAX
    span = hi - lo
    return width / span, (encoding.lo - lo) / span
