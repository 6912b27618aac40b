"""The denoiser, on noise that is made here around a truth that is known."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.codec.oidn import check_denoiser, denoise, denoise_by_looks
from render.errors import HostaError

SIZE = 192


def truth() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """A shaded ball with stripes in front of nothing: colour (premultiplied, HDR), albedo, normal."""
    y, x = np.mgrid[:SIZE, :SIZE] / (SIZE - 1) * 2.4 - 1.2
    r = np.hypot(x, y)
    alpha = np.clip((1 - r) / 0.15, 0, 1)[..., None]
    normal = np.dstack([x, y, np.sqrt(np.clip(1 - r * r, 0, 1))]) * (r < 1)[..., None]
    stripes = np.where((np.floor(x * 6) % 2 == 0)[..., None], [0.9, 0.4, 0.2], [0.2, 0.5, 0.8])
    albedo = stripes * alpha
    light = np.clip(normal @ np.array([-0.5, -0.5, 0.7]), 0, None)[..., None]
    highlight = 20 * np.exp(-((x + 0.4) ** 2 + (y + 0.4) ** 2) / 0.005)[..., None]
    color = np.concatenate([albedo * (0.1 + 2 * light) + highlight * alpha, alpha], axis=2)
    return color.astype(np.float32), albedo.astype(np.float32), normal.astype(np.float32)


def noisy(color: NDArray[np.float32], samples: int, seed: int = 0) -> NDArray[np.float32]:
    """The mean of samples that hit or miss and, when they hit, have light with a long tail."""
    rng = np.random.default_rng(seed)
    alpha = color[..., 3:]
    hits = rng.binomial(samples, np.broadcast_to(alpha, (SIZE, SIZE, 1))) / samples
    tail = rng.gamma(0.5 * samples, 2 / samples, (SIZE, SIZE, 1))
    return np.concatenate([color[..., :3] / np.maximum(alpha, 1e-6) * hits * tail, hits], axis=2).astype(np.float32)


def relative_error(got: NDArray[np.float32], true: NDArray[np.float32]) -> float:
    return float(((got - true) ** 2 / (true**2 + 1e-2)).mean())


def test_noise_goes() -> None:
    color, albedo, normal = truth()
    rng = np.random.default_rng(1)
    given = noisy(color, 8)
    guides = [guide + rng.normal(0, 0.05, guide.shape).astype(np.float32) for guide in (albedo, normal)]
    before = relative_error(given, color)
    kept = given.copy()
    after = relative_error(denoise(given, *guides), color)
    assert after < before / 15
    np.testing.assert_array_equal(given, kept)
    # Clean guides are better than noisy ones, and noisy ones better than none.
    clean = relative_error(denoise(given, albedo, normal, clean_aux=True), color)
    assert clean < after < relative_error(denoise(given), color) < before / 4


def test_the_edge_stays_soft_and_has_no_fringe() -> None:
    color, albedo, normal = truth()
    got = denoise(noisy(color, 16), albedo, normal)
    assert np.abs(got[..., 3] - color[..., 3]).mean() < 0.01
    assert (got[color[..., 3] == 0][:, 3] < 0.1).all()
    assert not got[:8].any()  # far from everything: nothing, exactly
    edge = (color[..., 3] > 0.2) & (color[..., 3] < 0.9)
    straight = got[edge][:, :3] / got[edge][:, 3:]
    true = color[edge][:, :3] / color[edge][:, 3:]
    assert abs(float(straight.mean() / true.mean()) - 1) < 0.03


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 40)])
@pytest.mark.parametrize("value", [0.0, 1e30, np.nan, np.inf, -1.0])
def test_degenerate_pictures_stay_finite(shape: tuple[int, int], value: float) -> None:
    color = np.full((*shape, 4), value, np.float32)
    guide = np.full((*shape, 3), value, np.float32)
    for got in (denoise(color, guide, guide), denoise(color)):
        assert got.shape == color.shape
        assert np.isfinite(got).all()
        assert got.min() >= 0
        assert got[..., 3].max() <= 1
    if value == 0.0:
        assert not denoise(color, guide, guide).any()


def test_shading_that_many_looks_know_is_put_back() -> None:
    """Stripes of a pixel, under light of which a smooth part is in shadow: the looks have the stripes."""
    y, x = np.mgrid[:SIZE, :SIZE]
    shading = np.where((x % 3 == 0)[..., None], [0.9, 0.6, 0.3], [0.2, 0.2, 0.3]).astype(np.float32)
    shadow = (0.35 + 0.3 * np.sin(y / 30.0))[..., None]
    one = np.ones((SIZE, SIZE, 1))
    true = np.concatenate([shading * shadow, one], axis=2).astype(np.float32)
    rng = np.random.default_rng(3)
    tail = rng.gamma(2.0, 1 / 2.0, (SIZE, SIZE, 1))
    light = np.concatenate([true[..., :3] * tail, one], axis=2).astype(np.float32)
    local = (shading * rng.gamma(16.0, 1 / 16.0, (SIZE, SIZE, 1))).astype(np.float32)
    many = np.concatenate([shading * rng.gamma(64.0, 1 / 64.0, (SIZE, SIZE, 1)), one], axis=2).astype(np.float32)
    normal = np.zeros((SIZE, SIZE, 3), np.float32)
    got = denoise_by_looks(light, local, many, normal)
    assert relative_error(got, true) < 0.6 * relative_error(denoise(light), true)
    assert got.mean() == pytest.approx(true.mean(), rel=0.03)
    # Whatever the unit of light is.
    dim = denoise_by_looks(
        light * np.float32([1e-3] * 3 + [1]), local * 1e-3, many * np.float32([1e-3] * 3 + [1]), normal
    )
    assert dim[..., :3].mean() == pytest.approx(1e-3 * got[..., :3].mean(), rel=0.02)


def test_looks_that_saw_nothing_leave_it_to_the_picture() -> None:
    nothing = np.zeros((SIZE, SIZE, 4), np.float32)
    np.testing.assert_array_equal(
        denoise_by_looks(truth()[0], nothing[..., :3], nothing, nothing[..., :3]), denoise(truth()[0])
    )


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name == "pyoidn" else find(name, *rest)

    check_denoiser()
    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(HostaError, match="pip install pyoidn"):
        denoise(np.zeros((2, 2, 4), np.float32))
