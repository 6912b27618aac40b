"""The test picture: its planes are its colours, and its cells say its number."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from render.worker.test_picture import CELLS, CELLS_A_WIDTH, barcode, coded, picture


def number_in(luma: NDArray[np.uint8]) -> int:
    """What the cells of a picture say; AssertionError when their check or their beginning is wrong."""
    side = luma.shape[1] // CELLS_A_WIDTH
    bits = [luma[side // 2, cell * side + side // 2] > 128 for cell in range(CELLS)]
    assert bits[:2] == [True, False]
    value = int("".join(str(int(bit)) for bit in bits[2:]), 2)
    number, check = value >> 4, value & 15
    for shift in (0, 4, 8, 12):
        check ^= number >> shift & 15
    assert check == 10
    return number


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (352, 64)])
@pytest.mark.parametrize("number", [0, 1, 0x8001, 54_321, 65_535])
def test_both_forms_say_the_number_and_are_the_same_picture(width: int, height: int, number: int) -> None:
    planes = np.frombuffer(coded(number, width, height), np.uint8)
    assert number_in(planes[: width * height].reshape(height, width)) == number
    rgb = picture(number, width, height)
    assert number_in(rgb[..., 1]) == number
    frame = av.VideoFrame.from_ndarray(planes.reshape(height * 3 // 2, width), format="yuv420p")
    frame.colorspace, frame.color_range = 1, 1
    shown = frame.to_ndarray(format="rgb24").astype(np.float64)
    side = width // CELLS_A_WIDTH
    error = np.mean((shown[side + 2 :] - rgb[side + 2 :]) ** 2)
    assert 10 * np.log10(255**2 / error) > 35  # what colour at half the resolution leaves


@pytest.mark.parametrize(
    ("planes", "kind", "space", "limited"),
    [
        ("i444", "yuv444p", 1, 1),
        ("i420_601", "yuv420p", 5, 1),
        ("i420_full", "yuvj420p", 5, 2),
    ],
)
def test_all_codings_are_of_the_same_picture(planes: Any, kind: str, space: int, limited: int) -> None:
    data = np.frombuffer(coded(99, 640, 480, planes), np.uint8)
    shape = (3, 480, 640) if planes == "i444" else (720, 640)
    frame = av.VideoFrame.from_ndarray(data.reshape(shape), format=kind)
    frame.colorspace, frame.color_range = space, limited
    shown = frame.to_ndarray(format="rgb24").astype(np.float64)
    error = np.mean((shown[20:] - picture(99, 640, 480)[20:]) ** 2)
    assert 10 * np.log10(255**2 / error) > 35


def test_pictures_that_follow_each_other_differ_everywhere() -> None:
    here, there = (np.frombuffer(coded(number, 640, 480), np.uint8)[: 640 * 480] for number in (7, 8))
    assert np.mean(here != there) > 0.7


def test_a_number_has_its_cells_for_itself() -> None:
    assert len({barcode(number) for number in range(1 << 16)}) == 1 << 16
    assert barcode(1 << 16) == barcode(0)
