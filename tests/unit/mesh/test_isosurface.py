"""Isosurfaces of images, against analytic shapes and scikit-image's marching cubes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import trimesh
from scipy.ndimage import gaussian_filter
from skimage.measure import marching_cubes

from render.errors import UsageError
from render.mesh import extract_isosurface
from render.source.base import ChannelInfo
from render.source.memory import MemorySource

from .surfaces import assert_closed, corners, grid, labels_of, surface


def test_a_ball_is_round_to_a_part_of_a_voxel() -> None:
    radius = 14.3
    field = radius - np.sqrt((grid(36) ** 2).sum(axis=0)).astype(np.float32)
    source = MemorySource(
        field, spacing_um=(0.5, 0.5, 0.5), channels=(ChannelInfo(name="dapi", color=(0.0, 0.0, 1.0)),)
    )
    mesh = extract_isosurface(source, 0, 0.0)
    made = surface(mesh)
    assert_closed(made)
    assert (mesh.id, mesh.name, mesh.color) == (None, "dapi at 0", (0.0, 0.0, 1.0, 1.0))
    distance = np.linalg.norm(made.vertices - 8.75, axis=1) / 0.5
    assert abs(distance - radius).max() < 0.05
    assert made.volume == pytest.approx(4.0 / 3.0 * math.pi * (radius / 2) ** 3, rel=0.01)
    assert made.area == pytest.approx(4.0 * math.pi * (radius / 2) ** 2, rel=0.005)
    assert made.euler_number == 2


def test_noise_agrees_with_marching_cubes() -> None:
    field = np.random.default_rng(2).normal(size=(14, 13, 12)).astype(np.float32)
    field[0] = field[-1] = field[:, 0] = field[:, -1] = field[:, :, 0] = field[:, :, -1] = -1.0
    made = surface(extract_isosurface(MemorySource(field, spacing_um=(1.0, 1.0, 1.0)), 0, 0.3))
    assert_closed(made)
    points, faces, _, _ = marching_cubes(field, 0.3, method="lorensen")
    reference = trimesh.Trimesh(points, faces, process=True)
    assert reference.is_watertight
    assert made.euler_number == reference.euler_number
    assert made.body_count == reference.body_count


def test_smooth_fields_have_the_volume_of_marching_cubes() -> None:
    field = gaussian_filter(np.random.default_rng(2).normal(size=(30, 32, 34)), 2.5)
    field[0] = field[-1] = field[:, 0] = field[:, -1] = field[:, :, 0] = field[:, :, -1] = -1.0
    made = surface(extract_isosurface(MemorySource(field, spacing_um=(3.0, 2.0, 1.0)), 0, 0.02))
    points, faces, _, _ = marching_cubes(field, 0.02, spacing=(3.0, 2.0, 1.0))
    reference = trimesh.Trimesh(points, faces)
    assert made.volume == pytest.approx(abs(reference.volume), rel=0.01)
    assert made.area == pytest.approx(reference.area, rel=0.03)


def test_blocks_give_the_surface_of_one_go() -> None:
    field = np.random.default_rng(4).integers(0, 9, (17, 19, 18)).astype(np.int16)
    source = MemorySource(field, spacing_um=(2.0, 1.0, 1.0))
    whole = extract_isosurface(source, 0, 4.5)
    cut = extract_isosurface(source, 0, 4.5, block_vox=7)
    assert np.array_equal(corners(whole), corners(cut))
    assert_closed(surface(cut))


def test_plateaus_and_what_is_no_number() -> None:
    """Values at the isovalue are inside and leave no triangle without area; NaN and infinity interpolate nothing."""
    field = np.zeros((9, 9, 9))
    field[2:7, 2:7, 2:7] = 5.0
    field[4, 4, 4] = np.nan
    field[3, 3, 6] = np.inf
    made = surface(extract_isosurface(MemorySource(field), 0, 5.0))
    assert_closed(made)
    assert made.body_count == 2
    assert np.isfinite(made.vertices).all()
    assert made.area_faces.min() > 1e-9
    far = surface(extract_isosurface(MemorySource(np.full((3, 4, 5), 7, np.uint8)), 0, 7.0))
    assert far.bounds.tolist() == [[-0.5, -0.5, -0.5], [4.5, 3.5, 2.5]]


def test_what_cannot_be_is_said() -> None:
    source = MemorySource(np.zeros((3, 3, 3), np.float32))
    with pytest.raises(UsageError, match="no channel 1"):
        extract_isosurface(source, 1, 0.0)
    with pytest.raises(UsageError, match="isovalue of nan"):
        extract_isosurface(source, 0, math.nan)
    with pytest.raises(UsageError, match="holds labels"):
        extract_isosurface(labels_of(np.zeros((3, 3, 3), np.uint8)), 0, 0.5)
    assert extract_isosurface(source, 0, 1.0).n_triangles == 0
