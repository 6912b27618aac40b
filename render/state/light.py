"""Lights: one rectangular area light and a sky of three colours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Color, Node

Intensity = Annotated[float, Field(ge=0.0, le=10_000.0)]


class AreaLight(Node):
    """A one-sided square light that faces the centre of the scene.

    Its direction from the centre is `azimuth` degrees to the right and `elevation` degrees up from the direction
    towards the camera (`follow_camera`) or, when it does not follow, towards where the default camera is. `distance`
    and `size` are in units of the scene's longest side. `intensity` is the irradiance that it gives, unoccluded, to a
    surface at the scene's centre that faces it, divided by pi: a white Lambert surface there has radiance `intensity`.
    """

    visible: bool = True
    azimuth: Annotated[float, Field(ge=-180.0, le=180.0)] = -35.0
    elevation: Annotated[float, Field(ge=-90.0, le=90.0)] = 40.0
    distance: Annotated[float, Field(ge=0.1, le=100.0)] = 2.0
    size: Annotated[float, Field(ge=0.001, le=100.0)] = 0.7
    color: Color = (1.0, 0.97, 0.92)
    intensity: Intensity = 1.9
    follow_camera: bool = True


class Sky(Node):
    """Light from everywhere: radiance goes from `bottom` over `middle` (the horizon) to `top`, along the view's up."""

    visible: bool = True
    top: Color = (0.75, 0.84, 1.0)
    middle: Color = (0.6, 0.62, 0.66)
    bottom: Color = (0.36, 0.33, 0.32)
    intensity: Intensity = 0.8


class Lighting(Node):
    area: AreaLight = AreaLight()
    sky: Sky = Sky()
