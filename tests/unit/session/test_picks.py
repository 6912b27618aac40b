"""Picks on their way: the numbers that come back, the frame that they are of, and what happens without a worker."""

from __future__ import annotations

import pytest

from render.errors import LimitError, StateError, WorkerError
from render.limits import DEFAULT_LIMITS
from render.session.events import ErrorMessage, PickedMessage, PickEvent
from render.session.picks import Picks
from render.session.session import Session
from render.session.view import MOST_REMEMBERED, View
from render.state.camera import Camera
from render.state.view import ViewState
from render.summary import Pick
from render.worker.protocol import PickAt, Picked

NOTHING = Pick(kind="nothing", pixel=(1, 2), size=(64, 64))


class Outlet:
    def __init__(self) -> None:
        self.told: list[str] = []

    def send_event(self, text: str) -> None:
        self.told.append(text)

    def send_frame(self, frame: object, packet: bytes) -> None: ...

    def close(self, reason: str) -> None: ...


class Asked(list[PickAt]):
    there = True

    def ask(self, request: PickAt) -> bool:
        self.append(request)
        return self.there


def session() -> Session:
    made = Session("s", Outlet(), None, DEFAULT_LIMITS, 0.0)  # type: ignore[arg-type]
    made.events_open = True
    return made


def event(sequence: int = 0, seq: int = 5) -> PickEvent:
    return PickEvent(seq=seq, x=0.25, y=0.5, sequence=sequence, camera_seq=77, width=64, height=64)


def test_an_answer_finds_its_way_back_with_the_numbers_of_its_frame() -> None:
    asked, one, other, view = Asked(), session(), session(), View("v", "main", ViewState())
    picks = Picks(asked.ask, 8)
    picks.ask(view, one, event(seq=5))
    picks.ask(view, other, event(seq=6))
    picks.answered(Picked(request=asked[1].request, pick=NOTHING))
    assert one.outlet.told == []
    (told,) = [PickedMessage.model_validate_json(text) for text in other.outlet.told]
    assert (told.seq, told.sequence, told.camera_seq, told.pick) == (6, 0, 77, NOTHING)
    picks.answered(Picked(request=asked[0].request, code="usage", message="not there"))
    error = ErrorMessage.model_validate_json(one.outlet.told[0])
    assert (error.seq, error.code, error.message) == (5, "usage", "not there")
    picks.answered(Picked(request=99, pick=NOTHING))  # of somebody who has gone


def test_a_pick_is_of_the_state_that_its_frame_showed() -> None:
    asked, view = Asked(), View("v", "main", ViewState())
    picks = Picks(asked.ask, 8)
    cameras = [Camera(view_angle=angle) for angle in (20.0, 30.0, 40.0)]
    for camera in cameras:
        view.move_camera(camera)
    for sequence in (2, 0, 3):
        picks.ask(view, session(), event(sequence))
    assert [request.state.camera for request in asked] == [cameras[1], Camera(), cameras[2]]
    view.reset(camera_only=True)
    picks.ask(view, session(), event(4))
    assert asked[-1].state.camera == Camera()
    with pytest.raises(StateError, match="click again"):
        picks.ask(view, session(), event(99))
    for _ in range(MOST_REMEMBERED):
        view.move_camera(cameras[0])
    with pytest.raises(StateError, match="click again"):
        picks.ask(view, session(), event(3))


def test_only_so_many_wait_and_none_for_a_worker_that_is_gone() -> None:
    asked, one, view = Asked(), session(), View("v", "main", ViewState())
    picks = Picks(asked.ask, 2)
    picks.ask(view, one, event(seq=1))
    picks.ask(view, one, event(seq=2))
    with pytest.raises(LimitError, match="2 picks wait"):
        picks.ask(view, one, event(seq=3))
    picks.ask(view, session(), event())  # others may
    picks.fail(WorkerError("the renderer stopped"))
    errors = [ErrorMessage.model_validate_json(text) for text in one.outlet.told]
    assert [(error.seq, error.code) for error in errors] == [(1, "worker"), (2, "worker")]
    picks.ask(view, one, event())
    picks.forget(one)
    picks.answered(Picked(request=asked[-1].request, pick=NOTHING))
    assert len(one.outlet.told) == 2
    asked.there = False
    with pytest.raises(WorkerError, match="not there"):
        picks.ask(view, one, event())
