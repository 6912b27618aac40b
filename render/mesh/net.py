"""The surface net of a block of dense labels: quads between unlike voxels, with one vertex a cell and sheet.

Each face between a voxel of a label and a voxel that is not of it is one quad, whose corners are the vertices of the
four cells around it. A vertex has an address, (label, cell, code), that is the same from whichever block it is seen,
so blocks are joined without comparing positions. `topology` says what cells and sheets are.

Arrays are (z, y, x); cells and voxels are flat indices into the block; axes are numbered 0 x, 1 y, 2 z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3
from .topology import DOUBLED, N_SHEETS, SHEET, edge_number, others

Ints = NDArray[np.int64]
Labels = NDArray[np.int32]

MIDDLE_CODE = 4
"""Codes 0..3 are the sheets of a cell; 4 + axis is the middle between the cell and its next one along the axis."""

# Corners of a quad in the order of a turn about +axis, as steps back along (b, c) from the cell of its lower voxel.
_BACK = ((1, 1), (0, 1), (0, 0), (1, 0))


@dataclass(frozen=True)
class Quads:
    """Quads (n): their label, whether the voxel inside is the lower one, the lower voxel, the axis that they cross,
    and of each corner (n, 4) the cell and the number of the crossed edge in it."""

    label: Labels
    inside_is_low: NDArray[np.bool_]
    low: Ints
    axis: NDArray[np.uint8]
    cells: Ints
    edges: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class Vertices:
    """Vertices (v): label, cell and code, in the order of (label, cell, code) up to `n_sheets`, middles after that.

    `middle_ends` (v - n_sheets, 2) are the vertices that a middle lies between. `corners` (n, 4) are those of the
    quads; `detours` (n, 4) the middle between corner k and the next one, or -1.
    """

    label: Labels
    cell: Ints
    code: NDArray[np.uint8]
    n_sheets: int
    middle_ends: Ints
    corners: Ints
    detours: Ints


def steps_of(shape: Shape3) -> tuple[int, int, int]:
    """How far the next voxel along x, y, z is in a flat array of this shape (z, y, x)."""
    return 1, shape[2], shape[1] * shape[2]


def quads_of(labels: Labels, lo: Shape3, hi: Shape3) -> Quads:
    """The quads whose lower voxel lies in [lo, hi); 1 <= lo and hi < shape, so that all their cells are inside.

    Label 0 is background and gets no surface of its own.
    """
    step = steps_of(labels.shape)
    flat = np.arange(labels.size, dtype=np.int64).reshape(labels.shape)
    found: list[Quads] = []
    for axis in range(3):
        here = tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))
        there = tuple(
            slice(a + (2 - n == axis), b + (2 - n == axis)) for n, (a, b) in enumerate(zip(lo, hi, strict=True))
        )
        first, second = labels[here], labels[there]
        differ = first != second
        low = flat[here][differ]
        b, c = others(axis)
        cells = np.stack([low - at_b * step[b] - at_c * step[c] for at_b, at_c in _BACK], axis=1)
        numbers = np.array([edge_number(axis, at_b, at_c) for at_b, at_c in _BACK], np.uint8)
        for inside, is_low in ((first[differ], True), (second[differ], False)):
            kept = inside != 0
            n = int(np.count_nonzero(kept))
            found.append(
                Quads(
                    inside[kept],
                    np.full(n, is_low),
                    low[kept],
                    np.full(n, axis, np.uint8),
                    cells[kept],
                    np.broadcast_to(numbers, (n, 4)),
                )
            )
    return Quads(*(np.concatenate([getattr(part, name) for part in found]) for name in Quads.__dataclass_fields__))


def vertices_of(labels: Labels, quads: Quads) -> Vertices:
    """The vertices of quads. Some may be those of sheets that no given quad touches."""
    step = steps_of(labels.shape)
    flat = labels.reshape(-1)
    keys, which = np.unique(quads.label[:, None] * np.int64(labels.size) + quads.cells, return_inverse=True)
    which = which.reshape(-1, 4)
    label, cell = (keys // labels.size).astype(np.int32), keys % labels.size
    mask = np.zeros(len(keys), np.uint8)
    for corner in range(8):
        offset = sum(((corner >> axis) & 1) * step[axis] for axis in range(3))
        mask |= (flat[cell + offset] == label).astype(np.uint8) << np.uint8(corner)
    count = N_SHEETS[mask].astype(np.int64)
    start = np.cumsum(count) - count
    corner_mask = mask[which]
    corners = start[which] + SHEET[corner_mask, quads.edges]
    n_sheets = int(count.sum())
    code = (np.arange(n_sheets) - np.repeat(start, count)).astype(np.uint8)
    rows, sides = _doubled(quads, corner_mask)
    ends = np.stack([corners[rows, sides], corners[rows, (sides + 1) % 4]], axis=1)
    lower = np.minimum(quads.cells[rows, sides], quads.cells[rows, (sides + 1) % 4])
    b, c = (quads.axis[rows] + 1) % 3, (quads.axis[rows] + 2) % 3
    middle = np.stack([quads.label[rows], lower, MIDDLE_CODE + np.where(sides % 2 == 0, b, c)], axis=1)
    middles, first, of_row = np.unique(middle, axis=0, return_index=True, return_inverse=True)
    detours = np.full((len(quads), 4), -1, np.int64)
    detours[rows, sides] = n_sheets + of_row.reshape(-1)
    return Vertices(
        np.concatenate([np.repeat(label, count), middles[:, 0].astype(np.int32)]),
        np.concatenate([np.repeat(cell, count), middles[:, 1]]),
        np.concatenate([code, middles[:, 2].astype(np.uint8)]),
        n_sheets,
        ends[first],
        corners,
        detours,
    )


def _doubled(quads: Quads, corner_mask: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """(quad, side) of the sides that go by way of a middle: side k lies between corners k and k + 1.

    Sides 0 and 2 cross the cells' face across b, sides 1 and 3 the one across c. Of the two pairs of quads at such a
    face, the pair whose inside voxel is the upper one along the lowest axis of the face makes the detour.
    """
    rows: list[Ints] = []
    sides: list[Ints] = []
    axis = quads.axis.astype(np.int64)
    upper_along_axis = ~quads.inside_is_low
    for side in range(4):
        after = (side + 1) % 4
        across = side % 2
        both = (
            DOUBLED[corner_mask[:, side], quads.edges[:, side], across]
            & DOUBLED[corner_mask[:, after], quads.edges[:, after], across]
        )
        # The face is spanned by the quad's axis and by the other one of b and c; there both corners are at one place.
        other = (axis + (2 if across == 0 else 1)) % 3
        upper_along_other = _BACK[side][1] == 1 if across == 0 else _BACK[side][0] == 1
        takes = np.where(axis < other, upper_along_axis, upper_along_other)
        row = np.flatnonzero(both & takes)
        rows.append(row)
        sides.append(np.full(len(row), side, np.int64))
    return np.concatenate(rows), np.concatenate(sides)


def triangles_of(
    quads: Quads, vertices: Vertices, positions: NDArray[np.float64], mirrored: bool
) -> tuple[Ints, Labels]:
    """Triangles (m, 3) of vertices, counterclockwise seen from outside, and the label of each (m).

    `positions` (v, 3) are in the world. A quad is cut along its shorter diagonal, and alike for both labels beside it.
    `mirrored`: the world's axes are left-handed in voxels, so what turns right there turns left here.
    """
    detours = (vertices.detours >= 0).any(axis=1)
    plain = vertices.corners[~detours]
    at = positions[plain]
    second = np.linalg.norm(at[:, 1] - at[:, 3], axis=1) < np.linalg.norm(at[:, 0] - at[:, 2], axis=1)
    order = np.where(second[:, None], np.array([1, 2, 3, 3, 0, 1]), np.array([0, 1, 2, 2, 3, 0]))
    triangles = np.take_along_axis(plain, order, axis=1).reshape(-1, 3)
    inside_is_low = np.repeat(quads.inside_is_low[~detours], 2)
    label = np.repeat(quads.label[~detours], 2)
    rare: list[tuple[int, int, int]] = []
    rare_quad: list[int] = []
    for row in np.flatnonzero(detours).tolist():
        around: list[int] = []
        for corner, middle in zip(vertices.corners[row].tolist(), vertices.detours[row].tolist(), strict=True):
            around += [corner] if middle < 0 else [corner, middle]
        first = next(place for place, vertex in enumerate(around) if vertex >= vertices.n_sheets)
        around = around[first:] + around[:first]
        rare += [(around[0], around[k], around[k + 1]) for k in range(1, len(around) - 1)]
        rare_quad += [row] * (len(around) - 2)
    if rare:
        triangles = np.concatenate([triangles, np.array(rare, np.int64)])
        inside_is_low = np.concatenate([inside_is_low, quads.inside_is_low[rare_quad]])
        label = np.concatenate([label, quads.label[rare_quad]])
    turned = inside_is_low == mirrored  # a lower voxel inside: outwards is +axis, as the corners turn
    triangles[turned] = triangles[turned][:, ::-1]
    return triangles, label
