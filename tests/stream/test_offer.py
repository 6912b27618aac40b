"""What is an acceptable offer, without a connection."""

from __future__ import annotations

import asyncio
from functools import cache

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, sdp

from render.errors import StreamError
from render.server.negotiation import offer_full_chroma
from render.server.offer import MAX_CANDIDATES, check_offer, choose_encoding, without_hidden_candidates

HIDDEN = "a=candidate:1 1 udp 2113937151 ae081571-9ec8-4b6c-86f8-a0f056f99c40.local 48032 typ host"


@cache
def good_offer() -> str:
    async def make() -> str:
        offer_full_chroma()
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.addTransceiver("video", direction="recvonly")
        connection.createDataChannel("events")
        await connection.setLocalDescription(await connection.createOffer())
        text = connection.localDescription.sdp
        await connection.close()
        return text

    return asyncio.run(make())


def section(kind: str) -> str:
    text = good_offer()
    start = text.index(f"m={kind}")
    end = text.find("\r\nm=", start)
    return text[start:] if end < 0 else text[start : end + 2]


def sound(direction: str) -> str:
    return section("video").replace("m=video", "m=audio").replace("a=recvonly", f"a={direction}")


def test_a_good_offer_passes() -> None:
    assert check_offer(good_offer()) == {"h264", "h264_444", "vp8"}
    # As players ask who know nothing of this server.
    assert check_offer(good_offer() + sound("recvonly")) == {"h264", "h264_444", "vp8"}


def test_an_offer_says_what_can_be_sent() -> None:
    without_h264 = good_offer().replace("H264/90000", "H265/90000")
    assert check_offer(without_h264) == {"vp8"}
    assert check_offer(good_offer().replace("packetization-mode=1", "packetization-mode=0")) == {"vp8"}
    assert check_offer(good_offer().replace("VP8/90000", "VP9/90000").replace("f4001f", "640c1f")) == {"h264"}
    nonsense = good_offer().replace("profile-level-id=", "profile-level-id=x")
    assert check_offer(nonsense) == {"vp8"}


def test_the_client_gets_what_it_wants_or_the_next_best() -> None:
    every, old = frozenset({"h264", "h264_444", "vp8"}), frozenset({"vp8"})
    assert [choose_encoding(every, wanted) for wanted in ("h264", "h264_444", "vp8")] == ["h264", "h264_444", "vp8"]
    assert choose_encoding(frozenset({"h264", "vp8"}), "h264_444") == "h264"
    assert choose_encoding(old, "h264") == "vp8"
    with pytest.raises(StreamError, match="WebRTC carries no webp"):
        choose_encoding(every, "webp")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: "", "exactly one video"),
        (lambda text: "v=0\r\nm=\r\n", "not valid SDP"),
        (lambda text: text + "a=fingerprint:\r\n", "not valid SDP"),
        (lambda text: text.replace(section("video"), ""), "exactly one video"),
        (lambda text: text + section("video"), "exactly one video"),
        (lambda text: text + section("video").replace("m=video", "m=image"), "nothing else"),
        (lambda text: text + sound("recvonly") * 2, "nothing else"),
        (lambda text: text + sound("sendrecv"), "not taken from anybody"),
        (lambda text: text + section("application"), "nothing else"),
        (lambda text: text + section("application") * 10_000, "at most 8 media sections"),
        (lambda text: text + "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n" * (MAX_CANDIDATES + 1), "at most 64"),
        (lambda text: text.replace("sha-256", "sha-1").replace("sha-384", "md5").replace("sha-512", "md5"), "SHA-256"),
        (lambda text: text.replace("a=recvonly", "a=sendonly"), "recvonly"),
        (lambda text: text.replace("H264/90000", "H265/90000").replace("VP8/90000", "VP9/90000"), "neither H.264"),
        (lambda text: text.replace("packetization-mode=1", "packetization-mode=0").replace("VP8", "VP9"), "neither"),
        (lambda text: text.replace("a=ice-ufrag", "a=x-ufrag"), "ICE user fragment"),
    ],
)
def test_others_are_refused_with_a_reason(change, complaint: str) -> None:
    with pytest.raises(StreamError, match=complaint):
        check_offer(change(good_offer()))


def test_hidden_candidates_are_taken_out_of_each_section() -> None:
    text = good_offer().replace("a=end-of-candidates", f"{HIDDEN}\r\na=end-of-candidates")
    before, after = sdp.SessionDescription.parse(text), sdp.SessionDescription.parse(without_hidden_candidates(text))
    assert [m.kind for m in after.media] == ["video", "application"]
    for old, new in zip(before.media, after.media, strict=True):
        assert any(candidate.ip.endswith(".local") for candidate in old.ice_candidates)
        assert not any(candidate.ip.endswith(".local") for candidate in new.ice_candidates)
        assert {c.ip for c in old.ice_candidates if not c.ip.endswith(".local")} <= {c.ip for c in new.ice_candidates}
        assert new.ice_candidates  # never none: the ICE agent would give up
        assert not new.ice_candidates_complete
        assert (new.rtp.codecs, new.dtls, new.ice) == (old.rtp.codecs, old.dtls, old.ice)
