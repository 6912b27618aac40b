"""The first look of data: windows, colours, opacity and light that need no touch.

The rules read nothing but statistics and what the file says, so the same file always looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bricks.stats import ChannelStats
from ..source.base import Source, SourceInfo
from ..state.layer import Channel
from ..state.light import Lighting
from ..state.view import Display, Shading

# Colour-blind-safe and of similar brightness; after Okabe & Ito, "Color Universal Design" (2008), lightened.
PALETTE: tuple[tuple[float, float, float], ...] = (
    (0.35, 0.85, 0.45), (0.95, 0.40, 0.85), (0.30, 0.70, 1.00), (1.00, 0.75, 0.25),
    (0.95, 0.40, 0.35), (0.40, 0.95, 0.90), (0.75, 0.60, 1.00), (0.95, 0.95, 0.55),
)  # fmt: skip
IVORY = (0.93, 0.88, 0.80)


def otsu(histogram: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    """The bin that best parts a histogram in two (Otsu, IEEE Trans. SMC 9(1), 1979): bins above it are foreground."""
    counts = histogram.astype(np.float64)
    total, bins = counts.sum(), np.arange(len(counts))
    below = np.cumsum(counts)
    weighted = np.cumsum(counts * bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_below = weighted / below
        mean_above = (weighted[-1] - weighted) / (total - below)
        between = below * (total - below) * (mean_below - mean_above) ** 2
    between[~np.isfinite(between)] = 0.0
    return int(between.argmax())


def auto_window(stats: ChannelStats) -> tuple[float, float]:
    """From where matter begins to where nearly all of it is: Otsu's threshold lowered, to the 99.9th percentile."""
    if not len(stats.values) or stats.values[0] == stats.values[-1]:
        return stats.lo, stats.lo + 1.0
    lo_robust, hi = stats.percentile(0.1), stats.percentile(99.9)
    if hi <= lo_robust:
        lo_robust, hi = float(stats.values[0]), float(stats.values[-1])
    inside = stats.values[(stats.values >= lo_robust) & (stats.values <= hi)]
    histogram, edges = np.histogram(inside, bins=256, range=(lo_robust, hi))
    threshold = float(edges[otsu(histogram.astype(np.int64)) + 1])
    lo = lo_robust + 0.6 * (threshold - lo_robust)
    return (lo, hi) if lo < hi else (lo_robust, hi)


def image_channels(info: SourceInfo, stats: Sequence[ChannelStats]) -> tuple[Channel, ...]:
    """The channels of an image as they are shown at first."""
    several = len(info.channels) > 1
    channels = []
    for number, (said, stat) in enumerate(zip(info.channels, stats, strict=True)):
        color = said.color or (PALETTE[number % len(PALETTE)] if several else IVORY)
        window = said.window if said.window and said.window[0] < said.window[1] else auto_window(stat)
        visible = said.visible if said.visible is not None else number < 8
        channels.append(
            Channel(name=said.name or f"channel {number}", color=color, window=window, visible=visible)
        )  # fmt: skip
    return tuple(channels)


def rendering_hints(
    layers: Sequence[tuple[Source, tuple[ChannelStats, ...]]], has_image: bool
) -> tuple[Shading, Display, Lighting]:
    """Density and light for a scene."""
    return Shading(), Display(), Lighting()
