"""Scattering events: what is sampled follows its density, and what is evaluated is what the samples carry."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.gpu.context import Context

from .chi_square import SIGNIFICANCE, F, SphereGrid, p_value
from .glsl import call

N = 100_000
INCLUDE = ["phase", "brdf", "vertex"]
NORMAL = np.array([0.36, -0.48, 0.8])
ACROSS = np.array([0.8, 0.6, 0.0])  # at right angles to it


def uniforms(n: int = N, seed: int = 11) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((n, 3)).astype(np.float32)


def vec3(v: NDArray[np.float64]) -> str:
    return "vec3(" + ", ".join(f"{x:.9f}" for x in v) + ")"


def leaving(degrees: float) -> NDArray[np.float64]:
    """A direction so far from the normal."""
    a = np.radians(degrees)
    return np.cos(a) * NORMAL + np.sin(a) * ACROSS


def mirrored(wo: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = 2 * (wo @ NORMAL) * NORMAL - wo
    return float(x), float(y), float(z)


def sampled(expression: str, head: str = "") -> NDArray[np.float32]:
    wi = call(f"{head} result = {expression};", {"u": uniforms()}, INCLUDE, result="vec3")
    assert np.abs(np.linalg.norm(wi, axis=1) - 1).max() < 1e-5
    return wi


def density(expression: str, head: str = ""):
    def evaluated(wi: NDArray[np.float32]) -> F:
        return call(f"{head} result = {expression};", {"wi": wi}, INCLUDE, result="float").astype(np.float64)

    return evaluated


# ---- phase function ----


@pytest.mark.parametrize("g", [-0.9, -0.5, -0.1, 0.0, 0.0005, 0.3, 0.7, 0.9])
def test_henyey_greenstein_samples_follow_their_density(gl: Context, g: float) -> None:
    flight = np.array([-0.48, 0.6, 0.64])
    wi = sampled(f"phase_hg_sample({vec3(flight)}, {g}, u.xy)")
    x, y, z = flight if g >= 0 else -flight
    grid = SphereGrid((x, y, z), peak=0.0 if abs(g) < 0.6 else (1 - abs(g)) ** 2)
    p, integral = p_value(wi, density(f"phase_hg(dot({vec3(flight)}, wi), {g})"), grid)
    assert integral == pytest.approx(1, abs=1e-3)
    assert p > SIGNIFICANCE


def test_the_test_can_fail(gl: Context) -> None:
    """Samples of another g, and of a direction a degree off, are told apart."""
    flight = np.array([-0.48, 0.6, 0.64])
    grid = SphereGrid(tuple(flight))
    right = density(f"phase_hg(dot({vec3(flight)}, wi), 0.5)")
    assert p_value(sampled(f"phase_hg_sample({vec3(flight)}, 0.5, u.xy)"), right, grid)[0] > SIGNIFICANCE
    assert p_value(sampled(f"phase_hg_sample({vec3(flight)}, 0.52, u.xy)"), right, grid)[0] < 1e-6
    off = np.array([-0.48, 0.6, 0.69]) / np.linalg.norm([-0.48, 0.6, 0.69])
    assert p_value(sampled(f"phase_hg_sample({vec3(off)}, 0.5, u.xy)"), right, grid)[0] < 1e-6


# ---- surfaces ----


def test_cosine_samples_follow_their_density(gl: Context) -> None:
    wi = sampled(f"cosine_sample({vec3(NORMAL)}, u.xy)")
    wo = vec3(leaving(30))
    p, integral = p_value(
        wi, density(f"brdf_cos({vec3(NORMAL)}, {wo}, wi, 0.5).x"), SphereGrid(tuple(NORMAL), reach=1.0)
    )
    assert integral == pytest.approx(1, abs=1e-3)
    assert p > SIGNIFICANCE


def lobe_grid(wo: NDArray[np.float64], roughness: float) -> SphereGrid:
    return SphereGrid(mirrored(wo), peak=min(0.2, 0.2 * roughness**4), n_theta=20, fine=24)


@pytest.mark.parametrize("roughness", [0.1, 0.2, 0.45, 0.7, 1.0])
@pytest.mark.parametrize("degrees", [0.0, 30.0, 60.0, 80.0])
def test_visible_normals_follow_their_density(gl: Context, roughness: float, degrees: float) -> None:
    wo = leaving(degrees)
    wi = sampled(f"ggx_sample({vec3(NORMAL)}, {vec3(wo)}, {roughness}, u.xy)")
    above = wi @ NORMAL.astype(np.float32) > 0
    body = f"brdf_cos({vec3(NORMAL)}, {vec3(wo)}, wi, {roughness}).z"
    p, integral = p_value(wi[above], density(body), lobe_grid(wo, roughness), lost=int((~above).sum()))
    assert p > SIGNIFICANCE
    # What is missing goes below the surface.
    assert integral == pytest.approx(above.mean(), abs=5e-3)
    assert integral > 0.5


@pytest.mark.parametrize("roughness", [0.1, 0.45, 1.0])
@pytest.mark.parametrize("degrees", [10.0, 70.0])
def test_what_a_microfacet_sample_carries_is_masking(gl: Context, roughness: float, degrees: float) -> None:
    """With visible normals f cos / pdf is G2 / G1: never above 1, so that no sample is a firefly."""
    wo = leaving(degrees)
    wi = sampled(f"ggx_sample({vec3(NORMAL)}, {vec3(wo)}, {roughness}, u.xy)")
    parts = call(f"result = brdf_cos({vec3(NORMAL)}, {vec3(wo)}, wi, {roughness});", {"wi": wi}, INCLUDE, result="vec3")
    carried = parts[parts[:, 2] > 0, 1] / parts[parts[:, 2] > 0, 2]
    assert carried.max() <= 1 + 1e-3
    a2 = roughness**4
    cos = np.clip((wi @ NORMAL)[parts[:, 2] > 0], 1e-9, 1)

    def smith(c: NDArray[np.float64]) -> NDArray[np.float64]:
        return (np.sqrt(1 + a2 * (1 / c**2 - 1)) - 1) / 2

    out = smith(np.array(wo @ NORMAL))
    np.testing.assert_allclose(carried, (1 + out) / (1 + out + smith(cos)), rtol=5e-3)


# ---- a whole vertex ----

VERTICES = {
    "phase": (False, (0.9, 0.5, 0.2), (0.0, 0.0, 0.0), 0.45, 0.6),
    "diffuse": (True, (0.9, 0.5, 0.2), (0.0, 0.0, 0.0), 0.45, 0.6),
    "glossy": (True, (0.6, 0.3, 0.1), (0.4, 0.35, 0.3), 0.3, 0.0),
    "metal": (True, (0.0, 0.0, 0.0), (0.9, 0.7, 0.3), 0.5, 0.0),
}


def vertex(name: str) -> str:
    surface, diffuse, specular, roughness, g = VERTICES[name]
    kd, ks = vec3(np.array(diffuse)), vec3(np.array(specular))
    share = f"specular_share({kd}, {ks})"
    lobe = share if surface else "0.0"
    return f"Vertex x = Vertex({str(surface).lower()}, {vec3(NORMAL)}, {kd}, {ks}, {roughness}, {g}, {lobe});"


@pytest.mark.parametrize("name", VERTICES)
@pytest.mark.parametrize("degrees", [20.0, 70.0])
def test_directions_of_a_vertex_follow_their_density(gl: Context, name: str, degrees: float) -> None:
    wo = leaving(degrees)
    surface, _, _, roughness, g = VERTICES[name]
    wi = sampled(f"vertex_sample(x, {vec3(wo)}, u)", vertex(name))
    above = wi @ NORMAL.astype(np.float32) > 0 if surface else np.ones(len(wi), bool)
    grid = lobe_grid(wo, roughness) if surface else SphereGrid(tuple(-wo), peak=(1 - g) ** 2)
    evaluated = density(f"vertex_eval(x, {vec3(wo)}, wi).a", vertex(name))
    p, integral = p_value(wi[above], evaluated, grid, lost=int((~above).sum()))
    assert p > SIGNIFICANCE
    assert integral == pytest.approx(above.mean(), abs=5e-3)


@pytest.mark.parametrize("name", VERTICES)
@pytest.mark.parametrize("degrees", [20.0, 70.0])
def test_samples_carry_what_the_vertex_reflects(gl: Context, name: str, degrees: float) -> None:
    """The mean of value over density is the value's integral, colour by colour."""
    wo = leaving(degrees)
    surface, diffuse, specular, roughness, g = VERTICES[name]
    body = f"vec3 wi = vertex_sample(x, {vec3(wo)}, u); vec4 f = vertex_eval(x, {vec3(wo)}, wi);"
    body += " result = f.a > 0.0 ? f.rgb / f.a : vec3(0.0);"
    carried = call(vertex(name) + body, {"u": uniforms()}, INCLUDE, result="vec3").astype(np.float64)
    grid = lobe_grid(wo, roughness) if surface else SphereGrid(tuple(-wo), peak=(1 - g) ** 2)
    points, angle = grid.points()
    f = call(f"{vertex(name)} result = vertex_eval(x, {vec3(wo)}, wi).rgb;", {"wi": points}, INCLUDE, result="vec3")
    reflected = angle @ f.astype(np.float64)
    error = carried.std(axis=0) / np.sqrt(N) + 1e-3 * reflected
    assert (np.abs(carried.mean(axis=0) - reflected) < 4 * error).all()
    # No more comes out than the albedos say; of a phase function and of a Lambert surface just that.
    most = np.array(diffuse) + np.array(specular)
    assert (reflected <= most + 2e-3).all()
    if not any(specular):
        np.testing.assert_allclose(reflected, diffuse, rtol=2e-3)
