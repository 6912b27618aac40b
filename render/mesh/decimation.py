"""Fewer triangles for the same surface, by quadric error (Garland and Heckbert, SIGGRAPH 1997; fast-simplification)."""

from __future__ import annotations

import numpy as np

from ..errors import HostaError
from .segment import SegmentMesh
from .sheets import taken_apart

MIN_TRIANGLES = 4
"""Of a closed surface."""


def decimated(mesh: SegmentMesh, share: float) -> SegmentMesh:
    """A mesh with about this share (0..1) of its triangles, closed as before, in memory.

    What remains of several segments need no longer share their boundaries. Collapses may join sheets that come near
    each other; they are taken apart again (`sheets`), but handles of the surface may be lost by it.
    """
    if share >= 1.0 or mesh.n_triangles * share < MIN_TRIANGLES:
        return mesh
    import fast_simplification

    points, triangles = mesh.whole()
    middle = points.mean(axis=0)
    at, kept = fast_simplification.simplify((points - middle) / mesh.spacing_um, triangles, 1.0 - share)
    try:
        at, kept = taken_apart(np.asarray(at, np.float64), np.asarray(kept, np.int64))
    except ValueError as error:
        raise HostaError(f"decimation tore {mesh.name} open; keep a larger share with --decimate") from error
    if len(kept) < MIN_TRIANGLES:
        return mesh
    return mesh.replaced_by(at * mesh.spacing_um + middle, kept)
