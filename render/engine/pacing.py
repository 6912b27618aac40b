"""How finely and how much to draw now, so that a hand is answered at once and a resting picture gets all its pixels.

Pure: time comes in as an argument, measurements come in as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

REST_AFTER_S = 0.25
SCALES = (1.0, 0.75, 0.5, 0.375, 0.3, 0.25, 0.1875)
_SMOOTHING = 0.3


@dataclass
class Pacing:
    """`seconds_per_pixel` is the smoothed cost of one sample of one pixel; `scale_limit` is the finest resolution in
    motion, for reasons that lie elsewhere.
    """

    seconds_per_pixel: float = 2e-6
    scale_limit: float = 1.0
    changed_s: float = -1e9

    def changed(self, now_s: float) -> None:
        """Something that shows has changed."""
        self.changed_s = now_s

    def moving(self, now_s: float) -> bool:
        return now_s - self.changed_s < REST_AFTER_S

    def measured(self, pixels: int, seconds: float) -> None:
        """`pixels` samples (one a pixel) took `seconds`."""
        if pixels > 0 and seconds > 0:
            cost = seconds / pixels
            self.seconds_per_pixel += _SMOOTHING * (cost - self.seconds_per_pixel)

    def scale(self, now_s: float, pixels: int, budget_s: float) -> float:
        """The resolution to draw at: full at rest; while moving the finest at which a sample fits the budget and the
        limit, of SCALES.
        """
        if not self.moving(now_s):
            return 1.0
        for scale in SCALES:
            if scale <= self.scale_limit and pixels * scale * scale * self.seconds_per_pixel <= budget_s:
                return scale
        return SCALES[-1]

    def samples(self, pixels: int, budget_s: float) -> int:
        """How many samples of `pixels` pixels fit the budget; at least one."""
        return max(1, min(64, int(budget_s / max(pixels * self.seconds_per_pixel, 1e-9))))

    def tiles(self, tile_pixels: int, longest_s: float) -> int:
        """How many tiles one dispatch may hold to stay below `longest_s`."""
        return max(1, min(int(longest_s / max(tile_pixels * self.seconds_per_pixel, 1e-12)), 1 << 14))
