"""One Chromium and one server for all browser tests; a page, in a profile of its own, for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from render.resources import client_dir

from .chromium import Chromium, Page, find_chromium
from .server import Server
from .view import View

OpenPage = Callable[..., Page]


SESSION_GONE = re.compile(r"404 \(Not Found\) \S+/api/v1/whep/\S+$")
"""The server may notice a closed connection before it is told; the browser complains that it knows it no more."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is on the PATH, and HOSTA_CHROMIUM names none")
    if client_dir() is None:
        pytest.skip("the client is not built; ./hosta test builds it")
    browser = Chromium(program)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def demo_server(chromium: Chromium) -> Iterator[Server]:
    """The demo, as `hosta demo --no-browser` serves it. (After Chromium: where there is none, nothing starts.)"""
    server = Server("demo", "--no-browser")
    yield server
    assert server.close() == 0


@pytest.fixture
def demo(demo_server: Server) -> Iterator[Server]:
    """The demo's server; what it has logged stands beside a test that fails."""
    yield demo_server
    print(demo_server.log())


@pytest.fixture
def open_page(chromium: Chromium) -> Iterator[OpenPage]:
    """Opens a page on a URL; `complains` for one on which the browser will log errors. Else there must be none."""
    pages: list[tuple[Page, bool]] = []

    def open_one(url: str, width: int = 320, height: int = 284, complains: bool = False) -> Page:
        page = chromium.page(url, width, height)
        pages.append((page, complains))
        return page

    yield open_one
    problems = [
        problem
        for page, complains in pages
        if not complains
        for problem in page.problems
        if not SESSION_GONE.search(problem)
    ]
    for page, _ in pages:
        page.close()
    assert problems == []


@pytest.fixture
def view(demo: Server, open_page: OpenPage) -> View:
    """The demo's view with a first picture, 320 x 240 pixels."""
    view = View(open_page(demo.url))
    view.wait_for_picture()
    return view
