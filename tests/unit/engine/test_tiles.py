"""Tiles against every pixel that a mark can touch."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.marks import CAPSULE, GUIDE, TEXT, TRAPEZIUM
from render.engine.tiles import HEAD_WORDS, TILE_PX, tile_lists


def records(n: int, seed: int) -> NDArray[np.void]:
    rng = np.random.default_rng(seed)
    out = GUIDE.array(n)
    for row in out:
        kind = rng.choice([CAPSULE, TRAPEZIUM, TEXT])
        row["what"][:2] = kind, rng.integers(2)
        a = rng.uniform(-60, 260, 2)
        span = rng.uniform(-1, 1, 2) * rng.choice([0.0, 4.0, 60.0, 300.0], 2)
        row["place"] = (*np.round(a), *rng.integers(1, 50, 2)) if kind == TEXT else (*a, *(a + span))
        row["shape"] = (rng.uniform(0.3, 4), rng.uniform(0.3, 4), rng.choice([0.0, 3.0]), 0.3)
    return out


def touched(row: NDArray[np.void], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a mark or its halo may show at pixel centres x, y of the whole picture: distance to the segment."""
    x0, y0, x1, y1 = (float(v) for v in row["place"])
    if row["what"][0] == TEXT:
        return (x > x0) & (x < x0 + x1) & (y > y0) & (y < y0 + y1)
    dx, dy = x1 - x0, y1 - y0
    t = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
    distance = np.hypot(x - x0 - t * dx, y - y0 - t * dy)
    return distance < max(row["shape"][:2]) + max(row["shape"][2], 0.5)


@pytest.mark.parametrize("window", [(0, 0, 200, 150), (37, 21, 130, 90), (0, 0, 5, 5)])
def test_every_pixel_finds_its_marks_in_order(window: tuple[int, int, int, int]) -> None:
    marks = records(60, 5)
    words, n = tile_lists(marks, window)
    heads = words[: HEAD_WORDS * n].reshape(n, HEAD_WORDS).astype(int)
    lists = {
        (head[0] & 65535, head[0] >> 16): words[head[1] : head[1] + head[2] + head[3]].astype(int).tolist()
        for head in heads
    }
    assert len(lists) == n
    for head in heads:
        mine = words[head[1] : head[1] + head[2] + head[3]].astype(int)
        is_text = marks["what"][mine, 0] == TEXT
        assert is_text.tolist() == [False] * head[2] + [True] * head[3]
        assert (np.diff(mine[~is_text]) > 0).all()
        assert (np.diff(mine[is_text]) > 0).all()
    x, y = np.meshgrid(np.arange(window[2]) + 0.5, np.arange(window[3]) + 0.5)
    spare = 0
    for number, row in enumerate(marks):
        where = touched(row, x + window[0], y + window[1])
        tiles = {(int(a), int(b)) for a, b in zip(x[where] // TILE_PX, y[where] // TILE_PX, strict=True)}
        listed = {place for place, mine in lists.items() if number in mine}
        assert tiles <= listed
        spare += len(listed - tiles)
    # Few tiles are listed for nothing.
    assert spare < 0.35 * sum(map(len, lists.values())) + 20


def test_marks_outside_of_the_window_touch_nothing() -> None:
    marks = GUIDE.array(2)
    marks["place"] = [(-50, -50, -20, -20), (500, 10, 600, 20)]
    marks["shape"] = 1
    words, n = tile_lists(marks, (0, 0, 200, 100))
    assert n == 0
    assert len(words) == 0
