"""lib/phase.glsl and lib/brdf.glsl: densities, sampling and energy against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from render.gpu.context import Context

from .glsl import call

N = 20_000
F = NDArray[np.float64]


def uniforms(n: int = N, seed: int = 4) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((n, 2)).astype(np.float32)


def directions(n: int, seed: int = 5) -> NDArray[np.float32]:
    d = np.random.default_rng(seed).normal(size=(n, 3))
    return (d / np.linalg.norm(d, axis=1, keepdims=True)).astype(np.float32)


# ---- phase function ----


@pytest.mark.parametrize("g", [-0.75, -0.3, 0.0, 0.3, 0.75])
def test_phase_function_is_a_density_over_the_sphere(gl: Context, g: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(64)
    p = call("result = phase_hg(c, g);", {"c": nodes.astype(np.float32), "g": np.full(64, g, np.float32)},
             ["phase"], result="float")  # fmt: skip
    assert 2 * np.pi * float(weights @ p.astype(np.float64)) == pytest.approx(1.0, abs=1e-5)
    # The mean cosine of Henyey and Greenstein's function is g.
    assert 2 * np.pi * float((weights * nodes) @ p.astype(np.float64)) == pytest.approx(g, abs=1e-5)


def hg_cdf(c: F, g: float) -> F:
    """The probability of a cosine below c, integrated by hand."""
    if g == 0:
        return (c + 1) / 2
    return (1 - g * g) / (2 * g) * (1 / np.sqrt(1 + g * g - 2 * g * c) - 1 / (1 + g))


@pytest.mark.parametrize("g", [-0.75, -0.3, 0.0, 0.3, 0.75])
def test_phase_samples_follow_the_density(gl: Context, g: float) -> None:
    flight = directions(N)
    arguments = {"flight": flight, "g": np.full(N, g, np.float32), "u": uniforms()}
    wi = call("result = phase_hg_sample(flight, g, u);", arguments, ["phase"], result="vec3")
    np.testing.assert_allclose(np.linalg.norm(wi, axis=1), 1.0, atol=1e-5)
    cosine = np.einsum("ij,ij->i", wi.astype(np.float64), flight)
    assert stats.kstest(hg_cdf(np.clip(cosine, -1, 1), g), "uniform").pvalue > 1e-3


def test_phase_samples_are_even_around_the_flight(gl: Context) -> None:
    flight = np.tile(np.float32([[0.6, 0.0, 0.8]]), (N, 1))
    wi = call("result = phase_hg_sample(flight, 0.5, u);", {"flight": flight, "u": uniforms()}, ["phase"],
              result="vec3")  # fmt: skip
    s, t = np.array([0.8, 0.0, -0.6]), np.array([0.0, 1.0, 0.0])
    angle = np.arctan2(wi @ t, wi @ s) / (2 * np.pi) + 0.5
    assert stats.kstest(angle, "uniform").pvalue > 1e-3


def test_basis_is_orthonormal_and_right_handed_everywhere(gl: Context) -> None:
    n = directions(3000)
    n[:6] = [[0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]
    s = call("vec3 s, t; basis(n, s, t); result = s;", {"n": n}, ["phase"], result="vec3")
    t = call("vec3 s, t; basis(n, s, t); result = t;", {"n": n}, ["phase"], result="vec3")
    np.testing.assert_allclose(np.cross(s, t), n, atol=2e-5)
    for a, b, expected in ((s, s, 1), (t, t, 1), (s, t, 0), (s, n, 0)):
        np.testing.assert_allclose(np.einsum("ij,ij->i", a, b), expected, atol=2e-5)


# ---- surface ----


def test_cosine_samples_follow_the_cosine(gl: Context) -> None:
    n = directions(N)
    wi = call("result = cosine_sample(n, u);", {"n": n, "u": uniforms()}, ["phase", "brdf"], result="vec3")
    np.testing.assert_allclose(np.linalg.norm(wi, axis=1), 1.0, atol=1e-5)
    cosine = np.einsum("ij,ij->i", wi.astype(np.float64), n)
    assert cosine.min() > 0
    assert stats.kstest(cosine**2, "uniform").pvalue > 1e-3
    sideways = wi - cosine[:, None] * n
    assert np.abs(sideways.mean(axis=0)).max() < 4 / np.sqrt(N)


def surface(wo: F, wi: F, roughness: float) -> F:
    """brdf_cos about z, (n, 3): diffuse for albedo 1, specular for colour 1, density of ggx_sample."""
    arguments = {"wo": np.float32(wo), "wi": np.float32(wi), "roughness": np.full(len(wi), roughness, np.float32)}
    body = "result = brdf_cos(vec3(0.0, 0.0, 1.0), wo, wi, roughness);"
    return call(body, arguments, ["phase", "brdf"], result="vec3").astype(np.float64)


def ggx(wo: F, wi: F, alpha: float) -> F:
    """D G2 / (4 cos cos) * cos_i with Smith's Lambda (Heitz 2014), about z."""
    h = wo + wi
    h = h / np.linalg.norm(h, axis=1, keepdims=True)
    tan2 = 1 / h[:, 2] ** 2 - 1
    d = 1 / (np.pi * alpha**2 * h[:, 2] ** 4 * (1 + tan2 / alpha**2) ** 2)

    def smith(w: F) -> F:
        return (np.sqrt(1 + alpha**2 * (1 / w[:, 2] ** 2 - 1)) - 1) / 2

    return d / (1 + smith(wo) + smith(wi)) / (4 * wo[:, 2])


def upper(n: int, seed: int, lowest: float = 0.05) -> F:
    d = directions(n, seed).astype(np.float64)
    d[:, 2] = np.abs(d[:, 2])
    return d[d[:, 2] > lowest]


@pytest.mark.parametrize("roughness", [0.1, 0.3, 0.6, 1.0])
def test_surface_is_lambert_and_ggx(gl: Context, roughness: float) -> None:
    wo, wi = upper(4000, 6), upper(4000, 7)
    n = min(len(wo), len(wi))
    wo, wi = wo[:n].astype(np.float32).astype(np.float64), wi[:n].astype(np.float32).astype(np.float64)
    got = surface(wo, wi, roughness)
    np.testing.assert_allclose(got[:, 0], wi[:, 2] / np.pi, rtol=1e-5)
    np.testing.assert_allclose(got[:, 1], ggx(wo, wi, roughness**2), rtol=5e-3, atol=1e-6)


def test_surface_is_reciprocal(gl: Context) -> None:
    wo, wi = upper(4000, 6), upper(4000, 7)
    n = min(len(wo), len(wi))
    there = surface(wo[:n], wi[:n], 0.4)[:, :2] / wi[:n, 2:]
    back = surface(wi[:n], wo[:n], 0.4)[:, :2] / wo[:n, 2:]
    np.testing.assert_allclose(there, back, rtol=1e-3)


def test_surface_sends_nothing_below_itself(gl: Context) -> None:
    wi = upper(1000, 8) * [1, 1, -1]
    wo = upper(1000, 9)
    n = min(len(wo), len(wi))
    assert not surface(wo[:n], wi[:n], 0.4).any()


@pytest.mark.parametrize("roughness", [0.05, 0.15, 0.3, 0.45, 0.7, 1.0])
@pytest.mark.parametrize("degrees", [0.0, 40.0, 75.0])
def test_white_furnace_gains_no_energy(gl: Context, roughness: float, degrees: float) -> None:
    """The light that leaves under a white sky is at most 1: by half vectors drawn from GGX on a fine grid."""
    alpha = roughness**2
    u, v = (c.ravel() for c in np.meshgrid((np.arange(512) + 0.5) / 512, (np.arange(256) + 0.5) / 256))
    tan = alpha * np.sqrt(u / (1 - u))
    cos = 1 / np.sqrt(1 + tan**2)
    sin, phi = tan * cos, 2 * np.pi * v
    h = np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)
    angle = np.radians(degrees)
    wo = np.tile([np.sin(angle), 0.0, np.cos(angle)], (len(h), 1))
    h_wo = np.einsum("ij,ij->i", h, wo)
    wi = 2 * h_wo[:, None] * h - wo
    d = 1 / (np.pi * alpha**2 * cos**4 * (1 + tan**2 / alpha**2) ** 2)
    pdf = d * cos / (4 * np.maximum(h_wo, 1e-9))
    good = (wi[:, 2] > 0) & (h_wo > 0)
    got = surface(wo, wi, roughness)
    albedo = float((got[good, 1] / pdf[good]).sum() / len(h))
    assert albedo <= 1.005
    # What is missing has been shadowed, and that is little where the surface is smooth.
    assert albedo > (0.95 if roughness <= 0.3 and degrees <= 40 else 0.3)
