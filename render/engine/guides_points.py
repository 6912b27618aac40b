"""Point annotations in the picture: a ringed disc each, with its label beside it where there is room.

They lie over all matter, also those that are inside of it: a mark that somebody made is to be found again. They keep
their size, whatever the zoom, and are drawn whether or not crop box and planes cut away what they are on. The farthest
is painted first, so that near ones lie on top; labels are placed from the nearest one on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..state.annotation import PointAnnotation
from .lights import linear
from .marks import OVER, Marks, Point, extent
from .projection import NEAR, Projection
from .text import lettering

MOST_DRAWN = 2000
"""Of more, only the nearest are drawn."""
MOST_LABELLED = 60
"""So many of the nearest points have labels, which keep clear of one another and of these points."""
MOST_LETTERS = 40
_DISC_PX, _RING_PX = 9.0, 12.5  # diameters; times the style's unit
_ATLAS_SHARE = 0.3  # labels of annotations take no more of the atlas's area than this


def draw_points(
    marks: Marks, projection: Projection, points: Sequence[PointAnnotation], positions: NDArray[np.float64]
) -> None:
    """Draw the points that are in the view. `positions` (n, 3) are where they are seen, in the world."""
    depth = projection.depth(positions)
    places = projection.pixels(positions)
    x, y, width, height = projection.viewport
    inside = (places >= (x, y)).all(axis=1) & (places <= (x + width, y + height)).all(axis=1)
    if projection.perspective:
        inside &= depth > projection.distance_um * NEAR
    nearest = np.flatnonzero(inside)[np.argsort(depth[inside], kind="stable")][:MOST_DRAWN]
    unit = marks.style.unit_px
    ring = 1.0 - marks.style.halo[0]  # light rings on dark backgrounds
    for number in nearest[::-1]:
        at: Point = (float(places[number, 0]), float(places[number, 1]))
        r, g, b = (float(value) for value in linear(points[number].color))
        marks.line(at, at, OVER, 1.0, _RING_PX * unit, (ring, ring, ring))
        marks.line(at, at, OVER, 1.0, _DISC_PX * unit, (r, g, b))
    reach = _RING_PX / 2 * unit
    for number in nearest[:MOST_LABELLED]:
        px, py = float(places[number, 0]), float(places[number, 1])
        marks.taken.append((px - reach, py - reach, px + reach, py + reach))
    room = _ATLAS_SHARE * marks.atlas.side_px**2
    for number in nearest[:MOST_LABELLED]:
        text = shortened(points[number].label)
        if not text:
            continue
        wide, high = extent(text, marks.style.font_px)
        if wide > width / 2:
            continue
        room -= math.prod(lettering(text, marks.style.font_px).glyphs.shape)
        if room < 0:
            break
        px, py = float(places[number, 0]), float(places[number, 1])
        aside, above = reach + 5.0 * unit + wide / 2, reach + 5.0 * unit + high / 2
        for centre in ((px + aside, py), (px - aside, py), (px, py - above), (px, py + above)):
            if marks.label(text, centre, projection.viewport):
                break


def shortened(label: str) -> str:
    """A label as it is drawn."""
    return label if len(label) <= MOST_LETTERS else f"{label[: MOST_LETTERS - 3].rstrip()}..."


def seen_positions(
    points: Sequence[PointAnnotation], centre: NDArray[np.float64], flip: tuple[bool, bool, bool]
) -> NDArray[np.float64]:
    """(n, 3) positions in the picture's world: mirrored about the scene's centre as the data are."""
    at = np.array([point.position for point in points], np.float64).reshape(-1, 3)
    return centre + (at - centre) * np.where(flip, -1.0, 1.0)
