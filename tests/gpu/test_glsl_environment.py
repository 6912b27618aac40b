"""lib/environment.glsl with the tables of a map: radiance, densities, and direct light from it; against numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from render.engine.environment_map import EnvironmentMap
from render.gpu.context import Context
from render.scene.environment import Environment, importance, lookup, pdf_of
from render.scene.open import Scene
from render.state.layer import Channel
from render.state.light import Lighting, RectangleLight, Sky
from render.state.material import Material
from render.state.rendering import Rendering
from render.state.view import Shading, ViewState

from .chi_square import SIGNIFICANCE, F, SphereGrid, p_value
from .conftest import Draw
from .glsl import call
from .lights import MODES, Mode, common_mean, lit
from .scenes import array_scene, plain
from .test_direct_light import WO
from .test_furnace import furnace, is_white, noise
from .test_vertex import NORMAL, VERTICES, vec3, vertex

N = 60_000
HEAD = """layout(binding = 8) uniform sampler2D environment;
layout(std430, binding = 14) readonly buffer Cdf { float environment_cdf[]; };
"""
INCLUDE = ["phase", "brdf", "vertex", "environment", "light", "direct"]
TURNED = Sky(follow_camera=False, rotation=(0.3, -0.2, 0.5, 0.8), environment="map", intensity=0.6)


def varied(height: int = 12) -> NDArray[np.float32]:
    """Radiance (height, 2 height, 3): dark rows, dark parts of rows, one bright texel."""
    rng = np.random.default_rng(9)
    radiance = rng.random((height, 2 * height, 3)) ** 2
    radiance[4:7], radiance[8:, 3:9] = 0.0, 0.0
    radiance[2, 5] = (12.0, 9.0, 6.0)
    return radiance.astype(np.float32)


@pytest.fixture
def environment(gl: Context) -> Iterator[tuple[Environment, EnvironmentMap]]:
    given = Environment("map", varied())
    bound = EnvironmentMap(given)
    bound.bind()
    yield given, bound
    bound.close()


Bound = tuple[Environment, EnvironmentMap]


def on_device(bound: Bound, body: str, arguments: dict[str, NDArray[Any]], result: str, mode: int = 0) -> F:
    record, lights = lit(sky=TURNED)
    record[0]["direct_mode"] = mode
    answer = call(body, arguments, INCLUDE, result=result, head=HEAD, defines=bound[1].defines(), params=record,
                  lights=lights)  # fmt: skip
    return answer.astype(np.float64)


def in_sky(directions: NDArray[np.floating]) -> F:
    """World directions in the sky's axes."""
    record = lit(sky=TURNED)[0]
    rows = np.stack([record[0][name][:3] for name in ("sky_x", "sky_y", "sky_z")]).astype(np.float64)
    return directions.astype(np.float64) @ rows.T


def directions(n: int = 4000) -> NDArray[np.float32]:
    d = np.random.default_rng(8).normal(size=(n, 3))
    return (d / np.linalg.norm(d, axis=1, keepdims=True)).astype(np.float32)


def density(bound: Bound) -> Any:
    return lambda d: on_device(bound, "result = sky_pdf(d);", {"d": d}, "float")


def test_radiance_is_a_lookup_of_the_map(environment: Bound) -> None:
    d = directions()
    got = on_device(environment, "result = sky_radiance(d);", {"d": d}, "vec3")
    # Some devices weigh texels with 8 bits.
    np.testing.assert_allclose(got, 0.6 * lookup(environment[0], in_sky(d)), atol=0.03, rtol=0.02)


def test_densities_are_those_of_the_tables(environment: Bound) -> None:
    d = directions()
    expected = pdf_of(importance(environment[0]), in_sky(d))
    got = density(environment)(d)
    # A direction on the edge of a cell may be counted to the next one.
    assert (np.abs(got - expected) > 1e-4 + 1e-3 * expected).mean() < 0.002
    assert (expected == 0).any()


def test_directions_follow_the_density(environment: Bound) -> None:
    u = np.random.default_rng(6).random((N, 2)).astype(np.float32)
    wi = on_device(environment, "result = sky_sample(u);", {"u": u}, "vec3")
    np.testing.assert_allclose(np.linalg.norm(wi, axis=1), 1, atol=1e-5)
    axis = tuple(lit(sky=TURNED)[0][0]["sky_x"][:3].astype(float))
    chance, integral = p_value(wi, density(environment), SphereGrid(axis, n_theta=18, fine=64))
    assert integral == pytest.approx(1, abs=3e-3)
    assert chance > SIGNIFICANCE


def test_cells_are_drawn_as_often_as_the_tables_say(environment: Bound) -> None:
    """Counts by cell, which do not know of the density that the shader says."""
    u = np.random.default_rng(7).random((N, 2)).astype(np.float32)
    uv = on_device(environment, "result = environment_uv(sky_sample(u));", {"u": u}, "vec2")
    tables = importance(environment[0])
    rows, columns = tables.pdf.shape
    counts = np.histogram2d(uv[:, 1] * rows, uv[:, 0] * columns, bins=(range(rows + 1), range(columns + 1)))[0]
    expected = N * np.diff(tables.marginal)[:, None] * np.diff(tables.conditional, axis=1)
    assert counts[expected == 0].sum() <= 5  # by rounding at an edge
    shown = expected > 8
    observed = np.append(counts[shown], counts[~shown].sum())
    wanted = np.append(expected[shown], expected[~shown].sum())
    statistic = ((observed - wanted) ** 2 / wanted).sum()
    assert stats.chi2.sf(statistic, len(wanted) - 1) > SIGNIFICANCE


@pytest.mark.parametrize("name", VERTICES)
@pytest.mark.parametrize("mode", MODES)
def test_direct_light_of_a_map_is_its_integral(environment: Bound, name: str, mode: str) -> None:
    u = np.random.default_rng(8).random((N, 4)).astype(np.float32)
    body = f"{vertex(name)} vec3 wi; float t; result = direct_light(x, vec3(0.0), {vec3(WO)}, u, wi, t);"
    got = on_device(environment, body, {"u": u}, "vec3", MODES[mode])
    about = tuple(2 * (WO @ NORMAL) * NORMAL - WO) if VERTICES[name][0] else tuple(-WO)
    points, angle = SphereGrid(about, peak=0.05, n_theta=24, fine=32).points()
    body = f"{vertex(name)} result = vertex_eval(x, {vec3(WO)}, wi).rgb * sky_radiance(wi);"
    expected = angle @ on_device(environment, body, {"wi": points}, "vec3")
    assert expected.min() > 1e-4
    error = got.std(axis=0) / np.sqrt(N) + 3e-3 * expected
    assert (np.abs(got.mean(axis=0) - expected) < 4 * error).all()
    assert (error < 0.1 * expected).all()


# ---- in pictures ----


def with_maps(array: NDArray[Any], *radiances: NDArray[np.float32]) -> Scene:
    scene = array_scene(array)
    maps = tuple(Environment(f"map{number}", radiance) for number, radiance in enumerate(radiances))
    return Scene("test", scene.layers, maps)


def test_a_white_map_makes_a_furnace(draw: Draw) -> None:
    scene = with_maps(noise((24, 24, 24)), np.ones((8, 16, 3), np.float32))
    lighting = Lighting(lights=(), sky=Sky(environment="map0", intensity=1.0, seen=True))
    is_white(draw, scene, furnace(scene, 10.0, 0.4, lighting=lighting), 96)


@pytest.mark.parametrize("shading", ["phase", "brdf"])
@pytest.mark.parametrize("scatterings", [1, 4])
def test_pictures_have_the_same_mean_whatever_is_asked(draw: Draw, shading: str, scatterings: int) -> None:
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 24),) * 3, indexing="ij")
    ball = np.clip(1.3 - 1.4 * np.sqrt(x * x + y * y + z * z) + 0.3 * np.sin(5 * x + 1) * np.sin(6 * z), 0, 1)
    scene = with_maps((ball * 65535).astype(np.uint16), varied(), varied()[::-1].copy())
    renderer = draw(scene, 32, 32)
    channel = Channel(window=(0.0, 65535.0), material=Material(specular=0.3, roughness=0.35))
    means = []
    for number in (0, 1):
        sky = TURNED.model_copy(update={"environment": f"map{number}"})
        lighting = Lighting(lights=(RectangleLight(intensity=0.5),), sky=sky)

        def state_of(mode: Mode, lighting: Lighting = lighting) -> ViewState:
            return plain(
                scene, channel=channel, lighting=lighting, seed=3, shading=Shading(density=30.0, mode=shading),
                rendering=Rendering(reference=True, direct=mode, scatterings=scatterings, sampler="independent"),
            )  # fmt: skip

        means.append(common_mean(renderer, state_of, 256, number))
    assert abs(means[0] / means[1] - 1) > 0.02  # one map after the other, not one of them twice
