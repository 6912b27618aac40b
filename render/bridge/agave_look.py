"""AGAVE's channels in ours: transfer functions, colour maps and materials.

AGAVE's positions are x = (value - min) / (max - min) over the channel's data. All of its modes but one are a ramp
between two values, which become our window; a colour map runs over the same two, as it does in ours.

AGAVE counts colours as linear light and shows them without the sRGB curve; ours are sRGB. A colour c of AGAVE's is
written as encode(c) here, so that the same linear value reaches the light transport.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bricks.stats import ChannelStats, range_top
from ..limits import DEFAULT_LIMITS
from ..source.base import Level, Source
from ..state.base import Color
from ..state.layer import Channel
from ..state.material import Material
from ..state.transfer import ColorNode, CurveNode, PercentileRule, TransferRule
from .agave_colors import color_stops
from .agave_file import ChannelPart, LutParams, Triple

WINDOW_LEVEL, ISOVALUE, PERCENTILE, CUSTOM, MINMAX = range(5)
AGAVE_NODES = 16
EDGE = 1.0 / 1024.0
"""How steep the walls of an isovalue's box are, as part of its width: a step of our tables."""
STRAIGHT = 0.002
"""Differences of colours that need no node more: half a step of 8 bit."""
WHOLE_VOXELS = 1 << 28
"""Volumes of up to so many voxels are read to find their exact range."""
_SLAB_VOXELS = 1 << 24


@dataclass(frozen=True)
class DataRange:
    """The extremes of a channel's values, and whether AGAVE keeps them as they are (up to 16 bit) or rescales them."""

    lo: float
    hi: float
    kept: bool

    @property
    def width(self) -> float:
        return range_top(self.lo, self.hi) - self.lo

    def value(self, x: float) -> float:
        """The value at a position of AGAVE's."""
        return self.lo + x * self.width

    def of_u16(self, stored: int) -> float:
        """The value that AGAVE stores as this 16-bit integer."""
        return float(stored) if self.kept else self.lo + stored / 65535.0 * self.width


def data_range(source: Source, level: int, channel: int, time: int, stats: ChannelStats) -> DataRange:
    """The exact range of a channel where the level is not too large to be read for it, else that of a sample."""
    info = source.info
    grid: Level = info.levels[level]
    kept = info.dtype.kind in "ui" and info.dtype.itemsize <= 2
    if stats.whole and time == 0 and level == 0:
        return DataRange(stats.lo, stats.hi, kept)
    if math.prod(grid.shape) > WHOLE_VOXELS:
        values = stats.values
        return DataRange(float(values[0]), float(values[-1]), kept) if len(values) else DataRange(0.0, 1.0, kept)
    depth = max(1, _SLAB_VOXELS // max(1, grid.shape[1] * grid.shape[2]))
    lo, hi = math.inf, -math.inf
    for z in range(0, grid.shape[0], depth):
        end = min(z + depth, grid.shape[0])
        slab = source.read(level, channel, time, (z, 0, 0), (end, grid.shape[1], grid.shape[2]))
        finite = slab[np.isfinite(slab)]
        if finite.size:
            lo, hi = min(lo, float(finite.min())), max(hi, float(finite.max()))
    return DataRange(lo, hi, kept) if lo <= hi else DataRange(0.0, 1.0, kept)


def channel_of(
    part: ChannelPart, name: str, data: DataRange, stats: ChannelStats
) -> tuple[Channel, tuple[str, ...]]:  # fmt: skip
    """A channel that looks as AGAVE's, and what differs."""
    notes: list[str] = []
    window, curve, rule = _transfer(part.lut_params, data, stats, notes)
    material, albedo = _material(part, notes)
    colors, map_notes = color_stops(part.color_map)
    notes += map_notes
    if not 0.0 <= part.opacity <= 1.0:
        notes.append(f"its opacity {part.opacity:g} was brought into 0..1")
    channel = Channel(
        name=name,
        visible=part.enabled,
        color=encode(albedo),
        colors=_nodes(colors),
        window=window,
        rule=rule,
        curve=curve,
        opacity=min(max(part.opacity, 0.0), 1.0),
        material=material,
    )
    return channel, tuple(notes)


def _transfer(
    lut: LutParams, data: DataRange, stats: ChannelStats, notes: list[str]
) -> tuple[tuple[float, float], tuple[CurveNode, ...], TransferRule | None]:
    """Window, curve and rule of the active mode."""
    if lut.mode == CUSTOM:
        return (data.lo, data.lo + data.width), _curve(lut, notes), None
    curve: tuple[CurveNode, ...] = ()
    rule: TransferRule | None = None
    if lut.mode == WINDOW_LEVEL:
        lo, hi = (data.value(lut.level + side * lut.window / 2.0) for side in (-1, 1))
    elif lut.mode == ISOVALUE:
        lo, hi = (data.value(lut.isovalue + side * lut.isorange / 2.0) for side in (-1, 1))
        # Values outside of the window are taken to its ends, so the box has to be closed there.
        curve = ((0.0, 0.0), (EDGE, 1.0), (1.0 - EDGE, 1.0), (1.0, 0.0))
    elif lut.mode == PERCENTILE:
        low, high = sorted((min(max(lut.pct_low, 0.0), 1.0) * 100.0, min(max(lut.pct_high, 0.0), 1.0) * 100.0))
        lo, hi = stats.percentile(low), stats.percentile(high)
        rule = PercentileRule(low=low, high=high) if low < high else None
    else:
        lo, hi = data.of_u16(lut.minu16), data.of_u16(lut.maxu16)
    if not hi > lo:
        # AGAVE's ramp is then a step, 2e-5 of the data's range wide.
        notes.append("its window has no width; it was made a step")
        hi = lo + max(2e-5 * data.width, abs(lo) * 1e-9)
        rule = None
    return (lo, hi), curve, rule


def _curve(lut: LutParams, notes: list[str]) -> tuple[CurveNode, ...]:
    """The custom nodes, sorted, within 0..1; AGAVE holds the first and last opacity beyond them."""
    nodes = sorted(((stop.x, min(max(stop.value[3], 0.0), 1.0)) for stop in lut.control_points), key=lambda n: n[0])
    if not nodes:
        return (0.0, 0.0), (1.0, 0.0)  # no nodes: AGAVE shows nothing
    most = DEFAULT_LIMITS.transfer_nodes_max - 2
    if len(nodes) > AGAVE_NODES:
        notes.append(f"it has {len(nodes)} nodes, of which AGAVE uses the first {AGAVE_NODES} and Hosta {most}")
    nodes = nodes[:most]
    x, y = (np.array(values) for values in zip(*nodes, strict=True))
    inside = [node for node in nodes if 0.0 < node[0] < 1.0]
    # A step at an end belongs to what lies inside: the node that was added last counts there.
    ends = [float(np.interp(end, x, y)) for end in (0.0, 1.0)]
    first = next((node[1] for node in reversed(nodes) if node[0] == 0.0), ends[0])
    last = next((node[1] for node in nodes if node[0] == 1.0), ends[1])
    return ((0.0, first), *inside, (1.0, last))


def _material(part: ChannelPart, notes: list[str]) -> tuple[Material, Triple]:
    """Material and linear albedo.

    AGAVE adds diffuse/pi and specular * D G / (4 cos cos); ours are (1 - s) * albedo / pi and s * colour * D G / ....
    Where the two of AGAVE's add up to more than 1, more light would come back than arrives; then both are scaled.
    """
    diffuse = _positive(part.diffuse_color)
    specular = _positive(part.specular_color)
    emissive = _positive(part.emissive_color)
    shine, matt = max(specular), max(diffuse)
    total = shine + matt
    if total > 1.0 + 1e-6:
        notes.append(f"its diffuse and specular colours reflect {total:g} times the light; they were scaled down to 1")
        shine, matt = shine / total, matt / total
        diffuse = _scaled(diffuse, 1.0 / total)
    albedo = _scaled(diffuse, 1.0 / (1.0 - shine)) if shine < 1.0 else (0.0, 0.0, 0.0)
    strength = max(emissive)
    return Material(
        specular=shine,
        specular_color=encode(_scaled(specular, 1.0 / max(specular))) if shine > 0.0 else (1.0, 1.0, 1.0),
        roughness=roughness_of(part.glossiness),
        emission=encode(_scaled(emissive, 1.0 / strength)) if strength > 0.0 else (0.0, 0.0, 0.0),
        emission_strength=min(strength, 1e4) if strength > 0.0 else 1.0,
    ), albedo  # fmt: skip


def roughness_of(glossiness: float) -> float:
    """Our roughness of a Blinn-Phong exponent e: alpha = sqrt(2 / (e + 2)), roughness = sqrt(alpha).

    Walter et al., "Microfacet Models for Refraction through Rough Surfaces", EGSR 2007, section 5.2: Phong's exponent
    2 / alpha^2 - 2 is the Beckmann distribution of width alpha, whose middle GGX of the same alpha shares. 0.05 at
    least, as the state asks for.
    """
    alpha = math.sqrt(2.0 / (max(glossiness, 0.0) + 2.0))
    return min(max(math.sqrt(alpha), 0.05), 1.0)


def encode(linear: Sequence[float]) -> Color:
    """The sRGB colour (IEC 61966-2-1) of linear values, brought into 0..1."""
    r, g, b = (_encode(min(max(part, 0.0), 1.0)) for part in linear)
    return r, g, b


def _encode(linear: float) -> float:
    if linear >= 1.0:
        return 1.0  # not a rounding error less
    return linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1.0 / 2.4) - 0.055


def _nodes(stops: NDArray[np.float64]) -> tuple[ColorNode, ...]:
    """Colour stops (n, 4: x, linear r, g, b) as sRGB nodes.

    AGAVE's lines are straight in linear values, and a line between two colours as they look is not: where it is
    furthest off, in the middle of two nodes, another node is put, until there are as many as a channel holds or none
    is needed.
    """
    nodes = [np.asarray(stop, np.float64) for stop in stops]
    while 1 < len(nodes) < DEFAULT_LIMITS.transfer_nodes_max:
        off = [_bend(a, b) for a, b in itertools.pairwise(nodes)]
        worst = int(np.argmax(off))
        if off[worst] < STRAIGHT:
            break
        nodes.insert(worst + 1, (nodes[worst] + nodes[worst + 1]) / 2.0)
    return tuple((float(x), encode((float(r), float(g), float(b)))) for x, r, g, b in nodes)


def _bend(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """How far a line between two encoded stops is from the one between them, in linear values.

    (Ours goes through OKLab, whose cube roots bend it about as much as sRGB's curve.)
    """
    if b[0] <= a[0]:
        return 0.0
    colors = np.array([encode(tuple(stop[1:])) for stop in (a, b)])
    middle = colors.mean(axis=0)
    linear = np.where(middle <= 0.04045, middle / 12.92, ((middle + 0.055) / 1.055) ** 2.4)
    return float(np.abs(linear - np.clip((a[1:] + b[1:]) / 2.0, 0.0, 1.0)).max())


def _positive(color: Triple) -> Triple:
    return max(color[0], 0.0), max(color[1], 0.0), max(color[2], 0.0)


def _scaled(color: Triple, factor: float) -> Triple:
    return color[0] * factor, color[1] * factor, color[2] * factor
