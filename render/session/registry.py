"""All views and sessions of a server: who sees what, and what the worker is told. Its times come in as `now_s`."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator

from ..errors import GpuError, HostaError, LimitError, StateError, StreamError, WorkerError, error_of
from ..limits import Limits
from ..state.patch import Patch
from ..state.view import ViewState
from ..summary import Encoding, SceneSummary
from ..worker.protocol import (
    Failed,
    FromWorker,
    OpenScene,
    OpenView,
    Packet,
    Picked,
    Progress,
    SceneReady,
    SegmentsFound,
    SetAnnotations,
    Still,
)
from .adaptation import Adaptation
from .annotations import AnnotationBook
from .company import Company
from .credit import Credit
from .events import (
    ErrorMessage,
    PickEvent,
    ProgressMessage,
    ReportEvent,
    SegmentsSearchEvent,
    WorkerMessage,
)
from .meter import Meter, deliver
from .notes import NoteEvent, Notes
from .picks import Picks
from .searches import Searches
from .session import Outlet, Session, new_incident
from .stills import StillShelf
from .view import DEFAULT_SIZE, View
from .watching import Watching
from .worker_link import WorkerLink

log = logging.getLogger(__name__)

UNWATCHED_VIEW_S = 30.0
"""A view whose last viewer has gone waits so long for it to come back."""
START_TRIES = 3
"""So many workers may end before the scene was ever shown; then there is no hope."""
SHARED_CAMERA_INTERVAL_S = 0.1
"""The other viewers of a view are told where its camera is at most so often."""


class BusyError(LimitError):
    """All places are taken; one may be free later."""

    http_status = 503


class NoViewError(StreamError):
    """The view that is asked for does not exist."""

    http_status = 404


class Registry:
    """The scene, its views and their viewers."""

    def __init__(
        self,
        worker: WorkerLink,
        scene: OpenScene,
        limits: Limits,
        clock: Callable[[], float],
        on_hopeless: Callable[[HostaError], None] | None = None,
        annotations: AnnotationBook | None = None,
    ) -> None:
        """`clock` gives the `now_s` of what comes from the worker and of views that lose their last viewer.

        `on_hopeless` is told, once, why the scene will never be shown: before it ever was, its data could not be
        opened, there was no usable OpenGL, or `START_TRIES` workers ended. Without `annotations` there are none.
        """
        self.sessions: dict[str, Session] = {}
        self.summary: SceneSummary | None = None
        self._worker = worker
        self._scene = scene
        self._limits = limits
        self._clock = clock
        self._default_state: ViewState | None = None
        self._views: dict[str, View] = {}
        self._unwatched_s: dict[str, float] = {}
        self._status = WorkerMessage(status="starting")
        self._trouble: ErrorMessage | None = None
        self._untold_cameras: dict[str, set[str]] = {}  # view -> sessions that moved it since the others were told
        self._told_cameras_s = float("-inf")
        self._on_hopeless = on_hopeless
        self._workers_ended = 0
        self._watching = Watching(worker.control)
        self.stills = StillShelf(limits.stills_max_bytes)
        self._adaptation = Adaptation()
        self._picks = Picks(worker.pick, limits.picks_waiting_max)
        self._searches = Searches(worker.search)
        self.company = Company(self)
        self.meter = Meter(self.sessions, self._views)
        book = annotations or AnnotationBook(None, "", limits, lambda act: act())
        self._notes = Notes(book, scene.scene, self._show_annotations, self.sessions)
        worker.open_scene(scene)

    def start(self) -> None:
        """Read what was annotated before. On the event loop's thread, as all that follows."""
        self._notes.open()

    @property
    def ready(self) -> bool:
        """Whether a client that comes now gets a picture."""
        return self._status.status == "ready" and self.summary is not None

    # ---- sessions come and go ----

    def admit(
        self,
        outlet: Outlet,
        now_s: float,
        view: str | None = None,
        size: tuple[int, int] | None = None,
        encoding: Encoding = "h264",
        credit: Credit | None = None,
    ) -> Session:
        """A place for a client, with a view of its own or, with `view`, at that one.

        Raises BusyError when all places are taken and NoViewError when there is no such view.
        """
        self.check_free()
        if view is not None and view not in self._views:
            raise NoViewError("there is no such view any more; open a new one")
        session = Session(secrets.token_urlsafe(16), outlet, self, self._limits, now_s, encoding, credit)
        session.wanted_view, session.wanted_size = view, size
        self.sessions[session.session] = session
        if self._default_state is not None:
            self._give_view(session, self._default_state)
        return session

    def check_free(self) -> None:
        """Raises BusyError when there is no place for another client."""
        if len(self.sessions) >= self._limits.sessions_max:
            raise BusyError(f"all {self._limits.sessions_max} places are taken; try again later")

    def release(self, session: Session) -> None:
        """The client has gone. Its view waits a while for it."""
        if self.sessions.pop(session.session, None) is None:
            return
        self._picks.forget(session)
        self._searches.forget(session)
        self.company.left(session)
        self._adaptation.left(session.session)
        for view in {session.view, session.home}:
            if view is not None:
                self._left(view)

    def opened_events(self, session: Session) -> None:
        """The client can be told things now: tell it where matters stand."""
        session.events_open = True
        self._brief(session)

    def tick(self, now_s: float) -> None:
        """What time brings: late cameras, clients that never connected or fell silent, views that nobody watches."""
        for session in list(self.sessions.values()):
            session.tick(now_s)
            if not session.connected and now_s - session.created_s > self._limits.unconnected_offer_s:
                session.outlet.close("the connection was never made")
            elif session.events_open and now_s - session.heard_s > self._limits.idle_session_s:
                session.outlet.close("idle for too long")
        self.company.tick(now_s)
        for request in self._adaptation.changes():
            self._worker.adapt(request)
        for unwatched, since_s in list(self._unwatched_s.items()):
            if now_s - since_s > UNWATCHED_VIEW_S:
                self._close_view(unwatched)
        if self._untold_cameras and now_s - self._told_cameras_s >= SHARED_CAMERA_INTERVAL_S:
            self._told_cameras_s = now_s
            untold, self._untold_cameras = self._untold_cameras, {}
            for name, movers in untold.items():
                if (view := self._views.get(name)) is not None:
                    for viewer in self._viewers(view):
                        if movers != {viewer.session}:
                            viewer.tell_camera(view)

    # ---- Stage: what sessions do to their views ----

    def show(self, view: View, origin: Session, seq: int | None, patch: Patch | None = None) -> None:
        self._worker.set_state(view.view, view.state, view.sequence, view.camera_seq)
        if seq is None:
            self._untold_cameras.setdefault(view.view, set()).add(origin.session)
            return
        for viewer in self._viewers(view):
            viewer.tell_state(view, seq if viewer is origin else None, patch)

    def resized(self, view: View) -> None:
        """The picture is as large as the first of its viewers wants it: who joins does not disturb the others."""
        wanted = (viewer.wanted_size for viewer in self._viewers(view) if viewer.wanted_size is not None)
        if view.resize(next(wanted, view.size)):
            self._worker.set_viewport(view.view, *view.size)

    def watches(self, view: View, origin: Session, *, key_frame: bool = False) -> None:
        joined = (origin.encoding,) if key_frame else ()
        self._watching.update(view.view, self._viewers(view), self._clock(), *joined)

    def report(self, view: View, origin: Session, event: ReportEvent) -> None:
        self._adaptation.heard(origin.session, view.view, view.size, event, origin.heard_s)
        self.meter.reported(event)

    def measured(self, session: Session, rate_bps: float, now_s: float) -> None:
        """The transport itself measured what a client's line carries, bits a second."""
        self.meter.line_told()
        if (view := session.view) is not None:
            self._adaptation.measured(session.session, view.view, view.size, rate_bps, now_s)
            for request in self._adaptation.changes():
                self._worker.adapt(request)

    def changed_room(self, session: Session) -> None:
        """A client's line is full, or not any more."""
        if session.view is not None and session.session in self.sessions:
            self.watches(session.view, session)

    def pick(self, view: View, origin: Session, event: PickEvent) -> None:
        self._picks.ask(view, origin, event)

    def annotate(self, origin: Session, event: NoteEvent) -> None:
        assert self.summary is not None, "a session with a view has a scene"
        self._notes.change(origin, event, self.summary)

    def _show_annotations(self, message: SetAnnotations) -> None:
        for view in self._views:
            self.stills.forget(view)  # they show others
        self._worker.set_annotations(message)

    def search(self, view: View, origin: Session, event: SegmentsSearchEvent) -> None:
        self._searches.ask(view, origin, event)

    # ---- Listener: what comes from the worker ----

    def on_worker_message(self, message: FromWorker, payload: bytes) -> None:
        match message:
            case Packet():
                if (view := self._views.get(message.view)) is not None:
                    view.drawn(message.frame.sequence)
                    self._show_frame(view, message, payload)
            case Still():
                view = self._views.get(message.view)
                # A still of a picture that is gone is of no use to anybody.
                current = view is not None and message.sequence == view.sequence
                if view and current and (kept := self.stills.keep(message, payload)):
                    for viewer in self._viewers(view):
                        viewer.tell_still(kept)
            case Picked():
                self._picks.answered(message)
            case Progress():
                self._tell_all(ProgressMessage(what=message.what, done=message.done, total=message.total))
            case SegmentsFound():
                self._searches.answered(message)
            case SceneReady():
                self._scene_ready(message)
            case Failed():
                self._failed(message)

    def _show_frame(self, view: View, packet: Packet, payload: bytes) -> None:
        """To all viewers of this encoding but those that are behind and cannot take it."""
        now_s, viewers = self._clock(), list(self._viewers(view))
        self._watching.came(view.view, packet.encoding, packet.frame.pts)
        self.meter.encoded(self._worker.number_of(view.view), packet.encoding, packet.frame)
        wanted: set[Encoding] = set()
        for viewer in viewers:
            if viewer.encoding != packet.encoding:
                continue
            goes, asks = self._adaptation.passes(viewer.session, len(payload), packet.frame.key_frame, now_s)
            if asks:
                wanted.add(packet.encoding)
            if goes:
                deliver(viewer, packet, payload, now_s, self.meter)
        self._watching.update(view.view, viewers, now_s, *wanted)

    def on_worker_status(self, status: str, message: str, views: frozenset[str] | None = None) -> None:
        told = WorkerMessage.model_validate({"status": status, "message": message})
        if views is not None:  # one of several workers: only its views' pictures are gone, or back
            for session in list(self.sessions.values()):
                if session.view is not None and session.view.view in views:
                    session.tell(told)
            return
        self._status = told
        if status != "ready":
            self._picks.fail(WorkerError("the renderer stopped before it could answer; pick again"))
            self._tell_all(self._status)
            self._searches.fail()
            self._workers_ended += 1
            if self._workers_ended >= START_TRIES:
                self._give_up(WorkerError(f"the rendering process ended {self._workers_ended} times: {message}"))
            return
        self._trouble = None
        if self.summary is None:
            # The scene has yet to be opened; clients hear of `ready` together with it.
            self._tell_all(WorkerMessage(status="starting"))

    def _scene_ready(self, message: SceneReady) -> None:
        self.summary, self._trouble, self._on_hopeless = message.summary, None, None
        if self._default_state is None:
            self._default_state = message.default_state
        for session in list(self.sessions.values()):
            if session.view is None:
                self._give_view(session, self._default_state)
            self._brief(session)

    def _failed(self, message: Failed) -> None:
        incident = new_incident()
        hopeless = self._on_hopeless is not None and (message.scene is not None or message.code == GpuError.code)
        level = logging.INFO if hopeless else logging.WARNING  # the last word on it is said elsewhere
        log.log(level, "incident %s: scene %s, view %s: %s", incident, message.scene, message.view, message.message)
        failure = error_of(message.code, message.message)
        error = ErrorMessage(code=message.code, message=failure.sentence, incident=incident)
        if message.view is None:
            self._trouble = error
            self._tell_all(error)
            if hopeless:
                self._give_up(failure)
        elif (view := self._views.get(message.view)) is not None:
            # What cannot be drawn is taken back, or each camera that follows would fail with it, in a new worker too.
            taken_back = message.code == StateError.code and view.refused()
            if taken_back:
                self._worker.set_state(view.view, view.state, view.sequence, view.camera_seq)
            for viewer in self._viewers(view):
                viewer.tell_error(error)
                if taken_back:
                    viewer.tell_state(view, None)

    def _give_up(self, error: HostaError) -> None:
        """Unless the scene was shown once: then there is hope."""
        on_hopeless, self._on_hopeless = self._on_hopeless, None
        if on_hopeless is not None:
            on_hopeless(error)

    # ---- views ----

    def _give_view(self, session: Session, default_state: ViewState) -> None:
        view = self._views.get(session.wanted_view) if session.wanted_view is not None else None
        if view is None:
            size = session.wanted_size or DEFAULT_SIZE
            view = self._open(View(secrets.token_urlsafe(9), self._scene.scene, default_state, size))
        # One who comes back to a camera of their own belongs to where that was taken from.
        session.home = self._views.get(view.copied_from or "", view)
        for watched in (view, session.home):
            self._unwatched_s.pop(watched.view, None)
        session.view = view
        self.watches(view, session, key_frame=True)

    def _open(self, view: View) -> View:
        self._make_room()
        self._views[view.view] = view
        width, height = view.size
        self._worker.open_view(
            OpenView(
                view=view.view, scene=view.scene, width=width, height=height, state=view.state, sequence=view.sequence
            )
        )
        return view

    def _left(self, view: View) -> None:
        """A viewer has gone from here; the last one's view waits a while for them."""
        viewers = list(self._viewers(view))
        self._watching.update(view.view, viewers, self._clock())
        if viewers:
            self.resized(view)
        elif not any(session.home is view for session in self.sessions.values()):
            self._unwatched_s[view.view] = self._clock()

    # ---- Place: cameras of one's own ----

    def copy_of(self, view: View) -> View:
        return self._open(view.copy(secrets.token_urlsafe(9)))

    def enter(self, session: Session, view: View) -> None:
        left = session.view
        self._adaptation.left(session.session)
        session.enter(view)
        self._worker.set_state(view.view, view.state, view.sequence, view.camera_seq)
        self.resized(view)
        self.watches(view, session, key_frame=True)
        if left is not None:
            self._left(left)
            if left.copied_from == view.view and left.view in self._unwatched_s:
                self._close_view(left.view)
        if self._worker.device is not None and self.summary is not None:
            session.tell_hello(self._worker.device, self.summary)
            self._tell_still(session)

    def _make_room(self) -> None:
        """Views that nobody watches make room for others, oldest first: there are never more than places."""
        while len(self._views) >= self._limits.sessions_max and self._unwatched_s:
            self._close_view(min(self._unwatched_s, key=lambda view: self._unwatched_s[view]))

    def _close_view(self, view: str) -> None:
        del self._unwatched_s[view]
        del self._views[view]
        self._watching.forget(view)
        self._adaptation.closed(view)
        self.stills.forget(view)
        self._worker.close_view(view)

    def _viewers(self, view: View) -> Iterator[Session]:
        return (session for session in list(self.sessions.values()) if session.view is view)

    # ---- telling ----

    def _brief(self, session: Session) -> None:
        """Where matters stand: the worker, what went wrong, what is shown."""
        opening = self._status.status == "ready" and self.summary is None
        session.tell(WorkerMessage(status="starting") if opening else self._status)
        if self._trouble is not None:
            session.tell_error(self._trouble)
        if self._worker.device is not None and self.summary is not None:
            session.tell_hello(self._worker.device, self.summary)
            session.tell_annotations(self._notes.points)
            self.company.met(session)
        self._tell_still(session)

    def _tell_still(self, session: Session) -> None:
        if (view := session.view) and (kept := self.stills.newest(view.view, view.sequence)):
            session.tell_still(kept)

    def _tell_all(self, message: WorkerMessage | ProgressMessage | ErrorMessage) -> None:
        for session in list(self.sessions.values()):
            session.tell(message)
