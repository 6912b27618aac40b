"""What is left of the picture's liveness on a real network: two hosts, a line between them, a real Chromium.

    python -m benchmarks.network [--transports webrtc,websocket] [--lines "loss 5 %,..."] [--size 640x480]
                                 [--seconds 8] [--json FILE]

Server and browser run in two network namespaces (`tests.network.lab`; root on Linux). For each line the page is opened,
the picture is dragged in circles with pointer events at 60 Hz, and of **each** camera that leaves the page it is
measured when the first frame that shows it, or a later one, comes to the screen. Cameras that are lost or skipped
count, with the time of the frame that makes up for them; so does the whole of a freeze. The server streams its test
picture, so that rendering takes no time. Delays and losses are those of both directions. A line is only narrow for a
picture that needs more: for the rate steps 1280x960 is a test, 640x480 is none.
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dragging import drag_in_circles
from benchmarks.machine import Machine
from render.commands.frame_options import parse_size
from tests.browser.chromium import Chromium, find_chromium
from tests.browser.view import View
from tests.network.lab import Lab, lacking
from tests.network.link import Conditions

HEADER_PX = 44
FREEZE_MS = 500.0
SETTLE_S = 3.0
"""From the first picture to the first figure: a controller may find its way."""
LIVE_MS = 250.0
"""A line has recovered when, beyond its round trip, each event of a second is shown within so long."""
MBIT = 1e6

# Each camera when it leaves, each frame when it is on the screen, on the page's clock.
RECORD = """(() => {
    globalThis.left = [];
    globalThis.seen = [];
    let newest = -1;
    const note = (data) => {
        if (typeof data !== "string" || !data.startsWith('{"type":"camera"')) return;
        const { seq } = JSON.parse(data);
        if (seq > newest) left.push([(newest = seq), performance.now()]);
    };
    for (const way of [RTCDataChannel, WebSocket]) {
        const send = way.prototype.send;
        way.prototype.send = function (data) { note(data); return send.call(this, data); };
    }
    probe.view().addEventListener("hosta-frame", ({ detail }) => {
        seen.push([detail.camera_seq, performance.now(), detail.bytes]);
    });
})()"""


@dataclass(frozen=True)
class Line:
    """A line to be measured; `steps` are other conditions, at so many seconds."""

    name: str
    conditions: Conditions
    steps: tuple[tuple[float, Conditions], ...] = ()

    @property
    def round_trip_ms(self) -> float:
        return 2 * self.conditions.delay_ms


def _line(name: str, **words: Any) -> Line:
    return Line(name, Conditions(**words))


LINES = (
    _line("no delay"),
    _line("round trip 20 ms", delay_ms=10),
    _line("round trip 100 ms", delay_ms=50),
    _line("round trip 100 ms, jitter 20 ms", delay_ms=50, jitter_ms=20),
    _line("round trip 20 ms, loss 5 %", delay_ms=10, loss=0.05),
    _line("round trip 100 ms, loss 1 %", delay_ms=50, loss=0.01),
    _line("round trip 100 ms, loss 5 %", delay_ms=50, loss=0.05),
    _line("round trip 100 ms, loss 10 %", delay_ms=50, loss=0.10),
    Line(
        "round trip 20 ms, 20 - 2 - 20 Mbit/s",
        Conditions(delay_ms=10, rate_bps=20 * MBIT),
        (
            (6.0, Conditions(delay_ms=10, rate_bps=2 * MBIT)),
            (14.0, Conditions(delay_ms=10, rate_bps=20 * MBIT)),
            (22.0, Conditions(delay_ms=10, rate_bps=20 * MBIT)),
        ),
    ),
)


def shown_after(left: Sequence[Sequence[float]], seen: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Of each camera (when it left, how long until a frame showed it or a later one); infinite for never."""
    times, newest, first = [], -1.0, []
    for seq, at_ms, *_ in seen:
        if seq > newest:
            newest = seq
            first.append(seq)
            times.append(at_ms)
    out = []
    for seq, left_ms in left:
        place = bisect.bisect_left(first, seq)
        out.append((left_ms, times[place] - left_ms if place < len(times) else math.inf))
    return out


def gaps_ms(seen: Sequence[Sequence[float]], began_ms: float, ended_ms: float) -> list[float]:
    """Between frames on the screen, the beginning and the end of the time included."""
    inside = [at_ms for _, at_ms, *_ in seen if began_ms <= at_ms <= ended_ms]
    return [b - a for a, b in zip([began_ms, *inside], [*inside, ended_ms], strict=True)]


def recovered_ms(delays: Sequence[tuple[float, float]], changed_ms: float, limit_ms: float) -> float | None:
    """How long after a change each event of a second is shown in time again; None when it never is."""
    after = [(left_ms, delay_ms) for left_ms, delay_ms in delays if left_ms >= changed_ms]
    for place, (start_ms, _) in enumerate(after):
        second = [delay_ms for left_ms, delay_ms in after[place:] if left_ms < start_ms + 1000.0]
        if after[-1][0] - start_ms >= 900.0 and max(second) <= limit_ms:
            return start_ms - changed_ms
    return None


def measure(lab: Lab, browser: Chromium, url: str, line: Line, seconds: float, size: tuple[int, int]) -> dict[str, Any]:
    """All figures of one line, with a picture of `size` (width, height)."""
    width, height = size
    lab.shape(line.conditions, line.conditions)
    if line.steps:
        seconds = line.steps[-1][0]
    with closing(browser.page(url, width, height + HEADER_PX)) as page:
        opened_s = time.monotonic()
        page.until("document.body.dataset.panel !== undefined", 30.0)
        page.js('void (document.body.dataset.panel = "hidden")')
        view = View(page)
        view.wait_for_picture(60.0)
        first_picture_s = time.monotonic() - opened_s
        page.until(f"probe.view().state === 'connected' && probe.view().stats.frame?.width === {width}", 60.0)
        page.js(RECORD)
        drag_in_circles(page, View(page).stage(), SETTLE_S)
        page.js("void (left.length = seen.length = 0)")
        before = lab.shape()
        changes: list[tuple[float, Conditions]] = []

        def during(now_s: float) -> None:
            if len(changes) < len(line.steps) and now_s >= line.steps[len(changes)][0]:
                conditions = line.steps[len(changes)][1]
                lab.shape(conditions, conditions)
                changes.append((float(page.js("performance.now()")), conditions))

        began_ms, ended_ms = drag_in_circles(page, View(page).stage(), seconds, during)
        after = lab.shape()
        time.sleep(1.5)
        left, seen = page.js("left"), page.js("seen")
        transport = page.js("probe.view().stats.transport ?? 'webrtc'")
    delays = shown_after(left, seen)
    values = [delay_ms for _, delay_ms in delays]
    gaps = gaps_ms(seen, began_ms, ended_ms)
    frames = len(gaps) - 1
    span_s = (ended_ms - began_ms) / 1e3
    sent = after["down"]["carried"] - before["down"]["carried"] + after["down"]["dropped"] - before["down"]["dropped"]
    return {
        "line": line.name,
        "transport": transport,
        "first_picture_s": first_picture_s,
        "frames_per_s": frames / span_s,
        "events": len(values),
        "p50_ms": float(np.percentile(values, 50)),
        "p95_ms": float(np.percentile(values, 95)),
        "p95_beyond_round_trip_ms": float(np.percentile(values, 95)) - line.round_trip_ms,
        "longest_freeze_ms": max(gaps),
        "freezes": sum(gap > FREEZE_MS for gap in gaps),
        "video_bits_per_s": 8 * sum(size for _, at_ms, size in seen if began_ms <= at_ms <= ended_ms) / span_s,
        "line_bits_per_s": 8 * (after["down"]["carried_bytes"] - before["down"]["carried_bytes"]) / span_s,
        "packets_per_s": sent / span_s,
        "recovered_ms": [
            recovered_ms(delays, at_ms, 2 * conditions.delay_ms + LIVE_MS) for at_ms, conditions in changes
        ],
    }


def report(row: dict[str, Any]) -> str:
    """A line of the table."""
    recovered = ", ".join("never" if ms is None else f"{ms / 1e3:.1f} s" for ms in row["recovered_ms"][:-1])
    return (
        f"| {row['line']} | {row['transport']} | {row['frames_per_s']:.0f} | {row['p50_ms']:.0f} | {row['p95_ms']:.0f} "
        f"| {row['freezes']} | {row['longest_freeze_ms']:.0f} | {row['video_bits_per_s'] / MBIT:.1f} "
        f"| {row['line_bits_per_s'] / MBIT:.1f} | {recovered} |"
    )


HEAD = (
    "| line | transport | frames/s | p50 ms | p95 ms | freezes > 500 ms | longest ms | video Mbit/s | line Mbit/s "
    "| recovered after |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def main() -> None:
    options = _options()
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium is on the PATH; HOSTA_CHROMIUM names one")
    if (reason := lacking()) is not None:
        raise SystemExit(f"no network of two hosts can be made here: {reason}")
    lines = [line for line in LINES if not options.lines or any(part in line.name for part in options.lines)]
    rows = []
    with Lab() as lab:
        browser = lab.chromium(program)
        server = lab.server("serve", "--test-picture", real=True)
        print(f"{browser.version}; {Machine.here()}\n\n{HEAD}")
        try:
            for transport in options.transports:
                address, _, token = server.url.partition("#")
                url = f"{address}?transport={transport}#{token}"
                for line in lines:
                    rows.append(measure(lab, browser, url, line, options.seconds, parse_size(options.size)))
                    print(report(rows[-1]), flush=True)
        finally:
            print(server.log(), file=sys.stderr, end="")
    if options.json:
        options.json.write_text(json.dumps({"machine": asdict(Machine.here()), "rows": rows}, indent=2) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    split: Callable[[str], list[str]] = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--transports", type=split, default=["webrtc", "websocket"])
    parser.add_argument("--lines", type=split, default=[], help="parts of the names of lines")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the picture")
    parser.add_argument("--seconds", type=float, default=8.0, help="of dragging")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
