"""The first look of data: windows, colours, opacity and light that need no touch.

The rules read nothing but statistics and what the file says, so the same file always looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..bricks.stats import ChannelStats
from ..source.base import SourceInfo
from ..state.layer import Channel
from .transfer import auto_window

# Colour-blind-safe and of similar brightness; after Okabe & Ito, "Color Universal Design" (2008), lightened.
PALETTE: tuple[tuple[float, float, float], ...] = (
    (0.35, 0.85, 0.45), (0.95, 0.40, 0.85), (0.30, 0.70, 1.00), (1.00, 0.75, 0.25),
    (0.95, 0.40, 0.35), (0.40, 0.95, 0.90), (0.75, 0.60, 1.00), (0.95, 0.95, 0.55),
)  # fmt: skip
IVORY = (0.93, 0.88, 0.80)


def default_density(longest_vox: int) -> float:
    """Extinction at opacity 1, per longest side: surfaces of small volumes need not be thinner than their voxels.

    1.25 per voxel up to 320 voxels; beyond, 400 whatever the resolution, so that levels of one volume look alike.
    """
    return min(400.0, 1.25 * longest_vox)


def is_dense(stats: ChannelStats) -> bool:
    """Whether there is no empty background, as in electron microscopy: few values lie near the low end."""
    lo, hi = stats.percentile(0.1), stats.percentile(99.9)
    if not len(stats.values) or hi <= lo:
        return False
    return stats.percentile_of(lo + 0.08 * (hi - lo)) < 8.0


def image_channels(info: SourceInfo, stats: Sequence[ChannelStats]) -> tuple[Channel, ...]:
    """The channels of an image as they are shown at first."""
    if len(info.channels) == 1 and info.channels[0].color is None and is_dense(stats[0]):
        # Nothing to look through: a solid block that shows its grey values on every face and cut.
        window = info.channels[0].window or (stats[0].percentile(0.3), stats[0].percentile(99.7))
        name = info.channels[0].name or "channel 0"
        return (Channel(name=name, color_map="gray", window=window, curve=((0.0, 1.0), (1.0, 1.0))),)
    several = len(info.channels) > 1
    channels = []
    for number, (said, stat) in enumerate(zip(info.channels, stats, strict=True)):
        color = said.color or (PALETTE[number % len(PALETTE)] if several else IVORY)
        window = said.window if said.window and said.window[0] < said.window[1] else auto_window("hosta", stat)
        visible = said.visible if said.visible is not None else number < 8
        channels.append(
            Channel(
                name=said.name or f"channel {number}",
                color=color,
                window=window,
                visible=visible,
                opacity=1.0 if said.opacity is None else said.opacity,
            )
        )  # fmt: skip
    return tuple(channels)
