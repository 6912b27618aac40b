"""Two hosts and the line between them: network namespaces of this machine, joined by `tests.network.link`.

    with Lab() as lab:
        server = lab.server("serve", "synthetic:cell")        # in one namespace, with the double of the renderer
        browser = lab.chromium(program)               # in the other one
        lab.shape(delay_ms=50, loss=0.05)             # of both directions; a round trip takes 100 ms
        page = browser.page(server.url)
        lab.cut(); lab.heal()

Nothing leaves the machine: the namespaces have no way to anywhere but to each other.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import IO, Any, TypeVar

from tests.browser.chromium import Chromium
from tests.browser.server import Server

from .link import Conditions, enter_namespace, to_json

SERVER_IP = "10.213.0.1"
CLIENT_IP = "10.213.0.2"
OTHER_CLIENT_IP = "10.213.0.3"
DEVICE = "hosta0"
PORT = 8470
T = TypeVar("T")


def lacking() -> str | None:
    """Why no lab can be made here, or None. Only missing tools and privileges are a reason; failures are not."""
    if (ip := shutil.which("ip")) is None:
        return "the command ip (Debian's iproute2) is not there"
    if not os.path.exists("/dev/net/tun"):
        return "this machine has no /dev/net/tun"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "this user may not open /dev/net/tun"
    probe = subprocess.run(["unshare", "--net", ip, "link", "set", "lo", "up"], capture_output=True, text=True)
    if probe.returncode != 0 and "not permitted" in probe.stderr:
        return "this user may not make network namespaces (CAP_SYS_ADMIN and CAP_NET_ADMIN)"
    return None


class Lab:
    """The two hosts. Whatever was started in them is ended with them, in reverse order."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.server_host, self.client_host = (f"hosta-{side}-{os.getpid()}" for side in ("server", "client"))
        self._down = self._up = Conditions()
        self._link: subprocess.Popen[str] | None = None

    def __enter__(self) -> Lab:
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _build(self) -> None:
        for host in (self.server_host, self.client_host):
            _ip("netns", "add", host)
            self._stack.callback(_ip, "netns", "del", host)
        self._link = subprocess.Popen(
            [sys.executable, "-m", "tests.network.link", self.server_host, self.client_host],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(self._end_link, self._link)
        assert self._link.stdout is not None
        if self._link.stdout.readline().strip() != "ready":
            raise RuntimeError("the link between the namespaces did not start")
        for host, address in ((self.server_host, SERVER_IP), (self.client_host, CLIENT_IP)):
            _ip("-n", host, "link", "set", "lo", "up")
            _ip("-n", host, "addr", "add", f"{address}/24", "dev", DEVICE)
            _ip("-n", host, "link", "set", DEVICE, "mtu", "1500", "up")
            # Without a way out a browser takes itself for offline.
            _ip("-n", host, "route", "add", "default", "dev", DEVICE)

    def _end_link(self, link: subprocess.Popen[str]) -> None:
        assert link.stdin is not None
        assert link.stdout is not None
        link.stdin.close()
        link.wait(10)
        link.stdout.close()

    # ---- the line ----

    def shape(self, down: Conditions | None = None, up: Conditions | None = None, **both: Any) -> dict[str, Any]:
        """From now on the line is so; words such as `delay_ms=50` are for both directions, the rest stays.

        What it has carried and dropped so far: {"down": {"carried", "carried_bytes", "dropped"}, "up": ...}.
        """
        self._down = replace(down or self._down, **both)
        self._up = replace(up or self._up, **both)
        assert self._link is not None
        assert self._link.stdin is not None
        assert self._link.stdout is not None
        self._link.stdin.write(to_json(self._down, self._up) + "\n")
        self._link.stdin.flush()
        return dict(json.loads(self._link.stdout.readline()))

    def cut(self) -> None:
        """The line carries nothing any more, and says so to nobody."""
        self.shape(cut=True)

    def heal(self) -> None:
        self.shape(cut=False)

    def move_client(self) -> None:
        """The client's host gets another address, as a laptop does that goes to another network."""
        # In this order: with the first address of a network its others go too.
        _ip("-n", self.client_host, "addr", "del", f"{CLIENT_IP}/24", "dev", DEVICE)
        _ip("-n", self.client_host, "addr", "add", f"{OTHER_CLIENT_IP}/24", "dev", DEVICE)
        _ip("-n", self.client_host, "route", "replace", "default", "dev", DEVICE)

    # ---- who lives there ----

    def within(self, host: str) -> list[str]:
        """What stands before a command so that it runs on a host."""
        return ["ip", "netns", "exec", host]

    def on(self, host: str, act: Callable[[], T]) -> T:
        """Does something on a host, in a thread of its own: sockets that it makes are that host's."""
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                enter_namespace(host)
                results.append(act())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def run(self, host: str, *command: str, log: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """A program on a host, that is ended with the lab."""
        out = log or subprocess.DEVNULL
        process = subprocess.Popen(
            [*self.within(host), *command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        self._stack.callback(_end, process)
        return process

    @contextmanager
    def asleep(self, host: str) -> Iterator[None]:
        """All processes on a host stand still meanwhile."""
        told = subprocess.run(["ip", "netns", "pids", host], capture_output=True, text=True, check=True).stdout
        pids = [int(pid) for pid in told.split()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def listening(self, host: str, port: int, timeout_s: float = 10.0) -> None:
        """Waits until something listens on a TCP port of a host. Raises TimeoutError."""
        address = SERVER_IP if host == self.server_host else CLIENT_IP

        def connect() -> None:
            socket.create_connection((address, port), 1.0).close()

        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return self.on(host, connect)
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"nothing listens on port {port} after {timeout_s:.0f} s") from None
                time.sleep(0.05)

    def server(self, *arguments: str, real: bool = False, environment: dict[str, str] | None = None) -> Server:
        """The server on its host: `hosta <arguments> --host .. --port ..`; with the double unless `real`."""
        program = "render.cli" if real else "tests.doubles.server"
        server = Server(
            *arguments,
            "--host",
            SERVER_IP,
            environment=environment,
            port=PORT,
            program=[*self.within(self.server_host), sys.executable, "-m", program],
        )
        self._stack.callback(server.end)
        return server

    def chromium(self, program: str, flags: Sequence[str] = ()) -> Chromium:
        """A browser on the client's host, for which the server's address is as good as HTTPS (WebCodecs want that)."""
        browser = Chromium(
            program,
            [
                f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE {SERVER_IP}",
                f"--unsafely-treat-insecure-origin-as-secure=http://{SERVER_IP}:{PORT}",
                *flags,
            ],
            within=self.within(self.client_host),
            dial=lambda host, port: self.on(self.client_host, lambda: socket.create_connection((host, port), 10)),
        )
        self._stack.callback(browser.close)
        return browser


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ip(*words: str) -> None:
    """Raises RuntimeError with what `ip` says."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
