"""Views by name, framing without turning, projections that match, and the two eyes of a stereo picture."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from render.errors import UsageError
from render.scene.framing import (
    VIEWS,
    StereoEye,
    axes,
    corners,
    frame_all,
    named_view,
    stereo_cameras,
    with_projection,
)
from render.space import Box
from render.state.camera import Camera

from .test_framing import cloud, projected

POINTS = corners(Box((-3.0, 10.0, 100.0), (5.0, 14.0, 130.0)))
START = Camera(
    position=(300.0, -50.0, 20.0), view_up=(0.2, 0.1, 1.0), view_angle=40.0, aperture=2.0, focus_distance=7.0
)

# Of each view: from which side it looks (the sign of an axis), then which way world x, y, z run in it: right, up,
# or towards the eye (0 means the axis points along the view).
FROM = {
    "image": {
        "front": "-z", "back": "+z", "left": "-x", "right": "+x", "top": "-y", "bottom": "+y",
    },
    "anatomical": {
        "front": "-y", "back": "+y", "left": "+x", "right": "-x", "top": "+z", "bottom": "-z",
    },
}  # fmt: skip
RIGHT_AND_UP = {
    "image": {
        # As in a slice viewer: x right, y down. The block rolled about its edges for the rest.
        "front": ("+x", "-y"), "back": ("-x", "-y"), "left": ("-z", "-y"), "right": ("+z", "-y"),
        "top": ("+x", "+z"), "bottom": ("+x", "-z"),
    },
    "anatomical": {
        # LPS: +x is the patient's left. From the front it is on the right; in a view from below too (radiological).
        "front": ("+x", "+z"), "back": ("-x", "+z"), "left": ("+y", "+z"), "right": ("-y", "+z"),
        "top": ("-x", "-y"), "bottom": ("+x", "-y"),
    },
}  # fmt: skip
CASES = list(itertools.product(("image", "anatomical"), VIEWS))


def axis(text: str) -> NDArray[np.float64]:
    return np.eye(3)["xyz".index(text[1])] * (1.0 if text[0] == "+" else -1.0)


@pytest.mark.parametrize(("orientation", "name"), CASES)
def test_named_views_look_from_the_side_that_they_name(orientation: str, name: str) -> None:
    camera = named_view(START, POINTS, name, orientation)
    forward, right, up = axes(camera)
    assert forward == pytest.approx(-axis(FROM[orientation][name]))
    said_right, said_up = RIGHT_AND_UP[orientation][name]
    assert right == pytest.approx(axis(said_right))
    assert up == pytest.approx(axis(said_up))


@pytest.mark.parametrize(("orientation", "name"), CASES)
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_named_views_show_everything_and_keep_the_lens(orientation: str, name: str, projection: str) -> None:
    start = with_projection(START, projection)
    camera = named_view(start, POINTS, name, orientation, aspect=1.5)
    Camera.model_validate(camera.model_dump())
    seen = projected(camera, POINTS)
    assert (seen[:, 2] > 0).all()
    widest = max(np.abs(seen[:, 0]).max() / 1.5, np.abs(seen[:, 1]).max())
    assert 0.8 < widest <= 1.0
    assert (camera.view_angle, camera.projection, camera.aperture) == (40.0, projection, 2.0)
    assert camera.focus_distance is None


def test_opposite_views_are_mirror_images_of_a_symmetric_thing() -> None:
    for one, other in (("front", "back"), ("left", "right"), ("top", "bottom")):
        for orientation in ("image", "anatomical"):
            a, b = (named_view(START, POINTS, name, orientation) for name in (one, other))
            assert a.distance == pytest.approx(b.distance)
            assert axes(a)[0] == pytest.approx(-axes(b)[0])


def test_a_view_that_has_no_name_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no view 'inside'; the views are front, back"):
        named_view(START, POINTS, "inside", "image")


def test_named_view_of_one_point_is_a_valid_camera() -> None:
    for name in VIEWS:
        camera = named_view(Camera(), np.full((1, 3), 1e6), name, "anatomical")
        Camera.model_validate(camera.model_dump())


@pytest.mark.parametrize("seed", range(4))
def test_frame_all_keeps_the_direction_and_shows_all(seed: int) -> None:
    points = cloud(seed)
    camera = frame_all(START, points, aspect=0.7)
    for before, after in zip(axes(START), axes(camera), strict=True):
        assert after == pytest.approx(before, abs=1e-12)
    seen = projected(camera, points)
    assert (seen[:, 2] > 0).all()
    assert max(np.abs(seen[:, 0]).max() / 0.7, np.abs(seen[:, 1]).max()) <= 1.0


def test_frame_all_twice_changes_nothing() -> None:
    once = frame_all(START, POINTS)
    twice = frame_all(once, POINTS)
    assert twice.position == pytest.approx(once.position)
    assert twice.focal_point == pytest.approx(once.focal_point)


@pytest.mark.parametrize("first", ["perspective", "orthographic"])
def test_projections_agree_at_the_focal_plane(first: str) -> None:
    start = Camera(
        position=(1.0, 2.0, -30.0), focal_point=(0.0, 1.0, 3.0), view_angle=25.0, parallel_scale=4.0, projection=first
    )
    other = with_projection(start, "orthographic" if first == "perspective" else "perspective")
    _, right, up = axes(start)
    on_plane = np.asarray(start.focal_point) + np.array([[1.0, 0.5], [-2.0, 1.5], [0.0, -3.0]]) @ np.stack([right, up])
    assert other.projection != start.projection
    assert projected(other, on_plane)[:, :2] == pytest.approx(projected(start, on_plane)[:, :2])
    assert axes(other)[0] == pytest.approx(axes(start)[0])
    back = with_projection(other, start.projection)
    # Each projection's own measure comes back; the other one's followed.
    if first == "orthographic":
        assert back.parallel_scale == pytest.approx(start.parallel_scale)
    else:
        assert back.position == pytest.approx(start.position)
    assert with_projection(start, start.projection) is start


def through_eye(eye: StereoEye, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(x, y) of points in an eye's picture, in units of the distance: the ray to p is forward + (x + shift) right."""
    forward, right, up = axes(eye.camera)
    to = points - np.asarray(eye.camera.position)
    depth = to @ forward
    if eye.camera.projection == "orthographic":
        scale = eye.camera.distance
        return np.stack([(to @ right - depth * eye.shift) / scale, to @ up / scale], axis=1)
    return np.stack([to @ right / depth - eye.shift, to @ up / depth], axis=1)


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_both_eyes_agree_on_the_focal_plane_and_nowhere_else(projection: str) -> None:
    camera = Camera(
        position=(4.0, 1.0, -20.0), focal_point=(0.0, 2.0, 5.0), projection=projection, stereo="side_by_side",
        eye_separation=0.1,
    )  # fmt: skip
    left, right = stereo_cameras(camera)
    forward, across, up = axes(camera)
    middle = StereoEye(camera, 0.0)
    plane = np.asarray(camera.focal_point) + np.array([[0.0, 0.0], [3.0, -1.0], [-2.0, 4.0]]) @ np.stack([across, up])
    for eye in (left, right):
        assert through_eye(eye, plane) == pytest.approx(through_eye(middle, plane), abs=1e-12)
        assert eye.camera.stereo == "off"
        assert axes(eye.camera)[0] == pytest.approx(forward)
    for beyond, sign in ((-5.0, 1.0), (5.0, -1.0)):
        moved = plane + beyond * forward
        a, b = through_eye(left, moved), through_eye(right, moved)
        # What is nearer lies further right for the left eye; heights are the same for both.
        assert (np.sign(a[:, 0] - b[:, 0]) == sign).all()
        assert a[:, 1] == pytest.approx(b[:, 1])


def test_the_eyes_are_as_far_apart_as_is_said() -> None:
    camera = Camera(position=(0.0, 0.0, -60.0), eye_separation=1 / 30)
    left, right = stereo_cameras(camera)
    apart = np.subtract(right.camera.position, left.camera.position)
    assert math.hypot(*apart) == pytest.approx(2.0)
    assert apart @ axes(camera)[1] == pytest.approx(2.0)
    # Disparity of what is infinitely far, in units of the distance: the eyes' separation.
    assert left.shift - right.shift == pytest.approx(1 / 30)
