"""What a worker is told of a view: no more than what it does not know, and never less."""

from __future__ import annotations

from render.state.camera import Camera
from render.state.view import ViewState
from render.worker.protocol import OpenView, SetCamera, SetState, ToWorker
from render.worker.supervisor import Supervisor

AT_REST = ViewState()
MOVED = AT_REST.seen_from(Camera(position=(0.0, 0.0, -2.0)))


class Recorded(Supervisor):
    """A supervisor whose worker takes messages, unless it is `deaf`."""

    def __init__(self) -> None:
        super().__init__()
        self.deaf = False
        self.messages: list[ToWorker] = []

    def _send(self, message: ToWorker) -> bool:
        if not self.deaf:
            self.messages.append(message)
        return not self.deaf


def opened(deaf: bool = False) -> Recorded:
    supervisor = Recorded()
    supervisor.deaf = deaf
    supervisor.open_view(OpenView(view="a", scene="s", width=100, height=100, state=AT_REST))
    supervisor.messages.clear()
    supervisor.deaf = False
    return supervisor


def test_a_camera_that_moves_is_all_that_is_said() -> None:
    supervisor = opened()
    supervisor.set_state("a", MOVED, 1, 1)
    assert supervisor.messages == [SetCamera(view="a", camera=MOVED.camera, sequence=1, camera_seq=1)]


def test_a_change_of_anything_else_is_said_whole() -> None:
    supervisor = opened()
    changed = MOVED.model_copy(update={"seed": 1})
    supervisor.set_state("a", changed, 1, 1)
    supervisor.set_state("a", changed.seen_from(AT_REST.camera), 2, 2)
    assert supervisor.messages == [
        SetState(view="a", state=changed, sequence=1, camera_seq=1),
        SetCamera(view="a", camera=AT_REST.camera, sequence=2, camera_seq=2),
    ]


def test_a_worker_that_missed_a_state_is_told_the_next_one_whole() -> None:
    supervisor = opened()
    changed = AT_REST.model_copy(update={"seed": 1})
    supervisor.deaf = True
    supervisor.set_state("a", changed, 1, 0)
    supervisor.deaf = False
    moved = changed.seen_from(MOVED.camera)
    supervisor.set_state("a", moved, 2, 1)
    assert supervisor.messages == [SetState(view="a", state=moved, sequence=2, camera_seq=1)]


def test_a_view_that_was_opened_without_a_worker_is_told_whole() -> None:
    supervisor = opened(deaf=True)
    supervisor.set_state("a", MOVED, 1, 1)
    assert supervisor.messages == [SetState(view="a", state=MOVED, sequence=1, camera_seq=1)]


def test_another_worker_is_told_whole_and_then_of_cameras_only() -> None:
    first, second = opened(), Recorded()
    changed = AT_REST.model_copy(update={"seed": 1})
    first.set_state("a", changed, 1, 0)
    second.take_over("a", first.hand_over("a"))
    second.set_state("a", changed.seen_from(MOVED.camera), 2, 1)
    again, state, camera = second.messages
    assert isinstance(again, OpenView)
    assert again.state == changed
    assert state == SetState(view="a", state=changed, sequence=1, camera_seq=0)
    assert camera == SetCamera(view="a", camera=MOVED.camera, sequence=2, camera_seq=1)
