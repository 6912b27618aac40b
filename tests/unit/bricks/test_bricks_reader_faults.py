"""Bricks that cannot be read: told, tried again after growing pauses, given up; all others arrive."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.dense_ids import DenseIds
from render.bricks.reader import BrickReader, FailedBrick, LoadedBrick, Wanted
from render.errors import SourceError
from render.source.base import Shape3
from render.source.memory import MemorySource
from render.source.open import open_sources
from tests.unit.bricks.test_bricks_reader import Gate, as_it_is, bricks_of, check_slots, noise, of, reader_of, until
from tests.unit.source.stores import scale, space, write_image


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Ailing(MemorySource):
    """Cannot read the boxes that begin at an x in `broken`, with the error that stands there."""

    def __init__(self, voxels: NDArray[np.generic], broken: dict[int, Exception]) -> None:
        super().__init__(voxels)
        self.broken = broken
        self.attempts: list[int] = []

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        self.attempts.append(lo[2])
        if lo[2] in self.broken:
            raise self.broken[lo[2]]
        return super().read(level, channel, time, lo, hi)


def next_of(reader: BrickReader) -> FailedBrick | LoadedBrick:
    assert reader.wait(10.0)
    (one,) = reader.take(1)
    return one


def test_a_brick_is_tried_again_after_growing_pauses_and_then_given_up() -> None:
    source, clock = Ailing(noise(16, 16, 64), {16: SourceError("the disk is gone")}), Clock()
    with reader_of([source], apron=0, retry_delays_s=(1.0, 4.0), clock=clock) as reader:
        bad = of((0, 0, 1))
        reader.ask([bad])
        told = []
        for pause in (1.0, 4.0):
            told.append(next_of(reader))
            assert not reader.idle
            assert reader.outstanding == 1
            clock.now += pause - 0.01
            reader.ask([bad])  # whoever asks, not before its time
            assert not reader.wait(0.05)
            clock.now += 0.02
        told.append(next_of(reader))
        assert [(one.final, one.attempts, one.retry_after_s) for one in told] == [
            (False, 1, 1.0), (False, 2, 4.0), (True, 3, float("inf")),
        ]  # fmt: skip
        assert {str(one.error) for one in told} == {"the disk is gone"}
        assert reader.idle
        clock.now += 1e9
        reader.ask([bad])
        assert reader.idle
        assert source.attempts == [16, 16, 16]
        assert reader.statistics.failed == 3
        # Somebody mended the disk and says so.
        source.broken.clear()
        reader.forgive()
        reader.ask([bad])
        assert isinstance(next_of(reader), LoadedBrick)


def test_a_brick_that_heals_is_delivered_without_being_asked_for_again() -> None:
    source = Ailing(noise(16, 16, 64), {16: SourceError("busy")})
    with reader_of([source], apron=0, retry_delays_s=(0.02,) * 100) as reader:
        reader.ask([of((0, 0, i)) for i in range(4)])
        good = [one for one in (next_of(reader) for _ in range(4)) if isinstance(one, LoadedBrick)]
        assert len(good) == 3
        source.broken.clear()
        while isinstance(one := next_of(reader), FailedBrick):
            pass
        assert one.wanted == of((0, 0, 1))
        assert reader.idle


def test_what_is_no_longer_asked_for_is_not_tried_again() -> None:
    source, clock = Ailing(noise(16, 16, 64), {16: SourceError("busy")}), Clock()
    with reader_of([source], apron=0, retry_delays_s=(1.0,) * 9, clock=clock) as reader:
        reader.ask([of((0, 0, 1))])
        next_of(reader)
        reader.ask([of((0, 0, 2))])
        next_of(reader)
        assert reader.idle
        clock.now += 5.0
        assert not reader.wait(0.05)
        assert source.attempts == [16, 32]
        # A failure that nobody had taken yet when the brick was left out.
        reader.ask([of((0, 0, 1))])
        until(lambda: reader.arrived == 1)
        reader.ask([])
        next_of(reader)
        assert reader.idle


def test_whatever_a_source_raises_is_a_brick_that_failed_and_nothing_else_is_lost() -> None:
    broken = {0: SourceError("a"), 32: ValueError("b"), 64: MemoryError(), 96: IndexError("d")}
    source = Ailing(noise(16, 16, 160), broken)
    with reader_of([source], apron=0, retry_delays_s=(), in_flight=3) as reader:
        wanted = [of((0, 0, i)) for i in range(10)]
        reader.ask(wanted)
        got = [next_of(reader) for _ in wanted]
        failed = {one.wanted.key.brick[2] * 16: one for one in got if isinstance(one, FailedBrick)}
        assert set(failed) == set(broken)
        assert all(one.final and isinstance(one.error, SourceError) for one in failed.values())
        assert str(failed[32].error) == "a brick of 'array' cannot be read: b"
        assert {one.wanted for one in got} == set(wanted)
        assert reader.idle


def test_a_segmentation_with_too_many_ids_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DenseIds, "MAX_IDS", 100)
    voxels = np.zeros((32, 16, 16), np.uint64)
    voxels[16:] = np.arange(16**3, dtype=np.uint64).reshape(16, 16, 16)
    dense = DenseIds()
    source = MemorySource(voxels, kind="labels")
    with reader_of([source], apron=0, retry_delays_s=(), encode=lambda _l, _c, v: dense.encode_brick(v)) as reader:
        reader.ask([of((1, 0, 0)), of((0, 0, 0))])
        told = {one.wanted.key.brick[0]: one for one in (next_of(reader), next_of(reader))}
        assert isinstance(told[0], LoadedBrick)
        assert isinstance(told[1], FailedBrick)
        assert str(told[1].error) == "the segmentation has more than 100 ids"


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_damaged_store_gives_all_bricks_that_do_not_need_the_damaged_part(tmp_path: Path, version: str) -> None:
    voxels = np.random.default_rng(0).integers(0, 4000, (64, 64, 64), np.uint16)
    more = {"shards": (32, 32, 32)} if version == "0.5" else {}
    path = write_image(
        tmp_path / "a.zarr",
        {"0": voxels},
        space("z", "y", "x"),
        {"0": [scale(1.0, 1.0, 1.0)]},
        version=version,
        chunks=(16, 16, 16),
        **more,
    )
    if version == "0.5":  # a shard of 2x2x2 chunks that ends in the middle
        damaged, lo, hi = path / "0" / "c" / "0" / "1" / "1", (0, 32, 32), (32, 64, 64)
        damaged.write_bytes(damaged.read_bytes()[:5000])
    else:
        damaged, lo, hi = path / "0" / "1.2.3", (16, 32, 48), (32, 48, 64)
        damaged.write_bytes(b"garbage " * 40)
    (source,) = open_sources(str(path))
    with closing(source), reader_of([source], 16, 2, retry_delays_s=(0.001,)) as reader:
        reader.ask([of(brick) for brick in bricks_of(voxels.shape, 16)])
        got: dict[Wanted, LoadedBrick] = {}
        failed: dict[Wanted, FailedBrick] = {}
        while reader.wait(10.0):
            for one in reader.take(1 << 20):
                if isinstance(one, LoadedBrick):
                    got[one.wanted] = one
                elif one.final:
                    failed[one.wanted] = one
        assert reader.idle
    # A brick needs the part where its slot meets it.
    expected = {
        of(brick)
        for brick in bricks_of(voxels.shape, 16)
        if all(i * 16 - 2 < b and a < i * 16 + 18 for i, a, b in zip(brick, lo, hi, strict=True))
    }
    assert set(failed) == expected
    assert set(got) == {of(brick) for brick in bricks_of(voxels.shape, 16)} - expected
    check_slots(got, [voxels[None]], 16, 2)
    assert all("a.zarr" in str(one.error) and "\n" not in str(one.error) for one in failed.values())


class Server(socketserver.ThreadingTCPServer):
    """Serves the voxels of a volume slice by slice; each answer takes `delay_s`. It dies after `answers` of them."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, voxels: NDArray[np.uint8], delay_s: float, answers: float = float("inf")) -> None:
        self.voxels, self.delay_s, self.left = voxels, delay_s, answers
        super().__init__(("127.0.0.1", 0), Answer)
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._serving.start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        self._serving.join()


class Answer(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        z = int(self.rfile.readline())
        time.sleep(self.server.delay_s)
        self.server.left -= 1
        if self.server.left >= 0:
            self.wfile.write(self.server.voxels[z].tobytes())


class Remote(MemorySource):
    """Reads each slice from a server."""

    def __init__(self, voxels: NDArray[np.uint8], port: int) -> None:
        super().__init__(np.zeros_like(voxels))
        self._port = port

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        import socket

        shape = self.info.levels[0].shape[1:]
        slices = []
        for z in range(lo[0], hi[0]):
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=5.0) as connection:
                    connection.sendall(b"%d\n" % z)
                    raw = connection.makefile("rb").read()
            except OSError as error:
                raise SourceError("the server does not answer") from error
            if len(raw) != shape[0] * shape[1]:
                raise SourceError("the server hung up")
            slices.append(np.frombuffer(raw, np.uint8).reshape(shape)[lo[1] : hi[1], lo[2] : hi[2]])
        return np.stack(slices)


@pytest.fixture
def slices() -> NDArray[np.uint8]:
    return noise(64, 4, 4)


@pytest.fixture
def slow(slices: NDArray[np.uint8]) -> Iterator[Server]:
    server = Server(slices, 0.005)
    yield server
    server.end()


def test_a_slow_server_holds_up_neither_asking_nor_another_source(slices: NDArray[np.uint8], slow: Server) -> None:
    far, near = Remote(slices, slow.server_address[1]), MemorySource(slices)
    with reader_of([far, near], 4, 1, in_flight=(8, 2)) as reader:
        wanted = [of((i, 0, 0), layer=layer) for layer in (0, 1) for i in range(16)]
        began = time.monotonic()
        reader.ask(wanted)
        assert time.monotonic() - began < 0.5
        got: dict[Wanted, LoadedBrick] = {}
        while reader.wait(10.0):
            for one in reader.take(1 << 20):
                assert isinstance(one, LoadedBrick)
                got[one.wanted] = one
        assert len(got) == 32
        order = [one.key.layer for one in got]
        assert order.index(0) > 0
        assert order[:4].count(1) >= 3
        check_slots({w: one for w, one in got.items() if w.key.layer == 0}, [slices[None]], 4, 1)


def test_a_server_that_dies_midway_is_told_and_its_bricks_come_when_it_is_back(slices: NDArray[np.uint8]) -> None:
    server = Server(slices, 0.0, answers=30)
    source = Remote(slices, server.server_address[1])
    wanted = [of((i, 0, 0)) for i in range(16)]
    got: dict[Wanted, LoadedBrick] = {}
    failed: list[FailedBrick] = []
    with reader_of([source], 4, 1, in_flight=2, retry_delays_s=(0.05,) * 200) as reader:
        reader.ask(wanted)
        while not reader.idle:
            assert reader.wait(10.0)
            for one in reader.take(1 << 20):
                if isinstance(one, LoadedBrick):
                    got[one.wanted] = one
                else:
                    assert not one.final
                    failed.append(one)
            if len(failed) == 20:
                server.left = float("inf")
        assert set(got) == set(wanted)
        assert {str(one.error) for one in failed} <= {"the server hung up", "the server does not answer"}
        check_slots(got, [slices[None]], 4, 1)
    server.end()


def test_closing_waits_for_what_is_being_read_and_drops_it() -> None:
    source = Gate(noise(16, 16, 160))
    reader = BrickReader([source], 16, 0, as_it_is, in_flight=2)
    reader.ask([of((0, 0, i)) for i in range(10)])
    waiting = threading.Thread(target=reader.wait, args=(30.0,))
    waiting.start()
    until(lambda: source.inside == 2)
    threading.Timer(0.1, source.open.set).start()
    reader.close()
    waiting.join(5.0)
    assert not waiting.is_alive()
    assert len(source.began) == 2
    assert source.inside == 0
    assert reader.take(1 << 20) == []
    assert not reader.wait(0.0)
    assert not [thread for thread in threading.enumerate() if thread.name == "brick-reader"]
    reader.close()
    with pytest.raises(RuntimeError, match="closed"):
        reader.ask([of((0, 0, 0))])


def test_bricks_that_a_source_does_not_have_are_mistakes_of_the_caller() -> None:
    with reader_of([MemorySource(noise(32, 16, 16))]) as reader:
        for wrong in (of((2, 0, 0)), of((0, 0, -1)), of((0, 0, 0), channel=1), of((0, 0, 0), level=1),
                      of((0, 0, 0), at=1), of((0, 0, 0), layer=1), of((0, 0, 0), layer=-1)):  # fmt: skip
            with pytest.raises(IndexError):
                reader.ask([of((0, 0, 0)), wrong])
        assert reader.idle
