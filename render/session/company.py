"""The people of each view as their sessions see them: who is told of whom, moves the camera, or has one of their own.

The rules are presence's; here are the sessions, the messages, and the views that people with a free camera get.
"""

from __future__ import annotations

import itertools
from typing import Protocol

from ..errors import LimitError, StateError, SteeringError
from ..state.patch import Patch
from .events import (
    FollowEvent,
    NameEvent,
    PeopleMessage,
    Person,
    Pointer,
    PointerEvent,
    PointersMessage,
    SteerEvent,
)
from .presence import Gathering
from .session import Session
from .view import View

FOLLOW_INTERVAL_S = 0.3
"""A camera of one's own is a renderer of one's own: nobody goes to and fro faster than this."""
NOTE_INTERVAL_S = 2.0
"""One who moves the camera while somebody else steers is told so at most so often."""

PresenceEvent = NameEvent | PointerEvent | SteerEvent | FollowEvent


class Place(Protocol):
    """Where views are: the registry."""

    sessions: dict[str, Session]

    def copy_of(self, view: View) -> View:
        """A new view that begins as this one is."""

    def enter(self, session: Session, view: View) -> None:
        """From now on the session sees this view."""


class Company:
    """The gatherings of all views, by the name of the view that is shared."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._gatherings: dict[str, Gathering] = {}
        self._numbers = itertools.count(1)
        self._followed_s: dict[str, float] = {}  # session -> when it went last
        self._noted_s: dict[str, float] = {}  # session -> when it was told that somebody else steers

    def met(self, session: Session) -> None:
        """The client has a view, and can be told who else is there. Again after a worker came back."""
        if session.home is not None and session.events_open:
            gathering = self._gatherings.setdefault(session.home.view, Gathering())
            gathering.join(session.session, f"p{next(self._numbers)}", session.name, session.follows)

    def left(self, session: Session) -> None:
        """The client has gone."""
        self._noted_s.pop(session.session, None)
        self._followed_s.pop(session.session, None)
        if session.home is None or (gathering := self._gatherings.get(session.home.view)) is None:
            return
        gathering.leave(session.session)
        if not gathering.people:
            del self._gatherings[session.home.view]

    def heard(self, session: Session, event: PresenceEvent) -> None:
        """A client says something of its user. Raises StateError while there is no view, and LimitError."""
        if isinstance(event, NameEvent):
            session.name = event.name
        gathering = self._gathering_of(session)
        if gathering is None:
            if not isinstance(event, NameEvent):
                raise StateError("the scene is not open yet; wait for the hello message")
            return  # it is the name that they will come by
        who = session.session
        match event:
            case NameEvent():
                gathering.rename(who, event.name)
            case PointerEvent():
                gathering.point(who, None if event.x is None or event.y is None else (event.x, event.y))
            case SteerEvent(take=True):
                gathering.take(who, session.heard_s)
            case SteerEvent():
                gathering.give(who, event.to, session.heard_s)
            case FollowEvent():
                self._follow(session, gathering, event.follow)

    def may_move(self, session: Session) -> bool:
        """Whether the session may move the camera of its view now; when not, it is told by whom it is steered."""
        try:
            self.check(session)
        except SteeringError as error:
            if session.heard_s - self._noted_s.get(session.session, float("-inf")) >= NOTE_INTERVAL_S:
                self._noted_s[session.session] = session.heard_s
                session.tell_error(error)
            return False
        return True

    def check(self, session: Session, patch: Patch | None = None) -> None:
        """The session is about to move the camera, if that is in the `patch`. Raises SteeringError if it may not."""
        gathering = self._gathering_of(session)
        if gathering is None or not session.follows:
            return
        if patch is not None and all(op.path and op.path[0] != "camera" for op in patch.ops):
            return
        if not gathering.may_move(session.session, session.heard_s):
            assert gathering.steers is not None, "somebody else steers"
            name = gathering.people[gathering.steers].name
            raise SteeringError(f"{name} steers at present; take the steering to move the camera")

    def tick(self, now_s: float) -> None:
        """Tell what is new."""
        for view, gathering in self._gatherings.items():
            gathering.tick(now_s)
            sessions = [one for name in gathering.people if (one := self._place.sessions.get(name)) is not None]
            if gathering.stale:
                self._tell_people(view, gathering, sessions)
            if gathering.pointers_stale:
                pointers = tuple(Pointer(id=id, x=x, y=y) for id, x, y in gathering.pointers)
                for session in sessions:
                    session.tell(PointersMessage(pointers=pointers))
            gathering.stale = gathering.pointers_stale = False

    def _follow(self, session: Session, gathering: Gathering, follow: bool) -> None:
        shared, view = session.home, session.view
        if shared is None or view is None or follow == session.follows:
            return
        if session.heard_s - self._followed_s.get(session.session, float("-inf")) < FOLLOW_INTERVAL_S:
            raise LimitError(f"a camera can be freed or given back only every {FOLLOW_INTERVAL_S:g} s; wait a moment")
        self._followed_s[session.session] = session.heard_s
        gathering.follow(session.session, follow)
        if follow:
            shared.outnumber(view)
            self._place.enter(session, shared)
        else:
            self._place.enter(session, self._place.copy_of(shared))

    def _gathering_of(self, session: Session) -> Gathering | None:
        gathering = self._gatherings.get(session.home.view) if session.home is not None else None
        return gathering if gathering is not None and session.session in gathering.people else None

    def _tell_people(self, view: str, gathering: Gathering, sessions: list[Session]) -> None:
        people = tuple(
            Person(
                id=person.id,
                name=person.name,
                color=person.color,
                steers=name == gathering.steers,
                follows=person.follows,
            )
            for name, person in gathering.people.items()
        )
        for session in sessions:
            session.tell(PeopleMessage(view=view, you=gathering.people[session.session].id, people=people))
