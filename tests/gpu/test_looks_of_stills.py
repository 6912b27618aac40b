"""Stills that are denoised: looks that end at the first collision, and what they are good for."""

from __future__ import annotations

import numpy as np
import pytest

from render.commands.frame_pixels import Shot, denoised, linear
from render.engine.renderer import Renderer
from render.state.view import ViewState

from .conftest import Draw
from .scenes import array_scene, phantom_scene

SIZE = 64
StateAndRenderer = tuple[ViewState, Renderer]


@pytest.fixture
def state_and_renderer(draw: Draw) -> StateAndRenderer:
    scene = phantom_scene("synthetic:cell?size=48")
    return scene.default_state, draw(scene, 8, 8)


def with_rendering(state: ViewState, **changes: object) -> ViewState:
    return state.model_copy(update={"rendering": state.rendering.model_copy(update=changes)})


def test_local_light_is_on_average_the_march(state_and_renderer: StateAndRenderer) -> None:
    """Two programs that share no loop: random first collisions, and quadrature along the ray."""
    state, renderer = state_and_renderer
    renderer.set_state(state, 1)
    picture, looks = renderer.layers_to_denoise(SIZE, SIZE, 32)
    assert looks is not None
    renderer.set_state(with_rendering(state, mode="march", step_vox=0.15), 2)
    march = renderer.layers(SIZE, SIZE, 8).color[..., :3]
    blocks = [x.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3)) for x in (picture.local, looks.local, march)]
    lit = blocks[2] > 0.05
    assert lit.mean() > 0.3
    for local, noise in ((blocks[0], 0.07), (blocks[1], 0.04)):
        relative = local[lit] / blocks[2][lit] - 1.0
        assert abs(relative.mean()) < 0.015
        assert np.sqrt((relative**2).mean()) < noise
    assert picture.color[..., :3].mean() < 0.9 * picture.local.mean()  # shadows take something away


def test_more_shadow_rays_are_the_same_light_with_less_noise(state_and_renderer: StateAndRenderer) -> None:
    """What is to be denoised has the paths of a raw picture, but at their first collisions more shadow rays."""
    state, renderer = state_and_renderer
    state = with_rendering(state, scatterings=2)
    few, raw = [], []
    for seed in (1, 2):
        renderer.set_state(state.model_copy(update={"seed": seed}), seed)
        few.append(renderer.layers_to_denoise(32, 32, 16)[0].color)
        raw.append(renderer.layers(32, 32, 16).color)
        np.testing.assert_array_equal(few[-1][..., 3], raw[-1][..., 3])  # the same first collisions
    assert np.mean(few) == pytest.approx(np.mean(raw), rel=0.015)
    variance, of_raw = (((a - b)[..., :3] ** 2).mean() for a, b in (few, raw))
    assert variance < 0.75 * of_raw


def test_what_shines_by_itself_has_no_shadow(draw: Draw) -> None:
    scene = array_scene(np.zeros((8, 8, 8), np.uint8))
    state = scene.default_state
    sky = state.lighting.sky.model_copy(update={"seen": True})
    state = state.model_copy(update={"lighting": state.lighting.model_copy(update={"sky": sky})})
    renderer = draw(scene, 8, 8)
    renderer.set_state(state, 1)
    picture, looks = renderer.layers_to_denoise(32, 32, 4)
    assert looks is not None
    assert picture.local is not None
    assert picture.local.min() > 0.0
    np.testing.assert_allclose(picture.local, picture.color[..., :3], rtol=1e-5)


def test_looks_go_on_where_a_picture_would_be_free_of_noise(state_and_renderer: StateAndRenderer) -> None:
    state, renderer = state_and_renderer
    renderer.set_state(with_rendering(state, noise_threshold=0.5), 1)
    picture, looks = renderer.layers_to_denoise(32, 32, 16)
    assert picture.samples.max() <= 16
    assert looks.samples.min() == looks.samples.max() == 64
    renderer.set_state(with_rendering(state, mode="march"), 2)
    assert renderer.layers_to_denoise(32, 32, 2)[1] is None


def test_a_denoised_still_is_nearer_to_a_converged_one(state_and_renderer: StateAndRenderer) -> None:
    state, renderer = state_and_renderer
    renderer.set_state(state.model_copy(update={"seed": 77}), 1)
    converged = renderer.layers(SIZE, SIZE, 384)
    true = converged.color

    def error(color: np.ndarray) -> float:
        return float(((color - true)[..., :3] ** 2 / (true[..., :3] ** 2 + 0.01)).mean())

    renderer.set_state(state, 2)
    few = renderer.layers(SIZE, SIZE, 16)
    got = linear(renderer, Shot(SIZE, SIZE, 16, denoised=True), None)
    before = error(denoised(few, None).color)
    assert error(got.color) < 0.85 * before < 0.5 * error(few.color)
    assert got.color.mean() == pytest.approx(true.mean(), rel=0.05)
    # What else is known of a pixel is that of a raw picture, but for the noise of 16 samples.
    assert got.size == few.size
    assert got.samples.min() == got.samples.max() == 16
    hit = np.isfinite(got.depth) & np.isfinite(few.depth)
    assert hit.mean() > 0.3
    for name in ("albedo", "depth"):
        truth = getattr(converged, name)[hit]
        of_still, of_raw = (float(np.mean((getattr(one, name)[hit] - truth) ** 2)) for one in (got, few))
        assert of_still < 2.0 * of_raw, (name, of_still, of_raw)  # 16 samples each, of which 4 are spread evenly


def test_a_denoised_still_of_odd_size_is_the_same_each_time(state_and_renderer: StateAndRenderer) -> None:
    state, renderer = state_and_renderer
    renderer.set_state(state, 1)
    got = [linear(renderer, Shot(33, 21, 5, denoised=True), None) for _ in range(2)]
    assert got[0].size == (33, 21)
    np.testing.assert_array_equal(got[0].color, got[1].color)
    assert np.isfinite(got[0].color).all()
    assert got[0].samples.max() == 8  # five, in each of four fine pixels rounded up
    few = linear(renderer, Shot(33, 21, 3, denoised=True), None)  # less than one a fine pixel: at its own size
    assert few.samples.max() == 3
