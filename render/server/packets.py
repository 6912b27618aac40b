"""RTP packets as they leave: their header extensions, when they left and arrived, and those that are sent again. Part
of the adapter, see `webrtc`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import aiortc.rtcrtpsender
from aiortc import RTCRtpSender
from aiortc.clock import current_ntp_time
from aiortc.rtcrtpparameters import RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket, is_rtcp

from ..session.congestion import Congestion
from . import negotiation
from .feedback import feedback_of
from .redundancy import LossMeter

WIRE_OVERHEAD_BYTES = 38
"""Of IP, UDP and SRTP, around an RTP packet."""
ONE_BYTE_PROFILE, ONE_BYTE_IDS, MID_BYTES = 0xBEDE, 14, 16
NO_OTHERS = (None,) * 4
SENT_PACKETS_KEPT = 2048
"""For so many packets back a lost one can be sent again: more than a second of video. aiortc keeps 128, and at a round
trip of 100 ms and 5 % loss a packet whose repetition was lost too was gone by then: the picture stood for 3 s."""


def keep_sent_packets() -> None:
    """Have aiortc keep enough of what it sent. Once a process."""
    aiortc.rtcrtpsender.RTP_HISTORY_SIZE = SENT_PACKETS_KEPT  # type: ignore[attr-defined]


class PlayoutDelayMap(HeaderExtensionsMap):
    """aiortc's table of header extensions, with `playout-delay` of minimum 0 and maximum 0: show frames at once.

    It also writes by itself, at once, those that all of our packets have; aiortc's way is for any set of them and takes
    as long as all else that is done with a packet in Python.
    """

    def __init__(self) -> None:
        super().__init__()
        self._playout_delay = b""
        self._mid_id = self._time_id = self._number_id = 0
        self._mids: dict[str, bytes] = {}
        self.number: int | None = None  # of the newest packet, where the client wants them numbered

    def configure(self, parameters: RTCRtpParameters) -> None:
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if not 1 <= extension.id <= ONE_BYTE_IDS:
                continue
            match extension.uri:
                case "urn:ietf:params:rtp-hdrext:sdes:mid":
                    self._mid_id = extension.id
                case "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time":
                    self._time_id = extension.id
                case negotiation.TRANSPORT_WIDE_URI:
                    self._number_id = extension.id
                    self.number = 0
                case negotiation.PLAYOUT_DELAY_URI:
                    # 12 bits of minimum and 12 of maximum, in 10 ms.
                    self._playout_delay = bytes([extension.id << 4 | 2, 0, 0, 0])

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        if self.number is not None:
            values.transport_sequence_number = self.number = (self.number + 1) % 2**16
        others = (
            values.repaired_rtp_stream_id, values.rtp_stream_id, values.transmission_offset, values.audio_level
        )  # fmt: skip
        if others != NO_OTHERS or not (values.mid is None or 1 <= len(values.mid.encode()) <= MID_BYTES):
            profile, value = super().set(values)
            if value and profile != ONE_BYTE_PROFILE:
                return profile, value
            return ONE_BYTE_PROFILE, value + self._playout_delay  # four bytes: the padding stays right
        # Each is one byte of id and length - 1, and its bytes (RFC 8285, 4.2).
        value = b""
        if values.mid is not None and self._mid_id:
            value = self._mids.get(values.mid) or self._element(values.mid)
        if values.abs_send_time is not None and self._time_id:
            value += ((self._time_id << 4 | 2) << 24 | values.abs_send_time).to_bytes(4, "big")
        if values.transport_sequence_number is not None and self._number_id:
            value += ((self._number_id << 4 | 1) << 16 | values.transport_sequence_number).to_bytes(3, "big")
        value += self._playout_delay
        return ONE_BYTE_PROFILE if value else 0, value + bytes(-len(value) % 4)

    def _element(self, mid: str) -> bytes:
        encoded = mid.encode()
        element = self._mids[mid] = bytes([self._mid_id << 4 | len(encoded) - 1]) + encoded
        return element


class Measured:
    """Notes each numbered packet that goes out, and what the client says of them; `told` is called after that."""

    def __init__(self, sender: RTCRtpSender, numbers: PlayoutDelayMap, told: Callable[[float], None]) -> None:
        self.line = Congestion()
        self._numbers, self._told = numbers, told
        transport: Any = sender.transport
        self._send, self._handle = transport._send_rtp, transport._handle_rtcp_data
        transport._send_rtp, transport._handle_rtcp_data = self._send_rtp, self._handle_rtcp

    async def _send_rtp(self, data: bytes) -> None:
        if (number := self._numbers.number) is not None and not is_rtcp(data):
            self.line.sent(number, len(data) + WIRE_OVERHEAD_BYTES, time.monotonic())
        await self._send(data)

    async def _handle_rtcp(self, data: bytes) -> None:
        for arrivals in feedback_of(data):
            self._told(self.line.feedback(arrivals, time.monotonic()))
        await self._handle(data)


class PacketCopies:
    """Sends lost packets again, and packets a second time where many are lost."""

    def __init__(self, sender: RTCRtpSender) -> None:
        self._sender = sender
        self._again = sender._retransmit
        self._meter = LossMeter()
        self.line: Congestion | None = None
        self._next: int | None = None  # the number of the first packet that no copy was thought of
        self._reported: deque[int] = deque(maxlen=SENT_PACKETS_KEPT)
        sender._retransmit = self._lost  # type: ignore[method-assign, assignment]

    async def follow(self) -> None:
        """A frame was sent: its copies follow, if they are worth it."""
        sent = self._new_packets()
        now_s = time.monotonic()
        self._meter.sent(len(sent), now_s)
        if self._meter.worth_a_copy(now_s) and not self._is_narrow(now_s):
            for number in sent:
                await self._again(number)

    async def _lost(self, number: int) -> None:
        """The client asks for a packet again."""
        packet = self._history.get(number % SENT_PACKETS_KEPT)
        if packet is None or packet.sequence_number != number:
            return
        if number not in self._reported:
            self._reported.append(number)
            ticks = (current_ntp_time() >> 14) - (packet.extensions.abs_send_time or 0)
            self._meter.reported((ticks & 0xFFFFFF) / 2**18, time.monotonic())
        await self._again(number)
        # Twice: a loss here costs another round trip.
        if not self._is_narrow(time.monotonic()):
            await self._again(number)

    def _is_narrow(self, now_s: float) -> bool:
        return self.line is not None and self.line.is_narrow(now_s)

    @property
    def _history(self) -> dict[int, RtpPacket]:
        history: dict[int, RtpPacket] = self._sender._RTCRtpSender__rtp_history  # type: ignore[attr-defined]
        return history

    def _new_packets(self) -> list[int]:
        history = self._history
        if self._next is None:
            if not history:
                return []
            self._next = min(packet.sequence_number for packet in history.values())
        new = []
        while (packet := history.get(self._next % SENT_PACKETS_KEPT)) and packet.sequence_number == self._next:
            new.append(self._next)
            self._next = (self._next + 1) % 2**16
        return new
