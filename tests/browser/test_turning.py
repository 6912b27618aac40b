"""A hand on the picture: what faces the viewer follows the drag, and each frame says which camera it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .chromium import Chromium
from .conftest import OpenPage
from .server import Server
from .view import View, centroid

SIDE = 48
RED, GREEN = 0, 1
DRAG_PX = 32


@pytest.fixture(scope="module")
def balls(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two balls on a line along z: the near one, at low z, green, the far one magenta, as the default colours are."""
    z, y, x = np.indices((SIDE, SIDE, SIDE)) - (SIDE - 1) / 2
    near, far = ((z - at) ** 2 + y**2 + x**2 < 5.0**2 for at in (-17.0, 17.0))
    path: Path = tmp_path_factory.mktemp("balls") / "balls.npy"
    np.save(path, np.stack([near, far]).astype(np.uint8) * 255)
    server = Server("serve", str(path))
    yield server
    print(server.log())
    assert server.close() == 0


@pytest.fixture
def view(balls: Server, open_page: OpenPage) -> View:
    view = View(open_page(balls.url))
    view.wait_for_picture()
    return view


def positions(view: View) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Where the near and the far ball are, ((x, y), (x, y)) in pixels."""
    picture = view.rest(6)
    return np.array([centroid(picture, GREEN, RED), centroid(picture, RED, GREEN)])


@pytest.mark.parametrize(("dx", "dy", "axis"), [(DRAG_PX, 0, 0), (0, DRAG_PX, 1), (-DRAG_PX, 0, 0)])
def test_what_is_near_follows_the_drag_and_what_is_far_goes_the_other_way(
    view: View, dx: int, dy: int, axis: int
) -> None:
    before = positions(view)
    camera = view.camera
    view.drag(dx, dy)
    moved = positions(view) - before
    sign = np.sign(dx + dy)
    assert moved[0, axis] * sign > 8
    assert moved[1, axis] * sign < -4

    turned = view.camera
    away = np.subtract(turned["position"], turned["focal_point"])
    was = np.subtract(camera["position"], camera["focal_point"])
    assert turned["focal_point"] == camera["focal_point"]
    assert np.linalg.norm(away) == pytest.approx(np.linalg.norm(was))
    right = np.cross(-was, camera["view_up"])
    if axis == 0:  # a hand that pulls the near side to the right looks from farther left
        assert float(away @ right) * sign < 0
    else:  # view_up of the page's camera points up in the picture
        up = np.cross(right, -was)
        assert float(away @ up) * sign > 0


def test_the_number_of_each_camera_comes_back_with_its_frame(view: View) -> None:
    assert view.stats["cameraSeqSent"] == 0
    view.drag(30, 20)
    view.page.until("probe.view().stats.cameraSeqSent > 0")
    view.page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent")
    stats = view.stats
    assert stats["frame"]["camera_seq"] == stats["cameraSeqSent"]
    assert len(stats["latencyMs"]) > 0
    assert all(0 < latency < 10_000 for latency in stats["latencyMs"])
