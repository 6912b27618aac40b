"""Options of a view that change what the path tracer meets: interpolation, planes, moving lights, many channels."""

from __future__ import annotations

import numpy as np
import pytest

from render.scene.framing import orbit
from render.source.memory import MemorySource
from render.state.clip import ClipPlane, CropBox
from render.state.layer import Channel, ImageLayer
from render.state.light import DirectionalLight, Lighting, Sky
from render.state.rendering import Rendering
from render.state.view import Shading

from .conftest import Draw
from .scenes import WHITE_SKY, along, array_scene, plain, scene_of

RAMP = Channel(window=(0.0, 255.0))


def transmittance(draw: Draw, scene: object, samples: int = 4096, **changes: object) -> float:
    """Along x through the middle."""
    renderer = draw(scene, 8, 8)
    renderer.set_state(plain(scene, camera=along((-20.0, 1.5, 1.5), (1, 0, 0)), **changes), 1)
    renderer.render_still(samples // 64)
    return 1.0 - float(renderer.read_mean()[..., 3].mean())


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_voxels_are_boxes_or_a_trilinear_field(draw: Draw, interpolation: str) -> None:
    """A curve that is clear below 60 % sees less of the field between 0 and 1 than of a box of 1."""
    voxels = np.zeros((4, 4, 8), np.uint8)
    voxels[:, :, 4:] = 255
    scene = array_scene(voxels)
    channel = RAMP.model_copy(update={"curve": ((0.6, 0.0), (0.6, 1.0))})
    density = 2.0
    rendering = Rendering(interpolation=interpolation, reference=True)
    t = transmittance(draw, scene, 65536, density=density, channel=channel, rendering=rendering)
    # Trilinear: 60 % is reached a tenth of a voxel behind the boundary of the boxes.
    thickness = 4.0 if interpolation == "nearest" else 3.9
    expected = np.exp(-density * thickness / 8)
    assert abs(t - expected) < 4 * np.sqrt(expected * (1 - expected) / 65536) + 2e-4


def test_a_clip_plane_takes_the_side_that_its_normal_points_to(draw: Draw) -> None:
    scene = array_scene(np.full((4, 4, 8), 255, np.uint8))
    density = 1.5
    for normal, left in (((1.0, 0.0, 0.0), 3.0), ((-2.0, 0.0, 0.0), 5.0)):
        planes = (ClipPlane(point=(2.5, 0.0, 0.0), normal=normal), ClipPlane(visible=False))
        t = transmittance(draw, scene, 65536, density=density, clip_planes=planes)
        expected = np.exp(-density * left / 8)
        assert abs(t - expected) < 4 * np.sqrt(expected * (1 - expected) / 65536)


def test_a_channel_that_is_not_clipped_is_spared(draw: Draw) -> None:
    scene = array_scene(np.full((2, 4, 4, 8), 255, np.uint8))
    channels = (RAMP, RAMP.model_copy(update={"clipped": False}))
    layers = (ImageLayer(source="0", channels=channels),)
    planes = (ClipPlane(point=(2.5, 0.0, 0.0), normal=(1.0, 0.0, 0.0)),)
    crop = CropBox(lo=(0.125, 0.0, 0.0))
    density = 1.0
    t = transmittance(draw, scene, 65536, density=density, layers=layers, clip_planes=planes, crop=crop)
    expected = np.exp(-density * (8.0 + 2.0) / 8)
    assert abs(t - expected) < 4 * np.sqrt(expected * (1 - expected) / 65536)


@pytest.mark.parametrize("follows", [True, False])
def test_lights_go_with_the_camera_or_stay(draw: Draw, follows: bool) -> None:
    """A ball is lit on the same side of the picture, or on the side of the world that it was lit on."""
    z, y, x = np.mgrid[-1:1:24j, -1:1:24j, -1:1:24j]
    scene = array_scene((255 * (x * x + y * y + z * z < 0.8)).astype(np.uint8))
    light = DirectionalLight(azimuth=90.0, elevation=0.0, follow_camera=follows)
    lighting = Lighting(lights=(light,), sky=Sky(visible=False))
    renderer = draw(scene, 32, 32)
    balance = []
    for turn in (0.0, 180.0):
        camera = orbit(scene.default_state.camera, turn, 0.0)
        shading = Shading(density=200.0, mode="brdf")
        renderer.set_state(plain(scene, camera=camera, lighting=lighting, shading=shading), 1)
        renderer.render_still(16)
        light_seen = renderer.read_mean()[..., 1]
        balance.append(float(light_seen[:, 16:].sum() - light_seen[:, :16].sum()) / float(light_seen.sum()))
    assert balance[0] > 0.6
    assert (balance[1] > 0.6) if follows else (balance[1] < -0.6)


def test_eight_channels_show_at_once(draw: Draw) -> None:
    """Eight cubes, a colour each: every one is where it is and as it is."""
    voxels = np.zeros((8, 6, 12, 24), np.uint8)
    places = [(row, column) for row in range(2) for column in range(4)]
    colors = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (0.5, 0.5, 0.5)]
    for channel, (row, column) in enumerate(places):
        voxels[channel, 1:5, 6 * row + 1 : 6 * row + 5, 6 * column + 1 : 6 * column + 5] = 255
    scene = array_scene(voxels)
    channels = tuple(RAMP.model_copy(update={"color": tuple(map(float, color))}) for color in colors)
    camera = along((11.5, 5.5, -60.0), (0, 0, 1), half_height_um=6.0).model_copy(update={"view_up": (0.0, -1.0, 0.0)})
    state = plain(
        scene, camera=camera, layers=(ImageLayer(source="0", channels=channels),), lighting=WHITE_SKY,
        shading=Shading(density=2000.0, mode="phase"), rendering=Rendering(scatterings=1),
    )  # fmt: skip
    renderer = draw(scene, 96, 48)
    renderer.set_state(state, 1)
    renderer.render_still(16)
    mean = renderer.read_mean()
    for (row, column), color in zip(places, colors, strict=True):
        patch = mean[24 * row + 9 : 24 * row + 15, 24 * column + 9 : 24 * column + 15].mean(axis=(0, 1))
        assert patch[3] > 0.99
        shares = patch[:3] / patch[:3].max()
        linear = np.array([c if c in (0, 1) else 1.0 for c in color])  # grey is white, only darker
        np.testing.assert_allclose(shares, linear, atol=0.02)


def test_layers_may_be_named_in_any_order(draw: Draw) -> None:
    """Which layer is spared by the crop box goes by its name and not by its place in the state."""
    first, second = np.full((4, 4, 8), 255, np.uint8), np.full((4, 4, 8), 255, np.uint8)
    scene = scene_of(MemorySource(first), MemorySource(second))
    spared = RAMP.model_copy(update={"clipped": False})
    layers = (
        ImageLayer(source="0", channels=(RAMP.model_copy(update={"visible": False}),)),
        ImageLayer(source="1", channels=(spared,)),
    )
    crop = CropBox(hi=(0.5, 1.0, 1.0))
    seen = [transmittance(draw, scene, 4096, density=1.0, layers=order, crop=crop) for order in (layers, layers[::-1])]
    assert seen[0] == seen[1]
    assert abs(seen[0] - np.exp(-1.0)) < 4 * np.sqrt(np.exp(-1.0) / 4096)


@pytest.mark.parametrize("kind", ["image", "labels"])
def test_the_face_of_an_oblique_cut_is_flat(draw: Draw, kind: str) -> None:
    """Normals on it are the plane's, whatever lies behind: here one half of the solid differs from the other."""
    voxels = np.full((24, 24, 24), 200, np.uint8)
    voxels[:, :, 12:] = 200 if kind == "image" else 90
    scene = array_scene(voxels, kind=kind)
    normal = np.array([0.3, 0.2, -1.0])
    normal /= np.linalg.norm(normal)
    planes = (ClipPlane(point=(11.5, 11.5, 11.5), normal=tuple(map(float, normal))),)
    camera = along((11.5, 11.5, -60.0), (0, 0, 1), half_height_um=6.0)
    state = plain(
        scene, camera=camera, clip_planes=planes, lighting=WHITE_SKY, shading=Shading(density=5000, mode="brdf")
    )
    renderer = draw(scene, 32, 32)
    renderer.set_state(state, 1)
    normals = renderer.layers(32, 32, 16).normal.astype(np.float64)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    assert np.degrees(np.arccos(np.clip(normals @ normal, -1, 1))).max() < 0.2
