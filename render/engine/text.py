"""Text as pixels: strings rasterised by FreeType with a soft halo around them, packed into one atlas.

The font is Inter Regular (SIL Open Font License, fonts/OFL.txt) with the Latin-1 characters, a few signs (minus, prime)
and digits that are all equally wide, so that a running clock stands still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ..errors import GpuError

FONT_FILE = Path(__file__).resolve().parent / "fonts" / "Inter-Regular.otf"
# Of the font's size: how far the halo reaches, how much of it is solid, how soft its border is.
_HALO_REACH, _HALO_SOLID, _HALO_BLUR = 0.32, 0.06, 0.1


def atlas_side(size_px: float) -> int:
    """Side of an atlas that holds some hundred labels at this size of the font."""
    return int(min(max(512, 2 ** math.ceil(math.log2(24 * size_px))), 4096))


@lru_cache(maxsize=16)
def font(size_px: float) -> ImageFont.FreeTypeFont:
    """The font at so many pixels an em. Basic layout: the same with and without libraqm."""
    return ImageFont.truetype(FONT_FILE, size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=64)
def cap_height(size_px: float) -> float:
    """Height of capitals and digits above the baseline, pixels."""
    return float(-font(size_px).getbbox("H", anchor="ls")[1])


@lru_cache(maxsize=4096)
def advance(text: str, size_px: float) -> float:
    """Width of a line of text, pixels."""
    return float(font(size_px).getlength(text))


@dataclass(frozen=True)
class Lettering:
    """A line of text as pixels: `glyphs` and `halo` are (height, width) uint8, 255 = fully covered.

    `left`, `top` is where their first pixel lies from the start of the baseline, y down (so `top` is negative).
    """

    glyphs: NDArray[np.uint8]
    halo: NDArray[np.uint8]
    left: int
    top: int


@lru_cache(maxsize=1024)
def lettering(text: str, size_px: float) -> Lettering:
    """Rasterise a line of text."""
    face = font(size_px)
    x0, y0, x1, y1 = face.getbbox(text, anchor="ls")
    pad = math.ceil(_HALO_REACH * size_px)
    left, top = math.floor(x0) - pad, math.floor(y0) - pad
    size = (max(1, math.ceil(x1) - left + pad), max(1, math.ceil(y1) - top + pad))
    picture = Image.new("L", size, 0)
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=face, anchor="ls")
    around = picture
    for _ in range(max(1, round(_HALO_SOLID * size_px))):  # one large filter takes the square of the time
        around = around.filter(ImageFilter.MaxFilter(3))
    around = around.filter(ImageFilter.GaussianBlur(_HALO_BLUR * size_px))
    halo = np.minimum(np.asarray(around, np.float32) * 1.25, 255.0).astype(np.uint8)
    return Lettering(np.asarray(picture, np.uint8), halo, left, top)


class TextAtlas:
    """Letterings side by side on shelves: `pixels` is (2, side, side) uint8, glyphs and halo.

    `place` gives the (x, y) of a lettering's first pixel; a lettering that is there already is found again. When the
    atlas is full it is emptied, and `generation` counts up: places of before are not valid any more.
    """

    def __init__(self, side_px: int) -> None:
        self.side_px = side_px
        self.pixels = np.zeros((2, side_px, side_px), np.uint8)
        self.generation = 0
        self.changed = True
        self._forget()

    def _forget(self) -> None:
        self._places: dict[tuple[str, float], tuple[int, int]] = {}
        self._x = self._y = self._shelf_px = 0

    def place(self, text: str, size_px: float) -> tuple[int, int]:
        """Where a line of text lies in the atlas. Raises GpuError for one that never fits."""
        key = (text, size_px)
        if key in self._places:
            return self._places[key]
        drawn = lettering(text, size_px)
        height, width = drawn.glyphs.shape
        if width > self.side_px or height > self.side_px:
            raise GpuError(f"the text '{text}' is {width}x{height} pixels large; {self.side_px} is the most")
        if self._x + width > self.side_px:
            self._x, self._y, self._shelf_px = 0, self._y + self._shelf_px, 0
        if self._y + height > self.side_px:
            self._forget()
            self.pixels[:] = 0
            self.generation += 1
        x, y = self._x, self._y
        self.pixels[0, y : y + height, x : x + width] = drawn.glyphs
        self.pixels[1, y : y + height, x : x + width] = drawn.halo
        self._x += width
        self._shelf_px = max(self._shelf_px, height)
        self._places[key] = (x, y)
        self.changed = True
        return x, y
