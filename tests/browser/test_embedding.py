"""A view in a page of another origin: it works where the server was told of the page, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from .chromium import Chromium, Page
from .server import Server
from .view import View

PAGE = """<!doctype html><meta charset="utf-8"><title>A notebook</title><link rel="icon" href="data:,">
<script type="module" src="{address}hosta-view.js"></script>
<hosta-view src="{address}" token="{token}" style="display: block; width: 160px; height: 120px"></hosta-view>
"""


class Notebook:
    """A server of one page. Its port makes it another origin than that of the server whose view it embeds."""

    def __init__(self) -> None:
        notebook = self
        self.page = ""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = notebook.page.encode()
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture(scope="module")
def server_and_notebooks(chromium: Chromium) -> Iterator[tuple[Server, Notebook, Notebook]]:
    """Two notebooks with the same page; the server whose view is in it was told of the first one alone."""
    listed, other = Notebook(), Notebook()
    server = Server("serve", "synthetic:axes?size=32", "--allow-origin", listed.origin)
    listed.page = other.page = PAGE.format(address=server.address, token=server.url.partition("#token=")[2])
    yield server, listed, other
    listed.close()
    other.close()
    assert server.close() == 0


def test_a_listed_page_shows_the_view(
    server_and_notebooks: tuple[Server, Notebook, Notebook], open_page: Callable[..., Page]
) -> None:
    _, listed, _ = server_and_notebooks
    view = View(open_page(listed.origin))
    view.wait_for_picture()
    picture = view.rest(4)
    assert picture.shape[:2] == (120, 160)
    assert np.ptp(picture) > 60  # there is something to see
    before = view.camera
    view.drag(30, 0)
    assert view.camera != before


def test_another_page_gets_nothing(
    server_and_notebooks: tuple[Server, Notebook, Notebook], open_page: Callable[..., Page]
) -> None:
    server, _, other = server_and_notebooks
    page = open_page(other.origin, complains=True)
    page.until("document.readyState === 'complete'")
    for path in ("api/v1/config", "hosta-view.js", ""):
        ask = f"fetch('{server.address}{path}').then(() => 'read', (error) => error.name)"
        assert page.js(ask) == "TypeError"
    assert page.js("customElements.get('hosta-view') === undefined") is True
