"""`hosta mesh`: surfaces of segments, or of an image at a value, as files for other programs."""

from __future__ import annotations

import math
import re
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import typer

from ..errors import SourceError, UsageError
from .frame_options import parse_spacing
from .scene_options import Spacing

if TYPE_CHECKING:
    from ..mesh.blocks import VoxelBox
    from ..mesh.output import Output
    from ..mesh.region import Progress
    from ..mesh.segment import SegmentMesh
    from ..source.base import Level, Source

FormatName = Literal["ply", "glb", "gltf", "vtp", "stl", "obj"]
ColorsName = Literal["file", "hash", "glasbey"]
Range = tuple[float, float]
Ranges = tuple[Range, Range, Range]
_MAX_ITERATIONS = 64  # as mesh.extraction has it, whose import would slow --help down
_ROWS_MAX = 24


class Where(TypedDict):
    """What the extraction of segments and of isosurfaces both take."""

    level: int
    time: int
    crop: VoxelBox | None
    spool_folder: Path
    progress: Progress


def mesh(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A segmentation, or an image for an isosurface.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .ply, .glb, .gltf, .vtp, .stl or .obj. With {id} or {name} in it, or a folder: one file a segment.",
        ),
    ],
    ids: Annotated[
        list[str] | None,
        typer.Option("--ids", metavar="IDS", help="Ids or names of segments (12,34 or '*nucleus*'), or all."),
    ] = None,
    isovalue: Annotated[float | None, typer.Option("--isovalue", help="The surface of an image at this value.")] = None,
    channel: Annotated[str, typer.Option("--channel", help="Of the isosurface: number or name.")] = "0",
    segmentation: Annotated[
        str | None, typer.Option("--segmentation", metavar="NAME", help="Which one, where PATH holds several.")
    ] = None,
    level: Annotated[
        int | None, typer.Option("--level", min=0, help="Of the pyramid; 0 is the finest.  [default: 0]")
    ] = None,
    resolution: Annotated[
        str | None,
        typer.Option("--resolution", metavar="LENGTH", help="Instead of --level: voxels at most this long, 50nm."),
    ] = None,
    search_level: Annotated[
        int | None,
        typer.Option("--search-level", min=1, help="Look only where this coarser level leads; see docs/meshes.md."),
    ] = None,
    time: Annotated[int, typer.Option("--time", min=0, help="The time point.")] = 0,
    smooth: Annotated[
        int | None,
        typer.Option("--smooth", min=0, max=_MAX_ITERATIONS, help="Iterations; 0: the faces of voxels.  [default: 20]"),
    ] = None,
    decimate: Annotated[
        float, typer.Option("--decimate", metavar="SHARE", help="Keep about this share of the triangles.")
    ] = 1.0,
    crop: Annotated[
        str | None,
        typer.Option("--crop", metavar="BOX", help="Only this part of the world, x,y,z: 0:100,20:80,:50um."),
    ] = None,
    colors: Annotated[ColorsName, typer.Option("--colors", help="Where the colours of segments are from.")] = "file",
    format: Annotated[FormatName | None, typer.Option("--format", help="Of the files in a folder.")] = None,
    spacing: Spacing = None,
) -> None:
    """Write surfaces of segments, or of an image, as meshes.

    Coordinates are micrometres in the world's axes; glTF says how it differs. Data of any size are gone through block
    by block.
    """
    from ..mesh.extraction import DEFAULT_ITERATIONS, extract
    from ..mesh.isosurface import extract_isosurface
    from ..mesh.output import Output
    from ..mesh.selection import chosen_ids
    from ..progress import ProgressBars

    if (ids is None) == (isovalue is None):
        raise UsageError("say what is to be meshed: --ids of segments (or all), or the --isovalue of an image")
    if not 0.0 < decimate <= 1.0:
        raise UsageError(f"--decimate {decimate:g} cannot be; it is the share of triangles to keep, such as 0.1")
    if level is not None and resolution is not None:
        raise UsageError("--level and --resolution exclude each other; give one of them")
    if isovalue is not None and smooth:
        raise UsageError("an isosurface follows the values and is not smoothed; leave --smooth out")
    if isovalue is not None and search_level is not None:
        raise UsageError("--search-level looks for segments; an isosurface is looked for in all of the level")
    ranges = parse_crop(crop)
    resolution_um = None if resolution is None else max(parse_spacing(resolution) or ())
    out = Output.planned(output, format)
    with ExitStack() as opened, ProgressBars() as progress:
        source = opened.enter_context(
            closing(_source(path, "labels" if ids is not None else "image", segmentation, spacing, progress))
        )
        number = _level(source, level, resolution_um)
        options: Where = {
            "level": number,
            "time": time,
            "crop": _extent(source.info.levels[number], ranges),
            "spool_folder": out.folder,
            "progress": progress,
        }
        if isovalue is not None:
            meshes = [extract_isosurface(source, _channel(source, channel), isovalue, **options)]
        else:
            iterations = DEFAULT_ITERATIONS if smooth is None else smooth
            chosen = chosen_ids(ids or [], source.info)
            found = extract(source, chosen, smooth=iterations, colors=colors, search_level=search_level, **options)
            meshes = list(found)
        _tell(_written(source, out, meshes, decimate, progress), source, number)


def parse_crop(text: str | None) -> Ranges | None:
    """`0:100,20:80,:50um` as ranges (lo, hi) of x, y, z in micrometres; an end left out is infinite.

    Raises UsageError.
    """
    from ..units import micrometres_per

    if text is None:
        return None
    wrong = UsageError(f"'{text}' is no part of the world; write ranges of x,y,z and a unit, such as 0:100,20:80,:50um")
    match = re.fullmatch(r"\s*([-+0-9.eE:,\s]*?)\s*([^\W\d_]*)\s*", text)
    if match is None:
        raise wrong
    factor = micrometres_per(match[2] or "um")
    ranges = []
    for part in match[1].split(","):
        first, colon, last = part.partition(":")
        try:
            lo = float(first) * factor if first.strip() else -math.inf
            hi = float(last) * factor if last.strip() else math.inf
        except ValueError:
            raise wrong from None
        if not colon or not lo < hi:
            raise wrong
        ranges.append((lo, hi))
    if len(ranges) != 3:
        raise wrong
    return ranges[0], ranges[1], ranges[2]


def _source(
    path: str, kind: Literal["labels", "image"], name: str | None, spacing: str | None, progress: Progress
) -> Source:
    """The one volume that is meant; all others of the path are closed. Raises UsageError where that is not clear."""
    from ..source.open import open_sources

    spacing_um = parse_spacing(spacing)
    sources = open_sources(path, spacing_um=spacing_um, progress=progress)
    if all(source.info.kind != kind for source in sources):  # whole numbers that no file calls labels, or the reverse
        for source in sources:
            source.close()
        sources = open_sources(path, spacing_um=spacing_um, kind=kind, progress=progress)
    fitting = [source for source in sources if source.info.kind == kind]
    if name is not None:
        fitting = [source for source in fitting if source.info.name == name or source.info.name.endswith(f"/{name}")]
    chosen = fitting[0] if len(fitting) == 1 else None
    for source in sources:
        if source is not chosen:
            source.close()
    if chosen is None:
        there = ", ".join(f"'{source.info.name}'" for source in sources if source.info.kind == kind)
        wanted = f"{path} has no segmentation '{name}'" if name is not None else f"{path} holds several volumes"
        raise UsageError(f"{wanted}; choose one of {there} with --segmentation")
    return chosen


def _level(source: Source, level: int | None, resolution_um: float | None) -> int:
    from ..mesh.region import level_for, level_of

    if resolution_um is not None:
        return level_for(source.info, resolution_um)
    level_of(source.info, level or 0)
    return level or 0


def _extent(grid: Level, ranges: Ranges | None) -> VoxelBox | None:
    from ..mesh.region import crop_of
    from ..space import Box

    if ranges is None:
        return None
    lo = [one[0] if math.isfinite(one[0]) else end for one, end in zip(ranges, grid.box.lo, strict=True)]
    hi = [one[1] if math.isfinite(one[1]) else end for one, end in zip(ranges, grid.box.hi, strict=True)]
    return crop_of(grid, Box((lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2])))


def _channel(source: Source, text: str) -> int:
    """A channel's number from its number or name. Raises UsageError."""
    names = [channel.name for channel in source.info.channels]
    if text in names:
        return names.index(text)
    if not (text.isascii() and text.isdigit()):
        raise UsageError(
            f"{source.info.name} has no channel '{text}'; it has {', '.join(names)} (0 to {len(names) - 1})"
        )
    return int(text)


def _written(
    source: Source, out: Output, meshes: list[SegmentMesh], share: float, progress: Progress
) -> list[tuple[Path, list[SegmentMesh]]]:
    """The files, each with what is in it. Raises SourceError where there is no surface at all."""
    from ..mesh.decimation import decimated
    from ..mesh.writing import check_size

    full = [mesh for mesh in meshes if mesh.n_triangles]
    if not full:
        what = f"{meshes[0].name}" if len(meshes) == 1 else "any of the chosen segments"
        raise SourceError(f"there is no surface of {what} in this part of {source.info.name} at this level")
    if share < 1.0:
        check_size(max(mesh.n_triangles for mesh in full), "a decimated mesh")
    for mesh in meshes:
        if not mesh.n_triangles:
            print(f"hosta: no voxel has the id {mesh.id} here; nothing is written of it", file=sys.stderr)
    n_done = 0

    def prepared(mesh: SegmentMesh) -> SegmentMesh:
        nonlocal n_done
        progress("writing meshes", n_done, len(full))
        n_done += 1
        return decimated(mesh, share)

    return list(out.write(full, prepared, anatomical=source.info.orientation == "anatomical"))


def _tell(files: list[tuple[Path, list[SegmentMesh]]], source: Source, level: int) -> None:
    from .tables import print_table

    meshes = [(path, mesh) for path, inside in files for mesh in inside]
    rows = [
        (path.name, mesh.name, f"{mesh.n_vertices} vertices", f"{mesh.n_triangles} triangles") for path, mesh in meshes
    ]
    print_table(rows[:_ROWS_MAX])
    if len(rows) > _ROWS_MAX:
        print(f"... and {len(rows) - _ROWS_MAX} more")
    n_triangles = sum(mesh.n_triangles for _, mesh in meshes)
    print(f"{len(meshes)} surfaces, {n_triangles} triangles, of level {level} of {source.info.name}; micrometres")
