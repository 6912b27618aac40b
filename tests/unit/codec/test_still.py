"""Stills, against Pillow's own reading."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from render.codec.still import encode_still
from render.errors import UsageError


def rgba(alpha: int | None) -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (17, 31, 4), np.uint8)
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


def test_the_same_picture_gives_the_same_bytes_and_keeps_its_notes() -> None:
    pixels = rgba(255)
    first, second = (encode_still(pixels, "png", {"state": '{"é": 1}'}) for _ in range(2))
    assert first == second
    image = Image.open(io.BytesIO(first))
    image.load()
    assert image.text["state"] == '{"é": 1}'
    assert image.info["srgb"] == 0


@pytest.mark.parametrize("shape", [(4, 4, 3), (4, 4), (0, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"\(height, width, 4\) uint8"):
        encode_still(np.zeros(shape, np.uint8))
