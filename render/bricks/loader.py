"""Reads the bricks of a level ahead in threads and hands them over in order, encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3, Source
from .grid import BrickGrid

READERS = 4
AHEAD = 16


@dataclass(frozen=True)
class LoadedBrick:
    """A brick with its apron as texels (z, y, x), or the one texel that all of it has."""

    brick: Shape3
    texels: NDArray[np.generic] | None
    constant: int


def load_level(
    source: Source,
    level: int,
    channel: int,
    time: int,
    grid: BrickGrid,
    encode: Callable[[NDArray[np.generic]], NDArray[np.generic]],
) -> Iterator[LoadedBrick]:
    """All bricks of a channel's level, each once, in the order of `grid`.

    Raises SourceError of the first that cannot be read.
    """
    zero = int(encode(np.zeros(1, source.info.dtype))[0])

    def one(brick: Shape3) -> LoadedBrick:
        lo, hi = grid.padded_box(brick)
        if source.is_absent(level, channel, time, lo, hi):
            return LoadedBrick(brick, None, zero)
        texels = encode(grid.read(source, level, channel, time, brick))
        first = texels.flat[0]
        if (texels == first).all():
            return LoadedBrick(brick, None, int(first))
        return LoadedBrick(brick, texels, 0)

    pool = ThreadPoolExecutor(READERS, thread_name_prefix="bricks")
    try:
        order = iter(grid)
        waiting: deque[Future[LoadedBrick]] = deque(pool.submit(one, brick) for brick in islice(order, AHEAD))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(one, brick) for brick in islice(order, 1))
    finally:
        pool.shutdown(cancel_futures=True)
