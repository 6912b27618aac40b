"""Several workers, one for each device, as one: views go to the one with the least to do.

The first worker runs from the start. Another one starts, and opens the scene, when a view comes and all that run have
one already; until it is ready the view is drawn by one of these, and then moves. What a worker cannot show any more
comes back with it, and where it does not come up again, on another one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..state.view import ViewState
from ..summary import DeviceInfo
from .placement import Load, WorkerStatistics, asks_for_another, donor, least_loaded
from .protocol import (
    AdaptView,
    Failed,
    FromWorker,
    OpenScene,
    OpenView,
    PickAt,
    Picked,
    Progress,
    SceneReady,
    SearchSegments,
    SegmentsFound,
    SetAnnotations,
    StreamControl,
)
from .supervisor import Listener, Status, Supervisor

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Worker:
    """A supervisor in the pool. `is_open`: its process has the scene; `troubled`: it could not show it lately."""

    pool: WorkerPool
    number: int
    supervisor: Supervisor
    started: bool = False
    is_open: bool = False
    troubled: bool = False
    picks: set[int] = field(default_factory=set)
    searches: set[int] = field(default_factory=set)

    def on_worker_message(self, message: FromWorker, payload: bytes) -> None:
        self.pool.heard(self, message, payload)

    def on_worker_status(self, status: Status, message: str, views: frozenset[str] | None = None) -> None:
        self.pool.changed(self, status, message)


class WorkerPool:
    """The server's end of all workers. To the registry it is what a Supervisor is."""

    def __init__(self, supervisors: Sequence[Supervisor], clock: Callable[[], float] = time.monotonic) -> None:
        """`supervisors` are in the order in which they are used; none is started yet. `clock` tells who moves."""
        self._workers = [_Worker(self, number, one) for number, one in enumerate(supervisors)]
        self._where: dict[str, _Worker] = {}
        self._clock = clock
        self._listener: Listener | None = None
        self._told_ready = self._told_scene = False

    # ---- as a whole ----

    @property
    def device(self) -> DeviceInfo | None:
        """The device of the first worker that can show something."""
        ready = [one for one in self._workers if one.is_open] or self._workers
        return next((one.supervisor.device for one in ready if one.supervisor.device is not None), None)

    @property
    def supervisors(self) -> tuple[Supervisor, ...]:
        """Of all workers, by their numbers."""
        return tuple(one.supervisor for one in self._workers)

    def number_of(self, view: str) -> int:
        """Of the worker that shows a view."""
        worker = self._where.get(view)
        return 0 if worker is None else worker.number

    def statistics(self) -> tuple[WorkerStatistics, ...]:
        """Of all workers, also of those that are not started."""
        return tuple(line for one in self._workers for line in one.supervisor.statistics())

    def start(self, listener: Listener) -> None:
        """Start the first worker; the others when they are needed."""
        self._listener = listener
        self._start(self._workers[0])

    def stop(self) -> None:
        """Begin to end all workers, and start no other. `close` waits for it."""
        for one in self._workers:
            one.supervisor.stop()

    async def close(self) -> None:
        await asyncio.gather(*(one.supervisor.close() for one in self._workers))

    def open_scene(self, request: OpenScene) -> None:
        for one in self._workers:
            one.supervisor.open_scene(request)

    def set_annotations(self, message: SetAnnotations) -> None:
        for one in self._workers:
            one.supervisor.set_annotations(message)

    # ---- views ----

    def open_view(self, request: OpenView) -> None:
        loads = self._loads(self._usable())
        if asks_for_another(loads):
            self._start_another()
        worker = self._where[request.view] = least_loaded(loads)
        worker.supervisor.open_view(request)

    def set_state(self, view: str, state: ViewState, sequence: int, camera_seq: int) -> None:
        self._where[view].supervisor.set_state(view, state, sequence, camera_seq)

    def set_viewport(self, view: str, width: int, height: int) -> None:
        self._where[view].supervisor.set_viewport(view, width, height)

    def control(self, message: StreamControl) -> None:
        self._where[message.view].supervisor.control(message)

    def adapt(self, request: AdaptView) -> None:
        if (worker := self._where.get(request.view)) is not None:
            worker.supervisor.adapt(request)

    def close_view(self, view: str) -> None:
        if (worker := self._where.pop(view, None)) is not None:
            worker.supervisor.close_view(view)

    def pick(self, request: PickAt) -> bool:
        """Ask the worker that shows the view; whether there is one."""
        worker = self._where.get(request.view)
        if worker is None or not worker.supervisor.pick(request):
            return False
        worker.picks.add(request.request)
        return True

    def search(self, request: SearchSegments) -> None:
        """All have the same segments: the one with the least to do answers."""
        worker = least_loaded(self._loads(self._usable()))
        worker.searches.add(request.request)
        worker.supervisor.search(request)

    # ---- from the workers ----

    def heard(self, worker: _Worker, message: FromWorker, payload: bytes) -> None:
        """Pass on what concerns the whole; what one worker says of a view that has moved on is not heard any more."""
        others_open = any(one.is_open for one in self._workers if one is not worker)
        match message:
            case Picked():
                worker.picks.discard(message.request)
            case SegmentsFound():
                worker.searches.discard(message.request)
            case SceneReady():
                self._opened(worker, message, payload)
                return
            case Progress() if others_open:
                return
            case Failed(view=None) if others_open:
                log.warning("worker %d cannot show the scene: %s", worker.number, message.message)
                worker.troubled = True
                self._move_away(worker)
                return
        view = getattr(message, "view", None)
        if view is None or self._where.get(view) is worker:
            self._pass_on(message, payload)

    def changed(self, worker: _Worker, status: Status, message: str) -> None:
        """A worker's process is ready, or has ended."""
        assert self._listener is not None
        if status == "ready":
            if not self._told_ready:
                self._told_ready = True
                self._listener.on_worker_status(status, message)
            return
        was_open, worker.is_open = worker.is_open, False
        picks, worker.picks = worker.picks, set()
        searches, worker.searches = worker.searches, set()
        if not any(one.is_open for one in self._workers):
            self._told_ready = self._told_scene = False
            self._listener.on_worker_status(status, message)
            return
        for request in picks:
            why = "the renderer stopped before it could answer; pick again"
            self._pass_on(Picked(request=request, code="worker", message=why), b"")
        for request in searches:
            why = "the search was lost with the rendering process; ask again"
            self._pass_on(SegmentsFound(request=request, total=0, segments=(), problem=why), b"")
        if not was_open:
            # It is the device, or its memory: the views have a better place. After a crash they wait for the next
            # process instead, for one of them may be what ended it, and would end the others' as well.
            worker.troubled = True
            self._move_away(worker)
        elif views := self._views_of(worker):
            self._listener.on_worker_status(status, message, views)

    def _opened(self, worker: _Worker, message: SceneReady, payload: bytes) -> None:
        assert self._listener is not None
        worker.is_open, worker.troubled = True, False
        if not self._told_scene:
            self._told_scene = True
            self._pass_on(message, payload)
        elif views := self._views_of(worker):
            self._listener.on_worker_status("ready", "", views)
        self._even_out(worker)

    def _pass_on(self, message: FromWorker, payload: bytes) -> None:
        assert self._listener is not None
        self._listener.on_worker_message(message, payload)

    # ---- who shows what ----

    def _usable(self) -> list[_Worker]:
        """The workers that views may go to: those that can show them now, or will."""
        started = [one for one in self._workers if one.started]
        is_open = [one for one in started if one.is_open]
        return is_open or [one for one in started if not one.troubled] or started or self._workers[:1]

    def _loads(self, workers: Sequence[_Worker]) -> dict[_Worker, Load]:
        now_s = self._clock()
        return {one: one.supervisor.load(now_s) for one in workers}

    def _views_of(self, worker: _Worker) -> frozenset[str]:
        return frozenset(view for view, one in self._where.items() if one is worker)

    def _start(self, worker: _Worker) -> None:
        worker.started = True
        worker.supervisor.start(worker)

    def _start_another(self) -> None:
        """Unless one is on its way."""
        if all(one.is_open or one.troubled for one in self._workers if one.started):
            idle = next((one for one in self._workers if not one.started), None)
            if idle is not None:
                log.info("worker %d starts", idle.number)
                self._start(idle)

    def _even_out(self, worker: _Worker) -> None:
        """A worker can show something now: take views over from those that have more."""
        while True:
            loads = self._loads([one for one in self._workers if one.is_open])
            giver = donor(loads, worker)
            view = giver.supervisor.calmest_view() if giver is not None else None
            if view is None:
                return
            self._move(view, worker)

    def _move_away(self, worker: _Worker) -> None:
        for view in self._views_of(worker):
            self._move(view, least_loaded(self._loads([one for one in self._workers if one.is_open])))

    def _move(self, view: str, to: _Worker) -> None:
        log.info("view %s moves from worker %d to worker %d", view, self._where[view].number, to.number)
        shown = self._where[view].supervisor.hand_over(view)
        self._where[view] = to
        to.supervisor.take_over(view, shown)
