"""What is absorbed along a ray: the tracer's mean coverage against exp(-integral of the extinction).

All pixels look along one ray, so that a picture is some 100 000 independent flights.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.clip import CropBox
from render.state.layer import Channel, ImageLayer

from .conftest import Draw
from .scenes import along, array_scene, full_window, optical_depth, phantom_scene, plain, scene_of

SAMPLES = 24
U8, U16 = (full_window(np.dtype(kind)) for kind in (np.uint8, np.uint16))


def coverage(draw: Draw, scene: Scene, state: object, mode: str = "path", samples: int = SAMPLES) -> tuple[float, int]:
    """Mean coverage of all pixels, and how many flights that is."""
    renderer = draw(scene, 64, 64, mode=mode)
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    return float(renderer.read_mean()[:, :, 3].astype(np.float64).mean()), 64 * 64 * samples


def check(
    draw: Draw, scene: Scene, density: float, origin: ArrayLike, direction: ArrayLike, tau: float, **changes
) -> None:
    # One seed for all; that seeds scatter as they should was looked at with 100 of them.
    state = plain(scene, density, camera=along(origin, direction), seed=1, **changes)
    got, n = coverage(draw, scene, state)
    expected = 1.0 - np.exp(-tau)
    error = np.sqrt(max(expected * (1 - expected), 1e-6) / n)
    assert abs(got - expected) < 3 * error, f"coverage {got:.5f}, expected {expected:.5f} +- {error:.5f}"


@pytest.mark.parametrize("tau", [0.01, 0.1, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_homogeneous_slab(draw: Draw, tau: float, dtype: str) -> None:
    """40 x 30 x 20 voxels of one value, seen through their thickness of 20: optical depth = density / 2."""
    scene = phantom_scene(f"synthetic:constant?size=20,30,40&dtype={dtype}")
    # A constant of floating point has no range of its own: the window begins below it.
    value = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}[dtype]
    channel = Channel(window=(0.0, value))
    check(draw, scene, 2 * tau, (0.3, 0.7, -200), (0, 0, 1), tau, channel=channel)


@pytest.mark.parametrize(
    ("direction", "path_vox"),
    [((1, 0, 0), 40), ((0, -1, 0), 30), ((0, 0, -1), 20), ((1, 1, 0), 30 * np.sqrt(2)), ((0, 3, 2), 10 * np.sqrt(13))],
)
def test_homogeneous_box_from_all_sides(draw: Draw, direction: tuple[int, int, int], path_vox: float) -> None:
    scene = phantom_scene("synthetic:constant?size=20,30,40&dtype=uint8")
    middle = scene.box.centre
    origin = middle - 100 * np.array(direction)
    check(draw, scene, 2.0, origin, direction, 2.0 * path_vox / 40, channel=Channel(window=(0.0, 255.0)))


@pytest.mark.parametrize("density", [1.0, 8.0])
def test_linear_ramp_by_hand(draw: Draw, density: float) -> None:
    """Along z from 0 to 1 linearly between the outermost centres, and constant in the half voxels beyond them."""
    n = 32
    ramp = np.rint(np.linspace(0, 65535, n)).astype(np.uint16)
    scene = array_scene(np.broadcast_to(ramp[:, None, None], (n, 8, 8)).copy())
    tau = density * ((n - 1) / 2 + 0.5) / n
    check(draw, scene, density, (3.5, 3.5, -100), (0, 0, 1), tau)


def noise(shape: tuple[int, int, int], seed: int, dtype: type = np.uint16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("direction", [(0.3, 0.2, 1.0), (-1.0, 0.45, 0.1), (0.01, 1.0, -0.02)])
def test_trilinear_noise_across_bricks(draw: Draw, direction: tuple[float, float, float]) -> None:
    scene = array_scene(noise((40, 66, 50), 1))
    origin = scene.box.centre - 150 * np.array(direction)
    tau = optical_depth(scene, origin, direction, 2.5, [U16])
    assert 0.3 < tau < 3
    check(draw, scene, 2.5, origin, direction, tau)


def test_turned_volume_with_anisotropic_voxels(draw: Draw) -> None:
    a, b = 0.7, -0.4
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    turn = turn @ np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    world = np.eye(4)
    world[:3, :3] = turn @ np.diag([0.5, 1.0, 3.0])
    world[:3, 3] = [1000.0, -500.0, 30.0]
    scene = array_scene(noise((18, 40, 70), 2), world_from_vox=world)
    direction = np.array([0.5, 0.2, 0.8])
    # Through the middle of the volume, far away from the origin of the world.
    origin = scene.box.centre - 200 * direction
    tau = optical_depth(scene, origin, direction, 4.0, [U16])
    assert 0.3 < tau < 3
    check(draw, scene, 4.0, origin, direction, tau)


def test_left_handed_volume(draw: Draw) -> None:
    world = np.diag([-1.0, 1.0, 2.0, 1.0])
    scene = array_scene(noise((20, 30, 40), 3), world_from_vox=world)
    origin, direction = scene.box.centre + np.array([60, -30, 10]), np.array([-2.0, 1.0, -0.3])
    check(draw, scene, 3.0, origin, direction, optical_depth(scene, origin, direction, 3.0, [U16]))


def test_overlapping_volumes_add_their_extinctions(draw: Draw) -> None:
    """Two grids of different spacing, turn and type that share a part of space."""
    world = np.eye(4)
    world[:3, :3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.5]]
    world[:3, 3] = [10, -5, 4]
    scene = scene_of(
        MemorySource(noise((30, 30, 30), 4)), MemorySource(noise((16, 33, 30), 5, np.uint8), world_from_vox=world)
    )
    direction = np.array([0.2, 0.3, 1.0])
    origin = np.array([15.0, 15.0, 15.0]) - 100 * direction
    alone = [
        optical_depth(scene, origin, direction, 3.0, [U16, (0.0, 1e9)]),
        optical_depth(scene, origin, direction, 3.0, [(0.0, 1e9), U8]),
    ]
    assert min(alone) > 0.2
    check(draw, scene, 3.0, origin, direction, sum(alone))


def test_channels_add_their_extinctions_by_weight(draw: Draw) -> None:
    voxels = np.stack([noise((24, 24, 24), seed) for seed in (6, 7, 8)])
    scene = array_scene(voxels)
    origin, direction = scene.box.centre - np.array([40.0, 10, 5]), np.array([40.0, 10, 5])
    each = [
        optical_depth(array_scene(one), origin, direction, 3.0, [U16]) for one in voxels
    ]  # fmt: skip
    channels = tuple(Channel(window=U16, opacity=w, visible=w != 0.3) for w in (1.0, 0.25, 0.3))
    layers = (ImageLayer(source="0", channels=channels),)
    check(draw, scene, 3.0, origin, direction, each[0] + 0.25 * each[1], layers=layers)


def test_empty_space_between_matter_is_leapt_over_exactly(draw: Draw) -> None:
    """Few small blobs: most of each ray goes through cells that say how far the next matter is."""
    rng = np.random.default_rng(10)
    there = rng.random((20, 20, 20)) < 0.08
    voxels = noise((80, 80, 80), 11) * there.repeat(4, 0).repeat(4, 1).repeat(4, 2)
    scene = array_scene(voxels.astype(np.uint16))
    for direction in ((1.0, 0.31, 0.17), (-0.2, -1.0, 0.4)):
        origin = scene.box.centre - 100 * np.array(direction)
        tau = optical_depth(scene, origin, direction, 60.0, [U16])
        assert 0.3 < tau < 5
        check(draw, scene, 60.0, origin, direction, tau)


def test_crop_box_cuts_the_path(draw: Draw) -> None:
    scene = array_scene(noise((40, 40, 40), 9))
    crop = CropBox(lo=(0.1, 0.2, 0.3), hi=(0.9, 0.75, 0.6))
    size = scene.box.size
    corners = tuple(np.asarray(scene.box.lo) + size * np.array(part) for part in (crop.lo, crop.hi))
    direction = np.array([0.4, -0.2, 1.0])
    origin = scene.box.centre - 100 * direction
    tau = optical_depth(scene, origin, direction, 5.0, [U16], crop=corners)
    assert tau < 0.5 * optical_depth(scene, origin, direction, 5.0, [U16])
    check(draw, scene, 5.0, origin, direction, tau, crop=crop)


def test_an_eye_inside_sees_what_is_before_it(draw: Draw) -> None:
    scene = phantom_scene("synthetic:constant?size=40&dtype=uint8")
    check(draw, scene, 2.0, (20, 20, 9.5), (0, 0, 1), 2.0 * 30 / 40, channel=Channel(window=(0.0, 255.0)))


@pytest.mark.parametrize("tau", [0.05, 0.5, 1.0, 3.0])
def test_ray_march_of_a_slab(draw: Draw, tau: float) -> None:
    scene = phantom_scene("synthetic:constant?size=20,30,40&dtype=uint8")
    state = plain(scene, 2 * tau, camera=along((0.3, 0.7, -200), (0, 0, 1)), channel=Channel(window=(0.0, 255.0)))
    got, _ = coverage(draw, scene, state, mode="march", samples=2)
    assert got == pytest.approx(1 - np.exp(-tau), rel=0.01)


def test_ray_march_of_noise_is_near_the_integral(draw: Draw) -> None:
    scene = array_scene(noise((40, 66, 50), 1))
    direction = np.array([0.3, 0.2, 1.0])
    origin = scene.box.centre - 150 * direction
    got, _ = coverage(draw, scene, plain(scene, 2.5, camera=along(origin, direction)), mode="march", samples=8)
    expected = 1 - np.exp(-optical_depth(scene, origin, direction, 2.5, [U16]))
    assert got == pytest.approx(expected, rel=0.02)
