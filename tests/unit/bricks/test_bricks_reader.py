"""Bricks on demand: slots as numpy pads them, in the order asked for, each once, within the bounds of memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.dense_ids import DenseIds
from render.bricks.encoding import Encode, encoding_for
from render.bricks.reader import BrickKey, BrickReader, LoadedBrick, Wanted, morton_order
from render.source.base import Shape3, Source
from render.source.memory import MemorySource
from render.source.open import open_sources
from tests.unit.source.stores import scale, space, write_image


def of(brick: Shape3, channel: int = 0, level: int = 0, layer: int = 0, at: int = 0) -> Wanted:
    return Wanted(BrickKey(layer, at, level, brick), channel)


def as_it_is(_layer: int, _channel: int, voxels: NDArray[np.generic]) -> NDArray[np.generic]:
    return voxels


@contextmanager
def reader_of(
    sources: Sequence[Source], payload: int = 16, apron: int = 2, encode: Encode = as_it_is, **options: Any
) -> Iterator[BrickReader]:
    """A reader that is closed, and whose threads are gone, at the end."""
    options.setdefault("retry_delays_s", (0.01,))
    reader = BrickReader(sources, payload, apron, encode, **options)
    try:
        yield reader
    finally:
        reader.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "brick-reader"]


def all_of(reader: BrickReader, wanted: Sequence[Wanted], most_bytes: int = 1 << 20) -> dict[Wanted, LoadedBrick]:
    """Everything that is asked for, each delivered once."""
    reader.ask(wanted)
    got: dict[Wanted, LoadedBrick] = {}
    while reader.wait(10.0):
        for one in reader.take(most_bytes):
            assert isinstance(one, LoadedBrick), one
            assert one.wanted not in got
            got[one.wanted] = one
    assert reader.idle
    return got


def bricks_of(shape: Sequence[int], payload: int) -> list[Shape3]:
    z, y, x = (range(-(-n // payload)) for n in shape)
    return list(product(z, y, x))


def check_slots(
    got: dict[Wanted, LoadedBrick], levels: Sequence[NDArray[np.generic]], payload: int, apron: int
) -> None:
    """Each slot is the slice of the volume that numpy has padded; levels (c, z, y, x)."""
    around = [(0, 0)] + [(apron, apron + payload)] * 3
    whole = [np.pad(level, around, mode="edge") for level in levels]
    slot = payload + 2 * apron
    for wanted, one in got.items():
        z, y, x = (index * payload for index in wanted.key.brick)
        expected = whole[wanted.key.level][wanted.channel][z : z + slot, y : y + slot, x : x + slot]
        assert (one.lo, one.hi) == (expected.min(), expected.max())
        if one.texels is None:
            assert (expected == one.constant).all()
        else:
            assert np.array_equal(one.texels, expected)
            assert one.texels.flags.c_contiguous
            assert one.lo < one.hi


@pytest.mark.parametrize("apron", [0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 1, 1), (32, 32, 32), (33, 16, 50), (5, 70, 31)])
def test_slots_are_padded_slices_at_all_borders(shape: Shape3, apron: int) -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (2, *shape), dtype=np.uint8)
    voxels[:, :, :20] = 7
    with reader_of([MemorySource(voxels)], 16, apron) as reader:
        wanted = [of(brick, channel) for brick in bricks_of(shape, 16) for channel in (0, 1)]
        got = all_of(reader, wanted)
        assert set(got) == set(wanted)
        check_slots(got, [voxels], 16, apron)


def test_slots_of_anisotropic_levels_of_a_store_on_disk(tmp_path: Path) -> None:
    fine = np.random.default_rng(1).integers(0, 60_000, (2, 21, 70, 50)).astype(np.uint16)
    levels = {"0": fine, "1": fine[:, :, ::2, ::2].copy(), "2": fine[:, ::2, ::4, ::4].copy()}
    steps = {"0": scale(1, 40, 5, 5), "1": scale(1, 40, 10, 10), "2": scale(1, 80, 20, 20)}
    path = write_image(tmp_path / "a.zarr", levels, space("c", "z", "y", "x"), {n: [s] for n, s in steps.items()})
    (source,) = open_sources(str(path))
    with reader_of([source], 16, 2) as reader:
        wanted = [
            of(brick, channel, level)
            for level, voxels in enumerate(levels.values())
            for brick in bricks_of(voxels.shape[1:], 16)
            for channel in (0, 1)
        ]
        got = all_of(reader, wanted)
        assert set(got) == set(wanted)
        check_slots(got, list(levels.values()), 16, 2)
    source.close()


def test_slots_are_in_one_piece_however_a_source_has_its_axes() -> None:
    class Turned(MemorySource):
        def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
            return np.asfortranarray(super().read(level, channel, time, lo, hi))

    voxels = noise(32, 32, 48)
    with reader_of([Turned(voxels)], 16, 0) as reader:
        check_slots(all_of(reader, [of(brick) for brick in bricks_of(voxels.shape, 16)]), [voxels[None]], 16, 0)


class Gate(MemorySource):
    """Lets reads through when it is told to, and notes which began; bricks lie along x."""

    def __init__(self, voxels: NDArray[np.generic], absent: Callable[[Shape3], bool] = lambda lo: False) -> None:
        super().__init__(voxels)
        self.open = threading.Event()
        self.began: list[Shape3] = []
        self.inside = self.most_inside = 0
        self._absent = absent
        self._counting = threading.Lock()

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        with self._counting:
            self.began.append(lo)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        try:
            assert self.open.wait(10.0)
            return super().read(level, channel, time, lo, hi)
        finally:
            with self._counting:
                self.inside -= 1

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return self._absent(lo)


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 255, shape, dtype=np.uint8)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_what_matters_most_begins_first_and_a_new_ask_replaces_what_has_not_begun() -> None:
    source = Gate(noise(16, 16, 160))
    with reader_of([source], apron=0, in_flight=2) as reader:
        reader.ask([of((0, 0, i)) for i in range(8)])
        until(lambda: source.inside == 2)
        reader.ask([of((0, 0, i)) for i in (1, 9, 8, 9)])  # 1 is being read already
        assert reader.outstanding == 4
        source.open.set()
        until(lambda: reader.arrived == 4)
        assert [lo[2] // 16 for lo in source.began] == [0, 1, 9, 8]
        taken = reader.take(1 << 20)
        assert {one.wanted.key.brick[2] for one in taken} == {0, 1, 8, 9}
        assert reader.idle
        assert not reader.wait(0.0)
        assert reader.take(1 << 20) == []


def test_no_more_reads_at_once_than_allowed_for_each_source() -> None:
    near, far = Gate(noise(16, 16, 160)), Gate(noise(16, 16, 160))
    with reader_of([near, far], apron=0, in_flight=(2, 5)) as reader:
        reader.ask([of((0, 0, i), layer=layer) for layer in (1, 0) for i in range(10)])
        until(lambda: near.inside == 2 and far.inside == 5)
        near.open.set()
        # The slow source does not hold up the other one.
        until(lambda: reader.arrived == 10)
        far.open.set()
        until(lambda: reader.arrived == 20)
    assert (near.most_inside, far.most_inside) == (2, 5)


def test_what_is_read_and_not_taken_stays_within_its_bound() -> None:
    source = Gate(noise(16, 16, 160))
    source.open.set()
    slot = 16**3
    with reader_of([source], apron=0, most_waiting_bytes=5 * slot) as reader:
        reader.ask([of((0, 0, i)) for i in range(10)])
        got: set[Wanted] = set()
        while len(got) < 10:
            assert reader.wait(10.0)
            time.sleep(0.02)
            # A brick being read holds its voxels and its texels.
            assert reader.statistics.waiting_bytes <= 5 * slot
            assert 1 <= len(source.began) - len(got) <= 4
            (one,) = reader.take(1)
            got.add(one.wanted)
        assert reader.idle


def test_a_bound_smaller_than_a_brick_lets_one_through_at_a_time() -> None:
    source = Gate(noise(16, 16, 64))
    source.open.set()
    with reader_of([source], apron=0, most_waiting_bytes=1) as reader:
        assert len(all_of(reader, [of((0, 0, i)) for i in range(4)])) == 4
    assert source.most_inside == 1


def test_takes_are_bounded_and_in_the_order_of_arrival() -> None:
    source = Gate(noise(16, 16, 160))
    source.open.set()
    with reader_of([source], apron=0, in_flight=1) as reader:
        reader.ask([of((0, 0, i)) for i in range(10)])
        until(lambda: reader.arrived == 10)
        first = reader.take(3 * 5000)
        assert [one.wanted.key.brick[2] for one in first] == [0, 1, 2]
        assert [one.wanted.key.brick[2] for one in reader.take(1 << 20)] == list(range(3, 10))


def test_absent_and_constant_bricks_are_numbers_and_are_not_read_again() -> None:
    voxels = noise(16, 16, 64)
    voxels[..., 16:32] = 9
    source = Gate(voxels, absent=lambda lo: lo[2] == 48)
    source.open.set()
    encoding = encoding_for(np.dtype(np.uint8), 0, 255)
    with reader_of([source], apron=0, encode=lambda _l, _c, voxels: encoding.encode(voxels)) as reader:
        wanted = [of((0, 0, i)) for i in range(4)]
        assert reader.remembered(wanted[1]) is None
        got = all_of(reader, wanted)
        assert [got[one].texels is None for one in wanted] == [False, True, False, True]
        assert [got[one].constant for one in wanted[1::2]] == [9, 0]
        assert reader.remembered(wanted[1]) == (9, 9, None)
        assert reader.remembered(wanted[0]) == (int(voxels[..., :16].min()), int(voxels[..., :16].max()), None)
        assert len(source.began) == 3
        again = all_of(reader, wanted)
        assert len(source.began) == 5
        assert again[wanted[1]].constant == 9
        counts = reader.statistics
        assert (counts.read, counts.constant, counts.absent, counts.recalled) == (4, 1, 1, 2)
        assert counts.read_bytes == 5 * 16**3


def test_of_bricks_beyond_its_bound_nothing_is_remembered() -> None:
    source = Gate(noise(16, 16, 160))
    source.open.set()
    with reader_of([source], apron=0, remember=3, in_flight=1) as reader:
        wanted = [of((0, 0, i)) for i in range(10)]
        all_of(reader, wanted)
        assert [reader.remembered(one) is not None for one in wanted] == [False] * 7 + [True] * 3


def test_labels_come_with_their_ids() -> None:
    rng = np.random.default_rng(5)
    voxels = rng.choice(np.array([0, 2**53, 2**53 + 1, 2**64 - 1], np.uint64), (40, 20, 20))
    voxels[:14] = 2**53 + 1
    whole = np.pad(voxels, 18, mode="edge")[16:, 16:, 16:]
    dense = DenseIds()
    source = MemorySource(voxels, kind="labels")
    for encode in (lambda _l, _c, v: dense.encode_brick(v), lambda _l, _c, v: dense.encode(v)):
        with reader_of([source], encode=encode) as reader:
            got = all_of(reader, [of(brick) for brick in bricks_of(voxels.shape, 16)])
            ids = dense.ids()
            for one in got.values():
                assert one.ids is not None
                assert one.ids.dtype == np.uint32
                z, y, x = (slice(max(0, i * 16 - 2), i * 16 + 18) for i in one.wanted.key.brick)
                assert sorted(ids[one.ids].tolist()) == np.unique(voxels[z, y, x]).tolist()
                assert np.array_equal(one.ids, np.sort(one.ids))
                assert (one.lo, one.hi) == (one.ids[0], one.ids[-1])
                texels = np.full((20,) * 3, one.constant) if one.texels is None else one.texels
                z, y, x = (i * 16 for i in one.wanted.key.brick)
                assert np.array_equal(ids[texels], whole[z : z + 20, y : y + 20, x : x + 20])
            summary = reader.remembered(of((1, 0, 0)))
            assert summary is not None
            assert np.array_equal(summary.ids, got[of((1, 0, 0))].ids)


class Counting(MemorySource):
    """Notes the boxes that are read."""

    def __init__(self, voxels: NDArray[np.generic]) -> None:
        super().__init__(voxels)
        self.boxes: list[tuple[Shape3, Shape3]] = []

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        self.boxes.append((lo, hi))
        return super().read(level, channel, time, lo, hi)


def test_neighbours_are_read_at_once_when_there_is_much_to_read() -> None:
    voxels = noise(70, 64, 64)
    source = Counting(voxels)
    with reader_of([source], 16, 2, in_flight=4) as reader:
        wanted = morton_order([of(brick) for brick in bricks_of(voxels.shape, 16)])
        got = all_of(reader, wanted)
        assert set(got) == set(wanted)
        check_slots(got, [voxels[None]], 16, 2)
        assert len(source.boxes) < len(wanted) / 2
        # What a slot keeps in memory is itself, or itself and up to three neighbours.
        for one in got.values():
            assert one.texels is not None
            base = one.texels
            while isinstance(base.base, np.ndarray):
                base = base.base
            assert base.nbytes <= 4 * one.texels.nbytes
        # A few bricks are read one by one, each as soon as possible.
        source.boxes.clear()
        all_of(reader, wanted[:8])
        assert len(source.boxes) == 8


def test_bricks_that_were_not_asked_for_are_not_delivered_with_their_neighbours() -> None:
    voxels = noise(64, 64, 64)
    source = Counting(voxels)
    with reader_of([source], 16, 0, in_flight=4) as reader:
        # Along z: all four, only the second and the last, the first three, one.
        along = [{0, 1, 2, 3}, {1, 3}, {0, 1, 2}, {2}]
        wanted = [of((z, y, x)) for z, y, x in bricks_of(voxels.shape, 16) if z in along[(y + x) % 4]]
        got = all_of(reader, wanted)
        assert set(got) == set(wanted)
        check_slots(got, [voxels[None]], 16, 0)


def test_bricks_along_a_z_order_curve() -> None:
    keys = [of(brick, level=level) for level in (1, 0) for brick in bricks_of((4, 4, 4), 1)]
    ordered = morton_order(keys)
    assert sorted(keys) == sorted(ordered)
    assert [one.key.level for one in ordered] == [0] * 64 + [1] * 64
    # Written out: of each block of 2x2x2, one after the other, x first.
    blocks = [(z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
    expected = [(2 * a + d, 2 * b + e, 2 * c + f) for a, b, c in blocks for d, e, f in blocks]
    assert [one.key.brick for one in ordered[:64]] == expected
    far = [of((2**20, 0, 0)), of((0, 0, 2**20)), of((0, 2**20, 0))]
    assert morton_order(far) == [far[1], far[2], far[0]]
    assert morton_order([]) == []
