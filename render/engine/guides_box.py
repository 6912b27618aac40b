"""The scene's bounding box, and along its silhouette numbers in physical units.

The box holds all matter. So an edge both of whose faces are turned away from the eye is behind all matter, and is
painted under it; every other edge is in front of all matter, and is painted over it. No depth is needed. An eye inside
of the box sees no face from outside: then all edges are behind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..scene.framing import corners
from ..space import Box
from ..units import readable_unit
from .marks import OVER, UNDER, Marks, Point, cut_to, extent
from .projection import Projection
from .ticks import multiples, number, parts, round_up

_FRONT_OPACITY, _BACK_OPACITY = 0.75, 0.4
_SHORTEST_AXIS_PX = 40.0  # an edge that looks shorter gets no numbers; times the style's unit
_ENDS = {0: ("R", "L"), 1: ("A", "P"), 2: ("I", "S")}  # LPS: towards lower and higher x, y, z


@dataclass(frozen=True)
class Edge:
    """An edge along `axis`, from `a` to `b` (world); `front`, `back`: of its two faces, one is turned so."""

    axis: int
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    front: bool
    back: bool


def edges(box: Box, projection: Projection) -> list[Edge]:
    """The twelve edges, and how their faces are turned."""
    ends = np.array([box.lo, box.hi], np.float64)
    seen = np.zeros((3, 2), bool)
    for axis in range(3):
        for side in (0, 1):
            normal = np.zeros(3)
            normal[axis] = 2.0 * side - 1.0
            seen[axis, side] = projection.sees_face(normal, ends[side])
    out = []
    for axis in range(3):
        p, q = (axis + 1) % 3, (axis + 2) % 3
        for i in (0, 1):
            for j in (0, 1):
                a, b = np.empty(3), np.empty(3)
                a[axis], b[axis] = ends[0, axis], ends[1, axis]
                a[p] = b[p] = ends[i, p]
                a[q] = b[q] = ends[j, q]
                faces = bool(seen[p, i]), bool(seen[q, j])
                out.append(Edge(axis, a, b, any(faces), not all(faces)))
    return out


def draw_box(marks: Marks, projection: Projection, box: Box) -> None:
    """The twelve edges as thin lines."""
    every = edges(box, projection)
    a, b, shown = projection.clipped(np.array([e.a for e in every]), np.array([e.b for e in every]))
    a, b = projection.pixels(a), projection.pixels(b)
    for edge, start, end, shows in zip(every, a.tolist(), b.tolist(), shown, strict=True):
        cut = cut_to(projection.viewport, start, end) if shows else None
        if cut is not None:
            marks.line(*cut, OVER if edge.front else UNDER, _FRONT_OPACITY if edge.front else _BACK_OPACITY)


def draw_ticks(
    marks: Marks, projection: Projection, box: Box, orientation: Literal["image", "anatomical"], with_lines: bool
) -> None:
    """Marks, numbers and a title along one edge of each axis; with `with_lines` also these edges themselves."""
    unit, um = readable_unit(box.largest)
    if not projection.in_front(corners(box)):
        return  # part of the box is behind the eye: there is no outside to put numbers on
    hull = projection.pixels(corners(box))
    middle = (hull.min(axis=0) + hull.max(axis=0)) / 2
    chosen = [_best([e for e in edges(box, projection) if e.axis == axis], projection, middle) for axis in range(3)]
    rulers = [_Ruler(marks, projection, edge, out, um) for edge, out in filter(None, chosen)]
    for ruler in rulers:
        if with_lines:
            ruler.draw_line()
        ruler.draw_marks()
    if orientation == "anatomical":
        for ruler in rulers:
            ruler.draw_ends(_ENDS[ruler.edge.axis])
    for ruler in rulers:
        ruler.draw_numbers()
    for ruler in rulers:
        ruler.draw_title(f"{'xyz'[ruler.edge.axis]} ({unit})")


def _best(along: Sequence[Edge], projection: Projection, middle: NDArray[np.float64]) -> tuple[Edge, Point] | None:
    """The silhouette edge of an axis that best carries numbers (seen whole, low, left), and its outward normal."""
    best, best_score = None, -math.inf
    for edge in along:
        if not (edge.front and edge.back):
            continue
        start, end = projection.pixels(np.stack([edge.a, edge.b]))
        length = float(np.hypot(*(end - start)))
        cut = cut_to(projection.viewport, tuple(start), tuple(end))
        if length < 1.0 or cut is None:
            continue
        normal = np.array([end[1] - start[1], start[0] - end[0]]) / length
        if float(normal @ ((start + end) / 2 - middle)) < 0:
            normal = -normal
        score = 2.0 * math.dist(*cut) / length + normal[1] - 0.6 * normal[0]
        if score > best_score:
            best, best_score = (edge, (float(normal[0]), float(normal[1]))), score
    return best


class _Ruler:
    """One edge with its ticks. `out` is the normal that points away from the box, in the picture."""

    def __init__(self, marks: Marks, projection: Projection, edge: Edge, out: Point, um: float) -> None:
        self.marks, self.projection, self.edge, self.out, self.um = marks, projection, edge, out, um
        unit = marks.style.unit_px
        self.tick_px, self.gap_px = 5.0 * unit, 4.0 * unit
        self.lo, self.hi = edge.a[edge.axis] / um, edge.b[edge.axis] / um
        self.start, self.end = (tuple(p) for p in projection.pixels(np.stack([edge.a, edge.b])).tolist())
        self.length = math.dist(self.start, self.end)
        self.step = self._step() if self.length >= _SHORTEST_AXIS_PX * min(1.0, unit) else 0.0
        self.values = multiples(self.lo, self.hi, self.step) if self.step else np.empty(0)
        self.widest = max((extent(number(v, self.step), marks.style.font_px)[0] for v in self.values), default=0.0)

    def at(self, values: NDArray[np.float64]) -> list[list[float]]:
        """Pixels of values along the edge."""
        points = np.repeat(self.edge.a[None], len(values), axis=0)
        points[:, self.edge.axis] = values * self.um
        places: list[list[float]] = self.projection.pixels(points).tolist()
        return places

    def _step(self) -> float:
        """The smallest round step at which no two numbers come too near; 0 where not even one fits."""
        unit, size = self.marks.style.unit_px, self.marks.style.font_px
        step = round_up((self.hi - self.lo) * 30.0 * unit / self.length)
        while step <= 2 * (self.hi - self.lo):
            values = multiples(self.lo, self.hi, step)
            width = max((extent(number(v, step), size)[0] for v in (*values[:1], *values[-1:])), default=0.0)
            height = extent("0", size)[1]
            gaps = np.abs(np.diff(np.array(self.at(values)).reshape(-1, 2), axis=0))
            if ((gaps[:, 0] >= width + 14.0 * unit) | (gaps[:, 1] >= height + 16.0 * unit)).all():
                return step if len(values) else 0.0
            step = round_up(step * 1.5)
        return 0.0

    def draw_line(self) -> None:
        cut = cut_to(self.projection.viewport, self.start, self.end)
        if cut is not None:
            self.marks.line(*cut, OVER, _FRONT_OPACITY)

    def draw_marks(self) -> None:
        """Long marks at the numbers, short ones between where there is room."""
        if not self.step:
            return
        n = parts(self.step)
        fine = multiples(self.lo, self.hi, self.step / n)
        places = self.at(fine)
        if len(fine) > 1 and min(map(math.dist, places, places[1:])) < 6.0 * self.marks.style.unit_px:
            fine, n = self.values, 1
            places = self.at(fine)
        for value, place in zip(fine, places, strict=True):
            is_major = round(value / self.step * n) % n == 0
            reach = self.tick_px * (1.0 if is_major else 0.5)
            tip = (place[0] + self.out[0] * reach, place[1] + self.out[1] * reach)
            cut = cut_to(self.projection.viewport, (place[0], place[1]), tip)
            if cut is not None:
                self.marks.line(*cut, OVER, _FRONT_OPACITY * (1.0 if is_major else 0.6))

    def beside(self, place: Sequence[float], text_size: Point, further_px: float = 0.0) -> Point:
        """The centre of a label beside a point of the edge, clear of its tick."""
        reach = self.tick_px + self.gap_px + further_px
        reach += abs(self.out[0]) * text_size[0] / 2 + abs(self.out[1]) * text_size[1] / 2
        return place[0] + self.out[0] * reach, place[1] + self.out[1] * reach

    def draw_numbers(self) -> None:
        size = self.marks.style.font_px
        for value, place in zip(self.values, self.at(self.values), strict=True):
            text = number(value, self.step)
            self.marks.label(text, self.beside(place, extent(text, size)), self.projection.viewport)

    def draw_ends(self, names: tuple[str, str]) -> None:
        """Names of the directions at both ends."""
        size = self.marks.style.font_px
        if self.length < _SHORTEST_AXIS_PX * self.marks.style.unit_px:
            return
        for name, place in zip(names, (self.start, self.end), strict=True):
            self.marks.label(name, self.beside(place, extent(name, size)), self.projection.viewport)

    def draw_title(self, text: str) -> None:
        """Beyond the numbers of the middle, else between two of them, else beyond an end; the first that is free."""
        if not self.step:
            return
        size = self.marks.style.font_px
        box = extent(text, size)
        middle = (self.lo + self.hi) / 2
        height = extent("0", size)[1]
        row = abs(self.out[0]) * self.widest + abs(self.out[1]) * height + self.gap_px + 3.0 * self.marks.style.unit_px
        between = sorted(self.values[:-1] + self.step / 2, key=lambda v: abs(v - middle))
        tries = [(middle, row), *((v, 0.0) for v in between), *((v, row) for v in between)]
        places = self.at(np.array([v for v, _ in tries]))
        for (_, further), place in zip(tries, places, strict=True):
            if self.marks.label(text, self.beside(place, box, further), self.projection.viewport):
                return
