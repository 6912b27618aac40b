"""Guides in pictures: over and under matter, legible, the same in every window and in stills and video."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.guides import lay_out
from render.engine.marks import CAPSULE, OVER, TEXT, UNDER, Style
from render.engine.projection import projections
from render.engine.renderer import Renderer
from render.engine.text import TextAtlas, lettering
from render.gpu.context import Context
from render.scene.framing import corners, fit
from render.scene.open import Scene
from render.state.annotation import PointAnnotation
from render.state.guides import Guides
from render.state.view import Display, ViewState

from .conftest import Draw
from .scenes import array_scene, plain
from .test_display import i420_planes, rgb_of, srgb, unsrgb

SIZE = (320, 240)
ALL = Guides(box=True, ticks=True, axes=True, scale_bar=True, time_stamp=True)


@pytest.fixture(scope="module")
def cube() -> Scene:
    """A box full of opaque matter."""
    return array_scene(np.full((8, 8, 8), 255, np.uint8), spacing_um=(5.0, 5.0, 5.0))


@pytest.fixture(scope="module")
def nothing() -> Scene:
    return array_scene(np.zeros((8, 8, 8), np.uint8), spacing_um=(5.0, 5.0, 5.0))


def state_of(scene: Scene, guides: Guides, **display: Any) -> ViewState:
    camera = fit(scene.default_state.camera, corners(scene.box), SIZE[0] / SIZE[1], 1.5)
    return plain(scene, 1e5, camera=camera, guides=guides, display=Display(**{"tone_map": "linear", **display}))


def drawn(renderer: Renderer, state: ViewState, transparent: bool = False, samples: int = 2) -> NDArray[np.float64]:
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    return renderer.read_rgba(transparent).astype(np.float64)


def box_lines(state: ViewState, scene: Scene, layer: int) -> list[NDArray[np.float64]]:
    marks = lay_out(state, scene, SIZE, TextAtlas(512))
    return [
        np.array(row[0]).reshape(2, 2) for row in marks.rows if row[2][0] == CAPSULE and row[2][1] == layer
    ]  # fmt: skip


def along(picture: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The brightest of 3 x 3 pixels at points along the middle of a line."""
    values = []
    for t in np.linspace(0.15, 0.85, 12):
        x, y = (line[0] + (line[1] - line[0]) * t).astype(int)
        values.append(picture[y - 1 : y + 2, x - 1 : x + 2, :3].max())
    return np.array(values)


def test_an_opaque_cube_hides_its_back_edges_and_no_other(draw: Draw, cube: Scene, nothing: Scene) -> None:
    """No light is on, so that the cube is black and lines are all that is bright."""
    state = state_of(cube, Guides(box=True))
    picture = drawn(draw(cube, *SIZE), state)
    empty = drawn(draw(nothing, *SIZE), state_of(nothing, Guides(box=True)))
    assert len(box_lines(state, cube, OVER)) == 9
    assert len(box_lines(state, cube, UNDER)) == 3
    for line in box_lines(state, cube, OVER):
        assert along(picture, line).min() > 100
    for line in box_lines(state, cube, UNDER):
        # Where it crosses one in front, that one is seen.
        assert np.sort(along(picture, line))[:-2].max() < 12
        assert along(empty, line).min() > 60


def test_what_is_switched_off_changes_nothing(draw: Draw, cube: Scene) -> None:
    renderer = draw(cube, *SIZE)
    before = drawn(renderer, state_of(cube, Guides()))
    with_guides = drawn(renderer, state_of(cube, ALL))
    assert (before != with_guides).any()
    assert np.array_equal(drawn(renderer, state_of(cube, Guides())), before)


def test_switching_guides_on_needs_no_new_samples(draw: Draw, cube: Scene) -> None:
    renderer = draw(cube, *SIZE)
    drawn(renderer, state_of(cube, Guides()), samples=2)
    plain_picture = rgb_of(renderer.read_i420(), *SIZE)
    renderer.set_state(state_of(cube, ALL).model_copy(update={"samples": 2}), 2)
    frame = renderer.step(0.0, 0.01)
    assert frame.fresh
    assert frame.samples == 2
    assert np.abs(rgb_of(renderer.read_i420(), *SIZE) - plain_picture).max() > 50


def test_text_is_pillows_glyphs_in_linear_light(draw: Draw, nothing: Scene) -> None:
    """Every label, pixel by pixel: its halo over the background, its glyphs over that."""
    background, ink = (0.2, 0.4, 0.3), (0.9, 0.8, 0.7)
    guides = Guides(scale_bar=True, time_stamp=True, color=ink)
    state = state_of(nothing, guides, background=background)
    picture = drawn(draw(nothing, *SIZE), state)
    marks = lay_out(state, nothing, SIZE, TextAtlas(512))
    style = Style.of(guides, state.display.background, SIZE)
    rows = [row for row in marks.rows if row[2][0] == TEXT]
    assert len(rows) == 2
    row = next(row for row in rows if row[0][1] < 60)
    text = lettering("t = 0", round(style.font_px * 1.2 * 4) / 4)
    height, width = text.glyphs.shape
    x, y = int(row[0][0]), int(row[0][1])
    halo, glyphs = row[3][3] * text.halo[..., None] / 255.0, text.glyphs[..., None] / 255.0
    expected = unsrgb(np.array(background)) * (1 - halo)
    expected = srgb(expected * (1 - glyphs) + unsrgb(np.array(ink)) * glyphs) * 255
    assert (expected.max(axis=2) > 200).sum() > 8
    assert np.abs(picture[y : y + height, x : x + width, :3] - expected).max() <= 1.0


def test_lines_cover_as_much_as_they_are_wide(draw: Draw, nothing: Scene) -> None:
    """Across a line of the box the coverage adds up to its width, in linear light."""
    guides = Guides(box=True, color=(1.0, 1.0, 1.0), text_scale=2.0)
    state = state_of(nothing, guides)
    linear = unsrgb(drawn(draw(nothing, *SIZE), state)[:, :, 0] / 255)
    style = Style.of(guides, state.display.background, SIZE)
    checked = 0
    for line in box_lines(state, nothing, OVER):
        span = line[1] - line[0]
        if abs(span[0]) > 0.2 * abs(span[1]):
            continue
        x, y = (line[0] + span * 0.3).astype(int)  # no other line crosses there
        slope = np.cos(np.arctan(abs(span[0] / span[1])))
        rows = linear[y - 5 : y + 6, x - 5 : x + 6].sum(axis=1).mean()
        assert rows == pytest.approx(style.line_px / slope * 0.75, rel=0.06)
        checked += 1
    assert checked >= 2


@pytest.mark.parametrize("background", [(0.1, 0.3, 0.2), (1.0, 1.0, 1.0)])
def test_transparent_stills_give_the_opaque_ones_over_any_background(
    draw: Draw, cube: Scene, background: tuple[float, float, float]
) -> None:
    """No fringe: laid over a background in linear light, the transparent still is the opaque one."""
    renderer = draw(cube, *SIZE)
    opaque = drawn(renderer, state_of(cube, ALL, background=background), samples=8)
    clear = renderer.read_rgba(transparent=True).astype(np.float64) / 255
    alpha = clear[:, :, 3:]
    over = srgb(unsrgb(clear[:, :, :3]) * alpha + unsrgb(np.array(background)) * (1 - alpha)) * 255
    partly = (alpha > 0.02) & (alpha < 0.98)
    assert partly.mean() > 0.01
    # Half a step of alpha, where the curve is steepest, and of both colours' rounding.
    assert np.abs(over - opaque[:, :, :3]).max() <= 6
    assert np.abs(over - opaque[:, :, :3])[partly[:, :, 0]].mean() < 1.0


def test_windows_join_without_a_seam(draw: Draw, cube: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = draw(cube, 64, 64)
    state = state_of(cube, ALL)
    renderer.set_state(state, 1)
    whole = renderer.picture(*SIZE, samples=1)
    monkeypatch.setattr("render.engine.renderer.STILL_WINDOW_PX", 100)
    tiled = renderer.picture(*SIZE, samples=1)
    assert np.array_equal(whole, tiled)
    assert (whole[:, :, 0] > 150).sum() > 500


@pytest.mark.parametrize("size", [(320, 240), (322, 242), (325, 243), (130, 118)])
def test_video_shows_the_guides_of_stills(draw: Draw, nothing: Scene, size: tuple[int, int]) -> None:
    renderer = draw(nothing, *size)
    state = state_of(nothing, ALL, background=(0.3, 0.3, 0.3))
    rgba = drawn(renderer, state)[: size[1] // 2 * 2, : size[0] // 2 * 2, :3] / 255
    width, height = rgba.shape[1], rgba.shape[0]
    luma = i420_planes(renderer.read_i420(), width, height)[0]
    expected = 16 + 219 * (rgba @ np.array([0.2126, 0.7152, 0.0722]))
    assert np.abs(luma - expected).max() <= 1.6
    assert np.ptp(expected) > 100


def test_pictures_in_motion_have_sharp_guides(draw: Draw, nothing: Scene) -> None:
    """A picture of few pixels is enlarged; the guides are not."""
    renderer = draw(nothing, *SIZE)
    state = state_of(nothing, ALL, background=(0.3, 0.3, 0.3))
    at_rest = drawn(renderer, state)
    renderer.set_state(state, 2)
    renderer._begin(0.25)
    renderer._draw_until(0.0)
    renderer._develop()
    luma = i420_planes(renderer.read_i420(), *SIZE)[0]
    expected = 16 + 219 * (at_rest[:, :, :3] / 255 @ np.array([0.2126, 0.7152, 0.0722]))
    assert np.abs(luma - expected).max() <= 1.6


def test_both_eyes_are_in_the_picture(draw: Draw, nothing: Scene) -> None:
    state = state_of(nothing, ALL)
    camera = state.camera.model_copy(update={"stereo": "side_by_side"})
    picture = drawn(draw(nothing, 640, 240), state.model_copy(update={"camera": camera}))
    left, right = picture[:, :320, :3], picture[:, 320:, :3]
    # What stands in corners stands at the same place in both; the box does not.
    assert np.array_equal(left[:40, :100], right[:40, :100])
    assert left[:40, :100].max() > 150
    assert (left != right).any()
    for projection in projections(camera, (640, 240)):
        x, y = projection.pixels(corners(nothing.box)[:1])[0].astype(int)
        assert picture[y - 1 : y + 2, x - 1 : x + 2].max() > 120


def test_views_close_what_they_made(gl: Context, cube: Scene) -> None:
    renderer = Renderer(gl, cube, 64, 64)
    drawn(renderer, state_of(cube, ALL), samples=1)
    renderer.close()
    renderer.close()
    gl.check()


def test_annotations_are_in_stills_and_in_the_moving_picture_over_all_matter(cube: Scene, draw: Draw) -> None:
    """One in the middle of an opaque cube; it comes, changes and goes without new samples."""
    renderer = draw(cube, *SIZE)
    state = state_of(cube, Guides()).model_copy(update={"samples": 2})
    bare = drawn(renderer, state)
    renderer.read_i420()  # of the still
    point = PointAnnotation(
        id=str(uuid.uuid4()),
        position=(17.5, 17.5, 17.5),
        label="in the middle",
        color=(1, 0, 1),
        author="a",
        created_s=0,
    )
    (projection,) = projections(state.camera, SIZE)
    x, y = (int(part) for part in projection.pixels(np.array([point.position]))[0])
    renderer.set_annotations([point])
    assert renderer.step(10.0, 0.0).fresh
    video = rgb_of(renderer.read_i420(), *SIZE)
    still, picture = renderer.read_rgba().astype(float), renderer.picture(*SIZE, 2).astype(float)
    np.testing.assert_array_equal(still, picture)
    assert still[y, x, :3] == pytest.approx((255, 0, 255), abs=3)
    assert video[y, x] == pytest.approx((255, 0, 255), abs=12)
    changed = np.abs(still - bare).max(axis=2) > 8
    assert changed[y - 12 : y + 13, x - 12 : x + 110].sum() == changed.sum() > 200  # the disc, and the label beside it
    renderer.set_state(state.model_copy(update={"guides": Guides(annotations=False)}), 2)
    np.testing.assert_array_equal(renderer.read_rgba(), bare)
    renderer.set_state(state, 3)
    renderer.set_annotations([])
    np.testing.assert_array_equal(renderer.read_rgba(), bare)
