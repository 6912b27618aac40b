"""The masks: permutations whose thresholds are spread evenly, and the file that is shipped."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.blue_noise import SIDE, load, packed, void_and_cluster


def low_power(picture: NDArray[np.float64]) -> float:
    """The mean power in the lowest eighth of frequencies, without the mean, over white noise's."""
    power = np.abs(np.fft.fft2(picture - picture.mean())) ** 2 / picture.size / picture.var()
    fy, fx = np.meshgrid(*(np.fft.fftfreq(n) for n in picture.shape), indexing="ij")
    radius = np.hypot(fx, fy)
    return float(power[(radius > 0) & (radius < 1 / 8)].mean())


def test_a_mask_holds_each_rank_once() -> None:
    mask = void_and_cluster(24, seed=5)
    assert np.array_equal(np.sort(mask.ravel()), np.arange(24 * 24))


def test_the_first_ranks_keep_away_from_each_other() -> None:
    """Of 32 pixels on a torus of 32 x 32 no two are nearer than 0.6 of a hexagonal grid's distance."""
    mask = void_and_cluster(32, seed=1)
    y, x = np.nonzero(mask < 32)
    dy, dx = (np.abs(a[:, None] - a[None, :]) for a in (y, x))
    distance = np.hypot(np.minimum(dy, 32 - dy), np.minimum(dx, 32 - dx))[~np.eye(32, dtype=bool)]
    assert distance.min() > 0.6 * np.sqrt(2 / np.sqrt(3) * 32 * 32 / 32)


@pytest.mark.parametrize("number", range(4))
def test_the_shipped_masks_are_blue_permutations(number: int) -> None:
    mask = load()[..., number]
    assert np.array_equal(np.sort(mask.ravel()), np.arange(0, 65536, 65536 // SIDE**2))
    for threshold in (0.1, 0.5, 0.9):
        assert low_power((mask < threshold * 65536).astype(float)) < 0.08
    assert low_power(mask.astype(float)) < 0.02


def test_the_shipped_masks_know_nothing_of_each_other() -> None:
    masks = load().reshape(-1, 4).astype(float)
    assert abs(np.corrcoef(masks.T) - np.eye(4)).max() < 4 / SIDE


def test_the_file_is_what_the_generator_makes() -> None:
    assert np.array_equal(load()[..., 2], void_and_cluster(SIDE, seed=2) * (65536 // SIDE**2))


def test_packing_keeps_all_bits() -> None:
    masks = load()
    words = packed(masks)
    assert np.array_equal(words[..., 0] & 0xFFFF, masks[..., 0])
    assert np.array_equal(words[..., 0] >> 16, masks[..., 1])
    assert np.array_equal(words[..., 1] & 0xFFFF, masks[..., 2])
    assert np.array_equal(words[..., 1] >> 16, masks[..., 3])
