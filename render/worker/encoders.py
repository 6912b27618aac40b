"""All encoders of one view: one for each encoding that somebody watches, whatever the number of viewers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..codec.video import DEFAULT_BITRATE_BPS, CodecName, EncodedPacket, VideoEncoder
from ..errors import StreamError
from ..summary import Encoding
from .protocol import FrameCredit, StreamControl

BITRATE_BAND = 1.5
"""Another bit rate means another encoder, and so a key frame: only a change by this factor is worth it."""
MIN_KEY_FRAME_INTERVAL_S = 0.3
"""Key frames are large: one that is asked for sooner after another waits."""


@dataclass(slots=True)
class _Lane:
    """One encoding: its encoder, what its viewers can take, and whether they have the picture that was sent last."""

    encoding: Encoding
    bitrate_bps: int = DEFAULT_BITRATE_BPS
    encoder: VideoEncoder | None = None
    credit: FrameCredit | None = None
    under_way: deque[int] = field(default_factory=lambda: deque(maxlen=256))
    wants_key_frame: bool = False
    key_frame_s: float = float("-inf")
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
        self._lanes: dict[Encoding, _Lane] = {}

    def control(self, message: StreamControl) -> None:
        """Take what the server says of the viewers. An encoding that nobody watches any more loses its encoder."""
        for encoding in set(self._lanes) - set(message.encodings):
            del self._lanes[encoding]
        for encoding in message.encodings:
            lane = self._lanes.setdefault(encoding, _Lane(encoding))
            lane.set_credit(message.credit.get(encoding))
            lane.wants_key_frame |= encoding in message.key_frames
            bitrate_bps = message.bitrates_bps.get(encoding, message.bitrate_bps)
            if bitrate_bps is not None:
                ratio = bitrate_bps / lane.bitrate_bps
                if max(ratio, 1 / ratio) >= BITRATE_BAND:
                    lane.bitrate_bps, lane.encoder = bitrate_bps, None

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

    def encode(self, encoding: Encoding, i420: bytes, size: tuple[int, int], pts: int, now_s: float) -> EncodedPacket:
        """Encode a frame; it counts as sent. Raises StreamError."""
        lane = self._lanes[encoding]
        if lane.encoder is None or (lane.encoder.width, lane.encoder.height) != size:
            lane.encoder = VideoEncoder(*size, bitrate_bps=lane.bitrate_bps, codec=self._codec)
        key_frame = lane.wants_key_frame and now_s - lane.key_frame_s >= MIN_KEY_FRAME_INTERVAL_S
        packets = lane.encoder.encode(i420, pts, key_frame)
        if len(packets) != 1:
            raise StreamError(f"the video encoder made {len(packets)} packets of one frame; it must not delay frames")
        packet = packets[0]
        if packet.key_frame:
            lane.wants_key_frame, lane.key_frame_s = False, now_s
        lane.behind = False
        lane.under_way.append(packet.pts)
        return packet
