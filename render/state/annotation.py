"""Annotations: marks that people put into a scene. They belong to the scene, not to a view of it, and outlive both."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from .base import Color, Node, Vec3

LABEL_MAX = 200


def _line(text: str) -> str:
    """One line that can be printed, without blanks around it."""
    text = text.strip()
    if not text.isprintable():
        raise ValueError("a label is one line of text without control characters")
    return text


def _uuid(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is None:
        raise ValueError("an annotation's id is a UUID in lower case")
    return text


AnnotationId = Annotated[str, Field(max_length=36), AfterValidator(_uuid)]
LabelText = Annotated[str, Field(max_length=LABEL_MAX), AfterValidator(_line)]
SegmentId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
"""Decimal, for ids have 64 bits."""


class NewPoint(Node):
    """A point that a client puts into the scene.

    `id` is the client's own choice: said twice, it is one point. `position` is in the data's world, micrometres.
    """

    kind: Literal["point"] = "point"
    id: AnnotationId
    position: Vec3
    label: LabelText = ""
    color: Color = (1.0, 0.83, 0.3)
    segment: SegmentId | None = None


class PointAnnotation(NewPoint):
    """A point as the server keeps it: who put it there, and when (seconds since 1970, by the server's clock)."""

    author: Annotated[str, Field(max_length=64)]
    created_s: float
