"""Both ways to the server: the same picture by each of them, the fallback, and a connection that dies silently."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from .chromium import Chromium, find_chromium
from .conftest import OpenPage
from .relay import Relay
from .server import Server
from .view import REPEATED_S, REST_S, View, luma, psnr_db

SAMPLES = 8
# What a firewall does that lets no UDP through: WebRTC gets no address of its own.
NO_UDP = ("--webrtc-ip-handling-policy=disable_non_proxied_udp",)
FALLEN_BACK_MS = 4000
POINT = {
    "kind": "point",
    "id": "6f1d2c1e-7a52-4c0e-9a8e-0c3f5a1b2d4e",
    "position": [1.0, 1.0, 1.0],
    "label": "cut",
    "color": [1.0, 0.5, 0.0],
    "segment": None,
}


def asking(server: Server, **wishes: str) -> str:
    """The page's address with wishes in its query."""
    query = "&".join(f"{name}={value}" for name, value in wishes.items())
    return server.url.replace("#", f"?{query}#", 1)


def line_feedback(server: Server) -> float:
    """How often the server was told by RTCP when packets came."""
    headers = {"authorization": f"Bearer {server.url.partition('#token=')[2]}"}
    answer = httpx.get(f"{server.address}metrics", headers=headers, trust_env=False)
    (line,) = (line for line in answer.text.splitlines() if line.startswith("hosta_line_feedback_total "))
    return float(line.split()[1])


def rested(view: View, transport: str, encoding: str) -> NDArray[np.uint8]:
    """The picture at rest, once it comes by this way in this encoding."""
    view.page.until(
        f"probe.view().stats.transport === '{transport}' && probe.view().stats.encoding === '{encoding}'"
        f" && probe.atRest({SAMPLES})",
        REST_S,
    )
    time.sleep(REPEATED_S)
    return view.page.picture()


def test_the_picture_is_the_same_by_every_way_and_in_every_encoding(demo: Server, open_page: OpenPage) -> None:
    view = View(open_page(asking(demo, transport="webrtc")))
    view.wait_for_picture()
    view.rest(SAMPLES)
    webrtc = rested(view, "webrtc", "h264")
    assert webrtc.std() > 20  # there is something to compare
    assert line_feedback(demo) > 0, "Chromium numbers and reports packets"
    view.page.js("void (probe.view().transport = 'websocket')")
    for encoding in ("h264", "h264_444", "vp8", "jpeg", "webp"):
        view.page.js(f"void (probe.view().encoding = '{encoding}')")
        picture = rested(view, "websocket", encoding)
        assert picture.shape == webrtc.shape, encoding
        # Brightness has none of the differences in the resolution of the chroma.
        assert psnr_db(luma(picture), luma(webrtc)) > 33.0, encoding
        # A wrong matrix or range of colours moves whole surfaces by far more.
        assert np.abs(picture.mean((0, 1)) - webrtc.mean((0, 1))).max() < 1.0, encoding
    assert psnr_db(luma(np.roll(webrtc, (1, 1), (0, 1))), luma(webrtc)) < 30.0


def test_a_drag_is_shown_and_timed_over_a_websocket(demo: Server, open_page: OpenPage) -> None:
    view = View(open_page(asking(demo, transport="websocket", encoding="h264")))
    view.wait_for_picture()
    view.patch("samples", value=SAMPLES)
    before = view.page.picture()
    view.drag(60, 20)
    view.page.until("probe.view().stats.cameraSeqSent > 0")
    view.page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent")
    stats = view.stats
    assert stats["transport"] == "websocket"
    assert all(0 < latency < 10_000 for latency in stats["latencyMs"])
    assert stats["decodeMs"] > 0
    assert np.any(view.page.picture() != before)
    view.page.click("[aria-label=Statistics]")
    view.page.until_text("Send and wait")


@pytest.fixture
def behind_a_firewall(chromium: Chromium) -> Iterator[Chromium]:
    program = find_chromium()
    assert program is not None
    browser = Chromium(program, NO_UDP)
    yield browser
    browser.close()


def test_where_no_udp_passes_a_websocket_is_taken_soon_and_at_once_the_next_time(
    demo: Server, behind_a_firewall: Chromium
) -> None:
    page = behind_a_firewall.page(demo.url, 320, 284)
    view = View(page)
    page.until("probe.view().state === 'connected'", 15.0)
    assert page.js("performance.now()") < FALLEN_BACK_MS + 1000  # the question itself takes time on a busy machine
    assert page.js("probe.view().stats.transport") == "websocket"
    view.wait_for_picture()
    page.js("void (globalThis.began = performance.now(), probe.view().connect())")
    page.until("probe.view().state !== 'connected'")
    page.until("probe.view().state === 'connected'")
    assert page.js("performance.now() - began") < 1500
    assert page.js("probe.view().stats.transport") == "websocket"
    # Who asks for WebRTC gets it, or nothing.
    page.js("void (probe.view().transport = 'webrtc')")
    time.sleep(FALLEN_BACK_MS / 1000)
    assert page.js("[probe.view().state, probe.view().stats.transport]") == ["reconnecting", "webrtc"]
    assert page.problems == []
    page.close()


def test_a_refused_websocket_says_why(demo: Server, open_page: OpenPage) -> None:
    page = open_page(demo.address + "?transport=websocket")
    page.until_text("Open the link with the token that the server printed when it started.")
    page = open_page(asking(demo, transport="websocket", view="gone"))
    page.until_text("there is no such view any more")


def test_a_wish_that_there_is_not_is_told(demo: Server, open_page: OpenPage) -> None:
    page = open_page(asking(demo, transport="pigeon"))
    page.until_text('There is no transport "pigeon"; the address may name auto, webrtc, websocket.')


def test_a_dead_socket_is_noticed_and_what_was_done_meanwhile_is_not_lost(demo: Server, open_page: OpenPage) -> None:
    relay = Relay(urlsplit(demo.url).port or 0)
    port = str(urlsplit(demo.url).port)
    view = View(open_page(asking(demo, transport="websocket").replace(port, str(relay.port), 1), complains=True))
    view.wait_for_picture()
    view.patch("samples", value=SAMPLES)
    view.drag(40, 10)
    view.page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent")
    watched = "new Promise((done) => probe.view().addEventListener('hosta-connected', (e) => done(e.detail.view)))"
    view.page.js(f"void (globalThis.again = {watched})")
    shown = view.stats["framesPresented"]

    relay.cut()
    view.patch("layers", 0, "channels", 0, "visible", value=False)
    view.page.js(f"probe.view().annotate({json.dumps(POINT)})")
    view.drag(-20, 30)
    camera = view.camera
    began_s = time.monotonic()
    view.page.until("probe.view().state === 'reconnecting'", 8.0)
    assert time.monotonic() - began_s < 6.0
    relay.heal()

    view.page.until("probe.view().state === 'connected'", 15.0)
    view.wait_for_picture(after=shown)
    view.page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent")
    assert view.camera == camera
    assert view.state["layers"][0]["channels"][0]["visible"] is False
    view.page.until("probe.view().annotations.filter((point) => point.label === 'cut').length === 1")
    # Another client that comes to the same view sees the same.
    name = view.page.js("again")
    other = View(open_page(asking(demo, view=name, transport="websocket")))
    other.wait_for_picture()
    assert other.state["layers"][0]["channels"][0]["visible"] is False
    assert other.camera == camera
    view.page.js(f"probe.view().deleteAnnotation('{POINT['id']}')")
    view.page.until("probe.view().annotations.every((point) => point.label !== 'cut')")
    relay.close()
