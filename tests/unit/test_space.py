"""Spaces and boxes."""

from __future__ import annotations

import numpy as np
import pytest

from render.space import Box, affine, apply, grid_box, spacing_um


def turned() -> np.ndarray:
    a = 0.3
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def test_affine_puts_the_first_voxel_at_the_origin_and_steps_along_the_axes() -> None:
    matrix = affine((0.5, 1.0, 2.0), (10.0, 20.0, 30.0), turned())
    assert apply(matrix, np.zeros(3)) == pytest.approx([10, 20, 30])
    for axis, step in enumerate((0.5, 1.0, 2.0)):
        moved = apply(matrix, np.eye(3)[axis]) - apply(matrix, np.zeros(3))
        assert moved == pytest.approx(turned()[:, axis] * step)
    assert spacing_um(matrix) == pytest.approx((0.5, 1.0, 2.0))


def test_apply_maps_many_points_as_one_by_one() -> None:
    matrix = affine((0.5, 1.0, 2.0), (10.0, 20.0, 30.0), turned())
    points = np.random.default_rng(0).normal(size=(4, 5, 3))
    mapped = apply(matrix, points)
    for index in np.ndindex(4, 5):
        assert mapped[index] == pytest.approx((matrix @ [*points[index], 1.0])[:3])


def test_grid_box_reaches_the_outer_faces() -> None:
    box = grid_box((2, 3, 4), affine((0.5, 1.0, 2.0)))
    assert box.lo == pytest.approx((-0.25, -0.5, -1.0))
    assert box.hi == pytest.approx((1.75, 2.5, 3.0))


def test_grid_box_of_a_turned_grid_holds_all_its_corners_and_no_more() -> None:
    matrix = affine((0.5, 1.0, 2.0), (3.0, 0.0, 0.0), turned())
    box = grid_box((2, 3, 4), matrix)
    faces = np.array([[x, y, z] for x in (-0.5, 3.5) for y in (-0.5, 2.5) for z in (-0.5, 1.5)])
    world = faces @ matrix[:3, :3].T + matrix[:3, 3]
    assert box.lo == pytest.approx(world.min(axis=0))
    assert box.hi == pytest.approx(world.max(axis=0))


def test_boxes() -> None:
    a, b = Box((0, 0, 0), (1, 2, 3)), Box((-1, 1, 1), (0.5, 5, 2))
    assert a.union(b) == Box((-1, 0, 0), (1, 5, 3))
    assert a.union(b) == b.union(a)
    assert a.size == pytest.approx([1, 2, 3])
    assert a.centre == pytest.approx([0.5, 1, 1.5])
    assert a.largest == 3
