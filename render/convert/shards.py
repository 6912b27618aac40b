"""The files of an array while it is written: chunks are appended to their shards as they come.

Nothing of a shard is kept in memory but where its chunks are, so that memory follows neither the size of shards nor
the number of levels. Chunks lie in a shard in the order in which they were put, and every put has its place: after an
interruption the shards are taken up where the journal says that they were, and come out the same, bit for bit.
"""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..bricks.zarr_json import ZarrVersion, chunk_name, shard_index, sync_folder
from ..source.base import Shape3
from .plan import PlannedLevel

Entries = np.ndarray[Any, np.dtype[np.uint64]]
ABSENT = np.uint64(2**64 - 1)
_OPEN_FILES = 64
_SYNCED_SINGLY_MAX = 128


@dataclass
class OpenShard:
    """`entries` (n, 2): offset and length of each chunk, ABSENT twice where there is none (yet)."""

    entries: Entries
    length: int = 0


ShardKey = tuple[int, ...]
"""(level, *outer, z, y, x): `outer` are the places along the axes before z."""


@dataclass
class ShardWriter:
    """The chunks of all levels of one image. Not thread-safe: one thread puts, in one order.

    `unfinished` is what a journal has to keep. `folders[l]` is the folder of the array of level l.
    """

    folders: list[Path]
    levels: tuple[PlannedLevel, ...]
    version: ZarrVersion
    unfinished: dict[ShardKey, OpenShard] = field(default_factory=dict)
    _files: OrderedDict[Path, int] = field(default_factory=OrderedDict)
    _unsynced: set[Path] = field(default_factory=set)
    _made: set[Path] = field(default_factory=set)

    @property
    def is_sharded(self) -> bool:
        return self.version == 3

    def put(self, level: int, outer: tuple[int, ...], at: Shape3, data: bytes | None) -> None:
        """Write a chunk (None: all of it is 0). Raises OSError."""
        if not self.is_sharded:
            path = self._path(level, outer, at)
            if data is None:
                path.unlink(missing_ok=True)  # of a run that was interrupted
            else:
                self._write(path, data, 0, fresh=True)
                self._close(path)
            return
        key, place = self._place(level, outer, at)
        shard = self.unfinished.get(key)
        is_new = shard is None
        if shard is None:
            n_chunks = math.prod(self.levels[level].chunks_per_shard)
            shard = self.unfinished[key] = OpenShard(np.full((n_chunks, 2), ABSENT, np.uint64))
        path = self._path(level, outer, key[-3:])
        if is_new:
            self._close(path)  # of a run that was interrupted there may be more than the journal knows
            path.unlink(missing_ok=True)
        if data is not None:
            self._write(path, data, shard.length, fresh=False)
            shard.entries[place] = shard.length, len(data)
            shard.length += len(data)

    def finish(self, level: int, outer: tuple[int, ...], at: Shape3) -> None:
        """To be called when a chunk and what depends on it are done: closes its shard, if it was the last in it."""
        if not self.is_sharded:
            return
        this = self.levels[level]
        key, _ = self._place(level, outer, at)
        per = this.chunks_per_shard
        last = [min((s + 1) * p, n) - 1 for s, p, n in zip(key[-3:], per, this.n_chunks, strict=True)]
        if list(at) != last:
            return
        shard = self.unfinished.pop(key)
        if shard.length == 0:
            return
        path = self._path(level, outer, key[-3:])
        index = shard_index(shard.entries)
        self._write(path, index, shard.length, fresh=False)
        os.ftruncate(self._files[path], shard.length + len(index))
        self._close(path)

    def get(self, level: int, outer: tuple[int, ...], at: Shape3) -> bytes | None:
        """A chunk that was put and whose shard is not finished; None: all of it is 0."""
        if not self.is_sharded:
            try:
                return self._path(level, outer, at).read_bytes()
            except FileNotFoundError:
                return None
        key, place = self._place(level, outer, at)
        offset, length = self.unfinished[key].entries[place]
        if offset == ABSENT:
            return None
        return os.pread(self._open(self._path(level, outer, key[-3:])), int(length), int(offset))

    def sync(self) -> None:
        """Make durable all that was put. Raises OSError."""
        if len(self._unsynced) > _SYNCED_SINGLY_MAX:
            os.sync()
        else:
            folders: set[Path] = set()
            for path in self._unsynced:
                os.fsync(self._open(path))
                above = list(path.parents)
                folders |= set(above[: next(n for n, folder in enumerate(above) if folder in self.folders) + 1])
            for folder in folders:
                sync_folder(folder)
        self._unsynced.clear()

    def close(self) -> None:
        for path in list(self._files):
            self._close(path)

    def _place(self, level: int, outer: tuple[int, ...], at: Shape3) -> tuple[ShardKey, int]:
        per = self.levels[level].chunks_per_shard
        shard = tuple(a // p for a, p in zip(at, per, strict=True))
        z, y, x = (a % p for a, p in zip(at, per, strict=True))
        return (level, *outer, *shard), (z * per[1] + y) * per[2] + x

    def _path(self, level: int, outer: tuple[int, ...], at: tuple[int, ...]) -> Path:
        return self.folders[level] / chunk_name((*outer, *at), self.version)

    def _write(self, path: Path, data: bytes, offset: int, *, fresh: bool) -> None:
        descriptor = self._open(path)
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
        if fresh:
            os.ftruncate(descriptor, len(data))
        self._unsynced.add(path)

    def _open(self, path: Path) -> int:
        descriptor = self._files.get(path)
        if descriptor is None:
            if path.parent not in self._made:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(path.parent)
            descriptor = self._files[path] = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            if len(self._files) > _OPEN_FILES:
                _, oldest = self._files.popitem(last=False)
                os.close(oldest)
        self._files.move_to_end(path)
        return descriptor

    def _close(self, path: Path) -> None:
        descriptor = self._files.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)
