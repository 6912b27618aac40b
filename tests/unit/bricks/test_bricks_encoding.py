"""Voxels as texels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from render.bricks.dense_ids import DenseIds
from render.bricks.encoding import Encoding, encoding_for
from render.errors import LimitError


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_small_integers_are_kept_exactly(dtype: str) -> None:
    info = np.iinfo(dtype)
    values = np.arange(info.min, info.max + 1).astype(dtype)
    encoding = encoding_for(np.dtype(dtype), 3.0, 4.0)
    texels = encoding.encode(values).astype(np.float64)
    assert np.array_equal(np.rint(encoding.lo + texels / encoding.texel_max * (encoding.hi - encoding.lo)), values)
    assert texels.min() == 0
    assert texels.max() == encoding.texel_max


@given(
    hnp.arrays(np.float32, 50, elements=st.floats(float(np.float32(-1e30)), float(np.float32(1e30)), width=32)),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
)
def test_floats_are_clamped_and_rounded_to_the_nearest(values: np.ndarray, lo: float, span: float) -> None:
    encoding = Encoding("r16", lo, lo + span)
    texels = encoding.encode(values)
    assert texels.dtype == np.uint16
    expected = np.clip((values.astype(np.float64) - lo) / (encoding.hi - lo), 0, 1) * 65535
    # float32 arithmetic: relative to the size of the numbers that are subtracted.
    slack = 0.51 + 65535 * 2e-7 * (abs(lo) + span) / span
    assert np.abs(texels - expected).max() <= slack


def test_what_is_not_a_number_is_the_low_end_and_infinities_are_the_ends() -> None:
    encoding = encoding_for(np.dtype(np.float32), -2.0, 2.0)
    values = np.array([np.nan, -np.inf, np.inf, -3e38, 3e38, 0.0], np.float32)
    assert encoding.encode(values).tolist() in ([0, 0, 65535, 0, 65535, 32767], [0, 0, 65535, 0, 65535, 32768])


@pytest.mark.parametrize("dtype", ["uint32", "int64", "float64", "float32"])
def test_wide_types_fill_sixteen_bits(dtype: str) -> None:
    encoding = encoding_for(np.dtype(dtype), 1e6, 3e6)
    lo, middle, hi = encoding.encode(np.array([1e6, 2e6, 3e6]).astype(dtype)).tolist()
    assert (lo, hi) == (0, 65535)
    assert middle in (32767, 32768)  # it lies between them


@pytest.mark.parametrize("value", [0.0, -7.5, 1e10, 3e38])
def test_a_constant_volume_has_a_range(value: float) -> None:
    encoding = encoding_for(np.dtype(np.float32), value, value)
    assert encoding.lo < encoding.hi
    assert encoding.encode(np.array([value], np.float32)).tolist() == [0]


def test_dense_ids_are_small_stable_and_exact() -> None:
    dense = DenseIds()
    labels = np.array([[0, 2**53 + 1], [2**64 - 1, 2**53]], np.uint64)
    first = dense.encode(labels)
    assert first.dtype == np.uint32
    assert first[0, 0] == 0
    again = dense.encode(np.array([2**53, 9, 2**53 + 1, 0], np.uint64))
    assert again[0] == first[1, 1]
    assert again[2] == first[0, 1]
    assert again[3] == 0
    assert len(dense) == 5
    assert np.array_equal(dense.ids()[first], labels)


def test_negative_ids_are_their_bits() -> None:
    dense = DenseIds()
    (texel,) = dense.encode(np.array([-1], np.int32))
    assert int(dense.ids()[texel]) == 2**64 - 1


@given(hnp.arrays(np.uint64, (3, 4, 5), elements=st.integers(0, 2**64 - 1)))
def test_ids_come_back(labels: np.ndarray) -> None:
    dense = DenseIds()
    assert np.array_equal(dense.ids()[:1], [0])
    assert np.array_equal(dense.encode(labels), dense.encode(labels))
    assert np.array_equal(dense.ids()[dense.encode(labels)], labels)
    assert len(dense) == len(set(labels.ravel().tolist()) | {0})


def test_the_distinct_ids_of_a_brick_come_with_it() -> None:
    dense = DenseIds()
    rng = np.random.default_rng(2)
    few = np.repeat(rng.integers(0, 2**64, 30, dtype=np.uint64), 100)
    many = rng.integers(0, 2**64, 3000, dtype=np.uint64)
    for labels in (few.reshape(30, 10, 10), many.reshape(30, 10, 10), few[:1], np.zeros((2, 2), np.int64)):
        texels, distinct = dense.encode_brick(labels)
        assert texels.dtype == distinct.dtype == np.uint32
        assert np.array_equal(distinct, np.unique(texels))
        assert np.array_equal(dense.ids()[texels], labels.astype(np.uint64))
    assert dense.encode_brick(np.zeros((0, 4), np.uint64))[0].shape == (0, 4)


def test_ids_are_known_once_they_have_turned_up() -> None:
    dense = DenseIds()
    (texel,) = dense.encode(np.array([2**63 + 5], np.uint64))
    assert dense.known(np.array([2**63 + 5, 2**63 + 6, 0], np.uint64)).tolist() == [texel, 0, 0]
    assert len(dense) == 2


def test_a_million_ids_in_small_memory_come_back_exactly() -> None:
    dense = DenseIds()
    # Ids as segmentations have them: the chunk in the high bits, a count in the low ones.
    chunks = np.arange(1000, dtype=np.uint64)[:, None] << np.uint64(44)
    labels = chunks + np.arange(1, 1001, dtype=np.uint64) + np.uint64(2**63)
    for part in np.array_split(labels.reshape(-1), 40):
        dense.encode(part)
    assert len(dense) == 1_000_001
    assert dense.nbytes < 30e6
    some = labels[::7].reshape(-1)
    assert np.array_equal(dense.ids()[dense.encode(some)], some)
    assert len(dense) == 1_000_001
    assert np.array_equal(np.sort(dense.ids()[1:]), labels.reshape(-1))


def test_threads_give_an_id_one_number() -> None:
    dense = DenseIds()
    rng = np.random.default_rng(4)
    pool = rng.integers(1, 2**64, 20_000, dtype=np.uint64)
    bricks = [rng.choice(pool, (16, 16, 16)) for _ in range(40)]
    with ThreadPoolExecutor(8) as threads:
        texels = list(threads.map(dense.encode, bricks))
    ids = dense.ids()
    assert len(np.unique(ids)) == len(ids) == len(np.unique(np.concatenate([b.ravel() for b in bricks]))) + 1
    for brick, found in zip(bricks, texels, strict=True):
        assert np.array_equal(ids[found], brick)


def test_more_ids_than_there_is_room_for_are_told_and_leave_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DenseIds, "MAX_IDS", 100)
    dense = DenseIds()
    first = dense.encode(np.arange(99, dtype=np.uint64).repeat(5))
    with pytest.raises(LimitError, match=r"^the segmentation has more than 100 ids$"):
        dense.encode(np.arange(200, dtype=np.uint64))
    assert np.array_equal(dense.encode(np.arange(99, dtype=np.uint64).repeat(5)), first)
    assert dense.encode(np.array([150], np.uint64)).tolist() == [99]
    assert len(dense) == 100
