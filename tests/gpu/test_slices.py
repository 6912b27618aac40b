"""Slices against numpy's own slices through cmap."""

from __future__ import annotations

import cmap
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from render.engine.transfer import LUT_SIZE
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import ClipPlane, CropBox, SlicePlane, Slices
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.rendering import Rendering
from render.state.view import Display, ViewState

from .conftest import Draw
from .scenes import array_scene, plain, scene_of, srgb

N = (20, 24, 28)  # z, y, x
U8 = (0.0, 255.0)


def noise(seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, N, dtype=np.uint8, endpoint=True)


def straight(pixels_a_voxel: int, axis: str = "z") -> tuple[Camera, int, int]:
    """An orthographic view along z, x to the right and y down (or along x: z to the right), and the picture's size."""
    across, down = (N[2], N[1]) if axis == "z" else (N[0], N[1])
    middle = np.array([N[2] - 1, N[1] - 1, N[0] - 1]) / 2
    direction = np.array([0.0, 0, 1]) if axis == "z" else np.array([-1.0, 0, 0])
    position = middle - 100 * direction
    camera = Camera(
        position=tuple(map(float, position)), focal_point=tuple(map(float, middle)), view_up=(0.0, -1.0, 0.0),
        projection="orthographic", parallel_scale=down / 2,
    )  # fmt: skip
    return camera, across * pixels_a_voxel, down * pixels_a_voxel


def picture(draw: Draw, scene: object, state: ViewState, width: int, height: int, samples: int = 1) -> NDArray:
    renderer = draw(scene, width, height)
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    assert np.isfinite(renderer.read_mean()).all()
    return renderer.read_rgba(transparent=True)


SLICES_ONLY = Rendering(mode="slices")
NEAREST = Rendering(mode="slices", interpolation="nearest")


@pytest.mark.parametrize("color_map", ["viridis", None])
def test_a_slice_seen_straight_is_numpys(draw: Draw, color_map: str | None) -> None:
    """Nearest voxels, 8 pixels each: the filter of a pixel reaches to its neighbours, so look at the voxels' middles.

    The table has 1024 entries, so x is known to half of one.
    """
    voxels = noise()
    scene = array_scene(voxels)
    camera, width, height = straight(8)
    channel = Channel(window=(20.0, 220.0), color_map=color_map)
    k = 13
    state = plain(
        scene, channel=channel, camera=camera, rendering=NEAREST, slices=Slices(z=(k + 0.5) / N[0]),
        display=Display(exposure=1.5, tone_map="filmic"),
    )  # fmt: skip
    got = picture(draw, scene, state, width, height)[4::8, 4::8]
    x = np.clip((voxels[k].astype(float) - 20) / 200, 0, 1)
    half = 0.5 / (LUT_SIZE - 1)
    around = [np.clip(x + off, 0, 1) for off in (-half, 0.0, half)]
    expected = np.stack(
        [np.asarray(cmap.Colormap(color_map or "gray")(one, N=LUT_SIZE))[..., :3] * 255 for one in around]
    )
    assert (got[..., :3] >= expected.min(axis=0) - 1).all()
    assert (got[..., :3] <= expected.max(axis=0) + 1).all()
    assert (got[..., 3] == 255).all()


def test_a_slice_between_voxels_is_the_linear_field(draw: Draw) -> None:
    """In the very middle of pixels: a smooth volume, where the pixels' filter changes nothing."""
    z, y, x = np.meshgrid(*(np.arange(n, dtype=float) for n in N), indexing="ij")
    voxels = (1500.0 * x + 700 * y + 900 * z).astype(np.uint16)
    scene = array_scene(voxels)
    camera, width, height = straight(4)
    place = 0.37
    state = plain(scene, camera=camera, rendering=SLICES_ONLY, slices=Slices(z=place))
    renderer = draw(scene, width, height)
    renderer.set_state(state, 1)
    renderer.render_still(64)
    got = srgb(renderer.read_mean()[2:-2, 2:-2, 0].astype(np.float64)) * 255
    ys, xs = np.meshgrid((np.arange(height) + 0.5) / 4 - 0.5, (np.arange(width) + 0.5) / 4 - 0.5, indexing="ij")
    at = np.stack([np.full(xs.shape, place * N[0] - 0.5), ys, xs])
    expected = map_coordinates(voxels.astype(float), at, order=1, mode="nearest")[2:-2, 2:-2] / 65535 * 255
    assert np.abs(got - expected).max() <= 1.0
    assert abs((got - expected).mean()) < 0.02


def test_a_noisy_slice_between_voxels_is_trilinear(draw: Draw) -> None:
    """All pixels look at one point of an oblique plane."""
    voxels = noise(3)
    scene = array_scene(voxels)
    rng = np.random.default_rng(4)
    for _ in range(6):
        normal, point = rng.normal(size=3), rng.uniform(4, 15, 3)
        camera = Camera(
            position=tuple(point - 60 * normal), focal_point=tuple(point), view_up=(0.3, 1.0, 0.2),
            projection="orthographic", parallel_scale=1e-5,
        )  # fmt: skip
        planes = (SlicePlane(point=tuple(point), normal=tuple(normal)),)
        state = plain(scene, camera=camera, rendering=SLICES_ONLY, slices=Slices(planes=planes))
        got = picture(draw, scene, state, 4, 4)[0, 0]
        expected = map_coordinates(voxels.astype(float), point[::-1][:, None], order=1)[0]
        assert abs(got[0] - expected) <= 1.01
        assert got[3] == 255


def test_the_nearest_of_several_slices_hides_the_others(draw: Draw) -> None:
    voxels = np.zeros(N, np.uint8)
    voxels[5], voxels[10], voxels[15] = 50, 100, 150
    scene = array_scene(voxels)
    camera, width, height = straight(2)
    planes = tuple(SlicePlane(point=(0, 0, z), normal=(0, 0, 1 if z > 7 else -3), visible=z != 5) for z in (5, 15, 10))
    state = plain(scene, camera=camera, rendering=SLICES_ONLY, slices=Slices(planes=planes))
    assert abs(int(picture(draw, scene, state, width, height)[24, 28, 0]) - 100) <= 1


def test_channels_add_and_labels_lie_over_them(draw: Draw) -> None:
    voxels = np.stack([np.full(N, 255, np.uint8), np.full(N, 255, np.uint8)])
    labels = np.zeros(N, np.uint8)
    labels[:, :, 14:] = 7
    source = MemorySource(labels, kind="labels", label_colors={7: (0.0, 0.0, 1.0, 1.0)})
    scene = scene_of(MemorySource(voxels), source)
    camera, width, height = straight(2)
    channels = (Channel(window=U8, color=(1, 0, 0)), Channel(window=U8, color=(0, 1, 0)))
    layers = (ImageLayer(source="0", channels=channels), LabelLayer(source="1", opacity=0.5))
    state = plain(scene, layers=layers, camera=camera, rendering=SLICES_ONLY, slices=Slices(z=0.5))
    got = picture(draw, scene, state, width, height)
    assert got[24, 10].tolist() == [255, 255, 0, 255]
    half = round(255 * (1.055 * 0.5 ** (1 / 2.4) - 0.055))
    assert np.abs(got[24, 45].astype(int) - [half, half, half, 255]).max() <= 1


def test_a_curve_may_make_it_clear(draw: Draw) -> None:
    voxels = np.zeros(N, np.uint8)
    voxels[:, :, 14:] = 255
    scene = array_scene(voxels)
    camera, width, height = straight(2)
    for by_curve, clear in ((True, 0), (False, 255)):
        slices = Slices(z=0.3, opacity_by_curve=by_curve)
        state = plain(scene, channel=Channel(window=U8), camera=camera, rendering=SLICES_ONLY, slices=slices)
        got = picture(draw, scene, state, width, height)
        assert got[24, 5].tolist() == [0, 0, 0, clear]
        assert got[24, 50].tolist() == [255, 255, 255, 255]


def test_crop_box_and_planes_cut_slices_but_not_those_on_their_faces(draw: Draw) -> None:
    scene = array_scene(np.full(N, 255, np.uint8))
    camera, width, height = straight(2)
    base = plain(scene, camera=camera, rendering=SLICES_ONLY, channel=Channel(window=U8))
    crop = CropBox(lo=(0.25, 0.0, 0.5), hi=(1.0, 1.0, 1.0))
    for z, there in ((0.0, False), (0.49, False), (0.5, True), (1.0, True)):
        state = base.model_copy(update={"crop": crop, "slices": Slices(z=z)})
        alpha = picture(draw, scene, state, width, height)[..., 3]
        assert (alpha[:, 16:] == (255 if there else 0)).mean() > 0.95, z
        assert not alpha[:, :13].any()
    plane = (ClipPlane(point=(0, 0, 9.5), normal=(0, 0, 1)),)
    for z, there in ((0.25, True), (0.5, True), (0.52, False)):
        state = base.model_copy(update={"clip_planes": plane, "slices": Slices(z=z)})
        assert (picture(draw, scene, state, width, height)[20:30, 20:30, 3] == (255 if there else 0)).all(), z


def test_no_slices_and_slices_along_the_view_show_nothing(draw: Draw) -> None:
    scene = array_scene(noise())
    camera, width, height = straight(1)
    for slices in (Slices(), Slices(planes=(SlicePlane(point=(900, 0, 0), normal=(1, 0, 0)),))):
        state = plain(scene, camera=camera, rendering=SLICES_ONLY, slices=slices)
        assert not picture(draw, scene, state, width, height).any()


@pytest.mark.parametrize("mode", ["march", "isosurface"])
def test_other_modes_show_slices_too(draw: Draw, mode: str) -> None:
    """In an empty half of the volume, before a dark opaque half: the slice as it is, exposed or not."""
    voxels = np.full(N, 40, np.uint8)
    voxels[14:] = 255
    scene = array_scene(voxels)
    camera, width, height = straight(2)
    channel = Channel(window=(0.0, 255.0), curve=((0.5, 0.0), (1.0, 1.0)))
    for exposure in (0.0, -2.0):
        state = plain(
            scene, 500.0, camera=camera, channel=channel, rendering=Rendering(mode=mode), slices=Slices(z=0.3),
            display=Display(exposure=exposure, tone_map="linear"),
        )  # fmt: skip
        got = picture(draw, scene, state, width, height)[24, 28]
        assert np.abs(got.astype(int) - [40, 40, 40, 255]).max() <= 1
        behind = state.model_copy(update={"slices": Slices(z=0.9)})
        got = picture(draw, scene, behind, width, height)[24, 28]
        assert got[3] >= 254
        assert got[0] == 0
