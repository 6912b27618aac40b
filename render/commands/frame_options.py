"""What can be asked of `hosta frame`, and what cannot: options, their text, and their limits."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import UsageError

MAX_SPP = 65_536  # as DEFAULT_LIMITS has it, whose import would slow --help down
MAX_SCATTERINGS = 1024  # likewise as state.rendering has it

ModeName = Literal["path", "march", "maximum", "minimum", "average", "isosurface", "slices"]
ViewName = Literal["front", "back", "left", "right", "top", "bottom"]
DepthName = Literal["8", "16"]

Output = Annotated[
    Path, typer.Option("--output", "-o", help="The picture: .png, .webp, .jpg, .tif (float) or .exr (with layers).")
]
Size = Annotated[
    str | None, typer.Option("--size", metavar="WxH", help="Width and height in pixels.  [default: 640x480]")
]
Spp = Annotated[
    int | None,
    typer.Option("--spp", min=1, max=MAX_SPP, help="Samples a pixel.  [default: 64, or what the state says]"),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=2**32 - 1, help="Of the random numbers.  [default: 0, or the state's]"),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FILE",
        help="A view state as JSON, or the part of one that differs from the sensible view taken otherwise.",
    ),
]
Agave = Annotated[
    Path | None,
    typer.Option("--agave", metavar="FILE", help="A save file of AGAVE: its data, view, size and samples."),
]
View = Annotated[ViewName | None, typer.Option("--view", help="Look from this side, all of the scene in view.")]
Azimuth = Annotated[float, typer.Option("--azimuth", help="Turn the camera to the right, degrees.")]
Elevation = Annotated[float, typer.Option("--elevation", help="Turn the camera up, degrees.")]
Zoom = Annotated[float, typer.Option("--zoom", help="Bring the scene closer by this factor.")]
Aperture = Annotated[
    str | None,
    typer.Option(
        "--aperture", metavar="LENGTH", help="Radius of the lens, in micrometres or with a unit; 0: all is sharp."
    ),
]
FocusAt = Annotated[
    str | None,
    typer.Option("--focus-at", metavar="X,Y", help="Focus on what this pixel shows; (0, 0) is the top left one."),
]
Stereo = Annotated[bool, typer.Option("--stereo", help="Two views side by side, the left eye's on the left.")]
LightingName = Annotated[str | None, typer.Option("--lighting", metavar="NAME", help="A preset, such as studio.")]
Windows = Annotated[
    list[str] | None,
    typer.Option(
        "--window",
        metavar="[CHANNEL=]WINDOW",
        help="LOW,HIGH or pLOW,pHIGH (percentiles), level:L:W, iso:VALUE:RANGE, otsu, imagej, ...; repeatable.",
    ),
]
ModeOption = Annotated[ModeName | None, typer.Option("--mode", help="How the picture is computed.")]
Scatterings = Annotated[
    int | None,
    typer.Option("--scatterings", min=1, max=MAX_SCATTERINGS, help="Scattering events of a path, at most."),
]
Reference = Annotated[
    bool, typer.Option("--reference", help="Without any bias: no limit on bright paths or on extinction.")
]
Denoise = Annotated[
    bool, typer.Option("--denoise/--no-denoise", help="Filter the noise out with Intel Open Image Denoise.")
]
Depth = Annotated[DepthName | None, typer.Option("--depth", help="Bits a component of a PNG.  [default: 8]")]
Transparent = Annotated[bool, typer.Option("--transparent", help="Leave the background out (alpha).")]
AnnotationsOption = Annotated[
    Path | None,
    typer.Option("--annotations", metavar="DIR", help="Draw the points that a server keeps in its --data-dir."),
]


def parse_size(text: str) -> tuple[int, int]:
    """`640x480` as (width, height). Raises UsageError."""
    from ..limits import DEFAULT_LIMITS

    most = DEFAULT_LIMITS.still_max_side_px
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"'{text}' is no size; write width x height in pixels, such as 640x480")
    width, height = (int(part) for part in parts)
    if not (1 <= width <= most and 1 <= height <= most):
        raise UsageError(f"a picture of {text} cannot be made; each side has 1 to {most} pixels")
    return width, height


def check_turn(azimuth: float, elevation: float, zoom: float) -> None:
    """Raises UsageError for angles and factors that no camera can follow."""
    if not (math.isfinite(azimuth) and math.isfinite(elevation)):
        raise UsageError(f"azimuth {azimuth} and elevation {elevation} must be degrees, such as 30")
    if not 1e-3 <= zoom <= 1e3:
        raise UsageError(f"zoom {zoom} is out of range; it lies between 0.001 and 1000")


def parse_aperture_um(text: str | None) -> float | None:
    """A radius such as `2.5`, `2.5um` or `1mm` in micrometres. Raises UsageError."""
    from ..units import micrometres_per

    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)\s*([^\W\d_]*)\s*", text)
    radius = float(match[1]) * micrometres_per(match[2] or "um") if match is not None else -1.0
    if not 0.0 <= radius <= 1e15:
        raise UsageError(f"'{text}' is no aperture; write the lens's radius, 0 or more, such as 2.5um")
    return radius


def parse_pixel(text: str | None, size: tuple[int, int]) -> tuple[int, int] | None:
    """`X,Y` of a pixel inside of a picture of `size` (width, height). Raises UsageError."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*", text, re.ASCII)
    if match is None:
        raise UsageError(f"'{text}' is no pixel; write x,y from the top left, such as 320,240")
    x, y = int(match[1]), int(match[2])
    if x >= size[0] or y >= size[1]:
        raise UsageError(f"pixel {x},{y} is outside of the picture of {size[0]}x{size[1]}")
    return x, y


def parse_spacing(text: str | None) -> tuple[float, float, float] | None:
    """(z, y, x) in micrometres. Raises UsageError."""
    from ..units import parse_spacing_um

    return None if text is None else parse_spacing_um(text)
