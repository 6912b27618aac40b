"""What the tests of meshes share: shapes, and meshes as trimesh sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from render.mesh import SegmentMesh, extract
from render.source.memory import MemorySource


def labels_of(array: NDArray[Any], **options: Any) -> MemorySource:
    """A segmentation with voxels of a micrometre, or as `options` say."""
    if "world_from_vox" not in options:
        options.setdefault("spacing_um", (1.0, 1.0, 1.0))
    return MemorySource(array, kind="labels", **options)


def surface(mesh: SegmentMesh) -> trimesh.Trimesh:
    """A mesh as it is, nothing merged or repaired, every vertex used."""
    points, triangles = mesh.whole()
    assert (len(points), len(triangles)) == (mesh.n_vertices, mesh.n_triangles)
    assert np.array_equal(np.unique(triangles), np.arange(len(points)))
    return trimesh.Trimesh(points, triangles, process=False)


def segment(source: MemorySource, identifier: int, **options: Any) -> trimesh.Trimesh:
    """The surface of one segment, which is closed and outwards."""
    (mesh,) = extract(source, [identifier], **options)
    assert mesh.id == identifier % 2**64
    made = surface(mesh)
    assert_closed(made)
    return made


def assert_closed(made: trimesh.Trimesh) -> None:
    """Every edge has two faces that turn the same way, and the inside is inside."""
    assert made.is_watertight
    assert made.is_winding_consistent
    assert made.volume > 0.0


def corners(mesh: SegmentMesh) -> NDArray[np.float64]:
    """The triangles as (m, 9) coordinates, in an order that does not depend on that of the mesh."""
    points, triangles = mesh.whole()
    first = np.array([np.lexsort(points[triangle].T[::-1])[0] for triangle in triangles])
    turned = triangles[np.arange(len(triangles))[:, None], (first[:, None] + np.arange(3)) % 3]
    rows = points[turned].reshape(-1, 9)
    return rows[np.lexsort(rows.T[::-1])]


def grid(side: int) -> NDArray[np.float64]:
    """(3, side, side, side): z, y, x from the middle."""
    return np.mgrid[:side, :side, :side] - (side - 1) / 2.0


def ball(side: int, radius: float) -> NDArray[np.uint8]:
    return ((grid(side) ** 2).sum(axis=0) <= radius**2).astype(np.uint8)


def torus(side: int, ring: float, tube: float) -> NDArray[np.uint8]:
    z, y, x = grid(side)
    return ((np.hypot(x, y) - ring) ** 2 + z**2 <= tube**2).astype(np.uint8)
