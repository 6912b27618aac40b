"""Clients that come over a WebSocket: the same sessions and messages as over WebRTC, and the frames beside them.

A binary message is one frame: uint32 little-endian n, n bytes of UTF-8 JSON (a FrameMessage), the encoded frame. The
client acknowledges each; what it can not take is not even encoded (render/session/credit.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import AuthError, HostaError, UsageError
from ..limits import Limits
from ..session.credit import Credit
from ..session.events import FrameMessage
from ..session.registry import BusyError, NoViewError, Registry
from ..session.session import Session, check_encoding
from ..session.view import clamp_size
from ..state.view import first_problem
from ..summary import Encoding, FrameInfo
from .auth import Authority

log = logging.getLogger(__name__)

SUBPROTOCOL = "hosta.v1"
TOKEN_PREFIX = "hosta.token."
ENCODINGS: frozenset[Encoding] = frozenset({"h264", "h264_444", "vp8", "jpeg", "webp"})

CLOSED_BY_SERVER = 1000
GOING_AWAY = 1001
NO_BINARY = 1003
NOT_ASKED_RIGHT = 4400
NOT_AUTHORISED = 4401
NO_SUCH_VIEW = 4404
TOO_SLOW = 4408
BUSY = 4503

MAX_REASON_BYTES = 123
"""What fits into a close frame (RFC 6455, 5.5)."""
MAX_UNSENT_BYTES = 32 << 20
"""More than this waits only for a client that does not read: it is closed. A large state has some megabytes."""
SEND_TIMEOUT_S = 10.0
"""A client that takes no byte for so long is closed."""
CLOSE_TIMEOUT_S = 1.0
FRAME_HEAD = struct.Struct("<I")


class SocketQuery(BaseModel):
    """What an upgrade may ask for; `view` joins an existing view, `width` and `height` size a new one."""

    model_config = ConfigDict(extra="ignore")

    view: str | None = Field(None, max_length=100)
    width: int | None = Field(None, ge=1, le=65_535)
    height: int | None = Field(None, ge=1, le=65_535)
    encoding: Encoding = "h264"


@dataclass(frozen=True, slots=True)
class _End:
    code: int
    reason: str


class SocketConnection:
    """One client: its socket is the way (`Outlet`), its session is what is said on it."""

    encodings = ENCODINGS

    def __init__(self, socket: WebSocket) -> None:
        self.session: Session | None = None
        self._socket = socket
        self._queue: deque[str | bytes] = deque()
        self._unsent_bytes = 0
        self._wake = asyncio.Event()
        self._end: asyncio.Future[_End] = asyncio.get_running_loop().create_future()

    # ---- Outlet: what the session sends ----

    def send_event(self, text: str) -> None:
        self._put(text)

    def send_frame(self, frame: FrameInfo, packet: bytes) -> None:
        assert self.session is not None, "frames come to those that are admitted"
        note = FrameMessage(encoding=self.session.encoding, rtp_timestamp=frame.pts % 2**32, frame=frame)
        head = note.model_dump_json().encode()
        self._put(b"".join((FRAME_HEAD.pack(len(head)), head, packet)))

    def close(self, reason: str) -> None:
        self.end(CLOSED_BY_SERVER, reason)

    # ---- the socket ----

    def end(self, code: int, reason: str) -> None:
        """Close the socket soon; only the first reason counts."""
        if not self._end.done():
            self._end.set_result(_End(code, reason))

    async def converse(self) -> _End | None:
        """Send and receive until either side ends it; how the server does."""
        sending = asyncio.ensure_future(self._send_all())
        receiving = asyncio.ensure_future(self._receive_all())
        try:
            ends: set[asyncio.Future[Any]] = {sending, receiving, self._end}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            receiving.cancel()
            results = await asyncio.gather(sending, receiving, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                raise result
        return self._end.result() if self._end.done() else None

    async def _send_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                message = self._queue.popleft()
                self._unsent_bytes -= len(message)
                try:
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        if isinstance(message, str):
                            await self._socket.send_text(message)
                        else:
                            await self._socket.send_bytes(message)
                except TimeoutError:
                    self.end(TOO_SLOW, f"nothing could be sent for {SEND_TIMEOUT_S:g} s")
                    return

    async def _receive_all(self) -> None:
        session = self.session
        assert session is not None
        while not self._end.done():
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self.end(NO_BINARY, "messages must be JSON texts, not binary")
                return
            session.receive(text, time.monotonic())

    def _put(self, message: str | bytes) -> None:
        if self._end.done():
            return
        self._queue.append(message)
        self._unsent_bytes += len(message)
        if self._unsent_bytes > MAX_UNSENT_BYTES:
            self._queue.clear()
            self._unsent_bytes = 0
            self.end(TOO_SLOW, "the client does not read what it is sent")
            return
        self._wake.set()


class Sockets:
    """All WebSocket clients of the server."""

    def __init__(self, registry: Registry, authority: Authority, limits: Limits) -> None:
        self._registry = registry
        self._authority = authority
        self._limits = limits
        self._connections: set[SocketConnection] = set()

    async def serve(self, socket: WebSocket) -> None:
        """One client, from its upgrade, which the guard has let pass, to its end."""
        offered: list[str] = socket.scope.get("subprotocols", [])
        # A refusal must be told on the socket: a page cannot see the status of an upgrade that was refused.
        await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        connection = SocketConnection(socket)
        try:
            connection.session = session = self._admit(socket, offered, connection)
        except HostaError as error:
            log.info("a WebSocket was refused: %s: %s", error.code, error.sentence)
            await close_socket(socket, _close_code(error), error.sentence)
            return
        self._connections.add(connection)
        try:
            session.connected = True
            self._registry.opened_events(session)
            end = await connection.converse()
        finally:
            self._connections.discard(connection)
            self._registry.release(session)
        if end is not None:
            log.info("connection closed: %s", end.reason)
            await close_socket(socket, end.code, end.reason)

    def close(self) -> None:
        """End all connections."""
        for connection in self._connections:
            connection.end(GOING_AWAY, "the server ends")

    def _admit(self, socket: WebSocket, offered: list[str], connection: SocketConnection) -> Session:
        """Raises HostaError."""
        now_s = time.monotonic()
        address = socket.client.host if socket.client is not None else "unknown"
        authorization = socket.headers.get("authorization")
        for name in offered:
            if name.startswith(TOKEN_PREFIX):
                authorization = f"Bearer {name.removeprefix(TOKEN_PREFIX)}"
        self._authority.check(socket.cookies.get(self._authority.cookie_name), authorization, address, now_s)
        try:
            query = SocketQuery.model_validate(dict(socket.query_params))
        except ValidationError as error:
            raise UsageError(f"the address is not valid: {first_problem(error)}") from None
        check_encoding(query.encoding, connection)
        size = None
        if query.width is not None and query.height is not None:
            size = clamp_size(query.width, query.height, self._limits)
        return self._registry.admit(connection, now_s, query.view, size, query.encoding, Credit())


async def close_socket(socket: WebSocket, code: int, reason: str) -> None:
    """Close it with a sentence, as much of it as fits; a socket that is gone already is left alone."""
    fitting = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await socket.close(code, fitting)


def _close_code(error: HostaError) -> int:
    match error:
        case AuthError():
            return NOT_AUTHORISED
        case NoViewError():
            return NO_SUCH_VIEW
        case BusyError():
            return BUSY
    return NOT_ASKED_RIGHT
