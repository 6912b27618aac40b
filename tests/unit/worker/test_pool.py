"""Which worker shows which view, and what becomes of the views of one that fails. No process is started here."""

from __future__ import annotations

import pytest

from render.errors import UsageError
from render.settings import ServerSettings
from render.state.view import ViewState
from render.summary import DeviceInfo, FrameInfo, SceneSummary
from render.worker.devices import UsableDevice, choose_devices
from render.worker.placement import Load, asks_for_another, donor, least_loaded
from render.worker.pool import WorkerPool
from render.worker.protocol import (
    Failed,
    FromWorker,
    OpenScene,
    OpenView,
    Packet,
    PickAt,
    Picked,
    Progress,
    SceneReady,
    SearchSegments,
    SegmentsFound,
    SetAnnotations,
    StreamControl,
    ToWorker,
)
from render.worker.supervisor import Listener, Status, Supervisor

SUMMARY = SceneSummary(name="s", box_lo=(0, 0, 0), box_hi=(1, 1, 1), layers=(), n_times=1)
READY = SceneReady(scene="main", summary=SUMMARY, default_state=ViewState())


class Quiet(Supervisor):
    """A supervisor whose process is this test: what would be sent is kept, and `now` says what it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.started = False
        self.sent: list[ToWorker] = []

    def start(self, listener: Listener) -> None:
        self.started, self._listener = True, listener

    def _send(self, message: ToWorker) -> bool:
        if self._ready:
            self.sent.append(message)
        return self._ready

    def comes_up(self) -> None:
        self._ready = True
        self.device = DeviceInfo(name="d", vendor="v", version="1", software=False)
        self._replay()
        self._set_status("ready", "")
        self.says(READY)

    def ends(self) -> None:
        self._ready = False
        self._set_status("restarting", "it ended by signal 11")

    def says(self, message: FromWorker) -> None:
        assert self._listener is not None
        self._listener.on_worker_message(message, b"")

    def of(self, kind: type) -> list[str]:
        return [message.view for message in self.sent if isinstance(message, kind)]  # type: ignore[union-attr]


class Told:
    """What the registry would hear."""

    def __init__(self) -> None:
        self.messages: list[FromWorker] = []
        self.statuses: list[tuple[Status, frozenset[str] | None]] = []

    def on_worker_message(self, message: FromWorker, payload: bytes) -> None:
        self.messages.append(message)

    def on_worker_status(self, status: Status, message: str, views: frozenset[str] | None = None) -> None:
        self.statuses.append((status, views))

    def of(self, kind: type) -> list[FromWorker]:
        return [message for message in self.messages if isinstance(message, kind)]


@pytest.fixture
def workers() -> list[Quiet]:
    return [Quiet(), Quiet()]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def pool(workers: list[Quiet], told: Told) -> WorkerPool:
    """One worker shows the scene."""
    pool = WorkerPool(workers)
    pool.open_scene(OpenScene(scene="main", paths=("a",)))
    pool.start(told)
    workers[0].comes_up()
    return pool


def open_view(pool: WorkerPool, view: str) -> None:
    pool.open_view(OpenView(view=view, scene="main", width=64, height=64, state=ViewState()))
    pool.control(StreamControl(view=view, key_frames={"h264": -1}))


def packet(view: str) -> Packet:
    numbers = dict.fromkeys(FrameInfo.model_fields, 1)
    return Packet(view=view, frame=FrameInfo.model_validate({**numbers, "key_frame": True}))


def shared_out(pool: WorkerPool, workers: list[Quiet]) -> None:
    """Two views, a worker each: "b" is the second one's."""
    open_view(pool, "a")
    pool.set_state("a", ViewState(), 1, 1)  # it moves, so that the other view is the calmer one
    open_view(pool, "b")
    workers[1].comes_up()


def test_a_second_worker_starts_when_a_second_view_comes(pool: WorkerPool, workers: list[Quiet], told: Told) -> None:
    open_view(pool, "a")
    assert not workers[1].started
    open_view(pool, "b")
    assert workers[1].started
    assert workers[0].of(OpenView) == ["a", "b"]  # until the other one is there
    workers[1].comes_up()
    assert workers[1].of(OpenView) == ["a"]  # both are calm: the first
    assert len(told.of(SceneReady)) == 1
    assert told.statuses == [("ready", None)]
    assert [(one.views, one.watched) for one in pool.statistics()] == [(1, 1), (1, 1)]


def test_the_calmer_view_moves_with_all_that_it_shows(pool: WorkerPool, workers: list[Quiet], told: Told) -> None:
    pool.set_annotations(SetAnnotations(scene="main", points=()))
    open_view(pool, "a")
    open_view(pool, "b")
    pool.set_state("a", ViewState(), 1, 1)
    pool.set_state("b", ViewState(samples=7), 5, 0)
    pool.set_viewport("b", 128, 96)
    workers[1].comes_up()
    scene, annotations, opened, state, control = workers[1].sent
    assert (scene.type, annotations.type) == ("open", "annotations")
    assert isinstance(opened, OpenView)
    assert (opened.view, opened.width, opened.height, opened.sequence) == ("b", 128, 96, 5)
    assert opened.state is not None
    assert opened.state.samples == 7
    assert (state.type, control.type) == ("state", "stream")
    workers[0].says(packet("b"))  # what was on its way
    workers[1].says(packet("b"))
    workers[0].says(packet("a"))
    assert [message.view for message in told.of(Packet)] == ["b", "a"]  # type: ignore[union-attr]


def test_asks_go_where_the_view_is(pool: WorkerPool, workers: list[Quiet]) -> None:
    shared_out(pool, workers)
    for view, number in (("a", 0), ("b", 1)):
        ask = PickAt(request=number, view=view, state=ViewState(), x=0.5, y=0.5, width=64, height=64)
        assert pool.pick(ask)
        assert workers[number].of(PickAt) == [view]
    pool.close_view("b")
    assert not pool.pick(PickAt(request=3, view="b", state=ViewState(), x=0, y=0, width=64, height=64))
    open_view(pool, "c")
    assert workers[1].of(OpenView) == ["b", "c"]


def test_a_worker_that_dies_takes_only_its_own(pool: WorkerPool, workers: list[Quiet], told: Told) -> None:
    shared_out(pool, workers)
    pool.pick(PickAt(request=1, view="b", state=ViewState(), x=0.5, y=0.5, width=64, height=64))
    pool.pick(PickAt(request=2, view="a", state=ViewState(), x=0.5, y=0.5, width=64, height=64))
    pool.search(SearchSegments(request=3, scene="main", layer="x"))  # of equal ones the first, which moves, has more
    workers[1].ends()
    assert told.statuses[1:] == [("restarting", frozenset({"b"}))]
    (lost,) = told.of(Picked)
    assert isinstance(lost, Picked)
    assert (lost.request, lost.code) == (1, "worker")
    (search,) = told.of(SegmentsFound)
    assert isinstance(search, SegmentsFound)
    assert search.request == 3
    assert search.problem
    open_view(pool, "c")
    assert workers[0].of(OpenView)[-1] == "c"
    workers[1].comes_up()
    assert told.statuses[2:] == [("ready", frozenset({"b"}))]
    assert workers[1].of(OpenView) == ["b", "b"]
    assert len(told.of(SceneReady)) == 1


def test_the_views_of_a_device_that_is_gone_move(pool: WorkerPool, workers: list[Quiet], told: Told) -> None:
    shared_out(pool, workers)
    workers[1].ends()
    assert workers[0].of(OpenView) == ["a", "b"]
    workers[1].ends()  # it has not come up again
    assert workers[0].of(OpenView) == ["a", "b", "b"]
    assert [one.views for one in pool.statistics()] == [2, 0]
    workers[1].comes_up()  # and back, if it does
    assert [one.views for one in pool.statistics()] == [1, 1]


def test_a_device_on_which_the_scene_has_no_room(pool: WorkerPool, workers: list[Quiet], told: Told) -> None:
    open_view(pool, "a")
    open_view(pool, "b")
    workers[1].says(Progress(scene="main", what="reading", done=0, total=2))
    workers[1].says(Failed(scene="main", code="gpu", message="no memory"))
    assert told.of(Progress) + told.of(Failed) == []  # the views are shown all the same
    open_view(pool, "c")
    assert [one.views for one in pool.statistics()] == [3, 0]


def test_when_all_are_gone_everybody_is_told(pool: WorkerPool, workers: list[Quiet], told: Told) -> None:
    shared_out(pool, workers)
    workers[1].ends()
    workers[0].ends()
    assert told.statuses[-1] == ("restarting", None)
    workers[1].comes_up()
    assert told.statuses[-1] == ("ready", None)
    assert len(told.of(SceneReady)) == 2
    workers[0].comes_up()
    assert told.statuses[-1] == ("ready", frozenset({"a"}))


def test_placement() -> None:
    assert least_loaded({"a": Load(1, 1, 1), "b": Load(0, 2, 2), "c": Load(0, 2, 3)}) == "b"
    assert least_loaded({"a": Load(), "b": Load()}) == "a"
    assert asks_for_another({"a": Load(0, 1, 1)})
    assert not asks_for_another({"a": Load(0, 1, 1), "b": Load(0, 0, 4)})
    assert donor({"a": Load(0, 2, 2), "b": Load()}, "b") == "a"
    assert donor({"a": Load(0, 2, 2), "b": Load(0, 1, 1)}, "b") is None


USABLE = [UsableDevice(0, "A", False), UsableDevice(1, "B", False), UsableDevice(3, "llvmpipe", True)]


@pytest.mark.parametrize(
    ("said", "usable", "devices"),
    [
        ("0,1", USABLE, [0, 1]),
        ("3,3", USABLE, [3, 3]),
        ("all", USABLE, [0, 1]),
        ("all", USABLE[2:], [None]),
    ],
)
def test_devices(said: str, usable: list[UsableDevice], devices: list[int | None]) -> None:
    chosen = ServerSettings.model_validate({"devices": said}).devices
    assert chosen is not None
    assert choose_devices(chosen, usable) == devices


def test_devices_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match=r"no usable device 2.*: 0, 1, 3"):
        choose_devices("0,2", USABLE)
    for said in ("", "0,", "a", "-1", "0;1", "0," * 32 + "0"):
        with pytest.raises(ValueError, match="device"):
            ServerSettings.model_validate({"devices": said})
