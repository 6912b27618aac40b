"""Messages on a byte stream: an incremental parser without I/O, and the worker's end of the socket."""

from __future__ import annotations

import queue
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..errors import WorkerError
from . import protocol
from .protocol import FromWorker, ToWorker

M = TypeVar("M")

READ_BYTES = 1 << 18
CONGESTED_BYTES = 1 << 20
"""With this much unsent, no further frame is encoded: an encoded frame cannot be dropped any more."""


class MessageParser(Generic[M]):
    """Bytes in any portions in, whole messages with their payloads out. It does no I/O."""

    def __init__(self, adapter: TypeAdapter[M]) -> None:
        self._adapter = adapter
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[M, bytes]]:
        """The messages that `data` completes. Raises WorkerError when the stream is not the protocol."""
        self._buffer += data
        while len(self._buffer) >= protocol.HEADER.size:
            header_bytes, payload_bytes = protocol.HEADER.unpack_from(self._buffer)
            if header_bytes > protocol.MAX_HEADER_BYTES or payload_bytes > protocol.MAX_PAYLOAD_BYTES:
                raise WorkerError(
                    f"a message of {header_bytes} + {payload_bytes} bytes is larger than the protocol allows"
                )
            start = protocol.HEADER.size
            middle, end = start + header_bytes, start + header_bytes + payload_bytes
            if len(self._buffer) < end:
                return
            header, payload = bytes(self._buffer[start:middle]), bytes(self._buffer[middle:end])
            del self._buffer[:end]
            try:
                message = self._adapter.validate_json(header)
            except ValidationError as error:
                raise WorkerError(f"a message is not of the protocol: {error.errors(include_input=False)[0]}") from None
            yield message, payload


class WorkerChannel:
    """The worker's end: a thread that reads into `inbox`, a thread that writes; `send` never blocks.

    `inbox` also takes what other threads of the worker put in; None in it says that the server is gone.
    """

    def __init__(self, end: socket.socket, on_gone: Callable[[], None]) -> None:
        """`on_gone` is called, on the reading thread, when the other end has closed or broken the stream."""
        self.inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._socket = end
        self._on_gone = on_gone
        self._outbox: deque[bytes] = deque()
        self._unsent_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._read, name="channel-read", daemon=True),
            threading.Thread(target=self._write, name="channel-write", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def send(self, message: FromWorker, payload: bytes = b"") -> None:
        """Queue a message. From any thread."""
        data = protocol.pack(message, payload)
        with self._changed:
            self._outbox.append(data)
            self._unsent_bytes += len(data)
            self._changed.notify_all()

    @property
    def congested(self) -> bool:
        """Whether the server does not read as fast as is written; then frames should not be made."""
        with self._changed:
            return self._unsent_bytes >= CONGESTED_BYTES

    def close(self, timeout_s: float = 1.0) -> None:
        """Send what is queued, for at most `timeout_s`, and close."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._threads[1].join(timeout_s)
        self._socket.close()

    def _read(self) -> None:
        parser: MessageParser[ToWorker] = MessageParser(protocol.TO_WORKER)
        try:
            while data := self._socket.recv(READ_BYTES):
                for message, _ in parser.feed(data):
                    self.inbox.put(message)
        except (OSError, WorkerError):
            pass  # a broken stream ends as a closed one does: the server starts another worker
        self.inbox.put(None)
        self._on_gone()

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._outbox and not self._closing:
                    self._changed.wait()
                if not self._outbox:
                    return
                data = self._outbox.popleft()
            try:
                self._socket.sendall(data)
            except OSError:
                return  # the reading thread sees the same and ends the worker
            with self._changed:
                self._unsent_bytes -= len(data)
