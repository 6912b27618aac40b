"""Direct light: directions from lights, from vertices and from both have the same mean, which is the integral."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.gpu.context import Context
from render.scene.open import Scene
from render.state.layer import Channel
from render.state.light import (
    DirectionalLight,
    DiscLight,
    Light,
    Lighting,
    PointLight,
    RectangleLight,
    Sky,
    SphereLight,
)
from render.state.material import Material
from render.state.rendering import Rendering
from render.state.view import Shading, ViewState

from .chi_square import F, SphereGrid
from .conftest import Draw
from .glsl import call
from .lights import MODES, Mode, at_place, common_mean, even, lit
from .scenes import array_scene, plain
from .test_vertex import NORMAL, VERTICES, vec3, vertex

INCLUDE = ["phase", "brdf", "vertex", "light", "direct"]
N = 100_000
SKY = Sky(top=(1.0, 0.4, 0.2), middle=(0.3, 0.5, 0.7), bottom=(0.1, 0.3, 0.2), intensity=0.7)
POINT = (0.1, -0.2, 0.15)
# Steeply from above, and so that the normal, wo and the light are in general position.
WO = np.array([0.5, 0.1, 0.86]) / np.linalg.norm([0.5, 0.1, 0.86])

LIGHTS: dict[str, tuple[Light, ...]] = {
    "rectangle": (at_place(RectangleLight, width=1.2, height=0.7),),
    "disc": (at_place(DiscLight, radius=0.6),),
    "sphere": (at_place(SphereLight, radius=0.5),),
    "around": (at_place(SphereLight, radius=3.0),),
    "sky": (),
    "all": (
        at_place(RectangleLight, width=1.2, height=0.7),
        at_place(SphereLight, radius=0.2, position=(-1.0, 0.2, 1.0), intensity=0.4),
    ),
}


def given(lighting: str, mode: int) -> tuple[NDArray[Any], NDArray[Any]]:
    params, lights = lit(*LIGHTS[lighting], sky=SKY if lighting in ("sky", "all") else Sky(visible=False))
    params[0]["direct_mode"] = mode
    return params, lights


def estimates(name: str, records: tuple[NDArray[Any], NDArray[Any]], n: int = N) -> F:
    """direct_light of many random numbers, (n, 3)."""
    u = np.random.default_rng(8).random((n, 4)).astype(np.float32)
    body = f"{vertex(name)} vec3 wi; float t; result = direct_light(x, {vec3(np.array(POINT))}, {vec3(WO)}, u, wi, t);"
    return call(body, {"u": u}, INCLUDE, result="vec3", params=records[0], lights=records[1]).astype(np.float64)


def integral(name: str, records: tuple[NDArray[Any], NDArray[Any]]) -> F:
    """Of what the vertex reflects of each light: by even points of the light; of the sky by a grid of directions."""
    total = np.zeros(3)
    p = vec3(np.array(POINT))
    for i in range(len(records[1])):
        body = f"{vertex(name)} LightSample s = light_sample({i}, {p}, u); "
        body += f"result = s.pdf > 0.0 ? vertex_eval(x, {vec3(WO)}, s.wi).rgb * s.radiance / s.pdf : vec3(0.0);"
        got = call(body, {"u": even(400)}, INCLUDE, result="vec3", params=records[0], lights=records[1])
        total += got.astype(np.float64).mean(axis=0)
    if records[0][0]["sky_chance"] > 0:
        about = tuple(2 * (WO @ NORMAL) * NORMAL - WO) if VERTICES[name][0] else tuple(-WO)
        points, angle = SphereGrid(about, peak=0.05, n_theta=24, fine=24).points()
        body = f"{vertex(name)} result = vertex_eval(x, {vec3(WO)}, wi).rgb * sky_radiance(wi);"
        got = call(body, {"wi": points}, INCLUDE, result="vec3", params=records[0], lights=records[1])
        total += angle @ got.astype(np.float64)
    return total


@pytest.mark.parametrize("name", VERTICES)
@pytest.mark.parametrize("lighting", LIGHTS)
@pytest.mark.parametrize("mode", MODES)
def test_estimates_have_the_integral_as_their_mean(gl: Context, name: str, lighting: str, mode: str) -> None:
    records = given(lighting, MODES[mode])
    got, expected = estimates(name, records), integral(name, records)
    assert expected.min() > 1e-6
    error = got.std(axis=0) / np.sqrt(N) + 1e-3 * expected
    assert (np.abs(got.mean(axis=0) - expected) < 4 * error).all(), (got.mean(axis=0), expected, error)
    assert (error < 0.1 * expected).all()


def test_both_techniques_are_never_far_worse_than_the_better_one(gl: Context) -> None:
    """Small light and smooth metal; large light and smooth metal: each time one of the two alone is poor."""
    for lighting in ("sphere", "around", "all"):
        noise = {mode: estimates("glossy", given(lighting, MODES[mode])).std(axis=0).mean() for mode in MODES}
        # What is bright all around is best asked by the vertex, which one sample in two does not.
        bound = max(2.5 * min(noise["light"], noise["bsdf"]), 0.5 * noise["light"] if lighting == "around" else 0.0)
        assert noise["mis"] < bound, (lighting, noise)
        assert noise["mis"] < max(noise["light"], noise["bsdf"])


def test_delta_lights_are_asked_in_every_mode(gl: Context) -> None:
    for kind in (PointLight, DirectionalLight):
        means = []
        for mode in MODES.values():
            params, lights = lit(at_place(kind))
            params[0]["direct_mode"] = mode
            means.append(estimates("glossy", (params, lights), 64).mean(axis=0))
        assert means[0].min() > 0
        np.testing.assert_allclose(means[1], means[0])
        np.testing.assert_allclose(means[2], means[0])


# ---- in pictures ----


@pytest.fixture(scope="module")
def blobs() -> Scene:
    """Smooth matter whose surfaces look to all sides."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 24),) * 3, indexing="ij")
    field = 1.3 - 1.4 * np.sqrt(x * x + y * y + z * z) + 0.3 * np.sin(5 * x + 1) * np.sin(4 * y) * np.sin(6 * z)
    return array_scene((np.clip(field, 0, 1) * 65535).astype(np.uint16))


PICTURE_LIGHTS = {
    "rectangle": Lighting(lights=(RectangleLight(width=1.5, distance=1.0),), sky=Sky(visible=False)),
    "sphere": Lighting(lights=(SphereLight(radius=0.4, distance=1.3),), sky=Sky(visible=False)),
    "disc and sky": Lighting(lights=(DiscLight(radius=1.0, distance=0.9),), sky=SKY),
}


@pytest.mark.parametrize("shading", ["phase", "brdf"])
@pytest.mark.parametrize("scatterings", [1, 4])
def test_pictures_have_the_same_mean_whatever_is_asked(
    draw: Draw, blobs: Scene, shading: str, scatterings: int
) -> None:
    renderer = draw(blobs, 32, 32)
    material = Material(specular=0.3, roughness=0.35)
    channel = Channel(window=(0.0, 65535.0), color=(0.9, 0.7, 0.5), material=material)
    for name, lighting in PICTURE_LIGHTS.items():

        def state_of(mode: Mode, lighting: Lighting = lighting) -> ViewState:
            return plain(
                blobs, channel=channel, lighting=lighting, seed=3,
                shading=Shading(density=30.0, mode=shading, anisotropy=0.5 if shading == "phase" else 0.0),
                rendering=Rendering(reference=True, direct=mode, scatterings=scatterings, sampler="independent"),
            )  # fmt: skip

        common_mean(renderer, state_of, 512, name)
