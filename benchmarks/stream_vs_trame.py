"""From an event to its picture: Hosta over both transports against trame-rca, the same frames in the same browser.

    python -m benchmarks.stream_vs_trame [--size 640x480 ...] [--rounds 4] [--seconds 5] [--quality 60,85] [--fps 60]
                                         [--encoder jpeg] [--json FILE]

All show the test picture, whose pixels say which event they show, in one Chromium, in turn, round after round. Events
leave in an animation frame, every second or third; their time ends when the picture with their number is in the page
(decoded and drawn), and, "displayed", with the animation frame after that. trame-rca sends pictures (`--encoder`,
`--quality`; 60 is its default) at most `--fps` times a second (its default is 30; 60 is better for it). What pictures
lost on their way is the PSNR of what the page drew, while it moved, against the source in sRGB.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import Machine
from render.bench.chromium import Chromium, Page, find_chromium
from render.bench.stream import SCRIPT, Run, Server, captured, figures, psnr, run
from render.bench.stream_rounds import MARGIN_PX, Load, open_page
from render.commands.frame_options import parse_size
from render.worker.test_picture import CELLS_A_WIDTH, picture

WARM_UP_S = 1.0
CAPTURE_S = 1.5
CAPTURED = 6
# trame's own way to tell its area of an interaction.
TRAME = """void (bench.trame = (number) => {
    bench.sent.set(number, { number, atMs: performance.now() });
    const event = { type: "MouseMove", number };
    trame.client.getConnection().getSession().call("trame.rca.event", ["area", "bench", event]);
})"""


@dataclass(frozen=True)
class Way:
    """One of those that are compared: Hosta over a transport, or trame-rca with a quality."""

    width: int
    height: int
    transport: str = ""
    quality: int = 0

    def __str__(self) -> str:
        return f"hosta, {self.transport}" if self.transport else f"trame-rca, quality {self.quality}"


class Trame:
    """benchmarks/trame_peer.py in a process of its own."""

    def __init__(self, way: Way, options: argparse.Namespace) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        command = [sys.executable, "-m", "benchmarks.trame_peer", "--port", str(self._port)]
        command += ["--size", f"{way.width}x{way.height}", "--quality", str(way.quality)]
        command += ["--fps", str(options.fps), "--encoder", options.encoder]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> None:
        """Until it listens."""
        import time

        for _ in range(600):
            if self._process.poll() is not None:
                self._log.seek(0)
                raise SystemExit(f"the trame application ended:\n{self._log.read().decode(errors='replace')}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit("the trame application did not start within a minute")

    def page(self, browser: Chromium, way: Way) -> Page:
        url = f"http://127.0.0.1:{self._port}/index.html"
        page = browser.page(url, way.width + MARGIN_PX, way.height + MARGIN_PX, [SCRIPT])
        image = "document.querySelector('img.image-display-area')"
        page.until(f"{image}.naturalWidth === {way.width}", "a picture")
        page.js(f"bench.watchImage({image})")
        page.js(TRAME)
        return page

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


def quality_db(page: Page, send: str, way: Way) -> list[float]:
    """PSNR of pictures while they move, without the cells."""
    top = way.width // CELLS_A_WIDTH + 2
    pictures = captured(page, send, CAPTURE_S, CAPTURED)
    return [psnr(shown[top:], picture(number, way.width, way.height)[top:]) for number, shown in pictures]


def main() -> None:
    options = _options()
    sizes = [parse_size(text) for text in options.size or ["640x480", "1280x720"]]
    ways = [
        way
        for size in sizes
        for way in (
            Way(*size, transport="websocket"),
            Way(*size, transport="webrtc"),
            *(Way(*size, quality=quality) for quality in options.quality),
        )
    ]
    runs: dict[Way, list[Run]] = {way: [] for way in ways}
    losses: dict[Way, list[float]] = {way: [] for way in ways}
    with ExitStack() as stack:
        browser = stack.enter_context(closing(Chromium(find_chromium())))
        server = stack.enter_context(closing(Server("--test-picture")))
        peers = {way: stack.enter_context(closing(Trame(way, options))) for way in ways if way.quality}
        for peer in peers.values():
            peer.wait()
        for number in range(options.rounds):
            for way in ways:
                print(f"round {number + 1} of {options.rounds}: {way}, {way.width}x{way.height}", file=sys.stderr)
                ours = Load((), way.width, way.height, way.transport, "h264")
                page = peers[way].page(browser, way) if way.quality else open_page(browser, server, ours)
                pid, send = (peers[way].pid, "bench.trame") if way.quality else (server.pid, "bench.look")
                with closing(page):
                    run(page, send, WARM_UP_S, pid, browser.pid)
                    runs[way].append(run(page, send, options.seconds, pid, browser.pid))
                    losses[way] += quality_db(page, send, way)
        version = browser.version
    result = {
        "browser": version,
        "machine": str(Machine.here()),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "trame": {"encoder": options.encoder, "fps": options.fps},
        "ways": [
            {
                "name": str(way),
                "size": [way.width, way.height],
                "psnr_db": float(np.median(losses[way])),
                **figures(runs[way]),
            }
            for way in ways
        ],
    }
    report(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def report(result: dict[str, Any]) -> None:
    """The figures as a table."""
    print(f"{result['browser']}; {result['machine']}; {result['rounds']} rounds of {result['seconds']:g} s")
    print(f"trame-rca with {result['trame']['encoder']}, at most {result['trame']['fps']:g} frames a second\n")
    titles = ("drawn, ms", "displayed, ms", "PSNR, dB", "Mbit/s", "fps", "server", "browser")
    print(f"{'median / p95; CPU ms a frame':34}" + "".join(f"{title:>16}" for title in titles))
    for way in result["ways"]:
        width, height = way["size"]
        cells = [f"{way[name]['median']:.1f} / {way[name]['p95']:.1f}" for name in ("latency_ms", "displayed_ms")]
        cells += [f"{way['psnr_db']:.1f}", f"{way['bits_per_s'] / 1e6:.2f}", f"{way['fps']:.1f}"]
        cells += [f"{way['server_cpu_ms']:.1f}", f"{way['browser_cpu_ms']:.1f}"]
        print(f"{way['name'] + f', {width}x{height}':34}" + "".join(f"{cell:>16}" for cell in cells))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", action="append", metavar="WxH", help="repeatable; 640x480 and 1280x720 by default")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument(
        "--quality", type=lambda text: [int(part) for part in text.split(",")], default=[60], help="of trame-rca"
    )
    parser.add_argument("--fps", type=float, default=60.0, help="most frames a second of trame-rca")
    parser.add_argument("--encoder", default="jpeg", help="of trame-rca: jpeg, turbo-jpeg, webp")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
