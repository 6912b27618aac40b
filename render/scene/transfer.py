"""Windows and curves from rules: what a rule of the state means for the values that a channel has."""

from __future__ import annotations

from typing import Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..bricks.stats import DISPLAY_BINS, ChannelStats, range_top
from ..state.layer import Channel
from ..state.transfer import AutoRule, CurveNode, IsovalueRule, LevelRule, PercentileRule, TransferRule

Window = tuple[float, float]
Method = Literal["hosta", "imagej", "otsu", "minmax", "best_fit", "mode"]
METHODS: tuple[Method, ...] = get_args(Method)

VALUE_MAX = 3.5e38
"""The state's largest value."""
RELATIVE_WIDTH = 1e-9
"""A window is at least this share of its values wide: narrower ones are gone when they are rounded."""
LEAST_WIDTH = 1e-30
IMAGEJ_BINS = 256

_found: WeakKeyDictionary[ChannelStats, dict[TransferRule, Window]] = WeakKeyDictionary()


def resolved(channel: Channel, stats: ChannelStats) -> Channel:
    """The channel with the window, and for an isovalue the curve, that its rule gives for these values.

    A channel without a rule comes back as it is. The rule stays in it: resolving twice is resolving once.
    """
    if channel.rule is None:
        return channel
    window = window_of(channel.rule, stats)
    if isinstance(channel.rule, IsovalueRule):
        return channel.model_copy(update={"window": window, "curve": box_curve(channel.rule, window)})
    return channel.model_copy(update={"window": window})


def window_of(rule: TransferRule, stats: ChannelStats) -> Window:
    """The window of a rule, never empty; found once for the same statistics and rule."""
    known = _found.setdefault(stats, {})
    if rule not in known:
        if len(known) >= 64:  # of a slider's many positions the old ones will not come back
            known.clear()
        known[rule] = _window_of(rule, stats)
    return known[rule]


def _window_of(rule: TransferRule, stats: ChannelStats) -> Window:
    if isinstance(rule, LevelRule):
        return widened(rule.level - rule.window / 2, rule.level + rule.window / 2)
    if isinstance(rule, IsovalueRule):
        # The box takes the middle half, so that it is half of a table whatever its range.
        return widened(rule.value - rule.range, rule.value + rule.range)
    if isinstance(rule, PercentileRule):
        return nonempty(stats.percentile(rule.low), stats.percentile(rule.high), stats)
    return auto_window(rule.method, stats)


def box_curve(rule: IsovalueRule, window: Window) -> tuple[CurveNode, ...]:
    """Opacity 1 within range/2 of the value, 0 elsewhere, over `window`; steps are as steep as the table allows."""
    middle, width = rule.value - window[0], window[1] - window[0]
    half = max(rule.range / 2, width / 4)  # the window may have been widened
    first, last = (min(max((middle + side) / width, 0.0), 1.0) for side in (-half, half))
    return ((0.0, 0.0), (first, 0.0), (first, 1.0), (last, 1.0), (last, 0.0), (1.0, 0.0))


def auto_window(method: Method, stats: ChannelStats) -> Window:
    """The window that a method finds. Data without two different values get one of their own around it."""
    if not len(stats.values) or stats.values[0] == stats.values[-1]:
        lo = float(stats.values[0]) if len(stats.values) else stats.lo
        return lo, range_top(lo, lo)
    lo, hi = _METHODS[method](stats)
    return nonempty(lo, hi, stats)


def auto_windows(stats: ChannelStats) -> dict[Method, Window]:
    """The window of each method, to be offered."""
    return {method: window_of(AutoRule(method=method), stats) for method in METHODS}


def nonempty(lo: float, hi: float, stats: ChannelStats) -> Window:
    """lo..hi; where that is empty up to the largest value, where that is `lo` too from the smallest one."""
    if lo >= hi and len(stats.values):
        least, most = float(stats.values[0]), float(stats.values[-1])
        lo, hi = (lo, most) if lo < most else (least, most)
    return widened(lo, hi) if lo < hi else (lo, range_top(lo, lo))


def widened(lo: float, hi: float) -> Window:
    """The window, wide enough around its middle to survive rounding, and inside of what the state can hold."""
    least = max(RELATIVE_WIDTH * max(abs(lo), abs(hi)), LEAST_WIDTH)
    if hi - lo < least:
        middle = lo + (hi - lo) / 2
        lo, hi = middle - least / 2, middle + least / 2
    return max(lo, -VALUE_MAX), min(hi, VALUE_MAX)


# ---- methods; each may give an empty window ----


def otsu(weights: NDArray[np.float64], positions: NDArray[np.floating] | None = None) -> int:
    """The entry that ends the lower of the two classes into which values part best: the variance between the classes
    is largest (Otsu, IEEE Trans. SMC 9(1), 1979, equation 18). `positions` are ascending values, by default 0, 1, 2 ...
    """
    values = np.arange(len(weights), dtype=np.float64) if positions is None else positions.astype(np.float64)
    span = values[-1] - values[0]
    scaled = (values - values[0]) / (span if span > 0 else 1.0)  # differences of huge values keep their digits
    total, below = float(weights.sum()), np.cumsum(weights)
    weighted = np.cumsum(weights * scaled)
    above = total - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (weighted / below - (weighted[-1] - weighted) / above) ** 2
    between[~np.isfinite(between)] = 0.0
    return int(between[:-1].argmax()) if len(between) > 1 else 0


def _hosta(stats: ChannelStats) -> Window:
    """From where matter begins to where nearly all of it is: Otsu's threshold lowered, to the 99.9th percentile.

    The threshold is that of the values between the 0.1st and the 99.9th percentile: one hot voxel does not move it.
    It is not lowered into the noise of the background.
    """
    lo_robust, hi = stats.percentile(0.1), stats.percentile(99.9)
    if hi <= lo_robust:
        lo_robust, hi = float(stats.values[0]), float(stats.values[-1])
    inside = stats.bins(256, lo_robust, hi)
    threshold = inside.edge(otsu(inside.counts) + 1)
    lo = lo_robust + 0.6 * (threshold - lo_robust)
    lo = max(lo, min(background_top(stats, threshold), threshold))
    return (lo, inside.hi) if lo < inside.hi else (lo_robust, inside.hi)


def background_top(stats: ChannelStats, threshold: float) -> float:
    """What noise of the background hardly exceeds: the median of the values below the threshold and four times their
    spread (1.4826 times the median absolute deviation is a normal distribution's standard deviation).
    """
    share = stats.percentile_of(threshold)
    middle, lower = stats.percentile(share / 2), stats.percentile(share / 4)
    # The lower half alone: dim matter thickens the upper one. The quartile is as far below as half of the lower half.
    return middle + 4.0 * 1.4826 * (middle - lower)


def _imagej(stats: ChannelStats) -> Window:
    """The first press of ImageJ's "Auto" (Image > Adjust > Brightness/Contrast): from the first to the last of 256 bins
    that hold more than 1/5000 of the voxels, where bins with more than 1/10 of them, such as the background, count as
    empty. Bins of integers that span less than 256 are the integers themselves.
    """
    least, most = float(stats.values[0]), float(stats.values[-1])
    if stats.integral and most - least < IMAGEJ_BINS:
        histogram = stats.bins(int(most - least) + 1, least - 0.5, most + 0.5)
        first_value, step = least, 1.0
    else:
        histogram = stats.bins(IMAGEJ_BINS)
        first_value, step = least, histogram.width
    counts = histogram.counts
    kept = np.flatnonzero((counts > stats.total / 5000.0) & (counts <= stats.total / 10.0))
    if len(kept) < 2:
        return least, most
    return first_value + int(kept[0]) * step, first_value + int(kept[-1]) * step


def _otsu(stats: ChannelStats) -> Window:
    """From Otsu's threshold over all distinct values to the 99.9th percentile, or to the top where that is below."""
    threshold = float(stats.values[otsu(stats.weights, stats.values)])
    return threshold, stats.percentile(99.9)


def _minmax(stats: ChannelStats) -> Window:
    return float(stats.values[0]), float(stats.values[-1])


def _best_fit(stats: ChannelStats) -> Window:
    """AGAVE's BestFit: without the lowest and the highest tenth of the voxels."""
    return stats.percentile(10.0), stats.percentile(90.0)


def _mode(stats: ChannelStats) -> Window:
    """AGAVE's Auto: from the first to the last bin that holds more than a tenth of what the fullest one does."""
    histogram = stats.bins(DISPLAY_BINS)
    kept = np.flatnonzero(histogram.counts > 0.1 * histogram.counts.max())
    return histogram.edge(int(kept[0])), histogram.edge(int(kept[-1]) + 1)


_METHODS = {
    "hosta": _hosta,
    "imagej": _imagej,
    "otsu": _otsu,
    "minmax": _minmax,
    "best_fit": _best_fit,
    "mode": _mode,
}
