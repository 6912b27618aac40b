"""What is negotiated with a client beyond what aiortc offers by itself. Part of the adapter, see `webrtc`."""

from __future__ import annotations

import copy

import aiortc.codecs
from aiortc import RTCRtpSender
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecCapability,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)

from ..summary import Encoding

PLAYOUT_DELAY_URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
PLAYOUT_DELAY_ID = 14
TRANSPORT_WIDE_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
TRANSPORT_WIDE_ID = 5
FULL_CHROMA_PROFILE = "f4001f"


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
