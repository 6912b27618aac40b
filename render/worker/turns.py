"""Whose turn it is on a GPU: views that move first, refinement with what is left, jobs last, and nobody starves.

Pure: no clock, no I/O; what a step took comes in as a number. Start-time fair queuing (Goyal, Vin, Cheng, SIGCOMM 1996)
on two floors. On the upper one the kinds of work share the device as SHARES says when all of them want it, and whatever
one of them leaves goes to the others. On the lower one the views of a kind share alike, by the seconds that they were
measured to use: a view whose steps are long gets fewer of them. Who was idle has neither saved time up nor lost any.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

JOB_STEP_S = 0.025
"""The longest step of a job: so long a hand can wait behind it."""
GAP_STEP_S = 0.008
"""While something moves, the steps of all that rests are no longer than this: they are made between its frames."""


class Turn(IntEnum):
    """What a step is for; the lower comes first."""

    ANSWER = 0  # somebody touched a view that rested, and nothing of it was drawn yet
    INTERACT = 1  # things move, or somebody waits for a picture or for its full resolution
    REFINE = 2  # more samples of a picture that rests
    BACKGROUND = 3  # nobody waits: jobs


SHARES = {Turn.INTERACT: 12.0, Turn.REFINE: 3.0, Turn.BACKGROUND: 1.0}
"""How the device is shared while all kinds of work want it. An answer counts as interaction."""


class Claim(Protocol):
    """What a view or a job says of itself."""

    def due_s(self) -> float | None:
        """When it wants its next step; None: not before something happens."""

    def turn(self, now_s: float) -> Turn:
        """What that step is for."""

    def moves(self, now_s: float) -> bool:
        """Whether another picture in motion is to be expected at any moment."""

    @property
    def waits_since_s(self) -> float:
        """The lower comes first among equals."""


@dataclass(slots=True)
class JobPace:
    """The claim of a job that runs behind all views, in steps of at most `step_budget_s`."""

    waiting: bool = True  # there is work to do
    stepped_s: float = float("-inf")
    step_budget_s: float = JOB_STEP_S

    def __post_init__(self) -> None:
        self.step_budget_s = min(self.step_budget_s, JOB_STEP_S)

    def due_s(self) -> float | None:
        return self.stepped_s if self.waiting else None

    def turn(self, now_s: float) -> Turn:
        return Turn.BACKGROUND

    def moves(self, now_s: float) -> bool:
        return False

    @property
    def waits_since_s(self) -> float:
        return self.stepped_s

    def stepped(self, more: bool, now_s: float) -> None:
        """A step was made; whether there is `more` to do."""
        self.waiting, self.stepped_s = more, now_s


K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class FairQueue(Generic[K]):
    """Shares a device between keys by virtual time: seconds used, divided by the key's weight."""

    _now: float = 0.0  # the queue's virtual time: where the key was that was served last
    _used: dict[K, float] = field(default_factory=dict)

    def start(self, key: K) -> float:
        """Where this key would begin: the lowest comes first."""
        return max(self._used.get(key, 0.0), self._now)

    def charge(self, key: K, seconds: float, weight: float = 1.0) -> None:
        """This key was served."""
        start = self.start(key)
        self._now = start
        self._used[key] = start + seconds / weight

    def forget(self, key: K) -> None:
        self._used.pop(key, None)


class Turns(Generic[K]):
    """Chooses among views and jobs. Call `next`, make the step, then `spent`."""

    def __init__(self) -> None:
        self._kinds: FairQueue[Turn] = FairQueue()
        self._queues: dict[Turn, FairQueue[K]] = {kind: FairQueue() for kind in SHARES}
        self._chosen: tuple[Turn, K] | None = None
        self._moving = False

    def next(self, claims: Iterable[tuple[K, Claim]], now_s: float) -> tuple[K | None, float | None]:
        """Whose step is made now, and, when it is nobody's, in how many seconds it may be (None: not by itself).

        The first answer after a rest comes before everything else; the view that waits longest first.
        """
        due: list[tuple[Turn, K, Claim]] = []
        wait_s: float | None = None
        self._moving = False
        for key, claim in claims:
            self._moving = self._moving or claim.moves(now_s)
            due_s = claim.due_s()
            if due_s is None:
                continue
            if due_s > now_s:
                wait_s = due_s - now_s if wait_s is None else min(wait_s, due_s - now_s)
                continue
            due.append((claim.turn(now_s), key, claim))
        if not due:
            self._chosen = None
            return None, wait_s
        answers = [(claim.waits_since_s, key) for turn, key, claim in due if turn is Turn.ANSWER]
        if answers:
            self._chosen = Turn.INTERACT, min(answers, key=lambda answer: answer[0])[1]
            return self._chosen[1], 0.0
        kind = min({turn for turn, _, _ in due}, key=lambda turn: (self._kinds.start(turn), turn))
        queue = self._queues[kind]
        ranked = [(queue.start(key), claim.waits_since_s, key) for turn, key, claim in due if turn is kind]
        self._chosen = kind, min(ranked, key=lambda rank: rank[:2])[2]
        return self._chosen[1], 0.0

    def budget_s(self, wanted_s: float) -> float:
        """How long the chosen step may be, of which `wanted_s` are asked for."""
        squeezed = self._moving and self._chosen is not None and self._chosen[0] > Turn.INTERACT
        return min(wanted_s, GAP_STEP_S) if squeezed else wanted_s

    def spent(self, seconds: float) -> None:
        """The step that `next` chose took so long."""
        if self._chosen is None:
            return
        kind, key = self._chosen
        self._chosen = None
        self._kinds.charge(kind, seconds, SHARES[kind])
        self._queues[kind].charge(key, seconds)

    def forget(self, key: K) -> None:
        """The view is closed, or the job is done."""
        for queue in self._queues.values():
            queue.forget(key)
