"""Searches for segments that are under way: who asked, and with which number the answer goes back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ..worker.protocol import SearchSegments, SegmentsFound
from .events import SegmentsSearchEvent
from .session import Session
from .view import View

MOST_SEARCHES = 256
"""Searches under way at once; of more the oldest get no answer."""


class Searches:
    """Asks the worker through `ask` and finds the way back."""

    def __init__(self, ask: Callable[[SearchSegments], None]) -> None:
        self._ask = ask
        self._asked: dict[int, tuple[Session, SegmentsSearchEvent]] = {}
        self._numbers = itertools.count(1)

    def ask(self, view: View, session: Session, event: SegmentsSearchEvent) -> None:
        number = next(self._numbers)
        self._asked[number] = session, event
        while len(self._asked) > MOST_SEARCHES:
            del self._asked[next(iter(self._asked))]
        self._ask(
            SearchSegments(
                request=number,
                scene=view.scene,
                layer=event.layer,
                text=event.text,
                ids=event.ids,
                colors=event.colors,
                first=event.first,
                count=event.count,
            )
        )

    def answered(self, message: SegmentsFound) -> None:
        if (asked := self._asked.pop(message.request, None)) is not None:
            session, event = asked
            session.tell_segments(event, message.total, message.segments, message.problem)

    def forget(self, session: Session) -> None:
        """The client has gone."""
        self._asked = {number: asked for number, asked in self._asked.items() if asked[0] is not session}

    def fail(self) -> None:
        """The worker that was asked has gone."""
        lost, self._asked = self._asked, {}
        for session, event in lost.values():
            session.tell_segments(event, 0, (), "the search was lost with the rendering process; ask again")
