"""`hosta frame`: one picture of a scene, to a file."""

from __future__ import annotations

import io
import math
import os
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .. import __version__
from ..errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..state.view import ViewState

DEFAULT_SPP = 64
MAX_SPP = 65_536  # as DEFAULT_LIMITS has it, whose import would slow --help down

Format = Literal["png", "webp", "jpeg"]
_FORMATS: dict[str, Format] = {".png": "png", ".webp": "webp", ".jpg": "jpeg", ".jpeg": "jpeg"}
_MAX_SIDE_PX: dict[Format, int] = {"webp": 16_383}


def frame(
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: .png, .webp or .jpg.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Volumes to show together in one scene.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--labels", metavar="PATH", help="A segmentation to lay over them; repeatable.")
    ] = None,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="Width and height in pixels.")] = "640x480",
    spp: Annotated[
        int | None,
        typer.Option("--spp", min=1, max=MAX_SPP, help="Samples a pixel.  [default: 64, or what the state says]"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=2**32 - 1, help="Of the random numbers.  [default: 0, or the state's]"),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="A view state as JSON, or the part of one that differs from the sensible view taken otherwise.",
        ),
    ] = None,
    azimuth: Annotated[float, typer.Option("--azimuth", help="Turn the camera to the right, degrees.")] = 0.0,
    elevation: Annotated[float, typer.Option("--elevation", help="Turn the camera up, degrees.")] = 0.0,
    zoom: Annotated[float, typer.Option("--zoom", help="Bring the scene closer by this factor.")] = 1.0,
    transparent: Annotated[bool, typer.Option("--transparent", help="Leave the background out (alpha).")] = False,
    spacing: Annotated[
        str | None,
        typer.Option(
            "--spacing", metavar="Z,Y,X+UNIT", help="Voxel size where a file says none, such as 45,4.6,4.6nm."
        ),
    ] = None,
    device: Annotated[
        int | None, typer.Option("--device", min=0, metavar="N", help="The EGL device; hosta doctor numbers them.")
    ] = None,
) -> None:
    """Render one picture of volumes into a file.

    The name of the file is printed when it is written.
    """
    if not paths and not labels:
        raise UsageError("there is nothing to draw; name a PATH, a segmentation with --labels, or synthetic:cell")
    width, height = parse_size(size)
    check_output(output, width, height, transparent)
    check_turn(azimuth, elevation, zoom)
    state_text = _read_state(state) if state is not None else None
    spacing_um = _read_spacing(spacing)

    from ..engine.renderer import Renderer
    from ..gpu.context import Context
    from ..progress import ProgressBars
    from ..scene.framing import orbit
    from ..scene.framing import zoom as zoomed
    from ..scene.open import open_scene
    from ..state.view import parse_state

    with (
        ProgressBars() as progress,
        closing(Context.create(device)) as context,
        closing(open_scene(paths or (), labels or (), spacing_um, progress)) as scene,
    ):
        shown = scene.default_state if state_text is None else parse_state(state_text, scene.default_state)
        if seed is not None:
            shown = shown.model_copy(update={"seed": seed})
        camera = shown.camera
        if azimuth or elevation:  # left as it is otherwise, to the last bit
            camera = orbit(camera, azimuth, elevation)
        shown = shown.model_copy(update={"camera": zoomed(camera, zoom) if zoom != 1.0 else camera})
        samples = spp or (shown.samples if state_text is not None else DEFAULT_SPP)
        with closing(Renderer(context, scene, 16, 16, progress=progress)) as renderer:
            renderer.set_state(shown, 1)
            started = time.perf_counter()
            pixels = renderer.picture(width, height, samples, transparent, progress)
            seconds = time.perf_counter() - started
        renderer_name = context.info.name
    write_whole(output, encode(pixels, format_of(output), shown))
    print(f"{samples} samples a pixel in {seconds:.1f} s on {renderer_name}", file=sys.stderr)
    print(output)


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


def check_output(output: Path, width: int, height: int, transparent: bool) -> None:
    """Refuse, before any work, a file that could not be written afterwards. Raises UsageError."""
    kind = format_of(output)
    if max(width, height) > _MAX_SIDE_PX.get(kind, sys.maxsize):
        raise UsageError(f"a {kind} has at most {_MAX_SIDE_PX[kind]} pixels a side; write a .png")
    if transparent and kind == "jpeg":
        raise UsageError("a JPEG cannot be transparent; write a .png or a .webp")
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file in it")
    folder = output.parent
    if not folder.is_dir():
        raise UsageError(f"the folder {folder} of {output.name} does not exist")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"the folder {folder} of {output.name} cannot be written to")


def format_of(output: Path) -> Format:
    """The picture format that the file's name ends in. Raises UsageError."""
    found = _FORMATS.get(output.suffix.lower())
    if found is None:
        raise UsageError(f"'{output.name}' does not say a picture format; end it in .png, .webp or .jpg")
    return found


def encode(rgba: npt.NDArray[np.uint8], kind: Format, shown: ViewState) -> bytes:
    """(height, width, 4) uint8 sRGB as a file's bytes. A PNG also says what it shows, to be made again."""
    if kind == "jpeg":
        from PIL import Image

        out = io.BytesIO()
        Image.fromarray(rgba[..., :3]).save(out, "JPEG", quality=92, subsampling=0)
        return out.getvalue()
    from ..codec.still import encode_still

    return encode_still(rgba, kind, {"Software": f"hosta {__version__}", "hosta-state": shown.model_dump_json()})


def write_whole(path: Path, data: bytes) -> None:
    """Write under another name and rename: the file is whole or not there."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(descriptor, 0o666 & ~_umask())  # mkstemp's files are for their owner only
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _read_state(path: Path) -> bytes:
    """The file's text, checked as far as can be without the scene that it is for."""
    from ..state.view import parse_state

    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the state file {path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    parse_state(text)
    return text


def _read_spacing(text: str | None) -> tuple[float, float, float] | None:
    from ..units import parse_spacing_um

    return None if text is None else parse_spacing_um(text)
