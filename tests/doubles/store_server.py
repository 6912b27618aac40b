"""A static HTTP server on loopback whose answers can be spoiled: slow, truncated, cut off, refused, redirected."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

Fault = Literal["", "status", "slow", "silent", "cut", "reset", "garbage", "redirect", "endless"]
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@dataclass
class Behaviour:
    """What the server does to keys that match `keys`, the first `times` requests for them (all where None).

    `status`: the code of "status". `seconds`: how long "slow" waits. "silent" takes the request and never answers,
    "cut" sends half of what it announced, "reset" resets the connection midway, "endless" never stops sending.
    """

    fault: Fault = ""
    keys: str = ".*"
    times: int | None = None
    status: int = 500
    seconds: float = 0.0
    location: str = ""
    ranges: bool = True
    over: threading.Event = field(default_factory=threading.Event)


@dataclass
class StoreServer:
    """`url` of `folder`; `requests` are (method, path, range) of all that came."""

    folder: Path
    url: str = ""
    behaviour: Behaviour = field(default_factory=Behaviour)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    spoiled: int = 0

    def behave(self, fault: Fault = "", **how: object) -> None:
        """From now on; requests that are waited with are hung up on."""
        with self.lock:
            self.behaviour.over.set()
            self.behaviour, self.spoiled = Behaviour(fault, **how), 0  # type: ignore[arg-type]

    def fault_for(self, key: str) -> Fault:
        with self.lock:
            how = self.behaviour
            if not how.fault or re.search(how.keys, key) is None:
                return ""
            if how.times is not None and self.spoiled >= how.times:
                return ""
            self.spoiled += 1
            return how.fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    store: StoreServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        store = self.store
        if store.over.is_set():  # connections that were kept do not outlive the server
            self.close_connection = True
            return
        key = unquote(urlsplit(self.path).path).lstrip("/")
        store.requests.append((self.command, key, self.headers.get("Range", "")))
        fault, how = store.fault_for(key), store.behaviour
        if fault in ("slow", "silent") and how.over.wait(how.seconds if fault == "slow" else 3600.0):
            self.close_connection = True
            return
        if fault == "status":
            self._send(how.status, b"no", with_body)
            return
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", how.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if fault == "endless":
            self._send_endlessly()
            return
        path = store.folder / key
        if ".." in key or not path.is_file():
            self._send(404, b"absent", with_body)
            return
        body = path.read_bytes()
        if fault == "garbage":
            body = b"rubbish" * (len(body) // 7 + 1)
        status, extra = 200, {}
        if (found := _RANGE.match(self.headers.get("Range", ""))) and store.behaviour.ranges:
            whole = len(body)
            first, last = found[1], found[2]
            lo = int(first) if first else max(0, whole - int(last))
            hi = min(int(last), whole - 1) if first and last else whole - 1
            if lo >= whole:
                self._send(416, b"", with_body, {"Content-Range": f"bytes */{whole}"})
                return
            body, status, extra = body[lo : hi + 1], 206, {"Content-Range": f"bytes {lo}-{hi}/{whole}"}
        if fault in ("cut", "reset"):
            self._send_half(status, body, extra, reset=fault == "reset")
            return
        self._send(status, body, with_body, extra)

    def _send(self, status: int, body: bytes, with_body: bool, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _send_half(self, status: int, body: bytes, extra: dict[str, str], *, reset: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _send_endlessly(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while not self.store.over.is_set():
                self.wfile.write(b" " * 65536)
        except OSError:
            pass  # the client had enough


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that give up are what these tests are about


@contextmanager
def serve_folder(folder: Path) -> Iterator[StoreServer]:
    """Serve a folder on a free port of loopback until the context ends."""
    store = StoreServer(folder)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": store}))
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.over.set()
        store.behave()
        server.shutdown()
        server.server_close()
        thread.join()
