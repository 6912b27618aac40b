"""What one viewer can take: bits a second and pictures a second, from what it reports and what it was sent.

Pure: no clock, no I/O; `now_s` and measurements come in. docs/adaptation.md says why the rules are these.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

START_BPS = 16_000_000
"""The rate before anything is known, which is also the encoder's own: a local network needs no other."""
FLOOR_BPS = 300_000
CEILING_BPS = 40_000_000

QUEUE_MS = 60.0
"""A round trip that is longer than the shortest one by this, and by twice the jitter, stood in a queue."""
BASE_DELAY_S = 20.0
"""The shortest round trip of so long counts as the way without queues."""
BASE_LOSS_S = 5.0
"""The smallest loss of so long counts as what the way loses by itself, at whatever rate."""
BASE_LOSS_MAX = 0.15
"""More than this is lost because too much is sent, however long it goes on."""
LOSS_CONGESTED, LOSS_QUIET = 0.08, 0.03
"""Beyond what the way loses by itself: from here on too much is sent; up to here more may be."""
ARRIVED_SHARE = 0.75
"""When less than this of what was sent arrived in the same time, and it was not lost, it waits in a queue."""
USED_SHARE = 0.5
"""A rate of which less is used was not tried: it says nothing about a higher one."""
KEEP_SHARE, DRAIN_SHARE = 0.85, 0.25
"""What is sent, of what the way carries: to keep a queue from growing, and at least while a long one is emptied. In
between it is less by as many seconds as the queue is long."""
MOST_CUT = 0.25
"""One report does not take more than this away: it may be wrong."""
PACKET_BYTES = 1200
HOLD_S = 0.8
"""After a decrease: no increase for so long, because its effect is not in the reports yet."""
NEAR_S = 5.0
NEAR_SHARE = 1.25
"""For NEAR_S, the rate that was too high is approached slowly, up to NEAR_SHARE of it; then growth is fast again."""
NEAR_GROWTH_PER_S = 0.1
FAST_GROWTH_PER_S = 2.0
REACH = 1.6
"""The rate is at most so much above what the encoder was allowed: just enough for its next step."""

MAX_FPS, MIN_FPS = 60.0, 8.0
DECODE_SHARE = 0.9
"""The part of a frame interval that decoding may take."""
QUEUED_FRAMES = 4
DROPPED_SHARE = 0.25
FPS_HOLD_S = 2.0
FPS_GROWTH_PER_S = 6.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """How an interval went for one viewer; None is unknown.

    `allowed_bps` is what the encoder was allowed meanwhile, `sent_bps` what went out to this viewer, `received_bps`
    what arrived. `lost` and `dropped` are shares, of packets and of frames that arrived and were not shown.
    """

    interval_s: float
    allowed_bps: float
    sent_bps: float
    received_bps: float | None = None
    lost: float | None = None
    round_trip_ms: float | None = None
    jitter_ms: float | None = None
    decode_ms: float | None = None
    queue: int | None = None
    dropped: float | None = None


class RateController:
    """Bits a second: slowly more while all goes well, at once less when something is lost or waits."""

    def __init__(self) -> None:
        self.rate_bps = float(START_BPS)
        self._trips: deque[tuple[float, float]] = deque(maxlen=128)  # (time, round trip in ms)
        self._losses: deque[tuple[float, float]] = deque(maxlen=64)  # (time, share)
        self._congested_s = float("-inf")
        self._capacity_bps = 0.0  # what the way carried when it was last full
        self._drains = False  # a queue is being emptied, by sending less than the way carries

    def update(self, now_s: float, seen: Measurement) -> float:
        """The rate from now on, bits a second."""
        used = seen.sent_bps >= USED_SHARE * seen.allowed_bps
        queue_ms = self._queue_ms(now_s, seen)
        excess = self._excess_loss(now_s, seen)
        limit_bps = self.rate_bps * (1.0 - excess) if excess > LOSS_CONGESTED else self.rate_bps
        if (queue_ms is not None and queue_ms > 0.0) or (used and _waits(seen)):
            share = max(KEEP_SHARE - (queue_ms or 0.0) / 1000.0, DRAIN_SHARE)
            if used and seen.received_bps is not None:
                self._capacity_bps, self._drains = seen.received_bps, True
                limit_bps = min(limit_bps, share * seen.received_bps)
            else:
                # The queue may be somebody else's: what arrives says nothing while little is sent.
                limit_bps = min(limit_bps, KEEP_SHARE * self.rate_bps)
        elif limit_bps < self.rate_bps:
            self._capacity_bps = limit_bps
        if limit_bps < self.rate_bps:
            self._congested_s = now_s
            self.rate_bps = max(limit_bps, MOST_CUT * self.rate_bps)
        elif queue_ms == 0.0 and self._drains:
            self._drains = False
            self.rate_bps = max(self.rate_bps, KEEP_SHARE * self._capacity_bps)
        elif used and not queue_ms and excess <= LOSS_QUIET:
            self._grow(now_s, seen)
        self.rate_bps = min(max(self.rate_bps, FLOOR_BPS), CEILING_BPS)
        return self.rate_bps

    def _grow(self, now_s: float, seen: Measurement) -> None:
        since_s = now_s - self._congested_s
        if since_s < HOLD_S:
            return
        interval_s = min(seen.interval_s, 1.0)
        near = since_s < NEAR_S and self.rate_bps < NEAR_SHARE * self._capacity_bps
        if near:
            grown_bps = self.rate_bps + NEAR_GROWTH_PER_S * self._capacity_bps * interval_s
        else:
            grown_bps = self.rate_bps * FAST_GROWTH_PER_S**interval_s
        self.rate_bps = max(self.rate_bps, min(grown_bps, REACH * seen.allowed_bps))

    def _queue_ms(self, now_s: float, seen: Measurement) -> float | None:
        """How long what was sent waits on its way; 0 where that may be chance, None where nothing new is known.

        Browsers measure the round trip of a WebRTC connection every few seconds and say the same number meanwhile.
        """
        trip_ms = seen.round_trip_ms
        if trip_ms is None:
            return 0.0 if not self._trips else None
        news = not self._trips or self._trips[-1][1] != trip_ms
        while self._trips and self._trips[0][0] < now_s - BASE_DELAY_S:
            self._trips.popleft()
        self._trips.append((now_s, trip_ms))
        waits_ms = trip_ms - min(trip for _, trip in self._trips)
        if waits_ms <= QUEUE_MS + 2.0 * (seen.jitter_ms or 0.0):
            return 0.0
        return waits_ms if news else None

    def _excess_loss(self, now_s: float, seen: Measurement) -> float:
        """What is lost beyond what the way loses by itself, and beyond chance."""
        if seen.lost is None:
            return 0.0
        self._losses.append((now_s, seen.lost))
        while self._losses[0][0] < now_s - BASE_LOSS_S:
            self._losses.popleft()
        base = min(min(share for _, share in self._losses), BASE_LOSS_MAX)
        packets = max(seen.sent_bps * seen.interval_s / (8 * PACKET_BYTES), 1.0)
        return max(seen.lost - base - 2.0 * math.sqrt(seen.lost / packets), 0.0)


def _waits(seen: Measurement) -> bool:
    """Whether much of what was sent neither arrived nor was lost."""
    if seen.received_bps is None:
        return False
    return seen.received_bps < ARRIVED_SHARE * (1.0 - min(seen.lost or 0.0, BASE_LOSS_MAX)) * seen.sent_bps


class FrameRateController:
    """Pictures a second that the viewer decodes and shows."""

    def __init__(self) -> None:
        self.fps = MAX_FPS
        self._overloaded_s = float("-inf")

    def update(self, now_s: float, seen: Measurement) -> float:
        """The frame rate from now on."""
        most = DECODE_SHARE * 1000.0 / seen.decode_ms if seen.decode_ms else MAX_FPS
        overloaded = (
            (seen.queue or 0) >= QUEUED_FRAMES or (seen.dropped or 0.0) > DROPPED_SHARE or most < self.fps
        )  # fmt: skip
        if overloaded:
            self._overloaded_s = now_s
            self.fps = min(0.75 * self.fps, most) if most >= self.fps else most
        elif now_s - self._overloaded_s >= FPS_HOLD_S:
            self.fps = min(self.fps + FPS_GROWTH_PER_S * min(seen.interval_s, 1.0), most)
        self.fps = min(max(self.fps, MIN_FPS), MAX_FPS)
        return self.fps
