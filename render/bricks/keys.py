"""What a brick is called: its place in a scene's layers, times, levels and grids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3


class BrickKey(NamedTuple):
    """A brick of one level of one layer at one time; `brick` is its (z, y, x) in the level's grid of bricks."""

    layer: int
    time: int
    level: int
    brick: Shape3


class Wanted(NamedTuple):
    """A channel's part of a brick; `channel` is the source's. 0 for labels."""

    key: BrickKey
    channel: int


def morton_order(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Bricks along a Z-order curve (Morton, 1966), by level: neighbours, which share chunks, come near each other."""
    if not wanted:
        return []
    codes = morton_codes(np.array([one.key.brick for one in wanted], np.uint64))
    ranked = sorted(range(len(wanted)), key=lambda i: (wanted[i].key[:3], wanted[i].channel, int(codes[i])))
    return [wanted[i] for i in ranked]


def morton_codes(bricks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Bits of z, y, x (n, 3), of 21 bits each, interleaved; x in the lowest: uint64 (n)."""
    spread = bricks & np.uint64(0x1FFFFF)
    for shift, mask in (
        (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3), (2, 0x1249249249249249),
    ):  # fmt: skip
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    codes: NDArray[np.uint64] = (spread[:, 0] << np.uint64(2)) | (spread[:, 1] << np.uint64(1)) | spread[:, 2]
    return codes
