"""Statistics of channels, against numpy over all voxels."""

from __future__ import annotations

import math
import threading
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from render.bricks.pyramid import with_pyramid
from render.bricks.sample import SAMPLE_VOXELS
from render.bricks.stats import DISPLAY_BINS, ChannelStats, channel_stats, stats_of_channels
from render.errors import SourceError
from render.source.memory import MemorySource
from render.source.synthetic.open import open_synthetic

PERCENTS = (0.0, 0.1, 1.0, 12.5, 50.0, 75.0, 99.9, 100.0)


def stats_of(voxels: NDArray[np.generic]) -> ChannelStats:
    return channel_stats(MemorySource(voxels), 0)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "int32", "int64", "float16", "float32", "float64"]
)
def test_of_a_small_volume_everything_counts(dtype: str) -> None:
    voxels = np.random.default_rng(0).normal(60, 20, (20, 30, 40)).clip(-120, 120).astype(dtype)
    stats = stats_of(voxels)
    assert stats.whole
    assert stats.exact_range
    assert stats.level == 0
    assert (stats.lo, stats.hi) == (voxels.min(), voxels.max())
    values, counts = np.unique(voxels, return_counts=True)
    assert np.array_equal(stats.values, values)
    assert np.array_equal(stats.weights, counts)
    for percent in PERCENTS:
        assert stats.percentile(percent) == ranked(voxels, percent)


def ranked(voxels: NDArray[np.generic], percent: float) -> float:
    """The smallest value that the percentage of voxels does not exceed, by its rank in exact arithmetic (numpy's
    inverted_cdf takes 99.9 % of 24000 for a little more than 23976).
    """
    rank = math.ceil(Fraction(str(percent)) / 100 * voxels.size)
    return float(np.sort(voxels, axis=None)[max(rank, 1) - 1])


@given(arrays(np.int16, 60, elements=st.integers(-5, 5)), st.floats(0, 100), st.floats(-6, 6))
def test_percentiles_and_their_inverse_agree(voxels: NDArray[np.int16], percent: float, value: float) -> None:
    """A Galois connection: the percentile is at most v exactly where v's percentage is at least the percent."""
    stats = stats_of(voxels.reshape(3, 4, 5))
    assert stats.percentile_of(value) == pytest.approx(100 * (voxels <= value).mean())
    close = abs(percent * 0.6 - round(percent * 0.6)) < 1e-9  # at a step, rounding decides
    if not close:
        assert (stats.percentile(percent) <= value) == (stats.percentile_of(value) >= percent) or percent == 0.0


def test_bins_are_those_of_numpy() -> None:
    voxels = np.random.default_rng(1).normal(0, 1, (16, 16, 16)).astype(np.float32)
    stats = stats_of(voxels)
    for count, lo, hi in ((4096, None, None), (10, -0.5, 0.25), (7, -9.0, 9.0)):
        histogram = stats.bins(count, lo, hi)
        span = (float(voxels.min()) if lo is None else lo, float(voxels.max()) if hi is None else hi)
        expected = np.histogram(voxels.astype(np.float64), count, span)
        assert np.array_equal(histogram.counts, expected[0])
        assert histogram.edge(count) == pytest.approx(expected[1][-1])


def test_histogram_to_be_looked_at_has_no_comb() -> None:
    """400 integers, each as often as the other, in 256 bins: some hold one, some two of them."""
    voxels = np.arange(400, dtype=np.uint16).repeat(10).reshape(10, 20, 20)
    stats = stats_of(voxels)
    assert set(stats.bins(DISPLAY_BINS).counts) == {10.0, 20.0}
    shown = stats.histogram
    assert len(shown.counts) == DISPLAY_BINS
    assert shown.counts.sum() == pytest.approx(voxels.size)
    assert shown.counts[1:-1] == pytest.approx(10 * 399 / 256, rel=1e-9)


def test_channels_and_times_are_told_apart() -> None:
    voxels = np.zeros((2, 2, 4, 5, 6), np.uint8)
    voxels[0, 1] = 200
    voxels[1, 0] = 7
    source = MemorySource(voxels)
    assert channel_stats(source, 0).hi == 0
    assert channel_stats(source, 1).lo == 200
    assert channel_stats(source, 0, time=1).lo == 7


def test_what_is_no_number_does_not_count() -> None:
    voxels = np.full((8, 8, 8), np.nan, np.float32)
    assert stats_of(voxels).histogram.counts.sum() == 0
    assert stats_of(voxels).total == 0
    voxels[0, 0, :4] = [1, np.inf, 3, -np.inf]
    stats = stats_of(voxels)
    assert (stats.lo, stats.hi) == (1.0, 3.0)
    assert stats.histogram.counts.sum() == 2


def test_a_large_volume_of_narrow_integers_is_counted_whole() -> None:
    """One hot voxel among 8.8 million is seen, and percentiles are exact."""
    voxels = np.random.default_rng(2).poisson(40, (220, 200, 200)).astype(np.uint16)
    voxels[100, 101, 103] = 50_000
    assert voxels.size > SAMPLE_VOXELS
    stats = stats_of(voxels)
    assert stats.whole
    assert stats.hi == 50_000
    assert [stats.percentile(p) for p in (1, 50, 99.9)] == [ranked(voxels, p) for p in (1, 50, 99.9)]


def test_a_large_volume_of_floats_is_sampled_but_its_extremes_are_not() -> None:
    voxels = np.random.default_rng(3).normal(0, 1, (220, 200, 200)).astype(np.float32)
    voxels[7, 11, 13], voxels[200, 1, 2] = 90.0, -70.0
    stats = stats_of(voxels)
    assert not stats.whole
    assert stats.exact_range
    assert (stats.lo, stats.hi) == (-70.0, 90.0)
    assert len(stats.values) <= SAMPLE_VOXELS
    for percent in (0.1, 5, 50, 95, 99.9):
        assert stats.percentile(percent) == pytest.approx(np.percentile(voxels, percent), abs=0.02)


def noisy_spheres(side: int) -> NDArray[np.uint16]:
    """Background and 30 small bright spheres, with shot noise: means of 8 voxels have half of its spread."""
    rng = np.random.default_rng(4)
    z, y, x = np.ogrid[:side, :side, :side]
    mean = np.full((side, side, side), 100.0)
    for centre in rng.integers(10, side - 10, (30, 3)):
        mean[(z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < 36] = 900.0
    return rng.poisson(mean).astype(np.uint16)


def test_boxes_of_the_finest_level_tell_what_means_hide() -> None:
    voxels = noisy_spheres(180)
    source = with_pyramid(MemorySource(voxels), 1 << 20)
    assert len(source.info.levels) > 1
    stats = channel_stats(source, 0)
    assert stats.level > 0
    assert not stats.whole
    assert stats.cumulative[-1] == pytest.approx(1.0)
    coarse = source.read(stats.level, 0, 0, (0, 0, 0), source.info.levels[stats.level].shape)
    for percent in (0.1, 1, 10, 25, 50, 75, 90, 99):
        true = np.percentile(voxels, percent)
        assert stats.percentile(percent) == pytest.approx(true, abs=1.01), percent
    # The means alone would be off by ten and more.
    assert abs(np.percentile(coarse, 1) - np.percentile(voxels, 1)) > 8
    # The brightest voxels are looked for: of 27000 bright ones the range misses at most a few counts.
    assert voxels.max() >= stats.values[-1] >= voxels.max() - 40
    assert coarse.max() < voxels.max() - 40
    for percent in (99.6, 99.9, 99.99):
        assert stats.percentile(percent) == pytest.approx(np.percentile(voxels, percent), rel=0.05), percent


class Counting(MemorySource):
    read_voxels = 0

    def read(self, *args):
        voxels = super().read(*args)
        self.read_voxels += voxels.size
        return voxels


def test_of_a_huge_level_only_boxes_are_read() -> None:
    z = np.arange(1024, dtype=np.float32)[:, None, None]
    source = Counting(np.broadcast_to(z, (1024, 512, 512)))
    stats = channel_stats(source, 0)
    assert 1 << 20 < source.read_voxels < SAMPLE_VOXELS
    assert not stats.exact_range
    for percent in (10, 50, 90):
        assert stats.percentile(percent) == pytest.approx(10.24 * percent, abs=40)
    assert stats.lo <= 0
    assert stats.hi >= 1023


def test_stored_range_leaves_out_what_would_eat_its_steps() -> None:
    rng = np.random.default_rng(5)
    voxels = rng.normal(100, 10, (40, 40, 40)).astype(np.float32)
    assert stats_of(voxels).stored_range == (voxels.min(), voxels.max())
    voxels[3, 4, 5], voxels[5, 4, 3] = 3e38, -9999.0
    lo, hi = stats_of(voxels).stored_range
    body = np.diff(np.percentile(voxels, (0.1, 99.9)))[0]
    assert 256 * body == pytest.approx(hi - lo, rel=0.01)
    assert lo < np.percentile(voxels, 0.01)
    assert hi > np.percentile(voxels, 99.99)
    # Sparse data have no body in that sense: everything is kept.
    sparse = np.zeros((40, 40, 40), np.float32)
    sparse[0, 0, :3] = [1.0, 5.0, 1e6]
    assert stats_of(sparse).stored_range == (0.0, 1e6)


def test_channels_are_looked_at_together_and_told_in_their_order() -> None:
    voxels = np.stack([np.full((8, 8, 8), value, np.uint8) for value in range(9)])
    source = MemorySource(voxels)
    assert [stats.percentile(50) for stats in stats_of_channels(source)] == list(range(9))


def test_a_channel_that_cannot_be_read_is_told_and_leaves_no_thread() -> None:
    class Broken(MemorySource):
        def read(self, level, channel, *args):  # type: ignore[no-untyped-def]
            if channel == 2:
                raise SourceError("channel 2 is gone")
            return super().read(level, channel, *args)

    with pytest.raises(SourceError, match="channel 2 is gone"):
        list(stats_of_channels(Broken(np.zeros((5, 8, 8, 8), np.uint8))))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stats")]


def test_a_stratum_is_not_told_by_a_single_box() -> None:
    # The cell's reticulum at a terabyte: boxes are so small that most lie between its sheets.
    (source,) = open_synthetic("synthetic:cell?size=10000&labels=0")
    coarse = source.read(6, 3, 0, (0, 0, 0), source.info.levels[6].shape)
    stats = channel_stats(source, 3)
    assert stats.percentile(99) == pytest.approx(np.percentile(coarse, 99), rel=0.35)
