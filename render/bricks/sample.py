"""Which voxels of a channel are looked at for its statistics, so that memory and time stay bounded.

A volume that is small is read whole. Of a large one a coarser level is, and boxes of the finest level say how voxels
spread around the mean that the coarser level keeps of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..source.base import Level, Shape3, Source, SourceInfo

SAMPLE_VOXELS = 4 << 20
"""Of the level that is read where there are several; and how many values are kept of dtypes with more than 65536."""
SCAN_VOXELS = 64 << 20
"""A level is read through up to this size where there is no coarser one; of a larger one, boxes are."""
READERS = 6
"""Boxes read at once: over a network each waits for its answer."""
BOXES = 24
EXTREME_BOXES = 8
"""How many more boxes are laid where the coarser level is brightest, and as many where it is darkest."""
BOX_VOXELS = 32768
SPREAD_BOXES = 96
SLAB_VOXELS = 4 << 20
KEPT_BYTES = 256 << 20
"""A coarser level of at most this size is kept while boxes of the finest one are compared with it."""
LARGEST = 3e38
"""Values beyond a 32-bit float's are counted as this: no window could hold them."""
FEW_IN_STRATUM = 64
FEW_BOXES = 4
"""A stratum is told by fine voxels only where they come from at least so many boxes: the voxels of one box are
neighbours, and in a large volume a box is less than a structure."""

Box = tuple[Shape3, Shape3]
"""[lo, hi) in voxels, (z, y, x)"""
Values = NDArray[np.floating]


@dataclass(frozen=True)
class Sample:
    """Distinct finite `values` in ascending order (float32 where that is exact, else float64) and the `weights` of
    each: counts (uint32), or shares of the volume (float64). `lo` and `hi` are of all voxels that were read.

    `level` is the one that was read through. `whole`: every voxel of the finest level is in it; `exact_range`: lo and
    hi are those of all of its voxels.
    """

    values: Values
    weights: NDArray[np.uint32] | NDArray[np.float64]
    lo: float
    hi: float
    level: int
    whole: bool
    exact_range: bool


def sample_level(info: SourceInfo) -> int:
    """The level that is read: the finest one with at most SAMPLE_VOXELS, else the coarsest."""
    for index, level in enumerate(info.levels):
        if math.prod(level.shape) <= SAMPLE_VOXELS:
            return index
    return len(info.levels) - 1


def sample(source: Source, channel: int, time: int = 0) -> Sample:
    """Look at a channel. Raises SourceError when it cannot be read."""
    info = source.info
    level = sample_level(info)
    found = info.levels[level]
    size = math.prod(found.shape)
    tally = _tally(info.dtype, size)
    if size > SCAN_VOXELS:
        for lo, hi in spread_boxes(found, SPREAD_BOXES):
            tally.add(source.read(level, channel, time, lo, hi))
        return tally.sample(level, read_through=False)
    kept = np.empty(found.shape, info.dtype) if level and size * info.dtype.itemsize <= KEPT_BYTES else None
    for lo, hi in slabs(found):
        voxels = source.read(level, channel, time, lo, hi)
        tally.add(voxels)
        if kept is not None:
            kept[lo[0] : hi[0], lo[1] : hi[1], lo[2] : hi[2]] = voxels
    seen = tally.sample(level, read_through=True)
    if kept is None or not len(seen.values):
        return seen
    boxes = [*spread_boxes(info.levels[0], BOXES), *extreme_boxes(info.levels[0], kept, seen)]
    return refined(source, channel, time, seen, kept, list(dict.fromkeys(boxes)))


class _Counts:
    """Counts every value of an integer dtype of at most 16 bit: exact at any size."""

    def __init__(self, dtype: np.dtype[np.generic]) -> None:
        self._least = int(np.iinfo(dtype.name).min)
        self._counts = np.zeros(1 << (8 * dtype.itemsize), np.int64)

    def add(self, voxels: NDArray[np.generic]) -> None:
        self._counts += np.bincount(voxels.reshape(-1).astype(np.int32) - self._least, minlength=len(self._counts))

    def sample(self, level: int, read_through: bool) -> Sample:
        places = np.flatnonzero(self._counts)
        values = (places + self._least).astype(np.float32)
        exact = read_through and level == 0
        lo, hi = (float(values[0]), float(values[-1])) if len(values) else (0.0, 1.0)
        return Sample(values, self._counts[places].astype(np.uint32), lo, hi, level, exact, exact)


class _Every:
    """Keeps every n-th value, all of them where n is 1, and the extremes of all."""

    def __init__(self, dtype: np.dtype[np.generic], size: int) -> None:
        # float32 holds float16 and float32 exactly; 32-bit integers it does not.
        narrow = dtype.kind == "f" and dtype.itemsize <= 4
        self._dtype: type[np.floating] = np.float32 if narrow else np.float64
        self._stride = -(-size // SAMPLE_VOXELS)
        if self._stride > 1:
            self._stride |= 1  # odd, so that the columns of a row of even length take turns
        self._skip = 0
        self._parts: list[Values] = []
        self._lo, self._hi = math.inf, -math.inf

    def add(self, voxels: NDArray[np.generic]) -> None:
        flat = voxels.reshape(-1)
        taken = flat[self._skip :: self._stride]
        self._skip = (self._skip - len(flat)) % self._stride
        if flat.dtype.kind == "f":
            finite = np.isfinite(flat)
            if self._stride > 1 and finite.any():
                self._widen(flat.min(where=finite, initial=np.inf), flat.max(where=finite, initial=-np.inf))
            taken = taken[np.isfinite(taken)]
        elif self._stride > 1 and len(flat):
            self._widen(flat.min(), flat.max())
        self._parts.append(np.clip(taken.astype(self._dtype), -LARGEST, LARGEST).astype(self._dtype))

    def sample(self, level: int, read_through: bool) -> Sample:
        values, counts = distinct(np.concatenate(self._parts) if self._parts else np.zeros(0, self._dtype))
        exact = read_through and level == 0
        if len(values):
            self._widen(values[0], values[-1])
        lo, hi = (self._lo, self._hi) if self._lo <= self._hi else (0.0, 1.0)
        return Sample(values, counts, lo, hi, level, exact and self._stride == 1, exact)

    def _widen(self, lo: np.generic, hi: np.generic) -> None:
        self._lo = min(self._lo, max(float(lo), -LARGEST))
        self._hi = max(self._hi, min(float(hi), LARGEST))


def _tally(dtype: np.dtype[np.generic], size: int) -> _Counts | _Every:
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        return _Counts(dtype)
    return _Every(dtype, size if size <= SCAN_VOXELS else SPREAD_BOXES * BOX_VOXELS)


def distinct(values: Values) -> tuple[Values, NDArray[np.uint32]]:
    """Finite values sorted, each once, and how often it was there."""
    ordered = np.sort(values)
    if not len(ordered):
        return ordered, np.zeros(0, np.uint32)
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[first], np.diff(first, append=len(ordered)).astype(np.uint32)


def refined(
    source: Source, channel: int, time: int, seen: Sample, coarse: NDArray[np.generic], boxes: list[Box]
) -> Sample:
    """The sample of a coarser level, corrected by boxes of the finest one: averages hide extremes and thicken heaps.

    Post-stratification (Cochran, Sampling Techniques, 1977, section 5A.9) by the coarse voxel that a fine one lies in:
    the distribution of fine values is the sum over strata of coarse values of the share of the stratum, which is known
    of the whole volume, times the distribution of the fine values inside of it, which the boxes tell wherever enough
    of them were laid. A stratum of which they tell nothing keeps its coarse values.
    """
    fine_shape = source.info.levels[0].shape
    total = float(seen.weights.sum())
    cumulative = np.cumsum(seen.weights, dtype=np.float64) / total
    ranks = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999)
    edges = np.unique(seen.values[[min(int(np.searchsorted(cumulative, r)), len(cumulative) - 1) for r in ranks]])
    fine_parts, stratum_parts = [], []
    n_boxes = np.zeros(len(edges) + 1, np.int64)
    for (lo, hi), voxels in zip(boxes, read_boxes(source, channel, time, boxes), strict=True):
        fine = voxels.reshape(-1).astype(seen.values.dtype)
        index = [coarse_index(a, b, n, m) for a, b, n, m in zip(lo, hi, fine_shape, coarse.shape, strict=True)]
        under = coarse[tuple(slice(int(i[0]), int(i[-1]) + 1) for i in index)].astype(seen.values.dtype)
        strata = np.where(np.isfinite(under), np.searchsorted(edges, under), -1)
        strata = strata[np.ix_(*(i - i[0] for i in index))].reshape(-1)
        good = np.isfinite(fine) & (strata >= 0)
        fine_parts.append(np.clip(fine[good], -LARGEST, LARGEST).astype(seen.values.dtype))
        stratum_parts.append(strata[good])
        n_boxes += np.bincount(strata[good], minlength=len(n_boxes)) > 0
    fine, stratum = np.concatenate(fine_parts), np.concatenate(stratum_parts)
    numbers = np.bincount(stratum, minlength=len(edges) + 1)
    seen_stratum = np.searchsorted(edges, seen.values)
    shares = np.bincount(seen_stratum, weights=seen.weights / total, minlength=len(edges) + 1)
    told = (numbers >= FEW_IN_STRATUM) & (n_boxes >= FEW_BOXES)
    share_each = np.divide(shares, numbers, out=np.zeros(len(numbers)), where=told)
    untold = ~told[seen_stratum]
    use = told[stratum]
    values = np.concatenate([fine[use], seen.values[untold]])
    weights = np.concatenate([share_each[stratum[use]], seen.weights[untold] / total])
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    lo_seen, hi_seen = min(seen.lo, float(fine.min(initial=np.inf))), max(seen.hi, float(fine.max(initial=-np.inf)))
    return Sample(values[first], np.add.reduceat(weights, first), lo_seen, hi_seen, seen.level, False, False)


def read_boxes(source: Source, channel: int, time: int, boxes: list[Box]) -> Iterator[NDArray[np.generic]]:
    """The voxels of boxes of the finest level, in the order of the boxes; several are read at once.

    Raises SourceError of the first that cannot be read.
    """
    with ThreadPoolExecutor(READERS, thread_name_prefix="sample") as pool:
        waiting = [pool.submit(source.read, 0, channel, time, lo, hi) for lo, hi in boxes]
        try:
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def coarse_index(lo: int, hi: int, n_fine: int, n_coarse: int) -> NDArray[np.int64]:
    """The coarse voxels along an axis that hold the centres of the fine voxels [lo, hi)."""
    return ((np.arange(lo, hi) * 2 + 1) * n_coarse // (2 * n_fine)).astype(np.int64)


def slabs(level: Level) -> Iterator[Box]:
    """Boxes that cover a level: of whole chunks, of at most SLAB_VOXELS unless one chunk is larger, rows first."""
    side = list(level.chunk)
    for axis in (2, 1, 0):
        while side[axis] < level.shape[axis] and 2 * math.prod(side) <= SLAB_VOXELS:
            side[axis] *= 2
    for z, y, x in product(*(range(0, n, step) for n, step in zip(level.shape, side, strict=True))):
        nz, ny, nx = level.shape
        yield (z, y, x), (min(z + side[0], nz), min(y + side[1], ny), min(x + side[2], nx))


def spread_boxes(level: Level, count: int) -> list[Box]:
    """Up to `count` boxes spread evenly over a level, each inside one chunk, so that few chunks are decoded.

    Their places follow Roberts' sequence (The unreasonable effectiveness of quasirandom sequences, 2018) in 3 d.
    """
    step = np.array([0.8191725133961645, 0.6710436067037893, 0.5497004779019703])
    places = (0.5 + np.arange(1, count + 1)[:, None] * step) % 1.0
    return list(dict.fromkeys(_box_at(level, (place * level.shape).astype(np.int64)) for place in places))


def extreme_boxes(level: Level, coarse: NDArray[np.generic], seen: Sample) -> list[Box]:
    """Boxes of a level around the brightest and the darkest voxels of a coarser one, EXTREME_BOXES of each.

    `seen` is the sample of `coarse`: its ranks say which voxels to look for.
    """
    cumulative = np.cumsum(seen.weights, dtype=np.float64)
    few = 64 * EXTREME_BOXES / coarse.size * cumulative[-1]
    bright = seen.values[min(int(np.searchsorted(cumulative, cumulative[-1] - few)), len(cumulative) - 1)]
    dark = seen.values[min(int(np.searchsorted(cumulative, few)), len(cumulative) - 1)]
    boxes: dict[Box, None] = {}
    for hits, descending in ((coarse >= bright, True), (coarse <= dark, False)):
        places = np.flatnonzero(hits)
        places = places[:: -(-len(places) // 4096) or 1]  # of a plateau, as many as are enough
        order = np.argsort(coarse.reshape(-1)[places], kind="stable")
        around: dict[Box, None] = {}
        for place in places[order[::-1] if descending else order]:
            at = [(int(a) * 2 + 1) * n // (2 * m) for a, n, m in zip(
                np.unravel_index(place, coarse.shape), level.shape, coarse.shape, strict=True)]  # fmt: skip
            around[_box_at(level, np.array(at))] = None
            if len(around) == EXTREME_BOXES:
                break
        boxes |= around
    return list(boxes)


def _box_at(level: Level, at: NDArray[np.int64]) -> Box:
    """A box of at most BOX_VOXELS around a voxel, inside the chunk that holds it."""
    chunk_lo = [int(a) // c * c for a, c in zip(at, level.chunk, strict=True)]
    chunk_hi = [min(lo + c, n) for lo, c, n in zip(chunk_lo, level.chunk, level.shape, strict=True)]
    side = [hi - lo for lo, hi in zip(chunk_lo, chunk_hi, strict=True)]
    while math.prod(side) > BOX_VOXELS:
        longest = side.index(max(side))
        side[longest] = (side[longest] + 1) // 2
    lo = [
        min(max(int(a) - s // 2, first), last - s)
        for a, s, first, last in zip(at, side, chunk_lo, chunk_hi, strict=True)
    ]
    return (lo[0], lo[1], lo[2]), (lo[0] + side[0], lo[1] + side[1], lo[2] + side[2])
