"""The picture in motion: what was shown before, moved to where it is now, makes up for the samples that are missing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.denoise import FADE
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


def plainly(state: ViewState, denoise: bool = False) -> ViewState:
    """The state with the filter on or off."""
    return state.model_copy(update={"rendering": state.rendering.model_copy(update={"denoise": denoise})})


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
    start = plainly(scene.default_state)
    _, with_history = drag(renderer, start)
    renderer.render_still(256)
    truth = luma(renderer)

    # The same drag without the picture before.
    compose = History.compose

    def forgetful(self: History, *arguments: object) -> object:
        self.forget()
        return compose(self, *arguments)

    monkeypatch.setattr(History, "compose", forgetful)
    _, without = drag(renderer, start)

    def error(picture: NDArray[np.float64]) -> float:
        return float(((picture - truth) ** 2).mean())

    assert error(with_history) < 0.65 * error(without)


@pytest.mark.parametrize("denoise", [False, True])
def test_at_rest_it_fades_until_the_picture_is_the_mean_of_its_samples(
    renderer: Renderer, scene: Scene, denoise: bool
) -> None:
    """With the filter this takes longer."""
    samples = int(FADE[1]) if denoise else FADE_SAMPLES
    state, _ = drag(renderer, plainly(scene.default_state, denoise).model_copy(update={"samples": samples}))
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
    renderer.render_still(samples)
    assert np.array_equal(rested, luma(renderer))
    assert few is not None
    assert not np.array_equal(few, rested)


def test_another_exposure_is_shown_at_once_and_alone(renderer: Renderer, scene: Scene) -> None:
    renderer.set_state(plainly(scene.default_state), 0)
    renderer.render_still(4)
    renderer.read_i420()
    darker = plainly(scene.default_state).model_copy(update={"display": Display(exposure=-2.0)})
    renderer.set_state(darker, 1)
    assert any(renderer.step(0.0, 0.02).fresh for _ in range(100))
    shown = luma(renderer)
    renderer.set_state(darker, 2)
    renderer.render_still(4)
    exact = luma(renderer)
    # The step may have added samples; the brightness is that of the new exposure.
    assert abs(shown.mean() - exact.mean()) < 1.5


def test_the_filter_takes_noise_off_the_moving_picture(renderer: Renderer, scene: Scene) -> None:
    """Nearer to the truth than the same drag without it, whose samples and history are the same."""
    _, raw = drag(renderer, plainly(scene.default_state))
    renderer.render_still(256)
    truth = luma(renderer)
    _, filtered = drag(renderer, plainly(scene.default_state, True))
    error = [float(((picture - truth) ** 2).mean()) for picture in (filtered, raw)]
    assert error[0] < 0.8 * error[1]
    assert abs(filtered.mean() - truth.mean()) < 0.1 * (truth.mean() - 16)


def test_switching_the_filter_needs_no_new_samples(renderer: Renderer, scene: Scene) -> None:
    state = plainly(scene.default_state).model_copy(update={"samples": 4})
    renderer.set_state(state, 1)
    now = 0.0
    while not renderer.step(now, 0.1).converged:
        now += 0.1
    raw = luma(renderer)
    renderer.set_state(plainly(state, True), 2)
    frame = renderer.step(now, 0.1)
    assert (frame.fresh, frame.samples, frame.converged) == (True, 4, True)
    filtered = luma(renderer)
    assert not np.array_equal(raw, filtered)
    renderer.set_state(state, 3)
    renderer.step(now, 0.1)
    assert np.array_equal(luma(renderer), raw)
