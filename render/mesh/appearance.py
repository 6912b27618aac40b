"""Names and colours of segments and channels, as the renderer has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from ..engine.label_colors import glasbey_colors, hash_colors
from ..source.base import SourceInfo
from .segment import Rgba

ColorMode = Literal["file", "hash", "glasbey"]
_MASK = 2**64 - 1
_GREY: Rgba = (0.8, 0.8, 0.8, 1.0)


def segment_names(info: SourceInfo, ids: Sequence[int]) -> list[str]:
    """What the file calls each (unsigned) id; its number where it says nothing."""
    names = {identifier & _MASK: name for identifier, name in info.label_names.items()}
    return [names.get(one) or str(one) for one in ids]


def segment_colors(
    info: SourceInfo, ids: Sequence[int], mode: ColorMode, overrides: Mapping[int, Rgba] | None = None
) -> list[Rgba]:
    """sRGB and alpha of each (unsigned) id: an override, else in the mode "file" the file's, else hash or Glasbey."""
    array = np.array(list(ids), np.uint64)
    computed = glasbey_colors(array) if mode == "glasbey" else hash_colors(array)
    said = {identifier & _MASK: color for identifier, color in info.label_colors.items()} if mode == "file" else {}
    said.update({identifier & _MASK: color for identifier, color in (overrides or {}).items()})
    found: list[Rgba] = []
    for one, (red, green, blue) in zip(ids, computed.tolist(), strict=True):
        found.append(said.get(one, (red, green, blue, 1.0)))
    return found


def channel_color(info: SourceInfo, channel: int) -> Rgba:
    """The file's colour of a channel, else a light grey."""
    color = info.channels[channel].color
    return (*color, 1.0) if color is not None else _GREY
