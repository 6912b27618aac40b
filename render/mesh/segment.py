"""A mesh of one segment or isosurface, and the temporary file that its pieces wait in."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rgba = tuple[float, float, float, float]
Points = NDArray[np.float64]
Triangles = NDArray[np.int64]
Piece = tuple[Points, Triangles]
"""Further vertices (n, 3), world, micrometres, and triangles (m, 3) of vertices of this and of earlier pieces, counted
through from the first piece; counterclockwise seen from outside."""


@dataclass(frozen=True)
class SegmentMesh:
    """A closed surface, in pieces that are read one by one.

    `id` is the segment's (unsigned, 64 bit), None for an isosurface. `color` is sRGB and alpha, 0..1. `spacing_um` is
    the shortest edge of the voxels it was made from, which says how exact coordinates are.
    """

    id: int | None
    name: str
    color: Rgba
    spacing_um: float
    n_vertices: int
    n_triangles: int
    pieces: Callable[[], Iterator[Piece]]

    def whole(self) -> Piece:
        """All vertices and triangles, in memory."""
        pieces = list(self.pieces())
        if not pieces:
            return np.empty((0, 3)), np.empty((0, 3), np.int64)
        return np.concatenate([points for points, _ in pieces]), np.concatenate([faces for _, faces in pieces])

    def replaced_by(self, points: Points, triangles: Triangles) -> SegmentMesh:
        """The same segment with another surface, which is kept in memory."""
        return SegmentMesh(
            self.id,
            self.name,
            self.color,
            self.spacing_um,
            len(points),
            len(triangles),
            lambda: iter([(points, triangles)]),
        )


@dataclass
class _Segment:
    n_vertices: int = 0
    n_triangles: int = 0
    places: list[tuple[int, int, int]] = field(default_factory=list)
    """(offset, vertices, triangles) of each piece"""


class Spool:
    """Pieces of many meshes in one temporary file without a name: nothing is left of it, however the program ends."""

    def __init__(self, folder: Path | None = None) -> None:
        file = tempfile.TemporaryFile(dir=folder, prefix=".hosta-mesh.")  # noqa: SIM115  closed by the finalizer
        self._file = file
        self._segments: dict[int, _Segment] = {}
        self._end = 0
        self.close = weakref.finalize(self, file.close)

    @property
    def keys(self) -> list[int]:
        return sorted(self._segments)

    def size(self, key: int) -> tuple[int, int]:
        """(vertices, triangles) so far; (0, 0) of a key that has none."""
        segment = self._segments.get(key, _Segment())
        return segment.n_vertices, segment.n_triangles

    def add(self, key: int, points: Points, triangles: Triangles) -> None:
        """Append a piece. Raises OSError when the disk is full."""
        segment = self._segments.setdefault(key, _Segment())
        segment.places.append((self._end, len(points), len(triangles)))
        self._file.seek(self._end)
        self._file.write(np.ascontiguousarray(points, np.float64).data)
        self._file.write(np.ascontiguousarray(triangles, np.int64).data)
        self._end += 24 * (len(points) + len(triangles))
        segment.n_vertices += len(points)
        segment.n_triangles += len(triangles)

    def pieces(self, key: int) -> Iterator[Piece]:
        """The pieces of a key in the order in which they were added."""
        for offset, n_points, n_triangles in self._segments.get(key, _Segment()).places:
            self._file.seek(offset)
            data = self._file.read(24 * (n_points + n_triangles))
            points = np.frombuffer(data, np.float64, 3 * n_points).reshape(-1, 3)
            triangles = np.frombuffer(data, np.int64, 3 * n_triangles, 24 * n_points).reshape(-1, 3)
            yield points, triangles

    def mesh(self, key: int, identifier: int | None, name: str, color: Rgba, spacing_um: float) -> SegmentMesh:
        """What was added under a key, as a mesh. It keeps the spool open as long as it lives."""
        return SegmentMesh(identifier, name, color, spacing_um, *self.size(key), lambda: self.pieces(key))
