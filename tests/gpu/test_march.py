"""The emission-absorption march against integrals along rays by numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.clip import ClipPlane, CropBox
from render.state.layer import Channel, ImageLayer
from render.state.rendering import Rendering
from render.state.view import Shading, ViewState

from .conftest import Draw
from .scenes import WHITE_SKY, along, array_scene, full_window, optical_depth, plain, scene_of

U8, U16 = (full_window(np.dtype(kind)) for kind in (np.uint8, np.uint16))
MARCH = Rendering(mode="march")


def noise(shape: tuple[int, ...], seed: int, dtype: type = np.uint16) -> NDArray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def mean_of(draw: Draw, scene: Scene, state: ViewState, samples: int = 4, size: int = 24) -> NDArray[np.float64]:
    """Mean (4,) over all pixels, which look along one ray from places of their own."""
    renderer = draw(scene, size, size)
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    mean = renderer.read_mean().astype(np.float64)
    assert np.isfinite(mean).all()
    return mean.mean(axis=(0, 1))


@pytest.mark.parametrize("step", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("tau", [0.05, 1.0, 3.0])
def test_a_ramp_is_absorbed_by_its_integral_whatever_the_step(draw: Draw, tau: float, step: float) -> None:
    n = 32
    ramp = np.rint(np.linspace(0, 65535, n)).astype(np.uint16)
    scene = array_scene(np.broadcast_to(ramp[:, None, None], (n, 8, 8)).copy())
    state = plain(
        scene, 2 * tau, camera=along((3.5, 3.5, -100), (0, 0, 1)), rendering=Rendering(mode="march", step_vox=step)
    )
    exact = 2 * tau * ((n - 1) / 2 + 0.5) / n
    assert mean_of(draw, scene, state)[3] == pytest.approx(1 - np.exp(-exact), rel=0.01)


@pytest.mark.parametrize("direction", [(0.3, 0.2, 1.0), (-1.0, 0.45, 0.1)])
def test_noise_across_bricks(draw: Draw, direction: tuple[float, float, float]) -> None:
    scene = array_scene(noise((40, 66, 50), 1))
    origin = scene.box.centre - 150 * np.array(direction)
    for crop in (None, CropBox(lo=(0.1, 0.2, 0.3), hi=(0.9, 0.75, 0.6))):
        size = scene.box.size
        corners = crop and tuple(np.asarray(scene.box.lo) + size * np.array(part) for part in (crop.lo, crop.hi))
        tau = optical_depth(scene, origin, direction, 3.0, [U16], crop=corners)
        state = plain(scene, 3.0, camera=along(origin, direction), rendering=MARCH, crop=crop or CropBox())
        assert mean_of(draw, scene, state)[3] == pytest.approx(1 - np.exp(-tau), rel=0.01, abs=2e-3)


def test_nearest_voxels_are_constant_inside(draw: Draw) -> None:
    voxels = noise((40, 12, 12), 2)
    scene = array_scene(voxels)
    rendering = Rendering(mode="march", interpolation="nearest", step_vox=0.1)
    state = plain(scene, 2.0, camera=along((5.3, 4.4, -100), (0, 0, 1)), rendering=rendering)
    tau = 2.0 * (voxels[:, 4, 5] / 65535).mean()
    assert mean_of(draw, scene, state)[3] == pytest.approx(1 - np.exp(-tau), rel=2e-3)


def turned() -> NDArray[np.float64]:
    world = np.eye(4)
    world[:3, :3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.5]]
    world[:3, 3] = [10, -5, 4]
    return world


def test_overlapping_volumes_absorb_together(draw: Draw) -> None:
    scene = scene_of(
        MemorySource(noise((30, 30, 30), 4)), MemorySource(noise((16, 33, 30), 5, np.uint8), world_from_vox=turned())
    )
    direction = np.array([0.2, 0.3, 1.0])
    origin = np.array([15.0, 15.0, 15.0]) - 100 * direction
    tau = optical_depth(scene, origin, direction, 3.0, [U16, U8])
    state = plain(scene, 3.0, camera=along(origin, direction), rendering=MARCH)
    assert mean_of(draw, scene, state)[3] == pytest.approx(1 - np.exp(-tau), rel=0.01)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_overlapping_volumes_shine_together(draw: Draw, order: tuple[int, int]) -> None:
    """Red and green of one density in one place: as much of each, whichever comes first. Blue behind shows through."""
    full = np.full((20, 20, 20), 255, np.uint8)
    behind = np.eye(4)
    behind[2, 3] = 20.0
    colors = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    scene = scene_of(MemorySource(full), MemorySource(full), MemorySource(full, world_from_vox=behind))
    shown = [colors[order[0]], colors[order[1]], (0.0, 0.0, 1.0)]
    layers = tuple(
        ImageLayer(source=str(i), channels=(Channel(window=U8, color=color),)) for i, color in enumerate(shown)
    )
    state = plain(
        scene, layers=layers, camera=along((9.3, 9.4, -100), (0, 0, 1)), rendering=MARCH, lighting=WHITE_SKY,
        shading=Shading(density=1.5, mode="phase"),
    )  # fmt: skip
    # The scene is 40 voxels long: tau = 2 * 1.5 / 2 in front, 1.5 / 2 behind.
    front, back = 1 - np.exp(-1.5), np.exp(-1.5) * (1 - np.exp(-0.75))
    np.testing.assert_allclose(mean_of(draw, scene, state), [front / 2, front / 2, back, front + back], rtol=0.01)


def test_mixing_rules(draw: Draw) -> None:
    """Two channels everywhere, opacity 0.6 and 0.3."""
    voxels = np.stack([np.full((20, 20, 20), 153, np.uint8), np.full((20, 20, 20), 153, np.uint8)])
    scene = array_scene(voxels)
    channels = (Channel(window=U8, color=(1, 0, 0)), Channel(window=U8, color=(0, 1, 0), opacity=0.5))
    for mixing, opacity, red, green in (
        ("physical", 0.9, 2 / 3, 1 / 3), ("max", 0.6, 1.0, 0.0), ("additive", 0.9, 1.0, 0.5),
    ):  # fmt: skip
        state = plain(
            scene, layers=(ImageLayer(source="0", channels=channels),), camera=along((9.3, 9.4, -100), (0, 0, 1)),
            rendering=Rendering(mode="march", mixing=mixing), lighting=WHITE_SKY,
            shading=Shading(density=2.0, mode="phase"),
        )  # fmt: skip
        alpha = 1 - np.exp(-2 * opacity)
        got = mean_of(draw, scene, state)
        np.testing.assert_allclose(got, [alpha * red, alpha * green, 0, alpha], rtol=0.01, atol=1e-3)


def test_planes_cut_the_ray_and_spare_channels_that_are_not_clipped(draw: Draw) -> None:
    voxels = np.full((2, 20, 20, 20), 255, np.uint8)
    scene = array_scene(voxels)
    planes = (ClipPlane(point=(0, 0, 4.5), normal=(0, 0, -1)), ClipPlane(point=(0, 0, 14.5), normal=(0, 0, 2)))
    channels = (Channel(window=U8), Channel(window=U8, opacity=0.5, clipped=False))
    camera = along((9.3, 9.4, -100), (0, 0, 1))
    for shown, tau in ((channels[:1] * 2, 2.0), (channels, 1.0 + 1.0), ((channels[1],) * 2, 2.0)):
        layers = (ImageLayer(source="0", channels=shown),)
        state = plain(scene, 2.0, layers=layers, camera=camera, clip_planes=planes, rendering=MARCH)
        assert mean_of(draw, scene, state)[3] == pytest.approx(1 - np.exp(-tau), rel=0.01)
    everything = (*planes, ClipPlane(point=(0, 0, 2), normal=(0, 0, 1)))
    state = plain(scene, 2.0, camera=camera, clip_planes=everything, rendering=MARCH)
    assert not mean_of(draw, scene, state).any()


def test_steps_are_noise_and_not_bands(draw: Draw) -> None:
    """Steps of four voxels through thin sheets: neighbouring pixels differ as if by chance, their mean is right."""
    voxels = np.zeros((40, 16, 16), np.uint8)
    voxels[::4] = 255
    scene = array_scene(voxels)
    rendering = Rendering(mode="march", step_vox=3.0)
    renderer = draw(scene, 32, 32)
    renderer.set_state(plain(scene, 0.4, camera=along((7, 7, -100), (0, 0, 1)), rendering=rendering), 1)
    renderer.render_still(1)
    alpha = renderer.read_mean()[..., 3].astype(np.float64)
    assert alpha.std() > 0.005
    across = np.corrcoef(alpha[:, 1:].ravel(), alpha[:, :-1].ravel())[0, 1]
    assert across < 0.1  # blue noise: neighbours rather differ
    # Ten sheets, each with the integral of one voxel.
    assert alpha.mean() == pytest.approx(1 - np.exp(-0.4 * 10 / 40), rel=0.05)
