"""All encoders of one view: one for each encoding that somebody watches, whatever the number of viewers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..codec.picture_stream import PictureEncoder
from ..codec.video import DEFAULT_BITRATE_BPS, CodecName, EncodedPacket, VideoEncoder
from ..errors import StreamError
from ..summary import Encoding
from .headroom import Headroom
from .protocol import FrameCredit, StreamControl

if TYPE_CHECKING:
    from ..engine.tonemap import Planes

BITRATE_BAND = 1.5
"""Another bit rate means another encoder, and so a key frame: only a change by this factor is worth it."""
MIN_KEY_FRAME_INTERVAL_S = 0.3
"""Key frames are large: one that is asked for sooner after another waits."""

PLANES: dict[Encoding, Planes] = {
    "h264": "i420",
    "h264_444": "i444",
    "vp8": "i420_601",
    "jpeg": "i420_full",
    "webp": "i420_601",
}
"""What each encoding is made of."""
PICTURES: frozenset[Encoding] = frozenset({"jpeg", "webp"})
"""Those without a past: all their frames are key frames."""


@dataclass(slots=True)
class _Lane:
    """One encoding: its encoder, what its viewers can take, and whether they have the picture that was sent last."""

    encoding: Encoding
    bitrate_bps: int
    headroom: Headroom
    encoder: VideoEncoder | PictureEncoder | None = None
    shown: tuple[int, int] | None = None
    credit: FrameCredit | None = None
    under_way: deque[int] = field(default_factory=lambda: deque(maxlen=256))
    wants_key_frame: bool = False
    key_frame_s: float = float("-inf")
    key_frame_pts: int = -1
    behind: bool = True

    @property
    def open(self) -> bool:
        """Whether a frame may be sent."""
        return self.credit is None or len(self.under_way) < self.credit.frames

    def set_credit(self, credit: FrameCredit | None) -> None:
        self.credit = credit
        while credit is not None and self.under_way and self.under_way[0] <= credit.after_pts:
            self.under_way.popleft()

    @property
    def due_s(self) -> float | None:
        """When it wants a frame that the others need not have; None: it does not."""
        if not self.open:
            return None
        if self.behind:
            return float("-inf")
        return self.key_frame_s + MIN_KEY_FRAME_INTERVAL_S if self.wants_key_frame else None


class Encoders:
    """The encodings of one view that are watched. Pure but for the encoders: `now_s` comes in."""

    def __init__(self, codec: CodecName) -> None:
        """`codec` is what makes H.264."""
        self._codec: CodecName = codec
        self._bitrate_bps = DEFAULT_BITRATE_BPS
        self._lanes: dict[Encoding, _Lane] = {}

    def control(self, message: StreamControl) -> None:
        """Take what the server says of the viewers. An encoding that nobody watches any more loses its encoder."""
        for encoding in set(self._lanes) - set(message.encodings):
            del self._lanes[encoding]
        for encoding in message.encodings:
            lane = self._lanes.setdefault(encoding, _Lane(encoding, self._bitrate_bps, Headroom(self._bitrate_bps)))
            lane.set_credit(message.credit.get(encoding))
            if encoding in message.key_frames and lane.key_frame_pts <= message.key_frames[encoding]:
                lane.wants_key_frame = True
        if message.bitrate_bps is not None:
            self.set_bitrate(message.bitrate_bps)

    def set_bitrate(self, bitrate_bps: int, encoding: Encoding | None = None) -> None:
        """So many bits a second for one encoding or, without one, for each of them, also those that come later."""
        if encoding is None:
            self._bitrate_bps = bitrate_bps
        for lane in self._lanes.values():
            ratio = bitrate_bps / lane.bitrate_bps
            if encoding in (None, lane.encoding) and max(ratio, 1 / ratio) >= BITRATE_BAND:
                lane.bitrate_bps, lane.encoder = bitrate_bps, None
                lane.headroom.set_bitrate(bitrate_bps)

    @property
    def planes(self) -> tuple[Planes, ...]:
        """What is to be made of each picture."""
        return tuple(sorted({PLANES[encoding] for encoding in self._lanes}))

    @property
    def blocked(self) -> bool:
        """Whether no viewer can take a frame at present."""
        return not any(lane.open for lane in self._lanes.values())

    @property
    def due_s(self) -> float | None:
        """When a frame is due for some encodings, though the others need none; None: never by itself."""
        return min((due_s for lane in self._lanes.values() if (due_s := lane.due_s) is not None), default=None)

    def ready(self, now_s: float, *, everyone: bool) -> list[Encoding]:
        """The encodings that a frame goes to now: all that can take one, or those that are due by themselves."""
        if everyone:
            return [lane.encoding for lane in self._lanes.values() if lane.open]
        return [lane.encoding for lane in self._lanes.values() if lane.due_s is not None and lane.due_s <= now_s]

    def missed(self, sent: list[Encoding]) -> None:
        """The picture went out in these encodings only: the others are to have it, or a newer one, when they can."""
        for lane in self._lanes.values():
            if lane.encoding not in sent:
                lane.behind = True

    def encode(
        self,
        encoding: Encoding,
        read: Callable[[Planes], bytes],
        size: tuple[int, int],
        pts: int,
        shown: tuple[int, int],
        now_s: float,
    ) -> EncodedPacket | None:
        """Encode a frame, of which `read` gives the planes; it counts as sent. Raises StreamError.

        `shown` is the number of its state and that of the picture, by which repetitions are known. None: the viewers
        have this picture, and it cannot become better.
        """
        lane = self._lanes[encoding]
        lane.behind = False
        encoder = lane.encoder
        if encoder is None or (encoder.width, encoder.height) != size:
            encoder = lane.encoder = self._new_encoder(lane, size)
        before, lane.shown = lane.shown, shown
        moves = before is None or before[0] != shown[0]
        key_frame = lane.wants_key_frame and now_s - lane.key_frame_s >= MIN_KEY_FRAME_INTERVAL_S
        if isinstance(encoder, PictureEncoder):
            if before == shown and encoder.best and not key_frame:
                return None
            packet = encoder.encode(read(PLANES[encoding]), pts, moves)
        else:
            packets = encoder.encode(read(PLANES[encoding]), pts, key_frame)
            if len(packets) != 1:
                raise StreamError(f"the video encoder made {len(packets)} packets of a frame; it must not delay frames")
            packet = packets[0]
            if encoder.codec == "libx264" and lane.headroom.sent(len(packet.data), now_s, moves):
                lane.encoder = None  # the next frame begins with another
        if packet.key_frame:
            lane.wants_key_frame, lane.key_frame_s, lane.key_frame_pts = False, now_s, packet.pts
        lane.under_way.append(packet.pts)
        return packet

    def _new_encoder(self, lane: _Lane, size: tuple[int, int]) -> VideoEncoder | PictureEncoder:
        lane.shown = None
        match lane.encoding:
            case "h264":
                bounded = lane.headroom.bounded
                return VideoEncoder(*size, bitrate_bps=lane.bitrate_bps, codec=self._codec, bounded=bounded)
            case "h264_444":
                bounded = lane.headroom.bounded
                return VideoEncoder(*size, bitrate_bps=lane.bitrate_bps, full_chroma=True, bounded=bounded)
            case "vp8":
                return VideoEncoder(*size, bitrate_bps=lane.bitrate_bps, codec="libvpx")
            case kind:
                return PictureEncoder(*size, kind, bitrate_bps=lane.bitrate_bps)
