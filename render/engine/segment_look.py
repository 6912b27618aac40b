"""How the segments of one segmentation look, by dense id: colour, and whether and how much each is seen.

A table of rgba8 that the device holds too; alpha 0 is hidden. A change of the state touches the entries of the segments
that it names, and of those only what changed has to go to the device: isolating another segment of ten million writes
two entries. The first entry is that of the background, which has no colour: its lowest byte says the style.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..source.label_table import LabelTable
from ..state.layer import LabelLayer
from ..state.segment import as_numbers
from .label_colors import FileColors, Mode, find, pack, plain_colors
from .segment_index import Merges, SegmentIndex

STYLES = {"solid": 0, "translucent": 1, "contour": 2}
"""As shaders/lib/labels.glsl has them."""
NEAR = 256
"""Changed entries so near to each other are written together."""
MOST_RANGES = 256
"""In more pieces than this it is quicker to write all from the first to the last."""

Range = tuple[int, int]
"""Of dense ids: [first, last)."""


class SegmentLook:
    """Colours of segments in step with a state. `rgba8` (n,) uint32 by dense id, r in the lowest byte."""

    def __init__(self, table: LabelTable) -> None:
        """`table`: what the data say. Raises StateError where it merges a segment into itself."""
        self._file = FileColors(table.colors)
        self._merges = Merges(table.roots.items())
        self._ids = np.zeros(0, np.uint64)
        self._roots = self._ids  # of the table's merges
        self._index = SegmentIndex()
        self._base = np.zeros(0, np.uint32)  # without the state's lists
        self._rgba = np.zeros(0, np.uint32)
        self._n = self._n_shown = 0
        self._layer: LabelLayer | None = None
        self._special = np.zeros(0, np.uint32)  # dense ids that the state says something about
        self._changed: list[Range] = []

    def __len__(self) -> int:
        """How many dense ids there are, with the background."""
        return self._n

    @property
    def rgba8(self) -> NDArray[np.uint32]:
        return self._rgba[: self._n_shown]

    @property
    def alpha(self) -> NDArray[np.uint8]:
        """By dense id; 0 is hidden."""
        return self.rgba8.view(np.uint8)[3::4]

    def extend(self, ids: NDArray[np.uint64]) -> None:
        """`ids`: the 64-bit ids of all dense ids so far, of which the first ones are known."""
        fresh = ids[self._n :]
        if not len(fresh):
            return
        self._ids = _grown(self._ids, self._n, fresh)
        if len(self._merges.ids):
            self._roots = _grown(self._roots, self._n, self._merges.roots(fresh))
        else:
            self._roots = self._ids
        self._index.extend(self._roots[self._n : len(ids)])
        self._n = len(ids)

    def check(self, layer: LabelLayer) -> None:
        """Raises StateError for what `show` would refuse."""
        Merges(_numbers(layer.merged), under=self._merges)

    def show(self, layer: LabelLayer) -> None:
        """Look as `layer` says. Raises StateError for merges that come back to themselves; nothing changes then."""
        before, merges = self._layer, Merges(_numbers(layer.merged), under=self._merges)
        same_colors = before is not None and before.colors == layer.colors
        first = self._n_shown if same_colors else 0
        self._base = _grown(self._base, first, self._plain(self._roots[first : self._n], layer.colors))
        if before is None or _plain_factor(before) != _plain_factor(layer):
            first = 0
        self._rgba = _grown(self._rgba, first, _scaled(self._base[first : self._n], _plain_factor(layer)))
        if first < self._n:
            self._changed.append((first, self._n))
        self._n_shown, self._layer = self._n, layer
        special = self._members(layer, merges)
        touched = np.union1d(self._special, special)
        self._special = special
        looks = self._looks(touched, layer, merges)
        differ = np.flatnonzero(self._rgba[touched] != looks)
        self._rgba[touched] = looks
        self._changed += _ranges(touched[differ])
        if self._n and (style := STYLES[layer.style]) != self._rgba[0]:
            self._rgba[0] = style
            self._changed.append((0, 1))

    def changes(self) -> list[Range]:
        """What changed since this was last asked: ranges that do not overlap, ascending."""
        changed, self._changed = sorted(self._changed), []
        joined: list[Range] = []
        for first, last in changed:
            if joined and first <= joined[-1][1] + NEAR:
                joined[-1] = joined[-1][0], max(last, joined[-1][1])
            else:
                joined.append((first, last))
        return joined if len(joined) <= MOST_RANGES else [(joined[0][0], joined[-1][1])]

    # ---- one by one ----

    def _plain(self, roots: NDArray[np.uint64], mode: Mode) -> NDArray[np.uint32]:
        rgba = plain_colors(roots, mode)
        if mode == "file":
            self._file.put(rgba, roots)
            rgba[roots == 0] = 0
        return rgba

    def _members(self, layer: LabelLayer, merges: Merges) -> NDArray[np.uint32]:
        """The dense ids that the state says something about."""
        named = [*layer.segment_colors, *layer.segment_opacities, *layer.highlight.ids]
        if layer.shown != "all":
            named += layer.listed
        if not named and not len(merges.ids):
            return np.zeros(0, np.uint32)
        roots = merges.roots(self._merges.roots(as_numbers(named)))
        return self._index.members(np.unique(np.concatenate([roots, merges.ids])))

    def _looks(self, dense: NDArray[np.uint32], layer: LabelLayer, merges: Merges) -> NDArray[np.uint32]:
        """rgba8 of these dense ids."""
        roots = merges.roots(self._roots[dense])
        rgba = self._plain(roots, layer.colors)
        factor = np.full(len(dense), _plain_factor(layer))

        def places_of(ids: list[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
            """(which of ids, which of dense) belong together; of ids that are one by merges the last one counts."""
            named = merges.roots(self._merges.roots(as_numbers(ids)))
            ordered, last = np.unique(named[::-1], return_index=True)
            which, where = find(ordered, roots)
            return len(ids) - 1 - last[which], where

        if layer.shown != "all":
            _, where = places_of(list(layer.listed))
            factor[where] = 1.0 if layer.shown == "listed" else layer.rest_opacity
        if layer.segment_opacities:
            which, where = places_of(list(layer.segment_opacities))
            factor[where] *= np.array(list(layer.segment_opacities.values()))[which]
        if layer.segment_colors:
            which, where = places_of(list(layer.segment_colors))
            given = np.column_stack([np.array(list(layer.segment_colors.values())), np.ones(len(layer.segment_colors))])
            # A colour that is chosen is meant to be seen, also of a segment that the file hides.
            rgba[where] = pack(given)[which]
        if layer.highlight.ids:
            _, where = places_of(list(layer.highlight.ids))
            rgba[where] = _mixed(rgba[where], layer.highlight.color, layer.highlight.strength)
        rgba[roots == 0] = 0
        return _scaled(rgba, factor)


def _numbers(pairs: dict[str, str]) -> list[tuple[int, int]]:
    return [(int(one), int(other)) for one, other in pairs.items()]


def _plain_factor(layer: LabelLayer) -> float:
    """The opacity of segments that the state says nothing about."""
    return layer.rest_opacity if layer.shown == "listed" else 1.0


_Item = TypeVar("_Item", bound=np.generic)


def _grown(array: NDArray[_Item], n: int, fresh: NDArray[_Item]) -> NDArray[_Item]:
    """`array` with `fresh` from place n on; what is behind it may be anything. Grows by half, so seldom."""
    if len(array) < n + len(fresh):
        larger = np.zeros(max(n + len(fresh), n + n // 2), fresh.dtype)
        larger[:n] = array[:n]
        array = larger
    array[n : n + len(fresh)] = fresh
    return array


def _scaled(rgba: NDArray[np.uint32], factor: float | NDArray[np.float64]) -> NDArray[np.uint32]:
    """Colours with alpha times a factor 0..1; what has any opacity keeps some."""
    if isinstance(factor, float) and factor == 1.0:
        return rgba
    if isinstance(factor, float) and factor == 0.0:
        return rgba & np.uint32(0xFFFFFF)
    alpha = (rgba >> np.uint32(24)) * factor
    bytes_ = np.where(alpha > 0.0, np.maximum(np.rint(alpha), 1.0), 0.0).astype(np.uint32)
    return (rgba & np.uint32(0xFFFFFF)) | bytes_ << np.uint32(24)


def _mixed(rgba: NDArray[np.uint32], color: tuple[float, float, float], strength: float) -> NDArray[np.uint32]:
    """Colours mixed with another one, in sRGB; alpha stays."""
    parts = np.ascontiguousarray(rgba).view(np.uint8).reshape(-1, 4) / 255.0
    parts[:, :3] += strength * (np.array(color) - parts[:, :3])
    return pack(parts)


def _ranges(places: NDArray[np.uint32]) -> list[Range]:
    """Ascending places as ranges, near ones together."""
    if not len(places):
        return []
    wide = places.astype(np.int64)
    breaks = np.flatnonzero(np.diff(wide) > NEAR) + 1
    firsts, lasts = wide[np.r_[0, breaks]], wide[np.r_[breaks - 1, len(wide) - 1]] + 1
    if len(firsts) > MOST_RANGES:
        return [(int(firsts[0]), int(lasts[-1]))]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
