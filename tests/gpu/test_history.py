"""The picture in motion: what was shown before, moved to where it is now, makes up for the samples that are missing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.history import FADE_SAMPLES, History
from render.engine.renderer import Renderer
from render.scene.framing import orbit
from render.scene.open import Scene
from render.state.view import Display, ViewState

from .conftest import Draw
from .scenes import phantom_scene
from .test_progressive import FixedPacing

SIZE = (96, 72)
STEPS = 10


@pytest.fixture(scope="module")
def scene() -> Scene:
    return phantom_scene("synthetic:cell?size=48&labels=0")


@pytest.fixture
def renderer(draw: Draw, scene: Scene) -> Renderer:
    made = draw(scene, *SIZE)
    # One sample a step at half the resolution, whatever this machine's speed.
    made._pacing = FixedPacing(seconds_per_pixel=0.9 * 0.02 / (SIZE[0] * SIZE[1] / 4))
    made._motion_budget_s = 0.0
    return made


def luma(renderer: Renderer) -> NDArray[np.float64]:
    plane = np.frombuffer(renderer.read_i420(), np.uint8)[: SIZE[0] * SIZE[1]]
    return plane.reshape(SIZE[1], SIZE[0]).astype(np.float64)


def turned(state: ViewState, degrees: float) -> ViewState:
    return state.model_copy(update={"camera": orbit(state.camera, degrees, 0.0)})


def drag(renderer: Renderer, state: ViewState) -> tuple[ViewState, NDArray[np.float64]]:
    """Turn a little, step by step; the last state and its picture."""
    for step in range(STEPS):
        state = turned(state, 2.0)
        renderer.set_state(state, step)
        frame = renderer.step(0.05 * step, 0.02)
        assert frame.fresh
        assert frame.scale == 0.5
        shown = luma(renderer)
    return state, shown


def test_a_turning_picture_is_nearer_to_the_truth_than_its_samples(
    renderer: Renderer, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = scene.default_state
    _, with_history = drag(renderer, start)
    renderer.render_still(256)
    truth = luma(renderer)

    # The same drag without the picture before.
    compose = History.compose

    def forgetful(self: History, *arguments: object) -> object:
        self.forget()
        return compose(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(History, "compose", forgetful)
    _, without = drag(renderer, start)

    def error(picture: NDArray[np.float64]) -> float:
        return float(((picture - truth) ** 2).mean())

    assert error(with_history) < 0.65 * error(without)


def test_at_rest_it_fades_until_the_picture_is_the_mean_of_its_samples(renderer: Renderer, scene: Scene) -> None:
    state, _ = drag(renderer, scene.default_state.model_copy(update={"samples": FADE_SAMPLES}))
    now, few = 10.0, None
    for _ in range(2000):
        frame = renderer.step(now, 0.02)
        now += 0.05
        if frame.fresh:
            few = luma(renderer) if few is None else few
        if frame.converged:
            break
    renderer._redevelop = True
    renderer.step(now, 0.02)
    rested = luma(renderer)
    renderer.set_state(state, 99)
    renderer.render_still(FADE_SAMPLES)
    assert np.array_equal(rested, luma(renderer))
    assert few is not None
    assert not np.array_equal(few, rested)


def test_another_exposure_is_shown_at_once_and_alone(renderer: Renderer, scene: Scene) -> None:
    renderer.render_still(4)
    renderer.read_i420()
    darker = scene.default_state.model_copy(update={"display": Display(exposure=-2.0)})
    renderer.set_state(darker, 1)
    assert any(renderer.step(0.0, 0.02).fresh for _ in range(100))
    shown = luma(renderer)
    renderer.set_state(darker, 2)
    renderer.render_still(4)
    exact = luma(renderer)
    # The step may have added samples; the brightness is that of the new exposure.
    assert abs(shown.mean() - exact.mean()) < 1.5
