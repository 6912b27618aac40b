"""The lens, two eyes and mirrors in pictures: sizes and shifts by the formulas of geometric optics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.renderer import Renderer
from render.scene.open import Scene
from render.state.camera import Camera
from render.state.clip import CropBox
from render.state.layer import Channel
from render.state.light import Lighting
from render.state.material import Material
from render.state.view import Shading, ViewState

from .conftest import Draw
from .scenes import array_scene, plain

SIDE = 96
N = 65
GLOW = Channel(window=(0.0, 255.0), material=Material(emission=(1.0, 1.0, 1.0)))


def points(*at: tuple[int, int, int]) -> Scene:
    """Single bright voxels (x, y, z), opaque, of side 1, in a cube of N^3."""
    voxels = np.zeros((N, N, N), np.uint8)
    for x, y, z in at:
        voxels[z, y, x] = 255
    return array_scene(voxels)


def camera(**changes: Any) -> Camera:
    """Looks along z at the cube's middle from 100 in front of it; x to the right, y down."""
    fields: dict[str, Any] = {
        "position": (32.0, 32.0, -68.0), "focal_point": (32.0, 32.0, 32.0), "view_up": (0.0, -1.0, 0.0),
        "view_angle": 40.0, "parallel_scale": 32.0,
    }  # fmt: skip
    return Camera(**{**fields, **changes})


def bright(renderer: Renderer, scene: Scene, eye: Camera, samples: int = 64) -> NDArray[np.float64]:
    """The picture's light, (height, width); opaque points that glow."""
    renderer.set_state(plain(scene, 1e4, camera=eye, channel=GLOW), 1)
    renderer.render_still(samples)
    return renderer.read_mean()[..., 0].astype(np.float64)


def moments(light: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """The middle (x, y) in pixels, and the means of the second and fourth power of the distance to it."""
    y, x = np.indices(light.shape) + 0.5
    total = light.sum()
    assert total > 0
    middle = np.array([(light * x).sum(), (light * y).sum()]) / total
    square = (x - middle[0]) ** 2 + (y - middle[1]) ** 2
    return middle, float((light * square).sum() / total), float((light * square**2).sum() / total)


# ---- the lens ----


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize(("z", "focus"), [(32, 60.0), (32, 180.0), (10, 100.0), (60, 100.0)])
def test_what_is_out_of_focus_becomes_a_disc_of_the_formulas_size(
    draw: Draw, projection: str, z: int, focus: float
) -> None:
    """A disc of radius R has a mean square distance from its middle of R^2 / 2."""
    scene = points((32, 32, z))
    renderer = draw(scene, SIDE, SIDE)
    aperture, depth = 12.0, z + 68.0
    sharp = bright(renderer, scene, camera(projection=projection))
    blurred = bright(renderer, scene, camera(projection=projection, aperture=aperture, focus_distance=focus), 256)
    half = math.tan(math.radians(20)) * focus if projection == "perspective" else 32.0
    radius = aperture * abs(1 - focus / depth if projection == "perspective" else 1 - depth / focus) / half * SIDE / 2
    assert radius > 3
    middle, second, fourth = moments(blurred)
    point, own_second, own_fourth = moments(sharp)
    assert math.sqrt(2 * (second - own_second)) == pytest.approx(radius, rel=0.03)
    assert np.linalg.norm(middle - point) < 0.3
    # It is an even disc, blurred by the point's own size: its fourth moment is R^4 / 3.
    expected = radius**4 / 3 + own_fourth + 4 * (radius**2 / 2) * own_second
    assert fourth == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_what_is_in_focus_is_sharp(draw: Draw, projection: str) -> None:
    scene = points((32, 32, 20), (45, 32, 20), (32, 20, 20))
    renderer = draw(scene, SIDE, SIDE)
    sharp = bright(renderer, scene, camera(projection=projection))
    focused = bright(renderer, scene, camera(projection=projection, aperture=2.0, focus_distance=88.0))
    # All the points' depth is one voxel, over which the lens blurs by a fraction of a pixel.
    assert np.abs(focused - sharp).max() < 0.15
    assert np.abs(focused - sharp).mean() < 0.02 * sharp.max()


def test_without_a_focus_the_focal_point_is_sharp(draw: Draw) -> None:
    scene = points((32, 32, 32))
    renderer = draw(scene, SIDE, SIDE)
    asked = bright(renderer, scene, camera(aperture=3.0, focus_distance=100.0))
    assert np.array_equal(bright(renderer, scene, camera(aperture=3.0)), asked)


# ---- two eyes ----


def eyes(picture: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the light is in the left and in the right half, each in pixels of its half."""
    half = picture.shape[1] // 2
    return moments(picture[:, :half])[0], moments(picture[:, half:])[0]


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("z", [4, 32, 61])
def test_disparity_is_that_of_two_eyes(draw: Draw, projection: str, z: int) -> None:
    """Eyes s apart that meet at the distance D see a point at z shifted by s (D / z - 1) on the plane at D against each
    other; by s (1 - z / D) in an orthographic view.
    """
    scene = points((36, 30, z))
    renderer = draw(scene, 2 * SIDE, SIDE)
    separation = 0.06
    left, right = eyes(
        bright(renderer, scene, camera(projection=projection, stereo="side_by_side", eye_separation=separation))
    )
    depth, distance = z + 68.0, 100.0
    if projection == "perspective":
        expected = separation * distance * (distance / depth - 1) / (math.tan(math.radians(20)) * distance) * SIDE / 2
    else:
        expected = separation * distance * (1 - depth / distance) / 32.0 * SIDE / 2
    # Nearer than where they meet: further to the right for the left eye.
    assert left[0] - right[0] == pytest.approx(expected, abs=0.15)
    assert left[1] == pytest.approx(right[1], abs=0.1)
    if z == 32:
        assert abs(left[0] - right[0]) < 0.1
    else:
        assert abs(expected) > 1.5


def test_one_eye_between_the_two_sees_the_middle(draw: Draw) -> None:
    scene = points((36, 30, 10))
    left, right = eyes(bright(draw(scene, 2 * SIDE, SIDE), scene, camera(stereo="side_by_side", eye_separation=0.06)))
    between, *_ = moments(bright(draw(scene, SIDE, SIDE), scene, camera()))
    np.testing.assert_allclose((left + right) / 2, between, atol=0.15)


# ---- mirrors ----


def smooth() -> NDArray[np.uint8]:
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in (48, 64, 80)), indexing="ij")
    field = 1.2 - 1.3 * np.sqrt(x * x + (y + 0.3) ** 2 + z * z) + 0.4 * x * y - 0.3 * z
    return (np.clip(field, 0, 1) * 255).astype(np.uint8)


def rough() -> NDArray[np.uint8]:
    voxels = np.random.default_rng(4).integers(0, 255, (16, 24, 32), dtype=np.uint8)
    voxels[:, :12, 8:] = 0
    return voxels


@pytest.mark.parametrize("flip", [(True, False, False), (False, True, False), (False, False, True), (True, True, True)])
@pytest.mark.parametrize("shading", ["phase", "brdf"])
def test_a_flipped_view_is_a_view_of_flipped_data(draw: Draw, flip: tuple[bool, bool, bool], shading: str) -> None:
    """Along world x, y, z: the last, second and first axis of the array. Crop box, camera and lights stay."""
    voxels = rough() if shading == "phase" else smooth()
    mirrored = np.flip(voxels, [axis for axis, wanted in zip((2, 1, 0), flip, strict=True) if wanted]).copy()
    eye = array_scene(voxels).default_state.camera

    def drawn(array: NDArray[np.uint8], **changes: Any) -> NDArray[np.float32]:
        scene = array_scene(array)
        state: ViewState = plain(
            scene, camera=eye, lighting=Lighting(), crop=CropBox(hi=(0.8, 1.0, 0.9)),
            shading=Shading(density=60.0, mode=shading), **changes,
        )  # fmt: skip
        renderer = draw(scene, 64, 48)
        renderer.set_state(state, 1)
        renderer.render_still(16)
        return renderer.read_mean()

    asked, right = drawn(voxels, flip=flip), drawn(mirrored)
    assert np.abs(drawn(voxels) - right).mean() > (0.01 if shading == "phase" else 0.03)
    # The same random numbers meet the same matter; only where rounding decides a path goes another way.
    assert np.abs(asked[..., 3] - right[..., 3]).mean() < 0.001
    assert np.abs(asked - right).mean() < 0.001
