"""Joins the nets of blocks into meshes: a vertex that two blocks share is written once, by whichever comes first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import LimitError
from ..source.base import Shape3
from ..space import Matrix, apply
from .blocks import Block
from .net import Ints, Labels, Quads, Vertices, triangles_of
from .segment import Spool

CODES = 8
"""Codes of vertices are 0..6; an address is a cell's number in the level times this, and the code."""


class Joiner:
    """Takes blocks in their order and writes pieces of meshes to a spool.

    Only vertices at faces of blocks are remembered, by address, and only as long as blocks come that may need them.
    """

    def __init__(self, shape: Shape3, world_from_vox: Matrix, spool: Spool) -> None:
        """`shape` (z, y, x) and the map are those of the level. Raises LimitError for a level of 2^59 voxels."""
        # Cells begin one voxel before the level.
        self._grid = (shape[0] + 2, shape[1] + 2, shape[2] + 2)
        if self._grid[0] * self._grid[1] * self._grid[2] * CODES >= 2**62:
            raise LimitError("a level of so many voxels cannot be meshed; take a coarser one with --level")
        self._world_from_vox = world_from_vox
        self._mirrored = bool(np.linalg.det(world_from_vox[:3, :3]) < 0.0)
        self._spool = spool
        self._shared: dict[int, dict[int, int]] = {}
        self._z = -(2**62)

    def add(
        self,
        block: Block,
        labels: Labels,
        keys: NDArray[np.uint64],
        quads: Quads,
        vertices: Vertices,
        offsets: NDArray[np.float64],
    ) -> None:
        """A block's quads and their vertices; only the quads that the block owns may be among them.

        `labels` is its array; `keys` names each dense label in the spool. `offsets` (vertices.n_sheets, 3; x, y, z;
        voxels) say how far the vertices lie from the middles of their cells.
        """
        self._forget(block)
        z, y, x = np.unravel_index(vertices.cell, labels.shape)
        cell = np.stack([x, y, z], axis=1) + np.array(block.start[::-1])
        at = cell + 0.5
        at[: vertices.n_sheets] += offsets
        at[vertices.n_sheets :] = at[vertices.middle_ends].mean(axis=1)
        points = apply(self._world_from_vox, at)
        triangles, label = triangles_of(quads, vertices, points, self._mirrored)
        address = self._addresses(cell, vertices.code)
        first, last = np.array(block.lo[::-1]) - 1, np.array(block.hi[::-1]) - 1
        is_shared = ((cell == first) | (cell == last)).any(axis=1)

        order = np.argsort(label, kind="stable")
        triangles, label = triangles[order], label[order]
        present, begin = np.unique(label, return_index=True)
        number = np.full(len(points), -1, np.int64)
        for dense, lo, hi in zip(present.tolist(), begin, [*begin[1:], len(label)], strict=True):
            own = triangles[lo:hi]
            key = int(keys[dense])
            fresh = self._number(key, np.unique(own), address, is_shared, number)
            self._spool.add(key, points[fresh], number[own])

    def _number(self, key: int, used: Ints, address: Ints, is_shared: NDArray[np.bool_], number: Ints) -> Ints:
        """Give the used vertices their numbers in the mesh; those that are new to it are returned, in order."""
        known = self._shared.setdefault(key, {})
        next_number, _ = self._spool.size(key)
        shared = used[is_shared[used]]
        addresses = address[shared].tolist()
        number[shared] = [known.get(one, -1) for one in addresses]
        fresh = used[number[used] < 0]
        number[fresh] = np.arange(next_number, next_number + len(fresh))
        known.update(zip(addresses, number[shared].tolist(), strict=True))
        return fresh

    def _addresses(self, cell: Ints, code: NDArray[np.uint8]) -> Ints:
        """Of cells (n, 3; x, y, z) of the level, which begin at -1."""
        _, ny, nx = self._grid
        number = ((cell[:, 2] + 1) * ny + cell[:, 1] + 1) * nx + cell[:, 0] + 1
        return number * CODES + code

    def _forget(self, block: Block) -> None:
        """Drop what lies before the first cells of this slab of blocks."""
        if block.lo[0] == self._z:
            return
        self._z = block.lo[0]
        first = self._z * self._grid[1] * self._grid[2] * CODES  # z is that of the cells before the slab, plus 1
        for key, known in list(self._shared.items()):
            kept = {address: number for address, number in known.items() if address >= first}
            if kept:
                self._shared[key] = kept
            else:
                del self._shared[key]
