"""Some channels of a source."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..source.base import Shape3, Source, SourceInfo


class ChosenChannels:
    """A source with some of its channels, in the order in which they were chosen."""

    def __init__(self, source: Source, channels: Sequence[int]) -> None:
        self._source = source
        self._channels = tuple(channels)
        self._info = dataclasses.replace(source.info, channels=tuple(source.info.channels[c] for c in channels))

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        return self._source.read(level, self._channels[channel], time, lo, hi)

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return self._source.is_absent(level, self._channels[channel], time, lo, hi)

    def close(self) -> None:
        self._source.close()


def selected(sources: Sequence[Source], wanted: Sequence[str]) -> list[Source]:
    """The sources, the image among them with the wanted channels (numbers from 0, or names). Raises UsageError."""
    chosen: list[Source] = []
    for source in sources:
        if source.info.kind == "labels":
            chosen.append(source)
            continue
        chosen.append(ChosenChannels(source, [_number(source.info, text) for text in wanted]))
    return chosen


def _number(info: SourceInfo, text: str) -> int:
    names = [channel.name for channel in info.channels]
    if text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    there = ", ".join(f"{number} ({name})" if name else str(number) for number, name in enumerate(names))
    raise UsageError(f"{info.name} has no channel '{text}'; there are {there}")
