"""Whole pictures: the same again bit for bit, bricks like one texture, crop boxes, and which way is which."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.pacing import Pacing
from render.engine.renderer import Renderer
from render.engine.resident import ResidentScene
from render.gpu.context import Context
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import CropBox
from render.state.layer import Channel, ImageLayer
from render.state.view import Display, Shading, ViewState

from .conftest import Draw
from .scenes import WHITE_SKY, along, array_scene, phantom_scene, plain, scene_of


class FixedPacing(Pacing):
    """Believes in one speed whatever is measured, so that tests choose the tiles and batches."""

    def measured(self, pixels: int, seconds: float) -> None:
        pass


@pytest.fixture(scope="module")
def cell() -> Scene:
    """Channels and segments of a phantom cell."""
    image, labels = phantom_scene("synthetic:cell?size=24"), phantom_scene("synthetic:labels?size=24")
    return scene_of(*(layer.source for scene in (image, labels) for layer in scene.layers))


def still(renderer: Renderer, state: ViewState, samples: int = 5) -> NDArray[np.float32]:
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    return renderer.read_mean()


def same(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    return a.tobytes() == b.tobytes()


# ---- the same again ----


def test_two_renderers_draw_the_same_bit_for_bit(draw: Draw, cell: Scene) -> None:
    first, second = (still(draw(cell, 70, 50), cell.default_state) for _ in range(2))
    assert first[:, :, :3].max() > 0.1
    assert same(first, second)


def test_what_was_drawn_before_leaves_no_trace(draw: Draw, cell: Scene) -> None:
    renderer = draw(cell, 70, 50)
    first = still(renderer, cell.default_state)
    other = plain(cell, 50.0, lighting=WHITE_SKY, seed=9)
    assert not same(still(renderer, other), first)
    renderer.step(0.0, 0.01)
    renderer.resize(31, 77)
    still(renderer, other)
    renderer.resize(70, 50)
    assert same(still(renderer, cell.default_state), first)


@pytest.mark.parametrize("mode", ["path", "march"])
def test_tiles_and_batches_of_samples_do_not_show(draw: Draw, cell: Scene, mode: str) -> None:
    """A slow device gets one tile and one sample a dispatch, a fast one everything at once."""
    pictures = []
    for cost in (1e-3, 3e-5, 1e-9):
        renderer = draw(cell, 70, 50, mode=mode)
        renderer._pacing = FixedPacing(seconds_per_pixel=cost)
        pictures.append(still(renderer, cell.default_state, 6))
    assert same(pictures[0], pictures[1])
    assert same(pictures[0], pictures[2])


@pytest.mark.parametrize("mode", ["path", "march"])
def test_samples_one_by_one_in_steps_are_those_of_a_still(draw: Draw, cell: Scene, mode: str) -> None:
    whole = still(draw(cell, 40, 30, mode=mode), cell.default_state.model_copy(update={"samples": 4}), 4)
    renderer = draw(cell, 40, 30, mode=mode)
    renderer.set_state(cell.default_state.model_copy(update={"samples": 4}), 1)
    now = 0.0
    while not renderer.step(now, 0.001).converged:
        now += 0.1
    assert same(renderer.read_mean(), whole)


def test_seeds_differ(draw: Draw, cell: Scene) -> None:
    renderer = draw(cell, 40, 30)
    a, b = (still(renderer, cell.default_state.model_copy(update={"seed": seed})) for seed in (0, 1))
    assert not same(a, b)
    assert abs(float(a[:, :, 3].mean() - b[:, :, 3].mean())) < 0.02


def test_views_of_one_scene_do_not_disturb_each_other(draw: Draw, cell: Scene) -> None:
    first = draw(cell, 40, 30)
    alone = still(first, cell.default_state)
    second = draw(cell, 64, 64, resident=first.resident)
    first.set_state(cell.default_state, 2)
    still(second, plain(cell, 30.0, lighting=WHITE_SKY))
    first.render_still(5)
    assert same(first.read_mean(), alone)


def test_a_still_of_any_size_is_drawn_in_windows_that_do_not_show(
    draw: Draw, cell: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer = draw(cell, 40, 30)
    whole = renderer.picture(100, 75, 3)
    assert whole.shape == (75, 100, 4)
    monkeypatch.setattr("render.engine.renderer.STILL_WINDOW_PX", 32)
    assert np.array_equal(renderer.picture(100, 75, 3), whole)
    other = draw(cell, 100, 75)
    other.render_still(3)
    assert np.array_equal(other.read_rgba(), whole)


# ---- bricks ----


@pytest.mark.parametrize("mode", ["path", "march"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_bricks_draw_what_one_texture_draws(gl: Context, draw: Draw, mode: str, dtype: str) -> None:
    most = np.iinfo(dtype).max
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in (36, 50, 70)), indexing="ij")
    ball = np.clip(1.4 - 1.5 * np.sqrt(x * x + y * y + z * z) + 0.25 * np.sin(9 * x) * np.sin(8 * y + 3 * z), 0, 1)
    labels = (np.floor(4 * x) + 4 * np.floor(3 * z) + 40).astype(np.uint16) * (ball[:, :, ::-1] > 0.7)
    voxels = (ball * most).astype(dtype)
    scene = scene_of(MemorySource(voxels), MemorySource(labels.astype(np.uint16), kind="labels"))
    state = plain(scene, 60.0, camera=scene.default_state.camera, lighting=scene.default_state.lighting)
    pictures = []
    for payload in (128, 32):
        resident = ResidentScene(gl, scene, payload=payload)
        renderer = draw(scene, 56, 42, resident=resident, mode=mode)
        still(renderer, state, 3)
        assert (resident.volumes[0].grid.n_bricks == 1) == (payload == 128)
        pictures.append(renderer.read_rgba().astype(int))
        resident.close()
    assert pictures[0][:, :, :3].std() > 20
    for picture in pictures[1:]:
        # Some devices weigh 8-bit texels with 8-bit weights, which may round otherwise at another place of the texture;
        # a march adds hundreds of them up.
        assert np.abs(picture - pictures[0]).max() <= (2 if (dtype, mode) == ("uint8", "march") else 1)


# ---- crop ----


def test_nothing_is_drawn_outside_of_the_crop_box(draw: Draw) -> None:
    scene = array_scene(np.full((32, 32, 32), 255, np.uint8))
    crop = CropBox(lo=(0.5, 0.25, 0.0), hi=(0.75, 0.5, 1.0))
    camera = along((15.5, 15.5, -100), (0, 0, 1), half_height_um=16.0).model_copy(update={"view_up": (0.0, -1.0, 0.0)})
    renderer = draw(scene, 64, 64)
    coverage = still(renderer, plain(scene, 500.0, camera=camera, crop=crop), 8)[:, :, 3]
    # Two pixels a voxel, x to the right and y down; the filter is one pixel to each side.
    expected = np.zeros((64, 64), bool)
    expected[16:32, 32:48] = True
    inside = np.zeros_like(expected)
    inside[17:31, 33:47] = True
    assert (coverage[inside] == 1).all()
    around = np.zeros_like(expected)
    around[15:33, 31:49] = True
    assert not coverage[~around].any()


@pytest.mark.parametrize("mode", ["path", "march"])
def test_crop_to_nothing_is_the_background(draw: Draw, mode: str) -> None:
    scene = array_scene(np.full((32, 32, 32), 255, np.uint8))
    crop = CropBox(lo=(0.4, 0.0, 0.0), hi=(0.4, 1.0, 1.0))
    display = Display(background=(0.2, 0.4, 0.6), tone_map="linear")
    renderer = draw(scene, 40, 30, mode=mode)
    still(renderer, plain(scene, 500.0, crop=crop, display=display), 2)
    rgba = renderer.read_rgba()
    assert (rgba == [51, 102, 153, 255]).all()
    assert not renderer.read_rgba(transparent=True).any()


# ---- which way is which ----


def pinhole(camera: Camera, points: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Pixels (x, y) of world points, by a camera matrix made here."""
    z = np.subtract(camera.focal_point, camera.position)
    z = z / np.linalg.norm(z)
    x = np.cross(z, camera.view_up)
    x /= np.linalg.norm(x)
    y = np.cross(z, x)  # down
    rotation = np.stack([x, y, z])
    focal = height / 2 / math.tan(math.radians(camera.view_angle) / 2)
    intrinsic = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    homogeneous = (points - np.asarray(camera.position)) @ (intrinsic @ rotation).T
    return homogeneous[:, :2] / homogeneous[:, 2:]


MARKERS = {"first": (4, 4, 4), "x": (4, 4, 34), "y": (4, 27, 4), "z": (20, 4, 4)}  # z, y, x of the array


def marked(orientation: str, world: NDArray[np.float64]) -> Scene:
    """Four small cubes: near the first voxel and far along each axis, one channel each."""
    voxels = np.zeros((4, 24, 32, 40), np.uint8)
    for channel, (z, y, x) in enumerate(MARKERS.values()):
        voxels[channel, z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = 255
    return scene_of(MemorySource(voxels, world_from_vox=world, orientation=orientation))


def positions(draw: Draw, scene: Scene) -> dict[str, NDArray[np.float64]]:
    """The middle of each marker in the picture of the default camera, pixels."""
    renderer = draw(scene, 160, 120)
    found = {}
    for number, name in enumerate(MARKERS):
        channels = tuple(Channel(window=(0.0, 255.0), visible=number == other) for other in range(4))
        layers = (ImageLayer(source="0", channels=channels),)
        alpha = still(renderer, plain(scene, 300.0, layers=layers), 4)[:, :, 3].astype(np.float64)
        assert alpha.max() == 1
        y, x = np.mgrid[0:120, 0:160] + 0.5
        found[name] = np.array([(alpha * x).sum(), (alpha * y).sum()]) / alpha.sum()
    return found


@pytest.mark.parametrize("orientation", ["image", "anatomical"])
@pytest.mark.parametrize("handed", [1.0, -1.0])
def test_points_are_where_an_independent_pinhole_puts_them(draw: Draw, orientation: str, handed: float) -> None:
    world = np.diag([handed * 1.0, 1.0, 1.5, 1.0])
    world[:3, 3] = [200, -30, 60]
    scene = marked(orientation, world)
    found = positions(draw, scene)
    centres = np.array([[x, y, z] for z, y, x in MARKERS.values()], float) @ world[:3, :3].T + world[:3, 3]
    expected = pinhole(scene.default_state.camera, centres, 160, 120)
    for place, name in zip(expected, MARKERS, strict=True):
        assert np.linalg.norm(found[name] - place) < 1.0, name
    assert np.ptp(expected, axis=0).min() > 40


def test_an_image_has_x_to_the_right_and_y_down(draw: Draw) -> None:
    found = positions(draw, marked("image", np.eye(4)))
    assert found["x"][0] > found["first"][0] + 30
    assert found["y"][1] > found["first"][1] + 30
    near, far = marked_depths(marked("image", np.eye(4)))
    assert near < far


def test_a_patient_is_seen_from_the_front(draw: Draw) -> None:
    """LPS: x to the patient's left, which is on the right; z up; y to the back."""
    scene = marked("anatomical", np.eye(4))
    found = positions(draw, scene)
    assert found["x"][0] > found["first"][0] + 30
    assert found["z"][1] < found["first"][1] - 15
    camera = scene.default_state.camera
    assert camera.position[1] < camera.focal_point[1]


def marked_depths(scene: Scene) -> tuple[float, float]:
    """Distances from the eye of the first marker and of the one along z."""
    eye = np.asarray(scene.default_state.camera.position)
    first, z = (np.array(MARKERS[name][::-1], float) for name in ("first", "z"))
    return float(np.linalg.norm(first - eye)), float(np.linalg.norm(z - eye))


def test_the_axes_phantom_shows_its_arrows(draw: Draw) -> None:
    scene = phantom_scene("synthetic:axes?size=48")
    renderer = draw(scene, 120, 90)
    renderer.render_still(8)
    image = renderer.read_rgba()[:, :, :3].astype(float)
    y, x = np.mgrid[0:90, 0:120]
    middles = []
    for channel in range(3):
        own = image[:, :, channel] - image.max(axis=2, where=np.arange(3) != channel, initial=0)
        weight = np.clip(own, 0, None)
        assert weight.sum() > 0
        middles.append(((weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()))
    (rx, ry), (gx, gy), _ = middles
    assert rx > gx + 5  # the red arrow goes to the right
    assert gy > ry + 5  # the green one down


# ---- shading ----


def test_a_white_furnace_is_white(draw: Draw) -> None:
    """White matter under a white sky, a thin fog: single scattering with shadows stays below one, and near it."""
    scene = array_scene(np.full((16, 16, 16), 255, np.uint8))
    state = plain(
        scene, lighting=WHITE_SKY, shading=Shading(density=0.05, mode="phase"), channel=Channel(window=(0.0, 255.0))
    )
    renderer = draw(scene, 32, 32)
    mean = still(renderer, state, 64)
    light, coverage = float(mean[:, :, 1].sum()), float(mean[:, :, 3].sum())
    assert 0.95 < light / coverage <= 1.0 + 1e-6
