"""The camera of `hosta frame`: of which scene and state it shows how much."""

from __future__ import annotations

import math

import numpy as np
import pytest

from render.commands.frame_state import Choices, chosen_state
from render.scene.framing import VIEWS, axes, corners, zoom
from render.scene.open import open_scene
from render.state.guides import Guides

CELL = "synthetic:cell?size=32"


def test_each_eye_sees_all_of_it() -> None:
    """In half of a wide picture as in the whole of a 4:3 one."""
    scene = open_scene([CELL])
    base = scene.default_state
    wide = chosen_state(scene, base, Choices(stereo=True), 8 / 3).camera
    assert wide == base.camera.model_copy(update={"stereo": "side_by_side"})
    narrow = chosen_state(scene, base, Choices(stereo=True), 4 / 3).camera
    assert narrow.distance == pytest.approx(2 * base.camera.distance)
    own = base.model_copy(update={"camera": zoom(base.camera, 1.5)})  # somebody chose it
    assert chosen_state(scene, own, Choices(stereo=True), 4 / 3).camera.distance == own.camera.distance
    scene.close()


@pytest.mark.parametrize("guides", [{"box": True}, {"box": True, "ticks": True}, {"ticks": True}, {"axes": True}])
def test_the_box_is_in_the_picture_where_guides_draw_it(guides: dict[str, bool]) -> None:
    scene = open_scene([CELL])
    base = scene.default_state.model_copy(update={"guides": Guides(**guides)})
    for view in (None, *VIEWS):
        plain = chosen_state(scene, scene.default_state, Choices(view=view), 1.5).camera
        camera = chosen_state(scene, base, Choices(view=view), 1.5).camera
        forward, right, up = axes(camera)
        np.testing.assert_allclose(forward, axes(plain)[0], atol=1e-12)
        to = corners(scene.box) - camera.position
        half = math.tan(math.radians(camera.view_angle / 2)) * (to @ forward)
        reach = max(np.abs(to @ right / half / 1.5).max(), np.abs(to @ up / half).max())
        if guides.keys() == {"axes"}:
            assert camera == plain
        else:
            assert 0.6 < reach < (0.9 if "ticks" in guides else 0.99)
    placed = chosen_state(scene, base, Choices(placed=True), 1.5).camera
    assert placed == scene.default_state.camera
    scene.close()
