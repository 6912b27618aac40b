"""What the values of a channel are like: range, percentiles, histograms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..source.base import Source
from .sample import LARGEST, SAMPLE_VOXELS, sample, sample_level

DISPLAY_BINS = 256
RULE_BINS = 4096
CHANNELS_AT_ONCE = 2
STORED_SHARE = 1 / 256
"""Of the range that is stored, the body of the values has at least this share. See `stored_range`."""


@dataclass(frozen=True)
class Histogram:
    """`counts` of equal bins from `lo` to `hi`: voxels that were looked at, or shares of all when they are weighted."""

    counts: NDArray[np.float64]
    lo: float
    hi: float

    @property
    def width(self) -> float:
        """Of one bin."""
        return (self.hi - self.lo) / len(self.counts)

    def edge(self, index: int) -> float:
        """Where bin `index` begins."""
        return self.lo + index * self.width


@dataclass(frozen=True, eq=False)
class ChannelStats:
    """What is known of a channel at a time point.

    `values`: distinct values, ascending, finite, possibly none; `cumulative`: how many of the voxels looked at
    (uint32), or which share of the volume (float64), are at most that. lo..hi holds all values, with room for what a
    sample may have missed.

    `whole`: every voxel of the finest level was counted, and percentiles are exact. Otherwise they are those of level
    `level`, corrected by boxes of the finest one where `level` is not the finest itself. `exact_range`: values[0] and
    values[-1] are the extremes of all voxels of the finest level.
    """

    lo: float
    hi: float
    values: NDArray[np.floating]
    cumulative: NDArray[np.uint32] | NDArray[np.float64]
    level: int = 0
    whole: bool = True
    exact_range: bool = True
    integral: bool = False

    @property
    def total(self) -> float:
        return float(self.cumulative[-1]) if len(self.cumulative) else 0.0

    @property
    def weights(self) -> NDArray[np.float64]:
        """Of each of `values`, float64."""
        return np.diff(self.cumulative.astype(np.float64), prepend=0.0)

    def percentile(self, percent: float) -> float:
        """The smallest value that at least `percent` (0..100) of the voxels do not exceed: numpy's "inverted_cdf"."""
        if not len(self.values):
            return self.lo
        # The product of 99.9 / 100 and 1000 may come out just above 999, which would be one value too far.
        needed = percent / 100.0 * self.total * (1.0 - 1e-12)
        key = self.cumulative.dtype.type(math.ceil(needed) if self.cumulative.dtype.kind == "u" else needed)
        return float(self.values[min(int(np.searchsorted(self.cumulative, key)), len(self.values) - 1)])

    def percentile_of(self, value: float) -> float:
        """The percentage of voxels that are at most `value`."""
        if not len(self.values):
            return 0.0
        at = int(np.searchsorted(self.values, value, side="right"))
        return 100.0 * float(self.cumulative[at - 1]) / self.total if at else 0.0

    def bins(self, count: int, lo: float | None = None, hi: float | None = None) -> Histogram:
        """The values of [lo, hi], by default all of them, in `count` bins; the last bin holds its upper edge too."""
        if lo is None:
            lo = float(self.values[0]) if len(self.values) else self.lo
        if hi is None:
            hi = float(self.values[-1]) if len(self.values) else self.hi
        hi = range_top(lo, hi)
        edges = np.linspace(lo, hi, count + 1)
        below = np.searchsorted(self.values, edges, side="left")
        below[-1] = np.searchsorted(self.values, hi, side="right")
        cumulative = np.concatenate([[0.0], self.cumulative.astype(np.float64)])
        return Histogram(np.diff(cumulative[below]), lo, hi)

    @cached_property
    def histogram(self) -> Histogram:
        """DISPLAY_BINS bins over lo..hi, to be looked at.

        An integer counts as spread over the unit around it: bins that hold now five and now six integers would make a
        comb of a smooth heap.
        """
        lo, hi = self.lo, range_top(self.lo, self.hi)
        if not self.integral or not len(self.values):
            return self.bins(DISPLAY_BINS, lo, hi)
        edges = np.linspace(lo, hi, DISPLAY_BINS + 1)
        knots = np.stack([self.values - 0.5, self.values + 0.5], axis=1, dtype=np.float64).reshape(-1)
        weights = self.cumulative.astype(np.float64)
        heights = np.stack([np.concatenate([[0.0], weights[:-1]]), weights], axis=1).reshape(-1)
        below = np.interp(edges, knots, heights)
        below[0], below[-1] = 0.0, weights[-1]
        return Histogram(np.diff(below), lo, hi)

    @property
    def stored_range(self) -> tuple[float, float]:
        """The range to be stored in 16 bit where the dtype has more: lo..hi unless single outliers, such as hot voxels
        or fill values, would leave the body of the values (0.1st to 99.9th percentile) less than 256 of the 65536
        steps; then the body and as much on both sides as gives it so many. What is beyond counts as the end.
        """
        lo, hi = self.lo, range_top(self.lo, self.hi)
        if not len(self.values):
            return lo, hi
        first, last = self.percentile(0.1), self.percentile(99.9)
        body = last - first
        if body <= 0 or body >= STORED_SHARE * (hi - lo):
            return lo, hi
        room = 0.5 * (1.0 / STORED_SHARE - 1.0) * body
        return max(lo, first - room), min(hi, last + room)


def range_top(lo: float, hi: float) -> float:
    """`hi`, or for a range of no width the end of the smallest that can be cut into bins: 1, more for huge values."""
    least = max(1.0, abs(lo) * 1e-6) if lo == hi else abs(lo) * 1e-9
    return max(hi, lo + least)


def channel_stats(source: Source, channel: int, time: int = 0) -> ChannelStats:
    """Statistics of a channel at a time point. Raises SourceError when it cannot be read."""
    dtype = source.info.dtype
    seen = sample(source, channel, time)
    values, lo, hi = seen.values, seen.lo, seen.hi
    if len(values) and not seen.exact_range and (dtype.kind == "f" or dtype.itemsize > 2):
        # Room for the extremes that the sample missed: narrower dtypes are stored with all the values that they have.
        lo, hi = max(lo - 0.05 * (hi - lo), -LARGEST), min(hi + 0.25 * (hi - lo), LARGEST)
        if dtype.kind in "iu":
            limits = np.iinfo(dtype.name)
            lo, hi = max(lo, float(limits.min)), min(hi, float(limits.max))
    cumulative: NDArray[np.uint32] | NDArray[np.float64]
    if seen.weights.dtype.kind == "f":
        cumulative = np.cumsum(seen.weights, dtype=np.float64)
    else:
        cumulative = np.cumsum(seen.weights, dtype=np.uint32)
    return ChannelStats(
        lo=lo,
        hi=hi,
        values=values,
        cumulative=cumulative,
        level=seen.level,
        whole=seen.whole,
        exact_range=seen.exact_range,
        integral=dtype.kind in "iu",
    )


def stats_of_channels(source: Source, time: int = 0) -> Iterator[ChannelStats]:
    """Statistics of each channel of an image in turn; several are looked at at once where each takes little memory.

    Raises SourceError of the first that cannot be read.
    """
    n_channels = len(source.info.channels)
    is_small = math.prod(source.info.levels[sample_level(source.info)].shape) <= SAMPLE_VOXELS
    pool = ThreadPoolExecutor(CHANNELS_AT_ONCE if is_small else 1, thread_name_prefix="stats")
    try:
        waiting = [pool.submit(channel_stats, source, channel, time) for channel in range(n_channels)]
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
