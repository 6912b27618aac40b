"""Smoothing of a surface net: a low-pass filter over the net, in which every vertex stays in its cell.

The filter is the windowed sinc of Taubin, Zhang and Golub (ECCV 1996): with the mean over neighbours M, a polynomial
in Chebyshev form, sum f_j T_j(M), that keeps what changes slowly along the surface and drops the steps of voxels;
round shapes do not shrink. As in Gibson's surface nets (MERL TR99-24) a vertex keeps within half a voxel of where it
began, along each axis of the grid. All is done in voxels; mean and box are affine, so spacing does not matter.

What is smaller than the filter lets pass would shrink to a point. There the edges around a vertex become much shorter
than a voxel, which nothing else does to them: the shorter they would be, the less the vertex moves.

Offsets from a cell's middle are what is computed, in a fixed order, so that two blocks that both hold all that a
vertex depends on give it the same position, bit for bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .net import Labels, steps_of

PASS_BAND = 0.1
"""Frequencies up to this are kept; an eigenvalue of 1 - M, 0 to 2."""
CONSTRAINT_VOX = 0.5
EDGES_KEPT = (0.3, 0.55)
"""Mean length of the edges around a vertex after smoothing, in voxels, up to which it does not move and from which it
moves freely. A plane keeps its edges at 0.8 (across a diagonal of the grid) to 1, a comb of voxels at 0.6."""
MOBILITY_MEANS = 4
"""How often mobility is averaged with the neighbours'."""
REACH_MORE = 3 + MOBILITY_MEANS
"""How many cells a vertex sees beyond the iterations."""

Offsets = NDArray[np.float64]


def smoothed_offsets(labels: Labels, iterations: int) -> tuple[NDArray[np.int64], Offsets]:
    """(cells, offsets): the cells (n) of (z, y, x) dense labels that hold a boundary, as flat indices in ascending
    order, and how far (n, 3; x, y, z; voxels) the vertex of each lies from the cell's middle afterwards.

    `iterations` is the degree of the filter, 1 or more; a vertex depends on cells less than `iterations` + REACH_MORE
    away.
    """
    cells, neighbours, pull = _graph(labels)
    offsets = np.zeros((3, len(cells)))
    if len(cells):
        counts = np.asarray(sum((one >= 0).astype(np.float64) for one in neighbours), np.float64)
        np.maximum(counts, 1.0, out=counts)
        offsets = _filtered(neighbours, pull, counts, iterations)
        offsets *= _mobility(neighbours, counts, offsets)
    return cells, np.ascontiguousarray(offsets.T)


def coefficients(iterations: int) -> NDArray[np.float64]:
    """f_0 to f_iterations: the Fourier series of the ideal low-pass, under a Hamming window, with sum 1."""
    angle = math.acos(1.0 - PASS_BAND)
    j = np.arange(1, iterations + 1)
    window = 0.54 + 0.46 * np.cos(j * math.pi / (iterations + 1))
    series = np.concatenate([[angle / math.pi], 2.0 * np.sin(j * angle) / (j * math.pi) * window])
    return np.asarray(series / series.sum(), np.float64)


def _filtered(neighbours: list[NDArray[np.int64]], pull: Offsets, counts: Offsets, iterations: int) -> Offsets:
    """Offsets (3, n) after the filter, each within the constraint."""
    itself = np.arange(len(counts))
    absent = 6.0 - counts
    there = [np.where(one >= 0, one, itself) for one in neighbours]

    def mean(offsets: Offsets) -> Offsets:
        total = pull - absent * offsets  # a neighbour that is not there was taken as the vertex itself
        for one in there:
            total += np.take(offsets, one, axis=1)
        return np.asarray(total / counts, np.float64)

    weights = coefficients(iterations)
    before, now = np.zeros(pull.shape), mean(np.zeros(pull.shape))
    offsets = weights[1] * now
    for weight in weights[2:]:
        before, now = now, 2.0 * mean(now) - before
        offsets += weight * now
    return np.asarray(np.clip(offsets, -CONSTRAINT_VOX, CONSTRAINT_VOX), np.float64)


def _mobility(neighbours: list[NDArray[np.int64]], counts: Offsets, offsets: Offsets) -> Offsets:
    """By how much (n; 0 to 1) of its offset a vertex moves."""
    total = np.zeros(len(counts))
    for number, one in enumerate(neighbours):
        edge = np.take(offsets, np.maximum(one, 0), axis=1) - offsets
        edge[number // 2] += 1.0 if number % 2 == 0 else -1.0
        total += np.where(one >= 0, np.sqrt((edge * edge).sum(axis=0)), 0.0)
    least, full = EDGES_KEPT
    share = np.clip((total / counts - least) / (full - least), 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    for _ in range(MOBILITY_MEANS):  # neighbours that move very differently would make rims jagged
        around = np.zeros(len(counts))
        for one in neighbours:
            around += np.where(one >= 0, np.take(share, np.maximum(one, 0)), 0.0)
        share = 0.5 * share + 0.5 * around / counts
    return np.asarray(share, np.float64)


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
