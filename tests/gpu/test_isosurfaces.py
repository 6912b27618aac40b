"""Isosurfaces of analytic fields: where rays meet them, which way they face, and what lies behind glass."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from render.engine.look import Look
from render.engine.resident import ResidentScene
from render.engine.slices import PLANES_BINDING, planes_declaration, planes_record
from render.gpu.buffer import Buffer
from render.gpu.context import Context
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import ClipPlane, CropBox
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.light import Lighting, RectangleLight, Sky
from render.state.rendering import Rendering
from render.state.view import ViewState

from .conftest import Draw
from .glsl import call
from .scenes import WHITE_SKY, along, array_scene, plain, scene_of

ISO = Rendering(mode="isosurface")
N = 48
MIDDLE = 23.0  # the centre of a voxel: along the axes through it the field is linear


def distance_field(centre: tuple[float, float, float], n: int = N) -> NDArray[np.float32]:
    """Minus the distance from `centre` (x, y, z), so that the inside is above an isovalue."""
    z, y, x = np.meshgrid(*(np.arange(n, dtype=float),) * 3, indexing="ij")
    return -np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2).astype(np.float32)


def drawn(draw: Draw, scene: Scene, state: ViewState, size: int = 4, samples: int = 1) -> tuple[NDArray, NDArray]:
    """Mean (h, w, 4) and depth, in unit space, of a picture."""
    renderer = draw(scene, size, size)
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    mean = renderer.read_mean()
    assert np.isfinite(mean).all()
    assert mean.min() >= 0
    return mean, renderer._view.accumulator.moments.read()[:size, :size, 0] / samples


def iso(value: float, **options: object) -> Channel:
    return Channel(window=(-45.0, 0.0), isovalue=value, **options)


def test_rays_meet_a_plane_field_where_it_is(draw: Draw) -> None:
    """A linear field is exact under trilinear interpolation: the depth is known to a thousandth of a voxel."""
    gradient = np.array([0.31, -0.2, 0.93])
    z, y, x = np.meshgrid(*(np.arange(N, dtype=float),) * 3, indexing="ij")
    field = (x * gradient[0] + y * gradient[1] + z * gradient[2]).astype(np.float32)
    scene = array_scene(field)
    rng = np.random.default_rng(1)
    for _ in range(8):
        value = float(rng.uniform(15, 35))
        point = rng.uniform(10, 37, 3)
        point += gradient * (value - gradient @ point) / (gradient @ gradient)  # on the surface
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        camera = along(point - 100 * direction, direction)
        state = plain(scene, channel=Channel(window=(0, 40), isovalue=value), camera=camera, rendering=ISO)
        inside = abs(point - MIDDLE).max() < 22
        mean, depth = drawn(draw, scene, state)
        if inside:
            assert (mean[..., 3] == 1).all()
            # 16-bit texels over a range of some 60: a step is a thousandth of a voxel along the gradient.
            assert np.abs(depth * N - 100).max() < 2.5e-3 / abs(gradient @ direction)


def test_rays_meet_a_sphere_where_it_is(draw: Draw) -> None:
    """Along axes through voxels the distance field is linear as good as: depth within 1e-3 voxel of the analytic."""
    centre = (MIDDLE, MIDDLE, MIDDLE)
    scene = array_scene(distance_field(centre))
    for axis in range(3):
        for sign in (1.0, -1.0):
            for radius in (7.3, 15.0, 18.61):
                direction = sign * np.eye(3)[axis]
                camera = along(np.array(centre) - 90 * direction, direction)
                state = plain(scene, channel=iso(-radius), camera=camera, rendering=ISO)
                _, depth = drawn(draw, scene, state)
                np.testing.assert_allclose(depth * N, 90 - radius, atol=1e-3)


def test_the_root_is_that_of_the_trilinear_field(draw: Draw) -> None:
    """Oblique rays through noise: a fine search along the ray by numpy for the first crossing."""
    voxels = np.random.default_rng(5).integers(0, 65535, (20, 24, 28), dtype=np.uint16)
    scene = array_scene(voxels)
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(12):
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        origin = scene.box.centre + rng.uniform(-4, 4, 3) - 60 * direction
        camera = along(origin, direction)
        state = plain(
            scene, channel=Channel(window=(0, 65535), isovalue=45000.0), camera=camera,
            rendering=Rendering(mode="isosurface", step_vox=0.1),
        )  # fmt: skip
        mean, depth = drawn(draw, scene, state)
        t = np.linspace(0, 120, 240_001)
        points = origin + direction * t[:, None]
        inside = ((points >= -0.5) & (points <= np.array([28, 24, 20]) - 0.5)).all(axis=1)
        above = map_coordinates(voxels.astype(float), points[inside][:, ::-1].T, order=1, mode="nearest") >= 45000
        crossings = np.flatnonzero(above[1:] != above[:-1])
        assert (mean[..., 3] == (1 if len(crossings) else 0)).all()
        if len(crossings):
            found += 1
            assert abs(depth[0, 0] * 28 - t[inside][crossings[0]]) < 1.5e-3
    assert found >= 8


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.5)])
def test_normals_are_within_a_degree(gl: Context, spacing: tuple[float, float, float]) -> None:
    """Of spheres of radius 10 to 19.9 around the middle, up to the faces of the volume; voxels are up to 2 long."""
    shape = tuple(round(40 / one) for one in spacing)
    z, y, x = np.meshgrid(*(np.arange(n) * one for n, one in zip(shape, spacing, strict=True)), indexing="ij")
    middle = np.array([(n - 1) * one / 2 for n, one in zip(shape, spacing, strict=True)])[::-1]
    field = -np.sqrt((x - middle[0]) ** 2 + (y - middle[1]) ** 2 + (z - middle[2]) ** 2).astype(np.float32)
    scene = array_scene(field, spacing_um=spacing)
    resident = ResidentScene(gl, scene)
    look = Look(resident)
    state = plain(scene)
    look.update(state)
    planes = Buffer.of(planes_record(state, scene, resident.unit_from_world))
    planes.bind_uniform(PLANES_BINDING)
    rng = np.random.default_rng(3)
    outward = rng.normal(size=(3000, 3))
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    points = middle + outward * rng.uniform(10, 19.9, (3000, 1))
    points = np.clip(points, 0, 2 * middle)
    outward = (points - middle) / np.linalg.norm(points - middle, axis=1, keepdims=True)
    got = call(
        "vec3 n = gradient_normal(0, 0, g, vec3(9.0)); result = n;",
        {"g": (points / np.array(spacing[::-1]) + 0.5).astype(np.float32)},
        ["bricks", "normal"],
        result="vec3",
        head=planes_declaration(scene),
        scene=(resident, look),
    )
    for part in (planes, look, resident):
        part.close()
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1.0, atol=1e-5)
    # Towards larger values, which is inwards.
    angle = np.degrees(np.arccos(np.clip(-(got * outward).sum(axis=1), -1, 1)))
    on_a_face = (np.minimum(points, 2 * middle - points) < np.array(spacing[::-1])).any(axis=1)
    assert angle[~on_a_face].max() < 1.0
    # At the faces differences are one-sided.
    assert angle[on_a_face].max() < 4.0


def test_surfaces_are_lit_by_lamberts_law_and_gloss(draw: Draw) -> None:
    """A ball of radius 16 under a far light beside the eye."""
    n, radius = 40, 16.0
    scene = array_scene(distance_field((19.5, 19.5, 19.5), n))
    middle = np.full(3, 19.5)
    light = RectangleLight(
        azimuth=0, elevation=0, distance=100, width=0.001, height=0.001, color=(1, 1, 1), intensity=1.0
    )
    lighting = Lighting(lights=(light,), sky=Sky(visible=False))
    for slope in (0.1, 0.5, 0.8):
        at = middle + np.array([slope * radius * 0.6, slope * radius * 0.8, -100])
        state = plain(
            scene, channel=iso(-radius), camera=along(at, (0, 0, 1)), rendering=ISO, lighting=lighting
        )  # fmt: skip
        mean, _ = drawn(draw, scene, state, 4)
        assert (mean[..., 3] == 1).all()
        # GGX as in brdf.glsl with the half vector along the normal's angle: light, eye and half vector are one.
        cosine = np.sqrt(1 - slope**2)
        a2 = 0.45**4
        ggx = a2 / (np.pi * (cosine**2 * (a2 - 1) + 1) ** 2)
        visibility = 0.5 / (2 * cosine * np.sqrt(cosine**2 * (1 - a2) + a2))
        expected = 0.85 * cosine + 0.15 * np.pi * ggx * visibility * cosine
        np.testing.assert_allclose(mean[..., 0], expected, rtol=0.04)


def test_glass_lets_through_what_is_behind(draw: Draw) -> None:
    """Two translucent shells: each ray through the middle meets four walls."""
    fields = np.stack([distance_field((MIDDLE, MIDDLE, MIDDLE))] * 2)
    scene = array_scene(fields)
    camera = along((MIDDLE, MIDDLE, -100), (0, 0, 1))
    channels = (iso(-20.0, opacity=0.3), iso(-10.0, opacity=0.5))
    for shown, coverage in (
        (channels, 1 - 0.7**2 * 0.5**2),
        ((channels[0], iso(-10.0)), 1.0),
        ((channels[0], iso(-10.0, visible=False)), 1 - 0.7**2),
        ((iso(-20.0), channels[1]), 1.0),
    ):
        layers = (ImageLayer(source="0", channels=shown),)
        mean, _ = drawn(draw, scene, plain(scene, layers=layers, camera=camera, rendering=ISO, lighting=WHITE_SKY))
        np.testing.assert_allclose(mean[..., 3], coverage, atol=1e-4)


def test_walls_blend_from_front_to_back_over_two_volumes(draw: Draw) -> None:
    """A red shell in one volume around a green ball in another, from either side."""
    scene = scene_of(
        MemorySource(distance_field((MIDDLE, MIDDLE, MIDDLE))), MemorySource(distance_field((MIDDLE, MIDDLE, MIDDLE)))
    )
    red = ImageLayer(source="0", channels=(iso(-10.0, color=(1, 0, 0)),))
    green = ImageLayer(source="1", channels=(iso(-20.0, color=(0, 1, 0), opacity=0.25),))
    for z, sign in ((-100, 1), (150, -1)):
        camera = along((MIDDLE, MIDDLE, z), (0, 0, sign))
        state = plain(scene, layers=(red, green), camera=camera, rendering=ISO, lighting=WHITE_SKY)
        mean, depth = drawn(draw, scene, state)
        r, g, _, a = mean[0, 0]
        assert a == 1
        # Each wall gives back all light: 85 % in its colour, and the gloss, which is white.
        assert r == pytest.approx(0.75 + 0.15 * 0.25, abs=0.01)
        assert g == pytest.approx(0.25 + 0.15 * 0.75, abs=0.01)
        first = abs(z - MIDDLE) - 20
        np.testing.assert_allclose(depth[0, 0] * N, 0.25 * first + 0.75 * (first + 10), atol=0.01)


def test_what_is_cut_is_open_and_channels_may_be_spared(draw: Draw) -> None:
    """Half a sphere cut off by a plane: the eye sees the inner wall behind, unless the channel is not clipped."""
    scene = array_scene(distance_field((MIDDLE, MIDDLE, MIDDLE)))
    camera = along((MIDDLE, MIDDLE, -100), (0, 0, 1))
    cuts = (
        {"clip_planes": (ClipPlane(point=(0, 0, MIDDLE), normal=(0, 0, -1)),)},
        {"crop": CropBox(lo=(0, 0, 0.49), hi=(1, 1, 1))},
    )
    for cut in cuts:
        for clipped, z in ((True, MIDDLE + 15), (False, MIDDLE - 15)):
            state = plain(scene, channel=iso(-15.0, clipped=clipped), camera=camera, rendering=ISO, **cut)
            _, depth = drawn(draw, scene, state)
            np.testing.assert_allclose(depth * N, 100 + z, atol=1e-2)


def test_labels_are_solids(draw: Draw) -> None:
    labels = np.zeros((N, N, N), np.uint16)
    labels[10:20] = 500
    labels[20:30] = 9
    scene = scene_of(
        MemorySource(labels, kind="labels", label_colors={500: (1.0, 0.0, 0.0, 1.0), 9: (0.0, 0.0, 1.0, 1.0)})
    )
    for z, sign, face, color in ((-100, 1, 9.5, 0), (150, -1, 29.5, 2)):
        camera = along((MIDDLE + 0.3, MIDDLE + 0.2, z), (0, 0, sign))
        state = plain(scene, camera=camera, rendering=ISO, lighting=WHITE_SKY)
        mean, depth = drawn(draw, scene, state)
        assert (mean[..., 3] == 1).all()
        assert mean[0, 0, color] == pytest.approx(1.0, abs=0.01)
        np.testing.assert_allclose(depth * N, abs(face - z), atol=2e-3)
        half = state.model_copy(update={"layers": (LabelLayer(source="0", opacity=0.5),)})
        mean, _ = drawn(draw, scene, half)
        # The near label, then the far one behind it; the way out of the last is no surface.
        assert mean[0, 0, 3] == pytest.approx(0.75, abs=1e-3)


def test_nothing_to_find_is_the_background(draw: Draw) -> None:
    constant = array_scene(np.full((9, 9, 9), 77, np.uint16))
    ball = array_scene(distance_field((MIDDLE, MIDDLE, MIDDLE)))
    cases = [
        (constant, Channel(window=(0, 154)), {}),
        (constant, Channel(window=(0, 154), isovalue=1e30), {}),
        (ball, iso(5.0), {}),
        (ball, iso(-1e6), {}),
        (ball, iso(-10.0), {"crop": CropBox(lo=(0.4, 0, 0), hi=(0.4, 1, 1))}),
        (ball, iso(-10.0), {"clip_planes": (ClipPlane(point=(0, 0, -9), normal=(0, 0, 1)),)}),
    ]
    for scene, channel, changes in cases:
        mean, _ = drawn(draw, scene, plain(scene, channel=channel, rendering=ISO, lighting=WHITE_SKY, **changes), 16)
        assert not mean.any()


def test_an_eye_inside_sees_the_inner_wall(draw: Draw) -> None:
    scene = array_scene(distance_field((MIDDLE, MIDDLE, MIDDLE)))
    eye = Camera(position=(MIDDLE, MIDDLE, MIDDLE), focal_point=(MIDDLE, MIDDLE, 40), view_up=(0, -1, 0), view_angle=90)
    state = plain(scene, channel=iso(-10.0), camera=eye, rendering=ISO, lighting=WHITE_SKY)
    mean, depth = drawn(draw, scene, state, 16)
    assert (mean[..., 3] == 1).all()
    np.testing.assert_allclose(depth * N, 10, atol=0.05)


def test_nearest_voxels_are_boxes(draw: Draw) -> None:
    voxels = np.zeros((8, 8, 8), np.uint8)
    voxels[3:, :, :] = 255
    scene = array_scene(voxels)
    rendering = Rendering(mode="isosurface", interpolation="nearest")
    state = plain(scene, camera=along((4, 4, -20), (0.1, 0, 1)), rendering=rendering, lighting=WHITE_SKY)
    _, depth = drawn(draw, scene, state)
    np.testing.assert_allclose(depth * 8, 22.5 * np.sqrt(1.01), atol=1e-3)


@pytest.mark.parametrize("distance", [60.0, 500.0, 5e4])
def test_a_surface_seen_through_is_found_once(draw: Draw, distance: float) -> None:
    """Walls that let three quarters through, however few digits of a ray tell a wall from the place just behind it."""
    line = np.where(np.arange(1500) // 30 % 2 == 1, np.float32(1), np.float32(-1))
    field = np.broadcast_to(line, (3, 3, 1500)).copy()  # walls, 30 voxels apart, across x
    scene = array_scene(field)
    rng = np.random.default_rng(5)
    renderer = draw(scene, 4, 4)
    for _ in range(40):
        target = np.array([rng.uniform(35, 1400), 1.0, 1.0])
        direction = np.array([1.0, 0.0, 0.0])
        camera = along(target - direction * distance, direction)
        crop = CropBox(lo=(max(0.0, (target[0] - 60) / 1500), 0, 0), hi=((target[0] + 60) / 1500, 1, 1))
        walls = sum(target[0] - 60 < wall < target[0] + 60 for wall in np.arange(29.5, 1499, 30))
        state = plain(
            scene, camera=camera, crop=crop, rendering=ISO,
            channel=Channel(window=(-1.0, 1.0), isovalue=0.0, opacity=0.25),
        )  # fmt: skip
        renderer.set_state(state, 1)
        renderer.render_still(1)
        assert renderer.read_mean()[..., 3] == pytest.approx(1 - 0.75**walls, abs=1e-4), target
