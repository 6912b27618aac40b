"""From samples to pixels: RGBA and I420 against the formulas, by numpy and by PyAV."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from render.engine.accumulator import Accumulator
from render.engine.renderer import Renderer
from render.engine.tonemap import Developer
from render.engine.uniforms import TONE_MODES
from render.errors import GpuError
from render.gpu.context import Context
from render.gpu.gl import GL
from render.scene.open import Scene
from render.state.view import Display, ViewState

from .conftest import Draw
from .scenes import array_scene, plain

BACKGROUND = (0.25, 0.5, 0.75)


def srgb(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.clip(x, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 0.0031308) ** (1 / 2.4) - 0.055)


def unsrgb(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A smooth ball."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 32),) * 3, indexing="ij")
    return array_scene((np.clip(1.2 - x * x - y * y - z * z, 0, 1) * 65535).astype(np.uint16))


def shown(scene: Scene, **display: object) -> ViewState:
    state = plain(scene, 60.0, lighting=scene.default_state.lighting, camera=scene.default_state.camera)
    return state.model_copy(update={"display": Display(**{"tone_map": "linear", **display})})


def drawn(renderer: Renderer, state: ViewState, samples: int = 48) -> NDArray[np.float64]:
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    return renderer.read_mean().astype(np.float64)


def i420_planes(data: bytes, width: int, height: int) -> list[NDArray[np.float64]]:
    y, u, v = np.split(np.frombuffer(data, np.uint8), [width * height, width * height * 5 // 4])
    return [
        plane.reshape(rows, columns).astype(np.float64)
        for plane, rows, columns in ((y, height, width), (u, height // 2, width // 2), (v, height // 2, width // 2))
    ]


def rgb_of(data: bytes, width: int, height: int) -> NDArray[np.float64]:
    """BT.709 limited range back to sRGB bytes; chroma is repeated."""
    y, u, v = i420_planes(data, width, height)
    u, v = (np.repeat(np.repeat(plane, 2, 0), 2, 1) for plane in (u, v))
    luma, cb, cr = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    r, b = luma + 1.5748 * cr, luma + 1.8556 * cb
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.clip(np.stack([r, g, b], axis=2) * 255, 0, 255)


@pytest.mark.parametrize("exposure", [0.0, -2.0, 1.5])
def test_pixels_are_the_mean_over_the_background_in_linear_light(draw: Draw, scene: Scene, exposure: float) -> None:
    renderer = draw(scene, 48, 36)
    mean = drawn(renderer, shown(scene, exposure=exposure, background=BACKGROUND))
    alpha = mean[:, :, 3:]
    color = np.minimum(mean[:, :, :3] / np.maximum(alpha, 1e-9) * 2.0**exposure, 1.0)
    expected = srgb(color * alpha + unsrgb(np.array(BACKGROUND)) * (1 - alpha)) * 255
    got = renderer.read_rgba()
    assert (got[:, :, 3] == 255).all()
    # Dithering moves a value by up to half a step before it is rounded.
    assert np.abs(got[:, :, :3] - expected).max() <= 1.01
    assert abs(float((got[:, :, :3] - expected).mean())) < 0.2
    assert np.array_equal(got[0, 0, :3], [64, 128, 191])


def test_transparent_pixels_have_straight_alpha(draw: Draw, scene: Scene) -> None:
    renderer = draw(scene, 48, 36)
    mean = drawn(renderer, shown(scene, background=BACKGROUND))
    got = renderer.read_rgba(transparent=True)
    assert np.abs(got[:, :, 3] - mean[:, :, 3] * 255).max() <= 0.51
    solid = mean[:, :, 3] > 0.2
    expected = srgb(np.minimum(mean[:, :, :3] / np.maximum(mean[:, :, 3:], 1e-9), 1)) * 255
    assert np.abs(got[:, :, :3][solid] - expected[solid]).max() <= 1.01
    assert not got[mean[:, :, 3] == 0].any()


def test_dither_breaks_up_bands_but_keeps_the_mean(draw: Draw) -> None:
    """The background is exact, and so is what is drawn over nothing."""
    scene = array_scene(np.zeros((4, 4, 4), np.uint8))
    renderer = draw(scene, 40, 30)
    drawn(renderer, shown(scene, background=(0.5, 0.1, 0.9)), 1)
    assert (renderer.read_rgba() == [128, 26, 230, 255]).all()


def filled(gl: Context, texels: NDArray[np.float32]) -> Accumulator:
    """An accumulator of one sample that holds (height, width, 4) texels."""
    height, width = texels.shape[:2]
    accumulator = Accumulator(width, height)
    GL.glTextureSubImage2D(
        accumulator.color._id, 0, 0, 0, width, height, GL.GL_RGBA, GL.GL_FLOAT, np.ascontiguousarray(texels)
    )
    accumulator.samples = 1
    return accumulator


@pytest.mark.parametrize("tone_map", sorted(TONE_MODES))
def test_numbers_that_are_none_never_reach_pixels(gl: Context, tone_map: str) -> None:
    """NaN is black, infinity as bright as can be, and their neighbours are what they are."""
    odd = [0.5, np.nan, np.inf, -np.inf, -1.0, 1e30]
    texels = np.array([[[r, g, 0.5, a] for r in odd for g in odd] for a in (1.0, np.nan, np.inf, 0.0, 1.0)], np.float32)
    accumulator, developer = filled(gl, texels), Developer(36, 5)
    display = Display(tone_map=tone_map, background=BACKGROUND)
    opaque = developer.rgba(accumulator, display)
    clear = developer.rgba(accumulator, display, transparent=True)
    developer.close()
    accumulator.close()
    # No coverage that is a number: the background, or nothing.
    for row in (1, 3):
        assert (opaque[row] == opaque[3, 0]).all()
        assert not clear[row].any()
    assert (clear[[0, 4], :, 3] == 255).all()
    if tone_map in ("linear", "exponential", "agave"):  # the others mix components
        bright = opaque[0].reshape(6, 6, 4)[:, :, 0]
        assert (bright[1] == 0).all()
        assert (bright[2] == 255).all()
        assert (bright[3:5] == 0).all()
        assert np.ptp(bright[0].astype(int)) <= 1
    assert np.array_equal(opaque[0], opaque[4]) or np.abs(opaque[0].astype(int) - opaque[4]).max() <= 1


def test_16_bit_pixels_are_the_same_ones_finer(gl: Context) -> None:
    ramp = np.linspace(0, 1, 4096, dtype=np.float32)
    texels = np.stack([ramp, ramp**2, ramp[::-1], np.ones_like(ramp)], axis=1).reshape(64, 64, 4)
    texels[:32] *= 0.25  # a quarter covered
    accumulator, developer = filled(gl, texels), Developer(64, 64)
    display = Display(tone_map="linear", background=(0.0, 0.0, 0.0))
    fine, coarse = developer.rgba(accumulator, display, bits=16), developer.rgba(accumulator, display)
    clear = developer.rgba(accumulator, display, transparent=True, bits=16)
    developer.close()
    accumulator.close()
    assert fine.dtype == clear.dtype == np.uint16
    assert coarse.dtype == np.uint8
    exact = srgb(texels[:, :, :3].astype(np.float64)) * 65535
    assert np.abs(fine[:, :, :3] - exact).max() <= 1.5
    assert (fine[:, :, 3] == 65535).all()
    assert np.abs(fine / 257.0 - coarse).max() <= 1.01
    straight = srgb(texels[:, :, :3].astype(np.float64) / texels[:, :, 3:]) * 65535
    assert np.abs(clear[:, :, :3] - straight).max() <= 1.5
    assert set(np.unique(clear[:, :, 3])) == {16384, 65535}


SIZES = [(160, 120), (161, 121), (100, 75), (66, 50), (2, 2), (3, 9), (130, 64)]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_video_pictures_are_the_stills(draw: Draw, scene: Scene, size: tuple[int, int]) -> None:
    """I420, turned back into RGB here, against RGBA; an odd last column or row is left out."""
    renderer = draw(scene, *size)
    drawn(renderer, shown(scene, background=BACKGROUND))
    width, height = size[0] // 2 * 2, size[1] // 2 * 2
    data = renderer.read_i420()
    assert len(data) == width * height * 3 // 2
    rgba = renderer.read_rgba()[:height, :width, :3].astype(np.float64)
    blocks = rgba.reshape(height // 2, 2, width // 2, 2, 3)
    smooth = np.repeat(np.repeat(np.ptp(blocks, axis=(1, 3)).max(axis=2) <= 2, 2, 0), 2, 1)
    got = rgb_of(data, width, height)
    assert smooth.mean() > 0.15 or min(size) < 10
    # One step of chroma is 2.1 of blue.
    assert np.abs(got - rgba)[smooth].max(initial=0) <= 3.2
    assert np.abs(got - rgba)[smooth].sum() <= 1.0 * 3 * smooth.sum()
    # Luma is of every pixel, smooth or not.
    luma = 16 + 219 * (rgba / 255) @ np.array([0.2126, 0.7152, 0.0722])
    assert np.abs(i420_planes(data, width, height)[0] - luma).max() <= 1.6


def test_pyav_sees_the_same_colours(draw: Draw, scene: Scene) -> None:
    renderer = draw(scene, 96, 64)
    drawn(renderer, shown(scene, background=BACKGROUND))
    data = renderer.read_i420()
    frame = av.VideoFrame.from_ndarray(np.frombuffer(data, np.uint8).reshape(96, 96), format="yuv420p")
    frame.colorspace, frame.color_range = av.video.reformatter.Colorspace.ITU709, av.video.reformatter.ColorRange.MPEG
    other = frame.to_ndarray(
        format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709", src_color_range="MPEG", dst_color_range="JPEG"
    ).astype(np.float64)
    rgba = renderer.read_rgba()[:, :, :3].astype(np.float64)
    # Where PyAV's filter for chroma sees nothing but the background.
    flat = minimum_filter(np.abs(rgba - rgba[0, 0]).max(axis=2) == 0, 7)
    assert flat.mean() > 0.2
    assert np.abs(other - rgba)[flat].max() <= 3
    assert np.abs(other - rgba).mean() < 3


def test_other_planes_are_the_same_picture(draw: Draw, scene: Scene) -> None:
    """Full chroma, and what other codecs know, against RGBA; made with the picture, or when they are asked for."""
    renderer = draw(scene, 100, 75)
    renderer.planes = ("i420", "i444")
    drawn(renderer, shown(scene, background=BACKGROUND))
    rgba = renderer.read_rgba()[:74, :, :3].astype(np.float64) / 255
    for weights, planes, span in (
        ((0.2126, 0.7152, 0.0722), "i444", (16, 219, 224)),
        ((0.299, 0.587, 0.114), "i420_601", (16, 219, 224)),
        ((0.299, 0.587, 0.114), "i420_full", (0, 255, 255)),
    ):
        luma = rgba @ np.array(weights)
        chroma = [(rgba[..., c] - luma) / (2 * (1 - weights[c])) for c in (2, 0)]
        if planes != "i444":
            chroma = [part.reshape(37, 2, 50, 2).mean(axis=(1, 3)) for part in chroma]
        for _ in range(2):  # as often as it is asked for
            data = np.frombuffer(renderer.read_planes(planes), np.uint8).astype(np.float64)
            got_luma, got_chroma = data[: luma.size].reshape(luma.shape), np.split(data[luma.size :], 2)
            assert np.abs(got_luma - (span[0] + span[1] * luma)).max() <= 1.6
            for got, want in zip(got_chroma, chroma, strict=True):
                # Between neighbours of an edge the clamp to 0..1 shows.
                assert np.abs(got.reshape(want.shape) - (128 + span[2] * want)).max() <= 2.1


def test_planes_are_never_of_an_older_picture(draw: Draw, scene: Scene) -> None:
    renderer = draw(scene, 32, 32)
    renderer.planes = ("i420", "i444")
    drawn(renderer, shown(scene, background=(0.0, 0.0, 0.0)), 1)  # not read
    renderer.planes = ("i420",)
    drawn(renderer, shown(scene, background=(1.0, 1.0, 1.0)), 1)
    assert renderer.read_planes("i444")[0] == 235


def test_a_picture_is_read_once(draw: Draw, scene: Scene) -> None:
    renderer = draw(scene, 32, 32)
    drawn(renderer, shown(scene), 1)
    renderer.read_i420()
    with pytest.raises(GpuError, match="no picture to read back"):
        renderer.read_i420()


def test_pictures_not_taken_do_not_pile_up(draw: Draw, scene: Scene) -> None:
    renderer = draw(scene, 32, 32)
    for _ in range(8):
        drawn(renderer, shown(scene, background=(0.0, 0.0, 0.0)), 1)
    drawn(renderer, shown(scene, background=(1.0, 1.0, 1.0)), 1)
    assert i420_planes(renderer.read_i420(), 32, 32)[0][0, 0] == 235
