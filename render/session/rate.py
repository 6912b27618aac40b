"""How often a client may do what it does. Pure: `now_s` comes in."""

from __future__ import annotations

ABUSE_S = 10.0
"""A client that has been over its rate for so long is sent away."""


class TokenBucket:
    """`rate_per_s` events a second, and up to `burst` at once after a pause."""

    def __init__(self, rate_per_s: float, burst: int, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._filled_s = now_s
        self._over_since_s: float | None = None
        self.refused = 0

    def take(self, now_s: float) -> bool:
        """Whether one more event is allowed now."""
        self._tokens = min(self._burst, self._tokens + max(now_s - self._filled_s, 0.0) * self._rate_per_s)
        self._filled_s = now_s
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            # Whoever sends for ever above the rate gets a token now and then: that does not make it well-behaved.
            if self._tokens >= self._burst / 2:
                self._over_since_s = None
            return True
        self.refused += 1
        if self._over_since_s is None:
            self._over_since_s = now_s
        return False

    def abused(self, now_s: float) -> bool:
        """Whether the rate has been passed for so long that nobody can mean it."""
        return self._over_since_s is not None and now_s - self._over_since_s >= ABUSE_S
