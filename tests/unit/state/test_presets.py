"""Lighting presets: how bright a white surface comes out under each, by integration over directions in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from render.state.light import DirectionalLight, Lighting, Sky
from render.state.presets import LIGHTING_PRESETS, WHITE
from render.state.view import ViewState

Vector = NDArray[np.float64]
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB, IEC 61966-2-1
# Camera axes: x to the right, y up, z towards the camera.
TOWARDS_CAMERA = np.array([0.0, 0.0, 1.0])


def linear(srgb: tuple[float, float, float]) -> float:
    c = np.asarray(srgb)
    return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ LUMINANCE)


def sphere(n: int = 20_000) -> Vector:
    """Directions spread evenly over the sphere (Fibonacci)."""
    i = np.arange(n) + 0.5
    y = 1.0 - 2.0 * i / n
    angle = math.pi * (1.0 + math.sqrt(5.0)) * i
    r = np.sqrt(1.0 - y * y)
    return np.stack([r * np.cos(angle), y, r * np.sin(angle)], axis=1)


DIRECTIONS = sphere()


def radiance(lighting: Lighting, normal: Vector) -> float:
    """Of a small white Lambert surface in the scene's centre with this normal: the irradiance over pi."""
    sky = lighting.sky
    total = 0.0
    if sky.visible:
        top, middle, bottom = (linear(color) * sky.intensity for color in (sky.top, sky.middle, sky.bottom))
        height = DIRECTIONS[:, 1]
        glow = np.where(height > 0, middle + height * (top - middle), middle - height * (bottom - middle))
        total += float((glow * np.maximum(DIRECTIONS @ normal, 0.0)).mean()) * 4.0 * math.pi / math.pi
    for light in lighting.lights:
        a, e = math.radians(light.azimuth), math.radians(light.elevation)
        direction = np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
        # Lights are small against their distance; their extent is left out.
        total += linear(light.color) * light.intensity * max(float(direction @ normal), 0.0)
    return total


def test_the_integral_is_right_for_a_white_sky() -> None:
    white = Lighting(lights=(), sky=Sky(top=WHITE, middle=WHITE, bottom=WHITE, intensity=1.0))
    assert radiance(white, TOWARDS_CAMERA) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("name", sorted(LIGHTING_PRESETS))
def test_white_towards_the_camera_is_neither_dark_nor_blown_out(name: str) -> None:
    seen = radiance(LIGHTING_PRESETS[name], TOWARDS_CAMERA)
    if name == "rim":
        assert 0.05 < seen < 0.3
    else:
        assert 0.5 <= seen <= 1.2


@pytest.mark.parametrize("name", sorted(LIGHTING_PRESETS))
def test_nothing_that_the_camera_sees_is_much_brighter_than_white(name: str) -> None:
    seen = DIRECTIONS[::50]
    brightest = max(radiance(LIGHTING_PRESETS[name], n) for n in seen[seen[:, 2] > 0.0])
    assert brightest < (2.3 if name == "rim" else 2.0)  # rims may glow: they are narrow


def test_rim_lights_edges_and_not_the_front() -> None:
    rim = LIGHTING_PRESETS["rim"]
    front = radiance(rim, TOWARDS_CAMERA)
    for side in (-1.0, 1.0):
        edge = np.array([side * 0.98, 0.0, math.sqrt(1 - 0.98**2)])
        assert radiance(rim, edge) > 4 * front


def test_studio_has_a_lit_and_a_shaded_side() -> None:
    studio = LIGHTING_PRESETS["studio"]
    lit, shaded = (radiance(studio, np.array([side * 0.7, 0.2, 0.68])) for side in (-1.0, 1.0))
    assert 1.5 < lit / shaded < 4.0


def test_ambient_is_a_sky_alone_and_has_shape_without_any_shadow() -> None:
    ambient = LIGHTING_PRESETS["ambient"]
    assert ambient.lights == ()
    top, middle, bottom = (linear(color) for color in (ambient.sky.top, ambient.sky.middle, ambient.sky.bottom))
    assert (top / bottom, top / middle) == pytest.approx((3.0, 1.5))
    up, down = (radiance(ambient, np.array([0.0, y, 0.0])) for y in (1.0, -1.0))
    assert 1.5 < up / down < 3.0


def test_flat_is_even_and_does_not_mirror_lamps_to_the_camera() -> None:
    flat = LIGHTING_PRESETS["flat"]
    tilted = [radiance(flat, np.array([0.5 * np.cos(a), 0.5 * np.sin(a), 0.75**0.5])) for a in np.arange(0, 6.28, 0.3)]
    assert max(tilted) < 1.02 * min(tilted)
    assert min(tilted) > 0.8 * radiance(flat, TOWARDS_CAMERA)
    for lamp in flat.lights:
        assert isinstance(lamp, DirectionalLight)
        # What a face towards the camera mirrors is as far from the view as the lamp is.
        assert math.cos(math.radians(lamp.azimuth)) * math.cos(math.radians(lamp.elevation)) < 0.75


def test_agaves_lights_are_in_its_proportion() -> None:
    """A sky of 0.5 and a square of 0.15 at 1.5 with colour 10, whose irradiance over pi is L A / (pi d^2)."""
    agave = LIGHTING_PRESETS["agave"]
    (square,) = agave.lights
    radiance_of_square = 10.0 / 0.15**2
    assert square.intensity / agave.sky.intensity == pytest.approx(radiance_of_square * 0.15**2 / math.pi / 2.25 / 0.5)


@pytest.mark.parametrize("name", sorted(LIGHTING_PRESETS))
def test_presets_are_valid_states(name: str) -> None:
    state = ViewState(lighting=LIGHTING_PRESETS[name])
    assert ViewState.model_validate_json(state.model_dump_json()) == state


def test_presets_have_the_names_that_people_look_for() -> None:
    assert set(LIGHTING_PRESETS) == {"studio", "rim", "headlight", "flat", "ambient", "agave"}
