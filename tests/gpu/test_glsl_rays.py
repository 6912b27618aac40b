"""lib/box.glsl and lib/camera.glsl against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from render.engine.layout import PARAMS
from render.gpu.context import Context
from render.scene.framing import axes
from render.state.camera import Camera

from .glsl import call
from .scenes import array_scene, plain, record_of

CLIP = "vec2 t = clip_to_box(o, safe_inverse(d), lo, hi, 0.0, 100.0); result = t;"


def boxes(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(-2, 2, (2, n, 3))
    d = rng.normal(size=(n, 3))
    return {"o": rng.uniform(-2, 2, (n, 3)), "d": d, "lo": np.minimum(a, b), "hi": np.maximum(a, b)}


def test_clip_finds_the_part_inside(gl: Context) -> None:
    arguments = {k: v.astype(np.float32) for k, v in boxes(4000).items()}
    t = call(CLIP, arguments, ["box"], result="vec2")
    o, d, lo, hi = (arguments[k].astype(np.float64) for k in ("o", "d", "lo", "hi"))
    a, b = (lo - o) / d, (hi - o) / d
    near = np.maximum(np.minimum(a, b).max(axis=1), 0.0)
    far = np.minimum(np.maximum(a, b).min(axis=1), 100.0)
    hit = near < far
    assert 200 < hit.sum() < 3800
    clear = np.abs(far - near) > 1e-4
    assert np.array_equal(t[clear, 0] < t[clear, 1], hit[clear])
    np.testing.assert_allclose(t[hit], np.stack([near, far], axis=1)[hit], rtol=2e-5, atol=2e-5)


def test_clip_along_an_axis_knows_inside_from_outside_and_is_never_nan(gl: Context) -> None:
    o = np.array([[0, 0, -2], [0, 2, -2], [-1, 0, -2], [1, 1, -2], [0, 0, 0]], np.float32)
    d = np.tile(np.array([[0, -0.0, 1]], np.float32), (5, 1))
    box = {"lo": np.full((5, 3), -1, np.float32), "hi": np.full((5, 3), 1, np.float32)}
    t = call(CLIP, {"o": o, "d": d, **box}, ["box"], result="vec2")
    assert np.isfinite(t).all()
    assert t[0].tolist() == [1, 3]
    assert t[1, 0] >= t[1, 1]
    assert t[4].tolist() == [0, 1]


def camera_record(camera: Camera, width: int, height: int) -> np.ndarray:
    scene = array_scene(np.zeros((10, 20, 40), np.uint8), spacing_um=(3.0, 1.0, 0.5))
    matrix = np.eye(4)  # world = unit space, so that the camera's own numbers can be compared
    return record_of(plain(scene, camera=camera), scene, matrix, (width, height))


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_camera_rays_go_through_the_pixels(gl: Context, projection: str) -> None:
    width, height = 40, 30
    camera = Camera(
        position=(3.0, -2.0, 5.0), focal_point=(0.5, 1.0, -1.0), view_up=(0.1, 0.9, 0.2), view_angle=50.0,
        projection=projection, parallel_scale=1.5,
    )  # fmt: skip
    x, y = (c.ravel() for c in np.meshgrid(np.arange(width), np.arange(height)))
    pixel = np.stack([x, y], axis=1).astype(np.uint32)
    middle = np.full((len(pixel), 4), 0.5, np.float32)
    record = camera_record(camera, width, height)
    arguments = {"pixel": pixel, "u": middle}
    o = call("vec3 o, d; camera_ray(pixel, u, o, d); result = o;", arguments, ["camera"], result="vec3",
             params=record)  # fmt: skip
    d = call("vec3 o, d; camera_ray(pixel, u, o, d); result = d;", arguments, ["camera"], result="vec3",
             params=record)  # fmt: skip
    forward, right, up = axes(camera)
    half = np.tan(np.radians(25.0)) if projection == "perspective" else 1.5
    # Pixel (0, 0) is at the top left; a pixel is as wide as it is high.
    sideways = ((x + 0.5) - width / 2) / (height / 2) * half
    upwards = -((y + 0.5) - height / 2) / (height / 2) * half
    across = sideways[:, None] * right + upwards[:, None] * up
    if projection == "perspective":
        expected = forward + across
        np.testing.assert_allclose(o, np.tile(camera.position, (len(pixel), 1)), atol=1e-6)
        np.testing.assert_allclose(d, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=2e-6)
    else:
        np.testing.assert_allclose(o, np.asarray(camera.position) + across, atol=1e-5)
        np.testing.assert_allclose(d, np.tile(forward, (len(pixel), 1)), atol=1e-6)


def test_positions_in_a_pixel_follow_a_tent(gl: Context) -> None:
    u = np.random.default_rng(3).random(20_000).astype(np.float32)
    at = call("result = tent(u);", {"u": u}, ["camera"], result="float", params=PARAMS.array(1))
    assert stats.kstest(at, stats.triang(0.5, loc=-1, scale=2).cdf).pvalue > 1e-3
    ends = call("result = tent(u);", {"u": np.array([0, 0.5, 1 - 2**-24], np.float32)}, ["camera"],
                result="float", params=PARAMS.array(1))  # fmt: skip
    assert ends[0] == -1
    assert ends[1] == 0
    assert 0.99 < ends[2] <= 1
