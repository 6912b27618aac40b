"""Which files may be opened: named roots, and names in them as `root:relative`. Pure path logic.

A name comes from a client. It never reaches a store or a library as it is: only the real path that `Roots.resolve`
returns does, and that lies inside of the root when all symlinks are followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from ..errors import SourceError, UsageError

_NAME_MAX = 4096


class Roots:
    """Folders that may be served, by name."""

    def __init__(self, folders: Mapping[str, Path | str]) -> None:
        """Raises UsageError for a name with ':' or '/', and for a folder that does not exist."""
        self._real: dict[str, Path] = {}
        for name, folder in folders.items():
            if not name or any(mark in name for mark in ":/\\\0") or name in (".", ".."):
                raise UsageError(f"'{name}' is no name for a root; write --root name=folder with a plain name")
            if name == "synthetic":
                raise UsageError("'synthetic' is the name of the built-in samples; give the root another name")
            real = Path(folder).expanduser().resolve()
            if not real.is_dir():
                raise UsageError(f"the root '{name}' is no folder: '{folder}'")
            self._real[name] = real

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._real)

    def folder(self, name: str) -> Path:
        """The real path of a root. Raises SourceError for a name that is none."""
        if name not in self._real:
            raise SourceError("there is no root of that name")
        return self._real[name]

    def resolve(self, name: str) -> Path:
        """The real path of `root:relative`; `root:` is the root itself.

        Raises SourceError for what is not written so, is absent, or leads out of its root, by `..`, by an absolute
        path or by a symlink. The words say nothing about what is outside.
        """
        root_name, colon, relative = name.partition(":")
        if not colon:
            raise SourceError("data is named as root:path")
        root = self.folder(root_name)
        parts = check_relative(relative)
        try:
            real = (root / Path(*parts)).resolve(strict=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symlinks, before Python 3.13
            raise SourceError(f"there is no '{relative}' in the root '{root_name}'") from error
        if not is_within(real, root):
            raise SourceError(f"'{relative}' leads out of the root '{root_name}'")
        mode = os.stat(real).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise SourceError(f"'{relative}' is neither a file nor a folder")
        return real


def check_relative(relative: str) -> tuple[str, ...]:
    """The parts of a relative path as a client may write it. Raises SourceError for any other.

    Refused are absolute paths, `..`, NUL and other control characters, backslashes and drives, and percent-encoded
    forms of those, which a careless layer above could decode.
    """
    decoded = unquote(unquote(relative))
    for text in (relative, decoded):
        if len(text) > _NAME_MAX:
            raise SourceError("the path is too long")
        if any(ord(mark) < 32 or ord(mark) == 127 or 0xD800 <= ord(mark) <= 0xDFFF for mark in text):
            raise SourceError("the path holds control characters")
        parts = PurePosixPath(text).parts
        if text.startswith("/") or "\\" in text or ".." in parts or (len(text) > 1 and text[1] == ":"):
            raise SourceError("the path must be relative and stay in its root")
    return PurePosixPath(relative).parts


def is_within(real: Path, root: Path) -> bool:
    """Whether a real path is the root or below it (by whole parts: /data2 is not in /data)."""
    return os.path.commonpath([real, root]) == str(root)
