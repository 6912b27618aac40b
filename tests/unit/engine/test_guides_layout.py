"""Where guides are laid out: in the right places, true to scale, legible, and clear of one another."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.engine.guides import lay_out
from render.engine.guides_box import edges
from render.engine.guides_corner import SCALE_BAR_LEAST, SCALE_BAR_MOST, bar_length_um, length_text, time_text
from render.engine.marks import CAPSULE, OVER, TEXT, TRAPEZIUM, UNDER, Marks, Style, cut_to
from render.engine.projection import projections
from render.engine.text import TextAtlas, lettering
from render.engine.ticks import MINUS
from render.scene.framing import corners, fit, orbit
from render.scene.open import Scene
from render.state.camera import Camera
from render.state.guides import Guides
from render.state.view import ViewState
from render.units import micrometres_per

from ...gpu.scenes import array_scene

ALL = Guides(box=True, ticks=True, axes=True, scale_bar=True, time_stamp=True)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """120 x 90 x 60 um."""
    return array_scene(np.zeros((6, 9, 12), np.uint8), spacing_um=(10.0, 10.0, 10.0))


def seen(scene: Scene, azimuth: float = 0.0, elevation: float = 0.0, margin: float = 1.4, **changes: Any) -> Camera:
    camera = orbit(scene.default_state.camera, azimuth, elevation)
    return fit(camera, corners(scene.box), 4 / 3, margin).model_copy(update=changes)


def marks_of(scene: Scene, camera: Camera, guides: Guides = ALL, size: tuple[int, int] = (640, 480)) -> Marks:
    return lay_out(ViewState(camera=camera, guides=guides), scene, size, Recorder())


class Recorder(TextAtlas):
    """Keeps which text is whose."""

    def __init__(self) -> None:
        super().__init__(1024)
        self.texts: list[tuple[str, float]] = []

    def place(self, text: str, size_px: float) -> tuple[int, int]:
        self.texts.append((text, size_px))
        return super().place(text, size_px)


def labels(marks: Marks) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Texts and the rectangles of their ink."""
    assert isinstance(marks.atlas, Recorder)
    rows = [row for row in marks.rows if row[2][0] == TEXT]
    out = []
    for (text, size), row in zip(marks.atlas.texts, rows, strict=True):
        drawn = lettering(text, size)
        ys, xs = np.nonzero(drawn.glyphs)
        x, y = row[0][:2]
        out.append((text, (x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1)))
    return out


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-180, 180), st.floats(-100, 60), st.booleans(), st.sampled_from([(640, 480), (1920, 1080), (400, 700)])
)
def test_labels_overlap_nowhere_and_lie_inside(
    azimuth: float, elevation: float, orthographic: bool, size: tuple[int, int]
) -> None:
    scene = array_scene(np.zeros((6, 9, 12), np.uint8), spacing_um=(10.0, 10.0, 10.0))
    kind = "orthographic" if orthographic else "perspective"
    marks = marks_of(scene, seen(scene, azimuth, elevation, projection=kind), size=size)
    found = labels(marks)
    for number, (text, a) in enumerate(found):
        assert min(a[:2]) >= 0
        assert a[2] <= size[0]
        assert a[3] <= size[1]
        for other, b in found[number + 1 :]:
            if text in "xyz" and other in "xyz":
                continue  # the letters of arrows meet where two of these point the same way
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (text, other)


def test_ticks_stand_where_their_numbers_say(scene: Scene) -> None:
    """Beside each number a mark begins where the point of the box's edge projects whose coordinate it is."""
    camera = seen(scene)
    marks = marks_of(scene, camera, Guides(ticks=True))
    (projection,) = projections(camera, (640, 480))
    texts = labels(marks)
    starts = np.array([row[0][:2] for row in marks.rows if row[2][0] == CAPSULE])
    for axis in "xyz":
        assert any(text == f"{axis} (µm)" for text, _ in texts)
    checked = 0
    for text, rect in texts:
        if "(" in text:
            continue
        value = float(text.replace(MINUS, "-"))
        centre = np.array([rect[0] + rect[2], rect[1] + rect[3]]) / 2
        points = []
        for edge in edges(scene.box, projection):
            if edge.front and edge.back:
                point = edge.a.copy()
                point[edge.axis] = value
                points.append(point)
        places = projection.pixels(np.array(points))
        near = places[np.argmin(np.hypot(*(places - centre).T))]
        assert np.hypot(*(near - centre)) < 35
        assert np.hypot(*(starts - near).T).min() < 0.01
        checked += 1
    assert checked >= 8


def test_the_box_goes_through_the_projected_corners_and_hides_its_back(scene: Scene) -> None:
    camera = seen(scene)
    marks = marks_of(scene, camera, Guides(box=True))
    (projection,) = projections(camera, (640, 480))
    rows = [row for row in marks.rows if row[2][0] == CAPSULE]
    assert len(rows) == 12
    ends = np.array([row[0] for row in rows]).reshape(-1, 2)
    for place in projection.pixels(corners(scene.box)):
        assert (np.hypot(*(ends - place).T) < 1e-6).sum() == 3
    # From a corner three faces are seen; the three edges between the others meet at the corner that is furthest.
    behind = [row for row in rows if row[2][1] == UNDER]
    assert len(behind) == 3
    furthest = projection.pixels(corners(scene.box))[np.argmax(projection.depth(corners(scene.box)))]
    for row in behind:
        assert np.hypot(*(np.array(row[0]).reshape(2, 2) - furthest).T).min() < 1e-6


def test_an_eye_inside_sees_the_box_behind_everything(scene: Scene) -> None:
    centre = scene.box.centre
    camera = Camera(
        position=tuple(centre), focal_point=tuple(centre + np.array([0, 0, 20.0])), view_up=(0, -1, 0), view_angle=150
    )
    marks = marks_of(scene, camera, Guides(box=True, ticks=True))
    assert marks.rows
    assert {row[2][1] for row in marks.rows} == {UNDER}
    assert all(np.isfinite(row[0]).all() for row in marks.rows)
    assert not labels(marks)


@settings(max_examples=80, deadline=None)
@given(st.floats(1e-3, 1e7), st.floats(1, 150), st.booleans(), st.integers(64, 4000), st.integers(64, 4000))
def test_the_scale_bar_is_as_long_as_its_label(
    distance: float, angle: float, orthographic: bool, width: int, height: int
) -> None:
    """Its two ends, put where the focal point is, project as far apart as the bar is drawn."""
    scene = array_scene(np.zeros((2, 2, 2), np.uint8))
    camera = Camera(
        position=(0, 0, -distance), focal_point=(0, 0, 0), view_up=(0, -1, 0), view_angle=angle,
        parallel_scale=distance / 2, projection="orthographic" if orthographic else "perspective",
    )  # fmt: skip
    marks = marks_of(scene, camera, Guides(scale_bar=True), (width, height))
    (bar,) = [row for row in marks.rows if row[2][0] == TRAPEZIUM]
    drawn_px = bar[0][2] - bar[0][0]
    ((text, _),) = labels(marks)
    match = re.fullmatch(r"([0-9.]+) (nm|µm|mm|m)", text)
    assert match, text
    length_um = float(match[1]) * micrometres_per(match[2])
    (projection,) = projections(camera, (width, height))
    ends = projection.pixels(np.array([[0.0, 0, 0], [length_um, 0, 0]]))
    assert drawn_px == pytest.approx(abs(ends[1, 0] - ends[0, 0]), rel=1e-6)
    assert SCALE_BAR_LEAST <= drawn_px / width <= SCALE_BAR_MOST
    assert match[1].rstrip("0").rstrip(".").lstrip("0.")[:1] in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("um", "text"), [(1, "1 µm"), (0.5, "500 nm"), (1000, "1 mm"), (2e5, "200 mm"), (1e6, "1 m"), (2e-4, "0.2 nm")]
)
def test_lengths(um: float, text: str) -> None:
    assert length_text(um) == text


@pytest.mark.parametrize(
    ("time", "step_s", "how", "text"),
    [
        (3, None, "clock", "t = 3"), (0, 30.0, "clock", "00:00:00"), (125, 30.0, "clock", "01:02:30"),
        (3, 0.5, "clock", "00:00:01.5"), (7, 0.01, "clock", "00:00:00.07"), (1000, 0.001, "clock", "00:00:01.000"),
        (3, 0.5, "unit", "1500 ms"), (3, 2.5, "unit", "7.50 s"), (3, 120.0, "unit", "6 min"),
        (3, 7200.0, "unit", "6 h"), (400, 86400.0, "clock", "9600:00:00"), (2, 0.0, "clock", "t = 2"),
    ],
)  # fmt: skip
def test_times(time: int, step_s: float | None, how: Any, text: str) -> None:
    assert time_text(time, step_s, how) == text


def test_both_eyes_get_guides_of_their_own_half(scene: Scene) -> None:
    camera = seen(scene, margin=2.0, stereo="side_by_side")
    marks = marks_of(scene, camera, size=(1280, 480))
    texts = labels(marks)
    left = sorted(text for text, rect in texts if rect[2] <= 640)
    right = sorted(text for text, rect in texts if rect[0] >= 640)
    assert len(left) + len(right) == len(texts)
    assert "t = 0" in left
    assert "t = 0" in right
    for row in marks.rows:
        if row[2][0] == CAPSULE:
            assert (row[0][0] <= 640) == (row[0][2] <= 640) or 640 in (round(row[0][0]), round(row[0][2]))


def test_sizes_follow_the_text_scale_and_large_pictures(scene: Scene) -> None:
    camera = seen(scene)
    small, scaled = (
        marks_of(scene, camera).style,
        marks_of(scene, camera, ALL.model_copy(update={"text_scale": 2.0})).style,
    )
    assert scaled.font_px == 2 * small.font_px
    assert marks_of(scene, camera, size=(2400, 1800)).style.font_px == 2 * small.font_px


def test_a_light_halo_goes_around_dark_marks(scene: Scene) -> None:
    dark = marks_of(scene, seen(scene), ALL.model_copy(update={"color": (0.1, 0.1, 0.1)})).style
    assert dark.halo == (1.0, 1.0, 1.0)
    assert marks_of(scene, seen(scene)).style.halo == (0.0, 0.0, 0.0)


def test_marks_without_a_colour_stand_out_from_the_background() -> None:
    size = (640, 480)
    assert Style.of(Guides(), (1.0, 1.0, 1.0), size).color == pytest.approx([0.0194] * 3, abs=1e-3)
    assert Style.of(Guides(), (0.75, 0.8, 0.9), size).halo == (1.0, 1.0, 1.0)
    assert Style.of(Guides(), (0.0, 0.0, 0.2), size).color == pytest.approx([0.692] * 3, abs=1e-3)
    assert Style.of(Guides(color=(1.0, 1.0, 1.0)), (1.0, 1.0, 1.0), size).color == (1.0, 1.0, 1.0)


def test_nothing_is_over_the_volume_but_what_is_in_front(scene: Scene) -> None:
    layers = {row[2][1] for row in marks_of(scene, seen(scene)).rows}
    assert layers == {UNDER, OVER}


@given(*(st.floats(-500, 700) for _ in range(4)))
def test_lines_are_cut_to_the_picture(x0: float, y0: float, x1: float, y1: float) -> None:
    """Against walking along the line."""
    t = np.linspace(0, 1, 4001)
    x, y = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
    inside = (x >= 10) & (x <= 210) & (y >= 20) & (y <= 120)
    cut = cut_to((10, 20, 200, 100), (x0, y0), (x1, y1))
    if cut is None:
        assert inside.sum() <= 2
        return
    if inside.any():
        step = 1e-6 + max(abs(x1 - x0), abs(y1 - y0)) / 4000
        first, last = np.flatnonzero(inside)[[0, -1]]
        assert cut[0] == pytest.approx((x[first], y[first]), abs=step)
        assert cut[1] == pytest.approx((x[last], y[last]), abs=step)


def test_bars_are_round() -> None:
    (projection,) = projections(Camera(), (640, 480))
    assert f"{bar_length_um(projection):.1e}"[0] in "125"
