"""Several streams measured in turn, round after round, so that what else the machine does meets all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from .chromium import Chromium, Page, find_chromium
from .stream import SCRIPT, Run, Server, conditions, figures, run, show

ENCODINGS = ("h264", "h264_444", "vp8", "jpeg", "webp")
WARM_UP_S = 1.0
MARGIN_PX = 64


@dataclass(frozen=True)
class Load:
    """What is streamed and how; without a `scene` it is the test picture."""

    scene: tuple[str, ...]
    width: int
    height: int
    transport: str
    encoding: str

    @property
    def name(self) -> str:
        return " ".join(self.scene) or "test picture"

    def __str__(self) -> str:
        return f"{self.name}, {self.width}x{self.height}, {self.transport}"


def open_page(browser: Chromium, server: Server, load: Load) -> Page:
    """Hosta's page with nothing but the picture of a load, ready to be measured. Raises HostaError."""
    address, _, fragment = server.url.partition("#")
    query = urlencode({"transport": load.transport, "encoding": load.encoding})
    url = f"{address}?{query}#{fragment}"
    page = browser.page(url, load.width + MARGIN_PX, load.height + MARGIN_PX, [SCRIPT])
    show(page, load.width, load.height)
    return page


def measure_all(loads: Sequence[Load], seconds: float, rounds: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """The figures of all loads, `rounds` runs of `seconds` each. Raises HostaError."""
    program = find_chromium()
    runs: dict[Load, list[Run]] = {load: [] for load in loads}
    device = ""
    with ExitStack() as stack:
        browser = stack.enter_context(closing(Chromium(program)))
        scenes = dict.fromkeys(load.scene for load in loads)
        servers = {scene: stack.enter_context(closing(_server(scene))) for scene in scenes}
        for number in range(rounds):
            for load in loads:
                progress(f"round {number + 1} of {rounds}: {load}")
                server = servers[load.scene]
                with closing(open_page(browser, server, load)) as page:
                    send = "bench.turn" if load.scene else "bench.look"
                    run(page, send, WARM_UP_S, server.pid, browser.pid)
                    runs[load].append(run(page, send, seconds, server.pid, browser.pid))
                    device = str(page.js("document.querySelector('hosta-view').device.name"))
        version = browser.version
    return {
        "browser": version,
        "device": device,
        "machine": conditions(),
        "seconds": seconds,
        "rounds": rounds,
        "loads": [{**asdict(load), "scene": load.name, "figures": figures(taken)} for load, taken in runs.items()],
    }


def _server(scene: Sequence[str]) -> Server:
    return Server(*scene) if scene else Server("--test-picture")
