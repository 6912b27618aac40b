"""A session: one client, what it may say, and what it is told. It does no I/O of its own; `now_s` comes in."""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ValidationError

from .. import __version__
from ..errors import HostaError, StateError, StreamError
from ..limits import Limits
from ..state.annotation import PointAnnotation
from ..state.patch import Op, Patch
from ..state.view import first_problem
from ..summary import DeviceInfo, Encoding, FrameInfo, SceneSummary, SegmentSummary
from .credit import Credit
from .events import (
    CLIENT_EVENT,
    AckEvent,
    AnnotatedMessage,
    AnnotateEvent,
    AnnotationsMessage,
    CameraEvent,
    DeleteAnnotationEvent,
    EncodingEvent,
    ErrorMessage,
    FollowEvent,
    HelloMessage,
    KeyFrameEvent,
    NameEvent,
    PatchedMessage,
    PatchEvent,
    PickEvent,
    PingEvent,
    PointerEvent,
    PongMessage,
    RenameAnnotationEvent,
    ReportEvent,
    ResetEvent,
    SegmentsFoundMessage,
    SegmentsSearchEvent,
    StateMessage,
    SteerEvent,
    StillMessage,
    ViewportEvent,
)
from .pieces import in_pieces, is_large
from .rate import TokenBucket
from .stills import KeptStill
from .view import View, clamp_size

if TYPE_CHECKING:
    from .company import Company

log = logging.getLogger(__name__)

REMEMBERED_CAMERAS = 512
"""Cameras on their way to a frame; far more than can be under way at once."""

ANNOTATIONS_A_MESSAGE = 50
"""Each has about a kilobyte at most, and a message 64 of them."""


class Outlet(Protocol):
    """The way to one client, whatever the transport. `encodings` are those that it can carry."""

    encodings: frozenset[Encoding]

    def send_event(self, text: str) -> None:
        """A message that must arrive, in order."""

    def send_frame(self, frame: FrameInfo, packet: bytes) -> None:
        """A video packet and what it shows."""

    def close(self, reason: str) -> None:
        """End the connection."""


class Stage(Protocol):
    """What a session's events do to a view; the registry passes it on to the worker and to the other viewers."""

    company: Company

    def show(self, view: View, origin: Session, seq: int | None, patch: Patch | None = None) -> None: ...

    def resized(self, view: View) -> None: ...

    def watches(self, view: View, origin: Session, *, key_frame: bool = False) -> None: ...

    def pick(self, view: View, origin: Session, event: PickEvent) -> None: ...

    def annotate(
        self, origin: Session, event: AnnotateEvent | RenameAnnotationEvent | DeleteAnnotationEvent
    ) -> None: ...

    def search(self, view: View, origin: Session, event: SegmentsSearchEvent) -> None: ...

    def report(self, view: View, origin: Session, event: ReportEvent) -> None: ...


class Session:
    """One connected client. `view` is None until the scene is open, and so is `home`: the view that it shares with
    others, which is another one while its camera is free. `name` is what its user is called by the others.

    `encoding` is what it watches; with a `credit` it gets no more frames than it acknowledges.
    """

    def __init__(
        self,
        session: str,
        outlet: Outlet,
        stage: Stage,
        limits: Limits,
        now_s: float,
        encoding: Encoding = "h264",
        credit: Credit | None = None,
    ) -> None:
        self.session = session
        self.outlet = outlet
        self.encoding: Encoding = encoding
        self.credit = credit
        self.full = False  # the line to it; it can take no frame then
        self.view: View | None = None
        self.home: View | None = None
        self.name: str | None = None
        self.wanted_view: str | None = None
        self.wanted_size: tuple[int, int] | None = None
        self.events_open = False
        self.connected = False
        self.created_s = self.heard_s = now_s
        self._stage = stage
        self._limits = limits
        self._bucket = TokenBucket(limits.events_per_s, limits.events_burst, now_s)
        self._malformed = TokenBucket(limits.malformed_per_s, limits.malformed_burst, now_s)
        self._newest_seq = -1
        # Of cameras on their way to a frame: (the view's number, the client's, when it came).
        self._cameras: deque[tuple[int, int, float]] = deque(maxlen=REMEMBERED_CAMERAS)
        self._shown_seq = 0
        self._late_camera: str | None = None
        self._awaits_key_frame = False
        self._abandoned = False

    @property
    def follows(self) -> bool:
        """Whether it looks from where all do who share its view."""
        return self.view is self.home

    def enter(self, view: View) -> None:
        """See another view from now on, beginning with a key frame."""
        self.view = view
        # What it moved before shows in no frame any more: it is not to wait for that.
        self._cameras.clear()
        self._shown_seq = max(self._newest_seq, 0)
        self._awaits_key_frame = True
        if self.credit is not None:
            self.credit.restart()

    # ---- what the client says ----

    def receive(self, text: str | bytes, now_s: float) -> None:
        """One message of the client, as it came."""
        if self._abandoned:
            return
        self.heard_s = now_s
        size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
        if size > self._limits.message_max_bytes:
            self._refuse("limit", f"a message may have at most {self._limits.message_max_bytes} bytes, not {size}")
            self._abandon("message too large")
            return
        if not self._bucket.take(now_s):
            # The newest camera is applied later (`tick`); anything else that comes too fast is lost.
            if isinstance(text, str) and '"camera"' in text[:64]:
                self._late_camera = text
            if self._bucket.abused(now_s):
                self._abandon("too many events")
            return
        if isinstance(text, bytes):
            self._refuse("usage", "messages must be JSON texts, not binary")
            return
        self._understand(text)

    def tick(self, now_s: float) -> None:
        """What had to wait for its turn."""
        if self._late_camera is not None and self._bucket.take(now_s):
            text, self._late_camera = self._late_camera, None
            self._understand(text)

    def _abandon(self, reason: str) -> None:
        """Nobody means what this client does."""
        log.warning("session %s: %s, closed", self.session, reason)
        self._abandoned = True
        self.outlet.close(reason)

    def _understand(self, text: str) -> None:
        try:
            event = CLIENT_EVENT.validate_json(text.encode("utf-8", "surrogatepass"))
        except ValidationError as error:
            self._refuse("state", f"the message is not valid: {first_problem(error)[:500]}")
            if not self._malformed.take(self.heard_s):
                self._abandon("too many messages that are not valid")
            return
        seq = getattr(event, "seq", None)
        try:
            self._apply(event)
        except HostaError as error:
            self._refuse(error.code, error.sentence[:500], seq)

    def _apply(self, event: BaseModel) -> None:
        match event:
            case PingEvent():
                self.tell(PongMessage(client_ms=event.client_ms))
                return
            case ViewportEvent():
                self.wanted_size = clamp_size(event.width, event.height, self._limits)
                if self.view is not None:
                    self._stage.resized(self.view)
                return
            case AckEvent():
                if (
                    self.credit is not None
                    and self.credit.acknowledge(event.pts, self.heard_s)
                    and self.view is not None
                ):
                    self._stage.watches(self.view, self)
                return
            case EncodingEvent():
                self._switch(event.encoding)
            case NameEvent() | PointerEvent() | SteerEvent() | FollowEvent():
                self._stage.company.heard(self, event)
                return
        view = self.view
        if view is None:
            raise StateError("the scene is not open yet; wait for the hello message")
        match event:
            case CameraEvent():
                if event.seq <= self._newest_seq:
                    return  # unordered delivery: a newer camera is already shown
                self._newest_seq = event.seq
                if not self._stage.company.may_move(self):
                    self._cameras.append((view.camera_seq, event.seq, self.heard_s))  # any frame answers it
                    return
                self._cameras.append((view.move_camera(event.camera), event.seq, self.heard_s))
                self._stage.show(view, self, None)
            case PatchEvent():
                self._stage.company.check(self, event.patch)
                view.patch(event.patch)
                self._stage.show(view, self, event.seq, event.patch)
            case ResetEvent():
                self._stage.company.check(self)
                view.reset(camera_only=event.what == "camera")
                self._stage.show(view, self, event.seq)
            case KeyFrameEvent():
                self._stage.watches(view, self, key_frame=True)
            case PickEvent():
                self._stage.pick(view, self, event)
            case AnnotateEvent() | RenameAnnotationEvent() | DeleteAnnotationEvent():
                self._stage.annotate(self, event)
            case SegmentsSearchEvent():
                view.check_segmentation(event.layer)
                self._stage.search(view, self, event)
            case ReportEvent():
                self._stage.report(view, self, event)

    def _switch(self, encoding: Encoding) -> None:
        check_encoding(encoding, self.outlet)
        if encoding != self.encoding:
            self.encoding = encoding
            self._awaits_key_frame = True
            if self.credit is not None:
                self.credit.restart()
            if self.view is not None:
                self._stage.watches(self.view, self, key_frame=True)

    # ---- what the client is told ----

    def tell(self, message: BaseModel) -> None:
        """Send a message, if the client has opened its channel for them."""
        if self.events_open:
            self.outlet.send_event(message.model_dump_json())

    def tell_state(self, view: View, seq: int | None, patch: Patch | None = None) -> None:
        """The state after a change, or `patch`, which made it, where the state is large."""
        if patch is not None and is_large(view.state):
            self.tell(PatchedMessage(seq=seq, sequence=view.sequence, patch=patch))
            return
        state, rest = in_pieces(view.state)
        self.tell(StateMessage(seq=seq, sequence=view.sequence, state=state))
        self._tell_pieces(view, rest)

    def tell_camera(self, view: View) -> None:
        """Where the camera is that somebody else moves."""
        op = Op(path=("camera",), value=view.state.camera.model_dump(mode="json"))
        self.tell_state(view, None, Patch(ops=(op,)))

    def tell_hello(self, device: DeviceInfo, scene: SceneSummary) -> None:
        view = self.view
        if view is None:
            return
        state, rest = in_pieces(view.state)
        self.tell(
            HelloMessage(
                server=__version__,
                view=view.view,
                device=device,
                scene=scene,
                state=state,
                default_state=view.default_state,
                sequence=view.sequence,
            )
        )
        self._tell_pieces(view, rest)

    def _tell_pieces(self, view: View, patches: list[Patch]) -> None:
        for patch in patches:
            self.tell(PatchedMessage(seq=None, sequence=view.sequence, patch=patch))

    def tell_annotations(self, points: Sequence[PointAnnotation]) -> None:
        """All of them, in messages of a size that a data channel carries."""
        starts = range(0, max(len(points), 1), ANNOTATIONS_A_MESSAGE)
        for start in starts:
            part = tuple(points[start : start + ANNOTATIONS_A_MESSAGE])
            self.tell(AnnotationsMessage(first=start == 0, last=start == starts[-1], points=part))

    def tell_annotated(self, name: str, point: PointAnnotation | None, seq: int | None) -> None:
        self.tell(AnnotatedMessage(seq=seq, id=name, point=point))

    def tell_error(self, error: HostaError | ErrorMessage, seq: int | None = None) -> None:
        if isinstance(error, HostaError):
            self._refuse(error.code, error.sentence[:500], seq)
        else:
            self.tell(error)

    def tell_segments(
        self, event: SegmentsSearchEvent, total: int, segments: tuple[SegmentSummary, ...], problem: str = ""
    ) -> None:
        """The answer to a search, or why there is none."""
        if problem:
            self._refuse("error", problem, event.seq)
            return
        self.tell(
            SegmentsFoundMessage(seq=event.seq, layer=event.layer, total=total, first=event.first, segments=segments)
        )

    def show_frame(self, frame: FrameInfo, packet: bytes, now_s: float) -> FrameInfo | None:
        """Pass a frame on, if the client can take it; its camera number becomes this client's newest that it shows.

        Returns what the client is told of the frame, or None.
        """
        if self._awaits_key_frame and not frame.key_frame:
            return None
        if self.credit is not None and not self.credit.take(frame.pts, frame.key_frame, now_s):
            return None
        self._awaits_key_frame = False
        event_s: float | None = None
        while self._cameras and self._cameras[0][0] <= frame.camera_seq:
            _, self._shown_seq, event_s = self._cameras.popleft()
        event_ms = 1e3 * (now_s - event_s) if event_s is not None else None
        told = frame.model_copy(update={"camera_seq": self._shown_seq, "event_ms": event_ms})
        self.outlet.send_frame(told, packet)
        return told

    @property
    def transport(self) -> str:
        """How the client is connected: only a WebSocket's frames are counted and acknowledged."""
        return "webrtc" if self.credit is None else "websocket"

    def tell_still(self, kept: KeptStill) -> None:
        """The picture at rest is there; its camera number is this client's newest one that it shows, as a frame's."""
        still = kept.still
        self.tell(
            StillMessage(
                view=still.view,
                sequence=still.sequence,
                camera_seq=self._shown_seq,
                width=still.width,
                height=still.height,
                samples=still.samples,
                path=kept.path,
            )
        )

    def _refuse(self, code: str, message: str, seq: int | None = None) -> None:
        incident = new_incident()
        log.info("session %s, incident %s: %s: %s", self.session, incident, code, message)
        self.tell(ErrorMessage(code=code, message=message, incident=incident, seq=seq))


def check_encoding(encoding: Encoding, outlet: Outlet) -> None:
    """Raises StreamError where the way to the client cannot carry this encoding."""
    if encoding not in outlet.encodings:
        raise StreamError(f"this connection cannot carry {encoding}; only {', '.join(sorted(outlet.encodings))}")


def new_incident() -> str:
    """A short id that is told to the client and written into the log beside what happened."""
    return uuid.uuid4().hex[:12]
