"""What is told about devices, scenes and frames: plain facts that cross process boundaries and reach clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Encoding = Literal["h264", "h264_444", "vp8", "jpeg", "webp"]
"""How a picture goes to a client. `h264_444` keeps full chroma; `jpeg` and `webp` are single pictures."""


class Summary(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DeviceInfo(Summary):
    """The device that renders; `software` is True when it is a CPU."""

    name: str
    vendor: str
    version: str
    software: bool


class ChannelSummary(Summary):
    """What a client needs to draw a channel's controls. Ranges are physical values; histogram: counts over `range`.

    `percentiles` are (percent, value), ascending. `auto_windows`: the window of each method of an automatic rule.
    `whole`: all voxels were counted, otherwise a sample of them.
    """

    name: str
    range: tuple[float, float]
    histogram: tuple[int, ...]
    percentiles: tuple[tuple[float, float], ...] = ()
    auto_windows: dict[str, tuple[float, float]] = Field(default_factory=dict)
    whole: bool = True


class SegmentSummary(Summary):
    """A segment in a list. Ids are decimal strings; `color` is #rrggbb, without what the state changes; `parent` is its
    place in a hierarchy, None where there is none.
    """

    id: str
    name: str
    color: str
    parent: str | None = None


class LayerSummary(Summary):
    name: str
    kind: Literal["image", "labels"]
    shape: tuple[int, int, int]
    spacing_um: tuple[float, float, float]
    dtype: str
    level: int
    n_levels: int
    channels: tuple[ChannelSummary, ...] = ()


class SceneSummary(Summary):
    """What a client needs to know of a scene; `box_lo`, `box_hi` in micrometres (x, y, z).

    `orientation` is "anatomical" when the world is LPS (x to the patient's left, y to the back, z to the head), else
    "image": x to the right, y down, z away from the eye. `environments` are the names of its environment maps.
    """

    name: str
    box_lo: tuple[float, float, float]
    box_hi: tuple[float, float, float]
    orientation: Literal["image", "anatomical"] = "image"
    layers: tuple[LayerSummary, ...]
    n_times: int
    environments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class FrameInfo(Summary):
    """What a video frame shows and what it cost.

    `pts` counts 1/90000 s; it is the RTP time before RTP's random offset. `active_share` is the part of the picture
    that is still sampled (adaptive sampling); `missing` counts the bricks that are still to be loaded for it and stand
    coarser meanwhile. `event_ms` is from when the server got the client's camera event to when it handed this frame,
    the first that shows it, to the client's transport; None of frames that show no new event of that client.
    """

    sequence: int
    camera_seq: int
    pts: int
    width: int
    height: int
    scale: Annotated[float, Field(gt=0, le=1)]
    samples: int
    target_samples: int
    active_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    missing: Annotated[int, Field(ge=0)] = 0
    render_ms: float
    readback_ms: float
    encode_ms: float
    bytes: int
    key_frame: bool
    event_ms: float | None = None


class PickedChannel(Summary):
    """An image's channel at a picked point, in the data's unit.

    `value` is what the picture is made from: interpolated, at the level that is shown, and no finer than the device
    keeps it. `exact` is the finest voxel's value as the file has it, in decimal; None where it was not read.
    """

    name: str
    value: float
    exact: str | None = None


class PickedSegment(Summary):
    """A label. `id` is decimal: ids have 64 bits, which numbers in JSON do not. `color` is sRGB."""

    id: str
    name: str = ""
    color: tuple[float, float, float] = (1.0, 1.0, 1.0)


class PickedLayer(Summary):
    """A layer at a picked point; `source` is how the state names it.

    `voxel_zyx` is the voxel of `level` (the one that is shown), `finest_zyx` that of level 0. `segment` is None in the
    background and in images; `exact_segment` is the finest voxel's, whatever the smoothing of labels makes of it.
    """

    source: str
    name: str
    kind: Literal["image", "labels"]
    visible: bool
    level: int
    voxel_zyx: tuple[int, int, int]
    finest_zyx: tuple[int, int, int]
    channels: tuple[PickedChannel, ...] = ()
    segment: PickedSegment | None = None
    exact_segment: PickedSegment | None = None


class Pick(Summary):
    """What the middle of a pixel shows (docs/picking.md says which point of its ray that is).

    `kind`: "nothing", a "medium", the "surface" of an isovalue, a "label", a "slice", a "projection". `position_um` is
    where it is in the data's world, `seen_um` in the picture's (they differ where the state mirrors the data).
    `depth_um` is its distance from the eye along the ray, `focus_um` along the view, as a camera's focus_distance.
    `opacity` is how much of the ray is stopped in all. `layer` and `channel` are what was met, where that is one of
    them. `layers` are those whose volume holds the point. `trouble` says why exact values are missing.
    """

    kind: Literal["nothing", "medium", "surface", "label", "slice", "projection"]
    pixel: tuple[int, int]
    size: tuple[int, int]
    opacity: float = 0.0
    position_um: tuple[float, float, float] | None = None
    seen_um: tuple[float, float, float] | None = None
    depth_um: float | None = None
    focus_um: float | None = None
    layer: str | None = None
    channel: int | None = None
    layers: tuple[PickedLayer, ...] = ()
    trouble: str = ""
