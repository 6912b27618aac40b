"""From a hand's movement to its picture: latency and frame rate in a real headless Chromium against a real server.

    python -m benchmarks.stream_latency [PATH ...] [--size 640x480] [--drags 6] [--seconds 2] [--json FILE]
                                        [--screenshot FILE]

Starts `hosta serve PATH --port 0`, opens its page, and drags the picture around in circles with pointer events at
60 Hz, with a rest between two drags. The latency is the client's own figure: from when a camera leaves the page to
when the first frame that shows it is presented (the frame's note echoes the camera's number, and the video's frame
callback gives the time). What a frame cost on the server (render, read back, encode) comes with its note. The sum of
these, in the same run, is the limit that the latency is set against; waiting, network, decoding and display are what
is left.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.dragging import drag_in_circles
from benchmarks.machine import Machine, Spread
from render.commands.frame import parse_size
from tests.browser.chromium import Chromium, Page, find_chromium
from tests.browser.server import Server
from tests.browser.view import View

DEFAULT_SCENE = "synthetic:cell?size=128"
HEADER_PX = 44  # of the page, above the picture
PAUSE_S = 1.0
# Of each frame that comes to the screen: when, what it is, and the latency of the camera that it is the first to show.
LISTEN = """(() => {
    const view = probe.view();
    let newest = view.stats.cameraSeqShown;
    globalThis.seen = [];
    view.addEventListener("hosta-frame", ({ detail }) => {
        const { cameraSeqShown, latencyMs } = view.stats;
        const latency_ms = cameraSeqShown > newest ? latencyMs.at(-1) : null;
        newest = cameraSeqShown;
        seen.push({ ...detail, at_ms: performance.now(), latency_ms });
    });
})()"""


def measure(page: Page, drags: int, seconds: float) -> dict[str, Any]:
    """All figures of some drags."""
    view = View(page)
    page.js(LISTEN)
    stage = view.stage()
    drag_in_circles(page, stage, min(seconds, 1.0))  # the first one compiles, and sets the pace
    time.sleep(PAUSE_S)
    spans = []
    for _ in range(drags):
        spans.append(drag_in_circles(page, stage, seconds))
        time.sleep(PAUSE_S)
    moving = [frame for frame in page.js("seen") if any(lo <= frame["at_ms"] <= hi for lo, hi in spans)]
    latencies = [frame["latency_ms"] for frame in moving if frame["latency_ms"] is not None]
    dragged_s = sum(ended - began for began, ended in spans) / 1e3
    costs = {name: Spread.of([frame[f"{name}_ms"] for frame in moving]) for name in ("render", "readback", "encode")}
    sums = Spread.of([frame["render_ms"] + frame["readback_ms"] + frame["encode_ms"] for frame in moving])
    latency = Spread.of(latencies)
    size = (moving[-1]["width"], moving[-1]["height"])
    return {
        "device": page.js("probe.view().device.name"),
        "size": size,
        "drags": drags,
        "dragged_s": dragged_s,
        "latency_ms": asdict(latency),
        "server_ms": {**{name: asdict(cost) for name, cost in costs.items()}, "sum": asdict(sums)},
        "latency_to_server_sum": latency.median / sums.median,
        "beyond_server_ms": latency.median - sums.median,
        "fps": len(moving) / dragged_s,
        "cameras_shown": len(latencies),
        "scale": Spread.of([frame["scale"] for frame in moving]).median,
        "bits_per_s": 8 * sum(frame["bytes"] for frame in moving) / dragged_s,
        "round_trip_ms": view.stats["roundTripMs"],
    }


def report(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    width, height = figures["size"]
    print(f"{figures['scene']} at {width}x{height}, {figures['drags']} drags, {figures['dragged_s']:.1f} s in all")
    print(f"{figures['device']}; {figures['browser']}; {figures['machine']}\n")
    print(f"{'':28} {'median':>9} {'p95':>9}")
    rows = {"event to photon": figures["latency_ms"]}
    rows |= {f"  server: {name}": spread for name, spread in figures["server_ms"].items()}
    for name, spread in rows.items():
        print(f"{name:28} {spread['median']:6.1f} ms {spread['p95']:6.1f} ms")
    print(f"\n{'latency / server sum':28} {figures['latency_to_server_sum']:6.2f}")
    print(f"{'beyond the server sum':28} {figures['beyond_server_ms']:6.1f} ms")
    print(f"{'frames a second, moving':28} {figures['fps']:6.1f}  (at {figures['scale']:.0%} of the resolution)")
    print(f"{'bit rate, moving':28} {figures['bits_per_s'] / 1e6:6.2f} Mbit/s")
    print(f"{'round trip':28} {figures['round_trip_ms']:6.1f} ms")


def main() -> None:
    options = _options()
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium is on the PATH; HOSTA_CHROMIUM names one")
    width, height = parse_size(options.size)
    with ExitStack() as stack:
        browser = stack.enter_context(closing(Chromium(program)))
        server = stack.enter_context(closing(Server("serve", *options.paths)))
        stack.callback(lambda: print(server.log(), file=sys.stderr, end=""))
        page = stack.enter_context(closing(browser.page(server.url, width, height + HEADER_PX)))
        # A picture as large as was asked for, however wide the page: its panel is folded away.
        page.until("document.body.dataset.panel !== undefined")
        page.js('void (document.body.dataset.panel = "hidden")')
        View(page).wait_for_picture(120.0)
        page.until(f"probe.view().stats.frame?.width === {width}", 30.0)
        figures = measure(page, options.drags, options.seconds)
        figures |= {
            "scene": " ".join(options.paths),
            "browser": browser.version,
            "machine": str(Machine.here()),
        }
        if options.screenshot:
            options.screenshot.write_bytes(page.screenshot())
    report(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", default=[DEFAULT_SCENE], metavar="PATH", help="what hosta can open")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the picture, even numbers")
    parser.add_argument("--drags", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each drag")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--screenshot", type=Path, help="a file for the page's picture at the end")
    return parser.parse_args()


if __name__ == "__main__":
    main()
