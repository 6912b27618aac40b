"""What every node of the state tree shares: frozen, strict, finite, nothing unknown."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Node(BaseModel):
    """A node of the state tree: immutable; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


Finite = Annotated[float, Field(ge=-1e15, le=1e15)]
Value = Annotated[float, Field(ge=-3.5e38, le=3.5e38)]
"""A voxel value: anything that a 32-bit float can hold, which takes in all 64-bit integers."""
Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, le=1e15)]
Vec3 = tuple[Finite, Finite, Finite]
Color = tuple[Unit, Unit, Unit]  # linear weights are made from these sRGB values when they reach the GPU
