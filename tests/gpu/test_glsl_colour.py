"""lib/colour.glsl against the standards' formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.uniforms import TONE_MODES
from render.gpu.context import Context

from .glsl import call


def encoded(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1."""
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 0.0031308) ** (1 / 2.4) - 0.055)


def colours(n: int = 4000) -> NDArray[np.float32]:
    x = np.random.default_rng(8).random((n, 3)) ** 3
    x[0], x[1], x[2], x[3] = 0.0, 1.0, 0.0031308, 0.0031309
    return x.astype(np.float32)


def test_srgb_is_the_standard_and_goes_both_ways(gl: Context) -> None:
    x = colours()
    there = call("result = srgb_encode(x);", {"x": x}, ["colour"], result="vec3")
    np.testing.assert_allclose(there, encoded(x.astype(np.float64)), atol=2e-6)
    back = call("result = srgb_decode(x);", {"x": there}, ["colour"], result="vec3")
    np.testing.assert_allclose(back, x, atol=5e-6)


def test_srgb_clamps_what_is_out_of_range(gl: Context) -> None:
    x = np.array([[-1.0, 2.0, 1e30]], np.float32)
    assert call("result = srgb_encode(x);", {"x": x}, ["colour"], result="vec3")[0] == pytest.approx(
        [0, 1, 1], abs=1e-6
    )


@pytest.mark.parametrize(("name", "kr", "kb"), [("WEIGHTS_709", 0.2126, 0.0722), ("WEIGHTS_601", 0.299, 0.114)])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
def test_luma_and_chroma_are_those_of_the_standards(gl: Context, name: str, kr: float, kb: float, full: bool) -> None:
    c = colours().astype(np.float64)
    c[:8] = [[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    y = kr * c[:, 0] + (1 - kr - kb) * c[:, 1] + kb * c[:, 2]
    cb, cr = (c[:, 2] - y) / (2 * (1 - kb)), (c[:, 0] - y) / (2 * (1 - kr))
    x = c.astype(np.float32)
    arguments = f"x, {name}, {str(full).lower()}"
    luma = call(f"result = luma_of({arguments});", {"x": x}, ["colour"], result="float")
    chroma = call(f"result = chroma_of({arguments});", {"x": x}, ["colour"], result="vec2")
    lo, luma_span, chroma_span = (0, 255, 255) if full else (16, 219, 224)
    np.testing.assert_allclose(luma, lo + luma_span * y, atol=1e-3)
    np.testing.assert_allclose(chroma, 128 + chroma_span * np.stack([cb, cr], axis=1), atol=1e-3)
    assert luma[:2] == pytest.approx([lo, lo + luma_span], abs=1e-3)
    assert chroma[4, 0] == pytest.approx(128 + chroma_span / 2, abs=1e-3)
    assert chroma[2, 1] == pytest.approx(128 + chroma_span / 2, abs=1e-3)
    assert chroma[7, 0] == pytest.approx(128 - chroma_span / 2, abs=1e-3)


def toned(c: NDArray[np.float64], mode: int) -> NDArray[np.float64]:
    arguments = {"c": c.astype(np.float32), "mode": np.full(len(c), mode, np.int32)}
    return call("result = tone_map(c, mode);", arguments, ["colour"], result="vec3").astype(np.float64)


@pytest.mark.parametrize("mode", sorted(TONE_MODES.values()), ids=sorted(TONE_MODES, key=TONE_MODES.__getitem__))
@pytest.mark.parametrize("hue", [(1.0, 1.0, 1.0), (1.0, 0.4, 0.1), (0.0, 0.2, 1.0)])
def test_tone_maps_are_continuous_never_fall_and_stay_below_one(
    gl: Context, mode: int, hue: tuple[float, float, float]
) -> None:
    strength = np.concatenate([np.linspace(0, 3, 6001), np.geomspace(3, 1e6, 200)])
    out = toned(strength[:, None] * np.array(hue), mode)
    assert out.min() >= 0
    assert out.max() <= 1
    # The brightest component never falls; in float32 by no more than a rounding.
    steps = np.diff(out.max(axis=1))
    assert steps.min() > -2e-7
    # No jump: a step of 0.0005 in changes no component by more than a slope of 1.2 allows (AgX: 1.8, at middle grey).
    steepest = 1.8 if mode == TONE_MODES["agx"] else 1.2
    assert np.abs(np.diff(out[:6001], axis=0)).max() < steepest * 3 / 6000
    assert out[-1].max() > 0.99


def test_filmic_leaves_what_is_not_bright_as_it_is(gl: Context) -> None:
    c = colours().astype(np.float64) * 0.75
    np.testing.assert_allclose(toned(c, 0), c, atol=1e-7)


def test_exponential_is_its_formula(gl: Context) -> None:
    c = colours().astype(np.float64) * 8
    np.testing.assert_allclose(toned(c, 1), 1 - np.exp(-c), atol=2e-6)


def test_agave_is_shown_as_agave_shows_it(gl: Context) -> None:
    """Its bytes are 1 - exp(-c) without a curve: so the sRGB curve after it gives just that."""
    c = colours().astype(np.float64) * 8
    np.testing.assert_allclose(encoded(toned(c, TONE_MODES["agave"])), 1 - np.exp(-c), atol=1e-5)


def agx(c: NDArray[np.float64]) -> NDArray[np.float64]:
    """AgX in float64, its contrast curve by Wrensch's polynomial, which was fitted to Sobotka's tables."""
    inset = np.array(
        [
            [0.842479062253094, 0.0784335999999992, 0.0792237451477643],
            [0.0423282422610123, 0.878468636469772, 0.0791661274605434],
            [0.0423756549057051, 0.0784336, 0.879142973793104],
        ]
    )
    low, high = np.log2(0.18) - 10, np.log2(0.18) + 6.5
    x = np.clip((np.log2(np.maximum(c @ inset.T, 1e-10)) - low) / (high - low), 0, 1)
    curve = np.polynomial.Polynomial([-0.00232, 0.1191, 0.4298, -6.868, 31.96, -40.14, 15.5])(x)
    return np.clip(curve @ np.linalg.inv(inset).T, 0, 1) ** 2.2


def test_agx_is_as_published(gl: Context) -> None:
    """Within what the polynomial was off the curve; and middle grey goes where the curve has its pivot."""
    stops = np.random.default_rng(3).uniform(-12, 8, (4000, 1))
    c = 0.18 * 2.0**stops * np.random.default_rng(4).uniform(0.02, 1, (4000, 3))
    got = toned(c, TONE_MODES["agx"])
    assert np.abs(got - agx(c)).max() < 0.02
    assert np.abs(got - agx(c)).mean() < 0.004
    assert toned(np.full((1, 3), 0.18), TONE_MODES["agx"])[0] == pytest.approx([0.5**2.2] * 3, abs=2e-4)


def test_agx_makes_bright_colours_white_and_leaves_black_black(gl: Context) -> None:
    out = toned(np.array([[0.0, 0.0, 0.0], [1000.0, 10.0, 1.0], [0.5, 0.05, 0.05]]), TONE_MODES["agx"])
    assert out[0] == pytest.approx([0, 0, 0], abs=1e-9)
    assert out[1].min() > 0.2
    assert out[2, 0] > 3 * out[2, 1]


@pytest.mark.parametrize("mode", sorted(TONE_MODES.values()))
def test_tone_maps_keep_the_order_of_the_components(gl: Context, mode: int) -> None:
    """No hue turns into another: what is the most stays the most."""
    c = colours().astype(np.float64) * 20
    out = toned(c, mode)
    order = np.argsort(c, axis=1)
    assert (np.diff(np.take_along_axis(out, order, axis=1), axis=1) >= -1e-3).all()


@pytest.mark.parametrize("mode", sorted(TONE_MODES.values()))
def test_tone_maps_of_what_is_no_colour_are_finite(gl: Context, mode: int) -> None:
    odd = [np.nan, np.inf, -np.inf, -1.0, 3e38, 0.0, 0.5]
    c = np.array([[r, g, b] for r in odd for g in odd for b in odd])
    with np.errstate(over="ignore"):
        out = toned(c, mode)
    assert np.isfinite(out).all()
    assert out.min() >= 0
    assert out.max() <= 1
    assert out[np.isnan(c).all(axis=1)].max() < 1e-9


def test_filmic_keeps_the_order_of_the_components(gl: Context) -> None:
    c = colours().astype(np.float64) * 20
    out = toned(c, 0)
    order = np.argsort(c, axis=1)
    assert (np.diff(np.take_along_axis(out, order, axis=1), axis=1) >= -1e-6).all()
