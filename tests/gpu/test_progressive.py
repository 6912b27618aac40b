"""Drawing step by step: coarse while things move, fine at rest, and never the wrong picture under a number."""

from __future__ import annotations

import numpy as np
import pytest

from render.engine.frame import Frame
from render.engine.pacing import REST_AFTER_S, Pacing
from render.engine.renderer import Renderer
from render.errors import GpuError, StateError
from render.scene.framing import orbit
from render.scene.open import Scene
from render.state.clip import CropBox
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.view import Display, ViewState

from .conftest import Draw
from .scenes import array_scene, plain


class FixedPacing(Pacing):
    """Believes in one speed whatever is measured."""

    def measured(self, pixels: int, seconds: float) -> None:
        pass


SLOW = 1e-5  # seconds a pixel: 96 x 72 take 69 ms


@pytest.fixture(scope="module")
def scene() -> Scene:
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 24),) * 3, indexing="ij")
    ball = np.clip(1.2 - x * x - y * y - z * z, 0, 1)
    return array_scene((np.stack([ball, ball[::-1]]) * 65535).astype(np.uint16))


def lit(scene: Scene, **changes: object) -> ViewState:
    return plain(scene, 40.0, lighting=scene.default_state.lighting, samples=6, **changes)


def paced(draw: Draw, scene: Scene, cost: float = SLOW) -> Renderer:
    renderer = draw(scene, 96, 72)
    renderer._pacing = FixedPacing(seconds_per_pixel=cost)
    renderer._motion_budget_s = 0.0  # as on a GPU
    return renderer


def rest(renderer: Renderer, now: float = 0.0) -> Frame:
    """Step until it has converged."""
    for _ in range(400):
        frame = renderer.step(now, 0.02)
        if frame.converged:
            return frame
        now += 0.05
    raise AssertionError("the picture never converges")


def test_it_moves_coarsely_and_rests_finely(draw: Draw, scene: Scene) -> None:
    renderer = paced(draw, scene)
    state = lit(scene)
    renderer.set_state(state, 3, 7)
    frame = renderer.step(10.0, 0.02)
    assert frame.fresh
    assert frame.scale == 0.5
    assert not frame.converged
    assert (frame.sequence, frame.camera_seq) == (3, 7)
    assert (frame.width, frame.height) == (96, 72)
    # Still within the time that counts as moving.
    assert renderer.step(10.0 + 0.5 * REST_AFTER_S, 0.02).scale == 0.5
    frame = rest(renderer, 10.0 + 1.5 * REST_AFTER_S)
    assert frame.scale == 1.0
    assert frame.samples == frame.target_samples == 6


def test_a_device_that_is_fast_enough_stays_at_full_resolution(draw: Draw, scene: Scene) -> None:
    renderer = paced(draw, scene, 1e-8)
    renderer.set_state(lit(scene), 1)
    assert renderer.step(0.0, 0.05).scale == 1.0


def test_samples_stop_at_the_target_and_go_on_when_it_is_raised(draw: Draw, scene: Scene) -> None:
    renderer = paced(draw, scene, 1e-8)
    renderer.set_state(lit(scene), 1)
    assert rest(renderer).samples == 6
    before = renderer.read_mean().tobytes()
    frame = renderer.step(5.0, 0.01)
    assert not frame.fresh
    assert frame.converged
    assert renderer.read_mean().tobytes() == before
    renderer.set_state(lit(scene).model_copy(update={"samples": 9}), 2)
    frame = renderer.step(6.0, 0.0)
    assert 6 < frame.samples <= 9
    assert rest(renderer, 7.0).samples == 9


def test_every_change_of_what_is_traced_starts_anew(draw: Draw, scene: Scene) -> None:
    renderer = paced(draw, scene, 1e-8)
    base = lit(scene)
    layer = base.layers[0]
    assert isinstance(layer, ImageLayer)
    dimmed = layer.model_copy(
        update={"channels": (layer.channels[0].model_copy(update={"opacity": 0.1}), layer.channels[1])}
    )
    changes = {
        "camera": orbit(base.camera, 30, 0),
        "layers": (dimmed,),
        "crop": CropBox(hi=(0.5, 1.0, 1.0)),
        "shading": base.shading.model_copy(update={"density": 5.0}),
        "lighting": base.lighting.model_copy(update={"sky": base.lighting.sky.model_copy(update={"intensity": 3.0})}),
        "seed": 5,
    }  # fmt: skip
    for number, (field, value) in enumerate(changes.items()):
        renderer.set_state(base, 2 * number)
        rest(renderer, 10.0 * number)
        before = renderer.read_mean()
        renderer.set_state(base.model_copy(update={field: value}), 2 * number + 1)
        renderer._pacing = FixedPacing(seconds_per_pixel=1e-3)
        frame = renderer.step(10.0 * number + 5, 0.0)
        renderer._pacing = FixedPacing(seconds_per_pixel=1e-8)
        assert frame.samples < 6, field
        rest(renderer, 10.0 * number + 6)
        assert renderer.read_mean().tobytes() != before.tobytes(), field


def test_a_new_exposure_shows_the_same_samples(draw: Draw, scene: Scene) -> None:
    renderer = paced(draw, scene)
    renderer.set_state(lit(scene), 1)
    rest(renderer)
    renderer.read_i420()
    samples = renderer.read_mean().tobytes()
    darker = lit(scene, display=Display(exposure=-3.0))
    renderer.set_state(darker, 2)
    # Another state, with nothing new to see, comes before the step: the exposure is not forgotten.
    renderer.set_state(darker, 3, 4)
    frame = renderer.step(20.0, 0.02)
    assert frame.fresh
    assert frame.converged
    assert (frame.sequence, frame.camera_seq, frame.samples) == (3, 4, 6)
    assert renderer.read_mean().tobytes() == samples
    dark = np.frombuffer(renderer.read_i420(), np.uint8)[: 96 * 72]
    renderer.set_state(lit(scene), 4)
    renderer.step(21.0, 0.02)
    bright = np.frombuffer(renderer.read_i420(), np.uint8)[: 96 * 72]
    assert bright.astype(int).max() > dark.max() + 30


def test_frames_that_bring_nothing_new_say_so(draw: Draw, scene: Scene) -> None:
    """On a very slow device a sample takes several steps; none of them claims to be the new picture."""
    renderer = paced(draw, scene)
    renderer.set_state(lit(scene), 1)
    rest(renderer)
    renderer.read_i420()
    # Fast enough that it believes in full resolution, but every step is cut off after a few tiles.
    renderer._pacing = FixedPacing(seconds_per_pixel=2e-5)
    renderer.set_state(lit(scene).model_copy(update={"camera": orbit(lit(scene).camera, 60, 0)}), 2)
    first = renderer.step(50.0, 10.0)
    assert first.scale == 1.0
    assert first.fresh
    renderer.read_i420()
    renderer.set_state(lit(scene), 3)
    renderer._begin(1.0)
    frames = [renderer.step(60.0, 0.0)]
    while not frames[-1].fresh:
        assert not frames[-1].converged
        with pytest.raises(GpuError):
            renderer.read_i420()
        frames.append(renderer.step(60.0, 0.0))
    assert len(frames) > 3
    assert frames[-1].sequence == 3


def test_converged_means_the_picture_that_is_shown(draw: Draw, scene: Scene) -> None:
    """One sample is the target: the coarse one that was drawn while moving is not yet it."""
    renderer = paced(draw, scene)
    renderer.set_state(lit(scene).model_copy(update={"samples": 1}), 1)
    frame = renderer.step(0.0, 0.02)
    assert frame.samples == 1
    assert frame.scale < 1
    assert not frame.converged
    frame = renderer.step(1.0, 0.0)
    while not frame.fresh:
        assert not frame.converged
        frame = renderer.step(1.0, 0.0)
    assert frame.converged
    assert frame.scale == 1.0


# ---- states that do not fit ----


def wrong_states(scene: Scene) -> list[tuple[str, tuple[object, ...]]]:
    layer = lit(scene).layers[0]
    assert isinstance(layer, ImageLayer)
    good, other = layer.channels
    dim = good.model_copy(update={"opacity": 0.1, "window": (0.0, 9.0)})
    return [
        ("has no layer for '0'", ()),
        ("the scene holds no 'b'", (layer, LabelLayer(source="b"))),
        ("gives '0' 1 channels, the data have 2", (layer.model_copy(update={"channels": (good,)}),)),
        ("calls '0' labels, it is image", (LabelLayer(source="0"),)),
        # The first channel is fine, and must not have changed when the second one is refused.
        ("no colour map 'grey rainbow'", (layer.model_copy(
            update={"channels": (dim, Channel(color_map="grey rainbow", window=other.window))}),)),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(5))
def test_a_state_that_does_not_fit_is_refused_and_the_picture_stays(draw: Draw, scene: Scene, number: int) -> None:
    words, layers = wrong_states(scene)[number]
    renderer = paced(draw, scene, 1e-8)
    renderer.set_state(lit(scene), 1)
    before = rest(renderer)
    picture = renderer.read_mean().tobytes()
    with pytest.raises(StateError, match=words):
        renderer.set_state(lit(scene).model_copy(update={"layers": layers, "seed": 77}), 2)
    after = renderer.step(9.0, 0.01)
    assert (after.sequence, after.samples) == (1, before.samples)
    assert renderer.read_mean().tobytes() == picture
    # And drawn again it is still the same.
    renderer.render_still(6)
    assert renderer.read_mean().tobytes() == picture


def test_resize_draws_at_the_new_size(draw: Draw, scene: Scene) -> None:
    renderer = paced(draw, scene, 1e-8)
    renderer.set_state(lit(scene), 1)
    rest(renderer)
    renderer.resize(50, 40)
    frame = rest(renderer, 3.0)
    assert (frame.width, frame.height) == (50, 40)
    assert renderer.read_rgba().shape == (40, 50, 4)
    assert len(renderer.read_i420()) == 50 * 40 * 3 // 2
    other = draw(scene, 50, 40)
    other.set_state(lit(scene), 1)
    other.render_still(6)
    assert np.array_equal(other.read_rgba(), renderer.read_rgba())


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (10**6, 10)])
def test_impossible_sizes_are_refused(draw: Draw, scene: Scene, size: tuple[int, int]) -> None:
    renderer = paced(draw, scene)
    with pytest.raises(GpuError, match=r"a picture of .* is not possible; each side must be 1 to"):
        renderer.resize(*size)
    assert renderer.step(0.0, 0.02).width == 96
