"""Roots: folders with a name. `name:relative/path` means a file in one, and nothing outside of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import SourceError, UsageError

_PATTERN_MARKS = "*?["


def parse_roots(texts: Sequence[str]) -> dict[str, Path]:
    """`name=dir` each, as real paths by name. Raises UsageError."""
    roots: dict[str, Path] = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        if not (equals and folder and name.replace("-", "_").isidentifier()):
            raise UsageError(f"'{text}' is no root; write name=folder, such as brains=/data/brains")
        if name in roots:
            raise UsageError(f"the root '{name}' is named twice")
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise SourceError(f"the folder {folder} of the root '{name}' does not exist")
        roots[name] = path.resolve()
    return roots


def resolve(text: str, roots: Mapping[str, Path]) -> str:
    """What a PATH means: a file in a root, else what it says. It must be there. Raises SourceError."""
    if text.startswith("synthetic:"):
        return text
    name, colon, relative = text.partition(":")
    if not colon or name not in roots:
        _check_exists(text)
        return text
    _check_name(relative)
    root = roots[name]
    found = Path(os.path.realpath(root / relative))
    if Path(relative).is_absolute() or not found.is_relative_to(root):
        raise SourceError(f"'{text}' leads out of the root '{name}'")
    _check_exists(str(found), text)
    return str(found)


def _check_exists(path: str, text: str | None = None) -> None:
    """Patterns and parts of a file (`stack.tif/1`) are left to the readers."""
    shown = text if text is not None else path
    _check_name(path)
    here = Path(path).expanduser()
    if here.exists() or here.parent.is_file() or any(mark in path for mark in _PATTERN_MARKS) or "://" in path:
        return
    raise SourceError(f"'{shown}' does not exist; name a file, a folder, a pattern of slices or synthetic:cell")


def _check_name(path: str) -> None:
    if "\0" in path:
        raise SourceError("the name of the data holds a NUL character")
