"""What is cut away, mirrored, or shown as a slice."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from ..limits import DEFAULT_LIMITS
from .base import Node, Unit, Vec3


class CropBox(Node):
    """The part of the scene that is drawn, as fractions of its world box along x, y, z."""

    lo: tuple[Unit, Unit, Unit] = (0.0, 0.0, 0.0)
    hi: tuple[Unit, Unit, Unit] = (1.0, 1.0, 1.0)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if any(lo > hi for lo, hi in zip(self.lo, self.hi, strict=True)):
            raise ValueError(f"crop box {self.lo}..{self.hi} is inside out; each lo must be at most its hi")
        return self


class Plane(Node):
    """An oblique plane: through `point` (world), across `normal` (world, of any length but 0)."""

    visible: bool = True
    point: Vec3 = (0.0, 0.0, 0.0)
    normal: Vec3 = (0.0, 0.0, 1.0)

    @model_validator(mode="after")
    def _has_a_side(self) -> Self:
        if max(abs(part) for part in self.normal) < 1e-12:
            raise ValueError("normal is zero; a plane needs a direction across it")
        return self


class ClipPlane(Plane):
    """Cuts away the side that `normal` points to. Not `visible`: cuts nothing."""


class SlicePlane(Plane):
    """Shows the data on the plane, by window and colours, without light."""


class Slices(Node):
    """Slices through the volume. `x`, `y`, `z`: where those across the axes lie, as fractions of the world box.

    `opacity_by_curve`: what a channel's curve leaves clear is clear in the slice too.
    """

    x: Unit | None = None
    y: Unit | None = None
    z: Unit | None = None
    planes: Annotated[tuple[SlicePlane, ...], Field(max_length=DEFAULT_LIMITS.slices_max)] = ()
    opacity_by_curve: bool = False
