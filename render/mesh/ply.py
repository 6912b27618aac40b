"""PLY, binary, little-endian: of any size, piece by piece. Coordinates are micrometres.

One file may hold several segments: a comment says which faces and vertices each has, and the vertices have colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import numpy as np

from ..errors import LimitError
from .segment import Points, SegmentMesh

MAX_VERTICES = 2**31 - 1
"""Indices are `int`, which all readers know."""


def write_ply(file: IO[bytes], meshes: Sequence[SegmentMesh]) -> None:
    """Raises LimitError for more vertices than indices have numbers for."""
    n_vertices = sum(mesh.n_vertices for mesh in meshes)
    if n_vertices > MAX_VERTICES:
        raise LimitError(
            f"a .ply has at most {MAX_VERTICES} vertices and this has {n_vertices}; take a coarser --level"
        )
    real = (
        "f8" if any(needs_double(points, mesh.spacing_um) for mesh in meshes for points, _ in mesh.pieces()) else "f4"
    )
    file.write(_header(meshes, n_vertices, "double" if real == "f8" else "float"))
    vertex = np.dtype([("at", f"<{real}", 3), ("color", "u1", 4)])
    face = np.dtype([("n", "u1"), ("corners", "<i4", 3)])
    for mesh in meshes:
        color = np.rint(np.clip(mesh.color, 0.0, 1.0) * 255.0).astype(np.uint8)
        for points, _ in mesh.pieces():
            vertices = np.empty(len(points), vertex)
            vertices["at"], vertices["color"] = points, color
            file.write(vertices.tobytes())
    first = 0
    for mesh in meshes:
        for _, triangles in mesh.pieces():
            faces = np.empty(len(triangles), face)
            faces["n"], faces["corners"] = 3, triangles + first
            file.write(faces.tobytes())
        first += mesh.n_vertices


def needs_double(points: Points, spacing_um: float) -> bool:
    """Whether 32-bit floats would move points (n, 3) by more than a thousandth of a voxel."""
    return bool(len(points)) and float(np.abs(points).max()) * 2.0**-24 > 1e-3 * spacing_um


def _header(meshes: Sequence[SegmentMesh], n_vertices: int, real: str) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", "comment written by hosta; coordinates are micrometres"]
    vertex = face = 0
    for mesh in meshes:
        what = f"segment {mesh.id}" if mesh.id is not None else "isosurface"
        span = f"vertices {vertex} to {vertex + mesh.n_vertices}, faces {face} to {face + mesh.n_triangles}"
        lines.append(f"comment {what}: {span}: {one_line(mesh.name)}")
        vertex, face = vertex + mesh.n_vertices, face + mesh.n_triangles
    lines += [f"element vertex {n_vertices}", *(f"property {real} {axis}" for axis in "xyz")]
    lines += [f"property uchar {part}" for part in ("red", "green", "blue", "alpha")]
    lines += [f"element face {face}", "property list uchar int vertex_indices", "end_header"]
    return ("\n".join(lines) + "\n").encode("ascii", "backslashreplace")


def one_line(name: str) -> str:
    """A name without line breaks and control characters, as text formats need it."""
    return "".join(mark if mark.isprintable() else " " for mark in name)[:200].strip()
