"""What the server and a worker say to each other: one JSON header and one binary payload a message.

Frame on the socket: uint32 LE header length, uint32 LE payload length, header (UTF-8 JSON of one model below), payload.
No pickle: the worker decodes untrusted files, so nothing that it sends may run code in the server.
"""

from __future__ import annotations

import struct
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ..state.annotation import PointAnnotation
from ..state.camera import Camera
from ..state.view import ViewState
from ..summary import DeviceInfo, Encoding, FrameInfo, Pick, SceneSummary, SegmentSummary

HEADER = struct.Struct("<II")
MAX_HEADER_BYTES = 4 << 20
MAX_PAYLOAD_BYTES = 256 << 20

FRAMES_IN_FLIGHT = 3
"""So many frames may be under way to a client that acknowledges them: one is decoded, one is on the wire, one is made.
"""


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# ---- server to worker ----


class OpenScene(Message):
    """Open data; the worker answers with Progress and then SceneReady or Failed."""

    type: Literal["open"] = "open"
    scene: str
    paths: tuple[str, ...]
    labels: tuple[str, ...] = ()
    spacing: str | None = None
    environments: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


class OpenView(Message):
    """Start to render a view of a scene; `state` None means the scene's default (the answer says which)."""

    type: Literal["open_view"] = "open_view"
    view: str
    scene: str
    width: int
    height: int
    state: ViewState | None = None
    sequence: int = 0


class CloseView(Message):
    type: Literal["close_view"] = "close_view"
    view: str


class SetState(Message):
    """Show this state. `sequence` is echoed by every frame that shows it."""

    type: Literal["state"] = "state"
    view: str
    state: ViewState
    sequence: int
    camera_seq: int


class SetCamera(Message):
    """Show the state that was asked for last, seen from here: what a hand in motion says thirty times a second."""

    type: Literal["camera"] = "camera"
    view: str
    camera: Camera
    sequence: int
    camera_seq: int


class SetViewport(Message):
    type: Literal["viewport"] = "viewport"
    view: str
    width: int
    height: int


class FrameCredit(Message):
    """At most `frames` frames with a later `pts` than `after_pts`; those that are under way already count."""

    after_pts: int
    frames: int


class StreamControl(Message):
    """Whether anyone watches, in which encodings, and how much of them they can take.

    `credit`: of these encodings so many frames may be sent; the others have no such limit. `key_frames`: encodings of
    which somebody needs one with a later `pts` than this; it may be on its way already. `bitrate_bps` is each
    encoding's.
    """

    type: Literal["stream"] = "stream"
    view: str
    active: bool = True
    encodings: tuple[Encoding, ...] = ("h264",)
    credit: dict[Encoding, FrameCredit] = Field(default_factory=dict)
    key_frames: dict[Encoding, int] = Field(default_factory=dict)
    bitrate_bps: int | None = None


class AdaptView(Message):
    """How much of a view its viewers can take; None: as before.

    While things move, frames are at least `frame_interval_s` apart and at most `scale_limit` of the picture's size.
    """

    type: Literal["adapt"] = "adapt"
    view: str
    bitrate_bps: int | None = None
    frame_interval_s: Annotated[float, Field(gt=0, le=1)] | None = None
    scale_limit: Annotated[float, Field(gt=0, le=1)] | None = None


class PickAt(Message):
    """What does a place of a frame show, which had this state and size? `x`, `y` are fractions of it."""

    type: Literal["pick"] = "pick"
    request: int
    view: str
    state: ViewState
    x: float
    y: float
    width: int
    height: int
    exact: bool = True


class SetAnnotations(Message):
    """All annotations of a scene, for all its views."""

    type: Literal["annotations"] = "annotations"
    scene: str
    points: tuple[PointAnnotation, ...]


class SearchSegments(Message):
    """Which segments of a segmentation fit; answered by SegmentsFound of the same `request`.

    `text` is in names or begins ids; with `ids` these are described instead. `colors`: see LabelLayer.
    """

    type: Literal["search"] = "search"
    request: int
    scene: str
    layer: str
    text: str = ""
    ids: tuple[str, ...] = ()
    colors: Literal["file", "hash", "glasbey"] = "file"
    first: int = 0
    count: int = 50


class Heartbeat(Message):
    type: Literal["heartbeat"] = "heartbeat"
    id: int


class Shutdown(Message):
    type: Literal["shutdown"] = "shutdown"


# ---- worker to server ----


class WorkerReady(Message):
    type: Literal["ready"] = "ready"
    device: DeviceInfo
    encoder: str


class SceneReady(Message):
    type: Literal["scene"] = "scene"
    scene: str
    summary: SceneSummary
    default_state: ViewState


class Progress(Message):
    type: Literal["progress"] = "progress"
    scene: str
    what: str
    done: int
    total: int


class Packet(Message):
    """An encoded frame (payload: H.264 Annex B, a VP8 frame, or a JPEG or WebP file) and what it shows."""

    type: Literal["packet"] = "packet"
    view: str
    encoding: Encoding = "h264"
    frame: FrameInfo


class Still(Message):
    """What the frames with these numbers show, without loss (payload: a WebP file)."""

    type: Literal["still"] = "still"
    view: str
    sequence: int
    camera_seq: int
    width: int
    height: int
    samples: int


class Picked(Message):
    """The answer to a PickAt; without a `pick`, `code` and `message` say why, as in Failed."""

    type: Literal["picked"] = "picked"
    request: int
    pick: Pick | None = None
    code: str = ""
    message: str = ""


class SegmentsFound(Message):
    """A page of segments; `total` is how many fit. `problem` says why there are none."""

    type: Literal["segments"] = "segments"
    request: int
    total: int
    segments: tuple[SegmentSummary, ...]
    problem: str = ""


class Failed(Message):
    """Something that was asked for could not be done; `code` is HostaError.code."""

    type: Literal["failed"] = "failed"
    scene: str | None = None
    view: str | None = None
    code: str
    message: str


class HeartbeatAck(Message):
    """A sign of life, and what the worker takes.

    `host_bytes` is what of its process is in memory (None where the system does not tell), `device_bytes` what scenes
    take on the device, `bricks` how many bricks are there, `missing` how many the newest pictures wait for.
    """

    type: Literal["heartbeat_ack"] = "heartbeat_ack"
    id: int
    host_bytes: int | None = None
    device_bytes: int | None = None
    bricks: int | None = None
    missing: int | None = None


ToWorker = Annotated[
    OpenScene
    | OpenView
    | CloseView
    | SetState
    | SetCamera
    | SetViewport
    | StreamControl
    | AdaptView
    | PickAt
    | SetAnnotations
    | SearchSegments
    | Heartbeat
    | Shutdown,
    Field(discriminator="type"),
]
FromWorker = Annotated[
    WorkerReady | SceneReady | Progress | Packet | Still | Picked | SegmentsFound | Failed | HeartbeatAck,
    Field(discriminator="type"),
]
TO_WORKER: TypeAdapter[ToWorker] = TypeAdapter(ToWorker)
FROM_WORKER: TypeAdapter[FromWorker] = TypeAdapter(FromWorker)


def pack(message: Message, payload: bytes = b"") -> bytes:
    """One message as bytes for the socket."""
    header = message.model_dump_json().encode()
    return HEADER.pack(len(header), len(payload)) + header + payload
