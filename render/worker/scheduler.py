"""When a view wants to be stepped, what for, and which of its frames are worth sending; `turns` says whose turn it is.

Pure: no clock, no I/O; `now_s` comes in.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.pacing import REST_AFTER_S
from .turns import Turn

STEP_BUDGET_S = 0.025
"""About the longest one GL step should take: so long an event can wait behind it."""
LONGEST_STEP_BUDGET_S = 0.05
"""The same where frames are far apart because of the way to the viewers: then each may be the better."""
STEP_SHARE = 0.6
"""The part of a frame interval that may be spent on its picture."""
MIN_FRAME_INTERVAL_S = 1 / 75
"""Frames are not begun faster than this, however fast events come."""
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
TOLERANCE_S = 1e-6

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
    frame_interval_s: float = MIN_FRAME_INTERVAL_S
    begun_s: float = float("-inf")  # when the newest step began
    frame_begun_s: float = float("-inf")  # when the step began whose frame was sent last
    asked_s: float = float("-inf")
    touched: bool = False  # after a rest, and not stepped since
    final: bool = False  # the picture converged, and was not sent since

    def ask(self, wanted: Shown, now_s: float) -> None:
        """Another state, camera or size is to be shown."""
        if self.sent == self.wanted:
            self.changed_s = now_s
        if now_s - self.asked_s >= REST_AFTER_S:
            self.touched = True
        self.asked_s = now_s
        self.wanted = wanted
        self.converged = self.stalled = False
        self.redraw = True
        self.repeats_left = 0

    @property
    def interactive(self) -> bool:
        """Whether something was asked for that no frame shows yet."""
        return self.sent != self.wanted

    def begin(self, now_s: float) -> None:
        """A step begins."""
        self.begun_s = now_s

    @property
    def step_budget_s(self) -> float:
        """How long the next step should take at most."""
        return min(max(STEP_BUDGET_S, STEP_SHARE * self.frame_interval_s), LONGEST_STEP_BUDGET_S)

    def turn(self, now_s: float) -> Turn:
        """What a step would be for."""
        if self.blocked:
            return Turn.REFINE
        if self.interactive:
            return Turn.ANSWER if self.touched else Turn.INTERACT
        settles = self.sent_scale < 1.0 and now_s - self.asked_s >= REST_AFTER_S
        owed = self.owed_s is not None and self.owed_s <= now_s
        return Turn.INTERACT if settles or owed else Turn.REFINE

    def moves(self, now_s: float) -> bool:
        """Whether another change is to be expected at any moment."""
        return self.active and not self.stalled and now_s - self.asked_s < REST_AFTER_S

    @property
    def waits_since_s(self) -> float:
        """Of two views with the same claim to the next step, the one with the lower value comes first."""
        return self.changed_s if self.interactive else self.stepped_s

    def due_s(self) -> float | None:
        """When this view wants to be stepped or sent again; None: not before something is asked."""
        if not self.active or self.stalled:
            return None
        if self.blocked:
            # The picture that goes out first, once somebody can take it, is made meanwhile.
            return self.stepped_s + MIN_FRAME_INTERVAL_S if self.needs_step else None
        if self.interactive:
            return self.frame_begun_s + self.frame_interval_s
        times = []
        if self.owed_s is not None:
            times.append(self.owed_s)
        if not self.converged:
            times.append(self.stepped_s)
        else:
            times.append(self.sent_s + (self.frame_interval_s if self.final else self._repeat_s))
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
        self.final = converged and (self.final or not self.converged)
        self.converged = converged
        self.touched = False

    def worth_sending(self, shown: Shown, samples: int, scale: float, now_s: float) -> bool:
        """Whether the picture just made goes to all viewers."""
        if shown != self.sent:
            return True
        since_s = now_s - self.sent_s
        if since_s < self.frame_interval_s - TOLERANCE_S:
            return False
        if self.converged:
            better = samples != self.sent_samples or scale != self.sent_scale
            return better or since_s >= self._repeat_s - TOLERANCE_S
        if scale > self.sent_scale:
            return True
        if samples >= 2 * self.sent_samples:
            return since_s >= MIN_REFINE_INTERVAL_S
        return since_s >= (MAX_REFINE_INTERVAL_S if samples > self.sent_samples else KEEP_ALIVE_S)

    def was_sent(self, shown: Shown, samples: int, scale: float, key_frame: bool, now_s: float) -> None:
        if self.converged:
            again = self.sent == shown and self.sent_samples == samples and not key_frame
            self.repeats_left = max(self.repeats_left - 1, 0) if again else REPEATS
        self.sent, self.sent_s, self.frame_begun_s = shown, now_s, self.begun_s
        self.sent_samples, self.sent_scale = samples, scale
        self.final = False
