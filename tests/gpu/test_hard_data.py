"""Data and views that are at the edge of making sense: a picture comes, and no pixel of it is NaN."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.layer import Channel
from render.state.light import Lighting, RectangleLight
from render.state.material import Material
from render.state.view import Shading, ViewState

from .conftest import Draw
from .scenes import DARK, WHITE_SKY, array_scene, plain, scene_of

BRIGHT = Lighting()


def mean_of(draw: Draw, scene: Scene, state: ViewState | None = None, mode: str = "path") -> NDArray[np.float32]:
    renderer = draw(scene, 40, 30, mode=mode)
    if state is not None:
        renderer.set_state(state, 1)
    renderer.render_still(4)
    mean = renderer.read_mean()
    assert np.isfinite(mean).all()
    assert mean.min() >= 0
    assert mean[:, :, 3].max() <= 1
    rgba = renderer.read_rgba()
    assert (rgba[:, :, 3] == 255).all()
    return mean


def floats() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((20, 24, 28)).astype(np.float32)


def with_holes() -> NDArray[np.float32]:
    voxels = floats()
    voxels[3:9, 4:9] = np.nan
    voxels[10:12] = np.inf
    voxels[:, :, 25:] = -np.inf
    return voxels


HARD = {
    "nan and infinities": with_holes(),
    "all nan": np.full((9, 9, 9), np.nan, np.float32),
    "all infinite": np.full((9, 9, 9), np.inf, np.float32),
    "zeros": np.zeros((16, 16, 16), np.uint8),
    "constant": np.full((16, 16, 16), 77, np.uint16),
    "constant float": np.full((16, 16, 16), -1e12, np.float32),
    "one voxel": np.full((1, 1, 1), 9, np.uint8),
    "one slice": np.random.default_rng(1).integers(0, 255, (1, 40, 50), dtype=np.uint8),
    "one line": np.random.default_rng(1).integers(0, 255, (1, 1, 100), dtype=np.uint8),
    "largest floats": (floats() * 3.3e38).astype(np.float32),
    "huge constant": np.full((16, 16, 16), -1e30, np.float32),
    "tiny floats": floats() * np.float32(1e-40),
    "wide integers": np.random.default_rng(2).integers(-(2**62), 2**62, (12, 12, 12)),
    "booleans as bytes": (floats() > 0.5).astype(np.uint8),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_arrays_with_the_default_look(draw: Draw, name: str) -> None:
    mean_of(draw, array_scene(HARD[name]))


@pytest.mark.parametrize("mode", ["path", "march"])
def test_what_is_not_a_number_is_not_there(draw: Draw, mode: str) -> None:
    """NaN is the low end of the range: a block of it in a full volume is a hole."""
    voxels = np.full((24, 24, 24), 1.0, np.float32)
    voxels[0, 0, 0] = 0.0
    scene = array_scene(voxels)
    camera = Camera(
        position=(11.5, 11.5, -50.0), focal_point=(11.5, 11.5, 0.0), view_up=(0.0, -1.0, 0.0),
        projection="orthographic", parallel_scale=12.0,
    )  # fmt: skip
    state = plain(scene, 5.0, camera=camera)
    full = mean_of(draw, scene, state, mode)[15, 20, 3]
    voxels = voxels.copy()
    voxels[:, 4:20, 4:20] = np.nan
    hollow = mean_of(draw, array_scene(voxels), state, mode)[15, 20, 3]
    assert full > 0.9
    assert hollow == 0


@pytest.mark.parametrize("lighting", [BRIGHT, DARK, WHITE_SKY], ids=["default", "dark", "sky"])
@pytest.mark.parametrize("shading", ["mixed", "brdf", "phase"])
def test_lights_and_shadings(draw: Draw, lighting: Lighting, shading: str) -> None:
    scene = array_scene(floats())
    mirror = Channel(material=Material(roughness=0.05, specular=1.0))
    state = plain(scene, lighting=lighting, shading=Shading(density=50.0, mode=shading), channel=mirror)
    mean = mean_of(draw, scene, state)
    assert mean[:, :, 3].max() > 0.5
    assert (mean[:, :, :3].max() > 0) == (lighting is not DARK)


@pytest.mark.parametrize(
    "shading",
    [
        Shading(density=0.0),
        Shading(density=1e6),
        Shading(density=100.0, mode="phase", anisotropy=0.95),
        Shading(density=100.0, mode="phase", anisotropy=-0.95),
        Shading(density=100.0, gradient_factor=0.0),
        Shading(density=100.0, gradient_factor=1000.0),
    ],
    ids=["no density", "wall", "forward", "backward", "fog", "shell"],
)
def test_extreme_shadings(draw: Draw, shading: Shading) -> None:
    scene = array_scene(floats())
    mean = mean_of(draw, scene, plain(scene, shading=shading, lighting=BRIGHT))
    assert (mean[:, :, 3].max() == 0) == (shading.density == 0)


def test_no_density_is_the_background(draw: Draw) -> None:
    scene = array_scene(floats())
    assert not mean_of(draw, scene, plain(scene, 0.0, lighting=BRIGHT)).any()


@pytest.mark.parametrize("mode", ["path", "march"])
@pytest.mark.parametrize("position", [(14.0, 12.0, 10.0), (14.0, 12.0, -0.5), (0.0, 0.0, 0.0), (14.0, 12.0, 500.0)])
def test_the_eye_may_be_inside_or_on_a_face(draw: Draw, position: tuple[float, float, float], mode: str) -> None:
    scene = array_scene(floats())
    camera = Camera(position=position, focal_point=(14.0, 12.0, 9.0), view_up=(0.0, -1.0, 0.1), view_angle=60.0)
    assert mean_of(draw, scene, plain(scene, 30.0, camera=camera, lighting=BRIGHT), mode)[:, :, 3].max() > 0


def test_looking_away_shows_nothing(draw: Draw) -> None:
    scene = array_scene(floats())
    camera = Camera(position=(14.0, 12.0, -30.0), focal_point=(14.0, 12.0, -60.0), view_up=(0.0, -1.0, 0.0))
    assert not mean_of(draw, scene, plain(scene, 30.0, camera=camera, lighting=BRIGHT)).any()


def test_a_light_inside_the_volume(draw: Draw) -> None:
    scene = array_scene(floats())
    lighting = Lighting(lights=(RectangleLight(distance=0.1, width=0.001, height=0.001, intensity=10.0),))
    mean_of(draw, scene, plain(scene, 30.0, lighting=lighting))


def test_everything_hidden_shows_nothing(draw: Draw) -> None:
    scene = scene_of(MemorySource(floats()), MemorySource(np.ones((8, 8, 8), np.uint8), kind="labels"))
    state = plain(scene, channel=Channel(visible=False), lighting=BRIGHT)
    hidden = state.model_copy(
        update={"layers": (state.layers[0], state.layers[1].model_copy(update={"visible": False}))}
    )
    renderer = draw(scene, 40, 30)
    renderer.set_state(state, 1)
    renderer.render_still(1)
    assert renderer.read_mean().any()
    renderer.set_state(hidden, 2)
    renderer.render_still(1)
    assert not renderer.read_mean().any()


def test_many_channels(draw: Draw) -> None:
    """More than the sixteen that a cell can tell apart; only the last one shows."""
    voxels = np.zeros((20, 12, 12, 12), np.uint8)
    voxels[19] = 255
    mean = mean_of(draw, array_scene(voxels), plain(array_scene(voxels), 50.0))
    assert mean[:, :, 3].max() > 0.9


def test_a_volume_far_away_from_the_origin(draw: Draw) -> None:
    """Coordinates of a stage in micrometres: the picture is the same as at the origin."""
    here, there = np.eye(4), np.eye(4)
    there[:3, 3] = [3e7, -2e7, 1e6]
    pictures = [mean_of(draw, array_scene(floats(), world_from_vox=world)) for world in (here, there)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 0.01
