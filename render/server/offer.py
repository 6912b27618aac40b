"""What an SDP offer must be before anything is made for it, and how it is passed on. Pure."""

from __future__ import annotations

import re

from aiortc import sdp
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from ..errors import StreamError
from ..summary import Encoding

MAX_SECTIONS = 8
MAX_CANDIDATES = 64
STRONG_DIGESTS = frozenset({"sha-256", "sha-384", "sha-512"})

PLACEHOLDER = "a=candidate:0 1 udp 1 127.0.0.1 9 typ host"
"""Nobody is there (9 is the discard port), but the ICE agent gives up at once when it has no candidate to check."""

_SECTION = re.compile(r"^m=", re.MULTILINE)
_CANDIDATE = re.compile(r"^a=candidate:", re.MULTILINE)


_H264_PROFILES: dict[sdp.H264Profile, Encoding] = {
    sdp.H264Profile.PROFILE_BASELINE: "h264",
    sdp.H264Profile.PROFILE_CONSTRAINED_BASELINE: "h264",
    sdp.H264Profile.PROFILE_PREDICTIVE_HIGH_444: "h264_444",
}


def check_offer(text: str) -> frozenset[Encoding]:
    """The encodings that the offer has.

    Raises StreamError unless it asks for one video that can be sent, and is safe. Data channels may be beside it, and
    sound, for which players ask as a matter of course; they get none.
    """
    # Counted before they are parsed, so that a long offer costs nothing.
    sections, candidates = len(_SECTION.findall(text)), len(_CANDIDATE.findall(text))
    if sections > MAX_SECTIONS:
        raise StreamError(f"an offer may have at most {MAX_SECTIONS} media sections, not {sections}")
    if candidates > MAX_CANDIDATES:
        raise StreamError(f"an offer may have at most {MAX_CANDIDATES} candidates, not {candidates}")
    try:
        offer = sdp.SessionDescription.parse(text)
    except Exception as error:  # the parser raises whatever its reading of a line happens to raise
        raise StreamError("the offer is not valid SDP") from error
    kinds = [media.kind for media in offer.media]
    if kinds.count("video") != 1:
        raise StreamError(f"an offer must have exactly one video section, not {kinds.count('video')}")
    if kinds.count("application") > 1 or kinds.count("audio") > 1 or set(kinds) - {"video", "audio", "application"}:
        raise StreamError(
            "an offer may have a video section, one for sound and one for data channels, and nothing else"
        )
    if any(media.kind == "audio" and media.direction not in ("recvonly", "inactive") for media in offer.media):
        raise StreamError("the audio section of an offer must be recvonly; sound is not taken from anybody")
    for media in offer.media:
        digests = {fingerprint.algorithm.lower() for fingerprint in media.dtls.fingerprints} if media.dtls else set()
        if not digests & STRONG_DIGESTS:
            raise StreamError("an offer needs a certificate fingerprint with SHA-256 or stronger in each section")
        if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
            raise StreamError("an offer needs the ICE user fragment and password in each section")
    video = offer.media[kinds.index("video")]
    if video.direction not in ("recvonly", "sendrecv"):
        raise StreamError("the video section of an offer must be recvonly")
    encodings = frozenset(encoding for codec in video.rtp.codecs if (encoding := _encoding(codec)) is not None)
    if not encodings & {"h264", "vp8"}:
        raise StreamError(
            "the offer has neither H.264 (Baseline, packetization mode 1) nor VP8, the only videos that are sent"
        )
    return encodings


def choose_encoding(offered: frozenset[Encoding], wanted: Encoding) -> Encoding:
    """What is sent to a client that offers these: what it wants, if it can have it, else H.264, else VP8.

    Raises StreamError where no connection of this kind can carry what is wanted.
    """
    if wanted in ("jpeg", "webp"):
        raise StreamError(f"WebRTC carries no {wanted}; ask for h264, h264_444 or vp8, or use the WebSocket")
    return next(encoding for encoding in (wanted, "h264", "vp8") if encoding in offered)


def _encoding(codec: RTCRtpCodecParameters) -> Encoding | None:
    kind = codec.mimeType.lower()
    if kind == "video/vp8":
        return "vp8"
    if kind != "video/h264" or str(codec.parameters.get("packetization-mode", "0")) != "1":
        return None
    try:
        profile, _ = sdp.parse_h264_profile_level_id(str(codec.parameters.get("profile-level-id", "42e01f")))
    except ValueError:
        return None
    return _H264_PROFILES.get(profile)


def without_hidden_candidates(text: str) -> str:
    """The offer without candidates that are hidden behind multicast DNS names, as browsers send them.

    Resolving them takes a second where it works and fails elsewhere (containers, other subnets). They are not needed:
    the browser finds our addresses, and its own are learned from its checks. For the same reason the offer does not
    say any more that its candidates are complete.
    """
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    kept: list[str] = []
    for line in lines:
        if line == "a=end-of-candidates" or (line.startswith("a=candidate:") and _is_hidden(line)):
            continue
        if line.startswith("m=") and _SECTION.search("\n".join(kept)):
            kept.append(PLACEHOLDER)
        kept.append(line)
    kept.append(PLACEHOLDER)
    return "\r\n".join(kept) + "\r\n"


def _is_hidden(line: str) -> bool:
    words = line.split()
    return len(words) > 4 and words[4].lower().endswith(".local")
