"""Modes follow the state: each is compiled once, draws what it drew before, and knows what changes its picture."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import pytest

from render.engine import tracer
from render.engine.modes import VALUE_MODES, display_of, known, shader_of
from render.gpu.program import Program, ShaderSource
from render.scene.open import Scene
from render.state.clip import ClipPlane, Slices
from render.state.rendering import Mode, Rendering
from render.state.view import Display

from .conftest import Draw
from .scenes import phantom_scene, plain, scene_of

MODES: tuple[Mode, ...] = get_args(Mode)


@pytest.fixture(scope="module")
def cell() -> Scene:
    image, labels = phantom_scene("synthetic:cell?size=24"), phantom_scene("synthetic:labels?size=24")
    return scene_of(*(layer.source for scene in (image, labels) for layer in scene.layers))


def test_every_mode_has_a_shader() -> None:
    shaders = {mode: shader_of(mode) for mode in MODES}
    assert len({(name, *sorted(defines.items())) for name, defines in shaders.values()}) == len(MODES)


def test_what_a_shader_does_not_ask_for_does_not_compile_it_again(draw: Draw, cell: Scene) -> None:
    """The text of each shader without the declarations that all share: every feature in it is one that it is given."""
    resident = draw(cell, 8, 8)._tracer
    every = {
        "MIXING": 1, "SAMPLER_KIND": 1, "HAS_PLANES": 1, "HAS_SLICES": 1, "NEAREST": 1, "HAS_ENVIRONMENT": 1,
        "ENVIRONMENT_ROWS": 1, "ENVIRONMENT_COLUMNS": 1, "HAS_GRADIENT_OPACITY": 1, "GRADIENT_LUT_SIZE": 1,
    }  # fmt: skip
    for mode in MODES:
        name, _ = shader_of(mode)
        generated = {**resident._generated(), "lib/scene.glsl": ""}
        code = "\n".join(line.split("//")[0] for line in ShaderSource(name, {}, generated).text.splitlines())
        asked = {feature for feature in every if re.search(rf"\b{feature}\b", code)}
        assert known(name, every).keys() >= asked
        assert mode == "path" or "MIXING" not in known(name, every)


def test_only_modes_of_light_are_exposed() -> None:
    display = Display(exposure=3.0, tone_map="filmic", background=(0.1, 0.2, 0.3))
    scene = phantom_scene("synthetic:constant?size=8&dtype=uint8")
    for mode in MODES:
        got = display_of(plain(scene, display=display, rendering=Rendering(mode=mode)))
        assert got.background == display.background
        assert (got.exposure, got.tone_map) == ((0.0, "linear") if mode in VALUE_MODES else (3.0, "filmic"))


def test_each_mode_is_compiled_once_and_draws_the_same_again(
    draw: Draw, cell: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    class Counted(Program):
        def __init__(self, source: ShaderSource) -> None:
            compiled.append(source.name)
            super().__init__(source)

    monkeypatch.setattr(tracer, "Program", Counted)
    renderer = draw(cell, 40, 30)
    assert compiled == ["near.comp"]  # where rays begin, whatever the mode
    compiled.clear()
    layers = tuple(  # solid labels would hide projections
        layer.model_copy(update={"opacity": 0.5}) if layer.kind == "labels" else layer
        for layer in cell.default_state.layers
    )
    pictures: dict[Mode, list[bytes]] = {mode: [] for mode in MODES}
    for _ in range(2):
        for mode in MODES:
            state = cell.default_state.model_copy(
                update={"layers": layers, "rendering": Rendering(mode=mode), "slices": Slices(x=0.5, y=0.4, z=0.6)}
            )
            renderer.set_state(state, 1)
            renderer.render_still(2)
            mean = renderer.read_mean()
            assert np.isfinite(mean).all()
            pictures[mode].append(mean.tobytes())
    assert len(compiled) == len(MODES)
    assert all(first == second for first, second in pictures.values())
    assert len({first for first, _ in pictures.values()}) == len(MODES)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "path"])
def test_steps_end_with_the_still_and_changes_begin_anew(draw: Draw, cell: Scene, mode: Mode) -> None:
    """Tiles, batches and steps do not show; what a mode depends on makes samples stale."""
    base = cell.default_state.model_copy(
        update={"rendering": Rendering(mode=mode), "samples": 3, "slices": Slices(y=0.5)}
    )
    whole = draw(cell, 40, 30)
    whole.set_state(base, 1)
    whole.render_still(3)
    renderer = draw(cell, 40, 30)
    now = 0.0

    def settled() -> bytes:
        nonlocal now
        while True:
            now += 0.1
            if renderer.step(now, 0.001).converged:
                return renderer.read_mean().tobytes()

    renderer.set_state(base, 1)
    assert settled() == whole.read_mean().tobytes()
    plane = ClipPlane(point=cell.box.centre.tolist(), normal=(1.0, 0.2, 0.1))
    for change in ({"clip_planes": (plane,)}, {"slices": Slices(y=0.4)}):
        if mode in ("maximum", "minimum", "average") and "slices" in change:
            continue
        before = settled()
        renderer.set_state(base.model_copy(update=change), 2)
        assert settled() != before
        renderer.set_state(base, 3)
        assert settled() == whole.read_mean().tobytes()


def test_the_constructors_mode_wins(draw: Draw, cell: Scene) -> None:
    forced, free = draw(cell, 40, 30, mode="maximum"), draw(cell, 40, 30)
    forced.set_state(cell.default_state, 1)
    free.set_state(cell.default_state.model_copy(update={"rendering": Rendering(mode="maximum")}), 1)
    for renderer in (forced, free):
        renderer.render_still(1)
    assert np.array_equal(forced.read_mean(), free.read_mean())
