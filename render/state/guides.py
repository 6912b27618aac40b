"""What is drawn over the volume so that it can be read: box, ticks, axes, scale bar, time stamp, annotations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Color, Node


class Guides(Node):
    """All of it is drawn by the engine, into the moving picture, stills and movies alike.

    `box` is the scene's bounding box, hidden where matter is in front of it; `ticks` are marks and numbers along it in
    physical units; `axes` are three arrows in a corner; `scale_bar` is a round physical length at the focal point's
    depth; `time_stamp` is the time of the time point, as hours, minutes and seconds or as a number with its unit.
    `annotations` are those of the scene, which are no part of the state.
    `color` None: light or dark, whichever stands out from the background.
    """

    box: bool = False
    ticks: bool = False
    axes: bool = False
    scale_bar: bool = False
    time_stamp: bool = False
    annotations: bool = True
    time_format: Literal["clock", "unit"] = "clock"
    color: Color | None = None
    text_scale: Annotated[float, Field(ge=0.25, le=8.0)] = 1.0
