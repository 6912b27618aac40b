"""Where the camera stands: everything in view, the picture filled, up where it belongs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.scene.framing import axes, corners, default_camera, fit, orbit, zoom
from render.space import Box
from render.state.camera import Camera

coordinate = st.floats(-1e4, 1e4)
point = st.tuples(coordinate, coordinate, coordinate)


def projected(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(right, up) in halves of the picture's height, by homogeneous coordinates; depth in the last column."""
    forward = np.subtract(camera.focal_point, camera.position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, camera.view_up)
    right /= np.linalg.norm(right)
    view = np.stack([right, np.cross(right, forward), forward])
    eye = (points - np.asarray(camera.position)) @ view.T
    if camera.projection == "orthographic":
        return np.column_stack([eye[:, :2] / camera.parallel_scale, eye[:, 2]])
    return np.column_stack([eye[:, :2] / eye[:, 2:] / math.tan(math.radians(camera.view_angle) / 2), eye[:, 2]])


def cloud(seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(300, 3)) * rng.uniform(0.1, 50, 3) + rng.normal(size=3) * 1000


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("aspect", [4 / 3, 0.5, 2.5])
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_fit_shows_all_points_and_fills_the_picture(seed: int, aspect: float, projection: str) -> None:
    points = cloud(seed)
    start = Camera(position=(3.0, -5.0, 2.0), view_up=(0.2, 0.1, 1.0), view_angle=40.0, projection=projection)
    seen = projected(fit(start, points, aspect, margin=1.1), points)
    assert (seen[:, 2] > 0).all()
    widest = max(np.abs(seen[:, 0]).max() / aspect, np.abs(seen[:, 1]).max())
    if projection == "orthographic":
        assert widest == pytest.approx(1 / 1.1)
    else:
        # The margin is kept where a point is; in perspective what is nearer or farther needs a little less of it.
        assert 0.8 < widest <= 1.0


def test_fit_turns_neither_the_view_nor_the_projection() -> None:
    start = Camera(position=(3.0, -5.0, 2.0), view_up=(0.2, 0.1, 1.0), view_angle=40.0)
    done = fit(start, cloud(1))
    assert np.allclose(axes(done), axes(start))
    assert (done.view_up, done.view_angle, done.projection) == (start.view_up, start.view_angle, start.projection)


def test_fit_of_one_point_leaves_the_camera_valid() -> None:
    camera = fit(Camera(), np.array([[5.0, 5.0, 5.0]]))
    Camera.model_validate(camera.model_dump())


def test_points_that_are_one_to_a_camera_leave_it_valid() -> None:
    camera = default_camera(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.6168153297411086e-244]]), "image")
    Camera.model_validate(camera.model_dump())


@settings(max_examples=60)
@given(st.lists(point, min_size=2, max_size=12, unique=True), st.sampled_from(["image", "anatomical"]))
def test_default_camera_sees_everything(points: list[tuple[float, float, float]], orientation: str) -> None:
    cloud_ = np.array(points)
    camera = default_camera(cloud_, orientation)
    Camera.model_validate(camera.model_dump())
    if float(np.ptp(cloud_, axis=0).max()) < 1e-3:
        return
    seen = projected(camera, cloud_)
    assert (seen[:, 2] > 0).all()
    assert np.abs(seen[:, 0]).max() <= 4 / 3 + 1e-6
    assert np.abs(seen[:, 1]).max() <= 1 + 1e-6


@pytest.mark.parametrize(
    ("orientation", "to_the_right", "down"),
    # As in a slice viewer: x to the right, y down. From the front: the patient's left on the right, the feet down.
    [("image", (1, 0, 0), (0, 1, 0)), ("anatomical", (1, 0, 0), (0, 0, -1))],
)
def test_default_camera_has_the_axes_where_people_expect_them(
    orientation: str, to_the_right: tuple[int, int, int], down: tuple[int, int, int]
) -> None:
    points = corners(Box((0, 0, 0), (10, 10, 10)))
    camera = default_camera(points, orientation)
    middle = np.array([[5.0, 5.0, 5.0]])
    right, below = (
        projected(camera, middle + np.array(step)) - projected(camera, middle) for step in (to_the_right, down)
    )
    assert right[0, 0] > 0.05
    assert abs(right[0, 0]) > abs(right[0, 1])
    assert below[0, 1] < -0.05
    assert abs(below[0, 1]) > abs(below[0, 0])
    # What is left is away from the eye: no mirror image.
    away = projected(camera, middle + np.cross(to_the_right, down)) - projected(camera, middle)
    assert away[0, 2] > 0


def test_axes_are_orthonormal_and_right_handed() -> None:
    forward, right, up = axes(Camera(position=(1.0, 2.0, 3.0), focal_point=(-4.0, 1.0, 0.5), view_up=(0.3, 1.0, 0.1)))
    frame = np.stack([right, up, -forward])
    assert np.allclose(frame @ frame.T, np.eye(3))
    assert np.linalg.det(frame) == pytest.approx(1.0)
    assert up @ np.array([0.3, 1.0, 0.1]) > 0


def test_corners_are_eight() -> None:
    assert {tuple(c) for c in corners(Box((0, 1, 2), (3, 4, 5)))} == {
        (x, y, z) for x in (0, 3) for y in (1, 4) for z in (2, 5)
    }


@given(st.floats(-180, 180), st.floats(-60, 60))
def test_orbit_keeps_distance_and_goes_where_it_says(azimuth: float, elevation: float) -> None:
    start = Camera(position=(0.0, 0.0, 10.0), focal_point=(0.0, 0.0, 0.0), view_up=(0.0, 1.0, 0.0))
    turned = orbit(start, azimuth, elevation)
    assert turned.distance == pytest.approx(10.0)
    a, e = math.radians(azimuth), math.radians(elevation)
    expected = (10 * math.sin(a) * math.cos(e), 10 * math.sin(e), 10 * math.cos(a) * math.cos(e))
    assert turned.position == pytest.approx(expected, abs=1e-9)


def test_orbit_to_the_right_shows_the_right_side() -> None:
    """To the eye's right: from +z with y up that is +x."""
    start = Camera(position=(0.0, 0.0, 10.0), focal_point=(0.0, 0.0, 0.0), view_up=(0.0, 1.0, 0.0))
    _, right, _ = axes(start)
    assert np.asarray(orbit(start, 20, 0).position) @ right > 0


@given(st.floats(-1000, 1000))
def test_orbit_never_goes_over_the_pole(elevation: float) -> None:
    start = Camera(position=(0.0, 0.0, 10.0), focal_point=(0.0, 0.0, 0.0), view_up=(0.0, 1.0, 0.0))
    turned = orbit(start, 0, elevation)
    Camera.model_validate(turned.model_dump())
    assert abs(math.degrees(math.asin(turned.position[1] / 10))) <= 89.9 + 1e-6
    assert abs(turned.position[0]) < 1e-6


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_zoom_enlarges_what_is_at_the_focal_point(projection: str) -> None:
    start = Camera(position=(0.0, 0.0, -10.0), projection=projection, parallel_scale=4.0)
    near = np.array([[0.5, 0.3, 0.0]])
    before, after = projected(start, near), projected(zoom(start, 2.0), near)
    assert after[0, :2] == pytest.approx(2 * before[0, :2])
