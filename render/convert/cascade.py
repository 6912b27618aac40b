"""From blocks of the finest level to chunks of all levels, in one pass: every source voxel is read once.

Tasks in threads read a block, reduce it as far as it makes whole chunks, and encode those. One thread writes what they
made, in the order of the blocks; a chunk of a coarser level follows as soon as the last chunk under it is written, made
of those chunks, which are read back. Nothing waits in memory for a level to be complete.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, wait
from itertools import groupby, islice, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..bricks.brick_regions import PAYLOAD, counts_of
from ..bricks.index_build import Regions
from ..bricks.pyramid import halved
from ..source.base import Kind, Shape3, Source
from .codec import ChunkCodec
from .plan import Plan
from .shards import ShardWriter
from .slab import Slab

Array = NDArray[np.generic]
Encoded = list[tuple[int, Shape3, bytes | None]]
"""(level, chunk, its bytes)"""
Unit = tuple[int, int, Shape3]
"""(time, channel, block)"""


class Cascade:
    """The conversion of one image.

    `codecs[l]` encodes the chunks of level l. `outer(time, channel)` are the places of a chunk along the axes before
    z. `folder`: for files of slabs. `regions` is told what is in the bricks, for the index. `done`: how many units are
    written. `is_settled`: whether what `writer` says is that of whole units, so that it may go into a journal.
    """

    def __init__(
        self,
        source: Source,
        plan: Plan,
        codecs: list[ChunkCodec],
        writer: ShardWriter,
        outer: Callable[[int, int], tuple[int, ...]],
        folder: Path,
        regions: Regions | None = None,
        done: int = 0,
    ) -> None:
        self._source = source
        self._plan = plan
        self._codecs = codecs
        self._writer = writer
        self._outer = outer
        self._folder = folder
        self._regions = regions
        self.done = done
        self.is_settled = True

    @property
    def n_units(self) -> int:
        info = self._source.info
        return info.n_times * len(info.channels) * math.prod(self._plan.n_blocks)

    def units(self) -> Iterator[Unit]:
        """All that there is to do, in its order."""
        info = self._source.info
        for time, channel in product(range(info.n_times), range(len(info.channels))):
            for block in self._plan.order():
                yield time, channel, block

    def run(self, pool: Executor, threads: int, after_each: Callable[[], None]) -> None:
        """Do what is left; `after_each` is called after every unit.

        Raises SourceError of a block that cannot be read, OSError where writing fails.
        """
        todo = islice(self.units(), self.done, None)
        if not self._plan.by_slabs:
            self._run(todo, None, pool, threads, after_each)
            return
        for (time, channel, number), units in groupby(todo, lambda unit: (unit[0], unit[1], unit[2][0])):
            with Slab(self._source, self._plan, channel, time, number, self._folder) as slab:
                slab.fill(pool, 2 * threads)
                self._run(units, slab, pool, threads, after_each)

    def _run(
        self, units: Iterator[Unit], slab: Slab | None, pool: Executor, threads: int, after_each: Callable[[], None]
    ) -> None:
        waiting: deque[tuple[Unit, Future[Encoded]]] = deque()
        try:
            while True:
                for unit in islice(units, threads + 1 - len(waiting)):
                    waiting.append((unit, pool.submit(self._block, unit, slab)))
                if not waiting:
                    return
                unit, made = waiting[0]
                encoded = made.result()
                waiting.popleft()
                self.is_settled = False
                self._commit(unit, encoded)
                self.done += 1
                self.is_settled = True
                after_each()
        finally:
            for _, made in waiting:
                made.cancel()
            wait([made for _, made in waiting if not made.cancelled()])  # they may still read from the slab

    def _block(self, unit: Unit, slab: Slab | None) -> Encoded:
        """The chunks of all levels that are made of a block alone, level by level, (z, y, x) in order."""
        time, channel, at = unit
        plan = self._plan
        lo, hi = plan.block_box(at)
        voxels: Array | None = None
        if slab is not None:
            voxels = slab.read(lo, hi)
        elif not self._source.is_absent(0, channel, time, lo, hi):
            voxels = self._source.read(0, channel, time, lo, hi)
        encoded: Encoded = []
        for number, level in enumerate(plan.levels[: plan.n_in_block]):
            if number:
                factors = level.factors
                lo, hi = _reduced(lo, hi, factors)
                voxels = None if voxels is None else reduced(voxels, factors, self._source.info.kind)
            if voxels is not None:
                self._note(number, time, channel, lo, voxels)
            ranges = (range(a // c, -(-b // c)) for a, b, c in zip(lo, hi, level.chunk, strict=True))
            for chunk in _cells(*ranges):
                data = None
                if voxels is not None:
                    first, last = level.chunk_box(chunk)
                    part = tuple(slice(a - o, b - o) for a, b, o in zip(first, last, lo, strict=True))
                    data = self._codecs[number].encode(voxels[part])
                encoded.append((number, chunk, data))
        return encoded

    def _commit(self, unit: Unit, encoded: Encoded) -> None:
        time, channel, _ = unit
        for level, chunk, data in encoded:
            self._put(level, time, channel, chunk, data)

    def _put(self, level: int, time: int, channel: int, at: Shape3, data: bytes | None) -> None:
        """Write a chunk, and the one of the next level that it completes."""
        outer = self._outer(time, channel)
        self._writer.put(level, outer, at, data)
        levels = self._plan.levels
        if self._plan.n_in_block <= level + 1 < len(levels):
            factors = levels[level + 1].factors
            parent = (at[0] // factors[0], at[1] // factors[1], at[2] // factors[2])
            group = [range(p * f, min((p + 1) * f, n)) for p, f, n in zip(
                parent, factors, levels[level].n_chunks, strict=True)]  # fmt: skip
            if at == tuple(part[-1] for part in group):
                coarse = self._from_chunks(level, outer, group)
                if coarse is not None:
                    self._note(level + 1, time, channel, levels[level + 1].chunk_box(parent)[0], coarse)
                encoded = None if coarse is None else self._codecs[level + 1].encode(coarse)
                self._put(level + 1, time, channel, parent, encoded)
        self._writer.finish(level, outer, at)

    def _note(self, level: int, time: int, channel: int, lo: Shape3, voxels: Array) -> None:
        if self._regions is not None:
            first = (lo[0] // PAYLOAD, lo[1] // PAYLOAD, lo[2] // PAYLOAD)
            self._regions.put((level, time, channel), counts_of(self._plan.levels[level].shape), first, voxels)

    def _from_chunks(self, level: int, outer: tuple[int, ...], group: list[range]) -> Array | None:
        """The chunk of the next level that is made of a group of chunks of this one; None: all of it is 0."""
        this, codec = self._plan.levels[level], self._codecs[level]
        chunks = [(at, self._writer.get(level, outer, at)) for at in _cells(*group)]
        if all(data is None for _, data in chunks):
            return None
        lo, _ = this.chunk_box(chunks[0][0])
        _, hi = this.chunk_box(chunks[-1][0])
        z, y, x = (b - a for a, b in zip(lo, hi, strict=True))
        voxels = np.empty((z, y, x), self._source.info.dtype)
        for at, data in chunks:
            first, last = this.chunk_box(at)
            part = tuple(slice(a - o, b - o) for a, b, o in zip(first, last, lo, strict=True))
            inner = tuple(slice(0, b - a) for a, b in zip(first, last, strict=True))
            voxels[part] = codec.decode(data)[inner]
        return reduced(voxels, self._plan.levels[level + 1].factors, self._source.info.kind)


def reduced(voxels: Array, factors: Shape3, kind: Kind) -> Array:
    """As `halved`; voxels that are all the same are not looked at one by one, as most of a segmentation is."""
    first = voxels.flat[0]
    if kind == "labels" and (voxels == first).all():
        return np.full([-(-n // f) for n, f in zip(voxels.shape, factors, strict=True)], first, voxels.dtype)
    return halved(voxels, factors, kind)


def _cells(z: Iterable[int], y: Iterable[int], x: Iterable[int]) -> Iterator[Shape3]:
    yield from product(z, y, x)


def _reduced(lo: Shape3, hi: Shape3, factors: Shape3) -> tuple[Shape3, Shape3]:
    z0, y0, x0 = (a // f for a, f in zip(lo, factors, strict=True))
    z1, y1, x1 = (-(-b // f) for b, f in zip(hi, factors, strict=True))
    return (z0, y0, x0), (z1, y1, x1)
