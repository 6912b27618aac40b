"""The first look: windows, opacities, what is a solid picture, and what files say about their channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.stats import ChannelStats, channel_stats
from render.scene.auto import PALETTE, default_density, filling, image_channels, is_solid
from render.scene.open import Scene, SceneLayer
from render.scene.transfer import background_top
from render.source.base import ChannelInfo
from render.source.memory import MemorySource
from render.state.layer import Channel


def stats_of(voxels: NDArray[np.generic]) -> ChannelStats:
    return channel_stats(MemorySource(voxels), 0)


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


def noise(mean: NDArray[np.float64], seed: int = 0) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    return (rng.poisson(mean) + rng.normal(100, 3, mean.shape)).clip(0, 65535).astype(np.uint16)


def ball(radius: float, side: int = 48) -> NDArray[np.bool_]:
    z, y, x = np.ogrid[:side, :side, :side]
    middle = side / 2
    return np.asarray((x - middle) ** 2 + (y - middle) ** 2 + (z - middle) ** 2 < radius * radius)


def test_the_noise_of_the_background_stays_below_the_window() -> None:
    """A dim channel on a camera's offset: of the empty voxels hardly one shows, of the dim ball most."""
    inside = ball(14)
    voxels = noise(20.0 + 40.0 * inside)
    source = MemorySource(voxels)
    (channel,) = image_channels(source.info, [channel_stats(source, 0)])
    assert (voxels[~inside] > channel.window[0]).mean() < 2e-3
    assert (voxels[inside] > channel.window[0]).mean() > 0.7


def test_background_top_of_a_normal_background_is_four_standard_deviations_up() -> None:
    rng = np.random.default_rng(1)
    voxels = np.concatenate([rng.normal(50, 3, 90_000), rng.normal(200, 10, 10_000)]).reshape(100, 100, 10)
    assert background_top(stats_of(voxels), 120.0) == pytest.approx(62.0, abs=0.3)


def several(fills: Sequence[float], **said: Any) -> tuple[Channel, ...]:
    """The first look of channels that are 200 in a share of the voxels and 0 elsewhere."""
    voxels = np.zeros((len(fills), 20, 50, 100), np.uint8)
    for channel, fill in zip(voxels, fills, strict=True):
        channel.reshape(-1)[: round(fill * channel.size)] = 200
    source = MemorySource(voxels, channels=[ChannelInfo(**said) for _ in fills])
    return image_channels(source.info, [channel_stats(source, c) for c in range(len(fills))])


def test_what_encloses_the_others_becomes_translucent() -> None:
    opacities = [channel.opacity for channel in several([0.3, 0.02, 0.04, 0.1])]
    # The lower median is 0.04: up to 0.05 channels are opaque, 0.1 has a quarter, and a tenth is the least.
    assert opacities == pytest.approx([0.1, 1.0, 1.0, 0.25], abs=0.01)


def test_channels_that_fill_alike_stay_opaque_and_so_does_a_channel_by_itself() -> None:
    assert [channel.opacity for channel in several([0.02, 0.024])] == [1.0, 1.0]
    assert [channel.opacity for channel in several([0.6])] == [1.0]
    assert [channel.opacity for channel in several([0.0, 0.0])] == [1.0, 1.0]


def test_opacities_of_the_file_are_left_alone() -> None:
    assert [channel.opacity for channel in several([0.5, 0.01], opacity=0.7)] == [0.7, 0.7]


def test_filling_is_the_mean_of_the_fraction_of_the_window() -> None:
    voxels = np.random.default_rng(2).normal(100, 30, (20, 20, 20))
    channel = Channel(window=(90.0, 120.0))
    assert filling(channel, stats_of(voxels)) == pytest.approx(np.clip((voxels - 90) / 30, 0, 1).mean(), abs=1e-3)
    assert filling(channel, stats_of(np.full((2, 2, 2), np.nan))) == 0.0


def test_a_slice_is_an_opaque_picture_without_its_empty_background() -> None:
    inside = ball(20)[24:25]
    tissue = np.where(inside, np.random.default_rng(3).uniform(30, 90, inside.shape), 0.0)
    source = MemorySource(tissue)
    (channel,) = image_channels(source.info, [channel_stats(source, 0)])
    assert channel.color_map == "gray"
    assert is_solid((channel,))
    positions, heights = zip(*channel.curve, strict=True)
    lo, hi = channel.window
    opacity = np.interp(np.clip((tissue - lo) / (hi - lo), 0, 1), positions, heights)
    assert np.all(opacity[inside] == 1.0)
    assert np.all(opacity[~inside] == 0.0)


def test_electron_microscopy_is_a_solid_block() -> None:
    voxels = np.random.default_rng(4).normal(130, 40, (8, 64, 64)).clip(0, 255).astype(np.uint8)
    source = MemorySource(voxels)
    (channel,) = image_channels(source.info, [channel_stats(source, 0)])
    assert is_solid((channel,))
    assert all(height == 1.0 for _, height in channel.curve)
    scene = Scene("em", [SceneLayer("em", source, (channel_stats(source, 0),))])
    assert scene.default_state.display.exposure > 0
    assert not is_solid(several([0.1]))


def test_through_a_sheet_one_sees_nothing() -> None:
    source = MemorySource(np.random.default_rng(5).normal(130, 40, (1, 400, 300)).clip(0, 255).astype(np.uint8))
    scene = Scene("one", [SceneLayer("one", source, (channel_stats(source, 0),))])
    # exp(-4) of the light comes through one voxel at opacity 1.
    assert scene.default_state.shading.density / 400 == pytest.approx(4.0)
    assert default_density(256) == 320.0
    assert default_density(4096) == 400.0
    assert default_density(4096, 1e9) <= 1e6
