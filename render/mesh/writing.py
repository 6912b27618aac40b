"""Meshes as files: which format a name asks for, and what each can hold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ..errors import LimitError, UsageError
from ..whole_file import whole_file
from .gltf import write_glb, write_gltf
from .obj import write_obj
from .ply import write_ply
from .segment import SegmentMesh
from .stl import write_stl
from .vtk_data import vtk_module, write_vtp

Format = Literal["ply", "glb", "gltf", "vtp", "stl", "obj"]
FORMATS: tuple[Format, ...] = ("ply", "glb", "gltf", "vtp", "stl", "obj")
STREAMED: frozenset[Format] = frozenset({"ply", "obj"})
"""Formats that are written piece by piece; the others are put together in memory."""
MAX_TRIANGLES = 20_000_000
"""Of a file that is not streamed, or of a mesh that is decimated."""


def format_of(path: Path) -> Format:
    """The format that a name ends in. Raises UsageError."""
    ending = path.suffix.lower().removeprefix(".")
    for known in FORMATS:
        if ending == known:
            return known
    raise UsageError(f"'{path.name}' does not say a format of meshes; end it in {', '.join('.' + f for f in FORMATS)}")


def check_writable(path: Path) -> None:
    """Refuse, before any work, a file that could not be written afterwards. Raises UsageError."""
    if format_of(path) == "vtp":
        vtk_module("vtkIOXML", "a .vtp")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} of {path.name} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"the folder {path.parent} of {path.name} cannot be written to")


def write(path: Path, meshes: Sequence[SegmentMesh], *, anatomical: bool = False) -> None:
    """Write meshes as one file, whole or not at all; its name says the format.

    `anatomical`: the world is LPS (`SourceInfo.orientation`), which says what is up in glTF. Meshes without triangles
    are left out. Raises UsageError for a name without a format and where VTK is needed and absent, LimitError for more
    than the format or `MAX_TRIANGLES` allow, OSError where the disk does not take it.
    """
    kind = format_of(path)
    meshes = [mesh for mesh in meshes if mesh.n_triangles]
    if kind not in STREAMED:
        check_size(sum(mesh.n_triangles for mesh in meshes), f"a .{kind}")
    with whole_file(path) as file:
        match kind:
            case "ply":
                write_ply(file, meshes)
            case "obj":
                write_obj(file, meshes)
            case "stl":
                write_stl(file, meshes)
            case "glb":
                write_glb(file, meshes, anatomical=anatomical)
            case "gltf":
                write_gltf(file, meshes, anatomical=anatomical)
            case "vtp":
                write_vtp(Path(file.name), meshes)


def check_size(n_triangles: int, what: str) -> None:
    """Raise LimitError for more triangles than are put together in memory."""
    if n_triangles > MAX_TRIANGLES:
        raise LimitError(
            f"{what} of {n_triangles} triangles is not made, {MAX_TRIANGLES} are the most; "
            "write a .ply as it is, or take a coarser --level or a smaller --crop"
        )
