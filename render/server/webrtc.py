"""The one adapter to aiortc: packets that are already encoded, playout without delay, key-frame requests.

Everything here that reaches into aiortc's or aioice's private parts is listed below, and `tests/stream` has a contract
test for each; aiortc is pinned to its minor version.

* `aiortc.codecs.HEADER_EXTENSIONS["video"]`: gets the playout-delay extension, so that it is negotiated.
* `aiortc.codecs.CODECS["video"]`: gets H.264's profile High 4:4:4 Predictive, so that it can be negotiated.
* `RTCRtpSender.__rtp_header_extensions_map`: replaced by one that writes that extension (0/0) into each packet.
* `RTCRtpSender._send_keyframe`: called for PLI and FIR; replaced, because packets pass aiortc's encoder by.
* `RTCRtpSender.__rtp_timestamp`: read; it tells the random offset between our time stamps and those on the wire.
* `aiortc.rtcrtpsender.RTP_HISTORY_SIZE`: made larger, so that lost packets can be repeated for more than a second.
* `RTCRtpSender._retransmit`: called for NACK; wrapped, to measure the loss, and called, to send second copies.
* `RTCRtpSender.__rtp_history`: read, for the packets of the frame that went out last.
* `aiortc.codecs.HEADER_EXTENSIONS["video"]` and `CODECS["video"]`: get transport-wide feedback, to be negotiated.
* `RTCDtlsTransport._send_rtp` and `_handle_rtcp_data`: wrapped, to note when numbered packets leave and what the client
  says of them.
* `RTCPeerConnection.__certificates`: the certificate's `_create_ssl_context` is wrapped to accept RSA certificates.
* `RTCIceGatherer._connection.get_component_candidates`: wrapped, to choose the addresses that are offered, 127.0.0.1
  among them, which aioice leaves out.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import aiortc.codecs
import aiortc.rtcrtpsender
import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.clock import current_ntp_time
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecCapability,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpParameters,
)
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket, is_rtcp

from ..errors import StreamError
from ..session.congestion import Congestion
from ..summary import Encoding, FrameInfo
from .feedback import feedback_of
from .ice_filter import IceFilter
from .offer import without_hidden_candidates
from .redundancy import LossMeter

log = logging.getLogger(__name__)

PLAYOUT_DELAY_URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
PLAYOUT_DELAY_ID = 14
TRANSPORT_WIDE_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
TRANSPORT_WIDE_ID = 5
WIRE_OVERHEAD_BYTES = 38
"""Of IP, UDP and SRTP, around an RTP packet."""
FULL_CHROMA_PROFILE = "f4001f"
CLOCK = Fraction(1, 90_000)
MAX_QUEUED_PACKETS = 12
"""More packets than this wait only when the connection does not keep up: then they are dropped up to a key frame."""
DROPPED_AT_SHARE = 1.5
"""Frames that come although so much of what may be under way is, are dropped up to a key frame."""
MAX_UNSENT_NOTE_BYTES = 16 << 10
"""Frame notes are left out while so much waits on their channel."""
ONE_BYTE_PROFILE = 0xBEDE


SENT_PACKETS_KEPT = 2048
"""For so many packets back a lost one can be sent again: more than a second of video. aiortc keeps 128, and at a round
trip of 100 ms and 5 % loss a packet whose repetition was lost too was gone by then: the picture stood for 3 s."""


def keep_sent_packets() -> None:
    """Have aiortc keep enough of what it sent. Once a process."""
    aiortc.rtcrtpsender.RTP_HISTORY_SIZE = SENT_PACKETS_KEPT  # type: ignore[attr-defined]


def offer_playout_delay() -> None:
    """Have aiortc negotiate the playout-delay extension. Once a process."""
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    if all(extension.uri != PLAYOUT_DELAY_URI for extension in extensions):
        extensions.append(RTCRtpHeaderExtensionParameters(id=PLAYOUT_DELAY_ID, uri=PLAYOUT_DELAY_URI))


def offer_transport_wide_feedback() -> None:
    """Have aiortc negotiate transport-wide feedback, for the codecs that are there. Once a process."""
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    if all(extension.uri != TRANSPORT_WIDE_URI for extension in extensions):
        extensions.append(RTCRtpHeaderExtensionParameters(id=TRANSPORT_WIDE_ID, uri=TRANSPORT_WIDE_URI))
    feedback = RTCRtcpFeedback(type="transport-cc")
    for codec in aiortc.codecs.CODECS["video"]:
        if codec.mimeType.lower() != "video/rtx" and feedback not in codec.rtcpFeedback:
            codec.rtcpFeedback.append(feedback)


def offer_full_chroma() -> None:
    """Have aiortc negotiate H.264's profile High 4:4:4 Predictive. Once a process."""
    codecs = aiortc.codecs.CODECS["video"]
    if any(codec.parameters.get("profile-level-id") == FULL_CHROMA_PROFILE for codec in codecs):
        return
    baseline = next(codec for codec in codecs if codec.mimeType == "video/H264")
    codec = copy.deepcopy(baseline)
    codec.payloadType = max(codec.payloadType or 0 for codec in codecs) + 1
    codec.parameters["profile-level-id"] = FULL_CHROMA_PROFILE
    rtx = RTCRtpCodecParameters(
        mimeType="video/rtx", clockRate=90_000, payloadType=codec.payloadType + 1, parameters={"apt": codec.payloadType}
    )
    codecs += [codec, rtx]


def codec_preferences(encoding: Encoding) -> list[RTCRtpCodecCapability]:
    """The codecs that may be negotiated for an encoding, and the one for packets that are sent again."""

    def fits(codec: RTCRtpCodecCapability) -> bool:
        if codec.mimeType.lower() != ("video/vp8" if encoding == "vp8" else "video/h264"):
            return codec.mimeType.lower() == "video/rtx"
        is_full = codec.parameters.get("profile-level-id") == FULL_CHROMA_PROFILE
        return encoding == "vp8" or is_full == (encoding == "h264_444")

    return [codec for codec in RTCRtpSender.getCapabilities("video").codecs if fits(codec)]


class PlayoutDelayMap(HeaderExtensionsMap):
    """aiortc's table of header extensions, with `playout-delay` of minimum 0 and maximum 0: show frames at once."""

    def __init__(self) -> None:
        super().__init__()
        self._element: bytes | None = None
        self.number: int | None = None  # of the newest packet, where the client wants them numbered

    def configure(self, parameters: RTCRtpParameters) -> None:
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == TRANSPORT_WIDE_URI:
                self.number = 0
            if extension.uri == PLAYOUT_DELAY_URI and 1 <= extension.id <= 14:
                # One byte of id and length - 1, then 12 bits of minimum and 12 of maximum, in 10 ms: four bytes, so
                # that the padding stays right (RFC 8285).
                self._element = bytes([extension.id << 4 | 2, 0, 0, 0])

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        if self.number is not None:
            values.transport_sequence_number = self.number = (self.number + 1) % 2**16
        profile, value = super().set(values)
        if self._element is None or (value and profile != ONE_BYTE_PROFILE):
            return profile, value
        return ONE_BYTE_PROFILE, value + self._element


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


class PeerListener(Protocol):
    """Who is told what a peer does."""

    def on_message(self, label: str, data: str | bytes) -> None: ...
    def on_channel(self, label: str) -> None: ...
    def on_state(self, state: str) -> None: ...
    def on_key_frame_wanted(self) -> None: ...
    def note_frame(self, frame: FrameInfo, rtp_timestamp: int) -> None: ...
    def on_line(self, rate_bps: float) -> None: ...


class Peer:
    """A connection to one browser: a video to it, data channels with it."""

    def __init__(
        self, listener: PeerListener, ice_servers: Sequence[RTCIceServer] = (), ice_filter: IceFilter | None = None
    ) -> None:
        """`ice_servers` is never left to aiortc, which would ask a public server. `ice_filter` says which of the
        machine's addresses are offered.
        """
        offer_playout_delay()
        keep_sent_packets()
        offer_full_chroma()
        offer_transport_wide_feedback()
        self._listener = listener
        self._ice_filter = ice_filter or IceFilter()
        self._channels: dict[str, RTCDataChannel] = {}
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        _accept_rsa(self._connection)
        self._track = PacketTrack(listener.note_frame, listener.on_key_frame_wanted)
        self._connection.on("datachannel", self._on_channel)
        self._connection.on("connectionstatechange", self._on_state)

    async def answer(self, offer: str, encoding: Encoding = "h264") -> str:
        """Take an SDP offer that `check_offer` has passed and has this encoding; the answer with all candidates.

        Raises StreamError when the two sides have nothing in common.
        """
        connection = self._connection
        transceiver = connection.addTransceiver(self._track, direction="sendonly")
        sender = transceiver.sender
        numbers = PlayoutDelayMap()
        sender._RTCRtpSender__rtp_header_extensions_map = numbers  # type: ignore[attr-defined]
        sender._send_keyframe = self._listener.on_key_frame_wanted  # type: ignore[method-assign]
        self._track.sent_by(sender)
        # Before the offer is applied: aiortc chooses the codecs there.
        transceiver.setCodecPreferences(codec_preferences(encoding))
        try:
            await connection.setRemoteDescription(
                RTCSessionDescription(sdp=without_hidden_candidates(offer), type="offer")
            )
            _choose_addresses(sender, self._ice_filter)
            # After the offer is applied: until then it is not known which transport the sender has.
            self._track.sent_over(Measured(sender, numbers, self._on_line).line)
            await connection.setLocalDescription(await connection.createAnswer())
        except (ValueError, OperationError, InvalidStateError, InvalidAccessError) as error:
            raise StreamError(f"the offer cannot be answered: {error}") from error
        return connection.localDescription.sdp

    def send_packet(self, frame: FrameInfo, packet: bytes) -> bool:
        """Whether it goes out; not while the connection does not keep up."""
        return self._track.push(frame, packet)

    def is_full(self) -> bool:
        """Whether as much is under way as the line takes."""
        return self._track.is_full(time.monotonic())

    def _on_line(self, rate_bps: float) -> None:
        self._track.catch_up(time.monotonic())
        self._listener.on_line(rate_bps)

    def send_text(self, label: str, text: str, *, droppable: bool = False) -> None:
        """On the channel of this label, if it is open; `droppable` ones are left out while the channel is behind."""
        channel = self._channels.get(label)
        if channel is None or channel.readyState != "open":
            return
        if droppable and channel.bufferedAmount > MAX_UNSENT_NOTE_BYTES:
            return
        channel.send(text)

    async def close(self) -> None:
        await self._connection.close()

    def _on_channel(self, channel: RTCDataChannel) -> None:
        label = channel.label
        if label not in ("events", "motion"):
            channel.close()
            return
        self._channels[label] = channel
        channel.on("message", lambda data: self._listener.on_message(label, data))
        self._listener.on_channel(label)

    def _on_state(self) -> None:
        self._listener.on_state(self._connection.connectionState)


CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
)
"""aiortc's, and those of peers whose certificate is RSA, as GStreamer's is: with these it shared none."""


def _accept_rsa(connection: RTCPeerConnection) -> None:
    certificate: Any = connection._RTCPeerConnection__certificates[0]  # type: ignore[attr-defined]
    create: Callable[[list[Any]], Any] = certificate._create_ssl_context

    def with_rsa(srtp_profiles: list[Any]) -> Any:
        context = create(srtp_profiles)
        context.set_cipher_list(CIPHERS)
        return context

    certificate._create_ssl_context = with_rsa


def _choose_addresses(sender: RTCRtpSender, ice_filter: IceFilter) -> None:
    connection: Any = sender.transport.transport.iceGatherer._connection
    gather: Callable[..., Awaitable[list[Any]]] = connection.get_component_candidates

    async def chosen(component: int, addresses: list[str], timeout: int = 5) -> list[Any]:
        return await gather(component=component, addresses=ice_filter.choose(addresses), timeout=timeout)

    connection.get_component_candidates = chosen
