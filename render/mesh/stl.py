"""STL, binary: triangles alone, in 32-bit floats. Coordinates are micrometres (the format has no unit)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import numpy as np

from .segment import SegmentMesh

_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_stl(file: IO[bytes], meshes: Sequence[SegmentMesh]) -> None:
    """Write meshes one after the other; nothing tells them apart."""
    # A file that begins with "solid" would be taken for text.
    file.write(b"binary STL written by hosta; micrometres".ljust(80))
    file.write(sum(mesh.n_triangles for mesh in meshes).to_bytes(4, "little"))
    for mesh in meshes:
        points, triangles = mesh.whole()
        corners = points[triangles]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        length = np.linalg.norm(across, axis=1, keepdims=True)
        rows = np.zeros(len(triangles), _TRIANGLE)
        rows["normal"] = np.divide(across, length, out=np.zeros_like(across), where=length > 0)
        rows["corners"] = corners
        file.write(rows.tobytes())
