"""Sheets of a closed mesh that came to touch, as decimation leaves them, taken apart: two faces an edge again.

An edge with four or more faces has as many that run along it one way as the other way. They are paired, a vertex gets
a copy for each group of faces around it that hang together by pairs, and where two pairs still have both ends in
common, one of them gets a vertex in the middle of the edge. Nothing moves: copies lie where the vertex was.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .segment import Piece, Points, Triangles

Ints = NDArray[np.int64]


def taken_apart(points: Points, triangles: Triangles) -> Piece:
    """The mesh with two faces at each edge. Raises ValueError for a mesh that is not closed."""
    triangles = _without_folds(triangles)
    start, mate = _pairs(triangles)
    crowded = _crowded(triangles)
    if len(crowded):
        points, triangles = _with_copies(points, triangles, start, mate, crowded)
        points, triangles = _with_middles(points, triangles, mate)
    used, number = np.unique(triangles, return_inverse=True)
    return points[used], number.reshape(-1, 3).astype(np.int64)


def _without_folds(triangles: Triangles) -> Triangles:
    """Without triangles that have a corner twice, and without pairs of triangles back to back."""
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    _, group = np.unique(np.sort(triangles, axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    # Turned so that the smallest corner comes first, a triangle has its next larger corner second or third.
    first = triangles.argmin(axis=1)
    rows = np.arange(len(triangles))
    forwards = triangles[rows, (first + 1) % 3] < triangles[rows, (first + 2) % 3]
    n_forwards = np.bincount(group, forwards)
    surplus = n_forwards - np.bincount(group, ~forwards)
    # Of each group the surplus of its more frequent side stays.
    order = np.lexsort([forwards, group])
    begin = np.searchsorted(group[order], np.arange(len(surplus)))
    rank = np.empty(len(triangles), np.int64)
    rank[order] = rows - begin[group[order]]
    n_backwards = np.bincount(group, ~forwards).astype(np.int64)
    rank -= np.where(forwards, n_backwards[group], 0)
    kept = rank < np.where(forwards, surplus[group], -surplus[group])
    return np.asarray(triangles[kept], np.int64)


def _edges(triangles: Triangles) -> tuple[Ints, Ints]:
    """Of each half-edge 3 t + k, from corner k of triangle t to the next: where it starts and where it ends."""
    return triangles.reshape(-1), np.roll(triangles, -1, axis=1).reshape(-1)


def _pairs(triangles: Triangles) -> tuple[Ints, Ints]:
    """(start, mate): of each half-edge the vertex it starts at and the half-edge of the other way it is paired with."""
    start, end = _edges(triangles)
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort([low, high])
    up = order[(start < end)[order]]
    down = order[(start > end)[order]]
    if len(up) != len(down) or not (np.array_equal(low[up], low[down]) and np.array_equal(high[up], high[down])):
        raise ValueError("the mesh is not closed")
    mate = np.empty(len(start), np.int64)
    mate[up], mate[down] = down, up
    return start, mate


def _crowded(triangles: Triangles) -> Ints:
    """The half-edges whose edge has more than two faces."""
    start, end = _edges(triangles)
    edges = np.stack([np.minimum(start, end), np.maximum(start, end)], axis=1)
    _, which, count = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
    return np.flatnonzero(count[which.reshape(-1)] > 2)


def _with_copies(points: Points, triangles: Triangles, start: Ints, mate: Ints, crowded: Ints) -> Piece:
    """Give the vertices of crowded edges a copy for each turn of faces around them."""
    corners = np.flatnonzero(np.isin(start, np.unique(triangles.reshape(-1)[crowded])))
    vertices = triangles.reshape(-1).copy()
    copies: list[int] = []
    seen: set[int] = set()
    taken: set[int] = set()
    for corner in corners.tolist():
        if corner in seen:
            continue
        vertex = int(vertices[corner])
        number = vertex
        if vertex in taken:
            number = len(points) + len(copies)
            copies.append(vertex)
        taken.add(vertex)
        turn = corner
        while turn not in seen:  # the half-edge into this corner, and from its mate's start on
            seen.add(turn)
            vertices[turn] = number
            turn = int(mate[turn - 1 if turn % 3 else turn + 2])
    return np.concatenate([points, points[copies]]), vertices.reshape(-1, 3)


def _with_middles(points: Points, triangles: Triangles, mate: Ints) -> Piece:
    """Put a vertex into edges that two pairs of faces still share, for all pairs but one."""
    start, end = _edges(triangles)
    middle: dict[int, int] = {}
    ends: list[tuple[int, int]] = []
    known: set[tuple[int, int]] = set()
    for half in _crowded(triangles).tolist():
        if half > mate[half]:
            continue
        edge = (min(int(start[half]), int(end[half])), max(int(start[half]), int(end[half])))
        if edge in known:
            middle[half] = middle[int(mate[half])] = len(points) + len(ends)
            ends.append(edge)
        known.add(edge)
    if not ends:
        return points, triangles
    cut = sorted({half // 3 for half in middle})
    added: list[tuple[int, int, int]] = []
    for row in cut:
        around: list[int] = []
        for half in range(3 * row, 3 * row + 3):
            around += [int(start[half])] + ([middle[half]] if half in middle else [])
        first = next(place for place, vertex in enumerate(around) if vertex >= len(points))
        around = around[first:] + around[:first]
        added += [(around[0], around[k], around[k + 1]) for k in range(1, len(around) - 1)]
    kept = np.delete(triangles, cut, axis=0)
    middles = points[np.array(ends)].mean(axis=1)
    return np.concatenate([points, middles]), np.concatenate([kept, np.array(added, np.int64)])
