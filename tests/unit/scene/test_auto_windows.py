"""The first look: windows that part matter from background, and what files say about their channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.bricks.stats import channel_stats
from render.scene.auto import PALETTE, image_channels
from render.source.base import ChannelInfo
from render.source.memory import MemorySource


def stats_of(voxels: NDArray[np.generic]):  # type: ignore[no-untyped-def]
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
