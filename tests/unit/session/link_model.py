"""A simulated way to a viewer: a bottleneck with a queue, a delay, and loss by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

TICK_S = 0.01
REPORT_S = 0.5


@dataclass
class Report:
    """What a viewer sees in the time between two reports."""

    bytes_received: int
    lost: float
    round_trip_ms: float | None


@dataclass
class Link:
    """`rate_bps(now)` leaves the queue of at most `queue_bytes`; what does not fit is lost."""

    rate_bps: Callable[[float], float]
    queue_bytes: float = 250_000
    base_ms: float = 20.0
    jitter_ms: float = 0.0
    chance_loss: float = 0.0
    trip_every_s: float = 0.0  # how often the round trip is measured at all
    knows_trip: bool = True
    seed: int = 1
    _queue: float = 0.0
    _received: float = 0.0
    _sent: float = 0.0
    _lost: float = 0.0
    _trip: tuple[float, float] = (float("-inf"), 0.0)
    delays_ms: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def tick(self, now_s: float, sent_bytes: float) -> None:
        by_chance = 0.0
        for _ in range(max(round(sent_bytes / 1200), 0)):
            by_chance += 1200 * (self._chance.random() < self.chance_loss)
        arriving = max(sent_bytes - by_chance, 0.0)
        fits = min(arriving, self.queue_bytes - self._queue)
        self._queue += fits
        leaves = min(self._queue, self.rate_bps(now_s) * TICK_S / 8)
        self._queue -= leaves
        self._received += leaves
        self._sent += sent_bytes
        self._lost += sent_bytes - fits
        self.delays_ms.append((now_s, self.queue_ms(now_s)))

    def queue_ms(self, now_s: float) -> float:
        return 8e3 * self._queue / self.rate_bps(now_s)

    def report(self, now_s: float) -> Report:
        if now_s - self._trip[0] >= self.trip_every_s:
            jitter_ms = abs(self._chance.gauss(0.0, self.jitter_ms)) if self.jitter_ms else 0.0
            self._trip = now_s, self.base_ms + self.queue_ms(now_s) + jitter_ms
        report = Report(
            round(self._received),
            self._lost / self._sent if self._sent else 0.0,
            self._trip[1] if self.knows_trip else None,
        )
        self._received = self._sent = self._lost = 0.0
        return report
