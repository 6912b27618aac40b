"""Errors and noise found in pictures whose noise is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.agave_error import decoded, error_by_halves, needed, noise_by_fit
from benchmarks.quality import EPSILON, rel_mse

SHAPE = (60, 80, 3)


def truth() -> NDArray[np.float64]:
    """Slopes, a step, and a black part."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    one = 0.3 + 0.002 * x + 0.1 * np.sin(y / 6.0)
    one[x > 50] += 0.3
    one[:, :15] = 0.0
    return np.repeat(one[..., None], 3, axis=2) * np.array([1.0, 0.9, 0.8])


def noisy(seed: int, sigma: float) -> NDArray[np.float64]:
    clean = truth()
    return np.where(clean > 0.0, clean + np.random.default_rng(seed).normal(0.0, sigma, SHAPE), 0.0)


def test_noise_of_the_halves_does_not_count() -> None:
    picture = noisy(1, 0.05)
    known = rel_mse(picture, truth())
    a, b = noisy(2, 0.03), noisy(3, 0.03)
    assert error_by_halves(picture, a, b) == pytest.approx(known, rel=0.05)
    assert rel_mse(picture, (a + b) / 2) > 1.12 * known  # what the halves are for


def test_what_is_fitted_is_not_noise() -> None:
    clean = truth()
    # Another brightness, another tint and a slope of its own, as another renderer has them.
    other = np.where(clean > 0.0, clean * np.array([0.7, 0.9, 0.8]) + 0.05, 0.0)
    assert noise_by_fit(other, clean) < 2e-3
    random = np.random.default_rng(4).normal(0.0, 0.05, SHAPE)
    assert noise_by_fit(other + random, clean) == pytest.approx(float(np.mean(0.05**2 / (clean**2 + EPSILON))), rel=0.1)


def test_needed_samples_lie_on_the_curve() -> None:
    samples, errors = (1, 4, 16), (1.0, 0.25, 0.0625)
    assert needed(samples, errors, 0.125) == pytest.approx(8.0)
    assert needed(samples, errors, 0.0625) == pytest.approx(16.0)
    assert needed(samples, errors, 2.0) == 1.0
    assert needed(samples, errors, 0.01) == math.inf


def test_pictures_are_decoded() -> None:
    picture = np.array([[[0, 10, 255, 77]]], np.uint8)
    assert decoded(picture)[0, 0] == pytest.approx([0.0, 10 / 255 / 12.92, 1.0])
