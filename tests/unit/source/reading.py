"""What the tests of sources share: reading a whole level, and the sentence of an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from render.errors import SourceError
from render.source.base import Source
from render.source.open import open_sources

OPENED: list[Source] = []
"""What was opened in the running test."""


def opened(path: Any, **options: Any) -> list[Source]:
    """The sources of a path; they are closed when the test ends."""
    sources = open_sources(str(path), **options)
    OPENED.extend(sources)
    return sources


def whole(source: Source, level: int = 0, channel: int = 0, time: int = 0) -> np.ndarray:
    """A level as (z, y, x), read in uneven boxes so that borders of chunks are crossed."""
    shape = source.info.levels[level].shape
    out = np.empty(shape, source.info.dtype)
    step = [max(1, (n * 2) // 3) for n in shape]
    for z in range(0, shape[0], step[0]):
        for y in range(0, shape[1], step[1]):
            for x in range(0, shape[2], step[2]):
                lo = (z, y, x)
                hi = tuple(min(a + s, n) for a, s, n in zip(lo, step, shape, strict=True))
                got = source.read(level, channel, time, lo, hi)
                assert got.dtype == source.info.dtype
                assert got.dtype.isnative
                out[z : hi[0], y : hi[1], x : hi[2]] = got
    return out


def one(path: Any, **options: Any) -> Source:
    """The only source of a path."""
    (source,) = opened(path, **options)
    return source


def _read_all(path: Any, options: dict[str, Any]) -> None:
    for source in opened(path, **options):
        whole(source)


def sentence(path: Any, **options: Any) -> str:
    """The message with which opening and reading a path fails; it must be one line and name no folder."""
    with pytest.raises(SourceError) as caught:
        _read_all(path, options)
    text = str(caught.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text
