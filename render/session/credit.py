"""How many frames a client may still get: those that it has not acknowledged are counted. Pure: `now_s` comes in."""

from __future__ import annotations

import math
from collections import deque

from ..worker.protocol import FRAMES_IN_FLIGHT

FIRST_CATCH_UP_S = 0.3
MOST_CATCH_UP_S = 4.0
"""A client that again and again misses frames that the others get costs them a key frame each time: it waits longer and
longer for the next one, up to so long."""
CALM_S = 10.0
"""One that has missed nothing for so long begins anew."""

MOST_IN_FLIGHT = 16
FRAMES_PER_S = 60.0
"""On a long way more frames are under way at once, for as many a second to arrive; up to so many."""
QUEUED_S = 0.03
QUEUED_SHARE = 0.25
"""An acknowledgement that takes so much longer than those of frames that were alone on their way says that frames
wait somewhere."""
MEASURED_ALONE = 8
"""Of so many of the latter the fastest counts: ways change."""


class Credit:
    """The frames under way to one client.

    A frame that comes while there are `window` of them is missed; then the client gets nothing until a key frame, which
    is to be asked for once `wants_key_frame` says so. The window is FRAMES_IN_FLIGHT, and larger while acknowledgements
    take long without frames waiting: the way is long then, not narrow.
    """

    def __init__(self) -> None:
        self.window = FRAMES_IN_FLIGHT
        self._in_flight: deque[tuple[int, float, bool]] = deque()  # pts, when it was sent, and whether alone
        self._ran_out = False
        self._alone_s: deque[float] = deque(maxlen=MEASURED_ALONE)
        self._broken = True
        self._missed_s = float("-inf")
        self._catch_up_s = FIRST_CATCH_UP_S
        self._asked_s = float("-inf")

    @property
    def left(self) -> int:
        """So many more frames may be sent."""
        return max(self.window - len(self._in_flight), 0)

    def take(self, pts: int, key_frame: bool, now_s: float) -> bool:
        """Whether the frame of this `pts` goes to the client; then it is under way."""
        if not self.left:
            self._miss(now_s)
            return False
        if self._broken and not key_frame:
            return False
        self._broken = False
        self._in_flight.append((pts, now_s, not self._in_flight))
        self._ran_out |= not self.left
        return True

    def acknowledge(self, pts: int, now_s: float) -> bool:
        """The client has done with this frame and all before it; whether that frees anything."""
        done = None
        while self._in_flight and self._in_flight[0][0] <= pts:
            done = self._in_flight.popleft()
        if done is not None:
            self._measure(now_s - done[1], done[2])
        return done is not None

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

    def _measure(self, round_trip_s: float, alone: bool) -> None:
        """Fit the window to the way: as many frames as fill it, and none that wait."""
        if alone:
            self._alone_s.append(round_trip_s)
        if not self._alone_s:
            return
        fastest_s = min(self._alone_s)
        if round_trip_s > (1 + QUEUED_SHARE) * fastest_s + QUEUED_S:
            self.window = max(self.window - 1, FRAMES_IN_FLIGHT)
        elif self._ran_out:
            most = min(FRAMES_IN_FLIGHT + math.floor(fastest_s * FRAMES_PER_S), MOST_IN_FLIGHT)
            self.window = min(self.window + 1, most)
        self._ran_out = False

    def _miss(self, now_s: float) -> None:
        if self._broken:
            return
        calm = now_s - self._missed_s >= CALM_S
        self._catch_up_s = FIRST_CATCH_UP_S if calm else min(2 * self._catch_up_s, MOST_CATCH_UP_S)
        # Counted from the key frame that it had: one that misses at once waits longer.
        self._broken, self._missed_s, self._asked_s = True, now_s, now_s
