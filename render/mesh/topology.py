"""How a surface passes through a cell of eight voxels so that no edge of the mesh is shared by more than two faces.

A cell is the cube between eight voxel centres; corner o = (ox, oy, oz), each 0 or 1, is bit ox + 2 oy + 4 oz of its
mask of voxels inside. Its twelve edges go along axis a (0 x, 1 y, 2 z) at the corners (ob, oc) of the two other axes
b = a + 1 and c = a + 2 (modulo 3); edge number 4 a + ob + 2 oc. A crossed edge, one end inside and one outside, is
pierced by one quad of the surface net, which has a corner in this cell.

A surface net with one vertex a cell (Gibson, MERL TR99-24) joins sheets that only touch. Here each sheet gets a vertex
of its own, as in dual marching cubes (Nielson, IEEE Visualization 2004): two crossed edges of one face of the cell
belong to one sheet; where all four edges of a face are crossed, voxels that touch diagonally are apart (6-connected),
so the two edges at the same inside voxel go together.

One case is left (Wenger, Isosurfaces, 2013): on such a face both pairs may be of the same sheet in both cells beside
it. Then four quads share the edge between the two vertices; `DOUBLED` says so, and the mesh puts a vertex into the
middle of that edge for two of the quads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_SHEETS = 4

Corner = tuple[int, int, int]


def others(axis: int) -> tuple[int, int]:
    """The two axes b, c that make (axis, b, c) right-handed."""
    return (axis + 1) % 3, (axis + 2) % 3


def edge_number(axis: int, at_b: int, at_c: int) -> int:
    return 4 * axis + at_b + 2 * at_c


def _ends(edge: int) -> tuple[int, int]:
    """The corners (as bit numbers) at the lower and upper end of an edge."""
    axis, rest = divmod(edge, 4)
    b, c = others(axis)
    low = (rest % 2) << b | (rest // 2) << c
    return low, low | 1 << axis


def _face_edges(axis: int, side: int) -> list[int]:
    """The four edges of the cell's face across `axis` at `side` (0 or 1)."""
    return [edge for edge in range(12) if all((end >> axis) & 1 == side for end in _ends(edge))]


_FACES = [(axis, side, _face_edges(axis, side)) for axis in range(3) for side in range(2)]


def _pairs(mask: int, edges: list[int]) -> list[tuple[int, int]]:
    """The crossed edges of a face, two by two as the surface joins them."""
    crossed = [edge for edge in edges if len({(mask >> end) & 1 for end in _ends(edge)}) == 2]
    if len(crossed) < 4:
        return [(crossed[0], crossed[1])] if crossed else []
    by_inside: dict[int, list[int]] = {}
    for edge in crossed:
        (inside,) = (end for end in _ends(edge) if (mask >> end) & 1)
        by_inside.setdefault(inside, []).append(edge)
    return [(first, second) for first, second in by_inside.values()]


def _sheets(mask: int) -> list[int]:
    """The sheet of each of the twelve edges, counted from 0 in the order of the edges; 0 where it is not crossed."""
    root = list(range(12))

    def find(edge: int) -> int:
        while root[edge] != edge:
            edge = root[edge]
        return edge

    crossed = set()
    for _, _, edges in _FACES:
        for first, second in _pairs(mask, edges):
            crossed |= {first, second}
            root[max(find(first), find(second))] = min(find(first), find(second))
    roots = sorted({find(edge) for edge in crossed})
    return [roots.index(find(edge)) if edge in crossed else 0 for edge in range(12)]


def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    sheet = np.zeros((256, 12), np.uint8)
    count = np.zeros(256, np.uint8)
    doubled = np.zeros((256, 12, 2), np.bool_)
    for mask in range(256):
        sheets = _sheets(mask)
        sheet[mask] = sheets
        count[mask] = max(sheets) + 1 if 0 < mask < 255 else 0
        for axis, _, edges in _FACES:
            pairs = _pairs(mask, edges)
            if len(pairs) == 2 and sheets[pairs[0][0]] == sheets[pairs[1][0]]:
                for edge in edges:
                    doubled[mask, edge, others(edge // 4).index(axis)] = True
    return sheet, count, doubled


SHEET, N_SHEETS, DOUBLED = _tables()
"""SHEET (256, 12) uint8: the sheet of an edge. N_SHEETS (256,) uint8. DOUBLED (256, 12, 2) bool: whether, on the face
across b (0) or c (1) at the edge, both pairs of edges are of one sheet."""
