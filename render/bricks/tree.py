"""The bricks of a pyramid as a tree, and which of them are on the device. No GL: the device has copies.

A *stage* is a level that is paged, 0 the finest; the voxels of stage s are 2**shift voxels of stage 0 along each axis.
The bricks of the last stage, the top, are always there; a brick's children are those of the stage before that lie in
it. A child is there only while its parent is: what is drawn can always fall back to a coarser brick.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import LimitError
from ..source.base import Level, Shape3, SourceInfo
from .grid import BrickGrid

NONE = -1
_SCALE_TOLERANCE = 0.02
"""How far from a power of two the ratio of two levels' voxels may be."""


@dataclass(frozen=True)
class Stage:
    """A level that is paged. All triples are (z, y, x).

    A position g in voxels of stage 0 (voxel i spans i..i + 1) is at g / 2**shift + offset in voxels of this one.
    """

    level: int
    grid: BrickGrid
    shift: Shape3
    offset: tuple[float, float, float]
    spacing_um: tuple[float, float, float]

    @property
    def longest_um(self) -> float:
        """The longest edge of a voxel: what decides whether it can be seen."""
        return max(self.spacing_um)


def stages_of(info: SourceInfo, payload: int, apron: int) -> list[Stage]:
    """The levels of a source that can be paged, the finest first: those whose voxels are powers of two of the finest
    one's along each axis, each at most 4 times the one before.
    """
    finest = info.levels[0]
    stages = [_stage(0, finest, finest, (0, 0, 0), payload, apron)]
    for number, level in enumerate(info.levels[1:], start=1):
        shift = _shift(finest, level)
        before = stages[-1].shift
        if shift is None or shift == before:
            continue
        if all(0 <= b - a <= 2 for a, b in zip(before, shift, strict=True)):
            stages.append(_stage(number, finest, level, shift, payload, apron))
    return stages


def _shift(finest: Level, level: Level) -> Shape3 | None:
    ratio = np.linalg.inv(finest.world_from_vox)[:3, :3] @ level.world_from_vox[:3, :3]
    scale = np.diag(ratio)
    off_axis = np.abs(ratio - np.diag(scale)).max()
    if (scale <= 0).any() or off_axis > 1e-3 * scale.max():
        return None
    exponent = np.rint(np.log2(scale))
    if (np.abs(scale / np.exp2(exponent) - 1.0) > _SCALE_TOLERANCE).any() or (exponent < 0).any():
        return None
    x, y, z = (int(e) for e in exponent)
    return z, y, x


def _stage(number: int, finest: Level, level: Level, shift: Shape3, payload: int, apron: int) -> Stage:
    voxel_from_voxel = np.linalg.inv(level.world_from_vox) @ finest.world_from_vox
    # Exact in the middle of the volume: where the ratio is not quite a power of two, its ends are off by the least.
    middle = np.array([n / 2.0 for n in finest.shape[::-1]])
    there = voxel_from_voxel[:3, :3] @ (middle - 0.5) + voxel_from_voxel[:3, 3] + 0.5
    x, y, z = there - middle / np.exp2(np.array(shift[::-1], float))
    counts: list[int] = [-(-n // (payload << s)) for n, s in zip(finest.shape, shift, strict=True)]
    grid = BrickGrid(level.shape, payload, apron, (counts[0], counts[1], counts[2]))
    sx, sy, sz = level.spacing_um
    return Stage(number, grid, shift, (float(z), float(y), float(x)), (sz, sy, sx))


class NodeTree:
    """The bricks of several volumes that are on the device, as rows of arrays of `capacity` nodes.

    The tops of all volumes are nodes 0, 1, 2 ...: `top_base[v]` and on, x fastest. `children[n, k]` is the node of
    child k (its place in the parent, x fastest) or NONE; `present[n, c]` whether channel c of the volume is there.
    """

    def __init__(self, volumes: Sequence[Sequence[Stage]], channels: int, capacity: int) -> None:
        self.volumes = [list(stages) for stages in volumes]
        tops = [stages[-1].grid.n_bricks for stages in self.volumes]
        self.top_base: list[int] = [0, *np.cumsum(tops).tolist()]
        self.n_tops = self.top_base[-1]
        if self.n_tops > capacity:
            raise LimitError(
                f"the coarsest levels are cut into {self.n_tops} bricks and there is room for {capacity}; "
                "convert the data into a pyramid with smaller levels (hosta convert), or give it more memory"
            )
        self.capacity = capacity
        self.n_children = max((_fan_out(stages) for stages in self.volumes), default=1)
        self.alive = np.zeros(capacity, bool)
        self.volume = np.zeros(capacity, np.int16)
        self.stage = np.zeros(capacity, np.int16)
        self.brick = np.zeros((capacity, 3), np.int32)
        self.parent = np.full(capacity, NONE, np.int32)
        self.place = np.zeros(capacity, np.int16)
        self.children = np.full((capacity, self.n_children), NONE, np.int32)
        self.present = np.zeros((capacity, channels), bool)
        self.seen = np.zeros(capacity, np.int64)
        self._free = list(range(capacity - 1, self.n_tops - 1, -1))
        for v, stages in enumerate(self.volumes):
            grid = stages[-1].grid
            for index, brick in enumerate(np.ndindex(grid.counts)):
                node = self.top_base[v] + index
                self.alive[node] = True
                self.volume[node], self.stage[node], self.brick[node] = v, len(stages) - 1, brick

    @property
    def n_free(self) -> int:
        return len(self._free)

    @property
    def n_alive(self) -> int:
        return self.capacity - len(self._free)

    def split(self, volume: int, stage: int) -> Shape3:
        """log2 of the children along each axis (z, y, x) of a brick of a stage above 0."""
        stages = self.volumes[volume]
        z, y, x = (b - a for a, b in zip(stages[stage - 1].shift, stages[stage].shift, strict=True))
        return z, y, x

    def child_brick(self, node: int, place: int) -> Shape3 | None:
        """Which brick of the next finer stage child `place` of a node is; None where the volume has none there."""
        v, s = int(self.volume[node]), int(self.stage[node])
        z, y, x = self.split(v, s)
        octant = (place >> (x + y), place >> x & (1 << y) - 1, place & (1 << x) - 1)
        bz, by, bx = ((int(b) << n) + o for b, n, o in zip(self.brick[node], (z, y, x), octant, strict=True))
        counts = self.volumes[v][s - 1].grid.counts
        return (bz, by, bx) if bz < counts[0] and by < counts[1] and bx < counts[2] else None

    def child_places(self, node: int) -> int:
        """How many places for children a node has, also those beyond the volume."""
        return 1 << sum(self.split(int(self.volume[node]), int(self.stage[node])))

    def add(self, parent: int, place: int, brick: Shape3) -> int:
        """A new node; there is room and the place is empty."""
        node = self._free.pop()
        self.alive[node] = True
        self.volume[node], self.stage[node] = self.volume[parent], self.stage[parent] - 1
        self.brick[node], self.parent[node], self.place[node] = brick, parent, place
        self.children[node] = NONE
        self.present[node] = False
        self.children[parent, place] = node
        return node

    def remove(self, node: int) -> None:
        """Forget a node that has no children and is no top."""
        self.children[self.parent[node], self.place[node]] = NONE
        self.alive[node] = False
        self.present[node] = False
        self.parent[node] = NONE
        self._free.append(node)

    def evictable(self, before: int) -> NDArray[np.int64]:
        """Nodes without children that no ray has met since frame `before`, the longest unseen first."""
        leaf = self.alive & (self.children == NONE).all(axis=1) & (self.seen < before)
        leaf[: self.n_tops] = False
        nodes = np.flatnonzero(leaf)
        order = np.lexsort((*self.brick[nodes].T, self.volume[nodes], self.stage[nodes], self.seen[nodes]))
        return nodes[order]


def _fan_out(stages: Sequence[Stage]) -> int:
    most = 1
    for fine, coarse in itertools.pairwise(stages):
        most = max(most, math.prod(1 << (b - a) for a, b in zip(fine.shift, coarse.shift, strict=True)))
    return most
