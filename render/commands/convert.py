"""`hosta convert`: from any format to OME-Zarr with a pyramid, shards and an index."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..source.base import Source

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SHARDS = (128, 256, 512, 1024, 2048)
_MEMORY_MIN = 256 << 20


def convert(
    path: Annotated[str, typer.Argument(metavar="IN", help="A file, a folder, a store or a phantom.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The store to be made: NAME.ome.zarr.")],
    ngff: Annotated[Literal["0.4", "0.5"], typer.Option("--ngff", help="Version of OME-Zarr.")] = "0.5",
    labels: Annotated[bool, typer.Option("--labels", help="It is a segmentation, whatever the file says.")] = False,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="C", help="Take this channel, by number or name; repeatable."),
    ] = None,
    spacing: Annotated[
        str | None, typer.Option("--spacing", metavar="Z,Y,XUNIT", help="Size of a voxel, such as 45,4.6,4.6nm.")
    ] = None,
    compression: Annotated[
        Literal["zstd", "lz4", "none"], typer.Option("--compression", help="zstd is smaller, lz4 faster.")
    ] = "zstd",
    shard: Annotated[
        int, typer.Option("--shard", metavar="VOXELS", help="Voxels a side of a file: 128, 256, 512, 1024 or 2048.")
    ] = 512,
    memory: Annotated[
        str, typer.Option("--memory", metavar="SIZE", help="How much to use, such as 500M or 4G.")
    ] = "1G",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=256, help="Processors to use.  [default: all]")
    ] = None,
    verify: Annotated[
        Literal["quick", "all", "none"],
        typer.Option("--verify", help="Compare with IN: some boxes of every level, every voxel, or nothing."),
    ] = "quick",
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Leave out the index of the range of each brick.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace OUT, or what is left of another run.")
    ] = False,
) -> None:
    """Convert a volume to OME-Zarr.

    With all coarser levels, in bounded memory. When it is interrupted, the same command goes on where it was. The
    name of the store is printed when it is whole.
    """
    memory_bytes = parse_size_bytes(memory)
    if memory_bytes < _MEMORY_MIN:
        raise UsageError(f"--memory {memory} is too little; 256M is the least")
    if shard not in _SHARDS:
        raise UsageError(f"--shard {shard} is none of {', '.join(map(str, _SHARDS))}")

    from ..convert.conversion import Options, check_output
    from ..convert.conversion import convert as run
    from ..convert.selection import selected
    from ..progress import ProgressBars
    from ..source.open import open_sources
    from ..units import parse_spacing_um

    options = Options(ngff, compression, shard, memory_bytes, threads or 0, overwrite, verify, not no_index)
    output = output.expanduser().absolute()
    check_output(output, options)
    _check_apart(path, output)
    spacing_um = None if spacing is None else parse_spacing_um(spacing)
    kind: Literal["labels"] | None = "labels" if labels else None
    job: dict[str, object] = {
        "in": path if path.startswith("synthetic:") else str(Path(path).expanduser().absolute()),
        "file": _stamp(path), "labels": labels, "channels": channel, "spacing_um": spacing_um,
    }  # fmt: skip
    with ExitStack() as opened, ProgressBars() as progress:
        sources: list[Source] = [
            opened.enter_context(closing(source))
            for source in open_sources(path, spacing_um=spacing_um, kind=kind, progress=progress)
        ]
        if channel:
            sources = selected(sources, channel)
        notes = [note for source in sources for note in source.info.notes]
        try:
            notes += run(sources, output, options, _plain(job), progress)
        except KeyboardInterrupt:
            print(f"hosta: kept in '{output.name}.partial'; the same command goes on from there", file=sys.stderr)
            raise
    for note in notes:
        print(f"hosta: {note}", file=sys.stderr)
    print(output)


def parse_size_bytes(text: str) -> int:
    """`1G`, `512MB`, `800000000` as bytes; K, M, G and T are powers of 1024. Raises UsageError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if match is None:
        raise UsageError(f"'{text}' is no size of memory; write 500M, 1G or 4G")
    return int(float(match[1]) * _UNITS[match[2]])


def _check_apart(path: str, output: Path) -> None:
    if path.startswith("synthetic:"):
        return
    given = Path(path).expanduser().absolute().resolve()
    made = output.resolve()
    if given == made or given.is_relative_to(made) or made.is_relative_to(given):
        raise UsageError(f"IN and OUT lie in each other ('{output.name}'); write the store elsewhere")


def _stamp(path: str) -> list[int] | None:
    """Size and time of a file, so that a conversion does not go on with another one of the same name."""
    if path.startswith("synthetic:") or not Path(path).expanduser().is_file():
        return None
    status = Path(path).expanduser().stat()
    return [status.st_size, status.st_mtime_ns]


def _plain(job: dict[str, object]) -> dict[str, object]:
    """As it comes back from JSON, to be compared with it."""
    import json

    plain: dict[str, object] = json.loads(json.dumps(job))
    return plain
