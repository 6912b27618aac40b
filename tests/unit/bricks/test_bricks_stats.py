"""Statistics of channels."""

from __future__ import annotations

import numpy as np
import pytest

from render.bricks.stats import HISTOGRAM_BINS, SAMPLE_VOXELS, channel_stats
from render.source.memory import MemorySource


def test_of_a_small_volume_everything_counts() -> None:
    voxels = np.random.default_rng(0).normal(100, 20, (20, 30, 40)).astype(np.float32)
    stats = channel_stats(MemorySource(voxels), 0)
    assert stats.whole
    assert stats.lo == voxels.min()
    assert stats.hi == voxels.max()
    assert stats.histogram.sum() == voxels.size
    assert len(stats.histogram) == HISTOGRAM_BINS
    assert np.array_equal(stats.values, np.sort(voxels.ravel()))
    for percent in (0.1, 50.0, 99.9):
        assert stats.percentile(percent) == pytest.approx(np.percentile(voxels, percent), abs=0.2)
    assert stats.percentile(100.0) == voxels.max()


def test_channels_are_told_apart() -> None:
    voxels = np.zeros((2, 4, 5, 6), np.uint8)
    voxels[1] = 200
    assert channel_stats(MemorySource(voxels), 0).hi == 0
    assert channel_stats(MemorySource(voxels), 1).lo == 200


def test_what_is_no_number_does_not_count() -> None:
    voxels = np.full((8, 8, 8), np.nan, np.float32)
    assert channel_stats(MemorySource(voxels), 0).histogram.sum() == 0
    voxels[0, 0, :4] = [1, np.inf, 3, -np.inf]
    stats = channel_stats(MemorySource(voxels), 0)
    assert (stats.lo, stats.hi) == (1.0, 3.0)
    assert stats.histogram.sum() == 2


def test_a_large_volume_is_sampled_evenly() -> None:
    z = np.arange(220, dtype=np.uint8)[:, None, None]
    voxels = np.broadcast_to(z, (220, 200, 200))
    stats = channel_stats(MemorySource(voxels), 0)
    assert not stats.whole
    assert len(stats.values) <= 2 * SAMPLE_VOXELS
    assert abs(stats.percentile(50) - 110) <= 2
    assert (stats.lo, stats.hi) == (0, 219)
