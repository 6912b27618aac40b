"""Lights at one place, as records for lib/light.glsl, and the means that all ways to ask for light have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from render.engine.renderer import Renderer
from render.state.light import Light, Lighting, Sky
from render.state.view import ViewState

from .estimates import Estimate, estimate
from .scenes import array_scene, lights_of, plain, record_of

Mode = Literal["mis", "light", "bsdf"]
MODES: dict[Mode, int] = {"mis": 0, "light": 1, "bsdf": 2}
"""`rendering.direct` and its number in Params."""
NO_SKY = Sky(visible=False)
# All lights stand here and shine at the origin; lengths are those of unit space.
PLACE = (0.9, -1.1, 1.3)
TINT = (1.0, 0.5, 0.2)


def at_place(kind: type[Any], **changes: Any) -> Light:
    light: Light = kind(**{"position": PLACE, "color": TINT, "intensity": 1.7, **changes})
    return light


def lit(*lights: Light, sky: Sky = NO_SKY) -> tuple[NDArray[Any], NDArray[Any]]:
    """Records of Params and lights."""
    scene = array_scene(np.zeros((8, 8, 8), np.uint8))
    state = plain(scene, lighting=Lighting(lights=lights, sky=sky))
    return record_of(state, scene, np.eye(4), (8, 8)), lights_of(state, scene, np.eye(4))


def even(n: int) -> NDArray[np.float32]:
    """The middles of n x n cells of the unit square."""
    x, y = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def common_mean(renderer: Renderer, state_of: Callable[[Mode], ViewState], samples: int, what: object) -> float:
    """The mean luminance of a state whichever way direct light is sampled; asserts that it is the same in all."""
    found: dict[str, Estimate] = {}
    for mode in MODES:
        renderer.set_state(state_of(mode), 1)
        found[mode] = estimate(renderer, samples)
    for mode in ("light", "bsdf"):
        a, b = found["mis"], found[mode]
        assert b.error < 0.03 * b.mean
        assert abs(a.mean - b.mean) < 3.5 * np.hypot(a.error, b.error), (what, mode, found)
    return found["mis"].mean
