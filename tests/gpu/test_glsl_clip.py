"""lib/clip.glsl against half spaces by numpy, and the block of planes against what the compiler reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.engine.slices import PLANES_BINDING, n_channels, planes_declaration, planes_record
from render.gpu.buffer import Buffer
from render.gpu.context import Context
from render.scene.open import Scene
from render.state.clip import ClipPlane, CropBox, SlicePlane, Slices
from render.state.layer import Channel
from render.state.rendering import Rendering
from render.state.view import Display, ViewState

from .glsl import call
from .scenes import array_scene, plain


def with_planes(scene: Scene, body: str, arguments: dict[str, NDArray], record: NDArray, result: str) -> NDArray:
    buffer = Buffer.of(record)
    buffer.bind_uniform(PLANES_BINDING)
    answer = call(body, arguments, ["clip"], result=result, head=planes_declaration(scene))
    buffer.close()
    return answer


def record_of(scene: Scene, state: ViewState) -> NDArray:
    return planes_record(state, scene, np.eye(4))


def rays(n: int, seed: int = 1) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    d = rng.normal(size=(n, 3))
    return rng.uniform(-2, 2, (n, 3)).astype(np.float32), (d / np.linalg.norm(d, axis=1, keepdims=True)).astype("f4")


def random_planes(n: int, seed: int) -> tuple[ClipPlane, ...]:
    """Planes of all directions around the origin, which they keep."""
    rng = np.random.default_rng(seed)
    planes = []
    for _ in range(n):
        point, normal = rng.uniform(-1, 1, 3), rng.normal(size=3) * rng.uniform(0.1, 30)
        planes.append(ClipPlane(point=tuple(point), normal=tuple(normal * np.sign(normal @ point))))
    return tuple(planes)


SCENE_ARRAY = np.zeros((4, 4, 4), np.uint8)
BODY = "result = clip_to_planes(o, d, vec2(0.0, 5.0));"


def test_what_is_kept_is_what_all_half_spaces_keep(gl: Context) -> None:
    scene = array_scene(SCENE_ARRAY)
    o, d = rays(2000)
    t = (np.arange(4000) + 0.5) / 4000 * 5.0
    points = o[:, None].astype(float) + d[:, None].astype(float) * t[:, None]
    for seed, n in ((1, 1), (2, 3), (3, 16)):
        planes = random_planes(n, seed)
        got = with_planes(scene, BODY, {"o": o, "d": d}, record_of(scene, plain(scene, clip_planes=planes)), "vec2")
        kept = np.ones(points.shape[:2], bool)
        for plane in planes:
            kept &= (points - np.array(plane.point)) @ np.array(plane.normal) <= 0
        share = np.where(got[:, 0] < got[:, 1], got[:, 1] - got[:, 0], 0.0)
        expected = kept.mean(axis=1) * 5.0
        assert expected.max() > 0.5
        np.testing.assert_allclose(share, expected, atol=0.004)
        inside = (t > got[:, :1]) & (t < got[:, 1:])
        near_an_end = (np.abs(t - got[:, :1]) < 2e-3) | (np.abs(t - got[:, 1:]) < 2e-3)
        assert np.array_equal(inside | near_an_end, kept | near_an_end)


def test_a_ray_along_a_plane_is_kept_whole_or_not_at_all(gl: Context) -> None:
    scene = array_scene(SCENE_ARRAY)
    record = record_of(scene, plain(scene, clip_planes=(ClipPlane(point=(0, 0, 1), normal=(0, 0, 2)),)))
    o = np.array([[0, 0, 0.9], [0, 0, 1.0], [0, 0, 1.1], [0, 0, 0]], np.float32)
    d = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    got = with_planes(scene, BODY, {"o": o, "d": d}, record, "vec2")
    assert got[0].tolist() == got[1].tolist() == [0, 5]
    assert got[2, 0] >= got[2, 1]
    assert got[3].tolist() == [0, 1]


def test_planes_that_leave_nothing_and_planes_that_are_off(gl: Context) -> None:
    scene = array_scene(SCENE_ARRAY)
    o, d = rays(500, 7)
    apart = (ClipPlane(point=(1, 0, 0), normal=(-1, 0, 0)), ClipPlane(point=(-1, 0, 0), normal=(1, 0, 0)))
    got = with_planes(scene, BODY, {"o": o, "d": d}, record_of(scene, plain(scene, clip_planes=apart)), "vec2")
    assert (got[:, 0] >= got[:, 1]).all()
    hidden = tuple(plane.model_copy(update={"visible": False}) for plane in apart)
    got = with_planes(scene, BODY, {"o": o, "d": d}, record_of(scene, plain(scene, clip_planes=hidden)), "vec2")
    assert (got == [0, 5]).all()


def test_the_block_arrives_whole(gl: Context) -> None:
    """Numbers at its beginning, in its middle and at its end, as the shader sees them."""
    scene = array_scene(np.zeros((3, 4, 4, 4), np.uint8))
    channel = Channel(color=(0.25, 0.5, 0.75), window=(0.0, 255.0), isovalue=102.0, clipped=False)
    state = plain(
        scene,
        channel=channel,
        clip_planes=random_planes(16, 5),
        slices=Slices(x=0.25, z=1.0, planes=(SlicePlane(point=(1, 2, 3), normal=(0, 3, 4)),) * 16),
        crop=CropBox(),
        display=Display(exposure=2.0),
        rendering=Rendering(step_vox=0.75, mixing="additive", interpolation="nearest"),
    )
    record = record_of(scene, state)
    assert n_channels(scene) == 3
    one = {"i": np.arange(1)}
    ints = ("clip_count", "slice_count", "nearest", "mixing")
    body = f"result = vec4({', '.join('scene_planes.' + name for name in ints)});"
    assert with_planes(scene, body, one, record, "vec4")[0].tolist() == [16, 18, 1, 2]
    body = "result = vec4(scene_planes.step_vox, scene_planes.unexposed, scene_planes.unclipped, i);"
    assert with_planes(scene, body, one, record, "vec4")[0].tolist() == [0.75, 0.25, 1, 0]
    got = with_planes(scene, "result = scene_planes.slices[i];", {"i": np.arange(18)}, record, "vec4")
    # The box is -0.5 .. 3.5; the world is unit space here.
    np.testing.assert_allclose(got[0], [1, 0, 0, 0.5])
    np.testing.assert_allclose(got[1], [0, 0, 1, 3.5])
    np.testing.assert_allclose(got[17], [0, 0.6, 0.8, 0.6 * 2 + 0.8 * 3], rtol=1e-6)
    body = "result = vec4(scene_planes.shown[i].color.xyz, scene_planes.shown[i].isovalue);"
    got = with_planes(scene, body, {"i": np.arange(3)}, record, "vec4")
    np.testing.assert_allclose(got, [[0.25, 0.5, 0.75, 0.4]] * 3, rtol=1e-6)
    body = "result = vec4(scene_planes.shown[i].color.w, scene_planes.shown[i].clipped, scene_planes.clip[15].w, 0);"
    got = with_planes(scene, body, {"i": np.arange(3)}, record, "vec4")
    np.testing.assert_allclose(got, [[1, 0, record[0]["clip"][15][3], 0]] * 3, rtol=1e-6)
