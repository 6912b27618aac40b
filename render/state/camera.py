"""The camera: where it is, what it looks at, which way is up, how wide it sees."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Node, Positive, Vec3


def _cross(a: Vec3, b: Vec3) -> Vec3:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


class Camera(Node):
    """A thin-lens or orthographic camera in world space (micrometres), in VTK's terms.

    `view_angle` is the full vertical angle in degrees; `parallel_scale` is half the height of the orthographic view.
    `aperture` is the radius of the lens in micrometres (0: a pinhole, everything is sharp); sharp is what lies
    `focus_distance` in front of the eye, measured along the view (None: the focal point). With `stereo` the picture's
    left half is for the left eye and its right half for the right eye, `eye_separation` times the distance to the
    focal point apart; both look at the focal point's plane (off-axis frusta).
    """

    position: Vec3 = (0.0, 0.0, -1.0)
    focal_point: Vec3 = (0.0, 0.0, 0.0)
    view_up: Vec3 = (0.0, -1.0, 0.0)
    view_angle: Annotated[float, Field(ge=1.0, le=150.0)] = 30.0
    projection: Literal["perspective", "orthographic"] = "perspective"
    parallel_scale: Positive = 1.0
    aperture: Annotated[float, Field(ge=0.0, le=1e15)] = 0.0
    focus_distance: Positive | None = None
    stereo: Literal["off", "side_by_side"] = "off"
    eye_separation: Annotated[float, Field(gt=0.0, le=1.0)] = 1 / 30

    @model_validator(mode="after")
    def _has_a_frame(self) -> Self:
        view = tuple(f - p for f, p in zip(self.focal_point, self.position, strict=True))
        distance = math.hypot(*view)
        if distance < 1e-12:
            raise ValueError("position and focal_point are the same point; the camera needs a direction")
        up = math.hypot(*self.view_up)
        if up < 1e-12 or math.hypot(*_cross((view[0], view[1], view[2]), self.view_up)) < 1e-6 * distance * up:
            raise ValueError("view_up is zero or parallel to the view direction; it must point across it")
        return self

    @property
    def distance(self) -> float:
        """From the eye to the focal point, micrometres."""
        return math.dist(self.position, self.focal_point)
