"""A click says what is there and puts a point there, which everybody sees, also after the server was killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from .conftest import OpenPage
from .server import Server
from .view import View

SCENE = "synthetic:cell?size=32"


@pytest.fixture
def start(chromium: object, tmp_path: Path) -> Iterator[Any]:
    servers: list[Server] = []

    def one() -> Server:
        servers.append(Server("serve", SCENE, "--data-dir", str(tmp_path / "data")))
        return servers[-1]

    yield one
    for server in servers:
        print(server.log())
        server.close()


def annotations(view: View) -> list[dict[str, Any]]:
    return list(view.page.js("probe.view().annotations"))


def click(view: View, part_x: float, part_y: float) -> tuple[int, int]:
    """Clicks on a part of the picture, in pixels of it."""
    left, top, width, height = view.stage()
    x, y = left + width * part_x, top + height * part_y
    view.page.mouse("mouseMoved", x, y)
    view.page.mouse("mousePressed", x, y, pressed=True)
    view.page.mouse("mouseReleased", x, y)
    return round(width * part_x), round(height * part_y)


def mark(picture: NDArray[np.uint8], at: tuple[int, int]) -> float:
    """How much brighter the ring of a point about a pixel is than what is around it, steps of 8 bits."""
    x, y = at
    box = picture[y - 20 : y + 21, x - 20 : x + 21].mean(axis=2)
    away = np.hypot(*(np.indices(box.shape) - 20))
    return float(box[away < 6].mean() - box[(away > 10) & (away < 18)].mean())


def test_a_click_puts_a_point_that_others_see_and_a_killed_server_still_has(start: Any, open_page: OpenPage) -> None:
    server = start()
    one = View(open_page(server.url, complains=True))  # of the server that is killed
    one.wait_for_picture()
    before = one.rest(4)
    joined = one.page.js("probe.view().client.hello.view")
    two = View(open_page(server.url.replace("/#", f"/?view={joined}#"), complains=True))
    two.wait_for_picture()

    # What is there: the same that the server would pick for the middle of that pixel.
    one.page.click('[aria-label="What is there?"]')
    left, top, width, height = one.stage()
    one.page.mouse("mouseMoved", left + width / 2, top + height / 2)
    one.page.until("!!probe.find('.readout dl')")  # what is under the pointer
    assert "Focus here" not in one.page.text()
    at = click(one, 0.5, 0.5)
    one.page.until_text("Focus here")
    said = one.page.text()
    # To the voxel in the table, and the channel that was met.
    picked = one.page.js("probe.view().pick(0.5, 0.5)")
    assert ", ".join(map(str, picked["layers"][0]["finest_zyx"])) in said
    assert picked["layers"][0]["channels"][picked["channel"]]["name"] in said
    assert picked["layers"][0]["channels"][0]["exact"] in said

    # Into focus.
    one.page.js("[...probe.elements()].find((e) => e.textContent === 'Focus here').click()")
    one.page.until(f"Math.abs(probe.view().camera.focus_distance - {picked['focus_um']}) < 1e-6")
    assert one.camera["aperture"] > 0
    one.page.js("void (probe.view().camera = { ...probe.view().camera, aperture: 0, focus_distance: null })")

    # A point there.
    one.page.click('[aria-label="Put a point"]')
    click(one, 0.5, 0.5)
    one.page.until("probe.view().annotations.length === 1")
    (point,) = annotations(one)
    assert point["position"] == pytest.approx(picked["position_um"], abs=1e-9)
    one.page.until("!probe.find('.readout input').disabled")
    one.page.js(
        "((input) => { input.value = 'here'; input.dispatchEvent(new Event('change')); })(probe.find('.readout input'))"
    )
    two.page.until("probe.view().annotations[0]?.label === 'here'")
    bare = mark(before, at)
    assert mark(two.rest(6), at) > bare + 40
    # A drag turns the picture as ever, and puts no point.
    one.drag(40, 10)
    assert len(annotations(one)) == 1

    server.kill()
    again = start()
    three = View(open_page(again.url))
    three.wait_for_picture(60.0)
    three.page.until("probe.view().annotations.length === 1")
    assert annotations(three) == [{**point, "label": "here"}]
    assert mark(three.rest(4), at) > bare + 40
    three.patch("guides", "annotations", value=False)
    assert mark(three.rest(6), at) < bare + 20
    three.page.js(f"void probe.view().deleteAnnotation({json.dumps(point['id'])})")
    three.page.until("probe.view().annotations.length === 0")
