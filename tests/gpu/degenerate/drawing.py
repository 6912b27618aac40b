"""Draws a state in every way that a picture can be asked for, and checks what holds for all of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from render.engine.layers import Layers
from render.engine.renderer import Renderer
from render.state.rendering import Mode
from render.state.view import ViewState

MODES: tuple[Mode, ...] = get_args(Mode)
LIT: tuple[Mode, ...] = ("path", "march", "isosurface")
"""Modes in which light falls."""
LONGEST_S = 20.0
"""For all pictures of a state and what is compiled for them: a bound that a loop without an end does not keep."""


@dataclass(frozen=True)
class Seen:
    """`mean` (h, w, 4): radiance and coverage; `rgba` (h, w, 4) on the background; `layers` as stills get them."""

    mean: NDArray[np.float32]
    rgba: NDArray[np.uint8]
    layers: Layers

    @property
    def covered(self) -> float:
        """The largest coverage of a pixel."""
        return float(self.mean[..., 3].max())

    def is_background(self, state: ViewState) -> bool:
        """Whether nothing was drawn: every pixel is the background."""
        background = np.round(np.array(state.display.background) * 255)
        apart = np.abs(self.rgba[..., :3].astype(int) - background)
        return not self.mean.any() and bool(apart.max() <= 1) and bool(np.isinf(self.layers.depth).all())


def drawn(renderer: Renderer, state: ViewState, samples: int = 2) -> Seen:
    """The state as a moving picture, as a still and as layers: all of them finite, without a complaint of OpenGL."""
    started = time.perf_counter()
    renderer._motion_budget_s = 0.0  # one sample in motion is enough
    renderer.set_state(state, 1)
    width, height = renderer.width, renderer.height
    now_s = renderer.clock_s = getattr(renderer, "clock_s", 0.0) + 10.0
    while not renderer.step(now_s, 0.001).fresh:
        now_s += 0.001
    even = width // 2 * 2, height // 2 * 2
    assert len(renderer.read_i420()) == even[0] * even[1] * 3 // 2
    renderer.render_still(samples)
    mean, rgba = renderer.read_mean(), renderer.read_rgba()
    i420 = np.frombuffer(renderer.read_i420(), np.uint8)
    layers = renderer.layers(width, height, 1)
    clear = renderer.read_rgba(transparent=True)
    renderer._context.check()
    assert mean.shape == rgba.shape == clear.shape == (height, width, 4)
    assert np.isfinite(mean).all()
    assert mean.min() >= 0.0
    assert mean[..., 3].max() <= 1.0 + 1e-6
    assert (rgba[..., 3] == 255).all()
    assert ((i420 >= 16) & (i420 <= 240)).all()
    for name in ("color", "albedo", "normal"):
        assert np.isfinite(getattr(layers, name)).all(), name
    assert not np.isnan(layers.depth).any()
    assert (np.isinf(layers.depth) == (layers.color[..., 3] == 0)).all()
    seconds = time.perf_counter() - started
    assert seconds < LONGEST_S, f"{seconds:.1f} s"
    return Seen(mean, rgba, layers)
