"""Decimation: fewer triangles, still closed, the same shape; and sheets that touch taken apart."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.ndimage import gaussian_filter

from render.mesh import extract
from render.mesh.decimation import decimated
from render.mesh.sheets import taken_apart

from .surfaces import assert_closed, ball, labels_of, surface


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_a_sponge_stays_closed(share: float) -> None:
    """Thin struts and many handles: plain edge collapses leave edges with four faces here."""
    mask = gaussian_filter(np.random.default_rng(0).random((36, 36, 36)), 2.0) > 0.503
    source = labels_of(mask.astype(np.uint8), spacing_um=(2e4, 1e4, 1e4))
    (mesh,) = extract(source, [1])
    fewer = decimated(mesh, share)
    assert fewer.n_triangles == pytest.approx(share * mesh.n_triangles, rel=0.1)
    assert (fewer.id, fewer.name, fewer.color) == (mesh.id, mesh.name, mesh.color)
    made, whole = surface(fewer), surface(mesh)
    assert_closed(made)
    assert made.volume == pytest.approx(whole.volume, rel=0.02 if share >= 0.1 else 0.2)


def test_a_ball_stays_where_it_is() -> None:
    (mesh,) = extract(labels_of(ball(31, 12.0)), [1])
    made = surface(decimated(mesh, 0.05))
    assert_closed(made)
    assert made.euler_number == 2
    assert abs(np.linalg.norm(made.vertices - 15.0, axis=1) - 12.0).max() < 0.5
    assert made.center_mass == pytest.approx([15.0, 15.0, 15.0], abs=0.05)


def test_nothing_is_decimated_to_nothing() -> None:
    (mesh,) = extract(labels_of(np.pad(np.ones((1, 1, 1), np.uint8), 2)), [1])
    assert decimated(mesh, 0.01) is mesh
    assert decimated(mesh, 1.0) is mesh


def test_boxes_along_an_edge_are_taken_apart() -> None:
    """Two boxes that share an edge, and its two vertices: each gets its own; a fold back to back goes."""
    first = trimesh.creation.box((1.0, 1.0, 1.0))
    second = first.copy()
    second.apply_translation((1.0, 1.0, 0.0))
    joined = trimesh.util.concatenate([first, second])
    joined.merge_vertices()
    assert len(joined.vertices) == 14
    assert not joined.is_watertight
    fold = [[0, 1, 9], [1, 0, 9], [3, 3, 4]]
    points, triangles = taken_apart(np.array(joined.vertices), np.vstack([joined.faces, fold]))
    made = trimesh.Trimesh(points, triangles, process=False)
    assert_closed(made)
    assert (len(points), len(triangles)) == (16, 24)
    assert made.body_count == 2
    assert made.volume == pytest.approx(2.0)
    with pytest.raises(ValueError, match="not closed"):
        taken_apart(points, triangles[1:])


def test_noise_merged_by_position_is_taken_apart() -> None:
    """Every way in which voxels touch along edges and at corners."""
    array = (np.random.default_rng(7).random((9, 9, 9)) < 0.6).astype(np.uint8)
    (mesh,) = extract(labels_of(array), [1], smooth=0)
    points, triangles = mesh.whole()
    merged, number = np.unique(points, axis=0, return_inverse=True)
    joined = trimesh.Trimesh(merged, number.reshape(-1)[triangles], process=False)
    assert not joined.is_watertight
    made = trimesh.Trimesh(*taken_apart(merged, np.array(joined.faces)), process=False)
    assert_closed(made)
    assert made.volume == pytest.approx(array.sum())
