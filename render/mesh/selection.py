"""Which segments are meant: ids, names and patterns of names, as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..errors import UsageError
from ..source.base import SourceInfo

EVERY = "all"
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_MARKS = "*?["


def chosen_ids(texts: Sequence[str], info: SourceInfo) -> list[int] | None:
    """The ids that texts such as `12,34`, `Cerebellum`, `*nucleus*` name, in their order; None for `all`.

    A text is one name if the file has it as it is, with its commas; else it is parts between commas. Names are compared
    without regard to case; a part that is a number is an id. Raises UsageError for a part that is no segment's name.
    """
    names: dict[str, list[int]] = {}
    for identifier, name in info.label_names.items():
        if identifier != 0:
            names.setdefault(name.strip().casefold(), []).append(identifier)
    found: list[int] = []
    for text in texts:
        whole = text.strip().casefold()
        if whole == EVERY:
            return None
        for part in [whole] if whole in names else [part.strip() for part in whole.split(",")]:
            if part:
                found += _ids_of(part, names, info)
    if not found:
        raise UsageError("no segment is chosen; --ids takes ids and names such as 12,34, or all")
    return list(dict.fromkeys(found))


def _ids_of(part: str, names: dict[str, list[int]], info: SourceInfo) -> list[int]:
    if part in names:
        return names[part]
    if _NUMBER.fullmatch(part):
        return [int(part)]
    if any(mark in part for mark in _MARKS):
        matching = [one for name, ids in names.items() if fnmatchcase(name, part) for one in ids]
        if matching:
            return matching
    if not names:
        raise UsageError(f"'{part}' is no id, and {info.name} has no names of segments")
    raise UsageError(f"no segment of {info.name} is called '{part}'; it has {_some(info)}")


def _some(info: SourceInfo) -> str:
    shown = [name for identifier, name in sorted(info.label_names.items()) if identifier != 0 and name][:4]
    return ", ".join(f"'{name}'" for name in shown) + (" and others" if len(info.label_names) > 4 else "")
