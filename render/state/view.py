"""The root of the tree: everything that one picture depends on, besides the data and its size in pixels."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, model_validator

from ..errors import StateError
from ..limits import DEFAULT_LIMITS
from .base import Color, Node
from .camera import Camera
from .clip import ClipPlane, CropBox, Slices
from .guides import Guides
from .layer import LabelLayer, Layer
from .light import Lighting
from .rendering import Rendering


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


class Display(Node):
    """From radiance to pixels: `exposure` in stops, then the tone map, then sRGB.

    `filmic` keeps hues and rolls off highlights; `agx` also desaturates them, as film does; `exponential` is
    1 - exp(-radiance); `agave` the same as AGAVE shows it, without the sRGB curve; `linear` clips.
    """

    exposure: Annotated[float, Field(ge=-20.0, le=20.0)] = 0.0
    tone_map: Literal["filmic", "agx", "exponential", "agave", "linear"] = "filmic"
    background: Color = (0.0, 0.0, 0.0)


class ViewState(Node):
    """All that is shown. The same ViewState, data, size and seed give the same picture.

    `flip` mirrors the data along world x, y, z about the middle of the scene's box; crop box, planes and slices stay.
    """

    version: Literal[1] = 1
    camera: Camera = Camera()
    layers: Annotated[tuple[Layer, ...], Field(max_length=DEFAULT_LIMITS.channels_max)] = ()
    time: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    crop: CropBox = CropBox()
    clip_planes: Annotated[tuple[ClipPlane, ...], Field(max_length=DEFAULT_LIMITS.clip_planes_max)] = ()
    slices: Slices = Slices()
    flip: tuple[bool, bool, bool] = (False, False, False)
    shading: Shading = Shading()
    lighting: Lighting = Lighting()
    rendering: Rendering = Rendering()
    display: Display = Display()
    guides: Guides = Guides()
    samples: Annotated[int, Field(ge=1, le=DEFAULT_LIMITS.still_max_spp)] = 256
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    @model_validator(mode="after")
    def _names_each_source_once(self) -> Self:
        sources = [layer.source for layer in self.layers]
        for source in sources:
            if sources.count(source) > 1:
                raise ValueError(f"two layers show '{source}'; each source has one layer")
        return self

    def seen_from(self, camera: Camera) -> ViewState:
        """The same with another camera; all else is shared with this one, so that to compare them takes no time."""
        return self.model_copy(update={"camera": camera})

    @property
    def segment_entries(self) -> int:
        """How much all segmentations say of single segments, in ids."""
        return sum(layer.entries for layer in self.layers if isinstance(layer, LabelLayer))

    @model_validator(mode="after")
    def _names_no_more_segments_than_fit(self) -> Self:
        most = DEFAULT_LIMITS.segment_entries_max
        if self.segment_entries > most:
            raise ValueError(
                f"the lists and tables of single segments have {self.segment_entries} entries (a colour counts as 4, "
                f"an opacity and a merge as 2); at most {most} fit, so put colours and merges into a table"
            )
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
