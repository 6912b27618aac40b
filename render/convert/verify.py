"""Whether a store holds what it was made of: the finest level against the source, each other against the one before.

The levels are computed anew with numpy, not with what made them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from itertools import islice, product
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import HostaError
from ..source.base import Kind, Level, Shape3, Source
from ..source.open import open_sources
from .plan import planned_levels

Verification = Literal["quick", "all", "none"]
Array = NDArray[np.generic]
Progress = Callable[[str, int, int], None]
Task = tuple[int, int, int, Shape3, Shape3]
"""(level, channel, time, lo, hi)"""
_BOX = 64
_BOX_BYTES = 16 << 20
_RANDOM_BOXES = 16
"""A level, over all channels and times."""


def verify(source: Source, path: Path, how: Verification, pool: Executor, progress: Progress) -> None:
    """Compare a store with the source of one level that it was made of. Raises HostaError where they differ.

    "quick": some random boxes of each level (the same in each run); "all": every voxel.
    """
    if how == "none":
        return
    (written, *_) = open_sources(str(path), kind=source.info.kind)
    with closing(written):
        planned = planned_levels(source.info.levels[0], None)
        if [level.shape for level in written.info.levels] != [level.shape for level in planned]:
            raise HostaError(f"'{path.name}' does not hold the levels that were written; convert again")
        factors = [level.factors for level in planned]
        sides = [_side(source.info.levels[0], source.info.dtype.itemsize)]
        sides += [(_BOX, _BOX, _BOX)] * (len(planned) - 1)
        tasks = list(_random_boxes(written, sides)) if how == "quick" else None
        total = len(tasks) if tasks is not None else _count(written, sides)
        todo = iter(tasks) if tasks is not None else _all_boxes(written, sides)
        waiting: list[Future[None]] = []
        done = 0
        what = f"verifying {source.info.name}"
        try:
            while True:
                waiting += [
                    pool.submit(_check, source, written, factors, task) for task in islice(todo, 4 - len(waiting))
                ]
                if not waiting:
                    return
                waiting.pop(0).result()
                done += 1
                progress(what, done, total)
        finally:
            for one in waiting:
                one.cancel()


def _check(source: Source, written: Source, factors: list[Shape3], task: Task) -> None:
    level, channel, time, lo, hi = task
    values = written.read(level, channel, time, lo, hi)
    if level == 0:
        is_same = np.array_equal(values, source.read(0, channel, time, lo, hi), equal_nan=values.dtype.kind == "f")
    else:
        f = factors[level]
        first = tuple(a * n for a, n in zip(lo, f, strict=True))
        last = tuple(min(b * n, s) for b, n, s in zip(hi, f, written.info.levels[level - 1].shape, strict=True))
        finer = written.read(level - 1, channel, time, _triple(first), _triple(last))
        is_same = is_reduction(values, finer, f, written.info.kind)
    if not is_same:
        where = f"level {level}, channel {channel}, time {time}, voxels {lo} to {hi}"
        raise HostaError(f"what was written differs from what was read ({where}); convert again with --overwrite")


def is_reduction(coarse: Array, fine: Array, factors: Shape3, kind: Kind) -> bool:
    """Whether `coarse` is the mean of `fine` over cells (integers: rounded), or for labels a most frequent id."""
    cells = _cells(fine, factors)
    there = _cells(np.ones(fine.shape, bool), factors)
    if kind == "labels":
        counts = np.zeros(cells.shape, np.uint8)
        for one in range(len(cells)):
            counts[one] = np.sum((cells == cells[one]) & there, axis=0)
        counts[np.logical_not(there)] = 0
        chosen = np.max(np.where((cells == coarse) & there, counts, 0), axis=0)
        return bool((chosen == counts.max(axis=0)).all())
    numbers = cells.astype(np.float64)
    valid = there & ~np.isnan(numbers)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.sum(numbers, axis=0, where=valid) / np.sum(valid, axis=0)
    if coarse.dtype.kind in "iu":
        # Beyond 2^53 the mean in float64 is itself rounded.
        return bool((np.abs(coarse.astype(np.float64) - mean) <= 0.5 + np.abs(mean) * 2.0**-51).all())
    about = np.finfo(np.dtype(coarse.dtype.str).type(0))
    eps = float(about.eps)
    largest = np.max(np.abs(numbers), axis=0, where=valid & np.isfinite(numbers), initial=0.0)
    with np.errstate(invalid="ignore"):
        near = np.abs(coarse - mean) <= 4 * eps * largest + float(about.tiny)
    return bool(
        (
            near
            | (coarse == mean)
            | (np.isnan(coarse) & np.isnan(mean))
            | (np.isinf(coarse) & (largest > float(about.max) / 8))
        ).all()
    )


def _cells(voxels: Array, factors: Shape3) -> Array:
    """(n, z, y, x): the n voxels of each cell; those beyond a border of odd length are 0 or False."""
    padding = [(0, -n % f) for n, f in zip(voxels.shape, factors, strict=True)]
    padded = np.pad(voxels, padding)
    fz, fy, fx = factors
    return np.stack([padded[z::fz, y::fy, x::fx] for z, y, x in product(range(fz), range(fy), range(fx))])


def _random_boxes(written: Source, sides: list[Shape3]) -> Iterator[Task]:
    rng = np.random.default_rng(0)
    info = written.info
    for number, (level, side) in enumerate(zip(info.levels, sides, strict=True)):
        counts = _counts(level, side)
        for _ in range(min(_RANDOM_BOXES, math.prod(counts) * info.n_times * len(info.channels))):
            at = _triple([int(rng.integers(n)) for n in counts])
            channel, time = int(rng.integers(len(info.channels))), int(rng.integers(info.n_times))
            yield number, channel, time, *_box(level, side, at)


def _all_boxes(written: Source, sides: list[Shape3]) -> Iterator[Task]:
    info = written.info
    for number, (level, side) in enumerate(zip(info.levels, sides, strict=True)):
        for time, channel in product(range(info.n_times), range(len(info.channels))):
            for at in product(*(range(n) for n in _counts(level, side))):
                yield number, channel, time, *_box(level, side, _triple(at))


def _count(written: Source, sides: list[Shape3]) -> int:
    info = written.info
    boxes = sum(math.prod(_counts(level, side)) for level, side in zip(info.levels, sides, strict=True))
    return info.n_times * len(info.channels) * boxes


def _side(level: Level, itemsize: int) -> Shape3:
    """A box of whole chunks where those of the source are long, such as planes; else of _BOX a side."""
    y, x = (max(_BOX, chunk) for chunk in level.chunk[1:])
    planes = max(_BOX_BYTES // (y * x * itemsize), 1)
    return min(max(level.chunk[0], planes), max(_BOX, level.chunk[0])), y, x


def _counts(level: Level, side: Shape3) -> Shape3:
    z, y, x = (-(-n // s) for n, s in zip(level.shape, side, strict=True))
    return z, y, x


def _box(level: Level, side: Shape3, at: Shape3) -> tuple[Shape3, Shape3]:
    lo = _triple([a * s for a, s in zip(at, side, strict=True)])
    return lo, _triple([min(a + s, n) for a, s, n in zip(lo, side, level.shape, strict=True)])


def _triple(values: tuple[int, ...] | list[int]) -> Shape3:
    z, y, x = values
    return z, y, x
