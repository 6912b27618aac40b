"""Which view is stepped next, and which of its frames are worth sending. Pure: no clock, no I/O; `now_s` comes in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

STEP_BUDGET_S = 0.025
"""About the longest one GL step should take: so long an event can wait behind it."""
MIN_FRAME_INTERVAL_S = 1 / 75
"""Frames are not sent faster than this, however fast events come."""
MIN_REFINE_INTERVAL_S = 0.1
"""At rest: at most so often, a picture with more samples is sent."""
MAX_REFINE_INTERVAL_S = 0.5
"""At rest: after so long any further sample is worth a frame."""
REPEATS = 5
"""How often the converged picture is encoded again: each time the encoder spends its bits on what is left to improve,
and a lost last packet is noticed."""
KEEP_ALIVE_S = 2.0
"""A picture that rests is sent again so often, as a few hundred bytes: Chromium, when it got no frame for 3 s, asks for
a key frame, which would cost a hundred times as much and be of lower quality."""
REPEAT_INTERVAL_S = 0.1

Shown = tuple[int, int, int, int]
"""What a frame shows of the requests: (sequence, camera_seq, width, height)."""


@dataclass(slots=True)
class Pace:
    """The progress of one view.

    `wanted` and `sent` are what is asked for and what was last sent; `redraw` says that no picture was made yet of what
    is wanted, `converged` that the newest picture is as good as it gets, `stalled` that this state cannot be shown,
    `blocked` that no viewer can take a frame at present, and `owed_s` when some are to have one that others need not.
    """

    active: bool = True
    stalled: bool = False
    wanted: Shown = (0, 0, 0, 0)
    sent: Shown | None = None
    sent_s: float = float("-inf")
    sent_samples: int = 0
    sent_scale: float = 0.0
    stepped_s: float = float("-inf")
    changed_s: float = 0.0
    converged: bool = False
    redraw: bool = True
    repeats_left: int = 0
    blocked: bool = False
    owed_s: float | None = None

    def ask(self, wanted: Shown, now_s: float) -> None:
        """Another state, camera or size is to be shown."""
        if self.sent == self.wanted:
            self.changed_s = now_s
        self.wanted = wanted
        self.converged = self.stalled = False
        self.redraw = True
        self.repeats_left = 0

    @property
    def interactive(self) -> bool:
        """Whether something was asked for that no frame shows yet."""
        return self.sent != self.wanted

    def due_s(self) -> float | None:
        """When this view wants to be stepped or sent again; None: not before something is asked."""
        if not self.active or self.stalled:
            return None
        if self.blocked:
            # The picture that goes out first, once somebody can take it, is made meanwhile.
            return self.stepped_s + MIN_FRAME_INTERVAL_S if self.needs_step else None
        if self.interactive:
            return self.sent_s + MIN_FRAME_INTERVAL_S
        times = []
        if self.owed_s is not None:
            times.append(self.owed_s)
        if not self.converged:
            times.append(self.stepped_s)
        else:
            times.append(self.sent_s + self._repeat_s)
        return min(times)

    @property
    def _repeat_s(self) -> float:
        return REPEAT_INTERVAL_S if self.repeats_left > 0 else KEEP_ALIVE_S

    @property
    def needs_step(self) -> bool:
        """Whether rendering is needed; else the last picture is only to be encoded again."""
        return self.redraw or not self.converged

    def stepped(self, converged: bool, now_s: float) -> None:
        self.stepped_s = now_s
        self.converged = converged

    def worth_sending(self, shown: Shown, samples: int, scale: float, now_s: float) -> bool:
        """Whether the picture just made goes to all viewers."""
        if shown != self.sent:
            return True
        since_s = now_s - self.sent_s
        if self.converged:
            better = samples != self.sent_samples or scale != self.sent_scale
            return better or since_s >= self._repeat_s - 1e-6
        if scale > self.sent_scale:
            return since_s >= MIN_FRAME_INTERVAL_S
        if samples >= 2 * self.sent_samples:
            return since_s >= MIN_REFINE_INTERVAL_S
        return since_s >= (MAX_REFINE_INTERVAL_S if samples > self.sent_samples else KEEP_ALIVE_S)

    def was_sent(self, shown: Shown, samples: int, scale: float, key_frame: bool, now_s: float) -> None:
        if self.converged:
            again = self.sent == shown and self.sent_samples == samples and not key_frame
            self.repeats_left = max(self.repeats_left - 1, 0) if again else REPEATS
        self.sent, self.sent_s = shown, now_s
        self.sent_samples, self.sent_scale = samples, scale

    def joined(self, now_s: float) -> None:
        """A key frame of the picture that was sent before went to some viewers: repetitions make it as good as that."""
        self.sent_s = now_s
        self.repeats_left = REPEATS


K = TypeVar("K")


def next_view(paces: Iterable[tuple[K, Pace]], now_s: float) -> tuple[K | None, float | None]:
    """The view to work on now, and, when there is none, in how many seconds there may be one (None: not by itself).

    Views with something new to show come first, the one that waits longest before the others; then the one that was
    stepped longest ago.
    """
    best: K | None = None
    best_rank: tuple[int, float] | None = None
    wait_s: float | None = None
    for key, pace in paces:
        due_s = pace.due_s()
        if due_s is None:
            continue
        if due_s > now_s:
            wait_s = due_s - now_s if wait_s is None else min(wait_s, due_s - now_s)
            continue
        rank = (0, pace.changed_s) if pace.interactive and not pace.blocked else (1, pace.stepped_s)
        if best_rank is None or rank < best_rank:
            best, best_rank = key, rank
    return (best, 0.0) if best is not None else (None, wait_s)
