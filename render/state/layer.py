"""Layers: an image with its channels, or a segmentation, each from one source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..limits import DEFAULT_LIMITS
from .base import Color, Node, Unit, Value

CurveNode = tuple[Unit, Unit]
"""(position inside the window 0..1, opacity 0..1)"""


class Channel(Node):
    """One channel of an image: its window, its transfer function and its colour.

    A value v becomes x = (v - window[0]) / (window[1] - window[0]), clamped to 0..1; `curve` maps x to opacity by
    straight lines; the extinction is opacity * `opacity` * the scene's density. An empty curve is the ramp (0,0) (1,1).
    With `color_map` (a name of the `cmap` package) the albedo is the map's colour at x, else it is `color`.
    """

    name: str = Field("", max_length=200)
    visible: bool = True
    color: Color = (1.0, 1.0, 1.0)
    color_map: str | None = Field(None, max_length=100)
    window: tuple[Value, Value] = (0.0, 1.0)
    opacity: Unit = 1.0
    curve: tuple[CurveNode, ...] = Field((), max_length=DEFAULT_LIMITS.transfer_nodes_max)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.window[0] >= self.window[1]:
            raise ValueError(f"window {self.window} is empty; its first value must be below its second")
        if any(a[0] > b[0] for a, b in zip(self.curve, self.curve[1:], strict=False)):
            raise ValueError("the nodes of a curve must be in the order of their positions")
        return self


class ImageLayer(Node):
    """Intensities: `source` is the name under which the scene holds the data."""

    kind: Literal["image"] = "image"
    source: str = Field(max_length=4096)
    name: str = Field("", max_length=4096)
    visible: bool = True
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=DEFAULT_LIMITS.channels_max)]


class LabelLayer(Node):
    """A segmentation: every id other than 0 has a colour of its own."""

    kind: Literal["labels"] = "labels"
    source: str = Field(max_length=4096)
    name: str = Field("", max_length=4096)
    visible: bool = True
    opacity: Unit = 1.0


Layer = Annotated[ImageLayer | LabelLayer, Field(discriminator="kind")]
