"""Colours of ids: neuroglancer's hash of the 64-bit id, so that pictures agree with neuroglancer's links, Glasbey's
256 colours, which are as far apart as they can be, and those that a file or a table gives.

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
    colors: NDArray[np.float64] = _hue_saturation()[_hashed(ids)]
    return colors


def _hashed(ids: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """What the colour depends on: hue in the low byte, saturation in the high one."""
    low = (ids & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    high = (ids >> np.uint64(32)).astype(np.uint32)
    hashed: NDArray[np.uint16] = _mix(_mix(np.full(ids.shape, _SEED), low), high).astype(np.uint16)
    return hashed


@cache
def _hue_saturation() -> NDArray[np.float64]:
    """(65536, 3): there are no more colours than this."""
    mixed = np.arange(65536)
    hue = (mixed & 255) / 255.0
    saturation = 0.5 + 0.5 * (mixed >> 8) / 255.0
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


@cache
def _packed(mode: Mode) -> NDArray[np.uint32]:
    """rgba8 by what the colour of an id depends on: `_hashed`, or the id modulo 256."""
    rgb = _glasbey() if mode == "glasbey" else _hue_saturation()
    return pack(np.column_stack([rgb, np.ones(len(rgb))]))


def pack(rgba: NDArray[np.float64]) -> NDArray[np.uint32]:
    """rgba8, r in the lowest byte, of (n, 4) sRGB and alpha, each 0..1."""
    bytes_ = np.rint(np.clip(rgba, 0.0, 1.0) * 255.0).astype(np.uint32)
    packed: NDArray[np.uint32] = np.bitwise_or.reduce(bytes_ << np.array([0, 8, 16, 24], np.uint32), axis=1)
    return packed


class FileColors:
    """The colours that a file or a table gives ids."""

    def __init__(self, colors: Mapping[int, Rgba]) -> None:
        # Readers of signed ids may name them by their sign; the table holds their 64-bit pattern.
        named = np.array([identifier & 0xFFFFFFFFFFFFFFFF for identifier in colors], np.uint64)
        order = np.argsort(named)
        self._ids = named[order]
        self._rgba = pack(np.array(list(colors.values()), np.float64).reshape(-1, 4))[order]

    def put(self, rgba: NDArray[np.uint32], ids: NDArray[np.uint64]) -> None:
        """Write them into `rgba` (n,) of `ids` (n,), where there are any."""
        if len(self._ids):
            places, found = find(self._ids, ids)
            rgba[found] = self._rgba[places]


def find(ordered: NDArray[np.uint64], ids: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(places in `ordered`, places in `ids`) of those of `ids` that are in `ordered`, which ascends."""
    places = np.searchsorted(ordered, ids)
    places[places == len(ordered)] = 0
    found = np.flatnonzero(ordered[places] == ids) if len(ordered) else np.zeros(0, np.intp)
    return places[found], found


def plain_colors(ids: NDArray[np.uint64], mode: Mode) -> NDArray[np.uint32]:
    """rgba8 of ids by the hash or by Glasbey's table; of 0, the background, 0."""
    rgba: NDArray[np.uint32]
    rgba = _packed("glasbey")[ids & np.uint64(255)] if mode == "glasbey" else _packed("hash")[_hashed(ids)]
    rgba[ids == 0] = 0
    return rgba


def label_table(ids: NDArray[np.uint64], file_colors: Mapping[int, Rgba], mode: Mode = "file") -> NDArray[np.uint32]:
    """rgba8 (r in the lowest byte) by dense id; entry 0, the background, has alpha 0.

    `ids` are the 64-bit ids by dense id. `mode` is LabelLayer.colors: "file" takes `file_colors` (sRGB and alpha by id)
    and the hash where they say nothing.
    """
    rgba = plain_colors(ids, mode)
    if mode == "file":
        FileColors(file_colors).put(rgba, ids)
    rgba[ids == 0] = 0
    return rgba
