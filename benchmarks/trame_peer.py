"""The test picture in a trame-rca application: what benchmarks/stream_vs_trame.py sets Hosta against.

    python -m benchmarks.trame_peer --port PORT --size 640x480 [--quality 60] [--fps 60] [--encoder jpeg]

An event of the page has the number of the picture to show, which is drawn at once.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray
from trame.app import get_server
from trame.ui.html import DivLayout
from trame.widgets import html
from trame_rca.widgets import rca

from render.commands.frame_options import parse_size
from render.worker.test_picture import NUMBERS, picture

NAME = "area"


class Area:
    """What trame-rca shows: trame_rca.rca.RemoteControlledAreaProtocol."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._number = 0

    @property
    def img_cols_rows(self) -> tuple[NDArray[np.uint8], int, int]:
        return picture(self._number, *self._size), *self._size

    def process_resize_event(self, width: int, height: int) -> None:
        """The picture's size is that of the benchmark, whatever the page's layout."""

    def process_interaction_event(self, event: dict[str, Any]) -> None:
        if "number" in event:
            self._number = int(event["number"]) % NUMBERS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--size", type=parse_size, required=True)
    parser.add_argument("--quality", type=int, default=60, help="of the pictures while they move")
    parser.add_argument("--fps", type=float, default=60.0, help="most frames a second")
    parser.add_argument("--encoder", default="jpeg", help="jpeg, turbo-jpeg, webp")
    options, _ = parser.parse_known_args()
    server = get_server("stream_vs_trame")
    width, height = options.size
    area = Area(width, height)
    with (
        DivLayout(server),
        html.Div(style=f"position: fixed; left: 0; top: 0; width: {width}px; height: {height}px"),
    ):
        view = rca.RemoteControlledArea(name=NAME, display="image", send_mouse_move=True)

    @server.controller.add("on_server_ready")  # type: ignore[untyped-decorator]
    def ready(**_: Any) -> None:
        view.create_view_handler(
            area,
            encoder=options.encoder,
            target_fps=options.fps,
            interactive_quality=options.quality,
            still_quality=90,
        )

    server.start(port=options.port, host="127.0.0.1", open_browser=False, show_connection_info=False, timeout=0)


if __name__ == "__main__":
    main()
