"""AGAVE's three measured scenes, each number against its value in micrometres, worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from render.bridge.agave import read_agave
from render.scene.open import Scene
from render.state.layer import ImageLayer
from render.state.light import RectangleLight
from render.state.view import ViewState

from .agave_files import (
    DENSE,
    EYE,
    LIGHT_CENTRE,
    LIGHT_DIRECTION,
    LIGHT_RADIANCE,
    TARGET,
    THIN,
    brain_like,
    scene_file,
    scene_of,
    write,
)
from .form_factor import seen_of_a_rectangle

UM = 256 * 737.0
"""One unit of AGAVE's: 256 voxels, the longest side, of 0.737 mm."""


def world(p: tuple[float, float, float]) -> tuple[float, float, float]:
    """Of a point of AGAVE's. It is voxel 256 p - 0.5; voxel 0 lies at (75000, 110000, -71000), x and y run down."""
    return 75_368.5 - UM * p[0], 110_368.5 - UM * p[1], -71_368.5 + UM * p[2]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(*brain_like(), orientation="anatomical")


def state_of(name: str, scene: Scene, folder: Path) -> ViewState:
    return read_agave(write(folder, scene_file(name))).state(scene)


@pytest.mark.parametrize("name", ["surface", "cut", "translucent"])
def test_camera(name: str, scene: Scene, tmp_path: Path) -> None:
    camera = state_of(name, scene, tmp_path).camera
    assert camera.position == pytest.approx(world(EYE), abs=0.1)
    assert camera.focal_point == pytest.approx(world(TARGET), abs=0.1)
    # The target is the volume's centre: the scene's box has it in its middle.
    assert camera.focal_point == pytest.approx(tuple(scene.box.centre), abs=0.1)
    assert camera.view_up == pytest.approx((0.0, 0.0, 1.0))
    assert (camera.view_angle, camera.projection, camera.aperture) == (55.0, "perspective", 0.0)


@pytest.mark.parametrize("name", ["surface", "cut", "translucent"])
def test_lights(name: str, scene: Scene, tmp_path: Path) -> None:
    lighting = state_of(name, scene, tmp_path).lighting
    (light,) = lighting.lights
    assert isinstance(light, RectangleLight)
    assert light.position == pytest.approx(world(LIGHT_CENTRE), abs=2.0)
    assert light.target == pytest.approx(tuple(scene.box.centre), abs=0.1)
    assert (light.width, light.height) == pytest.approx((0.15, 0.15))
    assert light.distance == pytest.approx(1.5)
    # A white Lambert surface there has the radiance E / pi, and E is radiance * area / distance^2.
    assert light.intensity == pytest.approx(LIGHT_RADIANCE * seen_of_a_rectangle(0.15, 0.15, 1.5), rel=1e-3)
    assert light.color == (1.0, 1.0, 1.0)
    assert not light.follow_camera
    sky = lighting.sky
    assert (sky.top, sky.middle, sky.bottom) == ((1.0, 1.0, 1.0),) * 3
    assert sky.intensity == pytest.approx(0.5)
    assert not sky.follow_camera


def test_the_sky_has_its_top_at_agaves_y(scene: Scene, tmp_path: Path) -> None:
    """AGAVE's +y runs along the stored y axis, which is -y here. Ours is world z turned by the rotation."""
    rotation = np.array(state_of("surface", scene, tmp_path).lighting.sky.rotation)
    assert np.linalg.norm(rotation) == pytest.approx(1.0)
    x, y, z, w = rotation
    turned_z = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))  # the third column of its matrix
    assert turned_z == pytest.approx((0.0, -1.0, 0.0))


@pytest.mark.parametrize(("name", "density"), [("surface", 2500.0), ("cut", 2500.0), ("translucent", 72.25)])
def test_density_counts_twice(name: str, density: float, scene: Scene, tmp_path: Path) -> None:
    """2500 at 50: 9.8 per voxel of 256."""
    state = state_of(name, scene, tmp_path)
    assert state.shading.density == pytest.approx(density, rel=1e-6)
    assert state.shading.mode == "mixed"


@pytest.mark.parametrize(("name", "curve"), [("surface", DENSE), ("cut", DENSE), ("translucent", THIN)])
def test_transfer_function(name: str, curve: tuple[tuple[float, float], ...], scene: Scene, tmp_path: Path) -> None:
    layer = state_of(name, scene, tmp_path).layers[0]
    assert isinstance(layer, ImageLayer)
    (channel,) = layer.channels
    assert channel.window == pytest.approx((-3.0, 101.0), rel=1e-6)
    assert channel.curve == curve
    assert channel.rule is None
    assert (channel.color, channel.colors, channel.color_map, channel.opacity) == ((1.0, 1.0, 1.0), (), None, 1.0)
    assert channel.material.specular == 0.0
    assert channel.material.emission == (0.0, 0.0, 0.0)


def test_cut_keeps_the_lower_half_of_stored_y_which_is_the_upper_half_of_ours(scene: Scene, tmp_path: Path) -> None:
    crop = state_of("cut", scene, tmp_path).crop
    assert crop.lo == pytest.approx((0.0, 0.5, 0.0))
    assert crop.hi == (1.0, 1.0, 1.0)
    for name in ("surface", "translucent"):
        whole = state_of(name, scene, tmp_path).crop
        assert (whole.lo, whole.hi) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_gradient_rule(scene: Scene, tmp_path: Path) -> None:
    """AGAVE: 1 - exp(-0.5 |grad|), and |grad| = 256 (f(p + 1/256) - f(p - 1/256)), that is 512 times the change of a
    voxel. Ours: 1 - exp(-25 factor change)."""
    factor = state_of("surface", scene, tmp_path).shading.gradient_factor
    change = 0.003
    assert 1 - math.exp(-25 * factor * change) == pytest.approx(1 - math.exp(-0.5 * 512 * change))


def test_how_it_is_drawn_and_shown(scene: Scene, tmp_path: Path) -> None:
    path = write(tmp_path, scene_file())
    saved = read_agave(path)
    assert saved.size == (512, 512)
    assert saved.samples == 32
    assert saved.paths == (str(tmp_path / "brain.nii.gz"),)
    assert saved.notes == ()
    state = saved.state(scene)
    assert state.samples == 32
    assert (state.rendering.mode, state.rendering.scatterings, state.rendering.mixing) == ("path", 1, "max")
    assert state.rendering.interpolation == "linear"
    # 1 - exp(-4 c), without the sRGB curve.
    assert state.display.tone_map == "agave"
    assert 2.0**state.display.exposure == pytest.approx(4.0)
    assert state.display.background == (0.0, 0.0, 0.0)
    assert state.flip == (False, False, False)
    assert state.clip_planes == ()
    guides = state.guides
    assert not any((guides.box, guides.ticks, guides.axes, guides.scale_bar, guides.time_stamp))


def test_notes_of_the_measured_scenes_are_none(scene: Scene, tmp_path: Path) -> None:
    assert read_agave(write(tmp_path, scene_file())).view(scene).notes == ()


def test_direction_of_the_light_is_agaves_formula(scene: Scene, tmp_path: Path) -> None:
    light = state_of("surface", scene, tmp_path).lighting.lights[0]
    assert light.position is not None
    away = (np.array(light.position) - scene.box.centre) / UM / 1.5
    x, y, z = LIGHT_DIRECTION
    assert away == pytest.approx((-x, -y, z), abs=1e-4)


def test_brain_itself(hosta_data: Path, tmp_path: Path) -> None:
    """The real file: its exact range, though a sample is all that the first look needs."""
    from contextlib import closing

    from render.scene.open import open_scene

    with closing(open_scene([str(hosta_data / "brain/spm152.nii.gz")])) as brain:
        source = brain.layers[0].source
        voxels = source.read(0, 0, 0, (0, 0, 0), BRAIN)
        layer = state_of("surface", brain, tmp_path).layers[0]
        assert isinstance(layer, ImageLayer)
        assert layer.channels[0].window == (float(voxels.min()), float(voxels.max()))


BRAIN = (215, 256, 207)
