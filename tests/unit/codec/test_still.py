"""Stills, against Pillow's, imagecodecs' and FFmpeg's own reading."""

from __future__ import annotations

import io

import av
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from render.codec.still import encode_still
from render.errors import UsageError


def rgba(alpha: int | None, dtype: type = np.uint8) -> NDArray[np.uint8]:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (17, 31, 4), dtype)
    if alpha is not None:
        pixels[..., 3] = alpha
    return pixels


@pytest.mark.parametrize("still_format", ["png", "webp"])
@pytest.mark.parametrize("alpha", [None, 255])
def test_nothing_is_lost(still_format: str, alpha: int | None) -> None:
    pixels = rgba(alpha)
    image = Image.open(io.BytesIO(encode_still(pixels, still_format)))
    assert image.mode == ("RGB" if alpha == 255 else "RGBA")
    np.testing.assert_array_equal(np.asarray(image), pixels[..., : len(image.mode)])


@pytest.mark.parametrize("alpha", [None, 65_535])
def test_sixteen_bits_are_kept_as_others_read_them(alpha: int | None) -> None:
    pixels = rgba(alpha, np.uint16)
    data = encode_still(pixels, "png", {"state": '{"é": 1}'})
    expected = pixels if alpha is None else pixels[..., :3]
    np.testing.assert_array_equal(imagecodecs.png_decode(data), expected)
    picture = av.CodecContext.create("png", "r").decode(av.Packet(data))[0]  # FFmpeg's reader, not libpng
    assert picture.format.name == ("rgba64be" if alpha is None else "rgb48be")
    np.testing.assert_array_equal(picture.to_ndarray(), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_same_picture_gives_the_same_bytes_and_keeps_its_notes(dtype: type) -> None:
    pixels = rgba(np.iinfo(dtype).max, dtype)
    first, second = (encode_still(pixels, "png", {"state": '{"é": 1}'}) for _ in range(2))
    assert first == second
    image = Image.open(io.BytesIO(first))
    image.load()
    assert image.text["state"] == '{"é": 1}'
    assert image.info["srgb"] == 0


def test_a_jpeg_is_near_and_has_full_chroma() -> None:
    y, x = np.mgrid[:64, :64] / 63
    pixels = (np.stack([x, y, 1 - x, np.ones_like(x)], axis=2) * 255).astype(np.uint8)
    image = Image.open(io.BytesIO(encode_still(pixels, "jpeg")))
    assert np.abs(np.asarray(image).astype(int) - pixels[..., :3]).max() < 12
    assert {component[1:3] for component in image.layer} == {(1, 1)}


@pytest.mark.parametrize("shape", [(4, 4, 3), (4, 4), (0, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"\(height, width, 4\) uint8"):
        encode_still(np.zeros(shape, np.uint8))


def test_what_a_format_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match=r"16 need a \.png"):
        encode_still(rgba(None, np.uint16), "webp")
    with pytest.raises(UsageError, match="cannot be transparent"):
        encode_still(rgba(None), "jpeg")
    with pytest.raises(UsageError, match="uint8 or uint16"):
        encode_still(np.zeros((4, 4, 4), np.float32))
