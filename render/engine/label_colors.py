"""Colours of segments: those of the file, neuroglancer's hash of the 64-bit id, so that pictures agree with
neuroglancer's links, or Glasbey's 256 colours, which are as far apart as they can be.

h = murmur3's mixing step over the id's low and high 32-bit words; hue = byte 0, saturation = 0.5 + 0.5 * byte 1,
value = 1 (neuroglancer, segment_color.ts and hash_function.ts).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import cmap
import numpy as np
from numpy.typing import NDArray

Mode = Literal["file", "hash", "glasbey"]
Rgba = tuple[float, float, float, float]

_SEED = np.uint32(0)


def _mix(state: NDArray[np.uint32], value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """One step of MurmurHash3_x86_32."""
    value = value * np.uint32(0xCC9E2D51)
    value = (value << np.uint32(15)) | (value >> np.uint32(17))
    value = value * np.uint32(0x1B873593)
    state = state ^ value
    state = (state << np.uint32(13)) | (state >> np.uint32(19))
    mixed: NDArray[np.uint32] = state * np.uint32(5) + np.uint32(0xE6546B64)
    return mixed


def hash_colors(ids: NDArray[np.uint64]) -> NDArray[np.float64]:
    """sRGB (n, 3) 0..1 of segment ids."""
    low = (ids & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    high = (ids >> np.uint64(32)).astype(np.uint32)
    mixed = _mix(_mix(np.full(ids.shape, _SEED), low), high)
    hue = (mixed & np.uint32(255)).astype(np.float64) / 255.0
    saturation = 0.5 + 0.5 * ((mixed >> np.uint32(8)) & np.uint32(255)).astype(np.float64) / 255.0
    # HSV to RGB with value 1: each component is 1 - s * (1 - ramp of the hue's distance to its own third).
    sixth = hue[:, None] * 6.0
    distance = np.abs((sixth - np.array([0.0, 2.0, 4.0]) + 3.0) % 6.0 - 3.0)
    full = np.clip(2.0 - distance, 0.0, 1.0)
    colors: NDArray[np.float64] = 1.0 - saturation[:, None] * (1.0 - full)
    return colors


def glasbey_colors(ids: NDArray[np.uint64]) -> NDArray[np.float64]:
    """sRGB (n, 3) 0..1 of segment ids: `cmap`'s map "glasbey" (Glasbey et al., Color Research and Application 32(4),
    2007), by id modulo 256.
    """
    return _glasbey()[(ids & np.uint64(255)).astype(np.intp)]


@cache
def _glasbey() -> NDArray[np.float64]:
    """(256, 3)"""
    return np.asarray(cmap.Colormap("glasbey").color_stops.color_array, np.float64)[:, :3]


def label_table(ids: NDArray[np.uint64], file_colors: Mapping[int, Rgba], mode: Mode = "file") -> NDArray[np.uint32]:
    """rgba8 (r in the lowest byte) by dense id; entry 0, the background, has alpha 0.

    `ids` are the 64-bit ids by dense id. `mode` is LabelLayer.colors: "file" takes `file_colors` (sRGB and alpha by id)
    and the hash where they say nothing.
    """
    rgba = np.ones((len(ids), 4))
    rgba[:, :3] = glasbey_colors(ids) if mode == "glasbey" else hash_colors(ids)
    if mode == "file" and file_colors:
        order = np.argsort(ids, kind="stable")
        # Readers of signed ids may name them by their sign; the table holds their 64-bit pattern.
        named = np.array([identifier & 0xFFFFFFFFFFFFFFFF for identifier in file_colors], np.uint64)
        places = np.searchsorted(ids, named, sorter=order)
        there = places < len(ids)
        there[there] = ids[order[places[there]]] == named[there]
        rgba[order[places[there]]] = np.array(list(file_colors.values()))[there]
    rgba[0] = 0.0
    bytes_ = np.rint(np.clip(rgba, 0.0, 1.0) * 255.0).astype(np.uint32)
    shifts = np.array([0, 8, 16, 24], np.uint32)
    packed: NDArray[np.uint32] = np.bitwise_or.reduce(bytes_ << shifts, axis=1)
    return packed
