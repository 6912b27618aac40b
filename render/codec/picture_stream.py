"""JPEG and WebP for a live view, a file a frame: for clients that decode no video.

There is no rate control in them: quality goes down where files are larger than the bit rate has room for, and up again,
a step at a time, while they are smaller or nothing moves.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
import numpy as np
import simplejpeg
from av.error import FFmpegError
from av.video.frame import VideoFrame

from ..errors import StreamError
from .video import CLOCK_HZ, DEFAULT_BITRATE_BPS, EncodedPacket

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

PictureFormat = Literal["jpeg", "webp"]

QUALITIES: dict[PictureFormat, tuple[int, ...]] = {
    "jpeg": (30, 40, 50, 60, 70, 80, 88, 94),
    "webp": (20, 35, 50, 65, 80, 90, 96),
}
ABOVE_MOTION = 2
"""So many of the best qualities are for pictures at rest: in motion nobody sees them, and they take long to make."""
ROOM = 0.7
"""Quality goes up in motion while a file has less than this part of its share of the bit rate."""


class PictureEncoder:
    """Encodes pictures of one size, each by itself, so that all are key frames."""

    def __init__(
        self,
        width: int,
        height: int,
        kind: PictureFormat,
        bitrate_bps: int = DEFAULT_BITRATE_BPS,
        fps_hint: float = 30.0,
    ) -> None:
        """`width` and `height` in pixels, both even; in motion files have about `bitrate_bps / fps_hint` bits."""
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise StreamError(f"pictures of {width} x {height} cannot be streamed; both sides must be even")
        self.width, self.height, self.kind = width, height, kind
        self._share_bytes = bitrate_bps / fps_hint / 8
        self._most_moving = len(QUALITIES[kind]) - 1 - ABOVE_MOTION
        self._step = self._most_moving
        self._webp: dict[int, VideoCodecContext] = {}
        self.at_rest = False

    @property
    def quality(self) -> int:
        """Of the next picture, 1 to 100, as the format counts it."""
        return QUALITIES[self.kind][self._step]

    @property
    def best(self) -> bool:
        """Whether the last picture was as good as any: once more it would be the same."""
        return self.at_rest and self._step == len(QUALITIES[self.kind]) - 1

    def encode(self, planes: bytes | memoryview, pts_90k: int, moves: bool) -> EncodedPacket:
        """Encode one picture: the planes Y, U and V without padding, I420 in BT.601; full range for JPEG.

        Of a picture that moves quality follows the bit rate; one at rest gets better with each file of it. Raises
        StreamError when `planes` has the wrong length or the encoder fails.
        """
        expected = self.width * self.height * 3 // 2
        if len(planes) != expected:
            raise StreamError(f"an I420 frame of {self.width} x {self.height} has {expected} bytes, not {len(planes)}")
        if moves:
            self._step = min(self._step, self._most_moving)
        else:
            self._step = min(self._step + 1, len(QUALITIES[self.kind]) - 1)
        self.at_rest = not moves
        data = self._jpeg(planes) if self.kind == "jpeg" else self._webp_file(planes, pts_90k)
        if moves and len(data) > self._share_bytes:
            self._step = max(self._step - 1, 0)
        elif moves and len(data) < ROOM * self._share_bytes:
            self._step = min(self._step + 1, self._most_moving)
        return EncodedPacket(data, True, pts_90k)

    def _jpeg(self, planes: bytes | memoryview) -> bytes:
        pixels = np.frombuffer(planes, np.uint8)
        n, half = self.width * self.height, (self.height // 2, self.width // 2)
        luma, cb, cr = pixels[:n], pixels[n : n * 5 // 4], pixels[n * 5 // 4 :]
        shaped = luma.reshape(self.height, self.width), cb.reshape(half), cr.reshape(half)
        try:
            data: bytes = simplejpeg.encode_jpeg_yuv_planes(*shaped, quality=self.quality, fastdct=True)
        except ValueError as error:
            raise StreamError(f"the JPEG encoder failed: {error}") from error
        return data

    def _webp_file(self, planes: bytes | memoryview, pts_90k: int) -> bytes:
        pixels = np.frombuffer(planes, np.uint8).reshape(self.height * 3 // 2, self.width)
        frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
        frame.pts, frame.time_base = pts_90k, Fraction(1, CLOCK_HZ)
        try:
            context = self._webp.get(self.quality)
            if context is None:
                context = self._webp[self.quality] = _open_webp(self.width, self.height, self.quality)
            (packet,) = context.encode(frame)
        except (FFmpegError, ValueError) as error:
            raise StreamError(f"the WebP encoder failed: {error}") from error
        return bytes(packet)


def _open_webp(width: int, height: int, quality: int) -> VideoCodecContext:
    context = av.CodecContext.create("libwebp", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, CLOCK_HZ)
    context.options = {"quality": str(quality), "compression_level": "0"}  # the fastest method
    context.open()
    return context
