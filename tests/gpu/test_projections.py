"""Maximum, minimum and average projections against numpy along axes, and against dense sampling by scipy elsewhere."""

from __future__ import annotations

import cmap
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from render.engine.transfer import srgb_to_linear
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import ClipPlane, CropBox
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.rendering import Rendering
from render.state.view import Display, ViewState

from .conftest import Draw
from .scenes import along, array_scene, plain, scene_of, srgb

NUMPY = {"maximum": np.max, "minimum": np.min, "average": np.mean}


def noise(shape: tuple[int, ...], seed: int, dtype: type = np.uint16) -> NDArray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def seen(draw: Draw, scene: Scene, state: ViewState, samples: int = 1, size: int = 8) -> NDArray[np.float64]:
    """The mean over all pixels, (4,): all rays are the same."""
    renderer = draw(scene, size, size)
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    mean = renderer.read_mean()
    assert np.isfinite(mean).all()
    return mean.astype(np.float64).mean(axis=(0, 1))


def value(pixel: NDArray[np.float64]) -> float:
    """x of a white channel without a colour map: sRGB grows evenly with it."""
    return float(srgb(pixel[:3]).mean())


AXES = [((0, 0, 1), (0, 2, 1)), ((0, 0, -1), (0, 2, 1)), ((0, 1, 0), (1, 2, 0)), ((-1, 0, 0), (2, 1, 0))]


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("direction", [(0, 0, 1), (0, -1, 0), (1, 0, 0)])
def test_along_an_axis_it_is_what_numpy_says(
    draw: Draw, mode: str, interpolation: str, direction: tuple[int, int, int]
) -> None:
    """Through the centres of voxels, with an odd step so that nothing is hit by luck. Across bricks."""
    voxels = noise((40, 37, 70), 1)
    voxels[20:] //= 4  # macrocells that cannot be the largest
    scene = array_scene(voxels)
    axis = 2 - int(np.argmax(np.abs(direction)))
    at = [11, 20, 33]
    line = voxels[tuple(slice(None) if i == axis else at[i] for i in range(3))]
    origin = np.array(at[::-1], float) - 200 * np.array(direction)
    origin[2 - axis] = -200.0 * direction[2 - axis]
    rendering = Rendering(mode=mode, interpolation=interpolation, step_vox=0.37)
    got = seen(draw, scene, plain(scene, camera=along(origin, direction), rendering=rendering))
    assert got[3] == 1.0
    assert value(got) == pytest.approx(NUMPY[mode](line / 65535.0), abs=2e-5)


@pytest.mark.parametrize("mode", NUMPY)
def test_obliquely_it_is_what_dense_sampling_finds(draw: Draw, mode: str) -> None:
    voxels = noise((40, 66, 50), 2)
    scene = array_scene(voxels)
    direction = np.array([0.3, 0.2, 1.0])
    origin = scene.box.centre - 150 * direction
    points = origin + direction * np.linspace(0, 300, 600_000)[:, None]
    inside = ((points >= -0.5) & (points <= np.array([50, 66, 40]) - 0.5)).all(axis=1)
    line = map_coordinates(voxels.astype(float), points[inside][:, ::-1].T, order=1, mode="nearest") / 65535
    rendering = Rendering(mode=mode, step_vox=0.25)
    got = seen(draw, scene, plain(scene, camera=along(origin, direction), rendering=rendering))
    assert value(got) == pytest.approx(NUMPY[mode](line), abs=1e-4 if mode == "average" else 4e-3)


@pytest.mark.parametrize("mode", NUMPY)
def test_crop_box_and_planes_cut_the_ray(draw: Draw, mode: str) -> None:
    voxels = noise((40, 8, 8), 3)
    scene = array_scene(voxels)
    state = plain(
        scene,
        camera=along((3, 4, -100), (0, 0, 1)),
        rendering=Rendering(mode=mode, interpolation="nearest"),
        crop=CropBox(lo=(0, 0, 0.25), hi=(1, 1, 1)),
        clip_planes=(ClipPlane(point=(0, 0, 19.5), normal=(0, 0, 1)),),
    )
    expected = NUMPY[mode](voxels[10:20, 4, 3] / 65535)
    assert value(seen(draw, scene, state)) == pytest.approx(expected, abs=1e-4)
    unclipped = Channel(window=(0.0, 65535.0), clipped=False)
    whole = state.model_copy(update={"layers": (ImageLayer(source="0", channels=(unclipped,)),)})
    assert value(seen(draw, scene, whole)) == pytest.approx(NUMPY[mode](voxels[:, 4, 3] / 65535), abs=1e-4)
    nothing = state.model_copy(update={"clip_planes": (ClipPlane(point=(0, 0, -9), normal=(0, 0, 1)),)})
    assert not seen(draw, scene, nothing).any()


def test_windows_clamp_and_colour_maps_colour(draw: Draw) -> None:
    voxels = np.zeros((2, 16, 8, 8), np.uint8)
    voxels[0, 3, 4, 4] = 140
    voxels[1, 12, 4, 4] = 60
    scene = array_scene(voxels)
    camera = along((4, 4, -100), (0, 0, 1))
    viridis = Channel(window=(100.0, 200.0), color_map="viridis")
    red = Channel(window=(0.0, 50.0), color=(1.0, 0.0, 0.0))
    expected = srgb_to_linear(np.asarray(cmap.Colormap("viridis")(0.4))[:3])
    for channels, light in (
        ((viridis, red.model_copy(update={"visible": False})), expected),
        ((viridis, red), np.minimum(expected + np.eye(3)[0], 1)),
    ):
        layers = (ImageLayer(source="0", channels=channels),)
        got = seen(draw, scene, plain(scene, layers=layers, camera=camera, rendering=Rendering(mode="maximum")))
        np.testing.assert_allclose(srgb(got[:3]), srgb(light), atol=1 / 255)


def test_neither_exposure_nor_tone_map_changes_it(draw: Draw) -> None:
    scene = array_scene(np.full((8, 8, 8), 200, np.uint8))
    channel = Channel(window=(0.0, 255.0))
    display = Display(exposure=2.0, tone_map="filmic")
    renderer = draw(scene, 32, 32)
    renderer.set_state(plain(scene, channel=channel, display=display, rendering=Rendering(mode="maximum")), 1)
    renderer.render_still(2)
    assert abs(int(renderer.read_rgba()[16, 16, 0]) - 200) <= 1


def test_labels_lie_over_it_by_their_opacity(draw: Draw) -> None:
    voxels, labels = np.full((16, 16, 16), 255, np.uint8), np.zeros((16, 16, 16), np.uint8)
    labels[5:8] = 1
    labels[10:] = 2
    colors = {1: (1.0, 0.0, 0.0, 1.0), 2: (0.0, 0.0, 1.0, 1.0)}
    source = MemorySource(labels, kind="labels", label_colors=colors)
    scene = scene_of(MemorySource(voxels), source)
    image = ImageLayer(source="0", channels=(Channel(window=(0.0, 510.0)),))
    camera = along((8, 8, -100), (0, 0, 1))
    for opacity in (1.0, 0.25):
        layers = (image, LabelLayer(source="1", opacity=opacity))
        got = seen(draw, scene, plain(scene, layers=layers, camera=camera, rendering=Rendering(mode="maximum")))
        grey = srgb_to_linear(np.array(0.5))
        expected = (1 - opacity) * grey * np.ones(3) + opacity * np.array([1.0, 0, 0])
        np.testing.assert_allclose(got[:3], expected, atol=2e-3)
        assert got[3] == 1


def test_the_depth_is_that_of_the_largest_value(draw: Draw) -> None:
    voxels = np.zeros((32, 8, 8), np.uint8)
    voxels[21, 4, 4] = 90
    voxels[5, 4, 4] = 80
    scene = array_scene(voxels)
    renderer = draw(scene, 8, 8)
    camera = along((4, 4, -50), (0, 0, 1))
    renderer.set_state(plain(scene, camera=camera, rendering=Rendering(mode="maximum")), 1)
    renderer.render_still(1)
    depth = renderer._view.accumulator.moments.read()[:8, :8, 0]
    # The scene's longest side, 32 voxels, is 1.
    np.testing.assert_allclose(depth * 32, 71.0, atol=1e-3)


@pytest.mark.parametrize("mode", NUMPY)
def test_hard_views(draw: Draw, mode: str) -> None:
    scene = array_scene(np.full((9, 9, 9), 77, np.uint16))
    inside = Camera(position=(4.2, 4.1, 4.0), focal_point=(4.2, 4.1, 9.0), view_up=(0.0, -1.0, 0.0), view_angle=90.0)
    state = plain(scene, channel=Channel(window=(0.0, 154.0)), rendering=Rendering(mode=mode), camera=inside)
    assert value(seen(draw, scene, state, 4)) == pytest.approx(0.5, abs=1e-4)
    crop = CropBox(lo=(0.4, 0.0, 0.0), hi=(0.4, 1.0, 1.0))
    assert not seen(draw, scene, state.model_copy(update={"crop": crop})).any()
