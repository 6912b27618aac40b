"""Marks that guides are made of, as the shader takes them: lines, arrow heads, text, in pixels of the whole picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..state.guides import Guides
from .layout import Struct
from .lights import linear
from .projection import Viewport
from .text import TextAtlas, advance, cap_height, lettering

GUIDE = Struct(
    "Guide",
    (
        ("place", "vec4"),  # line, head: x, y of both ends; text: x, y of its first pixel, width, height
        ("color", "vec4"),  # linear; w = opacity
        ("what", "ivec4"),  # kind; 0 under the volume, 1 over it; text: x, y of its first pixel in the atlas
        ("shape", "vec4"),  # half widths at both ends; how far the halo reaches; its opacity
    ),
)
CAPSULE, TRAPEZIUM, TEXT = 0, 1, 2
UNDER, OVER = 0, 1
TEXT_HALO, LINE_HALO = 0.7, 0.3
LIGHT_INK, DARK_INK = (0.85, 0.85, 0.85), (0.15, 0.15, 0.15)  # sRGB
FONT_MIN_PX, FONT_MAX_PX = 6.0, 160.0

Point = tuple[float, float]
Color = tuple[float, float, float]
"""linear"""
Rect = tuple[float, float, float, float]
"""(x0, y0, x1, y1), pixels"""


@dataclass(frozen=True)
class Style:
    """Sizes in pixels and the colour (linear) of the guides of a picture; `unit_px` is 1 in a picture of 900 lines."""

    unit_px: float
    font_px: float
    line_px: float
    color: Color
    halo: Color

    @classmethod
    def of(cls, guides: Guides, background: Color, picture: tuple[int, int]) -> Style:
        """As large as the text scale says; larger in pictures of more than 900 lines, smaller in thumbnails.

        `background` (sRGB) counts where the guides have no colour of their own.
        """
        width, height = picture
        unit = guides.text_scale * max(1.0, height / 900.0) * min(1.0, min(width, height) / 360.0)
        ink = guides.color or (DARK_INK if _is_light(background) else LIGHT_INK)
        r, g, b = (float(value) for value in linear(ink))
        # Halos are dark around light marks and light around dark ones.
        around = 0.0 if _is_light(ink) else 1.0
        font_px = min(max(FONT_MIN_PX, round(12.5 * unit * 4) / 4), FONT_MAX_PX)
        return cls(unit, font_px, max(1.0, 1.3 * unit), (r, g, b), (around,) * 3)


def _is_light(color: Color) -> bool:
    """Whether an sRGB colour is lighter than middle grey."""
    return float(linear(color) @ (0.2126, 0.7152, 0.0722)) > 0.18


@dataclass
class Marks:
    """The marks of a picture in the order in which they are painted, and the rectangles that labels hold."""

    style: Style
    atlas: TextAtlas
    rows: list[tuple[tuple[float, ...], ...]] = field(default_factory=list)
    taken: list[Rect] = field(default_factory=list)

    def line(
        self, a: Point, b: Point, layer: int, opacity: float = 1.0, width_px: float = 0.0, color: Color | None = None
    ) -> None:
        """A line with round ends, as wide as the style says where `width_px` is 0."""
        half = (width_px or self.style.line_px) / 2
        self._stroke(CAPSULE, a, b, (half, half), layer, opacity, color)

    def bar(self, a: Point, b: Point, width_px: float, layer: int = OVER) -> None:
        """A bar with square ends, exactly from a to b."""
        self._stroke(TRAPEZIUM, a, b, (width_px / 2, width_px / 2), layer, 1.0, None)

    def head(self, a: Point, b: Point, width_px: float, color: Color) -> None:
        """An arrow's head with its base at a and its tip at b."""
        self._stroke(TRAPEZIUM, a, b, (width_px / 2, 0.0), OVER, 1.0, color)

    def _stroke(
        self, kind: int, a: Point, b: Point, halves: Point, layer: int, opacity: float, color: Color | None
    ) -> None:
        halo = (3.0 * self.style.unit_px, LINE_HALO * opacity)
        ink = (*(color or self.style.color), opacity)
        self.rows.append(((*a, *b), ink, (kind, layer, 0, 0), (*halves, *halo)))

    def text(self, text: str, left: float, baseline: float, size_px: float, color: Color | None = None) -> None:
        """A line of text from the whole pixel nearest to (left, baseline) on, so that it stays crisp."""
        drawn = lettering(text, size_px)
        height, width = drawn.glyphs.shape
        x, y = round(left) + drawn.left, round(baseline) + drawn.top
        at = self.atlas.place(text, size_px)
        ink = (*(color or self.style.color), 1.0)
        self.rows.append(((x, y, width, height), ink, (TEXT, OVER, *at), (0.0, 0.0, 0.0, TEXT_HALO)))

    def centred(self, text: str, centre: Point, size_px: float, color: Color | None = None) -> None:
        """A line of text whose capitals are centred about a point."""
        width, height = extent(text, size_px)
        self.text(text, centre[0] - width / 2, centre[1] + height / 2, size_px, color)

    def label(self, text: str, centre: Point, inside: Viewport, size_px: float = 0.0) -> bool:
        """A centred label, but only where it lies `inside` and touches no other one; whether it was set."""
        size = size_px or self.style.font_px
        rect = around(centre, extent(text, size))
        if not fits(rect, inside, self.taken, 3.0 * self.style.unit_px):
            return False
        self.centred(text, centre, size)
        self.taken.append(rect)
        return True

    def records(self) -> NDArray[np.void]:
        """As the shader's Guide structs."""
        out = GUIDE.array(len(self.rows))
        for name, column in zip(("place", "color", "what", "shape"), zip(*self.rows, strict=True), strict=True):
            out[name] = column
        return out


def extent(text: str, size_px: float) -> Point:
    """Width and height of a line of text without descenders, pixels."""
    return advance(text, size_px), cap_height(size_px)


def around(centre: Point, size: Point) -> Rect:
    """The rectangle of a size about a point."""
    return (centre[0] - size[0] / 2, centre[1] - size[1] / 2, centre[0] + size[0] / 2, centre[1] + size[1] / 2)


def fits(rect: Rect, inside: Viewport, taken: list[Rect], gap_px: float) -> bool:
    """Whether a rectangle lies inside a viewport and keeps `gap_px` away from all that is taken."""
    x, y, width, height = inside
    x0, y0, x1, y1 = rect
    if x0 < x + gap_px or y0 < y + gap_px or x1 > x + width - gap_px or y1 > y + height - gap_px:
        return False
    return all(
        x0 > t[2] + gap_px or x1 < t[0] - gap_px or y0 > t[3] + gap_px or y1 < t[1] - gap_px for t in taken
    )  # fmt: skip


def cut_to(viewport: Viewport, a: Point, b: Point) -> tuple[Point, Point] | None:
    """The part of a segment that lies in a viewport; None where there is none.

    Source: Liang and Barsky, "A New Concept and Method for Line Clipping", ACM TOG 3(1), 1984.
    """
    x, y, width, height = viewport
    dx, dy = b[0] - a[0], b[1] - a[1]
    first, last = 0.0, 1.0
    for p, q in ((-dx, a[0] - x), (dx, x + width - a[0]), (-dy, a[1] - y), (dy, y + height - a[1])):
        if abs(p) < 1e-12:
            if q < 0.0:
                return None
        elif p < 0.0:
            first = max(first, q / p)
        else:
            last = min(last, q / p)
    if first >= last or not math.isfinite(dx + dy):
        return None
    return (a[0] + dx * first, a[1] + dy * first), (a[0] + dx * last, a[1] + dy * last)
