"""EXR and float TIFF, read back by FFmpeg, Pillow and the formats' own libraries."""

from __future__ import annotations

import io
import json

import av
import numpy as np
import OpenEXR
import pytest
import tifffile
from numpy.typing import NDArray

from render.codec.exr import encode_exr, world_to_camera, world_to_ndc
from render.codec.linear_tiff import encode_tiff
from render.engine.layers import Layers
from render.errors import UsageError
from render.scene.framing import axes
from render.state.camera import Camera

CAMERA = Camera(position=(3.0, -4.0, 7.0), focal_point=(1.0, 2.0, -1.0), view_up=(0.2, -1.0, 0.1), view_angle=40.0)


def layers(height: int = 13, width: int = 22) -> Layers:
    rng = np.random.default_rng(3)

    def floats(*shape: int) -> NDArray[np.float32]:
        return (rng.random(shape) * np.exp2(rng.integers(-8, 12, shape))).astype(np.float32)

    depth = floats(height, width)
    depth[2, 3] = np.inf
    label = rng.integers(0, 2**64, (height, width), np.uint64)
    label[0, 0], label[0, 1] = 0, 2**64 - 1
    return Layers(floats(height, width, 4), floats(height, width, 3), -floats(height, width, 3), depth, label)


@pytest.mark.parametrize(("layer", "name"), [("", "color"), ("albedo", "albedo"), ("normal", "normal")])
def test_exr_layers_as_ffmpeg_reads_them(layer: str, name: str) -> None:
    """FFmpeg has a reader of its own. It takes the X, Y, Z of a layer for R, G, B."""
    made = layers()
    codec = av.CodecContext.create("exr", "r")
    codec.options = {"layer": layer} if layer else {}
    picture = codec.decode(av.Packet(encode_exr(made)))[0]
    assert picture.format.name.startswith("gbrapf32" if name == "color" else "gbrpf32")
    np.testing.assert_array_equal(picture.to_ndarray(), getattr(made, name))


def test_exr_by_its_own_library() -> None:
    made = layers()
    data = encode_exr(made, {"hosta-state": '{"é": 1}'}, CAMERA)
    assert data == encode_exr(made, {"hosta-state": '{"é": 1}'}, CAMERA)
    file = OpenEXR.File(io.BytesIO(data), separate_channels=True)
    channels, header = file.channels(), file.header()
    np.testing.assert_array_equal(channels["Z"].pixels, made.depth)
    low, high = channels["label.lo"].pixels, channels["label.hi"].pixels
    assert low.dtype == high.dtype == np.uint32
    np.testing.assert_array_equal(low.astype(np.uint64) + (high.astype(np.uint64) << np.uint64(32)), made.label)
    assert header["hosta-state"] == '{"é": 1}'
    assert header["chromaticities"] == pytest.approx((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329))
    np.testing.assert_allclose(header["worldToCamera"], world_to_camera(CAMERA), rtol=1e-6)
    without = Layers.of({"color": made.color})
    assert "label.lo" not in OpenEXR.File(io.BytesIO(encode_exr(without)), separate_channels=True).channels()


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_the_matrices_take_points_to_where_they_are_seen(projection: str) -> None:
    camera = CAMERA.model_copy(update={"projection": projection, "parallel_scale": 2.5})
    forward, right, up = axes(camera)
    aspect, distance = 1.6, 5.0
    half = 2.5 if projection == "orthographic" else distance * np.tan(np.radians(20.0))
    for across, along, seen in ((0, 0, (0.5, 0.5)), (-1, 1, (0, 0)), (1, -1, (1, 1)), (0.5, 0, (0.75, 0.5))):
        point = np.asarray(camera.position) + forward * distance + half * (right * across * aspect + up * along)
        ndc = np.append(point, 1.0) @ world_to_ndc(camera, aspect)
        assert ndc[:2] / ndc[3] == pytest.approx(seen, abs=1e-9)
        there = np.append(point, 1.0) @ world_to_camera(camera)
        assert there == pytest.approx([half * across * aspect, half * along, -distance, 1.0], abs=1e-9)


def test_tiff_is_float_and_says_what_its_numbers_are() -> None:
    color = layers().color
    data = encode_tiff(color, {"hosta-state": '{"é": 1}'})
    assert data == encode_tiff(color, {"hosta-state": '{"é": 1}'})
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        np.testing.assert_array_equal(page.asarray(), color)
        assert page.dtype == np.float32
        assert [extra.name for extra in page.extrasamples] == ["ASSOCALPHA"]
        about = json.loads(page.description)
        assert about["hosta-state"] == '{"é": 1}'
        assert "premultiplied" in about["alpha"]
        assert "linear" in about["color"]
        primaries = np.array(page.tags[319].value).reshape(-1, 2)
        assert primaries[:, 0] / primaries[:, 1] == pytest.approx([0.64, 0.33, 0.3, 0.6, 0.15, 0.06])


def test_tiff_as_ffmpeg_reads_it() -> None:
    color = layers(70, 9).color  # more than one strip
    picture = av.CodecContext.create("tiff", "r").decode(av.Packet(encode_tiff(color)))[0]
    assert picture.format.name == "rgbaf32le"
    np.testing.assert_array_equal(picture.to_ndarray(), color)


@pytest.mark.parametrize(
    "change",
    [
        {"color": np.zeros((4, 4, 3), np.float32)},
        {"normal": np.zeros((13, 21, 3), np.float32)},
        {"depth": np.zeros((13, 22), np.float64)},
        {"label": np.zeros((13, 22), np.uint32)},
    ],
)
def test_layers_that_do_not_fit_are_refused(change: dict[str, NDArray[np.generic]]) -> None:
    fields = {name: getattr(layers(), name) for name in ("color", "albedo", "normal", "depth", "label")}
    with pytest.raises(UsageError, match=r"of a picture must be \((13, 22|4, 4)"):
        Layers(**{**fields, **change})


def test_tiff_refuses_other_arrays() -> None:
    with pytest.raises(UsageError, match="float32"):
        encode_tiff(np.zeros((4, 4, 3), np.float32))
