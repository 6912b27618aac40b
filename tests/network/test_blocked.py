"""A firewall lets no UDP through: the page is soon on the picture over its WebSocket."""

from __future__ import annotations

import time

from tests.browser.view import View

from .lab import Lab
from .link import UDP

LIMIT_S = 4.0


def test_without_udp_the_picture_comes_over_the_websocket(lab: Lab, chromium_program: str) -> None:
    server = lab.server("serve", "synthetic:cell")
    browser = lab.chromium(chromium_program)
    page = browser.page("about:blank", 320, 284)
    lab.shape(delay_ms=10, blocked=(UDP,))

    started_s = time.monotonic()
    page.go(server.url)
    view = View(page)
    view.wait_for_picture(15.0)
    took_s = time.monotonic() - started_s

    page.until("probe.view().state === 'connected'", 5.0)
    assert view.stats["transport"] == "websocket"
    assert lab.shape()["up"]["dropped"] > 0  # WebRTC was tried
    assert took_s <= LIMIT_S
    view.patch("camera", "view_angle", value=100)
    page.until("probe.view().stats.frame?.sequence > 0", 5.0)
    assert page.problems == []

    # It is remembered: a page that is opened again does not wait.
    started_s = time.monotonic()
    page.go("about:blank")
    page.go(server.url)
    View(page).wait_for_picture(15.0)
    assert time.monotonic() - started_s < took_s
