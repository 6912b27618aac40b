"""The first look: windows that part matter from background, and what files say about their channels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.stats import channel_stats
from render.scene.auto import PALETTE, auto_window, image_channels, otsu
from render.source.base import ChannelInfo
from render.source.memory import MemorySource


def stats_of(voxels: NDArray[np.generic]):  # type: ignore[no-untyped-def]
    return channel_stats(MemorySource(voxels), 0)


def two_heaps() -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    dark, bright = rng.normal(100, 5, 54_000), rng.normal(600, 30, 10_000)
    return np.concatenate([dark, bright]).reshape(40, 40, 40).astype(np.float32)


def test_otsu_parts_two_heaps_where_the_variance_between_is_largest() -> None:
    histogram = np.histogram(two_heaps(), bins=64)[0].astype(np.int64)
    values = np.repeat(np.arange(64), histogram)
    within = [
        values[values <= t].var() * (values <= t).mean() + values[values > t].var() * (values > t).mean()
        if (values > t).any()
        else np.inf
        for t in range(63)
    ]
    found = otsu(histogram)
    assert within[found] == pytest.approx(min(within))


def test_window_of_two_heaps_hides_the_dark_and_holds_the_bright_one() -> None:
    voxels = two_heaps()
    lo, hi = auto_window(stats_of(voxels))
    assert (voxels[voxels < 300] > lo + 0.1 * (hi - lo)).mean() < 0.01
    assert (voxels[voxels > 300] > lo).mean() > 0.99
    assert hi == pytest.approx(np.percentile(voxels, 99.9), abs=3)


def test_one_hot_voxel_does_not_stretch_the_window() -> None:
    voxels = two_heaps()
    voxels[0, 0, 0] = 1e6
    assert auto_window(stats_of(voxels))[1] < 1000


@pytest.mark.parametrize(
    "voxels",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.full((4, 4, 4), -3.5, np.float32),
        np.full((4, 4, 4), np.nan, np.float32),
        np.eye(16, dtype=np.uint16).reshape(4, 4, 16),
        np.arange(2, dtype=np.uint8).reshape(1, 1, 2),
    ],
    ids=["zero", "constant", "nan", "rare", "two"],
)
def test_window_is_never_empty(voxels: NDArray[np.generic]) -> None:
    lo, hi = auto_window(stats_of(voxels))
    assert np.isfinite([lo, hi]).all()
    assert lo < hi


def test_what_the_file_says_counts() -> None:
    said = (ChannelInfo("DAPI", (0.0, 0.0, 1.0), (10.0, 90.0), visible=False), ChannelInfo())
    source = MemorySource(np.random.default_rng(1).integers(0, 99, (2, 8, 8, 8), dtype=np.uint8), channels=said)
    first, second = image_channels(source.info, [channel_stats(source, c) for c in range(2)])
    assert (first.name, first.color, first.window, first.visible) == ("DAPI", (0.0, 0.0, 1.0), (10.0, 90.0), False)
    assert second.visible
    assert second.name
    assert second.color == PALETTE[1]


def test_a_window_that_makes_no_sense_is_not_taken_over() -> None:
    source = MemorySource(np.arange(64, dtype=np.uint8).reshape(4, 4, 4), channels=(ChannelInfo(window=(5.0, 5.0)),))
    (channel,) = image_channels(source.info, [channel_stats(source, 0)])
    assert channel.window[0] < channel.window[1]
