"""A photographer's studio as an environment map, made from formulas: softboxes in a grey room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEIGHT = 256


@dataclass(frozen=True)
class _Softbox:
    """A rounded rectangle, seen from the centre: degrees to the right and up, and half sizes in degrees."""

    azimuth: float
    elevation: float
    half_width: float
    half_height: float
    radiance: tuple[float, float, float]


# A warm key light to the left and above, a large cool fill to the right, two strips behind for rims, a panel overhead.
# Straight ahead (azimuth 0) is what the camera sees behind the scene; the light that shapes it comes from 180.
_BOXES = (
    _Softbox(-140.0, 42.0, 24.0, 20.0, (11.0, 10.3, 9.3)),
    _Softbox(118.0, 14.0, 20.0, 34.0, (2.1, 2.3, 2.6)),
    _Softbox(-42.0, 12.0, 6.0, 36.0, (6.5, 6.8, 7.4)),
    _Softbox(48.0, 30.0, 7.0, 28.0, (5.6, 5.6, 5.8)),
    _Softbox(180.0, 84.0, 24.0, 16.0, (3.0, 3.0, 3.0)),
)
_SOFT_EDGE_DEG = 3.0
# A white Lambert ball is then about 0.9 where the key light falls on it, and the mean over the sphere is 1/2.
_LEVEL = 0.5


def studio_radiance(height: int = HEIGHT) -> NDArray[np.float32]:
    """(height, 2 height, 3) float32, linear Rec. 709: directions as in scene/environment.py."""
    v = (np.arange(height) + 0.5) / height
    u = (np.arange(2 * height) + 0.5) / (2 * height)
    azimuth, elevation = np.meshgrid(2 * np.pi * (u - 0.5), np.pi * (0.5 - v))
    direction = np.stack(
        [np.cos(elevation) * np.cos(azimuth), -np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], axis=-1
    )
    # The room: a grey floor that takes the light of what stands above it, walls, a lighter ceiling.
    height_share = 0.5 + 0.5 * np.sin(elevation)
    radiance = (0.10 + 0.22 * height_share**1.5)[..., None] * np.array([0.98, 1.0, 1.04])
    for box in _BOXES:
        radiance = radiance + _shine(direction, box)[..., None] * np.asarray(box.radiance)
    return np.asarray(_LEVEL * radiance, np.float32)


def _shine(direction: NDArray[np.float64], box: _Softbox) -> NDArray[np.float64]:
    """0..1: how far a direction lies inside a box, with soft edges and a fall-off of a fifth towards its rim."""
    a, e = np.radians(box.azimuth), np.radians(box.elevation)
    middle = np.array([np.cos(e) * np.cos(a), -np.cos(e) * np.sin(a), np.sin(e)])
    right = np.array([-np.sin(a), -np.cos(a), 0.0])
    up = np.cross(right, middle)
    ahead = direction @ middle
    # Gnomonic: straight edges stay straight, as those of a real box do.
    safe = np.where(ahead > 1e-3, ahead, 1.0)
    x = np.degrees(np.arctan(direction @ right / safe)) / box.half_width
    y = np.degrees(np.arctan(direction @ up / safe)) / box.half_height
    softness = _SOFT_EDGE_DEG / min(box.half_width, box.half_height)
    rim = (np.abs(x) ** 8 + np.abs(y) ** 8) ** (1 / 8)
    inside = np.clip((1.0 - rim) / softness + 0.5, 0.0, 1.0)
    edge = inside * inside * (3 - 2 * inside)
    shine: NDArray[np.float64] = np.where(ahead > 1e-3, edge * (1 - 0.2 * np.clip(x * x + y * y, 0, 1)), 0.0)
    return shine
