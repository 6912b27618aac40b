"""Which marks touch which tiles of a window, so that a pixel looks only at those that may cover it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .marks import TEXT

TILE_PX = 16
HEAD_WORDS = 4


def tile_lists(records: NDArray[np.void], window: tuple[int, int, int, int]) -> tuple[NDArray[np.uint32], int]:
    """The words of lib/guides.glsl for Guide records in pixels of the whole picture, and how many tiles are touched.

    `window` is (x, y, width, height). First HEAD_WORDS words a tile: x | y << 16 (in tiles), its list's first word, how
    many strokes, how many texts; then the lists: numbers of records in their order, texts last.
    """
    x0, y0, width, height = window
    across, down = -(-width // TILE_PX), -(-height // TILE_PX)
    mark, row, first, last = _spans(records, (x0, y0), across, down)
    counts = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(mark)), counts)
    column = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + first[which]
    tile, mark = row[which] * across + column, mark[which]
    is_text = records["what"][mark, 0] == TEXT
    order = np.lexsort((mark, is_text, tile))
    touched, starts = np.unique(tile[order], return_index=True)
    n = np.diff(np.append(starts, len(order)))
    texts = np.bincount(tile, weights=is_text, minlength=across * down)[touched].astype(np.int64)
    heads = np.empty((len(touched), HEAD_WORDS), np.uint32)
    heads[:, 0] = touched % across | (touched // across) << 16
    heads[:, 1] = starts + heads.size
    heads[:, 2] = n - texts
    heads[:, 3] = texts
    return np.concatenate([heads.ravel(), mark[order].astype(np.uint32)]), len(touched)


def _spans(
    records: NDArray[np.void], origin: tuple[int, int], across: int, down: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For every mark and row of tiles it touches: mark, row, first and last tile column (last < first: none)."""
    place = records["place"].astype(np.float64) - np.array([*origin, *origin])
    is_text = records["what"][:, 0] == TEXT
    place[is_text, 2:] += np.array(origin, np.float64)  # a width and height know no origin
    place[is_text, 2:] += place[is_text, :2]
    shape = records["shape"]
    pad = np.where(is_text, 0.0, np.maximum(shape[:, 0], shape[:, 1]) + shape[:, 2] + 1.0)
    a, b = place[:, :2], place[:, 2:]
    lo, hi = np.minimum(a, b) - pad[:, None], np.maximum(a, b) + pad[:, None]
    row_lo = np.clip(np.floor(lo[:, 1] / TILE_PX), 0, down).astype(np.int64)
    row_hi = np.clip(np.floor(hi[:, 1] / TILE_PX), -1, down - 1).astype(np.int64)
    counts = np.maximum(row_hi - row_lo + 1, 0)
    mark = np.repeat(np.arange(len(records)), counts)
    row = np.arange(len(mark)) - np.repeat(np.cumsum(counts) - counts, counts) + row_lo[mark]
    # Where a stroke is while it crosses the row, `pad` more than its height on both sides.
    a, b, pad, text = a[mark], b[mark], pad[mark], is_text[mark]
    rise = b[:, 1] - a[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t0 = (row * TILE_PX - pad - a[:, 1]) / rise
        t1 = ((row + 1) * TILE_PX + pad - a[:, 1]) / rise
    flat = (np.abs(rise) < 1e-6) | text
    t0, t1 = np.where(flat, 0.0, t0), np.where(flat, 1.0, t1)
    t0, t1 = np.clip(np.minimum(t0, t1), 0.0, 1.0), np.clip(np.maximum(t0, t1), 0.0, 1.0)
    run = b[:, 0] - a[:, 0]
    x0, x1 = a[:, 0] + run * t0, a[:, 0] + run * t1
    first = np.clip(np.floor((np.minimum(x0, x1) - pad) / TILE_PX), 0, across).astype(np.int64)
    last = np.clip(np.floor((np.maximum(x0, x1) + pad) / TILE_PX), -1, across - 1).astype(np.int64)
    return mark, row, first, last
