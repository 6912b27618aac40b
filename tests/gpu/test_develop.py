"""The device's display pass against the same in numpy, tone map by tone map."""

from __future__ import annotations

import numpy as np
import pytest

from render.engine.renderer import Renderer
from render.engine.uniforms import TONE_MODES
from render.gpu.context import Context
from render.scene.open import Scene
from render.state.guides import Guides
from render.state.rendering import Rendering
from render.state.view import Display
from tests.develop import develop, tone_map

from .conftest import Draw
from .glsl import call
from .scenes import array_scene, plain

BACKGROUND = (0.25, 0.5, 0.75)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A soft ball: every coverage from 0 to 1."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 32),) * 3, indexing="ij")
    return array_scene((np.clip(1.1 - x * x - y * y - z * z, 0, 1) * 65535).astype(np.uint16))


@pytest.mark.parametrize("name", sorted(TONE_MODES))
def test_tone_maps_are_those_of_the_shader(gl: Context, name: str) -> None:
    rng = np.random.default_rng(8)
    c = (rng.random((3000, 3)) * np.exp2(rng.uniform(-12, 8, (3000, 1)))).astype(np.float32)
    c[:3] = [[0, 0, 0], [1, 1, 1], [100, 0, 0]]
    arguments = {"c": c, "mode": np.full(len(c), TONE_MODES[name], np.int32)}
    got = call("result = tone_map(c, mode);", arguments, ["colour"], result="vec3")
    np.testing.assert_allclose(got, tone_map(c.astype(np.float64), name), atol=2e-5)


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("name", sorted(TONE_MODES))
def test_pictures_are_the_same(draw: Draw, scene: Scene, name: str, transparent: bool) -> None:
    """But for single steps, where the device's floats and numpy's doubles fall on two sides of one; dither included."""
    display = Display(tone_map=name, exposure=1.2, background=BACKGROUND)
    renderer: Renderer = draw(scene, 48, 36)
    lighting = scene.default_state.lighting
    renderer.set_state(plain(scene, 40.0, lighting=lighting, display=display), 1)
    renderer.render_still(16)
    mean = renderer.read_mean()
    got = renderer.read_rgba(transparent).astype(int)
    expected = develop(mean, display, transparent).astype(int)
    seen = mean[..., 3] > 0
    assert 0.1 < seen.mean() < 0.95
    assert mean[..., 3][seen].min() < 0.5
    difference = np.abs(got - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02
    np.testing.assert_array_equal(got[~seen], expected[~seen])


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("mode", ["path", "maximum"])
def test_light_from_an_array_is_developed_as_samples_are(
    draw: Draw, scene: Scene, monkeypatch: pytest.MonkeyPatch, mode: str, transparent: bool
) -> None:
    """With guides, in windows as in one piece, for modes whose colours mean values too; and 16 bits are the same."""
    renderer: Renderer = draw(scene, 16, 16)
    state = plain(
        scene,
        40.0,
        lighting=scene.default_state.lighting,
        display=Display(exposure=1.0, background=BACKGROUND),
        guides=Guides(box=True, axes=True, scale_bar=True),
        rendering=Rendering(mode=mode),
    )
    renderer.set_state(state, 1)
    expected = renderer.picture(150, 90, 4, transparent).astype(int)
    color = renderer.layers(150, 90, 4).color
    renderer.set_state(state.model_copy(update={"guides": Guides()}), 2)
    bare = renderer.develop(color, transparent).astype(int)
    renderer.set_state(state, 3)
    assert (np.abs(bare - expected).max(axis=2) > 20).mean() > 0.01  # guides are to be seen
    whole = renderer.develop(color, transparent)
    assert np.abs(whole - expected).max() <= 1
    fine = renderer.develop(color, transparent, 16)
    assert fine.dtype == np.uint16
    assert np.abs(fine / 257 - expected).max() <= 1.01
    monkeypatch.setattr("render.engine.renderer.STILL_WINDOW_PX", 64)
    np.testing.assert_array_equal(renderer.develop(color, transparent), whole)
