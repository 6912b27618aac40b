"""Colours and visibility of segments by dense id, against a plain reading of the state one id at a time."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.label_colors import label_table
from render.engine.segment_index import Merges, SegmentIndex
from render.engine.segment_look import STYLES, SegmentLook
from render.engine.segment_masks import bit_of, visible_masks
from render.errors import StateError
from render.source.label_table import LabelTable
from render.state.layer import LabelLayer
from render.state.segment import Highlight

TABLE = LabelTable(
    colors={3: (1.0, 0.0, 0.0, 1.0), 5: (0.0, 1.0, 0.0, 0.5), 2**63 + 1: (0.0, 0.0, 1.0, 1.0), 8: (1.0, 1.0, 1.0, 0.0)},
    roots={12: 11, 11: 10},
)


def expected(ids: NDArray[np.uint64], table: LabelTable, layer: LabelLayer) -> NDArray[np.uint8]:
    """(n, 4) by the words of LabelLayer, one id at a time."""
    merged = {int(one): int(other) for one, other in layer.merged.items()}

    def root(one: int) -> int:
        while one in table.roots or one in merged:
            one = int(table.roots[one]) if one in table.roots else merged[one]
        return one

    listed = {root(int(one)) for one in layer.listed}
    lit = {root(int(one)) for one in layer.highlight.ids}
    colors = {root(int(one)): color for one, color in layer.segment_colors.items()}
    opacities = {root(int(one)): value for one, value in layer.segment_opacities.items()}
    rows = []
    for one in map(root, ids.tolist()):
        known = {**table.colors} if layer.colors == "file" else {}
        color, alpha = known[one][:3] if one in known else None, known[one][3] if one in known else 1.0
        if color is None:
            packed = label_table(np.array([0, one], np.uint64), {}, layer.colors)[1:]
            color = tuple(packed.view(np.uint8)[:3] / 255.0)
        if one in colors:
            color, alpha = colors[one], 1.0
        shown = {"all": True, "listed": one in listed, "except": one not in listed}[layer.shown]
        alpha *= (1.0 if shown else layer.rest_opacity) * opacities.get(one, 1.0)
        if one in lit:
            to, by = layer.highlight.color, layer.highlight.strength
            color = tuple(a + by * (b - a) for a, b in zip(color, to, strict=True))
        rows.append((0, 0, 0, 0) if one == 0 else (*color, alpha))
    return np.array(rows) * 255.0


def random_layer(rng: np.random.Generator, ids: list[int]) -> LabelLayer:
    def some(most: int) -> list[str]:
        return [str(one) for one in rng.choice(np.array(ids, object), rng.integers(0, most)).tolist()]

    free = [one for one in ids if one not in (0, 10, 11, 12)]
    pairs = {str(a): str(b) for a, b in rng.choice(np.array(free, object), (rng.integers(0, 5), 2)).tolist() if a < b}
    return LabelLayer(
        source="a",
        colors=rng.choice(["file", "hash", "glasbey"]),
        shown=rng.choice(["all", "listed", "except"]),
        listed=tuple(some(8)),
        rest_opacity=float(rng.choice([0.0, 0.25])),
        segment_colors={one: tuple(rng.random(3).tolist()) for one in some(4)},
        segment_opacities={one: float(rng.random()) for one in some(4)},
        highlight=Highlight(ids=tuple(some(4)), color=(1.0, 0.5, 0.0), strength=0.5),
        merged=pairs,
        style=rng.choice(list(STYLES)),
    )


def test_looks_are_those_of_the_state_after_any_changes() -> None:
    """The device's copy is kept by the ranges that are said to have changed, and by nothing else."""
    rng = np.random.default_rng(1)
    ids = np.array([0, 3, 5, 8, 10, 11, 12, 7, 2**63 + 1, 2**64 - 1, *range(20, 1300)], np.uint64)
    look, device = SegmentLook(TABLE), np.zeros(len(ids), np.uint32)
    known = 0
    for _ in range(60):
        known = min(len(ids), known + int(rng.integers(0, 200)))
        # Merges that would come back to themselves are another test's.
        layer = random_layer(rng, [one for one in ids.tolist() if one])
        look.extend(ids[:known])
        look.show(layer)
        for first, last in look.changes():
            device[first:last] = look.rgba8[first:last]
        rgba = device[:known].view(np.uint8).reshape(-1, 4)
        if not known:
            continue
        assert rgba[0].tolist() == [STYLES[layer.style], 0, 0, 0]
        wanted = expected(ids[:known], TABLE, layer)
        assert np.abs(rgba[1:].astype(float) - wanted[1:]).max() <= 1.01
        assert np.array_equal(rgba[1:, 3] > 0, wanted[1:, 3] > 0)
        assert np.array_equal(look.alpha, rgba[:, 3])


def test_one_segment_more_is_one_entry_more() -> None:
    ids = np.arange(100_000, dtype=np.uint64) * np.uint64(2**40)
    look = SegmentLook(LabelTable())
    look.extend(ids)
    alone = LabelLayer(source="a", shown="listed", listed=(str(5 * 2**40),))
    look.show(LabelLayer(source="a"))
    look.show(alone)
    look.changes()
    look.show(alone.model_copy(update={"listed": (str(70_000 * 2**40),)}))
    assert look.changes() == [(5, 6), (70_000, 70_001)]
    look.show(alone.model_copy(update={"listed": (str(70_000 * 2**40),), "opacity": 0.5}))
    assert look.changes() == []


def test_switching_among_a_million_takes_no_time() -> None:
    rng = np.random.default_rng(2)
    ids = np.concatenate([[0], rng.integers(1, 2**64 - 1, 1_000_000, np.uint64)]).astype(np.uint64)
    look = SegmentLook(LabelTable())
    look.extend(ids)
    best = 1.0
    for place in (77, 900_000, 77, 900_000):
        started = time.perf_counter()
        look.show(LabelLayer(source="a", shown="listed", listed=(str(ids[place]),)))
        best = min(best, time.perf_counter() - started)
        assert np.flatnonzero(look.alpha).tolist() == [place]
    assert best < 0.005  # a frame has 0.016; 0.3 ms were measured


def test_merges_of_a_table_and_of_a_state_may_not_come_back() -> None:
    look = SegmentLook(LabelTable(roots={2: 1}))
    look.extend(np.arange(9, dtype=np.uint64))
    look.show(LabelLayer(source="a"))
    before = look.rgba8.copy()
    for act in (look.check, look.show):
        with pytest.raises(StateError, match="merged into itself"):
            act(LabelLayer(source="a", merged={"1": "3", "3": "2"}, shown="listed"))
    assert np.array_equal(look.rgba8, before)
    with pytest.raises(StateError, match="merged into itself"):
        SegmentLook(LabelTable(roots={1: 2, 2: 3, 3: 1}))


def test_merging_puts_long_chains_together() -> None:
    n = 50_000
    merges = Merges((one, one + 1) for one in range(1, n))
    assert merges.roots(np.array([1, n // 2, n - 1, n, n + 1], np.uint64)).tolist() == [n] * 4 + [n + 1]


def test_index_finds_all_members() -> None:
    rng = np.random.default_rng(3)
    keys = rng.integers(0, 500, 5000).astype(np.uint64) * np.uint64(2**50)
    index, at = SegmentIndex(), 0
    while at < len(keys):
        step = int(rng.integers(1, 700))
        index.extend(keys[at : at + step])
        at += step
    wanted = np.unique(keys)[::7]
    assert index.members(wanted).tolist() == np.flatnonzero(np.isin(keys, wanted)).tolist()
    assert index.members(np.array([1], np.uint64)).tolist() == []


def test_masks_hold_the_bits_of_what_is_seen() -> None:
    rng = np.random.default_rng(4)
    alpha = (rng.random(1000) < 0.02).astype(np.uint8) * 200
    nodes: list[Any] = [rng.integers(0, 1200, n).astype(np.uint32) for n in (0, 5, 300, 0, 1, 40, 0)]
    wanted = []
    for ids in nodes:
        mask = 0
        for one in ids.tolist():
            if 0 < one < 1000 and alpha[one]:
                mask |= 1 << (((one * 2654435761) & 0xFFFFFFFF) >> 27)
        wanted.append(mask)
    assert visible_masks(nodes, alpha).tolist() == wanted
    starts = np.cumsum([0, *map(len, nodes)])
    assert visible_masks((np.concatenate(nodes), starts), alpha).tolist() == wanted
    assert visible_masks([], alpha).tolist() == []
    assert visible_masks(nodes, alpha[:0]).tolist() == [0] * len(nodes)
    assert np.bitwise_or.reduce(bit_of(np.arange(1, 200, dtype=np.uint32))) == 0xFFFFFFFF
