"""H.264 and VP8 for a live view: a frame goes in and its packet comes out, never later.

x264 runs `ultrafast`/`zerolatency` at constant quality under a small VBV: a frame may be as large as about three frame
intervals of the bit rate, so that no frame takes long on the wire, and a picture that rests reaches its full quality
within a few frames. Where the line has room for far more, it runs at a constant quantizer without that bound, which
saves a quarter of its time. libvpx runs as the former. There are no B-frames and no look-ahead, and key frames come
only on demand.
"""

from __future__ import annotations

import math
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

CodecName = Literal["libx264", "h264_nvenc", "libvpx"]
"""The last one makes VP8, the others H.264."""

CLOCK_HZ = 90_000
"""The clock of `pts`, RTP's clock for video."""
DEFAULT_BITRATE_BPS = 16_000_000
MIN_BITRATE_BPS = 300_000
MAX_BITRATE_BPS = 80_000_000
VBV_FRAMES = 3
"""The VBV's size in frame intervals: the largest frame, and so the longest burst."""
QUALITY_CRF = 22
"""Little is seen of it in motion, and a lossless still follows at rest."""
UNBOUNDED_QP = 21
"""The constant quantizer that looks as QUALITY_CRF does."""
CHROMA_QP_OFFSET = -6
"""Of I420. Volumes are colourful, and a screen shows each error of a colour twice as large: as RGB, the test picture
has 39.6 dB at a quantizer of 21 so, in 11.3 kB a frame; 38.6 in 9.0 without, and 39.3 in 13.2 at 19 without."""
VP8_QUALITY = 16
"""libvpx's `crf`, 0 the best to 63: about as good as x264 at QUALITY_CRF."""
MAX_SLICES = 8
"""aiortc aggregates at most nine NAL units in a packet; a slice is one, and a thread makes a slice."""

# Rec. ITU-T H.273: 1 is BT.709 for primaries, transfer and matrix; FFmpeg's colour range 1 is limited ("tv").
_BT709 = 1
_RANGE_LIMITED = 1


@dataclass(frozen=True, slots=True)
class EncodedPacket:
    """One encoded frame: H.264 as Annex B, whose key frames carry SPS and PPS, a VP8 frame, or a picture's file.
    `pts` counts 1/90000 s.
    """

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
        full_chroma: bool = False,
        bounded: bool = True,
    ) -> None:
        """Open an encoder for frames of `width` x `height` pixels, both even.

        `fps_hint` is the frame rate under which `bitrate_bps` is kept; slower frames use fewer bits. `full_chroma`
        makes H.264's profile High 4:4:4 Predictive, with libx264; that alone can be not `bounded`, and then frames are
        as large as they are. Raises StreamError when the size is odd or the codec cannot be opened.
        """
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise StreamError(f"a video of {width} x {height} cannot be encoded; both sides must be even")
        self.width = width
        self.height = height
        self.bitrate_bps = min(max(int(bitrate_bps), MIN_BITRATE_BPS), MAX_BITRATE_BPS)
        self.codec = codec
        self._format = "yuv444p" if full_chroma else "yuv420p"
        try:
            self._context = _open(codec, width, height, self.bitrate_bps, fps_hint, self._format, bounded)
        except (FFmpegError, ValueError) as error:
            raise StreamError(f"the video encoder {codec} cannot be opened: {error}") from error
        self._first = True
        self._last_pts = -1

    def encode(self, planes: bytes | memoryview, pts_90k: int, key_frame: bool = False) -> list[EncodedPacket]:
        """Encode one frame: the planes Y, U and V without padding, limited range; I420, with full chroma I444.

        H.264 takes BT.709, VP8 BT.601. `pts_90k` must grow from frame to frame. The first frame is a key frame; others
        are where `key_frame` asks. Raises StreamError when `planes` has the wrong length or the encoder fails.
        """
        shape = (3, self.height, self.width) if self._format == "yuv444p" else (self.height * 3 // 2, self.width)
        expected, size = math.prod(shape), f"{self.width} x {self.height}"
        if len(planes) != expected:
            name = {"yuv444p": "I444", "yuv420p": "I420"}[self._format]
            raise StreamError(f"an {name} frame of {size} has {expected} bytes, not {len(planes)}")
        # I420 is not copied (PyAV can do so with it only): encoders take what they need before `encode` returns. Where
        # the height is no multiple of four, PyAV would look for V half a row too early.
        in_place = self._format == "yuv420p" and self.height % 4 == 0
        wrap = VideoFrame.from_numpy_buffer if in_place else VideoFrame.from_ndarray
        frame = wrap(np.frombuffer(planes, np.uint8).reshape(shape), format=self._format)
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


def _open(
    codec: CodecName, width: int, height: int, bitrate_bps: int, fps: float, pixel_format: str, bounded: bool
) -> VideoCodecContext:
    context = av.CodecContext.create(codec, "w")
    context.width = width
    context.height = height
    context.pix_fmt = pixel_format
    context.time_base = Fraction(1, CLOCK_HZ)
    context.framerate = Fraction(fps).limit_denominator(1000)
    context.max_b_frames = 0
    if codec != "libvpx":  # VP8 has nothing to say it with
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
            "profile": "high444" if pixel_format == "yuv444p" else "baseline",
            "forced-idr": "1",
            "g": "2000000000",
            "x264-params": "scenecut=0:sliced-threads=1:open-gop=0:repeat-headers=1",
        }
        if pixel_format == "yuv420p":
            context.options["x264-params"] += f":chroma-qp-offset={CHROMA_QP_OFFSET}"
        if bounded:
            context.options |= {"crf": str(QUALITY_CRF), "maxrate": str(bitrate_bps), "bufsize": str(vbv_bits)}
        else:
            context.options |= {"qp": str(UNBOUNDED_QP)}
    elif codec == "libvpx":
        context.thread_count = thread_count()
        context.bit_rate = bitrate_bps
        context.options = {
            "deadline": "realtime",
            "cpu-used": "12",
            "lag-in-frames": "0",
            "auto-alt-ref": "0",
            "error-resilient": "1",
            "slices": str(thread_count()),
            "crf": str(VP8_QUALITY),
            "qmin": "4",
            "qmax": "56",
            "maxrate": str(bitrate_bps),
            "bufsize": str(vbv_bits),
            "g": "1000000000",
            "keyint_min": "1000000000",  # as long as that: there are none where the scene changes
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
