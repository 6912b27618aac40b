"""Where the camera stands at first, how it turns, and the views that have names, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..space import Box, Vector
from ..state.camera import Camera

# From where each kind of data is seen. "image": as in a slice viewer, x to the right, y down, z away from the eye.
# "anatomical" (LPS): from the front, the patient's left on the right, the head up.
_VIEWS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "image": ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
    "anatomical": ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
# From there, what each named view looks along and what is up in it. Seen from above or below, the front of a patient
# is up: from below that is how radiologists show axial slices, with the patient's left on the right. Of images, the
# side that faces the eye in the front view is down from above and up from below, as if the block were rolled.
ViewName = Literal["front", "back", "left", "right", "top", "bottom"]
VIEWS: tuple[ViewName, ...] = ("front", "back", "left", "right", "top", "bottom")
_NAMED: dict[str, dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]]] = {
    "image": {
        "front": _VIEWS["image"],
        "back": ((0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
        "left": ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
        "right": ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
        "top": ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        "bottom": ((0.0, -1.0, 0.0), (0.0, 0.0, -1.0)),
    },
    "anatomical": {
        "front": _VIEWS["anatomical"],
        "back": ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
        "left": ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),  # the patient's own left, which is +x
        "right": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
        "top": ((0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
        "bottom": ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
    },
}
DEFAULT_AZIMUTH_DEG = 30.0
DEFAULT_ELEVATION_DEG = 20.0
DEFAULT_VIEW_ANGLE_DEG = 30.0
_SMALLEST_EXTENT = 1e-11
"""A cloud that is smaller, in world units, is one point to a camera, which needs a distance to have a direction."""
MARGIN = 1.12
"""By how much a picture is larger than what it shows."""
NUMBERS_MARGIN = 1.3
"""Likewise with numbers and titles around the box: on 480 lines they have 55 pixels on each side."""


def default_camera(points: NDArray[np.float64], orientation: Literal["image", "anatomical"]) -> Camera:
    """A camera that sees all `points` (n, 3; world) from a little to the right and above, filling a 4:3 picture."""
    direction, up = _VIEWS[orientation]
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    straight = Camera(
        position=_triple(centre - np.asarray(direction)),
        focal_point=_triple(centre),
        view_up=up,
        view_angle=DEFAULT_VIEW_ANGLE_DEG,
    )
    return fit(orbit(straight, DEFAULT_AZIMUTH_DEG, DEFAULT_ELEVATION_DEG), points)


def fit(camera: Camera, points: NDArray[np.float64], aspect: float = 4.0 / 3.0, margin: float = MARGIN) -> Camera:
    """The camera turned to the middle of `points` (n, 3; world) and moved so that they just fill the picture.

    A point p, seen from the middle c along the view axes (right, up, forward), needs the distance
    |up.(p-c)| / tan(fovy/2) - forward.(p-c), and likewise for the width; the largest one counts.
    """
    forward, right, up = axes(camera)
    # The middle of what is seen, not of the box: seen from here the points rarely fill their box.
    seen = points @ np.stack([right, up, forward], axis=1)
    middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
    seen = seen - middle
    needed = np.maximum(np.abs(seen[:, 1]), np.abs(seen[:, 0]) / aspect) * margin
    distance = float((needed / math.tan(math.radians(camera.view_angle) / 2) - seen[:, 2]).max())
    height = float(needed.max())
    focal_point = right * middle[0] + up * middle[1] + forward * middle[2]
    if min(distance, height) < _SMALLEST_EXTENT:
        return camera
    return camera.model_copy(
        update={
            "position": _triple(focal_point - forward * distance),
            "focal_point": _triple(focal_point),
            "parallel_scale": height,
        }
    )


def named_view(
    camera: Camera,
    points: NDArray[np.float64],
    name: ViewName,
    orientation: Literal["image", "anatomical"],
    aspect: float = 4.0 / 3.0,
) -> Camera:
    """The camera turned to the `name`d side of `points` (n, 3; world), all of them in the picture.

    "image": "front" is as in a slice viewer, x to the right and y down; "left" is from low x. "anatomical" (LPS): left
    and right are the patient's own. Lens, projection and stereo stay; what was in focus is not, the focal point is.
    Raises UsageError for a name that is not in VIEWS.
    """
    sides = _NAMED[orientation]
    if name not in sides:
        raise UsageError(f"there is no view '{name}'; the views are {', '.join(VIEWS)}")
    direction, up = sides[name]
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    back = np.asarray(direction) * max(camera.distance, 1e-6 * float(np.abs(centre).max()))
    turned = camera.model_copy(
        update={"position": _triple(centre - back), "focal_point": _triple(centre), "view_up": up}
    )  # fmt: skip
    return frame_all(turned, points, aspect)


def frame_all(camera: Camera, points: NDArray[np.float64], aspect: float = 4.0 / 3.0, margin: float = MARGIN) -> Camera:
    """The camera moved, not turned, until all `points` (n, 3; world) fill a picture of this width by height."""
    return fit(camera, points, aspect, margin).model_copy(update={"focus_distance": None})


def with_projection(camera: Camera, projection: Literal["perspective", "orthographic"]) -> Camera:
    """The camera with another projection that shows what is at the focal point in the same size.

    Half the picture's height there is distance * tan(view_angle / 2) in perspective and `parallel_scale` otherwise, so
    one way the scale follows, the other way the distance.
    """
    if camera.projection == projection:
        return camera
    slope = math.tan(math.radians(camera.view_angle) / 2)
    if projection == "orthographic":
        return camera.model_copy(update={"projection": projection, "parallel_scale": camera.distance * slope})
    factor = camera.parallel_scale / slope / camera.distance
    offset = np.subtract(camera.position, camera.focal_point) * factor
    return camera.model_copy(
        update={"projection": projection, "position": _triple(np.asarray(camera.focal_point) + offset)}
    )  # fmt: skip


@dataclass(frozen=True)
class StereoEye:
    """One eye of a pair: a camera beside the first one that looks the same way, and the shift of its frustum.

    `camera` is moved along its right by the eye's offset, position and focal point alike, so that both eyes look in
    parallel. With `shift` a ray through (x, y) of the picture, in units of the distance, goes along
    forward + (x + shift) right + y up; in an orthographic view all rays go along forward + shift right.
    """

    camera: Camera
    shift: float


def stereo_cameras(camera: Camera) -> tuple[StereoEye, StereoEye]:
    """The left and the right eye. `eye_separation` is in distances to the focal point.

    Off-axis frusta: an eye at -b/2 has to see the point at x D of the focal plane (distance D) in the same place as
    the middle one, so its rays are (x D + b/2) / D = x + b / (2 D) to the right. Nothing is out of place vertically,
    which turning the eyes inwards would make so (Bourke, "Calculating stereo pairs", 1999; Woods et al., "Image
    distortions in stereoscopic video systems", SPIE 1915, 1993).
    """
    _, right, _ = axes(camera)
    apart = camera.eye_separation * camera.distance
    eyes = []
    for side in (-1.0, 1.0):
        offset = right * (side * apart / 2)
        moved = camera.model_copy(
            update={
                "position": _triple(np.asarray(camera.position) + offset),
                "focal_point": _triple(np.asarray(camera.focal_point) + offset),
                "stereo": "off",
            }
        )
        eyes.append(StereoEye(moved, -side * camera.eye_separation / 2))
    return eyes[0], eyes[1]


def corners(box: Box) -> NDArray[np.float64]:
    """The eight corners of a box, (8, 3)."""
    sides = list(zip(box.lo, box.hi, strict=True))
    return np.array([[x, y, z] for x in sides[0] for y in sides[1] for z in sides[2]])


def axes(camera: Camera) -> tuple[Vector, Vector, Vector]:
    """The camera's unit vectors forward, right, up in world space (right-handed: right x up = -forward)."""
    forward = np.subtract(camera.focal_point, camera.position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, camera.view_up)
    right = right / np.linalg.norm(right)
    return forward, right, np.cross(right, forward)


def focus_distance(camera: Camera, point: Vector) -> float:
    """The `focus_distance` at which a point of the world is sharp: how far in front of the eye it is, along the view.

    At least a billionth of the way to the focal point: what is behind the eye cannot be in focus.
    """
    forward, _, _ = axes(camera)
    return max(float(forward @ (np.asarray(point) - camera.position)), 1e-9 * camera.distance)


def orbit(camera: Camera, azimuth_deg: float, elevation_deg: float) -> Camera:
    """The camera moved around its focal point: `azimuth_deg` to its right about view_up, then `elevation_deg` up.

    VTK's Azimuth and Elevation in one, but the camera never goes over the pole: elevation stops at 89.9 degrees
    from the plane across view_up.
    """
    up = np.asarray(camera.view_up) / np.linalg.norm(camera.view_up)
    offset = np.subtract(camera.position, camera.focal_point)
    offset = _rotated(offset, up, math.radians(azimuth_deg))
    distance = float(np.linalg.norm(offset))
    current = math.degrees(math.asin(max(-1.0, min(1.0, float(offset @ up) / distance))))
    wanted = max(-89.9, min(89.9, current + elevation_deg))
    across = np.cross(up, offset)
    across = across / np.linalg.norm(across)
    offset = _rotated(offset, across, -math.radians(wanted - current))
    return camera.model_copy(update={"position": _triple(np.asarray(camera.focal_point) + offset)})


def zoom(camera: Camera, factor: float) -> Camera:
    """The camera with the picture `factor` times as large: nearer by `factor`, or a smaller parallel_scale."""
    offset = np.subtract(camera.position, camera.focal_point) / factor
    return camera.model_copy(
        update={
            "position": _triple(np.asarray(camera.focal_point) + offset),
            "parallel_scale": camera.parallel_scale / factor,
        }
    )


def _rotated(vector: Vector, axis: Vector, angle_rad: float) -> Vector:
    """Rodrigues' rotation formula; `axis` is a unit vector."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    rotated: Vector = vector * c + np.cross(axis, vector) * s + axis * float(axis @ vector) * (1 - c)
    return rotated


def _triple(vector: Vector) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
