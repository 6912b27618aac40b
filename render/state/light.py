"""Lights: area lights, directional and point lights, and a sky of three colours or of an environment map."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..limits import DEFAULT_LIMITS
from .base import Color, Node, Vec3

Intensity = Annotated[float, Field(ge=0.0, le=1e6)]
Length = Annotated[float, Field(ge=0.001, le=100.0)]


class _Light(Node):
    """What all lights share.

    A light's direction from the scene's centre is `azimuth` degrees to the right and `elevation` degrees up from the
    direction towards the camera (`follow_camera`) or, when it does not follow, towards where the default camera is. It
    stands `distance` away and faces the centre. With `position` (world, micrometres) it stands there instead, whatever
    the camera does, and faces `target` (None: the scene's centre). Lengths are in units of the scene's longest side.

    `intensity` is the irradiance that it gives, unoccluded, to a surface at what it faces that faces it, divided by pi:
    a white Lambert surface there has radiance `intensity`, whatever kind of light it is.
    """

    visible: bool = True
    azimuth: Annotated[float, Field(ge=-180.0, le=180.0)] = -35.0
    elevation: Annotated[float, Field(ge=-90.0, le=90.0)] = 40.0
    distance: Annotated[float, Field(ge=0.01, le=100.0)] = 2.0
    position: Vec3 | None = None
    target: Vec3 | None = None
    color: Color = (1.0, 0.97, 0.92)
    intensity: Intensity = 1.9
    follow_camera: bool = True


class RectangleLight(_Light):
    """A one-sided rectangle. `up` (world) turns it about its axis; None: the reference camera's up."""

    kind: Literal["rectangle"] = "rectangle"
    width: Length = 0.7
    height: Length = 0.7
    up: Vec3 | None = None
    seen: bool = False


class DiscLight(_Light):
    """A one-sided disc."""

    kind: Literal["disc"] = "disc"
    radius: Length = 0.4
    seen: bool = False


class SphereLight(_Light):
    """A sphere that shines to all sides."""

    kind: Literal["sphere"] = "sphere"
    radius: Length = 0.2
    seen: bool = False


class PointLight(_Light):
    """A point that shines to all sides."""

    kind: Literal["point"] = "point"


class DirectionalLight(_Light):
    """Parallel light from infinitely far, as of the sun. Only its direction counts, not its distance."""

    kind: Literal["directional"] = "directional"


Light = Annotated[RectangleLight | DiscLight | SphereLight | PointLight | DirectionalLight, Field(discriminator="kind")]


class Sky(Node):
    """Light from everywhere: radiance goes from `bottom` over `middle` (the horizon) to `top`.

    `environment` is the name of an environment map (equirectangular, HDR) that the scene holds; it takes the place of
    the three colours. The sky's top is the reference camera's up (`follow_camera`: of the camera, else of the default
    camera), then turned by `rotation`, a quaternion (x, y, z, w) in world space. `follow_camera` False and a rotation
    that is not the identity: the axis is world z turned by it. `seen`: it is the picture's background.
    """

    visible: bool = True
    top: Color = (0.75, 0.84, 1.0)
    middle: Color = (0.6, 0.62, 0.66)
    bottom: Color = (0.36, 0.33, 0.32)
    intensity: Intensity = 0.8
    environment: str | None = Field(None, max_length=4096)
    follow_camera: bool = True
    rotation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    seen: bool = False

    @model_validator(mode="after")
    def _turns(self) -> Self:
        if sum(part * part for part in self.rotation) < 1e-12:
            raise ValueError("rotation is zero; a quaternion (x, y, z, w) needs a length, such as 0, 0, 0, 1")
        return self


class Lighting(Node):
    lights: Annotated[tuple[Light, ...], Field(max_length=DEFAULT_LIMITS.lights_max)] = (RectangleLight(),)
    sky: Sky = Sky()


def rectangle_share(a: float, b: float) -> float:
    """The form factor from a point to a parallel rectangle centred above it, of half edges a and b times its height.

    Four times the one with a corner above the point: Howell, "A Catalog of Radiation Heat Transfer Configuration
    Factors", B-3.
    """
    root_a, root_b = math.sqrt(1 + a * a), math.sqrt(1 + b * b)
    return 2 / math.pi * (a / root_a * math.atan(b / root_a) + b / root_b * math.atan(a / root_b))
