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


def difference(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
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
