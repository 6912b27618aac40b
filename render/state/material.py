"""How the matter of a channel or a segmentation looks, besides its diffuse colour."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Color, Node, Unit

Strength = Annotated[float, Field(ge=0.0, le=10_000.0)]


class Material(Node):
    """A surface reflects the share `specular` from its microfacets, in `specular_color`, and the rest diffusely.

    `roughness` is that of the microfacets (GGX, alpha = roughness^2). Each collision also gives the radiance
    `emission` times `emission_strength`: a medium of extinction sigma_t emits sigma_t times that per unit length.
    """

    specular: Unit = 0.15
    specular_color: Color = (1.0, 1.0, 1.0)
    roughness: Annotated[float, Field(ge=0.05, le=1.0)] = 0.45
    emission: Color = (0.0, 0.0, 0.0)
    emission_strength: Strength = 1.0
