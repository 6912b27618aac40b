"""The list of segments: found on the real server by id and name, isolated, highlighted; ids beyond 2^53 stay exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from .chromium import Chromium
from .conftest import OpenPage
from .server import Server
from .view import View

FIRST = 2**60 + 1  # of synthetic:ids; doubles are 256 apart there
WIDE = 780
LIST = "probe.find('hosta-segments').shadowRoot"


@pytest.fixture(scope="module")
def server(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    table = tmp_path_factory.mktemp("table") / "names.csv"
    table.write_text(f"id,name,color\n{FIRST + 20},right nucleus,ff0000\n{FIRST + 21},left nucleus,0000ff\n")
    server = Server("serve", "--labels", "synthetic:ids?size=32&cube=8", "--table", str(table))
    yield server
    assert server.close() == 0


@pytest.fixture
def view(server: Server, open_page: OpenPage) -> View:
    view = View(open_page(server.url, WIDE, 264))
    view.wait_for_picture()
    return view


def search(view: View, text: str, count: int) -> list[str]:
    """Types into the field; what the rows are called, once there are so many."""
    view.page.js(
        f"(() => {{ const field = {LIST}.querySelector('[role=searchbox]'); field.value = {text!r};"
        " field.dispatchEvent(new Event('input')); })()"
    )
    view.page.until(f"{LIST}.querySelectorAll('li').length === {count}")
    return list(view.page.js(f"[...{LIST}.querySelectorAll('li .title')].map((one) => one.textContent)"))


def lit(picture: np.ndarray) -> float:  # type: ignore[type-arg]
    return float((picture.max(axis=-1) > 60).mean())


def test_a_segment_is_found_by_its_id_and_isolated(view: View) -> None:
    everything = lit(view.rest(4))
    wanted = FIRST + 2
    assert search(view, "", 50)[:2] == [str(FIRST), str(FIRST + 1)]
    view.page.until_text("of 64")
    assert search(view, str(wanted), 1) == [str(wanted)]
    view.page.click(f'[aria-label^="Only {wanted} "]')
    view.page.until(f"probe.view().viewState.layers[0].listed[0] === '{wanted}'")
    alone = lit(view.rest(5))
    assert view.state["layers"][0]["listed"] == [str(wanted)]
    assert view.state["layers"][0]["shown"] == "listed"
    # Of 64 balls one is left; its neighbours, which to a double are the same number, would be more.
    assert 0.0 < alone < everything / 8
    view.page.click('[aria-label^="Show all segments"]')
    view.page.until("probe.view().viewState.layers[0].shown === 'all'")
    assert lit(view.rest(4)) == pytest.approx(everything, rel=0.1)


def test_names_and_colours_are_those_of_the_table_and_rows_answer_to_keys(view: View) -> None:
    assert search(view, "NUCLEUS", 2) == ["right nucleus", "left nucleus"]
    colors = view.page.js(f"[...{LIST}.querySelectorAll('input[type=color]')].map((one) => one.value)")
    assert colors == ["#ff0000", "#0000ff"]
    eye = f"Hide left nucleus, {FIRST + 21},"
    view.page.js(f"{LIST}.querySelector('li button').focus()")
    view.page.until(f"probe.view().viewState.layers[0].highlight.ids[0] === '{FIRST + 20}'")
    view.page.js(
        f"{LIST}.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: 'ArrowDown', bubbles: true}}))"
    )
    view.page.until(f"{LIST}.activeElement.getAttribute('aria-label').startsWith('{eye}')")
    view.page.until(f"probe.view().viewState.layers[0].highlight.ids[0] === '{FIRST + 21}'")
    view.page.js(f"{LIST}.activeElement.click()")
    view.page.until(f"probe.view().viewState.layers[0].listed[0] === '{FIRST + 21}'")
    assert view.state["layers"][0]["shown"] == "except"
