"""When packets are worth sending twice: how much is lost on the way to a client, and why. Pure: `now_s` comes in.

A lost packet that is asked for again comes a round trip late, and all frames after it wait. At 5 % loss and frames of
ten packets that is two frames in five: the picture is then always late. A second copy that follows at once makes it one
in forty. It costs as many bits again, so it is sent only while packets are lost, and not where they are lost because
the line is full, which can be told from the time that passes until a loss is reported.
"""

from __future__ import annotations

from collections import deque

WINDOW_S = 2.0
LEAST_LOSS = 0.005
MOST_LOSS = 0.25
"""Beyond this more bits cannot be the remedy."""
FULL_LINE_S = 0.08
"""A line is full when reports come so much later than the soonest of the last minute."""
SOONEST_S = 60.0
ON_S = 10.0
"""So long after the last window with losses copies are still sent: losses come in bursts."""
FEWEST_REPORTS = 2
"""In a window; one lost packet is no lossy line."""


class LossMeter:
    """What a client reports as lost, against what was sent to it."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int]] = deque()
        self._lost: deque[tuple[float, float]] = deque()  # (when it was reported, how long after it was sent)
        self._n_sent = 0
        self._soonest: deque[tuple[float, float]] = deque()  # ages that only grow, oldest first
        self._lossy_s = float("-inf")

    def sent(self, packets: int, now_s: float) -> None:
        """So many packets went out (first copies only)."""
        self._sent.append((now_s, packets))
        self._n_sent += packets

    def reported(self, age_s: float, now_s: float) -> None:
        """A packet that was sent `age_s` ago was reported as lost, for the first time."""
        self._lost.append((now_s, age_s))
        while self._soonest and self._soonest[-1][1] >= age_s:
            self._soonest.pop()
        self._soonest.append((now_s, age_s))

    def loss(self, now_s: float) -> float:
        """The lost share of what was sent in the last WINDOW_S, 0 to 1."""
        self._forget(now_s)
        return min(len(self._lost) / self._n_sent, 1.0) if self._n_sent else 0.0

    def line_is_full(self, now_s: float) -> bool:
        """Whether reports are late, as they are when packets wait in a queue before they are dropped."""
        self._forget(now_s)
        if not self._lost:
            return False
        ages = sorted(age_s for _, age_s in self._lost)
        return ages[len(ages) // 2] > self._soonest[0][1] + FULL_LINE_S

    def worth_a_copy(self, now_s: float) -> bool:
        """Whether each packet should be followed by a second copy now."""
        loss = self.loss(now_s)
        if loss > MOST_LOSS or self.line_is_full(now_s):
            self._lossy_s = float("-inf")
        elif loss >= LEAST_LOSS and len(self._lost) >= FEWEST_REPORTS:
            self._lossy_s = now_s
        return now_s - self._lossy_s < ON_S

    def _forget(self, now_s: float) -> None:
        while self._sent and self._sent[0][0] < now_s - WINDOW_S:
            self._n_sent -= self._sent.popleft()[1]
        while self._lost and self._lost[0][0] < now_s - WINDOW_S:
            self._lost.popleft()
        while len(self._soonest) > 1 and self._soonest[0][0] < now_s - SOONEST_S:
            self._soonest.popleft()
