"""From linear light to pixels, in numpy: what the device's display pass does, and the reference that it is held to.

Alpha is coverage. The tone map works on the colour of what was hit, radiance / coverage, and blending happens in linear
light, so that soft edges have no dark or light fringes over any background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from render.errors import UsageError
from render.state.view import Display

Floats = NDArray[np.float64]
LARGEST = 1e30


def develop(
    color: NDArray[np.floating[Any]], display: Display, transparent: bool = False, bits: Literal[8, 16] = 8
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(h, w, 4) linear premultiplied Rec. 709 as (h, w, 4) uint8 or uint16: sRGB, straight alpha, top row first.

    Not `transparent`: over the display's background, alpha full. 8 bit is dithered by half a step. What is no number
    counts as 0. Raises UsageError for an array of another shape.
    """
    if color.ndim != 3 or color.shape[2] != 4:
        raise UsageError(f"what is developed must be (height, width, 4), not {color.shape}")
    color = np.nan_to_num(color.astype(np.float64), nan=0.0, posinf=LARGEST, neginf=0.0)
    alpha = np.clip(color[..., 3:], 0.0, 1.0)
    hit = alpha > 0.0
    straight = np.maximum(color[..., :3], 0.0) / np.where(hit, alpha, 1.0)
    light = tone_map(straight * 2.0**display.exposure, display.tone_map) * hit
    if transparent:
        rgb = srgb_encode(light) * hit
    else:
        background = srgb_decode(np.asarray(display.background, np.float64))
        rgb = srgb_encode(light * alpha + background * (1.0 - alpha))
        alpha = np.ones_like(alpha)
    most = 2**bits - 1
    # Where nothing was hit the picture is the background, exactly.
    noise = np.where(hit, _dither(color.shape[0], color.shape[1])[..., None], 0.5) if bits == 8 else 0.5
    noise = noise + 1e-9  # or white, 1.055 - 0.055, would be a step less where the noise is 0
    whole = np.concatenate([np.floor(np.minimum(rgb * most + noise, most)), np.floor(alpha * most + 0.5)], axis=2)
    return whole.astype(np.uint8) if bits == 8 else whole.astype(np.uint16)


def srgb_encode(x: Floats) -> Floats:
    """Linear 0..1 to sRGB 0..1 (IEC 61966-2-1); what is outside is clipped."""
    x = np.clip(x, 0.0, 1.0)
    curved: Floats = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-8) ** (1 / 2.4) - 0.055)
    return curved


def srgb_decode(x: Floats) -> Floats:
    """sRGB 0..1 to linear 0..1."""
    straightened: Floats = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return straightened


def tone_map(c: Floats, name: str) -> Floats:
    """Radiance (..., 3), not negative, to display-linear 0..1 by the tone map that `Display` names so."""
    return _TONE_MAPS[name](c)


def _filmic(c: Floats) -> Floats:
    """Khronos PBR Neutral (specification 2024) without its toe: volumes have no 4 % base reflection."""
    start, desaturation = 0.76, 0.15
    peak = c.max(axis=-1, keepdims=True)
    bright = np.maximum(peak, start)  # where it is not, the answer is c
    d = 1.0 - start
    new_peak = 1.0 - d * d / (bright + d - start)
    g = 1.0 - 1.0 / (desaturation * (bright - new_peak) + 1.0)
    rolled = c * (new_peak / bright)
    mapped: Floats = np.where(peak < start, c, rolled + (new_peak - rolled) * g)
    return mapped


def _exponential(c: Floats) -> Floats:
    return -np.expm1(-c)


def _agave(c: Floats) -> Floats:
    """The exponential curve's values are shown as they are: the sRGB curve that follows is undone beforehand."""
    return srgb_decode(-np.expm1(-c))


def _linear(c: Floats) -> Floats:
    return np.minimum(c, 1.0)


# Sobotka, AgX (2022): the primaries are drawn in towards white, the logarithm of each over 16.5 stops around middle
# grey goes through a sigmoid, and the primaries go out again. The inset is the published one for Rec. 709 primaries.
_AGX_INSET = np.array([
    [0.842479062253094, 0.0784335999999992, 0.0792237451477643],
    [0.0423282422610123, 0.878468636469772, 0.0791661274605434],
    [0.0423756549057051, 0.0784336, 0.879142973793104],
])  # fmt: skip
_AGX_OUTSET = np.linalg.inv(_AGX_INSET)
_AGX_STOPS = (np.log2(0.18) - 10.0, np.log2(0.18) + 6.5)
_AGX_GAMMA = 2.2


def _agx(c: Floats) -> Floats:
    lo, hi = _AGX_STOPS
    inset = np.maximum(c @ _AGX_INSET.T, 1e-10)
    shown = _agx_sigmoid(np.clip((np.log2(inset) - lo) / (hi - lo), 0.0, 1.0))
    mapped: Floats = np.clip(shown @ _AGX_OUTSET.T, 0.0, 1.0) ** _AGX_GAMMA
    return mapped


def _agx_sigmoid(x: Floats) -> Floats:
    """Through (10/16.5, 1/2) with slope 2, to 0 and 1 by x / (1 + x^p)^(1/p) scaled, p = 3 below and 3.25 above.

    Its scale s follows from the end point: s * h(slope * d / s) = 1/2, where d is the pivot's distance from the end.
    """
    pivot, middle, slope = 10.0 / 16.5, 0.5, 2.0
    answer = np.empty_like(x)
    for below, distance, power in ((True, pivot, 3.0), (False, 1.0 - pivot, 3.25)):
        side = x < pivot if below else x >= pivot
        scale = (middle**-power - (slope * distance) ** -power) ** (-1.0 / power)
        t = slope * np.abs(x[side] - pivot) / scale
        rise = scale * t / (1.0 + t**power) ** (1.0 / power)
        answer[side] = middle - rise if below else middle + rise
    return answer


_TONE_MAPS: dict[str, Callable[[Floats], Floats]] = {
    "filmic": _filmic,
    "agx": _agx,
    "exponential": _exponential,
    "agave": _agave,
    "linear": _linear,
}


def _dither(height: int, width: int) -> Floats:
    """Interleaved gradient noise, (height, width) in 0..1 (Jimenez 2014), which hides the bands of dark gradients."""
    y, x = np.mgrid[:height, :width]
    inner = (x * 0.06711056 + y * 0.00583715) % 1.0
    noise: Floats = (52.9829189 * inner) % 1.0
    return noise
