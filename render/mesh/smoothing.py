"""Smoothing of a surface net: every vertex is drawn to the mean of its neighbours and stays in its cell.

The constraint is that of Gibson's surface nets (MERL TR99-24): a vertex keeps within half a voxel of where it began,
along each axis of the grid. The steps are Taubin's (SIGGRAPH 1995), in and a little further out in turn, so that
round shapes do not shrink. All is done in voxels; as the mean and the box are affine, spacing does not matter.

Offsets from a cell's middle are what is computed, in a fixed order, so that two blocks that both hold all that a
vertex depends on give it the same position, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .net import Labels, steps_of

STEP_IN = 0.5
PASS_BAND = 0.05
STEP_OUT = 1.0 / (PASS_BAND - 1.0 / STEP_IN)
"""Taubin's 1 / in + 1 / out = the frequency that is kept."""
CONSTRAINT_VOX = 0.5
HOPS_A_PASS = 2
"""How much further a pass lets a vertex see, in cells."""


def smoothed_offsets(labels: Labels, passes: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(cells, offsets): the cells (n) of (z, y, x) dense labels that hold a boundary, as flat indices in ascending
    order, and how far (n, 3; x, y, z; voxels) the vertex of each lies from the cell's middle after `passes`."""
    cells, neighbours, pull = _graph(labels)
    offsets = np.zeros((3, len(cells)))
    if not len(cells):
        return cells, offsets.T
    counts = sum((n >= 0).astype(np.float64) for n in neighbours)
    itself = np.arange(len(cells))
    neighbours = [np.where(n >= 0, n, itself) for n in neighbours]
    counts = np.maximum(counts, 1.0)
    for _ in range(passes):
        for step in (STEP_IN, STEP_OUT):
            # A neighbour that is not there counts as the vertex itself and so pulls nowhere.
            total = pull - 6.0 * offsets
            for one in neighbours:
                total += np.take(offsets, one, axis=1)
            offsets += step * (total / counts)
            np.clip(offsets, -CONSTRAINT_VOX, CONSTRAINT_VOX, out=offsets)
    return cells, np.ascontiguousarray(offsets.T)


def _graph(labels: Labels) -> tuple[NDArray[np.int64], list[NDArray[np.int64]], NDArray[np.float64]]:
    """Cells with a boundary, their six neighbours (places in the list of cells, -1 where the surface does not go
    there), and the sum (3, n) of the steps to those neighbours."""
    step = steps_of(labels.shape)
    active = np.zeros(labels.shape, np.bool_)
    links = []
    for axis in range(3):
        mixed = np.zeros(labels.shape, np.bool_)
        mixed[_upto(*(number for number in range(3) if number != axis))] = _mixed_faces(labels, axis)
        # The face across the axis at voxel v lies between the cells v - 1 and v.
        link = np.zeros(labels.shape, np.bool_)
        link[_upto(axis)] = mixed[_from(axis)]
        link[_last(axis)] = False
        links.append(link)
        active |= mixed
        active[_upto(axis)] |= mixed[_from(axis)]
    for axis in range(3):
        active[_last(axis)] = False
    for axis, link in enumerate(links):  # both ends must be cells of the block
        link[_upto(axis)] &= active[_upto(axis)] & active[_from(axis)]
    cells = np.flatnonzero(active)
    place = np.full(labels.size, -1, np.int64)
    place[cells] = np.arange(len(cells))
    neighbours = []
    pull = np.zeros((3, len(cells)))
    for axis, link in enumerate(links):
        flat = link.reshape(-1)
        up = flat[cells]
        down = flat[np.maximum(cells - step[axis], 0)] & (cells >= step[axis])
        neighbours.append(np.where(up, place[np.minimum(cells + step[axis], labels.size - 1)], -1))
        neighbours.append(np.where(down, place[np.maximum(cells - step[axis], 0)], -1))
        pull[axis] = up.astype(np.float64) - down.astype(np.float64)
    return cells, neighbours, pull


def _mixed_faces(labels: Labels, axis: int) -> NDArray[np.bool_]:
    """Whether the four voxels of a cell's face across the axis differ."""
    one, two = (number for number in range(3) if number != axis)
    first = labels[_upto(one, two)]
    mixed: NDArray[np.bool_] = first != labels[_shifted(one, two, (1, 0))]
    mixed |= first != labels[_shifted(one, two, (0, 1))]
    mixed |= first != labels[_shifted(one, two, (1, 1))]
    return mixed


def _slices(by_axis: dict[int, slice]) -> tuple[slice, slice, slice]:
    z, y, x = (by_axis.get(axis, slice(None)) for axis in (2, 1, 0))
    return z, y, x


def _upto(*axes: int) -> tuple[slice, slice, slice]:
    return _slices(dict.fromkeys(axes, slice(None, -1)))


def _from(axis: int) -> tuple[slice, slice, slice]:
    return _slices({axis: slice(1, None)})


def _last(axis: int) -> tuple[slice, slice, slice]:
    return _slices({axis: slice(-1, None)})


def _shifted(one: int, two: int, by: tuple[int, int]) -> tuple[slice, slice, slice]:
    ends = (slice(None, -1), slice(1, None))
    return _slices({one: ends[by[0]], two: ends[by[1]]})
