"""Lights of a state as records for the shaders, in unit space."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..scene.framing import axes
from ..scene.open import Scene
from ..space import Matrix, Vector, apply
from ..state.camera import Camera
from ..state.light import (
    DirectionalLight,
    DiscLight,
    Light,
    PointLight,
    RectangleLight,
    Sky,
    SphereLight,
    rectangle_share,
)
from ..state.view import ViewState
from .layout import LIGHT
from .transfer import srgb_to_linear

KINDS = {"rectangle": 0, "disc": 1, "sphere": 2, "point": 3, "directional": 4}
# No light that shines is asked more rarely than this, or what it alone lights would stay noisy.
_LEAST_CHANCE = 0.05
# In unit space. What is farther away stands here, in the same direction: nothing changes but digits: squares of
# 32-bit floats have none left out there.
_FARTHEST = 1e4


def linear(color: tuple[float, float, float]) -> Vector:
    """Linear Rec. 709 components of an sRGB colour."""
    return srgb_to_linear(np.asarray(color, np.float64))


def reference_camera(follows: bool, state: ViewState, scene: Scene) -> Camera:
    """The camera that a light's direction is relative to."""
    return state.camera if follows else scene.default_state.camera


def light_direction(light: Light, camera: Camera) -> Vector:
    """Unit vector from the scene's centre towards the light, for a light placed relative to `camera`."""
    forward, right, up = axes(camera)
    azimuth, elevation = math.radians(light.azimuth), math.radians(light.elevation)
    flat = -forward * math.cos(azimuth) + right * math.sin(azimuth)
    direction: Vector = flat * math.cos(elevation) + up * math.sin(elevation)
    return direction


def light_records(state: ViewState, scene: Scene, unit_from_world: Matrix) -> tuple[NDArray[np.void], float]:
    """One Light record for each light that shines, and the chance with which the sky is asked instead of them."""
    shining = [light for light in state.lighting.lights if light.visible and light.intensity > 0 and any(light.color)]
    records = LIGHT.array(len(shining))
    for record, light in zip(records, shining, strict=True):
        camera = reference_camera(light.follow_camera, state, scene)
        _place(record, light, camera, unit_from_world)
    sky = state.lighting.sky
    # By about what they add to a white surface.
    shares = np.array([float(linear(light.color).mean()) * light.intensity for light in shining] + [_glow(sky)])
    if shares.sum() <= 0:
        return records, 0.0
    chances = np.where(shares > 0, np.maximum(shares / shares.sum(), _LEAST_CHANCE), 0.0)
    chances /= chances.sum()
    records["chance"] = chances[:-1]
    return records, float(chances[-1])


def _glow(sky: Sky) -> float:
    if not sky.visible:
        return 0.0
    if sky.environment is not None:
        return sky.intensity
    return sky.intensity * float(np.mean([linear(sky.top), 2 * linear(sky.middle), linear(sky.bottom)])) * 0.75


def _place(record: NDArray[np.void], light: Light, camera: Camera, unit_from_world: Matrix) -> None:
    """Fill a record. Radiances follow from the irradiance pi * intensity that the light gives to what it faces."""
    direction = light_direction(light, camera)
    distance = light.distance
    target = np.zeros(3)
    if light.target is not None:
        target = _within(apply(unit_from_world, np.asarray(light.target)))
    centre = direction * distance
    if light.position is not None:
        centre = _within(apply(unit_from_world, np.asarray(light.position)))
        distance = float(np.linalg.norm(centre - target))
        direction = (centre - target) / distance if distance > 1e-9 else direction
    irradiance = linear(light.color) * light.intensity * math.pi
    record["kind"] = KINDS[light.kind]
    record["centre"][:3] = centre
    record["normal"][:3] = -direction
    square = max(distance, 1e-3) ** 2
    match light:
        case RectangleLight() | DiscLight():
            up = axes(camera)[2] if isinstance(light, DiscLight) or light.up is None else np.asarray(light.up)
            u, v = _across(direction, up, axes(camera)[1])
            if isinstance(light, RectangleLight):
                half_u, half_v, area = light.width / 2, light.height / 2, light.width * light.height
                fills = rectangle_share(half_u / math.sqrt(square), half_v / math.sqrt(square))
            else:
                half_u, half_v, area = light.radius, light.radius, math.pi * light.radius**2
                fills = light.radius**2 / (square + light.radius**2)
            record["u"][:3], record["v"][:3] = u * half_u, v * half_v
            record["centre"][3] = area
            record["radiance"][:3] = irradiance / (math.pi * fills)
            record["seen"] = int(light.seen)
        case SphereLight():
            record["u"][0] = light.radius
            # From inside it is all that a surface there sees.
            record["radiance"][:3] = irradiance / math.pi * max(square / light.radius**2, 1.0)
            record["seen"] = int(light.seen)
        case PointLight():
            record["radiance"][:3] = irradiance * square
        case DirectionalLight():
            record["normal"][:3] = direction
            record["radiance"][:3] = irradiance


def _within(point: Vector) -> Vector:
    """The point, or where its direction from the centre is _FARTHEST away."""
    return point * min(1.0, _FARTHEST / max(float(np.linalg.norm(point)), 1e-9))


def _across(direction: Vector, up: Vector, right: Vector) -> tuple[Vector, Vector]:
    """Two unit vectors across `direction`, the second as near to `up` as can be; any where `up` is along it."""
    for hint in (np.cross(up / max(float(np.linalg.norm(up)), 1e-9), direction), right, *np.eye(3)):
        u = hint - direction * float(hint @ direction)
        if np.linalg.norm(u) > 1e-6:
            break
    u = u / np.linalg.norm(u)
    return u, np.cross(direction, u)


def sky_axes(sky: Sky, camera: Camera) -> NDArray[np.float64]:
    """Rows x, y, z of the sky's frame in world space: x forward, y left, z its top."""
    if sky.follow_camera or sky.rotation == (0.0, 0.0, 0.0, 1.0):
        forward, right, up = axes(camera)
        frame = np.stack([forward, -right, up])
    else:
        frame = np.eye(3)
    return np.asarray(frame @ _rotation(sky.rotation).T)


def _rotation(quaternion: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """The matrix of a quaternion (x, y, z, w) of any length but 0."""
    scaled = np.asarray(quaternion) / max(map(abs, quaternion))  # its square is no infinity
    x, y, z, w = scaled / np.linalg.norm(scaled)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
