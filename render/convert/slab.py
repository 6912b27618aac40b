"""Slabs of a source that stores planes: each plane is decoded once, however many blocks it goes through.

A slab is kept in memory where the budget allows, else in a file beside the output, which is gone with it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3, Source
from .plan import Plan

Array = NDArray[np.generic]


class Slab:
    """The voxels of planes [z0, z1) of level 0 of a channel at a time. A context manager."""

    def __init__(self, source: Source, plan: Plan, channel: int, time: int, number: int, folder: Path) -> None:
        """Slab `number`; nothing is read yet. `folder` is where a slab's file may lie."""
        self._source = source
        self._channel, self._time = channel, time
        level = source.info.levels[0]
        self._z0 = number * plan.block[0]
        z1 = min(self._z0 + plan.block[0], level.shape[0])
        self._shape: Shape3 = (z1 - self._z0, level.shape[1], level.shape[2])
        self._dtype = source.info.dtype
        self._voxels: Array | None = np.empty(self._shape, self._dtype) if plan.slab_in_memory else None
        self._file = -1 if plan.slab_in_memory else _nameless_file(folder)
        self._step: Shape3 = level.chunk

    def __enter__(self) -> Slab:
        return self

    def __exit__(self, *_: object) -> None:
        self._voxels = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def fill(self, pool: Executor, at_once: int) -> None:
        """Read it, in boxes of whole chunks, `at_once` at a time. Raises SourceError, OSError."""
        waiting: list[Future[None]] = []
        try:
            for lo, hi in self._boxes():
                waiting.append(pool.submit(self._fill, lo, hi))
                if len(waiting) >= at_once:
                    waiting.pop(0).result()
            for one in waiting:
                one.result()
        finally:
            for one in waiting:
                one.cancel()

    def read(self, lo: Shape3, hi: Shape3) -> Array:
        """The voxels [lo, hi) of level 0, which lie in the slab."""
        z0, z1 = lo[0] - self._z0, hi[0] - self._z0
        if self._voxels is not None:
            return np.ascontiguousarray(self._voxels[z0:z1, lo[1] : hi[1], lo[2] : hi[2]])
        out = np.empty((z1 - z0, hi[1] - lo[1], hi[2] - lo[2]), self._dtype)
        row = self._shape[2] * self._dtype.itemsize
        for z in range(z0, z1):
            start = (z * self._shape[1] + lo[1]) * row
            rows = os.pread(self._file, (hi[1] - lo[1]) * row, start)
            out[z - z0] = np.frombuffer(rows, self._dtype).reshape(-1, self._shape[2])[:, lo[2] : hi[2]]
        return out

    def _fill(self, lo: Shape3, hi: Shape3) -> None:
        voxels = self._source.read(0, self._channel, self._time, lo, hi)
        z0 = lo[0] - self._z0
        if self._voxels is not None:
            self._voxels[z0 : hi[0] - self._z0, lo[1] : hi[1], lo[2] : hi[2]] = voxels
            return
        for z, plane in enumerate(voxels, z0):
            for y, row in enumerate(np.ascontiguousarray(plane), lo[1]):
                place = ((z * self._shape[1] + y) * self._shape[2] + lo[2]) * self._dtype.itemsize
                if lo[2] == 0 and hi[2] == self._shape[2]:  # whole rows: the plane's rows lie one after the other
                    _write_all(
                        self._file, memoryview(np.ascontiguousarray(plane).reshape(-1).view(np.uint8).data), place
                    )
                    break
                _write_all(self._file, memoryview(row.view(np.uint8).data), place)

    def _boxes(self) -> Iterator[tuple[Shape3, Shape3]]:
        level = self._source.info.levels[0]
        z1 = self._z0 + self._shape[0]
        ranges = [range(self._z0, z1, self._step[0])]
        ranges += [range(0, n, step) for n, step in zip(level.shape[1:], self._step[1:], strict=True)]
        for z, y, x in product(*ranges):
            hi = [min(a + s, n) for a, s, n in zip((z, y, x), self._step, (z1, *level.shape[1:]), strict=True)]
            yield (z, y, x), (hi[0], hi[1], hi[2])


def _nameless_file(folder: Path) -> int:
    """A file that is gone when it is closed, however the process ends."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.dup(file.fileno())


def _write_all(file: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
