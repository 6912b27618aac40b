"""Transfer functions: how a window and a curve come about, by hand or by a rule over the data's statistics."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Color, Node, Unit, Value

CurveNode = tuple[Unit, Unit]
"""(position inside the window 0..1, opacity 0..1)"""
ColorNode = tuple[Unit, Color]
"""(position inside the window 0..1, sRGB colour)"""
Percent = Annotated[float, Field(ge=0.0, le=100.0)]


class LevelRule(Node):
    """A window of width `window` around `level`, in the data's values."""

    kind: Literal["level"] = "level"
    level: Value
    window: Annotated[float, Field(gt=0.0, le=3.5e38)]


class PercentileRule(Node):
    """The window goes from one percentile of the channel's voxels to another."""

    kind: Literal["percentile"] = "percentile"
    low: Percent = 50.0
    high: Percent = 98.0

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"percentiles {self.low} and {self.high} leave no window; low must be below high")
        return self


class IsovalueRule(Node):
    """Opaque where the value is within `range`/2 of `value`, clear elsewhere; takes the place of the curve too."""

    kind: Literal["isovalue"] = "isovalue"
    value: Value
    range: Annotated[float, Field(gt=0.0, le=3.5e38)]


class AutoRule(Node):
    """A window found from the histogram. `imagej` is ImageJ's auto contrast, `otsu` begins at Otsu's threshold,
    `minmax` takes the whole range, `best_fit` leaves out the lowest and highest tenth, `mode` takes the bins of more
    than a tenth of the fullest one, `hosta` is the rule of the first look.
    """

    kind: Literal["auto"] = "auto"
    method: Literal["hosta", "imagej", "otsu", "minmax", "best_fit", "mode"] = "hosta"


TransferRule = Annotated[LevelRule | PercentileRule | IsovalueRule | AutoRule, Field(discriminator="kind")]
