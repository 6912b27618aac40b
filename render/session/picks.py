"""Picks that are under way: who asked, and with which numbers the answer goes back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import HostaError, LimitError, WorkerError, error_of
from ..worker.protocol import PickAt, Picked
from .events import PickedMessage, PickEvent
from .session import Session
from .view import View


@dataclass(frozen=True)
class _Asked:
    session: Session
    event: PickEvent


class Picks:
    """Asks the worker and finds the way back. `ask` sends a request; False when there is no worker."""

    def __init__(self, ask: Callable[[PickAt], bool], most_waiting: int) -> None:
        self._ask, self._most = ask, most_waiting
        self._asked: dict[int, _Asked] = {}
        self._numbers = itertools.count(1)

    def ask(self, view: View, session: Session, event: PickEvent) -> None:
        """Raises StateError for a frame that is long gone, LimitError and WorkerError."""
        if sum(asked.session is session for asked in self._asked.values()) >= self._most:
            raise LimitError(f"{self._most} picks wait for their answers; ask more slowly")
        number = next(self._numbers)
        request = PickAt(
            request=number, view=view.view, state=view.state_at(event.sequence),
            x=event.x, y=event.y, width=event.width, height=event.height, exact=event.exact,
        )  # fmt: skip
        if not self._ask(request):
            raise WorkerError("the renderer is not there; pick again when the picture is back")
        self._asked[number] = _Asked(session, event)

    def answered(self, message: Picked) -> None:
        asked = self._asked.pop(message.request, None)
        if asked is None:
            return
        if message.pick is None:
            asked.session.tell_error(error_of(message.code, message.message), asked.event.seq)
            return
        event = asked.event
        asked.session.tell(
            PickedMessage(seq=event.seq, sequence=event.sequence, camera_seq=event.camera_seq, pick=message.pick)
        )

    def forget(self, session: Session) -> None:
        """The client has gone."""
        self._asked = {number: asked for number, asked in self._asked.items() if asked.session is not session}

    def fail(self, error: HostaError) -> None:
        """The worker that was asked has gone."""
        lost, self._asked = self._asked, {}
        for asked in lost.values():
            asked.session.tell_error(error, asked.event.seq)
