"""Reading bricks ahead in threads: each once, in order, constant ones as one number, errors as they are."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.encoding import encoding_for
from render.bricks.grid import BrickGrid
from render.bricks.loader import AHEAD, load_level
from render.errors import SourceError
from render.source.base import Shape3
from render.source.memory import MemorySource


class SlowSource(MemorySource):
    """Answers some bricks late, and counts what was read; `bad` cannot be read, `absent` need not be."""

    def __init__(self, array: NDArray[np.generic], bad: Shape3 | None = None, absent: Shape3 | None = None) -> None:
        super().__init__(array)
        self.reads: list[Shape3] = []
        self._bad, self._absent = bad, absent
        self._counting = threading.Lock()

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        with self._counting:
            self.reads.append(lo)
        time.sleep(0.005 * (sum(lo) % 3))
        if lo == self._bad:
            raise SourceError("the brick is broken")
        return super().read(level, channel, time_, lo, hi)

    def is_absent(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> bool:
        return lo == self._absent


def volume() -> NDArray[np.uint8]:
    voxels = np.random.default_rng(0).integers(0, 255, (40, 50, 70), dtype=np.uint8)
    voxels[:, :, :18] = 9
    return voxels


def load(source: SlowSource, grid: BrickGrid):
    return load_level(source, 0, 0, 0, grid, encoding_for(np.dtype(np.uint8), 0, 255).encode)


def test_each_brick_once_in_the_order_of_the_grid() -> None:
    source, grid = SlowSource(volume()), BrickGrid((40, 50, 70), 16)
    loaded = list(load(source, grid))
    assert [one.brick for one in loaded] == list(grid)
    assert len(source.reads) == grid.n_bricks
    for one in loaded:
        expected = grid.read(MemorySource(volume()), 0, 0, 0, one.brick)
        if one.texels is None:
            assert (expected == one.constant).all()
        else:
            assert np.array_equal(one.texels, expected)
    # The first bricks along x, with their aprons, are of one value.
    assert {one.brick for one in loaded if one.texels is None} == {brick for brick in grid if brick[2] == 0}


def test_absent_bricks_are_not_read() -> None:
    source, grid = SlowSource(volume(), absent=(15, 15, 15)), BrickGrid((40, 50, 70), 16)
    loaded = {one.brick: one for one in load(source, grid)}
    assert loaded[1, 1, 1].texels is None
    assert loaded[1, 1, 1].constant == 0
    assert (15, 15, 15) not in source.reads
    assert len(source.reads) == grid.n_bricks - 1


def test_a_broken_brick_is_told_and_reading_stops() -> None:
    source, grid = SlowSource(np.repeat(volume(), 4, axis=0), bad=(0, 0, 0)), BrickGrid((160, 50, 70), 16)
    with pytest.raises(SourceError, match=r"^the brick is broken$"):
        list(load(source, grid))
    assert len(source.reads) <= AHEAD
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("bricks")]


def test_who_stops_taking_stops_the_reading() -> None:
    source, grid = SlowSource(volume()), BrickGrid((40, 50, 70), 8)
    bricks = load(source, grid)
    next(bricks)
    bricks.close()
    assert len(source.reads) <= AHEAD + 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("bricks")]
