"""Connections: from an offer to an answer, and to the end. Shaped like WHEP (draft-ietf-wish-whep)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from aiortc import RTCIceServer

from ..errors import HostaError, StreamError
from ..session.congestion import FORGOTTEN_S
from ..session.events import FrameMessage
from ..session.registry import Registry
from ..session.session import Session
from ..summary import Encoding, FrameInfo
from .ice_filter import IceFilter
from .offer import check_offer, choose_encoding
from .webrtc import Peer

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 10.0


class Connection:
    """One client: its peer connection is the way (`Outlet`), its session is what is said on it."""

    def __init__(
        self,
        signalling: Signalling,
        encoding: Encoding,
        ice_servers: Sequence[RTCIceServer],
        ice_filter: IceFilter | None,
    ) -> None:
        self.session: Session | None = None
        # What is negotiated stays; a decoder of full chroma decodes half of it too.
        self.encodings: frozenset[Encoding] = frozenset({encoding, "h264"} if encoding == "h264_444" else {encoding})
        self.peer = Peer(self, ice_servers, ice_filter)
        self._signalling = signalling

    # ---- Outlet: what the session sends ----

    def send_event(self, text: str) -> None:
        self.peer.send_text("events", text)

    def send_frame(self, frame: FrameInfo, packet: bytes) -> None:
        if not self.peer.send_packet(frame, packet):
            self._signalling.registry.meter.dropped("webrtc", "queue_full")
        self._look()

    def close(self, reason: str) -> None:
        log.info("connection closed: %s", reason)
        self._signalling.end_soon(self)

    # ---- PeerListener: what the peer does ----

    def on_message(self, label: str, data: str | bytes) -> None:
        if self.session is not None:
            self.session.receive(data, time.monotonic())

    def on_channel(self, label: str) -> None:
        if label == "events" and self.session is not None:
            self._signalling.registry.opened_events(self.session)

    def on_state(self, state: str) -> None:
        if state == "connected" and self.session is not None:
            self.session.connected = True
        elif state in ("failed", "closed"):
            self._signalling.end_soon(self)

    def on_key_frame_wanted(self) -> None:
        if self.session is not None and self.session.view is not None:
            self._signalling.registry.watches(self.session.view, self.session, key_frame=True)

    def on_line(self, rate_bps: float) -> None:
        if self.session is not None:
            self._look()
            self._signalling.registry.measured(self.session, rate_bps, time.monotonic())

    def _look(self) -> None:
        """Whether the client's line is full; frames are not even encoded then."""
        assert self.session is not None, "frames come to those that are admitted"
        full = self.peer.is_full()
        if full and not self.session.full:
            # Where no feedback comes any more, packets count as gone after a while.
            asyncio.get_running_loop().call_later(FORGOTTEN_S, self._look)
        if full != self.session.full:
            self.session.full = full
            self._signalling.registry.changed_room(self.session)

    def note_frame(self, frame: FrameInfo, rtp_timestamp: int) -> None:
        assert self.session is not None, "frames come to those that are admitted"
        note = FrameMessage(encoding=self.session.encoding, rtp_timestamp=rtp_timestamp, frame=frame)
        self.peer.send_text("motion", note.model_dump_json(), droppable=True)


class Signalling:
    """All connections of the server."""

    def __init__(
        self, registry: Registry, ice_servers: Sequence[RTCIceServer] = (), ice_filter: IceFilter | None = None
    ) -> None:
        self.registry = registry
        self._ice_servers = ice_servers
        self._ice_filter = ice_filter
        self._connections: dict[str, Connection] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def open(
        self, offer: str, view: str | None, size: tuple[int, int] | None, wanted: Encoding = "h264"
    ) -> tuple[str, str]:
        """Answer an offer: (the connection's id, the SDP answer). Raises StreamError or LimitError."""
        encoding = choose_encoding(check_offer(offer), wanted)
        self.registry.check_free()
        connection = Connection(self, encoding, self._ice_servers, self._ice_filter)
        try:
            connection.session = self.registry.admit(connection, time.monotonic(), view, size, encoding)
        except HostaError:
            await connection.peer.close()
            raise
        name = connection.session.session
        self._connections[name] = connection
        try:
            answer = await asyncio.wait_for(connection.peer.answer(offer, encoding), ANSWER_TIMEOUT_S)
        except TimeoutError:
            await self.end(name)
            raise StreamError(f"no answer to the offer could be made within {ANSWER_TIMEOUT_S:g} s") from None
        except BaseException:
            await self.end(name)
            raise
        return name, answer

    async def end(self, name: str) -> bool:
        """End a connection; whether there was one of this id."""
        connection = self._connections.pop(name, None)
        if connection is None or connection.session is None:
            return False
        self.registry.release(connection.session)
        await connection.peer.close()
        return True

    def end_soon(self, connection: Connection) -> None:
        """End a connection from within one of its own callbacks."""
        session = connection.session
        if session is None or session.session not in self._connections:
            return
        task = asyncio.get_running_loop().create_task(self._end(session.session))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(self.end(name) for name in list(self._connections)), *self._ending)

    async def _end(self, name: str) -> None:
        try:
            await self.end(name)
        except Exception:
            log.exception("a connection could not be closed cleanly")
