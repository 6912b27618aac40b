"""The private parts of aiortc and aioice that `render.server.webrtc` touches are still what it takes them for."""

from __future__ import annotations

import asyncio
import inspect

import aiortc
import aiortc.codecs
import aiortc.rtcrtpsender
import av
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, rtp
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtcrtpsender import RTCRtpSender

from render.server.negotiation import (
    PLAYOUT_DELAY_ID,
    PLAYOUT_DELAY_URI,
    TRANSPORT_WIDE_URI,
    codec_preferences,
    offer_full_chroma,
    offer_playout_delay,
    offer_transport_wide_feedback,
)
from render.server.packet_track import CLOCK
from render.server.packets import SENT_PACKETS_KEPT, PlayoutDelayMap, keep_sent_packets

from .service import service
from .viewer import viewer

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


def test_the_version_is_the_one_that_was_read() -> None:
    assert aiortc.__version__.startswith("1.16.")


def test_ids_of_header_extensions_do_not_collide() -> None:
    offer_playout_delay()
    offer_playout_delay()
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    assert [e.uri for e in extensions].count(PLAYOUT_DELAY_URI) == 1
    assert len({e.id for e in extensions}) == len(extensions)


def test_full_chroma_is_a_codec_beside_the_others() -> None:
    offer_full_chroma()
    offer_full_chroma()
    codecs = aiortc.codecs.CODECS["video"]
    assert len({codec.payloadType for codec in codecs}) == len(codecs)
    profiles = [codec.parameters.get("profile-level-id") for codec in codecs if codec.mimeType == "video/H264"]
    assert profiles == ["42001f", "42e01f", "f4001f"]
    for encoding, mime, count in (("h264", "video/H264", 2), ("h264_444", "video/H264", 1), ("vp8", "video/VP8", 1)):
        chosen = [codec.mimeType for codec in codec_preferences(encoding)]
        assert sorted(chosen) == sorted([mime] * count + ["video/rtx"])


def test_vp8_passes_through_unchanged() -> None:
    frame = bytes(range(256)) * 20
    packet = av.Packet(frame)
    packet.pts, packet.time_base = 7, CLOCK
    payloads, timestamp = aiortc.codecs.get_encoder(aiortc.codecs.CODECS["video"][0]).pack(packet)
    assert timestamp == 7
    assert b"".join(aiortc.codecs.vp8_depayload(payload) for payload in payloads) == frame


def test_playout_delay_is_in_each_packet_beside_the_others() -> None:
    wanted = {MID_URI: 1, TIME_URI: 3, PLAYOUT_DELAY_URI: PLAYOUT_DELAY_ID}
    parameters = RTCRtpParameters(
        headerExtensions=[RTCRtpHeaderExtensionParameters(id=id_, uri=uri) for uri, id_ in wanted.items()]
    )
    table = PlayoutDelayMap()
    table.configure(parameters)
    packet = rtp.RtpPacket(payload_type=97, sequence_number=1, timestamp=2, payload=b"x")
    packet.extensions.mid, packet.extensions.abs_send_time = "0", 0x123456
    data = packet.serialize(table)
    profile = int.from_bytes(data[12:14], "big")
    length = int.from_bytes(data[14:16], "big") * 4
    found = dict(rtp.unpack_header_extensions(profile, data[16 : 16 + length]))
    assert found == {1: b"0", 3: b"\x12\x34\x56", PLAYOUT_DELAY_ID: b"\0\0\0"}
    assert data[16 + length :] == b"x"


def test_packets_are_numbered_where_that_is_negotiated() -> None:
    table = PlayoutDelayMap()
    packet = rtp.RtpPacket(payload_type=97, sequence_number=1, timestamp=2, payload=b"x")
    assert packet.serialize(table)[-1:] == b"x"
    assert table.number is None
    wanted = [RTCRtpHeaderExtensionParameters(id=5, uri=TRANSPORT_WIDE_URI)]
    table.configure(RTCRtpParameters(headerExtensions=wanted))
    for number in (1, 2):
        data = packet.serialize(table)
        assert table.number == number
        assert rtp.RtpPacket.parse(data, table).extensions.transport_sequence_number == number


def test_feedback_is_offered_for_each_codec_and_passes_the_two_methods() -> None:
    offer_transport_wide_feedback()
    offer_transport_wide_feedback()
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    assert [e.uri for e in extensions].count(TRANSPORT_WIDE_URI) == 1
    for codec in aiortc.codecs.CODECS["video"]:
        kinds = [feedback.type for feedback in codec.rtcpFeedback]
        assert kinds.count("transport-cc") == (codec.mimeType != "video/rtx")
    assert "await self._handle_rtcp_data(data)" in inspect.getsource(RTCDtlsTransport._recv_next)
    # A packet is sent in the same breath in which it gets its number.
    for source in (RTCRtpSender._run_rtp, RTCRtpSender._retransmit):
        lines = [line.strip() for line in inspect.getsource(source).splitlines()]
        place = lines.index("packet_bytes = packet.serialize(self.__rtp_header_extensions_map)")
        assert lines[place + 1] == "await self.transport._send_rtp(packet_bytes)"


@pytest.mark.parametrize("mid", [None, "0", "video", "a name of more than 16 bytes"])
@pytest.mark.parametrize("with_time", [False, True])
@pytest.mark.parametrize("with_number", [False, True])
@pytest.mark.parametrize("level", [None, (False, 12)])
def test_without_playout_delay_headers_are_aiortcs(
    mid: str | None, with_time: bool, with_number: bool, level: tuple[bool, int] | None
) -> None:
    wanted = {MID_URI: 1, LEVEL_URI: 9}
    wanted |= {TIME_URI: 3} if with_time else {}
    wanted |= {TRANSPORT_WIDE_URI: 5} if with_number else {}
    parameters = RTCRtpParameters(
        headerExtensions=[RTCRtpHeaderExtensionParameters(id=id_, uri=uri) for uri, id_ in wanted.items()]
    )
    ours, theirs = PlayoutDelayMap(), rtp.HeaderExtensionsMap()
    values = [rtp.HeaderExtensions(mid=mid, abs_send_time=0x123456, audio_level=level) for _ in range(2)]
    values[1].transport_sequence_number = 1
    for table in (ours, theirs):
        table.configure(parameters)
    profile, value = theirs.set(values[1])
    assert ours.set(values[0]) == (profile, value)


def test_a_sender_has_the_private_parts() -> None:
    async def scenario() -> None:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        sender = connection.addTransceiver("video").sender
        assert type(sender._RTCRtpSender__rtp_header_extensions_map) is rtp.HeaderExtensionsMap
        assert sender._RTCRtpSender__rtp_timestamp == 0
        assert sender._RTCRtpSender__rtp_history == {}
        assert list(inspect.signature(sender._retransmit).parameters) == ["sequence_number"]
        gather = sender.transport.transport.iceGatherer._connection.get_component_candidates
        assert list(inspect.signature(gather).parameters) == ["component", "addresses", "timeout"]
        certificate = connection._RTCPeerConnection__certificates[0]
        assert list(inspect.signature(certificate._create_ssl_context).parameters) == ["srtp_profiles"]
        await connection.close()

    asyncio.run(scenario())
    assert "self.__local_certificate._create_ssl_context(" in inspect.getsource(RTCDtlsTransport)
    assert "self._send_keyframe()" in inspect.getsource(RTCRtpSender._handle_rtcp_packet)
    assert "await self._retransmit(seq)" in inspect.getsource(RTCRtpSender._handle_rtcp_packet)
    run = inspect.getsource(RTCRtpSender._run_rtp)
    assert "self.__rtp_timestamp = packet.timestamp" in run
    # The history that is read: which place a packet has in it, and when it says that it was sent.
    assert "self.__rtp_history[packet.sequence_number % RTP_HISTORY_SIZE]" in run
    assert "clock.current_ntp_time() >> 14" in run
    assert "RTP_HISTORY_SIZE" in inspect.getsource(RTCRtpSender._retransmit)


def test_sent_packets_are_kept_for_more_than_a_second_of_video() -> None:
    keep_sent_packets()
    assert aiortc.rtcrtpsender.RTP_HISTORY_SIZE == SENT_PACKETS_KEPT
    # 16 Mbit/s in packets of 1200 bytes are 1700 of them a second; a divisor of 2^16, or places would be taken twice.
    assert SENT_PACKETS_KEPT >= 1700
    assert 2**16 % SENT_PACKETS_KEPT == 0


def test_packets_pass_through_unchanged() -> None:
    units = [b"\x67" + bytes(range(10)), b"\x68abc", b"\x65" + bytes(range(256)) * 20]
    packet = av.Packet(b"".join(b"\0\0\0\1" + unit for unit in units))
    packet.pts, packet.time_base = 2**33 + 5, CLOCK
    encoder = aiortc.codecs.get_encoder(aiortc.codecs.CODECS["video"][2])
    payloads, timestamp = encoder.pack(packet)
    assert timestamp == 2**33 + 5
    received = b"".join(aiortc.codecs.h264_depayload(payload) for payload in payloads)
    assert received == b"".join(b"\0\0\0\1" + unit for unit in units)


def test_a_picture_loss_makes_a_key_frame_and_the_answer_has_what_was_asked() -> None:
    async def scenario() -> None:
        offer_playout_delay()
        async with service() as server, server.client() as http, viewer(http) as one:
            await one.until(lambda: len(one.notes) > 3, "frames")
            assert PLAYOUT_DELAY_URI in one.answer
            assert "VP8" not in one.answer
            assert " 127.0.0.1 " in one.answer
            await asyncio.sleep(0.5)
            before = sum(n.frame.key_frame for n in one.notes)
            receiver = one.connection.getReceivers()[0]
            ssrc = one.connection.getTransceivers()[0].receiver._RTCRtpReceiver__remote_streams
            await receiver._send_rtcp_pli(next(iter(ssrc)))
            await one.until(lambda: sum(n.frame.key_frame for n in one.notes) > before, "key frame after PLI")

    asyncio.run(scenario())
