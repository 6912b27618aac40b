"""How data is asked to be opened: the words that every reader of a format gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError
from ..limits import DEFAULT_LIMITS, Limits
from .base import Kind
from .geometry import Spacing

Progress = Callable[[str, int, int], None]
"""(what, done, total)"""


_NAMED_MAX = 8


class SeveralImagesError(SourceError):
    """A store or file holds several images and one must be named: `parts`, behind the name of what was opened."""

    def __init__(self, what: str, holder: str, parts: Sequence[str], separator: str = "/") -> None:
        self._separator = separator
        self.parts = tuple(parts)
        named = ", ".join(self.names(holder)[:_NAMED_MAX]) + (", ..." if len(parts) > _NAMED_MAX else "")
        super().__init__(f"{what}; open one of them: {named}")

    def names(self, holder: str) -> list[str]:
        """What to open, where `holder` is what was."""
        return [f"{holder.rstrip('/')}{self._separator}{part}" for part in self.parts]


@dataclass(frozen=True)
class Opening:
    """`kind` and `spacing_um` (z, y, x) are what the user says; None leaves it to the file.

    `root`: where given, no file outside of this folder is opened, whatever symlinks and metadata say.
    """

    kind: Kind | None = None
    spacing_um: Spacing | None = None
    progress: Progress | None = None
    root: Path | None = None
    limits: Limits = DEFAULT_LIMITS

    def report(self, what: str, done: int, total: int) -> None:
        """Tell whoever opened the data how far a long step is."""
        if self.progress is not None:
            self.progress(what, done, total)

    def admit(self, path: Path) -> Path:
        """`path`, or SourceError when its real place is outside of the root."""
        if self.root is not None and not path.resolve().is_relative_to(self.root.resolve()):
            raise SourceError(f"'{path.name}' leads out of the folder that may be read")
        return path
