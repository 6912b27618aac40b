"""The first look of data: windows, colours, opacity and light that need no touch.

The rules read nothing but statistics and what the file says, so the same file always looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bricks.stats import RULE_BINS, ChannelStats
from ..source.base import ChannelInfo, SourceInfo
from ..state.layer import Channel
from ..state.transfer import AutoRule, CurveNode, PercentileRule
from .transfer import background_top, window_of

# Colour-blind-safe and of similar brightness; after Okabe & Ito, "Color Universal Design" (2008), lightened.
PALETTE: tuple[tuple[float, float, float], ...] = (
    (0.35, 0.85, 0.45), (0.95, 0.40, 0.85), (0.30, 0.70, 1.00), (1.00, 0.75, 0.25),
    (0.95, 0.40, 0.35), (0.40, 0.95, 0.90), (0.75, 0.60, 1.00), (0.95, 0.95, 0.55),
)  # fmt: skip
IVORY = (0.93, 0.88, 0.80)
SOLID_EXPOSURE = 1.2
"""Stops. A face that shows grey values, lit from the side, is to look as bright as a slice viewer has it."""


def default_density(longest_vox: int, slenderness: float = 1.0) -> float:
    """Extinction at opacity 1, per longest side: surfaces of small volumes need not be thinner than their voxels.

    1.25 per voxel up to 320 voxels; beyond, 400 whatever the resolution, so that levels of one volume look alike.
    `slenderness` is the longest side of the scene by its shortest: through a sheet one sees nothing, four mean free
    paths are in its thickness.
    """
    return max(min(400.0, 1.25 * longest_vox), min(4.0 * slenderness, 1e5))


def is_dense(stats: ChannelStats) -> bool:
    """Whether there is no empty background, as in electron microscopy: few values lie near the low end.

    A noisy background on a camera's offset does not begin at the low end either; but there most voxels are darker than
    what is shown, and the median lies low.
    """
    lo, hi = stats.percentile(0.1), stats.percentile(99.9)
    if not len(stats.values) or hi <= lo:
        return False
    return stats.percentile_of(lo + 0.08 * (hi - lo)) < 8.0 and stats.percentile(50.0) > lo + 0.3 * (hi - lo)


def is_flat(info: SourceInfo) -> bool:
    """Whether there is a single slice."""
    return min(info.levels[0].shape) == 1


def image_channels(info: SourceInfo, stats: Sequence[ChannelStats]) -> tuple[Channel, ...]:
    """The channels of an image as they are shown at first."""
    if len(info.channels) == 1 and info.channels[0].color is None and (is_flat(info) or is_dense(stats[0])):
        return (_solid(info, stats[0]),)
    several = len(info.channels) > 1
    channels = []
    for number, (said, stat) in enumerate(zip(info.channels, stats, strict=True)):
        color = said.color or (PALETTE[number % len(PALETTE)] if several else IVORY)
        channels.append(
            Channel(
                name=said.name or f"channel {number}",
                color=color,
                window=_said_window(said) or window_of(AutoRule(method="hosta"), stat),
                visible=said.visible if said.visible is not None else number < 8,
                opacity=1.0 if said.opacity is None else said.opacity,
            )
        )
    if several and all(said.opacity is None for said in info.channels):
        return _see_through(channels, stats)
    return tuple(channels)


def _said_window(said: ChannelInfo) -> tuple[float, float] | None:
    return said.window if said.window and said.window[0] < said.window[1] else None


def _solid(info: SourceInfo, stats: ChannelStats) -> Channel:
    """Data that are a picture on every face and cut rather than things in space: nothing to look through, grey values.

    Of a slice with an empty background, that is left out.
    """
    said = info.channels[0]
    window = _said_window(said) or window_of(PercentileRule(low=0.3, high=99.7), stats)
    curve: tuple[CurveNode, ...] = ((0.0, 1.0), (1.0, 1.0))
    if not is_dense(stats):
        threshold = window_of(AutoRule(method="otsu"), stats)[0]
        top = (background_top(stats, threshold) - window[0]) / (window[1] - window[0])
        first = min(max(top, 0.02), 0.5)
        curve = ((0.0, 0.0), (first, 0.0), (first, 1.0), (1.0, 1.0))
    return Channel(name=said.name or "channel 0", color_map="gray", window=window, curve=curve)


def is_solid(channels: Sequence[Channel]) -> bool:
    """Whether this is the look of `_solid`: one opaque channel in grey."""
    return len(channels) == 1 and channels[0].color_map == "gray" and channels[0].curve[-1:] == ((1.0, 1.0),)


def _see_through(channels: Sequence[Channel], stats: Sequence[ChannelStats]) -> tuple[Channel, ...]:
    """Several channels in one space: what fills more of it than the others, as a membrane or the cytoplasm does, hides
    them, and becomes translucent.

    A channel fills as much as its mean opacity. Those that fill up to 1.25 times what the (lower) median of the visible
    ones does stay opaque; beyond, opacity falls with the square of what they fill, down to 0.1.
    """
    fills = [filling(channel, stat) for channel, stat in zip(channels, stats, strict=True)]
    counted = sorted(fill for fill, channel in zip(fills, channels, strict=True) if channel.visible and fill > 0)
    if not counted:
        return tuple(channels)
    most = 1.25 * counted[(len(counted) - 1) // 2]
    opacities = [1.0 if fill <= most else max(0.1, (most / fill) ** 2) for fill in fills]
    return tuple(
        channel.model_copy(update={"opacity": round(opacity, 2)})
        for channel, opacity in zip(channels, opacities, strict=True)
    )


def filling(channel: Channel, stats: ChannelStats) -> float:
    """The mean over the volume of x, the fraction of the channel's window (0..1)."""
    lo, hi = channel.window
    if not stats.total:
        return 0.0
    histogram = stats.bins(RULE_BINS, lo, hi)
    inside = float(histogram.counts @ ((np.arange(RULE_BINS) + 0.5) / RULE_BINS))
    above = stats.total * (1.0 - stats.percentile_of(histogram.hi) / 100.0)
    return (inside + above) / stats.total
