"""lib/rng.glsl against its publication, written out in numpy, and as a source of uniform numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from render.gpu.context import Context

from .glsl import call

U32 = NDArray[np.uint32]


def pcg4d(v: U32) -> U32:
    """Jarzynski & Olano 2020, listing of pcg4d; (n, 4) uint32."""
    x, y, z, w = (v[:, i] * np.uint32(1664525) + np.uint32(1013904223) for i in range(4))
    for again in (True, False):
        x = x + y * w
        y = y + z * x
        z = z + x * y
        w = w + y * z
        if again:
            x, y, z, w = (part ^ (part >> np.uint32(16)) for part in (x, y, z, w))
    return np.stack([x, y, z, w], axis=1)


def keys(pixel: U32, sample: U32, seed: int, dimension: int) -> U32:
    mixed = sample ^ np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
    return np.stack([pixel[:, 0], pixel[:, 1], mixed, np.full_like(mixed, dimension)], axis=1)


def numbers(pixel: U32, sample: U32, seed: int, draws: int = 1) -> NDArray[np.float32]:
    """The `draws`-th four numbers of each (pixel, sample)."""
    body = "Rng rng = rng_make(pixel, sample_index, seed);" + " result = rng_next4(rng);" * draws
    arguments = {"pixel": pixel, "sample_index": sample, "seed": np.full(len(sample), seed, np.uint32)}
    return call(body, arguments, ["rng"])


@pytest.fixture
def pixels() -> tuple[U32, U32]:
    """64 x 64 pixels, 8 samples each."""
    sample, y, x = np.meshgrid(np.arange(8), np.arange(64), np.arange(64), indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.uint32), sample.ravel().astype(np.uint32)


def test_pcg4d_is_the_published_one_bit_for_bit(gl: Context) -> None:
    v = np.random.default_rng(1).integers(0, 2**32, (5000, 4), dtype=np.uint32)
    v[0], v[1], v[2] = 0, 0xFFFFFFFF, (1, 2, 3, 4)
    assert np.array_equal(call("result = pcg4d(v);", {"v": v}, ["rng"], result="uvec4"), pcg4d(v))


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("draws", [1, 3])
def test_a_number_depends_on_pixel_sample_seed_and_place_alone(
    gl: Context, pixels: tuple[U32, U32], seed: int, draws: int
) -> None:
    expected = (pcg4d(keys(*pixels, seed, draws - 1)) >> np.uint32(8)).astype(np.float64) / 2**24
    assert np.array_equal(numbers(*pixels, seed, draws).astype(np.float64), expected)


def test_numbers_are_below_one_even_for_all_bits_set(gl: Context) -> None:
    largest = call("result = float(bits >> 8u) * (1.0 / 16777216.0);", {"bits": np.array([2**32 - 1], np.uint32)}, [],
                   result="float")  # fmt: skip
    assert 0.999999 < largest[0] < 1.0


def test_numbers_are_uniform_one_by_one_and_in_pairs(gl: Context, pixels: tuple[U32, U32]) -> None:
    u = numbers(*pixels, seed=7)
    for axis in range(4):
        counts = np.bincount((u[:, axis] * 64).astype(int), minlength=64)
        assert len(counts) == 64
        assert stats.chisquare(counts).pvalue > 1e-3
    for a, b in ((0, 1), (1, 2), (2, 3), (0, 3)):
        pairs = (u[:, a] * 16).astype(int) * 16 + (u[:, b] * 16).astype(int)
        assert stats.chisquare(np.bincount(pairs, minlength=256)).pvalue > 1e-3


def test_neighbours_samples_and_seeds_are_not_correlated(gl: Context, pixels: tuple[U32, U32]) -> None:
    u = numbers(*pixels, seed=7).astype(np.float64).reshape(8, 64, 64, 4)
    others = numbers(*pixels, seed=8).astype(np.float64).reshape(8, 64, 64, 4)
    for a, b in ((u[:, :, 1:], u[:, :, :-1]), (u[:, 1:], u[:, :-1]), (u[1:], u[:-1]), (u, others)):
        r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        assert abs(r) < 4 / np.sqrt(a.size)
