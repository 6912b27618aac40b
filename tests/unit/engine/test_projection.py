"""The projection of guides against matrices as any OpenGL textbook has them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.engine.projection import Projection, projections
from render.scene.framing import corners
from render.space import Box
from render.state.camera import Camera

BOX = Box((-3.0, -1.0, -2.0), (4.0, 5.0, 1.0))


def by_matrices(camera: Camera, points: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """gluLookAt, then gluPerspective or glOrtho, then the viewport; y down."""
    eye, at = np.array(camera.position), np.array(camera.focal_point)
    f = (at - eye) / np.linalg.norm(at - eye)
    s = np.cross(f, camera.view_up)
    s /= np.linalg.norm(s)
    view = np.eye(4)
    view[:3, :3] = [s, np.cross(s, f), -f]
    view[:3, 3] = -view[:3, :3] @ eye
    near, far, aspect = 0.1, 1000.0, width / height
    if camera.projection == "perspective":
        c = 1 / math.tan(math.radians(camera.view_angle) / 2)
        clip = np.array(
            [[c / aspect, 0, 0, 0], [0, c, 0, 0],
             [0, 0, (far + near) / (near - far), 2 * far * near / (near - far)], [0, 0, -1, 0]]
        )  # fmt: skip
    else:
        h = camera.parallel_scale
        clip = np.diag([1 / (h * aspect), 1 / h, -2 / (far - near), 1])
    out = np.c_[points, np.ones(len(points))] @ (clip @ view).T
    ndc = out[:, :2] / out[:, 3:]
    return np.stack([(ndc[:, 0] + 1) / 2 * width, (1 - ndc[:, 1]) / 2 * height], axis=1)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    """Cameras all around the box, outside of it."""
    azimuth, height = draw(st.floats(0, 6.28)), draw(st.floats(-0.9, 0.9))
    direction = np.array(
        [math.cos(azimuth) * math.sqrt(1 - height**2), math.sin(azimuth) * math.sqrt(1 - height**2), height]
    )
    x, y, z = direction * draw(st.floats(9, 60))
    return Camera(
        position=(x, y, z), focal_point=(0.3, 0.2, -0.1), view_up=(0.1, 0.05, 1.0),
        view_angle=draw(st.floats(10, 90)), parallel_scale=draw(st.floats(1, 20)),
        projection=draw(st.sampled_from(["perspective", "orthographic"])),
    )  # fmt: skip


@given(cameras(), st.integers(16, 2000), st.integers(16, 2000))
def test_corners_are_where_matrices_put_them(camera: Camera, width: int, height: int) -> None:
    (projection,) = projections(camera, (width, height))
    points = corners(BOX)
    np.testing.assert_allclose(
        projection.pixels(points), by_matrices(camera, points, width, height), rtol=1e-9, atol=1e-6 * max(width, height)
    )


@given(cameras())
def test_faces_that_are_seen(camera: Camera) -> None:
    """A face's corners run counterclockwise in the picture if and only if it is seen from outside."""
    (projection,) = projections(camera, (640, 480))
    for axis in range(3):
        for side in (0, 1):
            p, q = (axis + 1) % 3, (axis + 2) % 3
            if side == 0:
                p, q = q, p
            around = np.tile([BOX.lo[0], BOX.lo[1], BOX.lo[2]], (4, 1)).astype(float)
            around[:, axis] = (BOX.lo, BOX.hi)[side][axis]
            around[1:3, p] = BOX.hi[p]
            around[2:4, q] = BOX.hi[q]
            x, y = by_matrices(camera, around, 640, 480).T
            area = float(np.sum(x * np.roll(-y, -1) - np.roll(x, -1) * -y))
            if abs(area) < 1e-3:
                continue
            normal = np.zeros(3)
            normal[axis] = 2 * side - 1
            assert projection.sees_face(normal, around[0]) == (area > 0)


@pytest.mark.parametrize("kind", ["perspective", "orthographic"])
def test_a_stereo_pair_agrees_in_the_focal_plane_and_nowhere_else(kind: str) -> None:
    camera = Camera(
        position=(0, 0, -10), focal_point=(0, 0, 0), view_up=(0, -1, 0), view_angle=40, parallel_scale=4,
        projection=kind, stereo="side_by_side", eye_separation=0.1,
    )  # fmt: skip
    left, right = projections(camera, (800, 300))
    assert left.viewport == (0, 0, 400, 300)
    assert right.viewport == (400, 0, 400, 300)
    points = np.array([[0.5, 0.7, 0.0], [0.5, 0.7, -3.0], [0.5, 0.7, 3.0]])
    disparity = left.pixels(points)[:, 0] - (right.pixels(points)[:, 0] - 400)
    # Nearer things lie further to the right for the left eye.
    assert disparity[0] == pytest.approx(0, abs=1e-9)
    assert disparity[1] > 1
    assert disparity[2] < -1
    np.testing.assert_allclose(left.pixels(points)[:, 1], right.pixels(points)[:, 1])
    plain = Projection.of(camera, (0, 0, 400, 300))
    assert left.pixels(points[:1])[0] == pytest.approx(plain.pixels(points[:1])[0])
    assert left.px_per_um == pytest.approx(plain.px_per_um)


def test_what_is_behind_the_eye_is_cut_off() -> None:
    camera = Camera(position=(0, 0, 0), focal_point=(0, 0, 10), view_up=(0, -1, 0))
    (projection,) = projections(camera, (100, 100))
    a = np.array([[1.0, 0.0, -5.0], [1.0, 0.0, -5.0], [1.0, 0.0, 5.0]])
    b = np.array([[1.0, 0.0, 5.0], [1.0, 0.0, -2.0], [1.0, 0.0, 9.0]])
    start, end, shown = projection.clipped(a, b)
    assert shown.tolist() == [True, False, True]
    assert projection.depth(start)[0] == pytest.approx(0.01)
    assert end[0].tolist() == [1.0, 0.0, 5.0]
    assert start[2].tolist() == a[2].tolist()
    assert not projection.in_front(a)
    assert projection.in_front(b[[0, 2]])
