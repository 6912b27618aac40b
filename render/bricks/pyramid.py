"""Coarser levels in memory for a source that lacks small ones: means of images, the most frequent id of labels.

A level is half of the one before along the axes whose voxels are not already much longer than the others, so that
anisotropic data become isotropic first. A border of odd length keeps its last voxel: the coarse voxel there is made
of what there is. NaN voxels do not count; only where all are NaN the mean is NaN.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..source.base import Kind, Level, Shape3, Source, SourceInfo
from ..source.decode import format_bytes, free_memory_bytes
from ..source.geometry import clip_chunk, coarser
from ..source.memory import check_box

Progress = Callable[[str, int, int], None]
Array = NDArray[np.generic]

BOX_MAX_BYTES = 64 << 20
"""How much of a level is read at once."""
ISOTROPIC_RATIO = 1.5
"""Axes whose spacing is up to this times the smallest one are halved together."""
_CHUNK: Shape3 = (64, 64, 64)
LARGEST_WHOLE_BYTES = 16 << 30
"""A level that must be read whole, to make coarser ones of it, has at most this size; above, that takes minutes."""
NEEDED_VOXELS = 32 << 20
"""A level of at most this size is coarse enough to be shown at once."""


def with_pyramid(
    source: Source, max_voxels: int, progress: Progress | None = None, memory_bytes: int | None = None
) -> Source:
    """The source itself when its coarsest level has at most `max_voxels`, else one with levels added until it has.

    The added levels of a channel and time are computed when the first of them is read; those of the channels and
    times last used are kept, up to `memory_bytes` (a quarter of the free memory by default). A level that would not
    fit into that memory is not offered.

    Raises SourceError, which says how to convert the data, where too much would have to be read for it.
    """
    said = advice(source.info, max_voxels)
    if said is not None:
        raise SourceError(f"{source.info.name} is too large to be shown as it is: {said[0].lower()}{said[1:]}")
    budget = free_memory_bytes() // 4 if memory_bytes is None else memory_bytes
    added = plan_levels(source.info, max_voxels, budget)
    return PyramidSource(source, added, progress, budget) if added else source


def advice(info: SourceInfo, max_voxels: int = NEEDED_VOXELS) -> str | None:
    """What to tell about data whose coarsest level is too large to be read whole; None where there is one to show."""
    coarsest = info.levels[-1]
    size = _voxels(coarsest) * info.dtype.itemsize
    if _voxels(coarsest) <= max_voxels or size <= LARGEST_WHOLE_BYTES:
        return None
    return (
        f"Its coarsest level has {format_bytes(size)}, all of which would be read before there is a picture; "
        f"make coarser levels with `hosta convert IN OUT.ome.zarr`."
    )


def halving(level: Level) -> Shape3:
    """The factor along each axis (z, y, x), 1 or 2, that makes the next coarser level; (1, 1, 1) for one voxel."""
    spacing = level.spacing_um[::-1]
    long = [step for step, n in zip(spacing, level.shape, strict=True) if n > 1]
    smallest = min(long, default=0.0)
    z, y, x = (2 if n > 1 and s <= ISOTROPIC_RATIO * smallest else 1 for s, n in zip(spacing, level.shape, strict=True))
    return z, y, x


def plan_levels(info: SourceInfo, max_voxels: int, memory_bytes: int) -> list[tuple[Level, list[Shape3]]]:
    """The levels to add, each with the halvings that lead to it from the one before (of the source or added)."""
    level = info.levels[-1]
    added: list[tuple[Level, list[Shape3]]] = []
    steps: list[Shape3] = []
    while _voxels(level) > max_voxels:
        factors = halving(level)
        if factors == (1, 1, 1):
            break
        z, y, x = (-(-n // f) for n, f in zip(level.shape, factors, strict=True))
        name = str(len(info.levels) + len(added))
        world = coarser(level.world_from_vox, (float(factors[0]), float(factors[1]), float(factors[2])))
        level = Level(name, (z, y, x), world, clip_chunk(_CHUNK, (z, y, x)))
        steps.append(factors)
        # All added levels after this one together are at most as large as this one.
        if 2 * _voxels(level) * info.dtype.itemsize <= memory_bytes:
            added.append((level, steps))
            steps = []
    return added


class PyramidSource:
    """A source with added levels. See `with_pyramid`."""

    def __init__(
        self, source: Source, added: list[tuple[Level, list[Shape3]]], progress: Progress | None, memory_bytes: int
    ) -> None:
        self._source = source
        self._added = added
        self._progress = progress
        self._memory_bytes = memory_bytes
        self._n_own = len(source.info.levels)
        self._info = dataclasses.replace(source.info, levels=(*source.info.levels, *(level for level, _ in added)))
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], list[Array]] = OrderedDict()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> Array:
        """The voxels [lo, hi) of a level as (z, y, x); an added level is computed first where it is not kept."""
        if level < self._n_own:
            return self._source.read(level, channel, time, lo, hi)
        check_box(self._info.levels[level].shape, lo, hi)
        voxels = self._levels(channel, time)[level - self._n_own]
        return voxels[lo[0] : hi[0], lo[1] : hi[1], lo[2] : hi[2]].copy()

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        """For an added level: whether the box that it was made of is absent."""
        if level < self._n_own:
            return self._source.is_absent(level, channel, time, lo, hi)
        factors = np.prod([f for _, steps in self._added[: level - self._n_own + 1] for f in steps], axis=0)
        shape = self._info.levels[self._n_own - 1].shape
        z0, y0, x0 = (int(a * f) for a, f in zip(lo, factors, strict=True))
        z1, y1, x1 = (min(int(b * f), n) for b, f, n in zip(hi, factors, shape, strict=True))
        return self._source.is_absent(self._n_own - 1, channel, time, (z0, y0, x0), (z1, y1, x1))

    def close(self) -> None:
        with self._lock:
            self._kept.clear()
        self._source.close()

    def _levels(self, channel: int, time: int) -> list[Array]:
        with self._lock:
            kept = self._kept.get((channel, time))
            if kept is None:
                kept = self._compute(channel, time)
                self._kept[channel, time] = kept
                size = sum(array.nbytes for array in kept)
                while len(self._kept) > 1 and size * len(self._kept) > self._memory_bytes:
                    self._kept.popitem(last=False)
            self._kept.move_to_end((channel, time))
            return kept

    def _compute(self, channel: int, time: int) -> list[Array]:
        first, steps = self._added[0]
        base = self._info.levels[self._n_own - 1]
        out = np.empty(first.shape, self._info.dtype)
        boxes = list(_boxes(base, steps, self._info.dtype.itemsize))
        for done, (lo, hi) in enumerate(boxes):
            self._report(done, len(boxes))
            voxels = self._source.read(self._n_own - 1, channel, time, lo, hi)
            total = np.prod(steps, axis=0)
            for factors in steps:
                voxels = halved(voxels, factors, self._info.kind)
            z, y, x = (int(a // f) for a, f in zip(lo, total, strict=True))
            out[z : z + voxels.shape[0], y : y + voxels.shape[1], x : x + voxels.shape[2]] = voxels
        self._report(len(boxes), len(boxes))
        levels = [out]
        for _, steps in self._added[1:]:
            voxels = levels[-1]
            for factors in steps:
                voxels = halved(voxels, factors, self._info.kind)
            levels.append(voxels)
        return levels

    def _report(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(f"making coarser levels of {self._info.name}", done, total)


def halved(voxels: Array, factors: Shape3, kind: Kind) -> Array:
    """Voxels (z, y, x) reduced by factors of 1 or 2, rounding up the shape; same dtype.

    Images: the mean, rounded for integers. Labels: the most frequent id.
    """
    import tensorstore

    if kind == "image" and voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        return _mean_of_numbers(voxels, factors)
    method: Literal["mean", "mode"] = "mean" if kind == "image" else "mode"
    made = tensorstore.downsample(tensorstore.array(np.ascontiguousarray(voxels)), list(factors), method)
    return np.asarray(made.read().result())


def _mean_of_numbers(voxels: Array, factors: Shape3) -> Array:
    """The mean over the voxels that are not NaN."""
    padding = [(0, -n % f) for n, f in zip(voxels.shape, factors, strict=True)]
    padded = np.pad(voxels.astype(np.float64), padding, constant_values=np.nan)
    z, y, x = (n // f for n, f in zip(padded.shape, factors, strict=True))
    cells = padded.reshape(z, factors[0], y, factors[1], x, factors[2])
    counts = np.sum(~np.isnan(cells), axis=(1, 3, 5))
    with np.errstate(invalid="ignore"):  # inf - inf and 0 / 0 are NaN, which is what they should be
        sums = np.nansum(cells, axis=(1, 3, 5))
        return np.asarray((sums / counts).astype(voxels.dtype))


def _boxes(level: Level, steps: list[Shape3], itemsize: int) -> Iterator[tuple[Shape3, Shape3]]:
    """Boxes that cover a level, made of whole chunks and of whole voxels of the level that they are reduced to."""
    factors = np.prod(steps, axis=0)
    side = [int(-(-chunk // f) * f) for chunk, f in zip(level.chunk, factors, strict=True)]
    for axis in (2, 1, 0):
        while side[axis] < level.shape[axis] and 2 * int(np.prod(side, dtype=object)) * itemsize <= BOX_MAX_BYTES:
            side[axis] *= 2
    ranges = [range(0, n, step) for n, step in zip(level.shape, side, strict=True)]
    for z, y, x in product(*ranges):
        hi = [min(a + step, n) for a, step, n in zip((z, y, x), side, level.shape, strict=True)]
        yield (z, y, x), (hi[0], hi[1], hi[2])


def _voxels(level: Level) -> int:
    z, y, x = level.shape
    return z * y * x
