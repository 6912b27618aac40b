"""What is told about devices, scenes and frames: plain facts that cross process boundaries and reach clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


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
    that is still sampled (adaptive sampling).
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
    render_ms: float
    readback_ms: float
    encode_ms: float
    bytes: int
    key_frame: bool
