"""The wire: every message between a client and the server. TypeScript types are generated from these models.

Over WebRTC client messages come on two data channels: `motion` (unordered, no retransmits: camera) and `events`
(reliable, ordered: everything else). Server messages go out on `events`, frame notes on `motion`. Over a WebSocket all
of them are text messages, and a frame note precedes its frame in one binary message. All are JSON texts of at most
64 KiB.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ..limits import DEFAULT_LIMITS
from ..state.annotation import AnnotationId, LabelText, NewPoint, PointAnnotation
from ..state.base import Node, Unit
from ..state.camera import Camera
from ..state.patch import Patch
from ..state.segment import SegmentId
from ..state.view import ViewState
from ..summary import DeviceInfo, Encoding, FrameInfo, Pick, SceneSummary, SegmentSummary

Seq = Annotated[int, Field(ge=0, le=2**53 - 1)]
Count = Annotated[int, Field(ge=0, le=2**40)]
Milliseconds = Annotated[float, Field(ge=0, le=3_600_000)]

# ---- client to server ----


class CameraEvent(Node):
    """Look from here now. The newest `seq` wins; each frame echoes the `seq` of the camera that it shows."""

    type: Literal["camera"] = "camera"
    seq: Seq
    camera: Camera


class PatchEvent(Node):
    """Change the state; answered by a StateMessage or an ErrorMessage with the same `seq`."""

    type: Literal["patch"] = "patch"
    seq: Seq
    patch: Patch


class ResetEvent(Node):
    """Put the camera, or the whole state, back to the scene's default."""

    type: Literal["reset"] = "reset"
    seq: Seq
    what: Literal["camera", "all"] = "camera"


class ViewportEvent(Node):
    """The size of the picture in device pixels; clamped to the server's limits and made even."""

    type: Literal["viewport"] = "viewport"
    width: Annotated[int, Field(ge=1, le=65_535)]
    height: Annotated[int, Field(ge=1, le=65_535)]


class KeyFrameEvent(Node):
    """The decoder lost its way and needs a key frame."""

    type: Literal["key_frame"] = "key_frame"


class PickEvent(Node):
    """What does a place of the picture show? Answered by a PickedMessage or an ErrorMessage with the same `seq`.

    `x`, `y` are fractions of the picture from its top left corner; `sequence`, `camera_seq`, `width` and `height` are
    those of the frame that was clicked, which the answer is true of, whatever changed since. `exact`: also ask the
    files for the finest voxels, which may take a moment; a pointer that hovers need not.
    """

    type: Literal["pick"] = "pick"
    seq: Seq
    x: Unit
    y: Unit
    sequence: Seq
    camera_seq: Seq = 0
    width: Annotated[int, Field(ge=1, le=65_535)]
    height: Annotated[int, Field(ge=1, le=65_535)]
    exact: bool = True


class AnnotateEvent(Node):
    """Put a point into the scene; answered by an AnnotatedMessage, once it is on the disk, or an ErrorMessage with the
    same `seq`. Said again with the same id, it is the same point.
    """

    type: Literal["annotate"] = "annotate"
    seq: Seq
    point: NewPoint


class RenameAnnotationEvent(Node):
    """Give an annotation another label; answered likewise."""

    type: Literal["annotation_rename"] = "annotation_rename"
    seq: Seq
    id: AnnotationId
    label: LabelText


class DeleteAnnotationEvent(Node):
    """Take an annotation away; answered likewise."""

    type: Literal["annotation_delete"] = "annotation_delete"
    seq: Seq
    id: AnnotationId


class SegmentsSearchEvent(Node):
    """Which segments of a segmentation fit; answered by a SegmentsFoundMessage or an ErrorMessage of the same `seq`.

    A segment fits when its name contains `text`, in any case, or its id begins with these digits. With `ids` these
    are described instead, in this order. `colors` as the layer has it. A page begins at `first` and has at most
    `count` segments.
    """

    type: Literal["segments_search"] = "segments_search"
    seq: Seq
    layer: Annotated[str, Field(max_length=4096)]
    text: Annotated[str, Field(max_length=200)] = ""
    ids: Annotated[tuple[SegmentId, ...], Field(max_length=DEFAULT_LIMITS.segments_page_max)] = ()
    colors: Literal["file", "hash", "glasbey"] = "file"
    first: Annotated[int, Field(ge=0, le=2**32)] = 0
    count: Annotated[int, Field(ge=1, le=DEFAULT_LIMITS.segments_page_max)] = 50


class AckEvent(Node):
    """The frame of this `pts`, and all before it, were shown or dropped: the client can take further ones.

    Answers each frame that came over a WebSocket.
    """

    type: Literal["ack"] = "ack"
    pts: Seq


class EncodingEvent(Node):
    """Send the picture in this encoding from now on; what the way to the client cannot carry is refused."""

    type: Literal["encoding"] = "encoding"
    encoding: Encoding


class ReportEvent(Node):
    """How the pictures came since the client's last report, about every half second while there are any.

    What the client cannot know is None. `frames_dropped` came and were not shown; `queue` frames wait to be decoded;
    `lost` is a share of the packets. `decode_ms` is a median, `freeze_ms` how long the picture stood still in all
    though there was a newer one. See docs/adaptation.md for what the server makes of it.
    """

    type: Literal["report"] = "report"
    transport: Literal["webrtc", "websocket"]
    frames_received: Count | None = None
    frames_shown: Count | None = None
    frames_dropped: Count | None = None
    bytes_received: Count | None = None
    lost: Unit | None = None
    jitter_ms: Milliseconds | None = None
    round_trip_ms: Milliseconds | None = None
    decode_ms: Milliseconds | None = None
    queue: Count | None = None
    freeze_ms: Milliseconds | None = None


class PingEvent(Node):
    type: Literal["ping"] = "ping"
    client_ms: float


ClientEvent = Annotated[
    CameraEvent
    | PatchEvent
    | ResetEvent
    | ViewportEvent
    | KeyFrameEvent
    | PickEvent
    | AnnotateEvent
    | RenameAnnotationEvent
    | DeleteAnnotationEvent
    | SegmentsSearchEvent
    | ReportEvent
    | AckEvent
    | EncodingEvent
    | PingEvent,
    Field(discriminator="type"),
]
CLIENT_EVENT: TypeAdapter[ClientEvent] = TypeAdapter(ClientEvent)

# ---- server to client ----


class HelloMessage(Node):
    """First on `events`, and again after the worker came back: what is shown, and by what."""

    type: Literal["hello"] = "hello"
    server: str
    view: str
    device: DeviceInfo
    scene: SceneSummary
    state: ViewState
    default_state: ViewState
    sequence: Seq


class StateMessage(Node):
    """The state after a change. `seq` is the client's event that made it, None when somebody else did."""

    type: Literal["state"] = "state"
    seq: Seq | None
    sequence: Seq
    state: ViewState


class PatchedMessage(Node):
    """What changed, in place of the state after it where that is large. `seq` as in StateMessage.

    Messages of this kind also follow a HelloMessage or StateMessage of a large state, whose lists and tables of
    segments are empty: each brings a piece of them. They have the same `sequence`.
    """

    type: Literal["patched"] = "patched"
    seq: Seq | None
    sequence: Seq
    patch: Patch


class FrameMessage(Node):
    """Goes out with each frame. Over WebRTC `rtp_timestamp` is what the browser's video frame metadata says of it;
    over a WebSocket, where the frame follows in the same message, it is the frame's `pts` modulo 2^32.
    """

    type: Literal["frame"] = "frame"
    encoding: Encoding = "h264"
    rtp_timestamp: Annotated[int, Field(ge=0, le=2**32 - 1)]
    frame: FrameInfo


class StillMessage(Node):
    """The picture at rest, without loss, is there to be fetched: `path` is relative to the API's address (/api/v1/).

    It is what the frames of this `sequence` show, at this size; the first frame of another one makes it old.
    """

    type: Literal["still"] = "still"
    view: str
    sequence: Seq
    camera_seq: Seq
    width: int
    height: int
    samples: int
    path: str


class WorkerMessage(Node):
    """The rendering process went away, or is back."""

    type: Literal["worker"] = "worker"
    status: Literal["starting", "restarting", "ready", "failed"]
    message: str = ""


class ProgressMessage(Node):
    type: Literal["progress"] = "progress"
    what: str
    done: int
    total: int


class ErrorMessage(Node):
    """Something asked for was refused. `incident` finds it in the server's log."""

    type: Literal["error"] = "error"
    code: str
    message: str
    incident: str
    seq: Seq | None = None


class PickedMessage(Node):
    """The answer to a PickEvent, with its numbers: it is true of the frame that was clicked."""

    type: Literal["picked"] = "picked"
    seq: Seq
    sequence: Seq
    camera_seq: Seq
    pick: Pick


class AnnotationsMessage(Node):
    """The scene's annotations, after each hello, in parts: `first` begins the list anew, `last` completes it."""

    type: Literal["annotations"] = "annotations"
    first: bool
    last: bool
    points: tuple[PointAnnotation, ...]


class AnnotatedMessage(Node):
    """An annotation is new or other than before (`point`), or gone (`point` None). It is on the disk.

    `seq` is the client's event that did it, None when somebody else did.
    """

    type: Literal["annotated"] = "annotated"
    seq: Seq | None
    id: AnnotationId
    point: PointAnnotation | None


class SegmentsFoundMessage(Node):
    """A page of the segments that fit; `total` is how many there are on all pages."""

    type: Literal["segments_found"] = "segments_found"
    seq: Seq
    layer: str
    total: int
    first: int
    segments: tuple[SegmentSummary, ...]


class PongMessage(Node):
    type: Literal["pong"] = "pong"
    client_ms: float


ServerMessage = Annotated[
    HelloMessage
    | StateMessage
    | PatchedMessage
    | FrameMessage
    | StillMessage
    | WorkerMessage
    | ProgressMessage
    | PickedMessage
    | AnnotationsMessage
    | AnnotatedMessage
    | ErrorMessage
    | SegmentsFoundMessage
    | PongMessage,
    Field(discriminator="type"),
]
SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
