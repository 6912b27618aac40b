"""Who is at a view, where they point, and who steers. Pure: no clock, no messages; `now_s` comes in.

Whoever moves the camera while nobody steers steers. As long as they do, others cannot move it: their turn comes when
the steering lapses, when they are given it, or when they take it. One who is alone moves it without steering.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

LAPSE_S = 3.0
"""The steering is free again so long after the last movement."""
CLAIM_S = 10.0
"""So long has someone who took it or was given it until the first movement."""
COLORS = ("#e8704f", "#4f9be8", "#e6b93c", "#b07be6", "#3fbf9b", "#e46fb0", "#8fb13f", "#5fc3d8")
"""Told apart on dark pictures and under dark letters; of more people some share one."""


@dataclass(slots=True)
class Person:
    """One who is at a view. `id` is for the others to see, and says nothing about the connection."""

    id: str
    name: str
    color: str
    follows: bool = True
    pointer: tuple[float, float] | None = None


@dataclass(slots=True)
class _Steering:
    session: str
    until_s: float


class Gathering:
    """The people of one view, those with a free camera among them, by the names of their sessions."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.stale = False
        """Whether the others are to be told who is here."""
        self.pointers_stale = False
        self._steering: _Steering | None = None

    @property
    def steers(self) -> str | None:
        """The session that steers."""
        return self._steering.session if self._steering is not None else None

    @property
    def pointers(self) -> Iterator[tuple[str, float, float]]:
        """(id, x, y) of all who point at the picture that they share, fractions of it."""
        for person in self.people.values():
            if person.pointer is not None and person.follows:
                yield person.id, *person.pointer

    def join(self, session: str, id: str, name: str | None, follows: bool) -> None:
        if session in self.people:
            return
        colors = [person.color for person in self.people.values()]
        color = min(COLORS, key=colors.count)
        self.people[session] = Person(id, name or self._guest(), color, follows)
        self.stale = self.pointers_stale = True

    def leave(self, session: str) -> None:
        if self.people.pop(session, None) is not None:
            self._let_go(session)
            self.stale = self.pointers_stale = True

    def rename(self, session: str, name: str) -> None:
        """An empty name is none: they are a guest."""
        person = self.people[session]
        person.name = name or self._guest()
        self.stale = True

    def point(self, session: str, at: tuple[float, float] | None) -> None:
        person = self.people[session]
        self.pointers_stale |= person.follows and person.pointer != at
        person.pointer = at

    def follow(self, session: str, follows: bool) -> None:
        """Whether they look from where all do. One with a free camera steers nobody."""
        person = self.people[session]
        person.follows = follows
        if not follows:
            self._let_go(session)
        self.stale = self.pointers_stale = True

    def may_move(self, session: str, now_s: float) -> bool:
        """Somebody moves the camera that all follow: whether they may. If so, they steer from now on."""
        steering = self._steering
        if steering is not None and steering.session != session and now_s < steering.until_s:
            return False
        if len(self.people) > 1 and session in self.people:
            until_s = now_s + LAPSE_S
            if steering is not None and steering.session == session:
                until_s = max(until_s, steering.until_s)
            self._steer(session, until_s)
        return True

    def take(self, session: str, now_s: float) -> None:
        """They steer now, whoever did."""
        if self.people[session].follows:
            self._steer(session, now_s + CLAIM_S)

    def give(self, session: str, to: str | None, now_s: float) -> None:
        """One who steers lets go; the person with the id `to`, if there is one who follows, steers instead."""
        if self.steers != session:
            return
        heirs = (name for name, person in self.people.items() if person.id == to and person.follows)
        heir = next(heirs, None)
        if heir is None:
            self._let_go(session)
        else:
            self._steer(heir, now_s + CLAIM_S)

    def tick(self, now_s: float) -> None:
        """The steering lapses."""
        if self._steering is not None and now_s >= self._steering.until_s:
            self._let_go(self._steering.session)

    def _steer(self, session: str, until_s: float) -> None:
        self.stale |= self.steers != session
        self._steering = _Steering(session, until_s)

    def _let_go(self, session: str) -> None:
        if self.steers == session:
            self._steering = None
            self.stale = True

    def _guest(self) -> str:
        names = {person.name for person in self.people.values()}
        return next(name for n in itertools.count(1) if (name := f"Guest {n}") not in names)
