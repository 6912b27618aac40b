"""What the values of a channel are like: range, histogram, percentiles, from a sample of bounded size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3, Source, SourceInfo

SAMPLE_VOXELS = 4 << 20
HISTOGRAM_BINS = 256
LARGEST = 3e38
"""Values beyond a 32-bit float's are counted as this: no window could hold them."""


@dataclass(frozen=True)
class ChannelStats:
    """`values` is the sorted sample (float64, finite only, possibly empty); `histogram` counts it over lo..hi."""

    lo: float
    hi: float
    histogram: NDArray[np.int64]
    values: NDArray[np.float64]
    whole: bool

    def percentile(self, percent: float) -> float:
        """The value below which `percent` (0..100) of the sampled voxels lie."""
        if not len(self.values):
            return self.lo
        return float(self.values[min(int(len(self.values) * percent / 100.0), len(self.values) - 1)])


def range_top(lo: float, hi: float) -> float:
    """`hi`, or for a range of no width the end of the smallest that can be cut into bins: 1, more for huge values."""
    least = max(1.0, abs(lo) * 1e-6) if lo == hi else abs(lo) * 1e-9
    return max(hi, lo + least)


def sample_level(info: SourceInfo) -> int:
    """The finest level with at most SAMPLE_VOXELS voxels, else the coarsest."""
    for index, level in enumerate(info.levels):
        if math.prod(level.shape) <= SAMPLE_VOXELS:
            return index
    return len(info.levels) - 1


def channel_stats(source: Source, channel: int, time: int = 0) -> ChannelStats:
    """Statistics of a channel. Raises SourceError when it cannot be read."""
    info = source.info
    level = sample_level(info)
    shape = info.levels[level].shape
    whole = level == 0 and math.prod(shape) <= SAMPLE_VOXELS
    voxels = _sample(source, level, channel, time, shape)
    values = np.clip(voxels[np.isfinite(voxels)], -LARGEST, LARGEST)
    values.sort()
    if not len(values):
        return ChannelStats(0.0, 1.0, np.zeros(HISTOGRAM_BINS, np.int64), values, whole)
    lo, hi = float(values[0]), float(values[-1])
    if not whole and info.dtype.kind == "f":
        # The sample is of a coarser level or a part; leave room for the extremes that it missed.
        lo, hi = lo - 0.05 * (hi - lo), hi + 0.25 * (hi - lo)
    histogram = np.histogram(values, bins=HISTOGRAM_BINS, range=(lo, range_top(lo, hi)))[0].astype(np.int64)
    return ChannelStats(lo, hi, histogram, values, whole)


def _sample(source: Source, level: int, channel: int, time: int, shape: Shape3) -> NDArray[np.float64]:
    """All voxels of the level when they are few, else of boxes spread evenly through it."""
    if math.prod(shape) <= 4 * SAMPLE_VOXELS:
        voxels = source.read(level, channel, time, (0, 0, 0), shape)
        stride = max(1, voxels.size // SAMPLE_VOXELS)
        return voxels.reshape(-1)[::stride].astype(np.float64)
    side = 64
    parts = []
    for z in _starts(shape[0], side):
        for y in _starts(shape[1], side):
            for x in _starts(shape[2], side):
                hi = (min(z + side, shape[0]), min(y + side, shape[1]), min(x + side, shape[2]))
                parts.append(source.read(level, channel, time, (z, y, x), hi).reshape(-1)[::4].astype(np.float64))
    return np.concatenate(parts)


def _starts(length: int, side: int, pieces: int = 4) -> list[int]:
    """Where up to four boxes of `side` start along an axis, spread over it."""
    if length <= pieces * side:
        return list(range(0, length, side))
    return [int(start) for start in np.linspace(0, length - side, pieces)]
