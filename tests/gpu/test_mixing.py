"""Channels of one image that overlap: what each mixing rule makes of their extinctions and colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.scene.open import Scene
from render.state.layer import Channel, ImageLayer
from render.state.rendering import Rendering
from render.state.view import Shading

from .conftest import Draw
from .scenes import WHITE_SKY, along, array_scene, plain

RED, GREEN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
FLIGHTS = 64 * 64 * 32


def overlapping(first: float = 1.0, second: float = 1.0) -> Scene:
    """Two channels of one value each in a cube of 16 voxels."""
    cube = np.full((16, 16, 16), 65535.0)
    return array_scene(np.stack([cube * first, cube * second]).astype(np.uint16))


def picture(draw: Draw, scene: Scene, mixing: str, colors: tuple[Any, Any] = (RED, GREEN), density: float = 1.0,
            weights: tuple[float, float] = (1.0, 1.0)) -> NDArray[np.float64]:  # fmt: skip
    """Means over the picture of radiance and coverage, along z; one scattering under a white sky."""
    channels = tuple(
        Channel(window=(0.0, 65535.0), color=color, opacity=weight, visible=weight > 0)
        for color, weight in zip(colors, weights, strict=True)
    )
    state = plain(
        scene, layers=(ImageLayer(source="0", channels=channels),), lighting=WHITE_SKY, seed=1,
        camera=along((7.5, 7.5, -50), (0, 0, 1)), shading=Shading(density=density, mode="phase"),
        rendering=Rendering(reference=True, mixing=mixing),
    )  # fmt: skip
    renderer = draw(scene, 64, 64)
    renderer.set_state(state, 1)
    renderer.render_still(32)
    return renderer.read_mean().astype(np.float64).mean(axis=(0, 1))


def covers(got: float, tau: float) -> bool:
    """Coverage within 3 standard errors of 1 - exp(-tau)."""
    expected = 1 - np.exp(-tau)
    return bool(abs(got - expected) < 3 * np.sqrt(expected * (1 - expected) / FLIGHTS))


@pytest.mark.parametrize("mixing", ["physical", "additive"])
def test_extinctions_add_up(draw: Draw, mixing: str) -> None:
    assert covers(picture(draw, overlapping(0.8, 0.5), mixing)[3], 1.3)
    assert covers(picture(draw, overlapping(0.8, 0.5), mixing, weights=(1.0, 0.4))[3], 1.0)


def test_max_is_the_strongest_channel_alone(draw: Draw) -> None:
    """Its extinction and its colour, as if the other were not there; the weights count."""
    both = picture(draw, overlapping(0.8, 0.5), "max")
    alone = picture(draw, overlapping(0.8, 0.5), "physical", weights=(1.0, 0.0))
    assert covers(both[3], 0.8)
    assert both[0] == pytest.approx(alone[0], rel=0.01)
    assert both[1] == alone[1] == 0
    weighed = picture(draw, overlapping(0.8, 0.5), "max", weights=(0.5, 1.0))
    assert covers(weighed[3], 0.5)
    assert weighed[0] == 0 < weighed[1]


def test_max_chooses_point_by_point(draw: Draw) -> None:
    """One channel falls along z while the other one grows: what is met is the larger of the two."""
    n = 32
    ramp = np.broadcast_to(np.linspace(0, 65535, n)[:, None, None], (n, 16, 16))
    scene = array_scene(np.stack([ramp, ramp[::-1]]).astype(np.uint16))
    # Both halves of the path: a mean of 3/4 between the outermost centres, and 1 in the half voxels beyond them.
    assert covers(picture(draw, scene, "max", density=1.0)[3], 0.75 * (n - 1) / n + 1 / n)


def test_physical_overlap_has_the_mean_of_the_colours_by_extinction(draw: Draw) -> None:
    got = picture(draw, overlapping(0.75, 0.25), "physical", density=2.0)
    assert got[0] / got[1] == pytest.approx(3, rel=0.03)
    white = picture(draw, overlapping(0.75, 0.25), "physical", colors=((1.0,) * 3, (1.0,) * 3), density=2.0)
    assert got[0] + got[1] == pytest.approx(white[0], rel=0.02)


def test_additive_overlap_of_red_and_green_is_yellow(draw: Draw) -> None:
    """As bright in red as red alone would be in the same amount of matter, and as bright in green."""
    yellow = picture(draw, overlapping(), "additive")
    white = picture(draw, overlapping(), "physical", colors=((1.0,) * 3, (1.0,) * 3))
    assert yellow[0] == pytest.approx(white[0], rel=0.01)
    assert yellow[1] == pytest.approx(white[1], rel=0.01)
    assert yellow[2] == 0
    mixed = picture(draw, overlapping(), "physical")
    assert mixed[0] == pytest.approx(white[0] / 2, rel=0.03)


def test_additive_shares_are_relative_to_the_strongest(draw: Draw) -> None:
    """Where green is half as strong as red, the sum of lights is red with half of green: an orange."""
    orange = picture(draw, overlapping(0.8, 0.4), "additive")
    assert orange[1] / orange[0] == pytest.approx(0.5, rel=0.01)


def test_additive_never_gives_back_more_than_all(draw: Draw) -> None:
    both = picture(draw, overlapping(), "additive", colors=((0.9,) * 3, (0.9,) * 3))
    white = picture(draw, overlapping(), "physical", colors=((1.0,) * 3, (1.0,) * 3))
    assert both[0] == pytest.approx(white[0], rel=0.01)


@pytest.mark.parametrize("mixing", ["physical", "max", "additive"])
def test_majorants_bound_every_mixture(draw: Draw, mixing: str) -> None:
    rng = np.random.default_rng(3)
    scene = array_scene(rng.integers(0, 65535, (3, 20, 24, 28), dtype=np.uint16))
    curve = ((0.0, 0.0), (0.4, 0.9), (0.5, 0.1), (1.0, 0.6))
    renderer = draw(scene, 32, 32, count_violations=True)
    for cap in (0.0, 0.5):
        rendering = Rendering(mixing=mixing, extinction_cap=cap)
        channel = Channel(window=(0.0, 65535.0), curve=curve)
        renderer.set_state(plain(scene, 40.0, channel=channel, lighting=WHITE_SKY, rendering=rendering), 1)
        renderer.render_still(2)
    violations, tried = renderer.violations()
    assert tried > 4000
    assert violations == 0
