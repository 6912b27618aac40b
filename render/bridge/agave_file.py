"""AGAVE's save files as they are: the keys of the JSON, their types and the values of those that are left out.

Two schemas are read: the one of AGAVE up to 1.4.1 (one file `name`, `resolution`, `renderIterations`) and the current
one (`datasets`, `capture`). Keys that a file lacks have the values that AGAVE's own reader gives them, which are not
always those of its fresh window: density 50 and not 8.5, a window and level of 0.5 and not percentiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from ..errors import StateError
from ..state.view import first_problem

LARGEST_FILE_BYTES = 16 << 20
NEWEST = (1, 10)
"""The newest AGAVE whose files were looked at; its minor versions only added keys."""

Triple = tuple[float, float, float]
Quad = tuple[float, float, float, float]
Ranges = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _Part(BaseModel):
    """Strict about types and infinities; unknown keys are kept, to be told of. In the file `fov_y` is `fovY`."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Dataset(_Part):
    url: str = ""
    subpath: str = ""
    is_image_sequence: bool = False
    scene: Count = 0
    time: Count = 0
    channels: tuple[Count, ...] = ()
    clip_region: tuple[tuple[Count, Count], tuple[Count, Count], tuple[Count, Count]] = ((0, 0), (0, 0), (0, 0))


class PathTracer(_Part):
    primary_step_size: float = 4.0
    secondary_step_size: float = 4.0


class Timeline(_Part):
    min_time: float = 0.0
    max_time: float = 0.0
    current_time: float = 0.0


class Transform(_Part):
    translation: Triple = (0.0, 0.0, 0.0)
    rotation: Quad = (0.0, 0.0, 0.0, 0.0)
    scale: Triple = (1.0, 1.0, 1.0)


class Plane(_Part):
    clip_plane: Quad = (0.0, 0.0, 0.0, 0.0)
    transform: Transform = Transform()
    enabled: bool = False


class CameraPart(_Part):
    eye: Triple = (0.0, 0.0, -1.0)
    target: Triple = (0.0, 0.0, 0.0)
    up: Triple = (0.0, 1.0, 0.0)
    projection: Annotated[int, Field(ge=0, le=1)] = 0
    fov_y: float = 55.0
    ortho_scale: float = 1.0
    exposure: float = 0.75
    aperture: float = 0.0
    focal_distance: float = 1.0


class Stop(_Part):
    x: float = 0.0
    value: Quad = (0.0, 0.0, 0.0, 0.0)


class LutParams(_Part):
    window: float = 0.5
    level: float = 0.5
    isovalue: float = 0.5
    isorange: float = 0.01
    pct_low: float = 0.5
    pct_high: float = 0.98
    minu16: Annotated[int, Field(ge=0, le=65535)] = 0
    maxu16: Annotated[int, Field(ge=0, le=65535)] = 65535
    control_points: Annotated[tuple[Stop, ...], Field(max_length=4096)] = ()
    mode: Annotated[int, Field(ge=0, le=4)] = 0


class ColorMap(_Part):
    name: str = "none"
    stops: Annotated[tuple[Stop, ...], Field(max_length=4096)] = ()


class ChannelPart(_Part):
    enabled: bool = True
    diffuse_color: Triple = (1.0, 1.0, 1.0)
    specular_color: Triple = (0.0, 0.0, 0.0)
    emissive_color: Triple = (0.0, 0.0, 0.0)
    glossiness: float = 0.0
    opacity: float = 1.0
    lut_params: LutParams = LutParams()
    color_map: ColorMap = ColorMap()


class LightPart(_Part):
    """`rotation` is None where the file has none: files from before AGAVE kept it have only theta and phi."""

    type: Annotated[int, Field(ge=0, le=1)] | None = None
    distance: float = 1.0
    theta: float = 0.0
    phi: float = 3.14159265358979323846 / 2.0
    color: Triple = (1.0, 1.0, 1.0)
    color_intensity: float = 1.0
    top_color: Triple = (1.0, 1.0, 1.0)
    top_color_intensity: float = 1.0
    middle_color: Triple = (1.0, 1.0, 1.0)
    middle_color_intensity: float = 1.0
    bottom_color: Triple = (1.0, 1.0, 1.0)
    bottom_color_intensity: float = 1.0
    width: float = 1.0
    height: float = 1.0
    rotation: Quad | None = None


class Capture(_Part):
    width: Count = 960
    height: Count = 540
    filename_prefix: str = "frame"
    output_directory: str = "."
    samples: Count = 32
    seconds: float = 10.0
    duration_type: Annotated[int, Field(ge=0, le=1)] = 0
    start_time: Count = 0
    end_time: Count = 0


DEFAULT_SKY = LightPart(type=1, top_color=(0.5,) * 3, middle_color=(0.5,) * 3, bottom_color=(0.5,) * 3)
DEFAULT_AREA = LightPart(type=0, distance=1.5, width=0.15, height=0.15, color=(10.0,) * 3)
"""The lights of AGAVE's fresh window, for files that have none."""


class _Shared(_Part):
    """What both schemas have."""

    version: tuple[Count, Count, Count] = (0, 0, 0)
    path_tracer: PathTracer = PathTracer()
    timeline: Timeline = Timeline()
    clip_region: Ranges = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))
    scale: Triple = (1.0, 1.0, 1.0)
    camera: CameraPart = CameraPart()
    background_color: Triple = (0.0, 0.0, 0.0)
    bounding_box_color: Triple = (1.0, 1.0, 1.0)
    show_bounding_box: bool = False
    channels: Annotated[tuple[ChannelPart, ...], Field(max_length=1024)] = ()
    density: float = 50.0
    lights: Annotated[tuple[LightPart, ...], Field(max_length=1024)] = ()


class SaveFile(_Shared):
    """The current schema."""

    datasets: Annotated[tuple[Dataset, ...], Field(max_length=1024)] = ()
    renderer_type: Annotated[int, Field(ge=0, le=1)] = 0
    clip_plane: Plane = Plane()
    flip_axis: tuple[int, int, int] = (1, 1, 1)
    show_scale_bar: bool = False
    show_time_stamp: bool = False
    time_stamp_format: int = 1
    interpolate: bool = True
    capture: Capture = Capture()


class SaveFileV1(_Shared):
    """The schema of AGAVE up to 1.4.1."""

    name: str = ""
    resolution: tuple[Count, Count] = (0, 0)
    render_iterations: Count = 1
    scene: Count = 0

    def current(self) -> SaveFile:
        """The same in the current schema, as AGAVE converts it."""
        time = max(0, round(self.timeline.current_time)) if abs(self.timeline.current_time) < 1e9 else 0
        width, height = self.resolution if min(self.resolution) > 0 else (Capture().width, Capture().height)
        shared = {name: getattr(self, name) for name in _Shared.model_fields}
        return SaveFile(
            **shared,
            datasets=(Dataset(url=self.name, scene=self.scene, time=time),) if self.name else (),
            capture=Capture(
                width=width, height=height, samples=self.render_iterations, start_time=time, end_time=time
            ),
        )  # fmt: skip


_JSON: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


def parse_save_file(text: bytes, name: str) -> tuple[SaveFile, tuple[str, ...]]:
    """A save file in the current schema, and sentences about what in it was not understood.

    Raises StateError when it is no JSON object, a key has the wrong type, or AGAVE is of another major version.
    """
    try:
        document = _JSON.validate_json(text)
    except ValidationError:
        raise StateError(f"'{name}' is no save file of AGAVE: it is not a JSON object") from None
    schema = SaveFile if "datasets" in document or _version_of(document) > (1, 4, 1) else SaveFileV1
    if not {"camera", "channels", "density", "datasets", "name", "lights"} & set(document):
        raise StateError(f"'{name}' is no save file of AGAVE: it has no camera, channels, density, lights or data")
    try:
        found = schema.model_validate_json(text)
    except ValidationError as error:
        raise StateError(f"'{name}' is no save file of AGAVE: {first_problem(error)}") from None
    major, minor, _ = found.version
    if major > NEWEST[0]:
        raise StateError(
            f"'{name}' was saved by AGAVE {major}.{minor}; files up to version {NEWEST[0]} are read, save it with that"
        )
    notes = [f"'{key}' is a key that is not known here; it was left out." for key in _unknown_keys(found)]
    if (major, minor) > NEWEST:
        notes.insert(0, f"AGAVE {major}.{minor} is newer than {NEWEST[0]}.{NEWEST[1]}; what is new in it is left out.")
    return found.current() if isinstance(found, SaveFileV1) else found, tuple(notes[:32])


def _version_of(document: dict[str, object]) -> tuple[int, ...]:
    said = document.get("version")
    return tuple(part for part in said if isinstance(part, int)) if isinstance(said, list) else ()


def _unknown_keys(part: object, path: str = "") -> Iterator[str]:
    if isinstance(part, tuple):
        for number, one in enumerate(part):
            yield from _unknown_keys(one, f"{path[:-1]}[{number}].")
    if not isinstance(part, _Part):
        return
    for key in part.model_extra or {}:
        yield f"{path}{key}"[:80]
    for key, field in type(part).model_fields.items():
        yield from _unknown_keys(getattr(part, key), f"{path}{field.alias}.")
