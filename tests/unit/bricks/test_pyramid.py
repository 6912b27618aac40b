"""Coarser levels in memory: values against numpy, places against the fine grid, and that it is done in parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import render.bricks.pyramid as pyramid
from render.bricks.pyramid import halved, halving, with_pyramid
from render.errors import SourceError
from render.source.base import Source
from render.source.memory import MemorySource
from render.space import apply


def _level(source: Source, level: int, channel: int = 0, time: int = 0) -> np.ndarray:
    return source.read(level, channel, time, (0, 0, 0), source.info.levels[level].shape)


def _cells(values: np.ndarray, factors: tuple[int, int, int]) -> list[list[np.ndarray]]:
    """The fine voxels of each coarse voxel, by plain slicing."""
    starts = [range(0, n, f) for n, f in zip(values.shape, factors, strict=True)]
    return [
        [values[z : z + factors[0], y : y + factors[1], x : x + factors[2]].ravel() for x in starts[2]]
        for z in starts[0]
        for y in starts[1]
    ]


def _reduce(values: np.ndarray, factors: tuple[int, int, int], by: object) -> np.ndarray:
    shape = [-(-n // f) for n, f in zip(values.shape, factors, strict=True)]
    return np.array([[by(cell) for cell in row] for row in _cells(values, factors)]).reshape(shape)


SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(1, 7))
FACTORS = st.tuples(st.sampled_from([1, 2]), st.sampled_from([1, 2]), st.sampled_from([1, 2]))


@settings(deadline=None)
@given(
    SHAPES,
    FACTORS,
    st.sampled_from(["uint8", "int8", "uint16", "int32", "float32", "float64", "float16"]),
    st.integers(0, 99),
)
def test_images_are_means(shape: tuple[int, int, int], factors: tuple[int, int, int], dtype: str, seed: int) -> None:
    values = (np.random.default_rng(seed).random(shape) * 250 - (100 if dtype[0] in "if" else 0)).astype(dtype)
    expected = _reduce(values.astype(np.float64), factors, np.mean)
    made = halved(values, factors, "image")
    assert made.dtype == values.dtype
    # Sums of up to 8 values of up to 150, in the dtype itself, whose signs may cancel.
    tolerance = 0.5 if values.dtype.kind in "iu" else {"float16": 0.1, "float32": 1e-4, "float64": 1e-6}[dtype]
    np.testing.assert_allclose(made.astype(np.float64), expected, atol=tolerance, rtol=1e-6)


@settings(deadline=None)
@given(SHAPES, FACTORS, st.integers(0, 99))
def test_labels_are_the_most_frequent_id(shape: tuple[int, int, int], factors: tuple[int, int, int], seed: int) -> None:
    values = np.random.default_rng(seed).integers(2**53, 2**53 + 3, shape, np.uint64)
    made = halved(values, factors, "labels")
    for cell, label in zip((c for row in _cells(values, factors) for c in row), made.ravel(), strict=True):
        ids, counts = np.unique(cell, return_counts=True)
        assert label in ids[counts == counts.max()]


def test_nan_does_not_count_and_only_nan_is_nan() -> None:
    values = np.arange(4 * 4 * 4, dtype=np.float32).reshape(4, 4, 4)
    values[0, 0, 0] = np.nan
    values[2:, 2:, 2:] = np.nan
    values[0, 2, 2] = np.inf
    made = halved(values, (2, 2, 2), "image")
    assert made[0, 0, 0] == np.float32(np.nanmean(values[:2, :2, :2]))
    assert np.isnan(made[1, 1, 1])
    assert np.isinf(made[0, 1, 1])


@pytest.mark.parametrize(
    ("spacing", "shape", "factors"),
    [
        ((1.0, 1.0, 1.0), (9, 9, 9), (2, 2, 2)),
        ((45.0, 4.6, 4.6), (9, 9, 9), (1, 2, 2)),
        ((1.4, 1.0, 1.0), (9, 9, 9), (2, 2, 2)),
        ((1.0, 3.0, 1.0), (9, 9, 9), (2, 1, 2)),
        ((1.0, 1.0, 1.0), (1, 9, 9), (1, 2, 2)),
        ((0.001, 1.0, 1.0), (1, 9, 9), (1, 2, 2)),
        ((1.0, 1.0, 1.0), (1, 1, 1), (1, 1, 1)),
    ],
)
def test_long_voxels_wait(
    spacing: tuple[float, float, float], shape: tuple[int, int, int], factors: tuple[int, int, int]
) -> None:
    source = MemorySource(np.zeros(shape, np.uint8), spacing_um=spacing)
    assert halving(source.info.levels[0]) == factors


def test_levels_are_added_until_one_is_small() -> None:
    values = (np.random.default_rng(1).random((2, 20, 61, 64)) * 1000).astype(np.uint16)
    source = with_pyramid(MemorySource(values, spacing_um=(4.0, 1.0, 1.0)), 500)
    shapes = [level.shape for level in source.info.levels]
    # x and y alone until their voxels are as long as those along z; 5 x 4 x 4 is the first of at most 500.
    assert shapes == [(20, 61, 64), (20, 31, 32), (20, 16, 16), (10, 8, 8), (5, 4, 4)]
    first = _reduce(values[1].astype(float), (1, 2, 2), np.mean)
    np.testing.assert_allclose(_level(source, 1, channel=1).astype(float), first, atol=0.5)
    assert len({level.name for level in source.info.levels}) == len(shapes)


def test_a_small_source_is_left_as_it_is() -> None:
    source = MemorySource(np.zeros((8, 8, 8), np.uint8))
    assert with_pyramid(source, 512) is source


def test_a_ramp_in_the_world_stays_where_it_is() -> None:
    """The value of a linear ramp at a voxel's centre is the mean over the voxel: exact in all levels."""
    turn = np.array([[0.0, -1.0, 0.0], [0.6, 0.0, 0.8], [-0.8, 0.0, 0.6]])
    world = np.eye(4)
    world[:3, :3] = turn @ np.diag([1.0, 1.2, 3.0])
    world[:3, 3] = (5.0, 6.0, 7.0)
    z, y, x = np.indices((16, 32, 32))
    places = apply(world, np.stack([x, y, z], -1).astype(float))
    slope = np.array([0.3, -0.7, 1.1])
    source = with_pyramid(MemorySource(places @ slope, world_from_vox=world), 100)
    assert len(source.info.levels) >= 4
    for number, level in enumerate(source.info.levels):
        indices = np.stack(np.indices(level.shape)[::-1], -1).astype(float)
        np.testing.assert_allclose(_level(source, number), apply(level.world_from_vox, indices) @ slope, atol=1e-6)


def test_it_is_done_in_parts_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).integers(0, 4, (70, 130, 201)).astype(np.uint32)
    at_once = with_pyramid(MemorySource(values, kind="labels"), 1000)
    monkeypatch.setattr(pyramid, "BOX_MAX_BYTES", 1 << 20)
    seen: list[tuple[int, int]] = []
    in_parts = with_pyramid(
        MemorySource(values, kind="labels"), 1000, lambda _, done, total: seen.append((done, total))
    )
    for level in range(1, len(at_once.info.levels)):
        np.testing.assert_array_equal(_level(in_parts, level), _level(at_once, level))
    assert len(seen) > 4
    assert seen[-1][0] == seen[-1][1]


def test_a_level_that_does_not_fit_in_memory_is_skipped() -> None:
    values = np.random.default_rng(1).random((64, 64, 64)).astype(np.float32)
    full = with_pyramid(MemorySource(values), 100)
    tight = with_pyramid(MemorySource(values), 100, memory_bytes=8 * 16**3)
    assert [level.shape for level in tight.info.levels] == [(64,) * 3, (16,) * 3, (8,) * 3, (4,) * 3]
    np.testing.assert_allclose(_level(tight, 1), _level(full, 2), rtol=1e-5)
    np.testing.assert_allclose(tight.info.levels[1].world_from_vox, full.info.levels[2].world_from_vox)


def test_absence_is_that_of_what_a_box_was_made_of() -> None:
    class Half(MemorySource):
        def is_absent(self, level: int, channel: int, time: int, lo: tuple, hi: tuple) -> bool:
            return lo[0] >= 16 and hi[0] <= 33

    source = with_pyramid(Half(np.zeros((33, 32, 32), np.uint8)), 1000)
    assert source.is_absent(1, 0, 0, (8, 0, 0), (17, 16, 16))
    assert not source.is_absent(1, 0, 0, (7, 0, 0), (17, 16, 16))
    assert source.is_absent(0, 0, 0, (16, 0, 0), (33, 32, 32))


def test_what_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A petabyte without coarse levels is refused at once, with what to do about it."""
    huge = MemorySource(np.broadcast_to(np.zeros(1, np.uint16), (80_000, 80_000, 80_000)), name="huge.zarr")
    assert "hosta convert IN OUT.ome.zarr" in str(pyramid.advice(huge.info))
    with pytest.raises(SourceError, match=r"huge.zarr is too large .* 931\.3 TiB.*hosta convert"):
        with_pyramid(huge, 1 << 20)
    small = MemorySource(np.zeros((40, 40, 40), np.uint8))
    assert pyramid.advice(small.info) is None
    monkeypatch.setattr(pyramid, "LARGEST_WHOLE_BYTES", 1000)
    assert pyramid.advice(small.info, 1000) is not None
    assert pyramid.advice(small.info, 64_000) is None
