"""Colours of segments: the ones that neuroglancer gives the same ids."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from render.engine.label_colors import hash_colors, label_table

# sRGB bytes from neuroglancer's own hashCombine, SegmentColorHash (seed 0) and hsvToRgb, run in JavaScript.
NEUROGLANCER = [
    (1, (94, 128, 255)),
    (2, (255, 53, 120)),
    (3, (155, 255, 12)),
    (5, (246, 111, 255)),
    (17, (50, 255, 50)),
    (255, (156, 15, 255)),
    (65536, (65, 255, 163)),
    (4294967295, (255, 181, 52)),
    (4294967296, (111, 240, 255)),
    (9007199254740993, (255, 48, 228)),
    (1234567890123456789, (194, 255, 97)),
    (18446744073709551615, (211, 255, 3)),
]


@pytest.mark.parametrize(("identifier", "rgb"), NEUROGLANCER)
def test_colours_agree_with_neuroglancer(identifier: int, rgb: tuple[int, int, int]) -> None:
    (color,) = hash_colors(np.array([identifier], np.uint64))
    # Half a byte is rounded up there and to even here.
    assert color * 255 == pytest.approx(rgb, abs=0.501)


def test_colours_are_bright_and_saturated() -> None:
    colors = hash_colors(np.arange(1, 5000, dtype=np.uint64))
    hsv = np.array([colorsys.rgb_to_hsv(*color) for color in colors])
    assert np.allclose(hsv[:, 2], 1.0)
    assert hsv[:, 1].min() >= 0.5 - 1e-9
    counts, _ = np.histogram(hsv[:, 0], bins=12, range=(0, 1))
    assert counts.min() > 0.7 * counts.mean()


def test_table_hides_the_background_and_takes_overrides() -> None:
    ids = np.array([0, 5, 2**63, 17], np.uint64)
    table = label_table(ids, {2**63: (1.0, 0.5, 0.0, 0.25)})
    rgba = table.view(np.uint8).reshape(-1, 4)
    assert rgba[0].tolist() == [0, 0, 0, 0]
    assert rgba[2].tolist() == [255, 128, 0, 64]
    assert rgba[3].tolist() == [50, 255, 50, 255]
    assert rgba[1, 3] == 255
