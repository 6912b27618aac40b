"""Tables on stdout: as wide as the terminal, or wide enough not to break lines in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

FILE_WIDTH = 200


def print_table(rows: Iterable[Sequence[str]], styles: Sequence[str] = ()) -> None:
    """Print rows of cells, all columns to the left; `styles` are those of the columns. Cells are taken literally."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for style in styles:
        table.add_column(style=style, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH, highlight=False).print(table)
