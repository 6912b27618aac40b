"""Wavefront OBJ: text, piece by piece, one object a segment. Coordinates are micrometres.

Colours stand behind the coordinates of vertices (0..1, sRGB), where MeshLab, Blender and trimesh read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import numpy as np

from .ply import one_line
from .segment import SegmentMesh


def write_obj(file: IO[bytes], meshes: Sequence[SegmentMesh]) -> None:
    """Write meshes, each as an object of its own."""
    file.write(b"# written by hosta; coordinates are micrometres\n")
    first = 1
    for mesh in meshes:
        title = one_line(mesh.name).replace(" ", "_") or "surface"
        name = title if mesh.id is None or title == str(mesh.id) else f"{mesh.id}_{title}"
        file.write(f"o {name}\n".encode())
        color = " ".join(f"{part:.4g}" for part in mesh.color[:3])
        for points, triangles in mesh.pieces():
            np.savetxt(file, points, fmt=f"v %.10g %.10g %.10g {color}")
            np.savetxt(file, triangles + first, fmt="f %d %d %d")
        first += mesh.n_vertices
