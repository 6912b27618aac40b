"""The camera of `hosta frame`: of which scene and state it shows how much."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from render.commands.frame_state import Choices, chosen_state
from render.scene.framing import VIEWS, axes, corners, zoom
from render.scene.open import Scene, open_scene
from render.state.guides import Guides


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A blob in a box that is a good deal larger."""
    z, y, x = np.mgrid[:20, :24, :32]
    blob = np.exp(-((z - 9) ** 2 + (y - 14) ** 2 + (x - 15) ** 2) / 18.0)
    np.save(tmp_path / "blob.npy", (blob * 60_000).astype(np.uint16))
    with closing(open_scene([str(tmp_path / "blob.npy")])) as opened:
        yield opened


def test_each_eye_sees_all_of_it(scene: Scene) -> None:
    """In half of a wide picture as in the whole of a 4:3 one."""
    base = scene.default_state
    wide = chosen_state(scene, base, Choices(stereo=True), 8 / 3).camera
    assert wide == base.camera.model_copy(update={"stereo": "side_by_side"})
    narrow = chosen_state(scene, base, Choices(stereo=True), 4 / 3).camera
    assert narrow.distance == pytest.approx(2 * base.camera.distance)
    own = base.model_copy(update={"camera": zoom(base.camera, 1.5)})  # somebody chose it
    assert chosen_state(scene, own, Choices(stereo=True), 4 / 3).camera.distance == own.camera.distance


@pytest.mark.parametrize("guides", [{"box": True}, {"box": True, "ticks": True}, {"ticks": True}, {"axes": True}])
def test_the_box_is_in_the_picture_where_guides_draw_it(scene: Scene, guides: dict[str, bool]) -> None:
    base = scene.default_state.model_copy(update={"guides": Guides(**guides)})
    for view, turn in itertools.product((None, *VIEWS), (0.0, 30.0)):
        choices = Choices(view=view, azimuth=turn, elevation=turn / 2)
        plain = chosen_state(scene, scene.default_state, choices, 1.5).camera
        camera = chosen_state(scene, base, choices, 1.5).camera
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
