"""Rules of windows: each against a hand-made histogram or an implementation of its description, word by word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from render.bricks.stats import ChannelStats, channel_stats
from render.scene.transfer import METHODS, auto_windows, otsu, resolved, window_of
from render.source.memory import MemorySource
from render.state.layer import Channel
from render.state.transfer import AutoRule, IsovalueRule, LevelRule, PercentileRule, TransferRule


def stats_of(voxels: NDArray[np.generic]) -> ChannelStats:
    return channel_stats(MemorySource(voxels.reshape(1, *np.atleast_2d(voxels).shape[-2:])), 0)


def of_counts(counts: dict[int, int], dtype: str = "uint8") -> ChannelStats:
    return stats_of(np.repeat(np.array(list(counts), dtype), list(counts.values())))


def two_heaps() -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(100, 5, 54_000), rng.normal(600, 30, 10_000)]).astype(np.float32)


def window(method: str, stats: ChannelStats) -> tuple[float, float]:
    return window_of(AutoRule.model_validate({"method": method}), stats)


# ---- rules by hand ----


def test_without_a_rule_nothing_changes() -> None:
    channel = Channel(window=(3.0, 4.0), curve=((0.0, 1.0), (1.0, 0.5)))
    assert resolved(channel, stats_of(two_heaps())) is channel


def test_level() -> None:
    stats = of_counts({0: 5, 200: 5})
    shown = resolved(Channel(rule=LevelRule(level=40.0, window=400.0), curve=((0.2, 0.7),)), stats)
    assert shown.window == (-160.0, 240.0)
    assert shown.curve == ((0.2, 0.7),)
    assert resolved(shown, stats) == shown


def test_percentiles_are_exact() -> None:
    stats = stats_of(np.arange(1000, dtype=np.uint16))
    assert window_of(PercentileRule(low=50.0, high=98.0), stats) == (499.0, 979.0)
    assert window_of(PercentileRule(low=0.0, high=100.0), stats) == (0.0, 999.0)


@pytest.mark.parametrize(("value", "width"), [(120.0, 20.0), (-3.5, 1e-3), (0.0, 1e6), (1000.0, 0.5)])
def test_isovalue_is_a_box_inside_of_its_window(value: float, width: float) -> None:
    channel = resolved(Channel(rule=IsovalueRule(value=value, range=width)), stats_of(two_heaps()))
    lo, hi = channel.window
    assert lo < value - width / 2
    assert hi > value + width / 2

    def opacity(values: NDArray[np.float64]) -> NDArray[np.float64]:
        positions, heights = zip(*channel.curve, strict=True)
        return np.interp(np.clip((values - lo) / (hi - lo), 0, 1), positions, heights)

    inside = value + width * np.linspace(-0.499, 0.499, 101)
    outside = value + width * np.array([-1e6, -3.0, -0.999, -0.501, 0.501, 0.999, 3.0, 1e6])
    assert opacity(inside) == pytest.approx(1.0)
    assert opacity(outside) == pytest.approx(0.0)


def test_isovalue_of_a_range_too_narrow_for_its_digits_still_has_a_box() -> None:
    channel = resolved(Channel(rule=IsovalueRule(value=1e6, range=1e-9)), stats_of(two_heaps()))
    lo, hi = channel.window
    assert lo < 1e6 < hi
    x = (1e6 - lo) / (hi - lo)
    full = [position for position, height in channel.curve if height == 1.0]
    assert full[0] < x < full[1]
    assert full[1] - full[0] == pytest.approx(0.5, abs=0.01)
    assert Channel.model_validate(channel.model_dump()) == channel


# ---- automatic rules ----


def imagej_by_the_word(counts: list[int], least: float, step: float) -> tuple[float, float] | None:
    """What is published of the first press: bins are passed over from either end until one holds more than the
    5000th part of the pixels; a bin of more than a tenth of them is taken as empty."""
    pixels = sum(counts)
    limit, threshold = pixels / 10, pixels / 5000
    first = last = None
    for i in range(len(counts)):
        count = 0 if counts[i] > limit else counts[i]
        if count > threshold:
            first = i
            break
    for i in reversed(range(len(counts))):
        count = 0 if counts[i] > limit else counts[i]
        if count > threshold:
            last = i
            break
    if first is None or last is None or first == last:
        return None
    return least + first * step, least + last * step


def test_imagej_of_bytes_passes_over_background_and_specks() -> None:
    counts = {0: 50_000, 1: 9_000, 10: 4, 20: 900, 30: 5_000, 200: 900, 250: 3}
    stats = of_counts(counts)
    by_value = [counts.get(value, 0) for value in range(251)]
    assert imagej_by_the_word(by_value, 0.0, 1.0) == (20.0, 200.0)
    assert window("imagej", stats) == (20.0, 200.0)


def test_imagej_of_floats_has_256_bins() -> None:
    voxels = two_heaps()
    counts, edges = np.histogram(voxels.astype(np.float64), 256)
    assert window("imagej", stats_of(voxels)) == pytest.approx(
        imagej_by_the_word(counts.tolist(), edges[0], edges[1] - edges[0])
    )


def test_imagej_takes_the_whole_range_where_no_two_bins_are_left() -> None:
    assert window("imagej", of_counts({3: 50, 9: 50})) == (3.0, 9.0)


@given(arrays(np.int16, 50, elements=st.integers(-300, 300)))
def test_otsu_parts_where_the_variance_inside_of_the_classes_is_least(voxels: NDArray[np.int16]) -> None:
    """Over all thresholds, by the definition; the sums of both variances are constant, so the least inside is the
    largest between."""
    values = np.unique(voxels)
    if len(values) < 2:
        return

    def inside(threshold: float) -> float:
        low, high = voxels[voxels <= threshold].astype(float), voxels[voxels > threshold].astype(float)
        return (low.var() * len(low) + high.var() * len(high)) / len(voxels)

    found = window("otsu", stats_of(voxels))[0]
    assert inside(found) == pytest.approx(min(inside(t) for t in values[:-1]), abs=1e-6)


def test_otsu_of_a_histogram_parts_it_by_its_bins() -> None:
    counts = np.histogram(two_heaps(), bins=64)[0]
    bins = np.repeat(np.arange(64), counts)
    within = [bins[bins <= t].var() * (bins <= t).mean() + bins[bins > t].var() * (bins > t).mean() for t in range(63)]
    assert within[otsu(counts.astype(np.float64))] == pytest.approx(min(within))


def test_otsu_begins_between_the_heaps() -> None:
    lo, hi = window("otsu", stats_of(two_heaps()))
    assert two_heaps()[:54_000].max() == pytest.approx(lo)
    assert hi == pytest.approx(np.percentile(two_heaps(), 99.9), abs=1)


def test_best_fit_leaves_out_a_tenth_at_either_end() -> None:
    stats = stats_of(np.arange(1000, dtype=np.float32))
    assert window("best_fit", stats) == (99.0, 899.0)


def test_minmax() -> None:
    assert window("minmax", stats_of(two_heaps())) == (two_heaps().min(), two_heaps().max())


def test_mode_takes_what_is_a_tenth_as_frequent_as_the_fullest_bin() -> None:
    # Bins of 0..255 in 256 are 255/256 wide; bin i holds the integer i, but for the last.
    stats = of_counts({0: 9, 40: 11, 50: 100, 60: 12, 61: 10, 255: 5})
    lo, hi = window("mode", stats)
    assert lo == pytest.approx(40 * 255 / 256)
    assert hi == pytest.approx(61 * 255 / 256)


def test_hosta_hides_the_dark_heap_and_holds_the_bright_one() -> None:
    voxels = two_heaps()
    lo, hi = window("hosta", stats_of(voxels))
    assert (voxels[voxels < 300] > lo + 0.1 * (hi - lo)).mean() < 0.01
    assert (voxels[voxels > 300] > lo).mean() > 0.99
    assert hi == pytest.approx(np.percentile(voxels, 99.9), abs=3)


def test_one_hot_voxel_does_not_stretch_the_window_of_the_first_look() -> None:
    voxels = two_heaps()
    voxels[0] = 1e6
    assert window("hosta", stats_of(voxels))[1] < 1000


# ---- data that have no window ----

DEGENERATE = {
    "zero": np.zeros(64, np.uint8),
    "constant": np.full(64, -3.5, np.float32),
    "huge constant": np.full(64, 2.5e38, np.float32),
    "nan": np.full(64, np.nan, np.float32),
    "infinite": np.array([np.inf, -np.inf, np.nan, np.inf], np.float32),
    "one number": np.array([np.nan, np.nan, 7.0, np.nan], np.float64),
    "two": np.array([0, 1], np.uint8),
    "two huge": np.array([-3e38, 3e38], np.float32),
    "beyond": np.array([-1e300, 1e300], np.float64),
    "tiny": np.array([1e-40, 2e-40, 3e-40, 0.0], np.float64),
    "close": np.array([1e9, 1e9 + 1e-6, 1e9 + 2e-6], np.float64),
    "rare": np.eye(32, dtype=np.uint16).ravel(),
    "one hot": np.array([0] * 9999 + [65535], np.uint16),
    "ids": np.array([0, 2**63, 2**64 - 1, 5], np.uint64),
}
RULES: tuple[TransferRule, ...] = (
    *(AutoRule(method=method) for method in METHODS),
    PercentileRule(low=50.0, high=98.0),
    PercentileRule(low=0.0, high=0.001),
    LevelRule(level=1e20, window=1e-30),
    LevelRule(level=3.4e38, window=3.4e38),
    IsovalueRule(value=0.0, range=1e-300),
    IsovalueRule(value=-3.5e38, range=3.5e38),
    IsovalueRule(value=7.0, range=1e-12),
)


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_no_data_and_no_rule_make_an_empty_window(name: str, rule: TransferRule) -> None:
    channel = resolved(Channel(rule=rule), stats_of(DEGENERATE[name]))
    lo, hi = channel.window
    assert hi - lo >= 0.9e-9 * max(abs(lo), abs(hi))
    assert 0 < hi - lo < np.inf
    assert Channel.model_validate(channel.model_dump()) == channel


def test_windows_of_all_methods_are_offered() -> None:
    stats = stats_of(two_heaps())
    assert auto_windows(stats) == {method: window(method, stats) for method in METHODS}
    assert set(METHODS) == {"hosta", "imagej", "otsu", "minmax", "best_fit", "mode"}


def test_sparse_bright_matter_has_a_window_by_every_method_but_mode() -> None:
    """Where nine tenths are 0, percentiles alone would leave an empty window."""
    stats = of_counts({0: 9_500, 50: 300, 200: 200})
    for method in METHODS:
        lo, hi = window(method, stats)
        if method != "mode":
            assert hi >= 200, method
        assert lo <= 50, method
