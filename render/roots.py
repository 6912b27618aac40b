"""Which files may be opened: named roots, and names in them as `root:relative`. Pure path logic.

A name may come from a client. It never reaches a store or a library as it is: only the real path that `Roots.resolve`
returns does, and that lies inside of the root when all symlinks are followed.
"""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Self
from urllib.parse import unquote

from .errors import SourceError, UsageError

_NAME_MAX = 4096
_MATCHES_MAX = 100_000
PATTERN_MARKS = "*?["


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

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """From `name=folder` each. Raises UsageError."""
        folders: dict[str, str] = {}
        for text in texts:
            name, equals, folder = text.partition("=")
            if not (equals and folder):
                raise UsageError(f"'{text}' is no root; write name=folder, such as brains=/data/brains")
            if name in folders:
                raise UsageError(f"the root '{name}' is named twice")
            folders[name] = folder
        return cls(folders)

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

        `relative` may also name a part of a file (`stack.ome.tif/1`, `a.h5:/volumes/raw`) or be a pattern of files
        (`slices/*.tif`). What comes back for a pattern is a pattern, whose matches are all files and folders in the
        root.

        Raises SourceError for what is not written so, is absent, or leads out of its root, by `..`, by an absolute
        path or by a symlink. The words say nothing about what is outside.
        """
        root_name, colon, relative = name.partition(":")
        if not colon:
            raise SourceError("data is named as root:path")
        root = self.folder(root_name)
        parts = check_relative(relative)
        what = f"'{relative}' in the root '{root_name}'"
        try:
            os.fsencode(relative)
        except UnicodeEncodeError:
            raise SourceError(f"there is no {what}; names of files are {sys.getfilesystemencoding()} here") from None
        real = _real_path(root, parts, what)
        if real is not None:
            return real
        plain = next((count for count, part in enumerate(parts) if any(mark in part for mark in PATTERN_MARKS)), None)
        if plain is not None:
            folder = _real_path(root, parts[:plain], what)
            if folder is not None and folder.is_dir():
                return _checked_pattern(root, folder, parts[plain:], what)
        else:
            for count in range(len(parts) - 1, 0, -1):
                file = _real_path(root, (*parts[: count - 1], parts[count - 1].removesuffix(":")), what)
                if file is not None and file.is_file():
                    return file.joinpath(*parts[count:])
        raise SourceError(f"there is no {what}")


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
            raise SourceError("the path must be relative and stay in its root, without '..'")
    return PurePosixPath(relative).parts


def is_within(real: Path, root: Path) -> bool:
    """Whether a real path is the root or below it (by whole parts: /data2 is not in /data)."""
    return os.path.commonpath([real, root]) == str(root)


def _real_path(root: Path, parts: Sequence[str], what: str) -> Path | None:
    """Where the path leads; None where it leads nowhere. Raises SourceError when that is no place for data."""
    path = root.joinpath(*parts)
    try:
        if not is_within(path.resolve(), root):  # also where there is nothing: nobody learns what is outside
            raise SourceError(f"{what} leads out of it")
        real = path.resolve(strict=True)
        mode = os.stat(real).st_mode
    except (OSError, RuntimeError):  # RuntimeError: a loop of symlinks, before Python 3.13
        return None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(f"{what} is neither a file nor a folder")
    return real


def _checked_pattern(root: Path, folder: Path, parts: Sequence[str], what: str) -> Path:
    """The pattern `parts` below the real `folder`. Raises SourceError when nothing matches, or a match leads out."""
    if any("**" in part for part in parts):
        raise SourceError("a pattern in a root has no '**'; name the folders")
    pattern, matches = Path(glob.escape(str(folder))), 0
    for part in parts:  # from above, so that nothing outside is looked into
        pattern /= part
        matches = 0
        for match in islice(glob.iglob(str(pattern)), _MATCHES_MAX + 1):
            matches += 1
            if _real_path(root, (match,), what) is None:
                raise SourceError(f"{what} matches a link to a file or folder that does not exist")
        if matches == 0:
            raise SourceError(f"no file matches {what}")
        if matches > _MATCHES_MAX:
            raise SourceError(f"more than {_MATCHES_MAX} files match {what}")
    return pattern
