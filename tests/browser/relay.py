"""A TCP relay between the browser and the server, on which a network can be cut: nothing passes, and nobody is told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

CHUNK = 65_536


class Relay:
    """Listens on `port` and passes all on to a port of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """From now on bytes wait, in both directions, and new connections get no answer."""
        self._open.clear()

    def heal(self, *, lose: bool = True) -> None:
        """The network is back; with `lose` what was connected before stays dead, as after a change of address."""
        with self._lock:
            dead, self._sockets = (self._sockets, []) if lose else ([], self._sockets)
        for end in dead:
            _close(end)
        self._open.set()

    def close(self) -> None:
        self._listener.close()
        self.heal()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._open.wait()
        far = socket.create_connection(("127.0.0.1", self._target))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._sockets += [near, far]
        threading.Thread(target=self._pass, args=(far, near), daemon=True).start()
        self._pass(near, far)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # either end may go at any time: then the other one does
            while data := source.recv(CHUNK):
                self._open.wait()
                sink.sendall(data)
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with suppress(OSError):  # it may be gone already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
