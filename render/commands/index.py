"""`hosta index`: the side-car that says the range of every brick, for data that are there already."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from ..errors import HostaError, UsageError


def index(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A store, a file or a folder.")],
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=256, help="Processors to use.  [default: all]")
    ] = None,
) -> None:
    """Write the index of a volume, and of its labels, beside it.

    It says the range of values of every brick, so that empty ones are known without being read. When it is
    interrupted, the same command goes on where it was. The folders of the indexes are printed.
    """
    import os

    from ..bricks.index import place_of
    from ..bricks.index_build import index_source
    from ..progress import ProgressBars
    from ..source.open import open_sources

    if path.startswith("synthetic:") or "://" in path:
        raise UsageError(f"'{path}' has no place for an index beside it; only local files and folders have")
    made = []
    with ExitStack() as opened, ProgressBars() as progress:
        sources = [opened.enter_context(closing(source)) for source in open_sources(path, progress=progress)]
        for source in sources:
            place = place_of(path, source.info)
            try:
                made.append(index_source(source, place, threads or len(os.sched_getaffinity(0)), progress))
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise HostaError(f"the index of '{Path(place).name}' cannot be written: {why}") from error
            except KeyboardInterrupt:
                print("hosta: what is indexed is kept; the same command goes on from there", file=sys.stderr)
                raise
    for folder in made:
        print(folder)
