"""Where annotations are drawn: on their points, near ones on top, labels beside them and clear of one another."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest

from render.engine.guides import lay_out
from render.engine.guides_points import MOST_DRAWN, shortened
from render.engine.marks import CAPSULE, TEXT
from render.engine.projection import projections
from render.engine.text import TextAtlas
from render.scene.framing import corners, fit
from render.scene.open import Scene
from render.state.annotation import PointAnnotation
from render.state.guides import Guides
from render.state.view import ViewState

from ...gpu.scenes import array_scene

SIZE = (640, 480)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """120 x 90 x 60 um."""
    return array_scene(np.zeros((6, 9, 12), np.uint8), spacing_um=(10.0, 10.0, 10.0))


def point(at: Any, label: str = "", color: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> PointAnnotation:
    position = tuple(map(float, at))
    return PointAnnotation(id=str(uuid.uuid4()), position=position, label=label, color=color, author="a", created_s=0)


def state(scene: Scene, **changes: Any) -> ViewState:
    return ViewState(camera=fit(scene.default_state.camera, corners(scene.box), 4 / 3, 1.4), **changes)


def discs(marks: Any) -> list[tuple[float, float]]:
    """Centres of the discs (without their rings), in the order of painting."""
    strokes = [row for row in marks.rows if row[2][0] == CAPSULE]
    return [row[0][:2] for row in strokes[1::2]]


def test_a_point_is_where_the_camera_sees_it_also_mirrored_and_in_stereo(scene: Scene) -> None:
    at = scene.box.centre + np.array([20.0, -11.0, 7.0])
    for flip in ((False, False, False), (True, False, True)):
        for stereo in ("off", "side_by_side"):
            shown = state(scene, flip=flip)
            shown = shown.model_copy(update={"camera": shown.camera.model_copy(update={"stereo": stereo})})
            seen = scene.box.centre + (at - scene.box.centre) * np.where(flip, -1, 1)
            expected = [tuple(p.pixels(seen[None])[0]) for p in projections(shown.camera, SIZE)]
            found = discs(lay_out(shown, scene, SIZE, TextAtlas(512), [point(at)]))
            assert np.allclose(found, expected, atol=1e-9)


def test_the_nearest_is_painted_last_and_what_is_out_of_view_is_left_out(scene: Scene) -> None:
    shown = state(scene)
    forward = np.subtract(shown.camera.focal_point, shown.camera.position)
    near, far = (np.array(shown.camera.focal_point) + forward * part for part in (-0.1, 0.1))
    behind = np.array(shown.camera.position) - forward
    colors = {"near": (0.0, 1.0, 0.0), "far": (0.0, 0.0, 1.0), "behind": (1.0, 0.0, 0.0)}
    points = [point(near, color=colors["near"]), point(far, color=colors["far"]), point(behind, color=colors["behind"])]
    marks = lay_out(shown, scene, SIZE, TextAtlas(512), points)
    inks = [row[1][:3] for row in marks.rows[1::2]]
    assert inks == [colors["far"], colors["near"]]


def test_labels_stand_beside_their_points_and_touch_nothing(scene: Scene) -> None:
    centre = scene.box.centre
    points = [point(centre + np.array([x, y, 0.0]), f"point {x}, {y}") for x in (-30, 0, 30) for y in (-20, 0, 20)]
    marks = lay_out(state(scene), scene, SIZE, TextAtlas(512), points)
    texts = [row for row in marks.rows if row[2][0] == TEXT]
    assert len(texts) == 9
    held = marks.taken
    for number, a in enumerate(held):
        for b in held[number + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_thousands_of_points_are_drawn_with_as_many_labels_as_there_is_room_for(scene: Scene) -> None:
    rng = np.random.default_rng(1)
    spread = rng.uniform(scene.box.lo, scene.box.hi, (3000, 3))
    atlas = TextAtlas(512)
    marks = lay_out(state(scene), scene, SIZE, atlas, [point(at, f"label {n}") for n, at in enumerate(spread)])
    assert len(discs(marks)) == MOST_DRAWN
    assert 3 < len([row for row in marks.rows if row[2][0] == TEXT]) < 100
    assert atlas.generation == 0


def test_they_can_be_switched_off_and_long_labels_are_cut(scene: Scene) -> None:
    one = [point(scene.box.centre, "x")]
    assert lay_out(state(scene, guides=Guides(annotations=False)), scene, SIZE, TextAtlas(512), one).rows == []
    assert shortened("a" * 40) == "a" * 40
    assert shortened("b" * 41) == "b" * 37 + "..."
    # A label that no atlas could hold is not set.
    marks = lay_out(state(scene), scene, (64, 64), TextAtlas(512), [point(scene.box.centre, "W" * 200)])
    assert [row[2][0] for row in marks.rows] == [CAPSULE, CAPSULE]
