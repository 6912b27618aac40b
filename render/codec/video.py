"""H.264 for a live view: one encoder a view; a frame goes in and its packet comes out, never later.

x264 runs `ultrafast`/`zerolatency` at constant quality under a small VBV: a frame may be as large as about three frame
intervals of the bit rate, so that no frame takes long on the wire, and a picture that rests reaches its full quality
within a few frames. There are no B-frames and no look-ahead, and key frames come only on demand.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import PictureType, VideoFrame

from ..errors import StreamError

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

CodecName = Literal["libx264", "h264_nvenc"]

CLOCK_HZ = 90_000
"""The clock of `pts`, RTP's clock for video."""
DEFAULT_BITRATE_BPS = 16_000_000
MIN_BITRATE_BPS = 300_000
MAX_BITRATE_BPS = 80_000_000
VBV_FRAMES = 3
"""The VBV's size in frame intervals: the largest frame, and so the longest burst."""
QUALITY_CRF = 19
MAX_SLICES = 8
"""aiortc aggregates at most nine NAL units in a packet; a slice is one, and a thread makes a slice."""

# Rec. ITU-T H.273: 1 is BT.709 for primaries, transfer and matrix; FFmpeg's colour range 1 is limited ("tv").
_BT709 = 1
_RANGE_LIMITED = 1


@dataclass(frozen=True, slots=True)
class EncodedPacket:
    """One encoded frame as H.264 Annex B; `pts` counts 1/90000 s. A key frame carries its SPS and PPS."""

    data: bytes
    key_frame: bool
    pts: int


class VideoEncoder:
    """Encodes frames of one size; make another for another size or bit rate (its first frame is a key frame)."""

    def __init__(
        self,
        width: int,
        height: int,
        bitrate_bps: int = DEFAULT_BITRATE_BPS,
        fps_hint: float = 30.0,
        codec: CodecName = "libx264",
    ) -> None:
        """Open an encoder for frames of `width` x `height` pixels, both even.

        `fps_hint` is the frame rate under which `bitrate_bps` is kept; slower frames use fewer bits. Raises StreamError
        when the size is odd or the codec cannot be opened.
        """
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise StreamError(f"a video of {width} x {height} cannot be encoded; both sides must be even")
        self.width = width
        self.height = height
        self.bitrate_bps = min(max(int(bitrate_bps), MIN_BITRATE_BPS), MAX_BITRATE_BPS)
        self.codec = codec
        try:
            self._context = _open(codec, width, height, self.bitrate_bps, fps_hint)
        except (FFmpegError, ValueError) as error:
            raise StreamError(f"the video encoder {codec} cannot be opened: {error}") from error
        self._first = True
        self._last_pts = -1

    def encode(self, i420: bytes | memoryview, pts_90k: int, key_frame: bool = False) -> list[EncodedPacket]:
        """Encode one frame: the planes Y, U and V without padding, BT.709 limited range.

        `pts_90k` must grow from frame to frame. The first frame is a key frame; others are where `key_frame` asks.
        Raises StreamError when `i420` has the wrong length or the encoder fails.
        """
        expected = self.width * self.height * 3 // 2
        if len(i420) != expected:
            raise StreamError(f"an I420 frame of {self.width} x {self.height} has {expected} bytes, not {len(i420)}")
        planes = np.frombuffer(i420, np.uint8).reshape(self.height * 3 // 2, self.width)
        frame = VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = max(pts_90k, self._last_pts + 1)
        frame.time_base = Fraction(1, CLOCK_HZ)
        frame.pict_type = PictureType.I if key_frame or self._first else PictureType.NONE
        self._first = False
        self._last_pts = frame.pts
        try:
            packets = self._context.encode(frame)
        except FFmpegError as error:
            raise StreamError(f"the video encoder failed: {error}") from error
        return [EncodedPacket(bytes(packet), packet.is_keyframe, packet.pts or frame.pts) for packet in packets]


def choose_codec() -> CodecName:
    """`h264_nvenc` where the machine can really encode with it, else `libx264`."""
    try:
        probe = VideoEncoder(320, 240, codec="h264_nvenc")
        black = bytes([16]) * (320 * 240) + bytes([128]) * (320 * 240 // 2)
        if probe.encode(black, 0):
            return "h264_nvenc"
    except StreamError:
        return "libx264"
    return "libx264"


def thread_count() -> int:
    """Threads, and so slices, of one x264 encoder: half of the processors, 2 to 4; the rest render."""
    return min(max((os.cpu_count() or 2) // 2, 2), 4, MAX_SLICES)


def _open(codec: CodecName, width: int, height: int, bitrate_bps: int, fps: float) -> VideoCodecContext:
    context = av.CodecContext.create(codec, "w")
    context.width = width
    context.height = height
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, CLOCK_HZ)
    context.framerate = Fraction(fps).limit_denominator(1000)
    context.max_b_frames = 0
    context.color_primaries = _BT709
    context.color_trc = _BT709
    context.colorspace = _BT709
    context.color_range = _RANGE_LIMITED
    vbv_bits = int(bitrate_bps * VBV_FRAMES / fps)
    if codec == "libx264":
        context.thread_count = thread_count()
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": str(QUALITY_CRF),
            "maxrate": str(bitrate_bps),
            "bufsize": str(vbv_bits),
            "forced-idr": "1",
            "g": "2000000000",
            "x264-params": "scenecut=0:sliced-threads=1:open-gop=0:repeat-headers=1",
        }
    else:
        context.options = {
            "preset": "p1",
            "tune": "ull",
            "profile": "baseline",
            "rc": "vbr",
            "cq": str(QUALITY_CRF),
            "b": str(bitrate_bps),
            "maxrate": str(bitrate_bps),
            "bufsize": str(vbv_bits),
            "delay": "0",
            "zerolatency": "1",
            "forced-idr": "1",
            "no-scenecut": "1",
            "g": "2147483647",
        }
    context.open()
    return context
