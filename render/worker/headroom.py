"""Whether a video fits its bit rate so easily that nothing needs to bound its frames. Pure: times and sizes come in.

A bucket that leaks at half of the bit rate and holds what a VBV would (ITU-T H.264, annex C). While it stays less than
half full for a while, a VBV changes nothing, and x264 may do without the look at each frame that its rate control
takes: a quarter of its time. When the bucket runs over, the room is gone, or a frame was larger than a VBV would have
let pass: from then on there is one again, for longer each time, because to change costs a key frame.
"""

from __future__ import annotations

from dataclasses import dataclass

BUCKET_S = 0.1
"""The bucket holds what the bit rate brings in so long: the VBV of codec.video."""
USED_SHARE = 0.5
"""Of the bit rate: who uses more has no room."""
CALM_SHARE = 0.5
LONGEST_INTERVAL_S = 0.2
"""Frames of one motion are not further apart."""
FIRST_WAIT_S, WAIT_GROWTH, LONGEST_WAIT_S = 2.0, 4.0, 120.0


@dataclass(slots=True)
class Headroom:
    """Of one encoding. `bounded`: frames need a bound."""

    bitrate_bps: int
    bounded: bool = True
    _wait_s: float = FIRST_WAIT_S
    _bits: float = 0.0
    _at_s: float | None = None
    _calm_s: float = 0.0

    def set_bitrate(self, bitrate_bps: int) -> None:
        """Another bit rate. A lower one says that the line is no wider: then frames need their bound at once, and first
        of all the key frame with which the next encoder begins.
        """
        if bitrate_bps < self.bitrate_bps:
            self._bound()
        self.bitrate_bps = bitrate_bps

    def _bound(self) -> None:
        if not self.bounded:
            self._wait_s = min(WAIT_GROWTH * self._wait_s, LONGEST_WAIT_S)
        self.bounded, self._calm_s = True, 0.0

    def sent(self, n_bytes: int, now_s: float, moves: bool) -> bool:
        """A frame of so many bytes was made; whether `bounded` is another from now on.

        `moves`: it shows something else than the one before. A picture at rest loses no bound: nothing would be saved.
        """
        since_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._at_s = now_s
        self._bits = max(self._bits - since_s * USED_SHARE * self.bitrate_bps, 0.0) + 8 * n_bytes
        share = self._bits / (BUCKET_S * self.bitrate_bps)
        if share > CALM_SHARE:
            self._calm_s = 0.0
        elif moves:
            self._calm_s += min(since_s, LONGEST_INTERVAL_S)
        if self.bounded and moves and self._calm_s >= self._wait_s:
            self.bounded = False
            return True
        if not self.bounded and share > 1.0:
            self._bound()
            return True
        return False
