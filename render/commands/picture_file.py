"""The file of a picture: what its name asks for, what can be written there, and writing it whole."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UsageError
from ..whole_file import whole_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..engine.layers import Layers
    from ..state.camera import Camera

Format = Literal["png", "webp", "jpeg", "tiff", "exr"]
_FORMATS: dict[str, Format] = {
    ".png": "png",
    ".webp": "webp",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".exr": "exr",
}
LINEAR: frozenset[Format] = frozenset({"tiff", "exr"})
"""Formats of light that is not developed: always with alpha, always 32-bit floats."""
_MAX_SIDE_PX: dict[Format, int] = {"webp": 16_383}


def format_of(output: Path) -> Format:
    """The picture format that the file's name ends in. Raises UsageError."""
    found = _FORMATS.get(output.suffix.lower())
    if found is None:
        raise UsageError(f"'{output.name}' does not say a picture format; end it in .png, .webp, .jpg, .tif or .exr")
    return found


def check_output(output: Path, width: int, height: int, transparent: bool, depth: str | None) -> None:
    """Refuse, before any work, a file that could not be written afterwards. Raises UsageError."""
    kind = format_of(output)
    if max(width, height) > _MAX_SIDE_PX.get(kind, sys.maxsize):
        raise UsageError(f"a {kind} has at most {_MAX_SIDE_PX[kind]} pixels a side; write a .png")
    if transparent and kind == "jpeg":
        raise UsageError("a JPEG cannot be transparent; write a .png or a .webp")
    if depth is not None and kind in LINEAR:
        raise UsageError(f"--depth is for a .png; {output.suffix} always holds 32-bit floats")
    if depth == "16" and kind != "png":
        raise UsageError(f"a {kind} has 8 bits a component; --depth 16 needs a .png")
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file in it")
    folder = output.parent
    if not folder.is_dir():
        raise UsageError(f"the folder {folder} of {output.name} does not exist")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"the folder {folder} of {output.name} cannot be written to")


def encode_developed(pixels: NDArray[Any], kind: Format, notes: dict[str, str]) -> bytes:
    """(h, w, 4) uint8 or uint16 sRGB as a file's bytes. A PNG also says `notes`."""
    from ..codec.still import encode_still

    if kind not in ("png", "webp", "jpeg"):
        raise UsageError(f"a {kind} holds light that is not developed")
    return encode_still(pixels, kind, notes)


def encode_linear(layers: Layers, kind: Format, notes: dict[str, str], camera: Camera) -> bytes:
    """Linear light as a file's bytes: of a TIFF the colour alone, of an EXR every layer."""
    if kind == "exr":
        from ..codec.exr import encode_exr

        return encode_exr(layers, notes, camera)
    from ..codec.linear_tiff import encode_tiff

    return encode_tiff(layers.color, notes)


def write_whole(path: Path, data: bytes) -> None:
    """Write under another name and rename: the file is whole or not there."""
    with whole_file(path) as file:
        file.write(data)
