"""Linear pictures, filtered or not, developed on the device as those of an accumulator are: with guides, any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..gpu.texture import RGBA32F, Texture2D
from ..scene.open import Scene
from ..state.view import ViewState
from .guides import GuidesPainter
from .modes import display_of
from .tonemap import Bits, Developer

WINDOW_PX = 2048


@dataclass(frozen=True)
class _Picture:
    """One sample that is the whole picture."""

    color: Texture2D
    window: tuple[int, int]
    samples: int = 1


def develop_still(
    scene: Scene, state: ViewState, color: NDArray[np.float32], transparent: bool = False, bits: Bits = 8
) -> NDArray[Any]:
    """(h, w, 4) premultiplied radiance and coverage as (h, w, 4) uint8 or uint16; sRGB, straight alpha, top row first.

    By the display, mode and guides of `state`. On the thread of the context. Raises GpuError.
    """
    height, width = color.shape[:2]
    whole = np.empty((height, width, 4), np.uint16 if bits == 16 else np.uint8)
    guides = GuidesPainter()
    try:
        for y in range(0, height, WINDOW_PX):
            for x in range(0, width, WINDOW_PX):
                part = color[y : y + WINDOW_PX, x : x + WINDOW_PX]
                h, w = part.shape[:2]
                guides.prepare(state, scene, (width, height), (x, y, w, h))
                whole[y : y + h, x : x + w] = _develop(part, state, transparent, (x, y), bits, guides)
    finally:
        guides.close()
    return whole


def _develop(
    part: NDArray[np.float32],
    state: ViewState,
    transparent: bool,
    first_pixel: tuple[int, int],
    bits: Bits,
    guides: GuidesPainter,
) -> NDArray[Any]:
    height, width = part.shape[:2]
    texture, developer = Texture2D(width, height, RGBA32F), Developer(width, height)
    try:
        texture.write(np.ascontiguousarray(part, np.float32))
        picture = _Picture(texture, (width, height))
        return developer.rgba(picture, display_of(state), transparent, first_pixel, bits, guides)
    finally:
        developer.close()
        texture.close()
