"""Sources made of 2D planes (pages of TIFF files, files of slices), decoded one by one into a bounded cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .base import Shape3, SourceInfo
from .decode import free_memory_bytes
from .memory import check_box
from .opening import Opening

Array = NDArray[np.generic]


class Planes(Protocol):
    """Decoded pieces of planes. A piece is a tile of a plane, or the whole plane."""

    def tile(self, level: int) -> tuple[int, int]:
        """Height and width of a piece of a level; pieces at the border may be smaller."""
        ...

    def place(self, channel: int, time: int, z: int) -> tuple[int, int]:
        """(plane, sample): which plane holds a channel's slice, and which of its samples."""
        ...

    def decode(self, level: int, plane: int, row: int, column: int) -> Array:
        """One piece as (y, x, samples). Raises SourceError."""
        ...

    def close(self) -> None: ...


class PlaneSource:
    """A source over planes. One decoded piece at a time is in memory beside the cache."""

    def __init__(self, info: SourceInfo, planes: Planes, opening: Opening) -> None:
        self._info = info
        self._planes = planes
        self._opening = opening
        self._cache = PieceCache(free_memory_bytes() // 8)
        self._seen = 0
        self._total = self._pieces()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> Array:
        """The voxels [lo, hi) of a level as (z, y, x)."""
        check_box(self._info.levels[level].shape, lo, hi)
        height, width = self._planes.tile(level)
        out = np.zeros([b - a for a, b in zip(lo, hi, strict=True)], self._info.dtype)
        for z in range(lo[0], hi[0]):
            plane, sample = self._planes.place(channel, time, z)
            for row in range(lo[1] // height, -(-hi[1] // height)):
                for column in range(lo[2] // width, -(-hi[2] // width)):
                    piece = self._piece(level, plane, row, column)
                    y0, x0 = row * height, column * width
                    ya, yb = max(lo[1], y0), min(hi[1], y0 + piece.shape[0])
                    xa, xb = max(lo[2], x0), min(hi[2], x0 + piece.shape[1])
                    out[z - lo[0], ya - lo[1] : yb - lo[1], xa - lo[2] : xb - lo[2]] = piece[
                        ya - y0 : yb - y0, xa - x0 : xb - x0, sample
                    ]
        return out

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return False

    def close(self) -> None:
        self._cache.clear()
        self._planes.close()

    def _piece(self, level: int, plane: int, row: int, column: int) -> Array:
        def load() -> Array:
            piece = self._planes.decode(level, plane, row, column)
            if self._seen < self._total:
                self._seen += 1
                self._opening.report(f"reading {self._info.name}", self._seen, self._total)
            return piece

        return self._cache.get((level, plane, row, column), load)

    def _pieces(self) -> int:
        nz, ny, nx = self._info.levels[0].shape
        height, width = self._planes.tile(0)
        planes = {self._planes.place(channel, 0, 0)[0] for channel in range(len(self._info.channels))}
        return nz * len(planes) * -(-ny // height) * -(-nx // width)


class PieceCache:
    """The most recently used arrays, at most `budget_bytes`. What several threads want at once is made once."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Array] = OrderedDict()
        self._made: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], Array]) -> Array:
        """The array of `key`, from `load` when it is not kept."""
        with self._lock:
            kept = self._find(key)
            if kept is not None:
                return kept
            making = self._made.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                kept = self._find(key)
            if kept is not None:
                return kept
            try:
                array = load()
            finally:
                with self._lock:
                    self._made.pop(key, None)
            self._keep(key, array)
            return array

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _find(self, key: Hashable) -> Array | None:
        array = self._kept.get(key)
        if array is not None:
            self._kept.move_to_end(key)
        return array

    def _keep(self, key: Hashable, array: Array) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes += array.nbytes - (0 if before is None else before.nbytes)
            self._kept[key] = array
            while self._bytes > self._budget and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped.nbytes
