"""lib/light.glsl: sampling, densities and energy of every kind of light, against exact forms and by chi-square."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.layout import PARAMS
from render.engine.lights import linear
from render.gpu.context import Context
from render.state.light import (
    DirectionalLight,
    DiscLight,
    Light,
    PointLight,
    RectangleLight,
    Sky,
    SphereLight,
)

from .chi_square import SIGNIFICANCE, F, SphereGrid, p_value
from .glsl import call
from .lights import PLACE, TINT, at_place, even, lit
from .scenes import DARK, array_scene, lights_of, plain, record_of

N = 60_000
INCLUDE = ["phase", "light"]
FAR = float(np.linalg.norm(PLACE))

AREAS = {
    "rectangle": at_place(RectangleLight, width=0.8, height=0.3, up=(0.3, 0.2, 1.0)),
    "large rectangle": at_place(RectangleLight, width=4.0, height=3.0),
    "disc": at_place(DiscLight, radius=0.5),
    "sphere": at_place(SphereLight, radius=0.4),
    "tiny sphere": at_place(SphereLight, radius=0.002),
    "sphere around": at_place(SphereLight, radius=3.0),
}


def sample(records: tuple[NDArray[Any], NDArray[Any]], p: Any, u: NDArray[np.float32]) -> tuple[NDArray[Any], ...]:
    """wi, t, radiance, pdf of light 0."""
    arguments = {"u": u, "p": np.tile(np.float32(p), (len(u), 1))}
    head = "LightSample s = light_sample(0, p, u);"
    ray = call(f"{head} result = vec4(s.wi, s.t);", arguments, INCLUDE, params=records[0], lights=records[1])
    light = call(f"{head} result = vec4(s.radiance, s.pdf);", arguments, INCLUDE, params=records[0], lights=records[1])
    return ray[:, :3], ray[:, 3], light[:, :3], light[:, 3]


def towards(records: tuple[NDArray[Any], NDArray[Any]], p: Any, wi: NDArray[np.float32]) -> tuple[NDArray[Any], ...]:
    """t, radiance, pdf of light 0 along wi."""
    arguments = {"wi": wi, "p": np.tile(np.float32(p), (len(wi), 1))}
    head = "LightSample s = light_towards(0, p, wi);"
    t = call(f"{head} result = s.t;", arguments, INCLUDE, result="float", params=records[0], lights=records[1])
    light = call(f"{head} result = vec4(s.radiance, s.pdf);", arguments, INCLUDE, params=records[0], lights=records[1])
    return t, light[:, :3], light[:, 3]


# From where lights are looked at: what they shine at, off to a side, and close by.
NEAR = tuple(0.72 * c + e for c, e in zip(PLACE, (0.1, 0.12, -0.05), strict=True))
VIEWS = {"the middle": (0.0, 0.0, 0.0), "a side": (1.0, 0.4, -0.3), "nearby": NEAR}


def grid_of(light: Light, p: tuple[float, ...]) -> SphereGrid:
    """All directions to the light from p."""
    to = np.subtract(PLACE, p)
    distance = float(np.linalg.norm(to))
    radius = np.hypot(light.width, light.height) / 2 if isinstance(light, RectangleLight) else light.radius
    if radius >= distance:
        return SphereGrid(tuple(to), fine=24, peak=0.05)
    # A flat light is seen under at most the angle of the sphere around it.
    reach = 1 - np.sqrt(1 - (radius / distance) ** 2)
    return SphereGrid(tuple(to), n_theta=10, n_phi=16, reach=float(reach) * 1.001, fine=32)


@pytest.mark.parametrize("name", AREAS)
@pytest.mark.parametrize("view", VIEWS)
def test_directions_to_a_light_follow_their_density(gl: Context, name: str, view: str) -> None:
    p, records = VIEWS[view], lit(AREAS[name])
    wi, _, _, pdf = sample(records, p, np.random.default_rng(5).random((N, 2)).astype(np.float32))
    there = pdf > 0
    assert there.mean() > 0.99
    chance, integral = p_value(wi[there], lambda d: towards(records, p, d)[2].astype(np.float64),
                               grid_of(AREAS[name], p))  # fmt: skip
    assert integral == pytest.approx(1, abs=1e-2)
    assert chance > SIGNIFICANCE


@pytest.mark.parametrize("name", AREAS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_direction_sees_of_a_light_what_was_sampled(gl: Context, name: str, view: str) -> None:
    p, records = VIEWS[view], lit(AREAS[name])
    wi, t, radiance, pdf = sample(records, p, even(96))
    again = towards(records, p, wi)
    there = (pdf > 0) & (again[2] > 0)
    # Only rounding at an edge may miss.
    assert there.mean() > (pdf > 0).mean() - 2e-3
    assert there.mean() > 0.98
    # The edge of a sphere is seen along a tangent, where a distance loses digits.
    np.testing.assert_allclose(again[0][there], t[there], rtol=1e-2 if "sphere" in name else 1e-4)
    np.testing.assert_allclose(again[1][there], radiance[there], rtol=1e-6)
    np.testing.assert_allclose(again[2][there], pdf[there], rtol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(wi, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["sphere", "tiny sphere", "sphere around"])
def test_a_sphere_is_hit_on_its_surface(gl: Context, name: str) -> None:
    p, records = VIEWS["a side"], lit(AREAS[name])
    wi, t, _, _ = sample(records, p, even(64))
    hits = np.asarray(p) + wi.astype(np.float64) * t[:, None]
    radius = AREAS[name].radius
    np.testing.assert_allclose(np.linalg.norm(hits - PLACE, axis=1), radius, rtol=2e-3, atol=1e-5)


# ---- energy ----


def irradiance(light: Light, p: Any, facing: Any = PLACE) -> F:
    """Of a surface at p that faces `facing`, by even samples of the light."""
    wi, _, radiance, pdf = sample(lit(light), p, even(256))
    normal = np.subtract(facing, p)
    normal = normal / np.linalg.norm(normal)
    cos = np.maximum(wi.astype(np.float64) @ normal, 0)
    weight = np.where(pdf > 0, cos / np.maximum(pdf, 1e-20), 0)
    return (radiance * weight[:, None]).mean(axis=0)


@pytest.mark.parametrize("light", [*AREAS.values(), at_place(PointLight), at_place(DirectionalLight)],
                         ids=[*AREAS, "point", "directional"])  # fmt: skip
@pytest.mark.parametrize("size", [1.0, 0.05, 5.0])
def test_a_light_gives_what_it_shines_at_the_irradiance_that_it_says(gl: Context, light: Light, size: float) -> None:
    scaled = {name: size * getattr(light, name) for name in ("width", "height", "radius") if hasattr(light, name)}
    got = irradiance(light.model_copy(update=scaled), (0, 0, 0))
    np.testing.assert_allclose(got, np.pi * 1.7 * linear(TINT), rtol=3e-3)


def test_a_light_placed_by_angles_gives_the_same(gl: Context) -> None:
    """Not by position: `distance` away in a direction that the camera says."""
    light = RectangleLight(width=2.0, height=1.0, distance=1.5, color=TINT, intensity=0.8)
    records = lit(light)
    facing = records[1][0]["centre"][:3].astype(np.float64)
    assert np.linalg.norm(facing) == pytest.approx(1.5)
    np.testing.assert_allclose(irradiance(light, (0, 0, 0), facing), np.pi * 0.8 * linear(TINT), rtol=3e-3)


@pytest.mark.parametrize(("kind", "changes"), [(PointLight, {}), (SphereLight, {"radius": 0.3})])
def test_light_falls_with_the_square_of_the_distance(gl: Context, kind: type[Any], changes: dict[str, float]) -> None:
    light = at_place(kind, **changes)
    twice = tuple(-1.0 * c for c in PLACE)
    np.testing.assert_allclose(irradiance(light, twice), irradiance(light, (0, 0, 0)) / 4, rtol=1e-3)


@pytest.mark.parametrize("name", ["rectangle", "disc"])
def test_flat_lights_do_not_shine_backwards(gl: Context, name: str) -> None:
    behind = tuple(1.5 * c for c in PLACE)
    assert not irradiance(AREAS[name], behind).any()
    wi = np.float32([np.negative(PLACE) / FAR])
    assert not towards(lit(AREAS[name]), behind, wi)[2].any()
    assert towards(lit(AREAS[name]), (0, 0, 0), -wi)[2].all()


# ---- the sky ----


def turned(sky: Sky) -> NDArray[Any]:
    return lit(sky=sky)[0]


def test_sky_goes_from_bottom_over_the_horizon_to_top(gl: Context) -> None:
    sky = Sky(top=(1.0, 0.0, 0.0), middle=(0.0, 1.0, 0.0), bottom=(0.0, 0.0, 1.0), intensity=3.0)
    record = turned(sky)
    up = record[0]["sky_up"][:3].astype(np.float64)
    side = np.cross(up, [0.3, 0.5, 0.8])
    side /= np.linalg.norm(side)
    d = np.stack([up, side, -up, (up + side) / np.sqrt(2)]).astype(np.float32)
    got = call("result = sky_radiance(d);", {"d": d}, INCLUDE, result="vec3", params=record)
    half = np.sqrt(0.5)
    expected = [[3, 0, 0], [0, 3, 0], [0, 0, 3], [3 * half, 3 * (1 - half), 0]]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_sky_that_does_not_follow_the_camera_is_turned_by_its_quaternion(gl: Context) -> None:
    half = float(np.sqrt(0.5))
    about_x = Sky(follow_camera=False, rotation=(half, 0.0, 0.0, half))  # a quarter turn about x takes z to -y
    np.testing.assert_allclose(turned(about_x)[0]["sky_up"][:3], [0, -1, 0], atol=1e-6)


def test_directions_to_the_sky_follow_their_density(gl: Context) -> None:
    record = turned(Sky())
    u = np.random.default_rng(6).random((N, 2)).astype(np.float32)
    wi = call("result = sky_sample(u);", {"u": u}, INCLUDE, result="vec3", params=record)

    def density(d: NDArray[np.float32]) -> F:
        return call("result = sky_pdf(d);", {"d": d}, INCLUDE, result="float", params=record).astype(np.float64)

    chance, integral = p_value(wi, density, SphereGrid((0.3, 0.2, 0.9)))
    assert integral == pytest.approx(1, abs=1e-4)
    assert chance > SIGNIFICANCE


def test_irradiance_of_the_sky_by_its_closed_form(gl: Context) -> None:
    """Of a surface that looks at the top: pi m + (t - m) 2 pi / 3, with the radiances t at the top and m around."""
    sky = Sky(top=(1.0, 0.3, 0.1), middle=(0.2, 0.5, 0.9), bottom=(1.0, 1.0, 1.0), intensity=1.4)
    record = turned(sky)
    head = "vec3 d = sky_sample(u);"
    got = call(f"{head} result = sky_radiance(d) / sky_pdf(d) * max(dot(d, params.sky_up.xyz), 0.0);", {"u": even(256)},
               INCLUDE, result="vec3", params=record)  # fmt: skip
    top, middle = 1.4 * linear(sky.top), 1.4 * linear(sky.middle)
    np.testing.assert_allclose(got.mean(axis=0), np.pi * middle + (top - middle) * 2 * np.pi / 3, rtol=2e-3)


# ---- which light is asked ----


def test_chances_add_up_and_no_light_that_shines_is_forgotten() -> None:
    dim = at_place(PointLight, intensity=1e-4)
    params, lights = lit(at_place(DiscLight, intensity=50.0), dim, at_place(PointLight, intensity=0.0), sky=Sky())
    assert len(lights) == params[0]["light_count"] == 2
    assert lights["chance"].sum() + params[0]["sky_chance"] == pytest.approx(1)
    assert min(*lights["chance"], params[0]["sky_chance"]) > 0.03


def test_no_light_is_no_radiance() -> None:
    scene = array_scene(np.zeros((8, 8, 8), np.uint8))
    state = plain(scene, lighting=DARK)
    record = record_of(state, scene, np.eye(4), (8, 8))
    assert record.dtype == PARAMS.dtype
    assert record[0]["light_count"] == record[0]["sky_chance"] == 0
    assert not record[0]["sky_top"].any()
    assert not len(lights_of(state, scene, np.eye(4)))
