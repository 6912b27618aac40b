"""How many frames a client may still get: those that it has not acknowledged are counted. Pure: `now_s` comes in."""

from __future__ import annotations

from collections import deque

from ..worker.protocol import FRAMES_IN_FLIGHT

FIRST_CATCH_UP_S = 0.3
MOST_CATCH_UP_S = 4.0
"""A client that again and again misses frames that the others get costs them a key frame each time: it waits longer and
longer for the next one, up to so long."""
CALM_S = 10.0
"""One that has missed nothing for so long begins anew."""


class Credit:
    """The frames under way to one client.

    A frame that comes while there are `window` of them is missed; then the client gets nothing until a key frame, which
    is to be asked for once `wants_key_frame` says so.
    """

    def __init__(self, window: int = FRAMES_IN_FLIGHT) -> None:
        self._window = window
        self._in_flight: deque[int] = deque()
        self._broken = True
        self._missed_s = float("-inf")
        self._catch_up_s = FIRST_CATCH_UP_S
        self._asked_s = float("-inf")

    @property
    def left(self) -> int:
        """So many more frames may be sent."""
        return max(self._window - len(self._in_flight), 0)

    def take(self, pts: int, key_frame: bool, now_s: float) -> bool:
        """Whether the frame of this `pts` goes to the client; then it is under way."""
        if not self.left:
            self._miss(now_s)
            return False
        if self._broken and not key_frame:
            return False
        self._broken = False
        self._in_flight.append(pts)
        return True

    def acknowledge(self, pts: int) -> bool:
        """The client has done with this frame and all before it; whether that frees anything."""
        before = len(self._in_flight)
        while self._in_flight and self._in_flight[0] <= pts:
            self._in_flight.popleft()
        return len(self._in_flight) != before

    def restart(self) -> None:
        """Another encoding, or another encoder: only a key frame can be next."""
        self._broken = True
        self._asked_s = float("-inf")

    def wants_key_frame(self, now_s: float) -> bool:
        """Whether a key frame is to be asked for now; it counts as asked for then."""
        if not self._broken or not self.left or now_s - self._asked_s < self._catch_up_s:
            return False
        self._asked_s = now_s
        return True

    def _miss(self, now_s: float) -> None:
        if self._broken:
            return
        calm = now_s - self._missed_s >= CALM_S
        self._catch_up_s = FIRST_CATCH_UP_S if calm else min(2 * self._catch_up_s, MOST_CATCH_UP_S)
        # Counted from the key frame that it had: one that misses at once waits longer.
        self._broken, self._missed_s, self._asked_s = True, now_s, now_s
