"""The analytic phantoms against formulas written out here."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from render.errors import SourceError, UsageError
from render.source.base import Source
from render.source.synthetic.open import open_synthetic


def only(spec: str) -> Source:
    (source,) = open_synthetic(spec)
    return source


def whole(source: Source, level: int = 0, channel: int = 0) -> NDArray[np.generic]:
    return source.read(level, channel, 0, (0, 0, 0), source.info.levels[level].shape)


def halved(fine: NDArray[np.generic]) -> NDArray[np.float64]:
    z, y, x = fine.shape
    return fine.astype(np.float64).reshape(z // 2, 2, y // 2, 2, x // 2, 2).mean(axis=(1, 3, 5))


@pytest.mark.parametrize(("dtype", "value"), [("uint8", 100), ("uint16", 40_001), ("float32", -2.5)])
def test_constant_holds_exactly_its_value(dtype: str, value: float) -> None:
    voxels = whole(only(f"synthetic:constant?size=8&dtype={dtype}&value={value}"))
    assert voxels.dtype == np.dtype(dtype)
    assert (voxels == value).all()


def test_constant_zero_is_absent() -> None:
    source = only("synthetic:constant?value=0&size=8")
    assert source.is_absent(0, 0, 0, (0, 0, 0), (8, 8, 8))
    assert not whole(source).any()


def test_ramp_is_linear_with_a_slope_of_its_own_along_each_axis() -> None:
    source = only("synthetic:ramp?size=12,70,80&dtype=uint16")
    z, y, x = np.ogrid[0:12, 0:70, 0:80]
    expected = 65535 * (4 * z / 11 + 2 * y / 69 + x / 79) / 7
    assert np.abs(whole(source) - expected).max() <= 0.6
    assert np.abs(whole(source, 1) - halved(expected)).max() <= 0.6


def test_sphere_is_round_in_micrometres() -> None:
    source = only("synthetic:sphere?size=20,40,80&spacing=4,2,1um&radius=0.5&dtype=float32&edge=0.1")
    voxels = whole(source)
    z, y, x = np.ogrid[0:20, 0:40, 0:80]
    distance = np.sqrt(((z - 9.5) * 4) ** 2 + ((y - 19.5) * 2) ** 2 + (x - 39.5) ** 2)
    assert (voxels[distance < 19.5] == 1.0).all()
    assert (voxels[distance > 20.5] == 0.0).all()
    assert source.info.levels[0].spacing_um == (1.0, 2.0, 4.0)
    assert source.is_absent(0, 0, 0, (0, 0, 0), (2, 2, 2))
    assert not source.is_absent(0, 0, 0, (0, 0, 0), (20, 40, 80))


def test_a_soft_sphere_keeps_its_volume_in_coarse_levels() -> None:
    source = only("synthetic:sphere?size=128&dtype=float32")
    exact = 4.0 / 3.0 * np.pi * (0.7 * 64) ** 3
    assert whole(source).sum() == pytest.approx(exact, rel=0.005)
    assert whole(source, 1).sum() * 8 == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("axis", "index"), [("z", 0), ("y", 1), ("x", 2)])
def test_slab_fills_its_thickness_and_coarse_levels_are_exact_means(axis: str, index: int) -> None:
    source = only(f"synthetic:slab?size=128&axis={axis}&thickness=37&value=200&dtype=float32")
    voxels = whole(source)
    profile = np.moveaxis(voxels, index, 0)
    assert (profile == profile[:, :1, :1]).all()
    np.testing.assert_array_equal(np.flatnonzero(profile[:, 0, 0]), np.arange(45, 82))
    assert set(np.unique(voxels)) == {0.0, 200.0}
    np.testing.assert_allclose(whole(source, 1), halved(voxels))
    lo, hi = [0, 0, 0], [128, 128, 128]
    hi[index] = 45
    assert source.is_absent(0, 0, 0, (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]))
    hi[index] = 46
    assert not source.is_absent(0, 0, 0, (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]))


@pytest.mark.parametrize("cell", [1, 3, 8])
def test_checker_alternates_and_coarse_levels_are_exact_means(cell: int) -> None:
    source = only(f"synthetic:checker?size=80&cell={cell}&dtype=float32&value=8")
    z, y, x = np.ogrid[0:80, 0:80, 0:80]
    expected = 8.0 * ((z // cell + y // cell + x // cell) % 2 == 0)
    np.testing.assert_array_equal(whole(source), expected)
    np.testing.assert_allclose(whole(source, 1), halved(expected), atol=1e-5)


def test_labels_are_cubes_with_ids_that_doubles_cannot_hold() -> None:
    source = only("synthetic:labels?size=32,48,64&pitch=16&gap=3")
    ids = whole(source)
    assert source.info.kind == "labels"
    assert ids.dtype == np.uint64
    for k in range(2):
        for j in range(3):
            for i in range(4):
                block = ids[16 * k : 16 * k + 16, 16 * j : 16 * j + 16, 16 * i : 16 * i + 16]
                expected = np.zeros((16, 16, 16), np.uint64)
                expected[3:13, 3:13, 3:13] = 2**53 + 1 + (k * 3 + j) * 4 + i
                np.testing.assert_array_equal(block, expected)
    assert len(np.unique(ids.astype(np.float64))) < len(np.unique(ids))


def test_small_label_types_count_from_one() -> None:
    ids = whole(only("synthetic:labels?size=32&dtype=uint16&gap=0"))
    assert ids.dtype == np.uint16
    assert sorted(np.unique(ids).tolist()) == list(range(1, 9))


def test_axes_are_arrows_from_the_first_corner_longest_along_x() -> None:
    source = only("synthetic:axes?size=96")
    assert [c.name for c in source.info.channels] == ["x", "y", "z"]
    lengths = []
    for channel, axis in ((0, 2), (1, 1), (2, 0)):
        filled = np.nonzero(whole(source, 0, channel) > 127)
        spans = [f.max() - f.min() + 1 for f in filled]
        assert int(np.argmax(spans)) == axis
        lengths.append(spans[axis])
        # The tip, the thin end of the head, is at the far end: that says which way the arrow points.
        along = filled[axis]
        thickness = np.bincount(along)
        widest = int(np.argmax(thickness))
        assert widest > along.min() + 0.6 * (along.max() - along.min())
        for other in {0, 1, 2} - {axis}:
            assert filled[other].mean() < 0.25 * 96
    assert lengths == pytest.approx([0.8 * 96, 0.6 * 96, 0.4 * 96], abs=4)


def test_balls_move_along_x_one_a_channel() -> None:
    source = only("synthetic:moving?size=64,80,96&t=4&channels=8&dtype=uint16")
    assert (source.info.n_times, len(source.info.channels), source.info.time_step_s) == (4, 8, 2.0)
    for time in range(4):
        for channel in (0, 1, 7):
            voxels = source.read(0, channel, time, (0, 0, 0), (64, 80, 96)).astype(np.float64)
            centre = [float((voxels.sum(axis=other) @ np.arange(n)) / voxels.sum())
                      for other, n in (((1, 2), 64), ((0, 2), 80), ((0, 1), 96))]  # fmt: skip
            share = 0.2 + 0.6 * time / 3
            expected = [32, (channel + 0.5) / 8 * 80, (share if channel % 2 == 0 else 1 - share) * 96]
            assert centre == pytest.approx([e - 0.5 for e in expected], abs=0.1)
            assert voxels.sum() / 65535 == pytest.approx(4 / 3 * np.pi * (0.35 / 8 * 64) ** 3, rel=0.15)
    with pytest.raises(SourceError, match="time 4"):
        source.read(0, 0, 4, (0, 0, 0), (4, 4, 4))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("synthetic:moving?t=0", ["t must be a whole number from 1 to"]),
        ("synthetic:moving?channels=99", ["channels must be"]),
        ("synthetic:teapot", ["no phantom 'teapot'", "synthetic:cell", "synthetic:ramp", "synthetic:axes"]),
        ("synthetic:", ["no phantom ''", "synthetic:cell"]),
        ("synthetic:cell?szie=128", ["no option 'szie'", "size", "seed", "style"]),
        ("synthetic:cell?size=0", ["size", "16 to", "'0'"]),
        ("synthetic:cell?size=big", ["size", "'big'"]),
        ("synthetic:cell?seed=-1", ["seed"]),
        ("synthetic:cell?style=cartoon", ["fluorescence, em", "'cartoon'"]),
        ("synthetic:cell?dtype=complex64", ["uint8, uint16, float32"]),
        ("synthetic:cell?labels=maybe", ["labels", "1, 0"]),
        ("synthetic:cell?size", ["key=value"]),
        ("synthetic:cell?size=64&size=128", ["each key once"]),
        ("synthetic:ramp?size=1,2", ["z,y,x", "'1,2'"]),
        ("synthetic:ramp?spacing=3parsec", ["parsec"]),
        ("synthetic:constant?value=256", ["value", "0 to 255"]),
        ("synthetic:constant?value=nan", ["value"]),
        ("synthetic:labels?gap=9", ["gap"]),
    ],
)
def test_a_bad_spec_says_in_a_sentence_what_would_be_right(spec: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        open_synthetic(spec)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["constant", "ramp", "sphere", "slab", "checker", "labels", "axes"])
def test_levels_halve_down_to_64_and_stay_in_place(name: str) -> None:
    source = only(f"synthetic:{name}?size=70,130,200&spacing=45,4.6,4.6nm")
    levels = source.info.levels
    assert [level.shape for level in levels] == [(70, 130, 200), (35, 65, 100), (18, 33, 50)]
    for fine, coarse in pairwise(levels):
        np.testing.assert_allclose(coarse.box.lo, fine.box.lo, atol=1e-12)
    assert levels[0].spacing_um == pytest.approx((0.0046, 0.0046, 0.045))
    for number in range(3):
        assert whole(source, number).shape == levels[number].shape
