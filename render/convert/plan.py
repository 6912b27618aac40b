"""How a conversion goes about it: levels, chunks, shards, and the blocks that are worked on, within a memory budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..bricks.pyramid import halving
from ..source.base import Level, Shape3, SourceInfo
from ..source.geometry import clip_chunk, coarser
from ..space import Matrix

CHUNK = 64
"""Voxels a side of what is encoded at once: a brick of the renderer."""
SHARD = 512
"""Voxels a side of what a file holds."""
SMALLEST = 64
"""Levels are added until no side is longer."""
BLOCK_MAX = 256
_COPIES = 3.0
"""Of a block that is worked on: as read, what of it is being encoded, encoded and coarser."""
BASE_BYTES = 384 << 20
"""What the program takes without any voxels, with the cache of decoded chunks of the zarr reader in it."""


@dataclass(frozen=True)
class PlannedLevel:
    """A level as it will be written. `factors` (z, y, x; 1 or 2) lead to it from the one before.

    `chunk` and `shard` are in voxels; a shard is a whole number of chunks.
    """

    shape: Shape3
    factors: Shape3
    world_from_vox: Matrix
    chunk: Shape3
    shard: Shape3

    @property
    def n_chunks(self) -> Shape3:
        """How many chunks there are along z, y, x."""
        z, y, x = (-(-n // c) for n, c in zip(self.shape, self.chunk, strict=True))
        return z, y, x

    @property
    def chunks_per_shard(self) -> Shape3:
        z, y, x = (s // c for s, c in zip(self.shard, self.chunk, strict=True))
        return z, y, x

    def chunk_box(self, at: Shape3) -> tuple[Shape3, Shape3]:
        """The voxels [lo, hi) of a chunk that are inside of the level."""
        lo = [a * c for a, c in zip(at, self.chunk, strict=True)]
        hi = [min(a + c, n) for a, c, n in zip(lo, self.chunk, self.shape, strict=True)]
        return (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2])


@dataclass(frozen=True)
class Plan:
    """`block` (z, y, x; voxels of level 0) is what one task reads; its first `n_in_block` levels are made of it alone.

    `by_slabs`: the source stores planes, or other chunks longer than a block: they are read slab by slab, each once.
    `slab_in_memory`: a slab fits into the budget; else it is kept in a file while it is worked on.
    """

    levels: tuple[PlannedLevel, ...]
    block: Shape3
    n_in_block: int
    by_slabs: bool
    slab_in_memory: bool

    @property
    def n_blocks(self) -> Shape3:
        z, y, x = (-(-n // b) for n, b in zip(self.levels[0].shape, self.block, strict=True))
        return z, y, x

    def order(self) -> Iterator[Shape3]:
        """All blocks, each once: in Morton order, or slab by slab, each slab in Morton order.

        In both, a block comes after all blocks that exceed it along no axis. So the last chunk of any group of chunks
        (the one with the largest indices) is also the last in time.
        """
        nz, ny, nx = self.n_blocks
        if not self.by_slabs:
            yield from morton(self.n_blocks)
            return
        for z in range(nz):
            for _, y, x in morton((1, ny, nx)):
                yield z, y, x

    def block_box(self, at: Shape3) -> tuple[Shape3, Shape3]:
        """The voxels [lo, hi) of level 0 of a block."""
        lo = [a * b for a, b in zip(at, self.block, strict=True)]
        hi = [min(a + b, n) for a, b, n in zip(lo, self.block, self.levels[0].shape, strict=True)]
        return (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2])


def planned_levels(finest: Level, shard: int | None) -> tuple[PlannedLevel, ...]:
    """The pyramid: axes of the shortest spacing are halved first, until no side is longer than SMALLEST.

    `shard`: voxels a side of a shard, a multiple of 2 * CHUNK; None: every chunk is a file.
    """
    level, factors = finest, (1, 1, 1)
    made: list[PlannedLevel] = []
    while True:
        chunk = clip_chunk((CHUNK, CHUNK, CHUNK), level.shape)
        made.append(PlannedLevel(level.shape, factors, level.world_from_vox, chunk, _shard(level.shape, chunk, shard)))
        if max(level.shape) <= SMALLEST:
            return tuple(made)
        factors = halving(level)
        z, y, x = (-(-n // f) for n, f in zip(level.shape, factors, strict=True))
        world = coarser(level.world_from_vox, (float(factors[0]), float(factors[1]), float(factors[2])))
        level = Level(str(len(made)), (z, y, x), world, (z, y, x))


def _shard(shape: Shape3, chunk: Shape3, side: int | None) -> Shape3:
    """As many chunks as fit, but not more than there are."""
    if side is None:
        return chunk
    z, y, x = (c * min(max(side // CHUNK, 1), -(-n // c)) for n, c in zip(shape, chunk, strict=True))
    return z, y, x


def plan_conversion(info: SourceInfo, shard: int | None, memory_bytes: int, threads: int) -> Plan:
    """How a source of one level is converted within `memory_bytes`."""
    finest = info.levels[0]
    levels = planned_levels(finest, shard)
    itemsize = info.dtype.itemsize
    for_blocks = max(memory_bytes - BASE_BYTES, memory_bytes // 4)
    by_slabs = any(c > BLOCK_MAX for c in finest.chunk)
    # One more than there are threads: the one that is being written.
    limit = for_blocks / (_COPIES * (threads + 1)) / itemsize / (2 if by_slabs else 1)
    block = list(levels[0].chunk)
    grown = True
    while grown:
        grown = False
        for axis in np.argsort(block, kind="stable"):
            larger = min(2 * block[axis], BLOCK_MAX)
            others = math.prod(block) // block[axis]
            if block[axis] < min(larger, finest.shape[axis]) and larger * others <= limit:
                block[axis] = larger
                grown = True
                break
    slab_in_memory = False
    if by_slabs:
        plane = finest.shape[1] * finest.shape[2] * itemsize
        block[0], slab_in_memory = _slab(finest, block[0], plane, for_blocks // 2)
    shape = (block[0], block[1], block[2])
    return Plan(levels, shape, _levels_of_block(levels, shape), by_slabs, slab_in_memory)


def _slab(finest: Level, thickness: int, plane_bytes: int, limit: int) -> tuple[int, bool]:
    """How thick a slab is, a multiple of CHUNK (or all) that holds whole chunks, and whether it fits into memory."""
    nz = finest.shape[0]
    least = min(nz, -(-finest.chunk[0] // CHUNK) * CHUNK)
    for planes in (256, 128):
        if least <= planes and min(planes, nz) * plane_bytes <= limit:
            return planes if planes < nz else nz, True
    return max(least, min(thickness, nz)), False


def _levels_of_block(levels: tuple[PlannedLevel, ...], block: Shape3) -> int:
    """How many levels are whole chunks of one block."""
    side = block
    for number, level in enumerate(levels):
        if number:
            z, y, x = (-(-s // f) for s, f in zip(side, level.factors, strict=True))
            side = (z, y, x)
        for axis in range(3):
            is_whole_axis = side[axis] >= level.shape[axis]
            if side[axis] % CHUNK and not is_whole_axis:
                return number
    return len(levels)


def morton(counts: Shape3) -> Iterator[Shape3]:
    """The cells of a grid along a Z-order curve; those of the power of two around it that are outside are left out."""
    top = 1
    while top < max(counts):
        top *= 2
    waiting = [(0, 0, 0, top)]
    while waiting:
        z, y, x, size = waiting.pop()
        if z >= counts[0] or y >= counts[1] or x >= counts[2]:
            continue
        if size == 1:
            yield z, y, x
            continue
        half = size // 2
        parts = product((z, z + half), (y, y + half), (x, x + half))
        waiting += [(*part, half) for part in reversed(list(parts))]
