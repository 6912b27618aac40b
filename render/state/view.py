"""The root of the tree: everything that one picture depends on, besides the data and its size in pixels."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, model_validator

from ..errors import StateError
from ..limits import DEFAULT_LIMITS
from .base import Color, Node, Unit
from .camera import Camera
from .layer import Layer
from .light import Lighting


class CropBox(Node):
    """The part of the scene that is drawn, as fractions of its world box along x, y, z."""

    lo: tuple[Unit, Unit, Unit] = (0.0, 0.0, 0.0)
    hi: tuple[Unit, Unit, Unit] = (1.0, 1.0, 1.0)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if any(lo > hi for lo, hi in zip(self.lo, self.hi, strict=True)):
            raise ValueError(f"crop box {self.lo}..{self.hi} is inside out; each lo must be at most its hi")
        return self


class Shading(Node):
    """How matter scatters.

    `density` is the extinction at opacity 1, as optical depth across the scene's longest side. `mode` chooses a surface
    (brdf) or a phase function at a collision; `mixed` chooses the surface with probability
    1 - exp(-25 * gradient_factor * change), where change is that of the opacity over one voxel.
    """

    density: Annotated[float, Field(ge=0.0, le=1e6)] = 400.0
    mode: Literal["mixed", "brdf", "phase"] = "mixed"
    gradient_factor: Annotated[float, Field(ge=0.0, le=1000.0)] = 1.0
    anisotropy: Annotated[float, Field(ge=-0.95, le=0.95)] = 0.0
    specular: Unit = 0.15
    roughness: Annotated[float, Field(ge=0.05, le=1.0)] = 0.45


class Display(Node):
    """From radiance to pixels: `exposure` in stops, then the tone map, then sRGB."""

    exposure: Annotated[float, Field(ge=-20.0, le=20.0)] = 0.0
    tone_map: Literal["filmic", "exponential", "linear"] = "filmic"
    background: Color = (0.0, 0.0, 0.0)


class ViewState(Node):
    """All that is shown. The same ViewState, data, size and seed give the same picture."""

    version: Literal[1] = 1
    camera: Camera = Camera()
    layers: Annotated[tuple[Layer, ...], Field(max_length=DEFAULT_LIMITS.channels_max)] = ()
    time: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    crop: CropBox = CropBox()
    shading: Shading = Shading()
    lighting: Lighting = Lighting()
    display: Display = Display()
    samples: Annotated[int, Field(ge=1, le=DEFAULT_LIMITS.still_max_spp)] = 256
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    @model_validator(mode="after")
    def _names_each_source_once(self) -> Self:
        sources = [layer.source for layer in self.layers]
        for source in sources:
            if sources.count(source) > 1:
                raise ValueError(f"two layers show '{source}'; each source has one layer")
        return self


def parse_state(text: str | bytes, base: ViewState | None = None) -> ViewState:
    """Read a ViewState from JSON; what the JSON leaves out is as in `base` (lists are taken whole).

    Raises StateError that names the first thing that is wrong.
    """
    try:
        if base is None:
            return ViewState.model_validate_json(text)
        given = _JSON_OBJECT.validate_json(text)
        return ViewState.model_validate(_merged(base.model_dump(mode="json"), given))
    except ValidationError as error:
        raise StateError(f"the state is not valid: {first_problem(error)}") from None


_JSON_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def _merged(base: dict[str, Any], given: dict[str, JsonValue]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in given.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def first_problem(error: ValidationError) -> str:
    """The first problem of a validation error as `where: what`."""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    what = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
