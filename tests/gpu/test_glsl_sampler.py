"""lib/sampler.glsl: its points against scipy's Sobol sequence, their spread, their errors, the noise's colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

from render.engine.blue_noise import SIDE, BlueNoise
from render.gpu.context import Context

from .glsl import call

U32 = NDArray[np.uint32]
Points = NDArray[np.float64]
SOBOL, INDEPENDENT = 0, 1
INCLUDE = ["rng", "sampler"]


@pytest.fixture
def gl(gl: Context) -> Iterator[Context]:
    """The context with the masks bound."""
    masks = BlueNoise()
    masks.bind()
    yield gl
    masks.close()


def numbers(pixel: U32, sample: U32, seed: int = 0, kind: int = SOBOL, groups: int = 1) -> Points:
    """The `groups`-th four numbers of each (pixel, sample): (n, 4)."""
    body = f"Sampler s = sampler_make(pixel, sample_index, seed, {kind});" + " result = sampler_next4(s);" * groups
    arguments = {"pixel": pixel, "sample_index": sample, "seed": np.full(len(sample), seed, np.uint32)}
    return call(body, arguments, INCLUDE).astype(np.float64)


def of_one_pixel(count: int, seed: int = 0, kind: int = SOBOL, groups: int = 1, at: tuple[int, int] = (5, 9)) -> Points:
    return numbers(np.tile(np.uint32(at), (count, 1)), np.arange(count, dtype=np.uint32), seed, kind, groups)


def of_all_pixels(side: int, sample: int = 0, seed: int = 0, kind: int = SOBOL, groups: int = 1) -> Points:
    """(side, side, 4), row by row."""
    y, x = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    pixel = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.uint32)
    return numbers(pixel, np.full(side * side, sample, np.uint32), seed, kind, groups).reshape(side, side, 4)


def scrambled(count: int, key: int) -> U32:
    """Points of the sequence `key` before the shift, 16 bits each: (count, 4)."""
    body = "result = sobol4_scrambled(bitfieldReverse(number) >> 16u, key);"
    arguments = {"number": np.arange(count, dtype=np.uint32), "key": np.full(count, key, np.uint32)}
    return call(body, arguments, INCLUDE, result="uvec4") >> np.uint32(16)


def plain_sobol(count: int) -> U32:
    """scipy's first four dimensions in plain order (it counts in Gray code), 16 bits: (count, 4)."""
    points = qmc.Sobol(4, scramble=False, bits=16).random(count)
    n = np.arange(count)
    ordered = np.empty_like(points)
    ordered[n ^ (n >> 1)] = points
    return (ordered * 65536).astype(np.uint32)


def occupancy(points: U32, pair: tuple[int, int], bits: tuple[int, int]) -> NDArray[np.int64]:
    """How many points lie in each box of 2^-bits[0] x 2^-bits[1]."""
    a, b = (
        points[:, axis] >> np.uint32(16 - n) if n else 0 * points[:, axis] for axis, n in zip(pair, bits, strict=True)
    )
    return np.bincount((a.astype(np.int64) << bits[1]) + b, minlength=1 << sum(bits))


def test_without_scrambling_they_are_the_sobol_points(gl: Context) -> None:
    count = 1 << 16
    words = call(
        "result = sobol4_reversed(number);", {"number": np.arange(count, dtype=np.uint32)}, INCLUDE, result="uvec2"
    )
    digits = np.stack([words[:, 0] & 0xFFFF, words[:, 0] >> 16, words[:, 1] & 0xFFFF, words[:, 1] >> 16], axis=1)
    reverse = np.array([int(f"{n:016b}"[::-1], 2) for n in range(count)], np.uint32)
    assert np.array_equal(reverse[digits], plain_sobol(count))


@pytest.mark.parametrize("key", [0, 1, 0xDEADBEEF, 0x9E3779B9])
def test_scrambling_keeps_every_stratification(gl: Context, key: int) -> None:
    """Dimensions 0 and 1 are a (0, m, 2)-net for each m; boxes that any other pair fills evenly stay evenly filled."""
    for m in (2, 4, 7, 8):
        points, plain = scrambled(1 << m, key), plain_sobol(1 << m)
        for i in range(m + 1):
            assert (occupancy(points, (0, 1), (i, m - i)) == 1).all()
        evenly = 0
        for pair in ((0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
            for i in range(m + 1):
                for j in range(m + 1 - i):
                    if len(set(occupancy(plain, pair, (i, j)))) == 1:
                        evenly += 1
                        assert len(set(occupancy(points, pair, (i, j)))) == 1
        assert evenly > 5 * m


def test_scrambling_flips_digits_independently(gl: Context) -> None:
    """Over keys each digit of a point is a coin of its own: in each dimension, and between dimensions."""
    keys = np.random.default_rng(3).integers(0, 2**32, 20000, dtype=np.uint32)
    words = call("result = sobol4_scrambled(0u, key);", {"key": keys}, INCLUDE, result="uvec4") >> np.uint32(16)
    bits = (words[:, :, None] >> np.arange(15, 7, -1, dtype=np.uint32)) & np.uint32(1)
    flat = bits.reshape(len(keys), 32).astype(np.float64)
    assert abs(flat.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(keys))
    correlations = np.corrcoef(flat.T) - np.eye(32)
    assert abs(correlations).max() < 5 / np.sqrt(len(keys))


@pytest.mark.parametrize("kind", [SOBOL, INDEPENDENT])
def test_numbers_are_uniform_whatever_runs(gl: Context, kind: int) -> None:
    """Over the samples of a pixel, over the pixels of a sample, and over seeds."""
    one = [of_one_pixel(4096, seed=2, kind=kind, groups=3)]
    all_ = [of_all_pixels(64, sample=77, seed=2, kind=kind, groups=2).reshape(-1, 4)]
    seeds = np.arange(4096, dtype=np.uint32)
    body = f"Sampler s = sampler_make(uvec2(3, 4), 1u, seed, {kind}); result = sampler_next4(s);"
    over_seeds = [call(body, {"seed": seeds}, INCLUDE).astype(np.float64)]
    for u in one + all_ + over_seeds:
        assert u.min() >= 0.0
        assert u.max() < 1.0
        assert abs(u.mean(axis=0) - 0.5).max() < 5 / np.sqrt(12 * len(u))
        assert abs(u.var(axis=0) - 1 / 12).max() < 0.006
        for axis in range(4):
            counts = np.bincount((u[:, axis] * 64).astype(int), minlength=64)
            # Better than chance is no fault here: one-sided.
            assert stats.chi2.sf(((counts - 64) ** 2 / 64).sum(), 63) > 1e-4


def test_the_last_digits_are_noise_too(gl: Context) -> None:
    bits = (of_one_pixel(4096) * 2**24).astype(np.int64)
    counts = np.stack([np.bincount(bits[:, axis] & 0xFF, minlength=256) for axis in range(4)])
    assert (stats.chi2.sf(((counts - 16) ** 2 / 16).sum(axis=1), 255) > 1e-4).all()


def test_groups_pixels_and_seeds_are_not_correlated(gl: Context) -> None:
    """Over samples: the groups of a pixel, and the same group of two seeds. Over pixels: the groups of a sample."""
    by_sample = np.concatenate(
        [of_one_pixel(4096, groups=g) for g in (1, 2, 3, 9)] + [of_one_pixel(4096, seed=1)], axis=1
    )
    r = np.corrcoef(by_sample.T) - np.eye(by_sample.shape[1])
    assert abs(r).max() < 5 / np.sqrt(4096)
    by_pixel = np.concatenate([of_all_pixels(128, groups=g).reshape(-1, 4) for g in (1, 2, 3, 4, 9)], axis=1)
    r = np.corrcoef(by_pixel.T) - np.eye(by_pixel.shape[1])
    assert abs(r).max() < 5 / 128


def test_a_new_sequence_begins_after_65536_samples(gl: Context) -> None:
    early, late = (
        numbers(np.zeros((512, 2), np.uint32), np.arange(first, first + 512, dtype=np.uint32)) for first in (0, 1 << 16)
    )
    assert abs(np.corrcoef(early.T, late.T)[:4, 4:]).max() < 5 / np.sqrt(512)
    assert not np.isclose(early, late).all(axis=1).any()


INTEGRANDS: dict[str, tuple[Callable[[Points], Points], float, tuple[float, float, float]]] = {
    # name: (f of (..., 4), its integral, the largest ratio of the RMS errors to independent sampling's at 16, 64, 256)
    "smooth": (lambda u: np.sin(np.pi * u[..., 0]) * u[..., 1] ** 2, 2 / (3 * np.pi), (0.5, 0.3, 0.15)),
    "disc": (lambda u: ((u[..., 0] - 0.4) ** 2 + (u[..., 1] - 0.5) ** 2 < 0.09).astype(float), np.pi * 0.09,
             (0.7, 0.5, 0.4)),
    "smooth of z and w": (lambda u: np.exp(-u[..., 2] - u[..., 3]), (1 - np.exp(-1)) ** 2, (0.5, 0.3, 0.2)),
    "of all four": (lambda u: np.prod(1 + 0.5 * (u - 0.5), axis=-1), 1.0, (0.45, 0.3, 0.15)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(INTEGRANDS))
def test_integrals_are_far_better_than_with_independent_points(gl: Context, name: str) -> None:
    f, integral, ratios = INTEGRANDS[name]
    errors = {kind: np.empty((3, 256)) for kind in (SOBOL, INDEPENDENT)}
    for kind, rms in errors.items():
        pixel = np.repeat(
            np.stack([np.arange(256) % 16, np.arange(256) // 16 * 7], axis=1).astype(np.uint32), 256, axis=0
        )
        u = numbers(pixel, np.tile(np.arange(256, dtype=np.uint32), 256), 5, kind).reshape(256, 256, 4)
        for row, count in enumerate((16, 64, 256)):
            rms[row] = f(u[:, :count]).mean(axis=1) - integral
    ratio = np.sqrt((errors[SOBOL] ** 2).mean(axis=1) / (errors[INDEPENDENT] ** 2).mean(axis=1))
    assert (ratio < ratios).all(), ratio


def test_any_number_of_samples_is_no_worse_than_independent(gl: Context) -> None:
    """Progressive: also between powers of two."""
    f, integral, _ = INTEGRANDS["smooth"]
    rms = {}
    for kind in (SOBOL, INDEPENDENT):
        pixel = np.repeat(np.stack([np.arange(128), np.arange(128) // 3], axis=1).astype(np.uint32), 100, axis=0)
        u = numbers(pixel, np.tile(np.arange(100, dtype=np.uint32), 128), 5, kind).reshape(128, 100, 4)
        means = f(u).cumsum(axis=1) / np.arange(1, 101)
        rms[kind] = np.sqrt(((means - integral) ** 2).mean(axis=0))
    assert (rms[SOBOL][2:] < 0.85 * rms[INDEPENDENT][2:]).all()


def low_power(error: Points) -> float:
    """The mean power of an error picture in the lowest eighth of frequencies (without the mean), over white noise's."""
    power = np.abs(np.fft.fft2(error - error.mean())) ** 2 / error.size / error.var()
    fy, fx = np.meshgrid(*(np.fft.fftfreq(n) for n in error.shape), indexing="ij")
    radius = np.hypot(fx, fy)
    return float(power[(radius > 0) & (radius < 1 / 8)].mean())


@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("groups", [1, 4])
def test_the_error_of_one_sample_is_blue(gl: Context, axis: int, groups: int) -> None:
    u = of_all_pixels(SIDE, sample=3, groups=groups)[..., axis]
    white = of_all_pixels(SIDE, sample=3, groups=groups, kind=INDEPENDENT)[..., axis]
    assert low_power(u) < 0.1
    assert low_power(white) > 0.8
    assert low_power((u > 0.3).astype(float)) < 0.15


def test_the_error_of_few_samples_is_still_blue(gl: Context) -> None:
    total = sum(of_all_pixels(SIDE, sample=s)[..., 0] ** 2 for s in range(4))
    assert low_power(np.asarray(total)) < 0.5
