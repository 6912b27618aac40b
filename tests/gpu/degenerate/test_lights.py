"""Modes in which light falls, with lights at the edge of making sense."""

from __future__ import annotations

import numpy as np
import pytest

from render.engine.renderer import Renderer
from render.scene.open import Scene
from render.state.light import (
    DirectionalLight,
    DiscLight,
    Lighting,
    PointLight,
    RectangleLight,
    SphereLight,
)
from render.state.rendering import Mode

from .drawing import LIT, drawn
from .shown import CENTRE, lit_by, looked_at

X = (1.0, 0.0, 0.0)
LIGHTS: dict[str, tuple[bool, Lighting]] = {  # whether there is any light
    "no lights at all": (False, lit_by()),
    "light of intensity 0": (False, lit_by(PointLight(intensity=0.0), visible=True, intensity=0.0)),
    "black light": (False, lit_by(SphereLight(color=(0.0, 0.0, 0.0)))),
    "invisible light": (False, lit_by(DiscLight(visible=False))),
    "black environment": (False, lit_by(visible=True, environment="black", seen=True)),
    "intensity 1e6": (
        True, lit_by(RectangleLight(intensity=1e6), PointLight(intensity=1e6), visible=True, intensity=1e6)
    ),
    "glaring environment": (True, lit_by(visible=True, environment="glaring", intensity=1e6, seen=True)),
    "environment of one texel": (True, lit_by(visible=True, environment="one texel")),
    "point light inside": (True, lit_by(PointLight(position=CENTRE, target=CENTRE, intensity=1e6))),
    "point light at the surface": (True, lit_by(PointLight(position=(13.5, 11.5, 0.0), intensity=1e6))),
    "a sphere around everything": (True, lit_by(SphereLight(distance=0.01, radius=100.0, seen=True))),
    "a sphere inside": (True, lit_by(SphereLight(position=CENTRE, radius=0.05, seen=True))),
    "a speck": (True, lit_by(SphereLight(radius=0.001, distance=100.0, intensity=1e6, seen=True))),
    "a rectangle inside, seen": (True, lit_by(RectangleLight(position=CENTRE, target=CENTRE, seen=True))),
    "a disc inside": (True, lit_by(DiscLight(position=CENTRE, target=CENTRE, radius=100.0))),
    "up along its axis": (True, lit_by(RectangleLight(azimuth=90.0, elevation=0.0, up=X, follow_camera=False))),
    "up is nothing": (True, lit_by(RectangleLight(azimuth=90.0, elevation=0.0, up=(0.0, 0.0, 0.0)))),
    "overhead": (True, lit_by(DiscLight(elevation=90.0), DirectionalLight(elevation=-90.0))),
    "from the end of the world": (True, lit_by(
        SphereLight(position=(1e15, 1e15, 1e15), radius=0.001, intensity=1e6, seen=True),
        RectangleLight(position=(1e15, 0.0, 0.0), width=0.001, height=0.001, intensity=1e6, seen=True),
        DiscLight(position=(0.0, -1e15, 0.0), radius=0.001, seen=True), PointLight(position=(0.0, 0.0, -1e15)))),
    "sixteen": (True, lit_by(*(PointLight(azimuth=20.0 * i) for i in range(-8, 8)))),
}  # fmt: skip
DIRECT = ("mis", "light", "bsdf")


@pytest.mark.parametrize("mode", LIT)
@pytest.mark.parametrize("case", LIGHTS)
def test_light(renderer: Renderer, scene: Scene, mode: Mode, case: str) -> None:
    shines, lighting = LIGHTS[case]
    for direct in DIRECT if mode == "path" else DIRECT[:1]:
        rendering = {"direct": direct, "scatterings": 3, "reference": direct == "bsdf"}
        seen = drawn(renderer, looked_at(scene, mode, lighting=lighting, rendering=rendering), 4)
        assert seen.covered > 0.5
        lit = bool(seen.mean[..., :3].any())
        if not shines:
            assert not lit
        elif direct != "bsdf":  # which cannot hit points
            assert lit


def test_an_environment_of_two_texels_is_a_white_sky(renderer: Renderer, scene: Scene) -> None:
    white = {"top": (1.0,) * 3, "middle": (1.0,) * 3, "bottom": (1.0,) * 3}
    means = []
    for sky in ({"environment": "2x1"}, white):
        lighting = lit_by(visible=True, intensity=1.0, **sky)
        seen = drawn(renderer, looked_at(scene, "path", lighting=lighting), 256)
        means.append(seen.mean[..., 1].mean())
    assert means[0] == pytest.approx(means[1], rel=0.02)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e200, 1e308])
def test_quaternions_need_not_be_of_length_1(renderer: Renderer, scene: Scene, scale: float) -> None:
    turned = (0.3, -0.5, 0.2, 0.79)
    means = []
    for rotation in (turned, tuple(part * scale for part in turned)):
        lighting = lit_by(visible=True, environment="one texel", rotation=rotation, follow_camera=False)
        means.append(drawn(renderer, looked_at(scene, "path", lighting=lighting)).mean)
    assert np.allclose(means[0], means[1], rtol=1e-3)
