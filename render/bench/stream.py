"""How long it takes from an event to its picture in a real Chromium, and where the time goes.

The page notes when each camera event leaves it and when each picture is drawn (`page.js`). Of the test picture the
number in the pixels says which event it shows; of a real scene the frame's note does. Page and server share a machine
and so a monotonic clock, which tells the way there from the way back: a frame's `pts` is when its encoding began.

All times are milliseconds. An event's time ends when the picture that shows it was drawn; how long the browser then
waits for the display's next turn is "display".
"""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import HostaError
from .chromium import Page
from .processes import cpu_s

SCRIPT = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
START_S = 60.0
END_S = 10.0
FIRST_PICTURE_S = 120.0
TICKS_A_MS = 90
NUMBERS = 1 << 16
STAGES = ("there", "render", "readback", "encode", "back", "decode", "draw")
"""What an event's time is made of: the way to the start of rendering, the stages on the server, the way back, decoding,
and drawing."""


@dataclass(frozen=True)
class Spread:
    """Of samples: the median and the 95th percentile, and how many there were; None of none."""

    median: float | None
    p95: float | None
    n: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        if not samples:
            return cls(None, None, 0)
        return cls(float(np.median(samples)), float(np.percentile(samples, 95)), len(samples))


class Server:
    """`hosta serve <arguments>` on a free port, in a process of its own. `url` holds the token."""

    def __init__(self, *arguments: str) -> None:
        """Raises HostaError when it does not start."""
        self._folder = tempfile.TemporaryDirectory(prefix="hosta-bench-")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the server
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "render.cli", "serve", *arguments),
                *("--host", "127.0.0.1", "--port", "0", "--data-dir", self._folder.name),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self._process.wait()
            said = self.log().strip().splitlines()
            self._clean()
            raise HostaError(said[-1].removeprefix("hosta: ") if said else "the server did not start")

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        """What the server and its worker wrote to stderr."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def close(self) -> None:
        """End the server as Ctrl-C does, and kill it when that does not help."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._clean()

    def _clean(self) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()


def show(page: Page, width: int, height: int) -> None:
    """Have Hosta's page show nothing but its view, in this size, and begin to note. Raises HostaError."""
    page.until("document.querySelector('hosta-view')?.stats.framesPresented > 0", "a picture", FIRST_PICTURE_S)
    page.js(
        "void Object.assign(document.querySelector('hosta-view').style,"
        f" {{position: 'fixed', left: 0, top: 0, width: '{width}px', height: '{height}px', zIndex: 10}})"
    )
    frame = "document.querySelector('hosta-view').stats.frame"
    page.until(f"{frame}.width === {width} && {frame}.height === {height}", f"a picture of {width}x{height}")
    page.js("bench.watchView()")


@dataclass(frozen=True)
class Run:
    """What was seen in a page: raw, and the offsets and CPU times that belong to it."""

    seen: dict[str, Any]
    seconds: float
    offset_ms: float
    server_cpu_s: float
    browser_cpu_s: float
    n_bytes: int
    decode_ms: float | None
    """The mean, where frames do not tell it one by one."""


def run(page: Page, send: str, seconds: float, server_pid: int, browser_pid: int) -> Run:
    """Send events with the page's function `send` for so long. Raises HostaError."""
    offset_ms = page.clock_offset_ms()
    page.js("bench.clear()")
    before = page.js("bench.received()")
    cpu = cpu_s(server_pid), cpu_s(browser_pid)
    started_s = time.monotonic()
    page.js(f"bench.run({send}, {seconds})", answer_s=seconds + 30.0)
    took_s = time.monotonic() - started_s
    cpu_after = cpu_s(server_pid), cpu_s(browser_pid)
    after = page.js("bench.received()")
    decoded = after["framesDecoded"] - before["framesDecoded"]
    return Run(
        seen=page.js("bench.seen()"),
        seconds=took_s,
        offset_ms=offset_ms,
        server_cpu_s=cpu_after[0] - cpu[0],
        browser_cpu_s=cpu_after[1] - cpu[1],
        n_bytes=after["bytes"] - (before["bytes"] if decoded else 0),
        decode_ms=(after["decodeMs"] - before["decodeMs"]) / decoded if decoded else None,
    )


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of runs of the same kind, taken together: spreads of times, rates, and costs a frame."""
    events = [event for one in runs for event in _events(one)]
    n_frames = sum(len(one.seen["shown"]) for one in runs)
    seconds = sum(one.seconds for one in runs)

    def spread(name: str) -> dict[str, Any]:
        return asdict(Spread.of([value for event in events if (value := event.get(name)) is not None]))

    return {
        "events": sum(len(one.seen["sent"]) for one in runs),
        **{f"{name}_ms": spread(name) for name in ("latency", *STAGES, "display", "ours")},
        "fps": n_frames / seconds,
        "bits_per_s": 8 * sum(one.n_bytes for one in runs) / seconds,
        "server_cpu_ms": 1e3 * sum(one.server_cpu_s for one in runs) / max(n_frames, 1),
        "browser_cpu_ms": 1e3 * sum(one.browser_cpu_s for one in runs) / max(n_frames, 1),
    }


def _events(one: Run) -> list[dict[str, float | None]]:
    """Each event with its picture: its latency and the stages of it, as far as they are known."""
    shown = sorted(one.seen["shown"], key=lambda entry: float(entry["drawnMs"]))
    notes = sorted(one.seen["notes"], key=lambda note: int(note["cameraSeq"]))
    seqs = [note["cameraSeq"] for note in notes]
    drawn_ms = [float(entry["drawnMs"]) for entry in shown]
    by_pixels = any(entry["number"] is not None for entry in shown)
    found = []
    for event in one.seen["sent"]:
        at = bisect_left(seqs, event["seq"])
        note = notes[at] if at < len(notes) else None
        if by_pixels:
            later = (entry for entry in shown[bisect_left(drawn_ms, event["atMs"]) :] if entry["number"] is not None)
            entry = next((e for e in later if (e["number"] - event["number"]) % NUMBERS < NUMBERS // 2), None)
        else:
            before = bisect_left(drawn_ms, note["atMs"] + 0.001) if note is not None else 0
            entry = shown[before - 1] if before else None
        if entry is not None and entry["drawnMs"] >= event["atMs"]:
            found.append(_stages(event, entry, note["frame"] if note is not None else None, one))
    return found


def _stages(
    event: dict[str, Any], entry: dict[str, Any], frame: dict[str, Any] | None, one: Run
) -> dict[str, float | None]:
    latency = entry["drawnMs"] - event["atMs"]
    displayed = entry["displayedMs"]
    decode = entry["decodeMs"] if entry["decodeMs"] is not None else one.decode_ms
    stages: dict[str, float | None] = {
        "latency": latency,
        "display": displayed - entry["drawnMs"] if displayed is not None else None,
        "decode": decode,
    }
    if frame is None:
        return stages
    server = {name: float(frame[f"{name}_ms"]) for name in ("render", "readback", "encode")}
    encoding_ms = frame["pts"] / TICKS_A_MS - one.offset_ms  # on the page's clock
    stages |= server
    stages["there"] = encoding_ms - event["atMs"] - server["render"] - server["readback"]
    if decode is not None:
        stages["ours"] = latency - server["render"] - server["encode"] - decode
    if entry["receivedMs"] is not None and decode is not None:
        stages["back"] = entry["receivedMs"] - encoding_ms - server["encode"]
        stages["draw"] = entry["drawnMs"] - entry["receivedMs"] - decode
    elif decode is not None:
        stages["back"] = (
            entry["drawnMs"] - encoding_ms - server["encode"] - decode
        )  # with the jitter buffer and drawing
    return stages


def captured(page: Page, send: str, seconds: float, most: int) -> list[tuple[int, NDArray[np.uint8]]]:
    """Whole pictures as they were drawn, with the number that each shows: (height, width, 3) sRGB."""
    kept = page.js(f"bench.capture({send}, {seconds}, {most})", answer_s=seconds + 60.0)
    return [(item["number"], _decoded(item["png"])) for item in kept]


def _decoded(url: str) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def psnr(shown: NDArray[np.uint8], source: NDArray[np.uint8]) -> float:
    """Peak signal to noise ratio of two sRGB pictures, dB; 100 when they are the same."""
    error = float(np.mean((shown.astype(np.float64) - source.astype(np.float64)) ** 2))
    return 100.0 if error == 0 else float(10 * np.log10(255**2 / error))


def conditions() -> str:
    """The machine's processors and load, in words."""
    return f"{len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}"
