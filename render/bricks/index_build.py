"""Makes the side-car index of an image: see `index`. Bounded memory; an interrupted run is taken up again."""

from __future__ import annotations

import json
import math
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..source.base import Kind, Shape3, Source, SourceInfo
from ..source.open import open_sources
from .brick_regions import (
    APRON,
    MASK_WORDS,
    N_FACES,
    N_REGIONS,
    PAYLOAD,
    combined_masks,
    combined_ranges,
    counts_of,
    empty_range,
    face_masks,
    region_ranges,
)
from .index import BLOCK, FORMAT, block_shape, index_folder, marks_of
from .zarr_json import ArrayPlan, ZarrVersion, chunk_name, write_array, write_durably, write_group, write_json

Array = NDArray[np.generic]
Progress = Callable[[str, int, int], None]
Unit = tuple[int, int, int]
"""(level, time, channel)"""
_TASK_BYTES = 32 << 20
_CHECKPOINT_S = 5.0


class Regions:
    """What is in the margins of all bricks of an image, in files: of one level, channel and time each.

    Bricks that nothing was put of hold zeros. `put` may be called from any thread.
    """

    def __init__(self, folder: Path, info: SourceInfo) -> None:
        """Files in `folder` are made where they are not there."""
        self._folder = folder
        self._info = info
        self._is_labels = info.kind == "labels"
        self._unsynced: set[Path] = set()
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, unit: Unit, counts: Shape3, first: Shape3, voxels: Array) -> None:
        """Look at a box of voxels that begins with brick `first` of a level of `counts` bricks. Raises OSError."""
        self._write("ranges", unit, counts, first, region_ranges(voxels))
        if self._is_labels:
            self._write("ids", unit, counts, first, face_masks(voxels))

    def ranges(self, unit: Unit, counts: Shape3, lo: Shape3, hi: Shape3) -> Array:
        """(z, y, x, 2): ranges of the bricks [lo, hi) with their aprons."""
        outside = np.array(empty_range(self._info.dtype), self._info.dtype)
        return combined_ranges(self._read("ranges", unit, counts, lo, hi, (N_REGIONS, 2), outside))

    def masks(self, unit: Unit, counts: Shape3, lo: Shape3, hi: Shape3) -> NDArray[np.uint64]:
        """(z, y, x, 8): masks of the bricks [lo, hi) with their aprons."""
        around = self._read("ids", unit, counts, lo, hi, (N_FACES, MASK_WORDS), np.zeros(1, np.uint64))
        return combined_masks(around.astype(np.uint64))

    def sync(self) -> None:
        """Make durable what was put."""
        with self._lock:
            paths, self._unsynced = self._unsynced, set()
        for path in paths:
            with path.open("rb") as file:
                os.fsync(file.fileno())

    def _path(self, name: str, unit: Unit) -> Path:
        return self._folder / "-".join([name, *map(str, unit)])

    def _write(self, name: str, unit: Unit, counts: Shape3, first: Shape3, values: Array) -> None:
        path = self._path(name, unit)
        entry = values[0, 0, 0].nbytes
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            for z, y in product(range(values.shape[0]), range(values.shape[1])):
                row = memoryview(np.ascontiguousarray(values[z, y]).reshape(-1).view(np.uint8).data)
                offset = (((first[0] + z) * counts[1] + first[1] + y) * counts[2] + first[2]) * entry
                while row:
                    written = os.pwrite(file, row, offset)
                    row, offset = row[written:], offset + written
        finally:
            os.close(file)
        with self._lock:
            self._unsynced.add(path)

    def _read(
        self, name: str, unit: Unit, counts: Shape3, lo: Shape3, hi: Shape3, each: tuple[int, int], outside: Array
    ) -> Array:
        """The entries of bricks [lo - 1, hi + 1); those outside of the level are `outside`."""
        size = [b - a + 2 for a, b in zip(lo, hi, strict=True)]
        around = np.empty((*size, *each), outside.dtype)
        around[...] = outside
        entry = math.prod(each) * outside.dtype.itemsize
        x0, x1 = max(lo[2] - 1, 0), min(hi[2] + 1, counts[2])
        rows = product(*(range(max(lo[axis] - 1, 0), min(hi[axis] + 1, counts[axis])) for axis in (0, 1)))
        file = os.open(self._path(name, unit), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            for z, y in rows:
                raw = os.pread(file, (x1 - x0) * entry, ((z * counts[1] + y) * counts[2] + x0) * entry)
                raw += b"\0" * ((x1 - x0) * entry - len(raw))  # beyond the last entry that was put
                row = np.frombuffer(raw, outside.dtype).reshape(-1, *each)
                around[z - lo[0] + 1, y - lo[1] + 1, x0 - lo[2] + 1 : x1 - lo[2] + 1] = row
        finally:
            os.close(file)
        return around


def build_index(
    path: Path, kind: Kind | None, threads: int, progress: Progress, regions: Regions | None = None
) -> Path:
    """Make (anew) the index of the first image that a path opens; its folder is returned.

    `kind` as in `open_sources`. `regions`: of all of its bricks, where they are known; else the image is read. Raises
    SourceError of data that cannot be read, OSError where the index cannot be written.
    """
    source = open_sources(str(path), kind=kind, progress=progress)[0]
    with closing(source):
        return index_source(source, path, threads, progress, regions)


def index_source(source: Source, path: Path, threads: int, progress: Progress, regions: Regions | None = None) -> Path:
    """As `build_index`, of an image that is open already and lies at `path` (its group, array or file)."""
    info = source.info
    folder = index_folder(path)
    unfinished = folder.with_name(folder.name + ".partial")
    version: ZarrVersion = 2 if path.is_dir() and any((path / n).exists() for n in (".zgroup", ".zarray")) else 3
    said = _said(info, version, path)
    if unfinished.is_dir() and _begun(unfinished) != said:
        shutil.rmtree(unfinished)
    unfinished.mkdir(exist_ok=True)
    write_json(unfinished / "begun.json", said)
    if regions is None:
        regions = Regions(unfinished / "regions", info)
        with ThreadPoolExecutor(threads, thread_name_prefix="index") as pool:
            _look(source, regions, unfinished / "done.json", pool, threads, progress)
    made = unfinished / "made"
    write_group(made, {"hosta-index": said}, version)
    for level, at_level in enumerate(info.levels):
        _write_level(made, level, counts_of(at_level.shape), info, version, regions)
    if folder.exists():
        shutil.rmtree(folder)
    os.rename(made, folder)
    shutil.rmtree(unfinished)
    return folder


def _said(info: SourceInfo, version: ZarrVersion, path: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "zarr": version,
        "payload": PAYLOAD,
        "apron": APRON,
        "kind": info.kind,
        "dtype": info.dtype.name,
        "times": info.n_times,
        "channels": len(info.channels),
        "shapes": [list(level.shape) for level in info.levels],
        "marks": marks_of(path, info),
    }


def _begun(folder: Path) -> Any:
    try:
        return json.loads((folder / "begun.json").read_bytes())
    except (OSError, ValueError):
        return None


def _look(source: Source, regions: Regions, journal: Path, pool: Executor, threads: int, progress: Progress) -> None:
    """Read all levels once, box by box, and note what is in them."""
    info = source.info
    units = list(product(range(len(info.levels)), range(info.n_times), range(len(info.channels))))
    sides = [_task_side(level.chunk, info.dtype.itemsize) for level in info.levels]
    tasks = [
        math.prod(-(-n // s) for n, s in zip(level.shape, side, strict=True))
        for level, side in zip(info.levels, sides, strict=True)
    ]
    total = sum(tasks[unit[0]] for unit in units)
    try:
        done = int(json.loads(journal.read_bytes())["done"])
    except (OSError, ValueError, KeyError, TypeError):
        done = 0
    todo = islice(_boxes(info, units, sides), done, None)
    waiting: deque[Future[None]] = deque()
    saved = time.monotonic()

    def save() -> None:
        regions.sync()
        write_json(journal, {"done": done})

    try:
        while True:
            for unit, lo, hi in islice(todo, 2 * threads - len(waiting)):
                waiting.append(pool.submit(_look_at, source, regions, unit, lo, hi))
            if not waiting:
                break
            progress(f"indexing {info.name}", done, total)
            waiting[0].result()
            waiting.popleft()
            done += 1
            if time.monotonic() - saved > _CHECKPOINT_S:
                save()
                saved = time.monotonic()
    finally:
        for one in waiting:
            one.cancel()
        save()
    progress(f"indexing {info.name}", done, total)


def _look_at(source: Source, regions: Regions, unit: Unit, lo: Shape3, hi: Shape3) -> None:
    level, at_time, channel = unit
    if source.is_absent(level, channel, at_time, lo, hi):
        return
    counts = counts_of(source.info.levels[level].shape)
    z, y, x = (a // PAYLOAD for a in lo)
    regions.put(unit, counts, (z, y, x), source.read(level, channel, at_time, lo, hi))


def _boxes(info: SourceInfo, units: list[Unit], sides: list[Shape3]) -> Iterator[tuple[Unit, Shape3, Shape3]]:
    for unit in units:
        shape, side = info.levels[unit[0]].shape, sides[unit[0]]
        for z, y, x in product(*(range(0, n, s) for n, s in zip(shape, side, strict=True))):
            hi = [min(a + s, n) for a, s, n in zip((z, y, x), side, shape, strict=True)]
            yield unit, (z, y, x), (hi[0], hi[1], hi[2])


def _task_side(chunk: Shape3, itemsize: int) -> Shape3:
    """Voxels a side of what is read at once: whole bricks and, as far as _TASK_BYTES allow, whole chunks."""
    side = [PAYLOAD, PAYLOAD, PAYLOAD]
    wanted = [-(-c // PAYLOAD) * PAYLOAD for c in chunk]
    for goal in (wanted, [max(w, 4 * PAYLOAD) for w in wanted]):
        for axis in (2, 1, 0):
            while side[axis] < goal[axis] and 2 * math.prod(side) * itemsize <= _TASK_BYTES:
                side[axis] *= 2
    return side[0], side[1], side[2]


def _write_level(
    made: Path, level: int, counts: Shape3, info: SourceInfo, version: ZarrVersion, regions: Regions
) -> None:
    outer = (info.n_times, len(info.channels))
    kinds: list[tuple[str, int, int, np.dtype[np.generic], Callable[..., Array]]] = [
        ("ranges", 2, BLOCK, info.dtype, regions.ranges)
    ]
    if info.kind == "labels":
        kinds.append(("ids", MASK_WORDS, BLOCK // 2, np.dtype(np.uint64), regions.masks))
    for name, width, side, dtype, values_of in kinds:
        chunk = block_shape(counts, side)
        names = ("t", "c", "z", "y", "x", name)
        plan = ArrayPlan((*outer, *counts, width), (1, 1, *chunk, width), None, dtype, names=names)
        folder = made / name / str(level)
        write_group(made / name, {}, version)
        write_array(folder, plan, version)
        grid = [range(-(-n // c)) for n, c in zip(counts, chunk, strict=True)]
        for at_time, channel, *place in product(*map(range, outer), *grid):
            path = folder / chunk_name((at_time, channel, *place, 0), version)
            if path.exists():
                continue
            lo = [p * c for p, c in zip(place, chunk, strict=True)]
            hi = [min(a + c, n) for a, c, n in zip(lo, chunk, counts, strict=True)]
            values = values_of((level, at_time, channel), counts, (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]))
            whole = np.zeros((*chunk, width), dtype.newbyteorder("<"))
            whole[tuple(slice(0, n) for n in values.shape)] = values
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, whole.tobytes())
