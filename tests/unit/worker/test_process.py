"""Which of the messages that have queued up are worth handling."""

from __future__ import annotations

from render.state.camera import Camera
from render.state.view import ViewState
from render.worker.process import coalesce
from render.worker.protocol import CloseView, Heartbeat, OpenView, SetCamera, SetState, SetViewport, StreamControl


def state(view: str, sequence: int) -> SetState:
    return SetState(view=view, state=ViewState(), sequence=sequence, camera_seq=sequence)


def camera(view: str, sequence: int) -> SetCamera:
    return SetCamera(view=view, camera=Camera(), sequence=sequence, camera_seq=sequence)


def size(view: str, width: int) -> SetViewport:
    return SetViewport(view=view, width=width, height=100)


def test_only_the_newest_state_and_size_of_each_view_are_kept_in_their_order() -> None:
    messages = [
        state("a", 1),
        Heartbeat(id=1),
        size("a", 100),
        state("b", 1),
        state("a", 2),
        size("a", 200),
        state("a", 3),
    ]
    assert coalesce(messages) == [Heartbeat(id=1), state("b", 1), size("a", 200), state("a", 3)]


def test_of_cameras_the_newest_is_kept_with_the_state_before_it() -> None:
    messages = [camera("a", 1), state("a", 2), camera("b", 1), camera("a", 3), camera("a", 4)]
    assert coalesce(messages) == [state("a", 2), camera("b", 1), camera("a", 4)]


def test_everything_else_is_kept() -> None:
    messages = [StreamControl(view="a", key_frames={"h264": 5}), StreamControl(view="a"), None, CloseView(view="a")]
    assert coalesce(messages) == messages


def test_a_view_that_is_opened_again_keeps_what_came_before() -> None:
    opened = OpenView(view="a", scene="s", width=100, height=100)
    messages = [state("a", 1), CloseView(view="a"), opened, state("a", 2)]
    assert coalesce(messages) == messages
