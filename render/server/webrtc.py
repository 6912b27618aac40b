"""The one adapter to aiortc: packets that are already encoded, playout without delay, key-frame requests.

Its parts are this module, `negotiation`, `packets`, `packet_track` and `acknowledgements`. Everything in them that
reaches into aiortc's or aioice's private parts is listed below, and `tests/stream` has a contract test for each; aiortc
is pinned to its minor version.

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
* `RTCSctpTransport._send_sack`: wrapped, to acknowledge every second packet of the data channels and not each; its
  `_sack_needed`, `_sack_misordered` and `_sack_duplicates` say which must be acknowledged at once.
* `RTCPeerConnection.__certificates`: the certificate's `_create_ssl_context` is wrapped to accept RSA certificates.
* `RTCIceGatherer._connection.get_component_candidates`: wrapped, to choose the addresses that are offered, 127.0.0.1
  among them, which aioice leaves out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from ..errors import StreamError
from ..summary import Encoding, FrameInfo
from .acknowledgements import SparseAcknowledgements
from .ice_filter import IceFilter
from .negotiation import codec_preferences, offer_full_chroma, offer_playout_delay, offer_transport_wide_feedback
from .offer import without_hidden_candidates
from .packet_track import PacketTrack
from .packets import Measured, PlayoutDelayMap, keep_sent_packets

log = logging.getLogger(__name__)

MAX_UNSENT_NOTE_BYTES = 16 << 10
"""Frame notes are left out while so much waits on their channel."""


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
        self._acknowledgements: SparseAcknowledgements | None = None
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
            if connection.sctp is not None:
                self._acknowledgements = SparseAcknowledgements(connection.sctp)
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
        if self._acknowledgements is not None:
            self._acknowledgements.close()
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
