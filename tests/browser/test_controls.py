"""The panel, and what the page says when something is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .conftest import OpenPage
from .server import Server
from .view import View

# So wide that the panel is beside the picture.
WIDE = 780


@pytest.fixture
def view(demo: Server, open_page: OpenPage) -> View:
    view = View(open_page(demo.url, WIDE, 264))
    view.wait_for_picture()
    return view


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean difference of two pictures, in steps of 8 bits."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


def test_switching_a_channel_off_takes_it_out_of_the_picture_and_on_again_brings_it_back(view: View) -> None:
    name = "mitochondria"
    number = next(i for i, channel in enumerate(view.state["layers"][0]["channels"]) if name in channel["name"].lower())
    with_it = view.rest(8)
    switch = f'[role=switch][aria-label="Show {view.state["layers"][0]["channels"][number]["name"]}"]'
    view.page.click(switch)
    view.page.until(f"!probe.view().viewState.layers[0].channels[{number}].visible")
    without = view.rest(8)
    view.page.click(switch)
    view.page.until(f"probe.view().viewState.layers[0].channels[{number}].visible")
    again = view.rest(8)
    assert difference(with_it, without) > 2.0
    # Same seed, one sample more or less.
    assert difference(with_it, again) < difference(with_it, without) / 2


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("shading", "density"), 5e7, "density"),
        (("layers", 0, "channels", 0, "color_map"), "no-such-map", "there is no colour map 'no-such-map'"),
    ],
    ids=["by the server", "by the renderer"],
)
def test_a_change_that_is_refused_is_told_and_taken_back(
    view: View, path: tuple[str | int, ...], value: object, words: str
) -> None:
    before = view.state
    view.patch(*path, value=value)
    view.page.until_text(words)
    # In words for people, in the place that is read out.
    assert words in view.page.js("probe.find('.toasts[role=alert]').textContent")
    said = json.dumps(json.dumps(before, separators=(",", ":"), ensure_ascii=False))
    view.page.until(f"JSON.stringify(probe.view().viewState) === {said}", 4.0)


def choose(view: View, label: str, value: str) -> None:
    """Chooses an option of the panel's select with this label."""
    selector = json.dumps(f'select[aria-label="{label}"]')
    view.page.js(
        f"((select) => {{ select.value = {json.dumps(value)}; "
        "select.dispatchEvent(new Event('change', { bubbles: true })); })"
        f"(probe.find({selector}))"
    )


def test_what_the_panel_makes_the_server_takes(view: View) -> None:
    """Whole lists and nodes that the client puts together itself are valid states."""
    view.page.js(
        "probe.refused = [];"
        "probe.view().addEventListener('hosta-error', ({ detail }) => void probe.refused.push(detail.message))"
    )
    name = view.state["layers"][0]["channels"][0]["name"]
    unfold = "[aria-controls={}]".format
    view.page.click(unfold("layers-0-channels-0"))
    for rule in ("level", "isovalue", "percentile", "auto:otsu"):
        choose(view, f"Rule of the window of {name}", rule)
        view.page.until(f"probe.view().viewState.layers[0].channels[0].rule.kind === {rule.split(':')[0]!r}")
        view.wait_until_drawn(1)
    choose(view, f"Colours of {name}", "-own")
    choose(view, f"Rule of the window of {name}", "manual")
    view.page.click(unfold("layers-0-channels-0-curve"))
    view.page.click(f'[aria-label="Only where values change: {name}"]')
    view.page.click('section[aria-label="Light"] button.add')
    for kind in ("disc", "sphere", "point", "directional", "rectangle", "sphere"):
        choose(view, "Kind of Light 2", kind)
        view.page.until(f"probe.view().viewState.lighting.lights[1].kind === {kind!r}")
        view.wait_until_drawn(1)
    view.page.click(unfold("light-0"))
    view.page.click('[aria-label="Remove Light 1"]')
    for title in ("Camera", "Cut", "Slices"):
        view.page.click(f'[aria-controls="section-{title.lower()}"]')
    view.page.click('section[aria-label="Camera"] [aria-label="Top"]')
    view.page.click('section[aria-label="Cut"] button.add')
    view.page.click('section[aria-label="Cut"] [aria-label="Flip Clip plane 1"]')
    view.page.click('section[aria-label="Slices"] button.add')
    view.page.click('section[aria-label="Slices"] [aria-label="Slice across y"]')
    view.rest(2)  # what is refused late is told by then

    assert view.page.js("probe.refused") == []
    state = view.state
    channel = state["layers"][0]["channels"][0]
    assert channel["rule"] is None
    assert (len(channel["colors"]), len(channel["gradient_curve"])) == (3, 2)
    assert [light["kind"] for light in state["lighting"]["lights"]] == ["sphere"]
    assert state["camera"]["view_up"] == [0, 0, 1]
    # The plane faced the eye, which looks down the world's y; flipped, it cuts what is behind.
    assert state["clip_planes"][0]["normal"] == pytest.approx([0, 1, 0])
    assert (len(state["slices"]["planes"]), state["slices"]["y"]) == (1, 0.5)


@pytest.mark.parametrize("fragment", ["#token=this-is-not-the-token-of-the-server", ""], ids=["wrong", "none"])
def test_without_the_right_token_the_page_says_so_and_opens_once_it_comes(
    demo: Server, open_page: OpenPage, fragment: str
) -> None:
    page = open_page(demo.address + fragment, complains=True)
    page.until_text("This view is locked")
    page.until_text("Open the link with the token that the server printed when it started.")
    assert page.js("probe.view().stats.framesPresented") == 0
    assert fragment.removeprefix("#token=") not in page.js("location.href") or not fragment
    page.js(f"void (location.hash = new URL({demo.url!r}).hash)")
    View(page).wait_for_picture()
    assert page.js("location.href") == demo.address
