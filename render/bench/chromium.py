"""A Chromium without a window, driven over the DevTools protocol: as much of it as measurements need."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from ..errors import HostaError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    # Nothing that the browser does for itself.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--metrics-recording-only",
    "--disable-features=Translate,OptimizationHints,MediaRouter,NetworkTimeServiceQuerying",
    # A page in the background is drawn and timed as one in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
)
START_S = 30.0
ANSWER_S = 30.0
POLL_S = 0.05
CLOCK_TRIES = 15


def find_chromium() -> str:
    """The browser to use: the variable HOSTA_CHROMIUM, else the first of the usual names on the PATH.

    Raises HostaError when there is none.
    """
    said = os.environ.get("HOSTA_CHROMIUM")
    found = said or next((found for name in NAMES if (found := shutil.which(name))), None)
    if found is None or shutil.which(found) is None:
        missing = "no Chromium is on the PATH" if said is None else f"HOSTA_CHROMIUM names '{said}', no program"
        raise HostaError(f"{missing}; install it (Debian: apt-get install chromium), or name one in HOSTA_CHROMIUM")
    return found


class Channel:
    """A DevTools connection: commands and their answers."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url, max_size=None, compression=None, proxy=None)
        self._ids = itertools.count(1)

    def ask(self, method: str, *, answer_s: float = ANSWER_S, **params: Any) -> dict[str, Any]:
        """The result of a command. Raises HostaError when the browser refuses it or does not answer."""
        number = next(self._ids)
        deadline_s = time.monotonic() + answer_s
        try:
            self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
            while True:
                message = json.loads(self._connection.recv(timeout=max(0.0, deadline_s - time.monotonic())))
                if message.get("id") == number:
                    break
        except (TimeoutError, WebSocketException) as error:
            raise HostaError(f"Chromium did not answer to {method}: {error or 'it took too long'}") from None
        if "error" in message:
            raise HostaError(f"Chromium refused {method}: {message['error']['message']}")
        return dict(message["result"])

    def close(self) -> None:
        self._connection.close()


class Chromium:
    """The browser's process, with a profile that is thrown away at the end."""

    def __init__(self, program: str, flags: Sequence[str] = ()) -> None:
        """Raises HostaError when it does not start."""
        self._profile = tempfile.TemporaryDirectory(prefix="hosta-chromium-", ignore_cleanup_errors=True)
        command = [program, *FLAGS, *flags, "--remote-debugging-port=0", f"--user-data-dir={self._profile.name}"]
        self._process = subprocess.Popen(
            [*command, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._port, path = self._listening()
            self._channel = Channel(f"ws://127.0.0.1:{self._port}{path}")
        except BaseException:
            self._end()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def version(self) -> str:
        return str(self._channel.ask("Browser.getVersion")["product"])

    def page(self, url: str, width: int, height: int, scripts: Sequence[str] = ()) -> Page:
        """A page in a profile of its own, `width` x `height` CSS pixels at a pixel ratio of 1.

        `scripts` run in it before its own.
        """
        context = self._channel.ask("Target.createBrowserContext", disposeOnDetach=True)["browserContextId"]
        target = self._channel.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        channel = Channel(f"ws://127.0.0.1:{self._port}/devtools/page/{target}")
        return Page(channel, url, width, height, scripts)

    def close(self) -> None:
        try:
            self._channel.ask("Browser.close")
            self._channel.close()
        finally:
            self._end()

    def _listening(self) -> tuple[int, str]:
        """The port and path of the DevTools server, which the browser writes into its profile."""
        told = Path(self._profile.name) / "DevToolsActivePort"
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
            if len(lines) == 2:
                return int(lines[0]), lines[1]
            if self._process.poll() is not None:
                raise HostaError(f"Chromium ended at once, with exit code {self._process.returncode}")
            time.sleep(POLL_S)
        raise HostaError(f"Chromium did not start within {START_S:.0f} s")

    def _end(self) -> None:
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


class Page:
    """A page of the browser."""

    def __init__(self, channel: Channel, url: str, width: int, height: int, scripts: Sequence[str]) -> None:
        self._channel = channel
        for domain in ("Page", "Runtime"):
            channel.ask(f"{domain}.enable")
        for script in scripts:
            channel.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        channel.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        channel.ask("Page.bringToFront")
        channel.ask("Page.navigate", url=url)

    def js(self, expression: str, answer_s: float = ANSWER_S) -> Any:
        """The value of an expression (a promise is awaited), through JSON. Raises HostaError when it throws."""
        answer = self._channel.ask(
            "Runtime.evaluate",
            answer_s=answer_s,
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise HostaError(f"the page failed: {details.get('exception', {}).get('description') or details['text']}")
        return answer["result"].get("value")

    def until(self, expression: str, what: str, timeout_s: float = 30.0) -> Any:
        """Wait until an expression is true (one that throws is not yet) and return it. Raises HostaError."""
        deadline_s = time.monotonic() + timeout_s
        attempt = f"(() => {{ try {{ return ({expression}); }} catch {{ return null; }} }})()"
        while True:
            if found := self.js(attempt):
                return found
            if time.monotonic() > deadline_s:
                raise HostaError(f"the page did not come to {what} within {timeout_s:.0f} s")
            time.sleep(POLL_S)

    def clock_offset_ms(self) -> float:
        """What to add to the page's performance.now() for the milliseconds of time.monotonic() here."""
        best = (float("inf"), 0.0)
        for _ in range(CLOCK_TRIES):
            before_ms = 1e3 * time.monotonic()
            page_ms = float(self.js("performance.now()"))
            after_ms = 1e3 * time.monotonic()
            best = min(best, (after_ms - before_ms, (before_ms + after_ms) / 2 - page_ms))
        return best[1]

    def close(self) -> None:
        self._channel.ask("Page.close")
        self._channel.close()
