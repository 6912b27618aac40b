"""A real Chromium without a window, driven over the DevTools protocol: the browser, and a page in a profile of its own.

Also what benchmarks/stream_latency.py drives.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from websockets.sync.client import connect

from render.bench import chromium as bench

FLAGS = (*bench.FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
"""As measurements have it, and no way out of the machine."""
START_S = 30.0
ANSWER_S = 30.0
POLL_S = 0.05
PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")


def find_chromium() -> str | None:
    """The browser to use: the variable HOSTA_CHROMIUM, else the first of the usual names on the PATH."""
    said = os.environ.get("HOSTA_CHROMIUM")
    return said or next((found for name in bench.NAMES if (found := shutil.which(name))), None)


Dial = Callable[[str, int], socket.socket]
"""Connects to a host and a port, from wherever the browser is."""


class Channel:
    """A DevTools connection: commands and their answers; what the page complains of is kept in `problems`."""

    def __init__(self, host: str, port: int, path: str, dial: Dial) -> None:
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(
                f"ws://{host}:{port}{path}",
                sock=dial(host, port),
                max_size=None,
                compression=None,
                proxy=None,
                ping_interval=None,
            )
        )
        self._ids = itertools.count(1)
        self.problems: list[str] = []

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command. Raises RuntimeError when the browser refuses it, TimeoutError."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        deadline = time.monotonic() + ANSWER_S
        while True:
            message = json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return dict(message["result"])
            self._note(message)

    def close(self) -> None:
        self._stack.close()

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.problems.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
            case "Runtime.consoleAPICalled" if params["type"] == "error":
                self.problems.append(" ".join(str(arg.get("value", arg)) for arg in params["args"]))


class Chromium:
    """The browser's process, with a profile that is thrown away at the end.

    `within` stands before the command and `dial` connects to it, where it runs on another host.
    """

    def __init__(
        self, program: str, flags: Sequence[str] = (), within: Sequence[str] = (), dial: Dial | None = None
    ) -> None:
        self._dial = dial or (lambda *at: socket.create_connection(at))
        self._profile = tempfile.TemporaryDirectory(prefix="hosta-chromium-", ignore_cleanup_errors=True)
        command = [
            *within,
            program,
            *FLAGS,
            *flags,
            "--remote-debugging-port=0",
            f"--user-data-dir={self._profile.name}",
        ]
        self._process = subprocess.Popen(
            [*command, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._port, path = self._listening()
            self._channel = Channel("127.0.0.1", self._port, path, self._dial)
        except BaseException:
            self._end()
            raise

    def _listening(self) -> tuple[int, str]:
        """The port and path of the DevTools server, which the browser writes into its profile."""
        told = Path(self._profile.name) / "DevToolsActivePort"
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
            if len(lines) == 2:
                return int(lines[0]), lines[1]
            if self._process.poll() is not None:
                raise RuntimeError(f"Chromium ended at once with {self._process.returncode}")
            time.sleep(POLL_S)
        raise TimeoutError(f"Chromium did not start within {START_S:.0f} s")

    @property
    def version(self) -> str:
        return str(self._channel.ask("Browser.getVersion")["product"])

    def page(self, url: str, width: int = 720, height: int = 560, before: str = "") -> Page:
        """A page in a profile of its own (cookies, storage), `width` x `height` CSS pixels at a pixel ratio of 1.

        `before` is run in it before its own scripts.
        """
        context = self._channel.ask("Target.createBrowserContext", disposeOnDetach=True)["browserContextId"]
        target = self._channel.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        return Page(
            Channel("127.0.0.1", self._port, f"/devtools/page/{target}", self._dial), url, width, height, before
        )

    def close(self) -> None:
        self._channel.ask("Browser.close")
        self._channel.close()
        self._end()

    def _end(self) -> None:
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


class Page:
    """A page. Points are CSS pixels from its top left corner."""

    def __init__(self, channel: Channel, url: str, width: int, height: int, before: str = "") -> None:
        self._channel = channel
        for domain in ("Page", "Runtime", "Log"):
            channel.ask(f"{domain}.enable")
        channel.ask("Page.addScriptToEvaluateOnNewDocument", source=PROBE + before)
        self.size(width, height)
        channel.ask("Page.bringToFront")
        channel.ask("Page.navigate", url=url)

    def go(self, url: str) -> None:
        """Goes to another URL."""
        self._channel.ask("Page.navigate", url=url)

    def size(self, width: int, height: int) -> None:
        """Makes the page so many CSS pixels large, at a pixel ratio of 1."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._channel.ask("Emulation.setDeviceMetricsOverride", **metrics)

    @property
    def problems(self) -> list[str]:
        """What the page threw, and what the browser logged as an error, so far."""
        self.js("0")  # what waits in the connection comes in before the answer
        return list(self._channel.problems)

    def js(self, expression: str) -> Any:
        """The value of an expression (a promise is awaited), through JSON. Raises RuntimeError when it throws."""
        answer = self._channel.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def until(self, expression: str, timeout_s: float = 10.0) -> Any:
        """Waits until an expression is true (one that throws is not yet) and returns it. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while True:
            if found := self.js(f"probe.attempt(() => ({expression}))"):
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {timeout_s:.0f} s: {expression}\nthe page says: {self.text()!r}")
            time.sleep(POLL_S)

    def text(self) -> str:
        """The words that can be seen, shadow trees included, one line an element."""
        return str(self.js("probe.text()"))

    def until_text(self, text: str, timeout_s: float = 10.0) -> None:
        """Waits until `text` can be seen."""
        self.until(f"probe.text().includes({json.dumps(text)})", timeout_s)

    def mouse(self, kind: str, x: float, y: float, pressed: bool = False) -> None:
        """A mouse event: "mouseMoved", "mousePressed" or "mouseReleased", with the left button."""
        button = "none" if kind == "mouseMoved" and not pressed else "left"
        self._channel.ask(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=int(pressed), clickCount=1
        )

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8, pause_s: float = 0.02) -> None:
        """Presses at `start`, moves in equal steps, lets go at `end`."""
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, pressed=True)
        for step in range(1, steps + 1):
            part = step / steps
            at = [a + part * (b - a) for a, b in zip(start, end, strict=True)]
            self.mouse("mouseMoved", at[0], at[1], pressed=True)
            time.sleep(pause_s)
        self.mouse("mouseReleased", *end)

    def click(self, selector: str) -> None:
        """Clicks the middle of the first element that matches, shadow trees included."""
        x, y = self.js(f"probe.middle({json.dumps(selector)})")
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, pressed=True)
        self.mouse("mouseReleased", x, y)

    def picture(self) -> NDArray[np.uint8]:
        """The decoded video frame on the screen, (height, width, 3) uint8."""
        text = self.js("probe.picture()")
        return np.array(Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))).convert("RGB"))

    def screenshot(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode(self._channel.ask("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        self._channel.ask("Page.close")
        self._channel.close()
