"""What a frame costs the server outside of rendering, and what each further viewer of a view adds.

    python -m benchmarks.stream_cost [--size 1280x720] [--transport webrtc|websocket ...] [--encoding h264]
                                     [--viewers 1,2,4] [--rounds 4] [--seconds 5] [--json FILE]

Serves the test picture (`hosta serve --test-picture`), whose I420 planes are there at once, and moves it 30 times a
second. The viewers are in a process of their own and decode nothing. CPU time is that of the server's process and its
worker, from /proc, by frame. What drawing the test picture takes is taken off: each frame says how long its planes took
to make, and the lower quartile of that, which another process has not interrupted, is the drawing. Rounds are
interleaved.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.machine import Machine, Spread
from render.bench.processes import cpu_s, family
from render.bench.stream import Server
from render.commands.frame_options import parse_size

EVENTS_A_SECOND = 30
WARM_UP_S = 1.5
FRAME_LIMIT_MS = 8.0
VIEWER_LIMIT = 0.15


# ---- the viewers, in a process of their own ----


class SocketViewer:
    """A client over a WebSocket that acknowledges frames and looks at their notes only."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self.notes: list[dict[str, Any]] = []
        self.view = ""

    async def open(self, query: str) -> None:
        from websockets.asyncio.client import connect
        from websockets.typing import Subprotocol

        address = f"ws{self._url.removeprefix('http')}api/v1/ws?{query}"
        names = [Subprotocol(name) for name in ("hosta.v1", f"hosta.token.{self._token}")]
        self._socket = await connect(address, subprotocols=names, max_size=None, compression=None, proxy=None)
        while not self.view:
            self._hear(await self._socket.recv())
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for data in self._socket:
            if isinstance(data, bytes):
                n = int.from_bytes(data[:4], "little")
                note = json.loads(data[4 : 4 + n])
                self.notes.append(note["frame"])
                await self._socket.send(json.dumps({"type": "ack", "pts": note["frame"]["pts"]}))

    def _hear(self, data: str | bytes) -> None:
        if isinstance(data, str) and (message := json.loads(data))["type"] == "hello":
            self.view = message["view"]

    async def say(self, message: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(message))

    async def close(self) -> None:
        self._listening.cancel()
        await self._socket.close()


class PeerViewer:
    """A client over WebRTC whose decoder throws everything away."""

    def __init__(self, url: str, token: str) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._url, self._token = url, token
        self.notes: list[dict[str, Any]] = []
        self.view = ""
        self._greeted = asyncio.Event()
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTransceiver("video", direction="recvonly")
        self._events = self._connection.createDataChannel("events")
        self._motion = self._connection.createDataChannel("motion", ordered=False, maxRetransmits=0)
        self._events.on("message", self._hear)
        self._motion.on("message", self._hear)

    async def open(self, query: str) -> None:
        import httpx
        from aiortc import RTCSessionDescription

        await self._connection.setLocalDescription(await self._connection.createOffer())
        headers = {"content-type": "application/sdp", "authorization": f"Bearer {self._token}"}
        async with httpx.AsyncClient(base_url=self._url, timeout=20, trust_env=False) as http:
            offer = self._connection.localDescription.sdp
            answer = await http.post(f"api/v1/whep?{query}", content=offer, headers=headers)
            answer.raise_for_status()
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))
        await asyncio.wait_for(self._greeted.wait(), 60)
        while self._motion.readyState != "open":
            await asyncio.sleep(0.01)

    def _hear(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "hello":
            self.view = message["view"]
            self._greeted.set()
        elif message["type"] == "frame":
            self.notes.append(message["frame"])

    async def say(self, message: dict[str, Any]) -> None:
        self._motion.send(json.dumps(message))

    async def close(self) -> None:
        await self._connection.close()


def throw_away(loop: object, waiting: queue.Queue[Any], *_: object) -> None:
    """In place of aiortc's decoder, which would take more than what is measured here."""
    while waiting.get() is not None:
        pass


async def watch(url: str, transport: str, count: int, query: str, seconds: float) -> None:
    """`count` viewers of one view, the first of which moves it; says on stdout when to measure, and what came."""
    address, _, fragment = url.partition("#token=")
    kind = SocketViewer if transport == "websocket" else PeerViewer
    viewers: list[SocketViewer | PeerViewer] = []
    for _ in range(count):
        viewer = kind(address, fragment)
        await viewer.open(query if not viewers else f"{query}&view={viewers[0].view}")
        viewers.append(viewer)
    number = 0

    async def move(for_s: float) -> None:
        nonlocal number
        loop = asyncio.get_running_loop()
        end_s = loop.time() + for_s
        next_s = loop.time()
        while next_s < end_s:
            number += 1
            camera = {"position": [number, 0, -2000], "focal_point": [0, 0, 0], "view_up": [0, -1, 0]}
            await viewers[0].say({"type": "camera", "seq": number, "camera": camera})
            next_s += 1 / EVENTS_A_SECOND
            await asyncio.sleep(max(0.0, next_s - loop.time()))

    await move(WARM_UP_S)
    before = [len(viewer.notes) for viewer in viewers]
    print("begin", flush=True)
    await move(seconds)
    print("end", flush=True)
    frames = [len(viewer.notes) - was for viewer, was in zip(viewers, before, strict=True)]
    notes = viewers[0].notes[before[0] :]
    told = {
        "frames": frames,
        "encode_ms": float(np.median([note["encode_ms"] for note in notes])),
        "drawing_ms": float(np.quantile([note["readback_ms"] for note in notes], 0.25)),
        "bits_per_s": 8 * sum(note["bytes"] for note in notes) / seconds,
        "size": [notes[-1]["width"], notes[-1]["height"]],
    }
    for viewer in viewers:
        await viewer.close()
    print(json.dumps(told), flush=True)


# ---- the measurement ----


def measure(server: Server, transport: str, viewers: int, query: str, seconds: float) -> dict[str, Any]:
    """CPU times by frame of one run, milliseconds, without what drawing takes."""
    command = [sys.executable, "-m", "benchmarks.stream_cost", "--watch", server.url, "--transport", transport]
    command += ["--viewers", str(viewers), "--query", query, "--seconds", str(seconds)]
    (worker,) = family(server.pid) - {server.pid}

    def cpu() -> tuple[float, float]:
        workers_s = cpu_s(worker)
        return cpu_s(server.pid) - workers_s, workers_s

    child = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert child.stdout is not None
    with child.stdout:
        timer = threading.Timer(seconds + 90, child.kill)
        timer.start()
        _expect(child.stdout.readline(), "begin")
        before = cpu()
        _expect(child.stdout.readline(), "end")
        after = cpu()
        told = json.loads(child.stdout.readline())
        child.wait()
        timer.cancel()
    n_frames = told["frames"][0]
    server_ms, worker_ms = (1e3 * (b - a) / n_frames for a, b in zip(before, after, strict=True))
    worker_ms -= told["drawing_ms"]
    return {**told, "server_ms": server_ms, "worker_ms": worker_ms, "sum_ms": server_ms + worker_ms}


def _expect(line: str, word: str) -> None:
    if line.strip() != word:
        raise SystemExit(f"the viewers ended before they said {word!r}")


def main() -> None:
    options = _options()
    if options.watch:
        import aiortc.rtcrtpreceiver

        aiortc.rtcrtpreceiver.decoder_worker = throw_away
        asyncio.run(watch(options.watch, options.transport[0], options.viewers[0], options.query, options.seconds))
        return
    width, height = parse_size(options.size)
    transports = options.transport or ["webrtc", "websocket"]
    runs: dict[tuple[str, int], list[dict[str, Any]]] = {(t, n): [] for t in transports for n in options.viewers}
    for number in range(options.rounds):
        for (transport, viewers), taken in runs.items():
            # A server each, so that no view of the run before is still there.
            with closing(Server("--test-picture")) as server:
                wait_ready(server)
                query = f"width={width}&height={height}"
                query += f"&encoding={options.encoding}" if transport == "websocket" else ""
                taken.append(measure(server, transport, viewers, query, options.seconds))
            last = taken[-1]
            print(f"round {number + 1}: {transport}, {viewers} viewers: {last['sum_ms']:.2f} ms", file=sys.stderr)
    result = {
        "machine": str(Machine.here()),
        "size": [width, height],
        "encoding": options.encoding,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "runs": [{"transport": t, "viewers": n, **_figures(taken)} for (t, n), taken in runs.items()],
    }
    report(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def wait_ready(server: Server) -> None:
    """Until a viewer would get a picture."""
    import httpx

    address = urlsplit(server.url)
    while httpx.get(f"http://{address.netloc}/readyz", trust_env=False).status_code != 200:
        time.sleep(0.05)


def _figures(taken: Sequence[dict[str, Any]]) -> dict[str, Any]:
    spreads = {
        name: asdict(Spread.of([run[name] for run in taken]))
        for name in ("server_ms", "worker_ms", "sum_ms", "drawing_ms", "encode_ms", "bits_per_s")
    }
    return {**spreads, "frames": [run["frames"] for run in taken]}


def report(result: dict[str, Any]) -> None:
    """The figures as a table, beside their limits."""
    width, height = result["size"]
    print(f"{width}x{height}, {result['encoding']}, {result['rounds']} rounds of {result['seconds']:g} s")
    print(f"{result['machine']}\n")
    print(
        f"{'CPU ms a frame, median of rounds':34} {'worker':>7} {'server':>7} {'both':>7}   lo .. hi, a further viewer"
    )
    first: dict[str, dict[str, float]] = {}
    for run in result["runs"]:
        first.setdefault(run["transport"], {"viewers": run["viewers"], "sum": run["sum_ms"]["median"]})
        base = first[run["transport"]]
        more = run["viewers"] - base["viewers"]
        share = (run["sum_ms"]["median"] / base["sum"] - 1) / more if more else None
        both = run["sum_ms"]
        name = f"{run['transport']}, {run['viewers']} viewers"
        line = f"{name:34} {run['worker_ms']['median']:7.2f} {run['server_ms']['median']:7.2f} {both['median']:7.2f}"
        line += f"   {both['lo']:.2f} .. {both['hi']:.2f}   (encoding {run['encode_ms']['median']:.2f} by the clock, "
        line += f"drawing {run['drawing_ms']['median']:.2f})"
        print(line + (f"   {share:.1%} of the first (limit {VIEWER_LIMIT:.0%})" if share is not None else ""))
    print(f"\nlimit of a frame with one viewer: {FRAME_LIMIT_MS:g} ms")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="1280x720", metavar="WxH")
    parser.add_argument("--transport", action="append", choices=["webrtc", "websocket"])
    parser.add_argument("--encoding", default="h264")
    parser.add_argument("--viewers", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--watch", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--query", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
