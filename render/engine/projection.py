"""Where a point of the world is in the picture: the camera of shaders/lib/camera.glsl the other way round."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..scene.framing import axes
from ..space import Vector
from ..state.camera import Camera

Points = NDArray[np.float64]
Viewport = tuple[float, float, float, float]
"""(x, y, width, height) in pixels of the whole picture, y down from its top edge."""

# Nothing nearer to the eye than this part of the distance to the focal point is projected.
NEAR = 1e-3


@dataclass(frozen=True)
class Projection:
    """One camera in one rectangle of the picture.

    `eye` is `offset_um` to the right of the camera's position: of a stereo pair, whose frusta are sheared so that both
    see the same of the focal point's plane. `half_height` of the view is at distance 1 in perspective, in micrometres
    in an orthographic view.
    """

    viewport: Viewport
    perspective: bool
    eye: Vector
    forward: Vector
    right: Vector
    up: Vector
    half_height: float
    distance_um: float
    offset_um: float = 0.0

    @classmethod
    def of(cls, camera: Camera, viewport: Viewport, offset_um: float = 0.0) -> Projection:
        """The camera of the state in `viewport`, moved `offset_um` to its right."""
        forward, right, up = axes(camera)
        perspective = camera.projection == "perspective"
        half = math.tan(math.radians(camera.view_angle) / 2) if perspective else camera.parallel_scale
        eye = np.asarray(camera.position, np.float64) + right * offset_um
        return cls(viewport, perspective, eye, forward, right, up, half, camera.distance, offset_um)

    @property
    def px_per_um(self) -> float:
        """Pixels a micrometre across the view, in the focal point's plane."""
        depth = self.distance_um if self.perspective else 1.0
        return self.viewport[3] / (2.0 * self.half_height * depth)

    def depth(self, points: Points) -> Points:
        """Distances (n,) of points (n, 3) along the view from the eye's plane, micrometres."""
        return (points - self.eye) @ self.forward

    def in_front(self, points: Points) -> bool:
        """Whether all points can be projected."""
        return not self.perspective or bool(self.depth(points).min() > self.distance_um * NEAR)

    def pixels(self, points: Points) -> Points:
        """Positions (n, 2), x to the right and y down, of points (n, 3) that lie in front of the eye."""
        seen = (points - self.eye) @ np.stack([self.right, self.up, self.forward], axis=1)
        across, depth = seen[:, :2].copy(), seen[:, 2:]
        if self.perspective:
            across /= depth
            across[:, 0] += self.offset_um / self.distance_um
        else:
            across[:, 0] += self.offset_um * seen[:, 2] / self.distance_um
        x, y, width, height = self.viewport
        px = across * (height / (2.0 * self.half_height))
        return np.stack([x + width / 2 + px[:, 0], y + height / 2 - px[:, 1]], axis=1)

    def clipped(self, a: Points, b: Points) -> tuple[Points, Points, NDArray[np.bool_]]:
        """Segments from a to b (each (n, 3)) cut off at the near plane, and which of them are in front of it at all."""
        if not self.perspective:
            return a, b, np.ones(len(a), bool)
        near = self.distance_um * NEAR
        da, db = self.depth(a), self.depth(b)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.clip((near - da) / (db - da), 0.0, 1.0)[:, None]
        cut = a + (b - a) * t
        return (
            np.where((da < near)[:, None], cut, a),
            np.where((db < near)[:, None], cut, b),
            (da >= near) | (db >= near),
        )

    def sees_face(self, normal: Vector, point: Vector) -> bool:
        """Whether a face with this outward normal through `point` is turned towards the eye."""
        towards = self.eye - point if self.perspective else -self._ray
        return float(towards @ normal) > 0.0

    @property
    def _ray(self) -> Vector:
        """The direction of an orthographic view's rays; sheared for an eye of a stereo pair."""
        direction: Vector = self.forward - self.right * (self.offset_um / self.distance_um)
        return direction


def projections(camera: Camera, picture: tuple[int, int]) -> tuple[Projection, ...]:
    """The camera in a picture of (width, height): one, or the left and the right eye's of a stereo pair."""
    width, height = picture
    if camera.stereo == "off":
        return (Projection.of(camera, (0.0, 0.0, width, height)),)
    offset = camera.eye_separation * camera.distance / 2
    left = width // 2
    return (
        Projection.of(camera, (0.0, 0.0, left, height), -offset),
        Projection.of(camera, (left, 0.0, width - left, height), offset),
    )
