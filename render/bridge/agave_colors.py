"""AGAVE's colour maps: the stops that its files hold, and for files with a name alone what the name stands for.

AGAVE's own maps are 11 stops of which the last two are the same: the end of each map is missing and its ninth tenth
goes on. Its files hold these stops, and they are taken as they are; of a name alone the whole map is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..limits import DEFAULT_LIMITS
from .agave_file import ColorMap

# By AGAVE's names. Maps of cmap's that go by another name there, or by several; all others (ColorBrewer's) are alike.
_CMAP = {
    "greyscale": "gray",
    "viridis": "bids:viridis",
    "inferno": "bids:inferno",
    "magma": "bids:magma",
    "plasma": "bids:plasma",
    "spectral": "colorbrewer:Spectral",
}
_BREWER = frozenset({
    "BrBG", "BuGn", "BuPu", "GnBu", "OrRd", "PRGn", "PiYG", "PuBu", "PuBuGn", "PuOr", "PuRd", "RdBu", "RdGy", "RdPu",
    "RdYlBu", "RdYlGn", "YlGn", "YlGnBu", "YlOrBr", "YlOrRd",
})  # fmt: skip
# d3's maps that cmap lacks, as lines in cubehelix space from (hue in degrees, saturation, lightness) to another.
_CUBEHELIX = {
    "warm": ((-100.0, 0.75, 0.35), (80.0, 1.5, 0.8)),
    "cool": ((260.0, 0.75, 0.35), (80.0, 1.5, 0.8)),
    "cubehelix": ((300.0, 0.5, 0.0), (-240.0, 0.5, 1.0)),
}
NAMES = frozenset({"none", "Labels", "rainbow", *_CMAP, *_BREWER, *_CUBEHELIX})
STOPS = 11


def color_stops(given: ColorMap) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The stops (n, 4: x, r, g, b; x from 0 to 1) of a map, none for a single colour; and what differs."""
    empty = np.zeros((0, 4))
    if given.name in ("none", "Labels", ""):
        note = "it is coloured as labels, modulo 256; open its data with --labels for that"
        return empty, (note,) if given.name == "Labels" else ()
    if given.stops:
        stops = np.array(sorted((stop.x, *stop.value[:3]) for stop in given.stops))
        stops[:, 0] = np.clip(stops[:, 0], 0.0, 1.0)
        most = DEFAULT_LIMITS.transfer_nodes_max
        if len(stops) > most:
            x = np.linspace(0.0, 1.0, most)
            stops = np.stack([x, *(np.interp(x, stops[:, 0], stops[:, c]) for c in (1, 2, 3))], axis=1)
        return stops, ()
    x = np.linspace(0.0, 1.0, STOPS)
    colors = _named(given.name, x)
    if colors is None:
        return empty, (f"its colour map '{given.name[:40]}' is not known; one colour is used",)
    return np.column_stack([x, colors]), ()


def _named(name: str, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """(n, 3), the numbers that the map's author wrote; AGAVE takes them as linear."""
    if name in _CUBEHELIX:
        start, end = (np.array(point) for point in _CUBEHELIX[name])
        return _cubehelix(*(start[:, None] + (end - start)[:, None] * x))
    if name == "rainbow":
        off = np.abs(x - 0.5)
        return _cubehelix(360.0 * x - 100.0, 1.5 - 1.5 * off, 0.8 - 0.9 * off)
    known = _CMAP.get(name) or (f"colorbrewer:{name}" if name in _BREWER else None)
    if known is None:
        return None
    import cmap

    return np.asarray(cmap.Colormap(known)(x), np.float64)[:, :3]


def _cubehelix(
    hue_deg: NDArray[np.float64], saturation: NDArray[np.float64], lightness: NDArray[np.float64]
) -> NDArray[np.float64]:  # fmt: skip
    """RGB (n, 3) of cubehelix coordinates: Green, "A colour scheme for the display of astronomical intensity images",
    Bull. Astr. Soc. India 39, 2011, eq. 2, with its hue measured as d3 does (120 degrees on).
    """
    angle = np.radians(hue_deg + 120.0)
    amplitude = saturation * lightness * (1.0 - lightness)
    turns = np.stack([np.cos(angle), np.sin(angle)])
    weights = np.array([[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]])
    rgb: NDArray[np.float64] = np.clip(lightness + amplitude * (weights @ turns), 0.0, 1.0).T
    return rgb
