"""The demo's cell: the same voxels through any box, levels that agree, labels that match what is seen."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.source.base import Source
from render.source.synthetic.open import open_synthetic

MEMBRANE, DNA, MITOCHONDRIA, ER, GOLGI = range(5)
CLASS_OF = {"nucleus": 1, "nucleolus": 2, "endoplasmic reticulum": 3, "mitochondrion": 4, "lysosome": 5, "vesicle": 5}


def whole(source: Source, level: int = 0, channel: int = 0) -> NDArray[np.generic]:
    return source.read(level, channel, 0, (0, 0, 0), source.info.levels[level].shape)


@pytest.fixture(scope="module")
def cell() -> tuple[Source, Source]:
    image, labels = open_synthetic("synthetic:cell?size=96&seed=5")
    return image, labels


@pytest.fixture(scope="module")
def fine() -> Source:
    return open_synthetic("synthetic:cell?size=192&dtype=float32&labels=0")[0]


def boxes(side: int) -> st.SearchStrategy[tuple[tuple[int, ...], tuple[int, ...]]]:
    span = st.tuples(st.integers(0, side - 1), st.integers(1, 20)).map(lambda s: (s[0], min(s[0] + s[1], side)))
    return st.tuples(span, span, span).map(lambda s: (tuple(a for a, _ in s), tuple(b for _, b in s)))


WHOLE: dict[tuple[str, int, int], NDArray[np.generic]] = {}


@settings(max_examples=60, deadline=None)
@given(box=boxes(48), level=st.just(1), channel=st.integers(0, 5))
def test_a_voxel_has_one_value_through_every_box(
    box: tuple[tuple[int, int, int], tuple[int, int, int]], level: int, channel: int
) -> None:
    lo, hi = box
    image, labels = open_synthetic("synthetic:cell?size=96&seed=5")
    source, c = (labels, 0) if channel == 5 else (image, channel)
    key = (source.info.name, level, c)
    if key not in WHOLE:
        WHOLE[key] = whole(source, level, c)
    part = tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))
    np.testing.assert_array_equal(source.read(level, c, 0, lo, hi), WHOLE[key][part])


@pytest.mark.parametrize("style", ["fluorescence", "em"])
def test_a_box_over_chunk_borders_equals_its_chunks(style: str) -> None:
    (source,) = open_synthetic(f"synthetic:cell?size=192&labels=0&style={style}")
    lo, hi = (40, 60, 50), (70, 140, 140)
    joined = source.read(0, 0, 0, lo, hi)
    for z in (40, 64):
        for y in (60, 64, 128):
            for x in (50, 64, 128):
                end = (min((z // 64 + 1) * 64, 70), min((y // 64 + 1) * 64, 140), min((x // 64 + 1) * 64, 140))
                part = tuple(slice(a - o, b - o) for a, b, o in zip((z, y, x), end, lo, strict=True))
                np.testing.assert_array_equal(source.read(0, 0, 0, (z, y, x), end), joined[part])


def digest(spec: str) -> str:
    return hashlib.sha256(
        b"".join(whole(s, 0, c).tobytes() for s in open_synthetic(spec) for c in range(len(s.info.channels)))
    ).hexdigest()


def test_another_process_makes_the_same_cell_and_another_seed_does_not() -> None:
    spec = "synthetic:cell?size=32&seed=9"
    program = f"""
import numpy as np, hashlib
from render.source.synthetic.open import open_synthetic
h = hashlib.sha256()
for s in open_synthetic({spec!r}):
    for c in range(len(s.info.channels)):
        h.update(s.read(0, c, 0, (0, 0, 0), s.info.levels[0].shape).tobytes())
print(h.hexdigest())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == digest(spec)
    assert digest("synthetic:cell?size=32&seed=10") != digest(spec)


@pytest.mark.parametrize("channel", [MEMBRANE, DNA, MITOCHONDRIA, ER, GOLGI])
def test_coarse_levels_look_like_means_of_the_fine_one(fine: Source, channel: int) -> None:
    means = whole(fine, 0, channel).reshape(96, 2, 96, 2, 96, 2).mean(axis=(1, 3, 5))
    coarse = whole(fine, 1, channel)
    assert np.corrcoef(means.ravel(), coarse.ravel())[0, 1] > 0.97
    assert coarse.mean() == pytest.approx(means.mean(), rel=0.12)
    assert np.sqrt(np.mean((coarse - means) ** 2)) < 0.25 * means.std()


def test_the_em_levels_agree_too() -> None:
    (source,) = open_synthetic("synthetic:cell?size=128&dtype=float32&labels=0&style=em")
    means = whole(source, 0).reshape(64, 2, 64, 2, 64, 2).mean(axis=(1, 3, 5))
    assert np.sqrt(np.mean((whole(source, 1) - means) ** 2)) < 0.1 * means.std()


def test_levels_cover_the_same_20_micrometres() -> None:
    (source,) = open_synthetic("synthetic:cell?size=128&labels=0")
    for level in source.info.levels:
        np.testing.assert_allclose(level.box.size, 20.0)
        np.testing.assert_allclose(level.box.lo, source.info.levels[0].box.lo)
    assert [level.shape[0] for level in source.info.levels] == [128, 64]


def is_class(ids: NDArray[np.uint64], kind: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (ids >> np.uint64(56)) == kind
    return found


def test_labelled_voxels_are_bright_in_their_own_channel(cell: tuple[Source, Source]) -> None:
    image, labels = cell
    ids = whole(labels).astype(np.uint64)
    unlabelled = ids == 0
    for kind, channel in (("mitochondrion", MITOCHONDRIA), ("nucleus", DNA), ("vesicle", GOLGI)):
        values = whole(image, 0, channel).astype(np.float64)
        own = values[is_class(ids, CLASS_OF[kind])]
        assert own.size > 100
        assert own.mean() > 50.0
        assert own.mean() > 10.0 * values[unlabelled].mean()
        assert (own > 0).mean() > 0.95
    nucleolus = is_class(ids, CLASS_OF["nucleolus"])
    dna = whole(image, 0, DNA).astype(np.float64)
    assert dna[nucleolus].mean() < 0.6 * dna[is_class(ids, CLASS_OF["nucleus"])].mean()
    reticulum = whole(image, 0, ER).astype(np.float64)
    assert reticulum[is_class(ids, CLASS_OF["endoplasmic reticulum"])].mean() > 3.0 * reticulum[unlabelled].mean()


def test_ids_need_64_bits_and_every_one_has_a_name_and_a_colour(cell: tuple[Source, Source]) -> None:
    labels = cell[1]
    ids = np.unique(whole(labels)).tolist()
    assert labels.info.dtype == np.uint64
    assert len(ids) > 200
    present = [i for i in ids if i != 0]
    assert min(present) > 2**53
    assert len({float(i) for i in present}) < len(present), "rounding to doubles must be visible"
    for i in present:
        assert CLASS_OF.get(labels.info.label_names[i].rstrip(" 0123456789"), 6) == i >> 56
        assert all(0.0 <= part <= 1.0 for part in labels.info.label_colors[i])


def test_space_outside_of_the_cell_is_exactly_empty_and_absent_boxes_are(cell: tuple[Source, Source]) -> None:
    for source in (*cell, open_synthetic("synthetic:cell?size=96&style=em&labels=0")[0]):
        n_absent = 0
        for channel in range(len(source.info.channels)):
            values = whole(source, 0, channel)
            assert not values[:6].any()
            assert not values[:, :, -4:].any()
            for z in range(0, 96, 12):
                for y in range(0, 96, 12):
                    for x in range(0, 96, 12):
                        if source.is_absent(0, channel, 0, (z, y, x), (z + 12, y + 12, x + 12)):
                            n_absent += 1
                            assert not values[z : z + 12, y : y + 12, x : x + 12].any()
        assert n_absent > 50


def test_instances_do_not_overlap_so_each_mitochondrion_is_in_one_piece(cell: tuple[Source, Source]) -> None:
    ids = whole(cell[1]).astype(np.uint64)
    biggest = max((int((ids == i).sum()), int(i)) for i in np.unique(ids[is_class(ids, 4)]))[1]
    inside = ids == biggest
    grown = np.zeros_like(inside)
    grown[tuple(axis[0] for axis in np.nonzero(inside))] = True
    while True:
        wider = grown.copy()
        for axis in range(3):
            for step in (-1, 1):
                wider |= np.roll(grown, step, axis)
        wider &= inside
        if (wider == grown).all():
            break
        grown = wider
    assert grown.sum() == inside.sum()


def test_a_petabyte_opens_at_once_and_reads_a_chunk() -> None:
    start = time.perf_counter()
    image, labels = open_synthetic("synthetic:cell?size=100000&seed=77")
    assert time.perf_counter() - start < 5.0  # takes 0.3 s; the bound is against anything that goes with the size
    assert image.info.levels[0].shape == (100_000,) * 3
    assert image.info.levels[0].spacing_um == pytest.approx((0.0002,) * 3)
    assert max(image.info.levels[-1].shape) <= 64
    centre = (49_984,) * 3
    end = (50_048,) * 3
    dna = image.read(0, DNA, 0, centre, end)
    assert dna.shape == (64, 64, 64)
    assert dna.any()
    assert (labels.read(0, 0, 0, centre, end) != 0).all()
    far = (99_936,) * 3
    assert image.is_absent(0, MEMBRANE, 0, far, (100_000,) * 3)
    coarse = whole(image, len(image.info.levels) - 1, MITOCHONDRIA)
    assert coarse.any()


@pytest.mark.parametrize(("dtype", "largest"), [("uint8", 255), ("uint16", 65535), ("float32", 1.0)])
def test_types_hold_the_same_picture(dtype: str, largest: float) -> None:
    reference = whole(open_synthetic("synthetic:cell?size=32&labels=0&dtype=float32")[0], 0, DNA)
    (source,) = open_synthetic(f"synthetic:cell?size=32&labels=0&dtype={dtype}")
    values = whole(source, 0, DNA)
    assert values.dtype == source.info.dtype == np.dtype(dtype)
    np.testing.assert_allclose(values / largest, reference, atol=0.5 / largest + 1e-6)
    window = source.info.channels[DNA].window
    assert window is not None
    assert window[1] == largest


def test_channels_have_names_colours_and_windows(cell: tuple[Source, Source]) -> None:
    channels = cell[0].info.channels
    assert [c.name for c in channels] == ["Membrane", "DNA", "Mitochondria", "ER", "Golgi and vesicles"]
    assert len({c.color for c in channels}) == 5
    assert all(c.window is not None for c in channels)
    opacity = [c.opacity or 0.0 for c in channels]
    assert 0.0 < opacity[MEMBRANE] < opacity[ER] < opacity[DNA] == 1.0


@pytest.mark.parametrize(
    "make", [lambda: ((0, 0, 0), (97, 4, 4)), lambda: ((4, 4, 4), (4, 5, 5)), lambda: ((-1, 0, 0), (4, 4, 4))]
)
def test_boxes_outside_are_refused(
    cell: tuple[Source, Source], make: Callable[[], tuple[tuple[int, int, int], tuple[int, int, int]]]
) -> None:
    from render.errors import SourceError

    lo, hi = make()
    with pytest.raises(SourceError, match="not inside level 0"):
        cell[0].read(0, 0, 0, lo, hi)
