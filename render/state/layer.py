"""Layers: an image with its channels, or a segmentation, each from one source."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..limits import DEFAULT_LIMITS
from .base import Color, Node, Unit, Value
from .material import Material
from .segment import ById, Highlight, Merged, SegmentColors, SegmentIds, SegmentOpacities, SegmentStyle
from .transfer import ColorNode, CurveNode, TransferRule


class Channel(Node):
    """One channel of an image: its window, its transfer function, its colour and its material.

    A value v becomes x = (v - window[0]) / (window[1] - window[0]), clamped to 0..1; `curve` maps x to opacity by
    straight lines; the extinction is opacity * `opacity` * the scene's density. An empty curve is the ramp (0,0) (1,1).
    The albedo at x is that of `color_map` (a name of the `cmap` package) or of `colors` (nodes with straight lines in
    between), each times `color`; without both it is `color`.

    With a `rule` the window (for an isovalue also the curve) follows from the data's statistics instead; `window` then
    only says what to go back to. `gradient_curve`, when it is not empty, multiplies the opacity by a factor of how much
    x changes over one voxel. `isovalue` is where the mode "isosurface" draws, in the data's values; None is the middle
    of the window. `clipped` says whether crop box and clip planes cut the channel.
    """

    name: str = Field("", max_length=200)
    visible: bool = True
    color: Color = (1.0, 1.0, 1.0)
    color_map: str | None = Field(None, max_length=100)
    colors: tuple[ColorNode, ...] = Field((), max_length=DEFAULT_LIMITS.transfer_nodes_max)
    window: tuple[Value, Value] = (0.0, 1.0)
    rule: TransferRule | None = None
    opacity: Unit = 1.0
    curve: tuple[CurveNode, ...] = Field((), max_length=DEFAULT_LIMITS.transfer_nodes_max)
    gradient_curve: tuple[CurveNode, ...] = Field((), max_length=DEFAULT_LIMITS.transfer_nodes_max)
    isovalue: Value | None = None
    material: Material = Material()
    clipped: bool = True

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.window[0] >= self.window[1]:
            raise ValueError(f"window {self.window} is empty; its first value must be below its second")
        for name, nodes in (("curve", self.curve), ("gradient_curve", self.gradient_curve), ("colors", self.colors)):
            if any(a[0] > b[0] for a, b in itertools.pairwise(nodes)):
                raise ValueError(f"the nodes of a {name} must be in the order of their positions")
        return self


class ImageLayer(Node):
    """Intensities: `source` is the name under which the scene holds the data."""

    kind: Literal["image"] = "image"
    source: str = Field(max_length=4096)
    name: str = Field("", max_length=4096)
    visible: bool = True
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=DEFAULT_LIMITS.channels_max)]


class LabelLayer(Node):
    """A segmentation: every id other than 0 has a colour of its own.

    `colors` "hash" are neuroglancer's; "glasbey" are the 256 most distinct ones, by id modulo 256. "file" takes what
    the data or a table says and the hash elsewhere.

    `shown`: all segments, only the `listed` ones, or all "except" those. What is shown has the opacity `opacity`, what
    is not `rest_opacity`, 0 for not at all. `segment_colors` and `segment_opacities` (a factor) are for single ids.
    `merged` says of ids which other one they are part of: colour, name and visibility are those of that one, and an id
    may be merged into one that is itself merged. Ids are decimal strings; see segment.py. `style`: see SegmentStyle.
    """

    kind: Literal["labels"] = "labels"
    source: str = Field(max_length=4096)
    name: str = Field("", max_length=4096)
    visible: bool = True
    opacity: Unit = 1.0
    colors: Literal["file", "hash", "glasbey"] = "file"
    shown: Literal["all", "listed", "except"] = "all"
    listed: SegmentIds = ()
    rest_opacity: Unit = 0.0
    segment_colors: SegmentColors = Field(default_factory=ById)
    segment_opacities: SegmentOpacities = Field(default_factory=ById)
    highlight: Highlight = Highlight()
    merged: Merged = Field(default_factory=ById)
    style: SegmentStyle = "solid"
    material: Material = Material()
    clipped: bool = True

    @property
    def entries(self) -> int:
        """How much it says of single segments, in ids: what bounds the size of a state."""
        tables = 4 * len(self.segment_colors) + 2 * len(self.segment_opacities) + 2 * len(self.merged)
        return len(self.listed) + len(self.highlight.ids) + tables

    @model_validator(mode="after")
    def _merges_into_something(self) -> Self:
        ended: set[str] = set()
        for start in self.merged:
            path: set[str] = set()
            at = start
            while at in self.merged and at not in ended:
                if at in path:
                    raise ValueError(f"segment {at} is merged into itself; a merge ends at an id that is not merged")
                path.add(at)
                at = self.merged[at]
            ended |= path
        return self


Layer = Annotated[ImageLayer | LabelLayer, Field(discriminator="kind")]
