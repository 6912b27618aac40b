"""Bricks that are read before anybody wants them: within their share of memory, and never in the way of others."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from render.bricks.reader import LoadedBrick, Wanted
from render.errors import SourceError
from render.source.base import Shape3
from render.source.memory import MemorySource

from .test_bricks_reader import all_of, check_slots, of, reader_of

VOXELS = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 64), dtype=np.uint8)
SLOT_BYTES = 20**3
BRICKS = [of((z, y, x)) for z in range(4) for y in range(4) for x in range(4)]


class Gated(MemorySource):
    """Each read waits for the gate. Bricks from z = 32 on cannot be read when it is `broken`."""

    def __init__(self) -> None:
        super().__init__(VOXELS)
        self.gate, self.begun, self.broken = threading.Semaphore(0), 0, False

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        self.begun += 1
        assert self.gate.acquire(timeout=10.0)
        if self.broken and lo[0] >= 28:
            raise SourceError("a chunk is damaged")
        return super().read(level, channel, time_, lo, hi)


def until(what: object) -> None:
    end = time.monotonic() + 10.0
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.002)


def test_what_was_read_ahead_is_delivered_without_reading() -> None:
    source = Gated()
    source.gate.release(100)
    with reader_of([source], ahead_bytes=1 << 20) as reader:
        reader.expect(BRICKS[:8])
        until(lambda: reader.statistics.ahead == 8)
        assert reader.idle  # nobody waits for it
        assert not reader.take(1 << 20)
        begun = source.begun
        got = all_of(reader, BRICKS[:8])
        assert source.begun == begun
        check_slots(got, [VOXELS], 16, 2)
        told = reader.statistics
        assert (told.ahead_used, told.ahead_bytes, told.read) == (8, 0, 8)


def test_it_keeps_to_its_share_and_makes_room_for_what_is_wanted() -> None:
    source = Gated()
    source.gate.release(1000)
    share = 12 * (SLOT_BYTES + 256)
    with reader_of([source], ahead_bytes=share, most_waiting_bytes=share) as reader:
        reader.expect(BRICKS)
        until(lambda: not reader._ahead.begun and not reader._ahead.pending)
        assert 8 <= reader.statistics.ahead < len(BRICKS)
        assert reader.statistics.ahead_bytes <= share
        # Others are likelier now: those that were kept make room.
        reader.expect(BRICKS[-4:])
        until(lambda: reader.statistics.ahead_dropped > 0 and not reader._ahead.begun and not reader._ahead.pending)
        assert set(BRICKS[-4:]) <= set(reader._ahead._kept)
        got: dict[Wanted, LoadedBrick] = {}
        reader.ask(BRICKS[:40])
        while reader.wait(10.0):
            told = reader.statistics
            assert told.waiting_bytes + told.ahead_bytes <= share
            for one in reader.take(SLOT_BYTES):
                assert isinstance(one, LoadedBrick)
                got[one.wanted] = one
        assert set(got) == set(BRICKS[:40])
        check_slots(got, [VOXELS], 16, 2)


def test_what_is_wanted_never_waits_for_it() -> None:
    """All reads ahead hang: others begin at once, no further one is read ahead, and one that is wanted is read once."""
    source = Gated()
    with reader_of([source], in_flight=3, ahead_bytes=1 << 20, ahead_in_flight=2) as reader:
        reader.expect(BRICKS[:10])
        until(lambda: source.begun == 2)
        reader.ask([BRICKS[0], *BRICKS[20:22]])
        until(lambda: source.begun == 4)
        source.gate.release(4)
        got: set[Wanted] = set()
        while len(got) < 3 and reader.wait(10.0):
            # Nothing begins ahead before all that was asked for is taken.
            assert source.begun == 4
            got |= {one.wanted for one in reader.take(1)}
        assert got == {BRICKS[0], *BRICKS[20:22]}
        assert reader.statistics.ahead_used == 1
        source.gate.release(100)


def test_a_source_that_fails_is_left_alone() -> None:
    source = Gated()
    source.broken = True
    source.gate.release(100)
    with reader_of([source], ahead_bytes=1 << 20, ahead_in_flight=1) as reader:
        reader.expect(BRICKS[32:40])
        until(lambda: reader.statistics.ahead_failed == 1)
        until(lambda: not reader._ahead.begun)
        assert source.begun == 1
        source.broken = False
        assert set(all_of(reader, BRICKS[32:34])) == set(BRICKS[32:34])  # it is no fault of the brick so far
