"""What a line carries, from when the packets sent over it came to the other end. Pure: times and sizes come in.

The feedback is transport-wide (render.server.feedback). A packet's delay, less the shortest of the last BASE_S, is how
long it stood in a queue; the shortest queue of STAND_S is no jitter and no burst of one frame, but stands. While one
stands the line is full, and what arrives is what it carries. docs/adaptation.md says why the rules are these.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from .link import CEILING_BPS, FLOOR_BPS, START_BPS

STANDS_S = 0.08
"""A queue that stands so long in two messages of feedback is too long: a machine that stumbles is late once."""
UNSTEADY_MAX_S = 0.04
"""The way's unsteadiness, twice of which is added, up to so much."""
STAND_S = 0.1
BASE_S = 20.0
STUBBORN_S = 3.0
"""A queue that stands for so long, however little is sent, is the way's own delay."""
RATE_S = 0.2
"""The span in which what arrives is measured."""
KEEP_SHARE, DRAIN_SHARE = 0.85, 0.3
MOST_CUT = 0.25
HOLD_S = 0.5
NEAR_S = 4.0
NEAR_SHARE = 1.25
NEAR_GROWTH_PER_S = 0.1
FAST_GROWTH_PER_S = 2.5
USED_SHARE = 0.5
REACH = 1.7
LOSS_SPAN_S = 0.5
BASE_LOSS_S = 5.0
BASE_LOSS_MAX = 0.15
LOSS_CONGESTED = 0.08
QUEUE_ALLOWED_S = 0.1
LEAST_WINDOW_BYTES = 16_000
NARROW_S = 10.0
FORGOTTEN_S = 1.0
"""A packet of which nothing was heard for so long is not under way any more."""
FEEDBACK_S = 0.1
"""About as often feedback comes."""


class Congestion:
    """The rate of one line, and how much may be under way on it."""

    def __init__(self) -> None:
        self.rate_bps = float(START_BPS)
        self.queue_s = 0.0
        self.heard = False  # whether feedback comes at all
        self.in_flight_bytes = 0
        self._flight: dict[int, tuple[float, int]] = {}
        self._came: deque[tuple[float, float, int]] = deque()  # (arrival, delay, bytes), of the last RATE_S
        self._sent: deque[tuple[float, int]] = deque()
        self._sent_bytes = 0
        self._bases: deque[tuple[float, float]] = deque()  # (a second, its shortest delay), delays that only grow
        self._trips: deque[tuple[float, float]] = deque()
        self._losses: deque[tuple[float, float]] = deque()
        self._loss_s: float | None = None
        self._n_lost = self._n_came = 0
        self._congested_s = self._clear_s = self._updated_s = float("-inf")
        self._capacity_bps = 0.0
        self._drains = False
        self._queued_s = float("-inf")
        self._unsteady_s, self._stands = 0.0, False

    def is_narrow(self, now_s: float) -> bool:
        """Whether a queue stood lately: nothing is to be sent then that need not be."""
        return now_s - self._queued_s < NARROW_S

    def sent(self, number: int, size_bytes: int, now_s: float) -> None:
        """A packet of this transport-wide number went out."""
        if (old := self._flight.pop(number, None)) is not None:
            self.in_flight_bytes -= old[1]
        self._flight[number] = now_s, size_bytes
        self.in_flight_bytes += size_bytes
        self._sent.append((now_s, size_bytes))
        self._sent_bytes += size_bytes
        while self._sent[0][0] < now_s - RATE_S:
            self._sent_bytes -= self._sent.popleft()[1]

    @property
    def window_bytes(self) -> float:
        """So much may be under way: what the rate brings into the way, and into a short queue."""
        trip_s = self._trips[0][1] if self._trips else FEEDBACK_S
        return max(self.rate_bps / 8 * (trip_s + FEEDBACK_S + QUEUE_ALLOWED_S), LEAST_WINDOW_BYTES)

    def is_full(self, now_s: float, share: float = 1.0, queued_bytes: int = 0) -> bool:
        """Whether `share` of what may be under way is, with what waits to be sent."""
        if not self.heard:
            return False
        if self.in_flight_bytes + queued_bytes >= share * self.window_bytes:
            self._forget(now_s)
        return self.in_flight_bytes + queued_bytes >= share * self.window_bytes

    def feedback(self, arrivals: Sequence[tuple[int, float | None]], now_s: float) -> float:
        """What the client says of packets; the rate from now on, bits a second."""
        self.heard = True
        newest_s = float("-inf")
        for number, at_s in arrivals:
            entry = self._flight.pop(number, None)
            if entry is None:
                continue
            sent_s, size = entry
            self.in_flight_bytes -= size
            if at_s is None:
                self._n_lost += 1
                continue
            self._n_came += 1
            newest_s = max(newest_s, sent_s)
            self._came.append((at_s, at_s - sent_s, size))
        if newest_s == float("-inf"):
            return self.rate_bps
        self._note_base(newest_s, now_s)
        self._forget(now_s)
        self._decide(now_s)
        return self.rate_bps

    def _note_base(self, newest_s: float, now_s: float) -> None:
        last_s = self._came[-1][0]
        # A client whose clock jumped, or that lies, begins anew.
        while self._came and not last_s - RATE_S <= self._came[0][0] <= last_s + RATE_S:
            self._came.popleft()
        recent_s = min(delay for at_s, delay, _ in self._came if at_s >= last_s - STAND_S)
        _keep_least(self._bases, recent_s, now_s)
        _keep_least(self._trips, now_s - newest_s, now_s)
        before_s, self.queue_s = self.queue_s, recent_s - self._bases[0][1]
        self._unsteady_s += 0.05 * (min(abs(self.queue_s - before_s), UNSTEADY_MAX_S) - self._unsteady_s)
        stands_s = STANDS_S + 2 * self._unsteady_s
        self._stands = min(self.queue_s, before_s) >= stands_s
        if not self._stands:
            self._clear_s = now_s
        elif now_s - self._clear_s > STUBBORN_S and self._clear_s > float("-inf"):
            self._bases.clear()
            self._bases.append((now_s, recent_s))
            self.queue_s, self._clear_s, self._stands = 0.0, now_s, False

    def _decide(self, now_s: float) -> None:
        elapsed_s = min(max(now_s - self._updated_s, 0.0), 0.5)
        self._updated_s = now_s
        sent_bps = 8 * self._sent_bytes / RATE_S
        came_bps = 8 * sum(size for _, _, size in self._came) / RATE_S
        limit_bps = self.rate_bps
        excess = self._excess_loss(now_s)
        if self._stands:
            self._queued_s = now_s
            used = sent_bps >= USED_SHARE * self.rate_bps or came_bps < 0.9 * sent_bps
            if used or self._drains:
                if used:
                    self._capacity_bps = came_bps
                self._drains = True
                limit_bps = max(KEEP_SHARE - self.queue_s, DRAIN_SHARE) * self._capacity_bps
            elif now_s - self._congested_s >= HOLD_S:
                limit_bps = KEEP_SHARE * self.rate_bps
        elif excess > LOSS_CONGESTED:
            limit_bps = (1.0 - excess) * min(self.rate_bps, max(sent_bps, came_bps))
            self._capacity_bps = limit_bps
        if limit_bps < self.rate_bps:
            self._congested_s = now_s
            self.rate_bps = max(limit_bps, MOST_CUT * self.rate_bps)
        elif self.queue_s < STANDS_S / 2 and self._drains:
            self._drains = False
            self.rate_bps = max(self.rate_bps, KEEP_SHARE * self._capacity_bps)
        elif self.queue_s < STANDS_S and sent_bps >= USED_SHARE * self.rate_bps and now_s - self._congested_s >= HOLD_S:
            self._grow(now_s, elapsed_s, came_bps)
        self.rate_bps = min(max(self.rate_bps, float(FLOOR_BPS)), float(CEILING_BPS))

    def _grow(self, now_s: float, elapsed_s: float, came_bps: float) -> None:
        if now_s - self._congested_s < NEAR_S and self.rate_bps < NEAR_SHARE * self._capacity_bps:
            grown_bps = self.rate_bps + NEAR_GROWTH_PER_S * self._capacity_bps * elapsed_s
        else:
            grown_bps = self.rate_bps * FAST_GROWTH_PER_S**elapsed_s
        self.rate_bps = max(self.rate_bps, min(grown_bps, REACH * came_bps))

    def _excess_loss(self, now_s: float) -> float:
        """What was lost, once every LOSS_SPAN_S, beyond what the way loses by itself and beyond chance."""
        if self._loss_s is None:
            self._loss_s = now_s
        n = self._n_lost + self._n_came
        if now_s - self._loss_s < LOSS_SPAN_S or n < 20:
            return 0.0
        share = self._n_lost / n
        self._loss_s, self._n_lost, self._n_came = now_s, 0, 0
        self._losses.append((now_s, share))
        while self._losses[0][0] < now_s - BASE_LOSS_S:
            self._losses.popleft()
        base = min(min(share for _, share in self._losses), BASE_LOSS_MAX)
        return max(share - base - 2.0 * math.sqrt(share / n), 0.0)

    def _forget(self, now_s: float) -> None:
        while self._flight:
            number, (sent_s, size) = next(iter(self._flight.items()))
            if sent_s >= now_s - FORGOTTEN_S:
                return
            del self._flight[number]
            self.in_flight_bytes -= size


def _keep_least(kept: deque[tuple[float, float]], value: float, now_s: float) -> None:
    """The first of `kept` is the least value of the last BASE_S."""
    while kept and kept[-1][1] >= value:
        kept.pop()
    kept.append((now_s, value))
    while kept[0][0] < now_s - BASE_S:
        kept.popleft()
