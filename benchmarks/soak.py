"""Half an hour of people coming and going: does the server hold what it held before?

    python -m benchmarks.soak [PATH] [--minutes 30] [--joins 100] [--seed 1]

Real pages in a real Chromium come over WebRTC and over WebSockets in turn, some with views of their own and some at one
another's; they turn the picture, change the state, put annotations and take them away, stay for a while and leave, by
going elsewhere or by being closed without a word. Now and then all have left, and after the views that nobody watches
were given up too, memory (resident, and proportional: shared pages divided among who shares them), descriptors and
threads of the server and of its worker are read, and the memory of the device where there is one with nvidia-smi. What
they are after the first comings and goings is the baseline; at the end they must be back at it. Without a PATH the
double of the renderer draws, so that this can run beside other things.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import Machine
from render.session.registry import UNWATCHED_VIEW_S
from tests.browser.chromium import Chromium, Page, find_chromium
from tests.browser.server import Server
from tests.browser.view import View

MIB = 1 << 20
MOST_AT_ONCE = 4
STAY_S = (3.0, 30.0)
WARM_UP_JOINS = 8
CHECKS = 4
"""How often all leave, the end included."""
MAY_GROW = 0.1
MAY_GROW_BYTES = 24 * MIB
"""Allocators keep what they may need again: more than the larger of both is a leak, or nearly one."""
MAY_GROW_COUNTS = 2
PATIENT = {"HOSTA_WORKER_SILENCE_S": "60"}
"""A worker that a busy machine holds up is not to be replaced by one that holds nothing yet."""


@dataclass(frozen=True)
class Holding:
    """What a process holds."""

    resident: int
    proportional: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Holding:
        """Raises FileNotFoundError when the process is gone."""
        folder = Path(f"/proc/{pid}")
        rollup = dict(_kilobytes((folder / "smaps_rollup").read_text(encoding="utf-8")))
        return cls(
            rollup["Rss"],
            rollup["Pss"],
            len(list((folder / "fd").iterdir())),
            len(list((folder / "task").iterdir())),
        )

    def __str__(self) -> str:
        return (
            f"{self.resident / MIB:.0f} MiB resident, {self.proportional / MIB:.0f} proportional, "
            f"{self.descriptors} descriptors, {self.threads} threads"
        )


@dataclass(frozen=True)
class Check:
    """All of it, at a moment when nobody is there."""

    at_s: float
    joins: int
    server: Holding
    worker: Holding
    worker_pid: int
    device_bytes: int | None

    def __str__(self) -> str:
        device = "" if self.device_bytes is None else f"; device {self.device_bytes / MIB:.0f} MiB"
        return f"{self.at_s / 60:5.1f} min, {self.joins:4} joins: server {self.server}; worker {self.worker}{device}"


def _kilobytes(text: str) -> list[tuple[str, int]]:
    lines = (line.split() for line in text.splitlines() if line.endswith("kB"))
    return [(words[0].rstrip(":"), int(words[1]) << 10) for words in lines]


def device_bytes(pid: int) -> int | None:
    """What a process holds on an NVIDIA device; None where there is none."""
    if (program := shutil.which("nvidia-smi")) is None:
        return None
    asked = [program, "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return sum(int(used) << 20 for owner, used in (line.split(",") for line in lines) if int(owner) == pid)


@dataclass
class Guest:
    page: Page
    view: str
    leaves_s: float
    points: list[str]


class Soak:
    """Guests of one server."""

    def __init__(self, browser: Chromium, server: Server, seed: int) -> None:
        self._browser, self._server = browser, server
        self._random = random.Random(seed)
        self._guests: list[Guest] = []
        self._started_s = time.monotonic()
        self.joins = 0

    def join(self) -> None:
        """One more guest; it does a little at once."""
        transport = ("webrtc", "websocket")[self.joins % 2]
        others = [guest.view for guest in self._guests]
        shared = f"&view={self._random.choice(others)}" if others and self._random.random() < 0.4 else ""
        address, _, token = self._server.url.partition("#")
        note = "addEventListener('hosta-connected', ({ detail }) => (globalThis.viewId = detail.view), true);"
        page = self._browser.page(f"{address}?transport={transport}{shared}#{token}", 480, 400, before=note)
        view = View(page)
        view.wait_for_picture(60.0)
        page.until("globalThis.viewId && probe.view().state === 'connected' && probe.view().camera", 60.0)
        self.joins += 1
        stays_s = self._random.uniform(*STAY_S)
        guest = Guest(page, str(page.js("viewId")), time.monotonic() + stays_s, [])
        self._guests.append(guest)
        self.act(guest)

    def act(self, guest: Guest) -> None:
        view, page = View(guest.page), guest.page
        view.drag(self._random.uniform(-80, 80), self._random.uniform(-40, 40))
        view.patch("samples", value=self._random.randint(4, 64))
        page.size(self._random.randrange(320, 640, 2), self._random.randrange(320, 480, 2))
        if guest.points:
            page.js(f"probe.view().deleteAnnotation({json.dumps(guest.points.pop())})")
        else:
            point = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            page.js(f"probe.view().annotate({json.dumps({'id': point, 'position': [0.5, 0.5, 0.5]})})")
            page.until(f"probe.view().annotations.some(({{ id }}) => id === '{point}')", 30.0)
            guest.points.append(point)

    def leave(self, guest: Guest) -> None:
        while guest.points:
            self.act(guest)
            if len(guest.points) > 1:
                raise RuntimeError("an annotation was not taken away")
            guest.points = [point for point in guest.points if self._is_there(guest, point)]
        self._guests.remove(guest)
        if self._random.random() < 0.5:
            guest.page.go("about:blank")
            guest.page.until("location.href === 'about:blank'")
        guest.page.close()

    def _is_there(self, guest: Guest, point: str) -> bool:
        return bool(guest.page.js(f"probe.view().annotations.some(({{ id }}) => id === '{point}')"))

    def run(self, seconds: float, joins: int) -> None:
        """So many joins, evenly, in so many seconds; at the end all have left."""
        started_s, first = time.monotonic(), self.joins
        while True:
            now_s = time.monotonic()
            for guest in [guest for guest in self._guests if guest.leaves_s <= now_s]:
                self.leave(guest)
            due = min(joins, 1 + int((now_s - started_s) / seconds * joins))
            if self.joins - first < due and len(self._guests) < MOST_AT_ONCE:
                self.join()
            elif self.joins - first >= joins and not self._guests:
                return
            elif self._guests and self._random.random() < 0.3:
                self.act(self._random.choice(self._guests))
            time.sleep(0.5)

    def check(self) -> Check:
        """What is held once nobody is there and the views were given up."""
        time.sleep(UNWATCHED_VIEW_S + 10.0)
        worker = self._server.worker_pid()
        return Check(
            time.monotonic() - self._started_s,
            self.joins,
            Holding.of(self._server.pid),
            Holding.of(worker),
            worker,
            device_bytes(worker),
        )


def verdict(base: Check, end: Check) -> list[str]:
    """What grew; nothing is well."""
    grown = []
    if base.worker_pid != end.worker_pid:
        grown.append("the worker was replaced, so that its figures compare two processes")
    for who, before, after in (("server", base.server, end.server), ("worker", base.worker, end.worker)):
        for name in ("resident", "proportional"):
            was, now = getattr(before, name), getattr(after, name)
            if now - was > max(MAY_GROW * was, MAY_GROW_BYTES):
                grown.append(f"the {who}'s {name} memory grew from {was / MIB:.0f} to {now / MIB:.0f} MiB")
        for name in ("descriptors", "threads"):
            was, now = getattr(before, name), getattr(after, name)
            if now - was > MAY_GROW_COUNTS:
                grown.append(f"the {who}'s {name} grew from {was} to {now}")
    was_bytes, now_bytes = base.device_bytes, end.device_bytes
    if was_bytes is not None and now_bytes is not None and now_bytes - was_bytes > MAY_GROW * was_bytes:
        grown.append(f"the memory on the device grew from {was_bytes / MIB:.0f} to {now_bytes / MIB:.0f} MiB")
    return grown


def main() -> None:
    options = _options()
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium is on the PATH; HOSTA_CHROMIUM names one")
    double: Sequence[str] = (sys.executable, "-m", "tests.doubles.server")
    command = (sys.executable, "-m", "render.cli") if options.path else double
    print(f"{Machine.here()}; {options.path or 'the double of the renderer'}", flush=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hosta-soak-"))
        path = options.path or "synthetic:cell"
        server = Server("serve", path, program=command, environment={"HOSTA_DATA_DIR": folder, **PATIENT})
        stack.enter_context(closing(server))
        browser = stack.enter_context(closing(Chromium(program)))
        soak = Soak(browser, server, options.seed)
        soak.run(60.0, WARM_UP_JOINS)
        checks = [soak.check()]
        print(checks[0], flush=True)
        part_s = max(60.0 * options.minutes / CHECKS - UNWATCHED_VIEW_S - 10.0, 10.0)
        for part in range(CHECKS):
            soak.run(part_s, (part + 1) * options.joins // CHECKS - part * options.joins // CHECKS)
            checks.append(soak.check())
            print(checks[-1], flush=True)
        grown = verdict(checks[0], checks[-1])
        log = server.log()
    print("\n" + ("; ".join(grown) if grown else "all is back at the baseline"))
    if log:
        print(f"the server said:\n{log[-4000:]}", file=sys.stderr)
    sys.exit(1 if grown else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", help="what hosta can open; without it the double of the renderer draws")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--joins", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
