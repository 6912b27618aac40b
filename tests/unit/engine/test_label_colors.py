"""Colours of segments: the file's, those that neuroglancer gives the same ids, Glasbey's."""

from __future__ import annotations

import colorsys

import cmap
import numpy as np
import pytest

from render.engine.label_colors import glasbey_colors, hash_colors, label_table

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


def rgba_of(table: np.ndarray) -> np.ndarray:
    return table.view(np.uint8).reshape(-1, 4)


def test_hash_leaves_the_file_out() -> None:
    ids = np.array([0, 5, 17], np.uint64)
    table = label_table(ids, {5: (0.0, 0.0, 0.0, 0.0), 17: (0.0, 0.0, 0.0, 1.0)}, "hash")
    assert np.array_equal(table, label_table(ids, {}))
    assert rgba_of(table)[2].tolist() == [50, 255, 50, 255]


def test_glasbey_goes_by_the_id_modulo_256() -> None:
    ids = np.array([0, 1, 2, 3, 255, 256, 257, 2**64 - 1, 2**63 + 3], np.uint64)
    rgba = rgba_of(label_table(ids, {1: (0.5, 0.5, 0.5, 0.5)}, "glasbey"))
    assert rgba[0].tolist() == [0, 0, 0, 0]
    # The first colours of Glasbey's table, as Fiji has it: white, blue, red, green.
    assert rgba[1:4].tolist() == [[0, 0, 255, 255], [255, 0, 0, 255], [0, 255, 0, 255]]
    assert rgba[5].tolist() == [255, 255, 255, 255]
    assert rgba[6].tolist() == rgba[1].tolist()
    assert rgba[7].tolist() == rgba[4].tolist()
    assert rgba[8].tolist() == rgba[3].tolist()
    expected = [cmap.Colormap("glasbey")(i).rgba[:3] for i in range(256)]  # an integer is an index
    assert glasbey_colors(np.arange(256, dtype=np.uint64)) == pytest.approx(np.array(expected), abs=1e-9)


def test_file_colours_find_their_ids_wherever_they_are() -> None:
    rng = np.random.default_rng(0)
    ids = np.concatenate([[0], rng.permutation(np.unique(rng.integers(1, 2**63, 5000, dtype=np.uint64)))])
    ids = ids.astype(np.uint64)
    given = {int(i): (float(k % 7) / 6, 0.0, 1.0, 1.0) for k, i in enumerate(ids[1::3])}
    given |= {12345: (1.0, 1.0, 1.0, 1.0)}  # of an id that is not there
    rgba = rgba_of(label_table(ids, given))
    plain = rgba_of(label_table(ids, {}))
    for place, identifier in enumerate(ids.tolist()):
        if identifier in given and place:
            assert rgba[place].tolist() == [round(255 * part) for part in given[identifier]]
        else:
            assert rgba[place].tolist() == plain[place].tolist()


def test_signed_ids_keep_their_colours() -> None:
    ids = np.array([0, 2**64 - 3], np.uint64)
    assert rgba_of(label_table(ids, {-3: (1.0, 0.0, 0.0, 1.0)}))[1].tolist() == [255, 0, 0, 255]
