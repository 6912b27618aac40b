"""The video track of packets that are already encoded. Part of the adapter, see `webrtc`."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.mediastreams import MediaStreamError

from ..session.congestion import Congestion
from ..summary import FrameInfo
from .packets import PacketCopies

CLOCK = Fraction(1, 90_000)
MAX_QUEUED_PACKETS = 12
"""More packets than this wait only when the connection does not keep up: then they are dropped up to a key frame."""
DROPPED_AT_SHARE = 1.5
"""Frames that come although so much of what may be under way is, are dropped up to a key frame."""


@dataclass(frozen=True, slots=True)
class _Queued:
    frame: FrameInfo
    packet: bytes


class PacketTrack(MediaStreamTrack):
    """A video track of packets. `note(frame, rtp_timestamp)` is called as each goes out."""

    kind = "video"

    def __init__(self, note: Callable[[FrameInfo, int], None], want_key_frame: Callable[[], None]) -> None:
        super().__init__()
        self._note = note
        self._want_key_frame = want_key_frame
        self._queue: deque[_Queued] = deque()
        self._next: asyncio.Future[None] | None = None
        self._needs_key_frame = True
        self._started = False
        self._sender: RTCRtpSender | None = None
        self._copies: PacketCopies | None = None
        self._offset: int | None = None
        self._unnoted: FrameInfo | None = None
        self._line: Congestion | None = None
        self._owes_key_frame = False

    def sent_over(self, line: Congestion) -> None:
        self._line = line
        if self._copies is not None:
            self._copies.line = line

    def is_full(self, now_s: float, share: float = 1.0) -> bool:
        """Whether `share` of what may be under way to the client is, with what waits here."""
        queued = sum(len(one.packet) for one in self._queue)
        return self._line is not None and self._line.is_full(now_s, share, queued)

    def catch_up(self, now_s: float) -> None:
        """The client said what came: if it missed frames and has room again, it needs a key frame."""
        if self._owes_key_frame and not self.is_full(now_s):
            self._owes_key_frame = False
            self._want_key_frame()

    def sent_by(self, sender: RTCRtpSender) -> None:
        self._sender = sender
        self._copies = PacketCopies(sender)

    def push(self, frame: FrameInfo, packet: bytes) -> bool:
        """Queue a packet; one that cannot be decoded because others were dropped is dropped too, which is False."""
        if self.is_full(time.monotonic(), DROPPED_AT_SHARE):
            self._queue.clear()
            self._needs_key_frame = self._owes_key_frame = True
            return False
        if frame.key_frame:
            self._queue.clear()
            self._owes_key_frame = False
            self._needs_key_frame = False
        elif self._needs_key_frame:
            return False
        elif len(self._queue) >= MAX_QUEUED_PACKETS:
            self._queue.clear()
            self._needs_key_frame = True
            if self._started:
                self._want_key_frame()
            return False
        self._queue.append(_Queued(frame, packet))
        self._wake()
        return True

    def stop(self) -> None:
        super().stop()
        self._wake()

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when there is one. aiortc calls this when it has sent the one before."""
        self._note_first()
        if self._copies is not None:
            await self._copies.follow()
        if not self._started:
            self._started = True
            if not self._queue:
                self._want_key_frame()
        while not self._queue:
            if self.readyState != "live":
                raise MediaStreamError
            self._next = asyncio.get_running_loop().create_future()
            await self._next
        if self.readyState != "live":
            raise MediaStreamError
        item = self._queue.popleft()
        packet = av.Packet(item.packet)
        packet.pts = item.frame.pts
        packet.time_base = CLOCK
        if self._offset is None:
            self._unnoted = item.frame
        else:
            self._note(item.frame, self._on_the_wire(item.frame.pts))
        return packet

    def _note_first(self) -> None:
        """aiortc adds a random offset to all time stamps; the first packet that it sent tells which."""
        if self._unnoted is None or self._sender is None:
            return
        frame, self._unnoted = self._unnoted, None
        sent: int = self._sender._RTCRtpSender__rtp_timestamp  # type: ignore[attr-defined]
        self._offset = (sent - frame.pts) % 2**32
        self._note(frame, sent)

    def _on_the_wire(self, pts: int) -> int:
        assert self._offset is not None
        return (self._offset + pts) % 2**32

    def _wake(self) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_result(None)
