"""Two pages of one view: names, pointers, steering, a camera of one's own and the way back, and the link to it all."""

from __future__ import annotations

import json
from typing import Any

from .conftest import OpenPage
from .server import Server
from .view import View

FOLLOWED_S = 20.0
NAME = "<i>Ada</i> Lovelace"


def camera_x(view: View) -> float:
    return float(view.camera["position"][0])


def face(view: View, which: int) -> str:
    """The letters in the n-th round picture of the bar."""
    return str(view.page.js(f"probe.find('.faces').querySelectorAll('.face text')[{which}].textContent"))


def cursor(view: View) -> list[float]:
    """Where the other's pointer is on the page, once it has come to rest there."""
    script = "(() => { const {x, y} = probe.find('.cursor').getBoundingClientRect(); return [x, y]; })()"
    return list(view.page.js(script))


def test_two_pages_share_a_view(demo: Server, open_page: OpenPage) -> None:
    one = View(open_page(demo.url, 600, 300))
    one.wait_for_picture()
    one.page.js("navigator.clipboard.writeText = (text) => { globalThis.copied = text; return Promise.resolve(); }")
    one.page.click("button.share")
    link = one.page.until("globalThis.copied")
    one.page.until_text("The link holds the server's token")
    assert link.startswith(demo.address + "?view=")
    assert link.partition("#")[2] == demo.url.partition("#")[2]

    two = View(open_page(link, 600, 300))
    two.wait_for_picture()
    assert "token" not in two.page.js("location.href")
    for view in (one, two):
        view.patch("samples", value=1)  # what counts here is not the picture
    one.page.until("probe.view().client.people.list.length === 2")

    # A name, which is a text and nothing else, and a pointer at its place in the picture.
    one.page.click(".faces")
    one.page.js(f"probe.find('.card input').value = {json.dumps(NAME)}")
    one.page.js("probe.find('.card input').dispatchEvent(new Event('change'))")
    two.page.until(
        f"probe.find('.faces').nextElementSibling && probe.view().client.people.list[0].name === {json.dumps(NAME)}"
    )
    assert [face(two, 0), face(two, 1)] == ["<L", "G2"]
    one.page.click(".faces")
    left, top, width, height = one.stage()
    at = left + 0.25 * width, top + 0.75 * height
    one.page.mouse("mouseMoved", *at)
    two.page.until("probe.find('.cursor text').textContent.length > 0")
    assert two.page.js("probe.find('.cursor text').textContent") == NAME
    two.page.until(f"Math.abs(probe.find('.cursor').getBoundingClientRect().x - {at[0]}) < 2")
    assert abs(cursor(two)[1] - at[1]) < 2
    assert one.page.js("probe.attempt(() => probe.find('.cursor'))") is None  # not one's own

    # Who turns the view steers; the other's hand moves nothing until it takes the steering.
    one.drag(60, 0)
    two.page.until_text(f"{NAME} steers")
    two.page.until(f"Math.abs(probe.view().camera.position[0] - {camera_x(one)}) < 1e-6")
    before = camera_x(two)
    two.drag(-80, 0)
    assert camera_x(two) == before
    two.page.click(".hint button")
    two.page.until_text("You steer")
    one.page.until_text("Guest 2 steers")
    two.drag(-80, 0)
    assert camera_x(two) != before
    one.page.until(f"Math.abs(probe.view().camera.position[0] - {camera_x(two)}) < 1e-6", FOLLOWED_S)
    shared = camera_x(two)

    # A camera of one's own, and back.
    two.page.click('[aria-label="Look around with a camera of your own"]')
    two.page.until_text("Your own camera")
    frames = two.stats["framesPresented"]
    two.drag(120, 40)
    two.wait_for_picture(after=frames + 1)
    assert camera_x(one) == shared
    assert camera_x(two) != shared
    two.page.click('[aria-label="Follow the others again"]')
    two.page.until(f"Math.abs(probe.view().camera.position[0] - {shared}) < 1e-6")
    two.page.until("probe.view().client.people.follows")
    facts: dict[str, Any] = {}
    for view in (one, two):
        view.page.until("probe.view().stats.cameraSeqShown === probe.view().stats.cameraSeqSent")
        facts[view.page.js("probe.view().client.hello.view")] = view.state["camera"]
    assert len(facts) == 1
