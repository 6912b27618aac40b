"""The segments of a scene's segmentations: their tables, and searching them by name and id.

Everything here may be called from any thread, and none of it looks at voxels.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..source.base import Source
from ..source.label_table import LabelTable, read_table, table_beside

_NONE = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class FoundSegment:
    """`parent` is None where the data have no hierarchy, or this segment is at its top."""

    id: int
    name: str
    parent: int | None


@dataclass(frozen=True)
class FoundSegments:
    """One page of what was found: `total` is how many there are on all pages."""

    total: int
    segments: tuple[FoundSegment, ...]


class Segments:
    """What is known of the ids of one segmentation, for lists: those of its table, and those seen in its voxels."""

    def __init__(self, table: LabelTable) -> None:
        self._table = table
        named = {*table.names, *table.colors, *table.parents} - {0}
        self._known = np.sort(np.array(list(named), np.uint64)) if named else _NONE
        self._lock = threading.Lock()
        self._seen_count = 0
        self._all = self._known
        self._text = ""  # all names, lower case, a line each
        self._starts: list[int] = []  # where the lines begin
        self._rows: NDArray[np.uint64] = _NONE  # whose they are

    def find(self, text: str, seen: NDArray[np.uint64], first: int, count: int) -> FoundSegments:
        """`count` of the segments that fit `text`, from the one numbered `first` on.

        A segment fits when its id begins with these digits or its name contains this text, in any case; without text
        all do. The one with exactly this id comes first, then they ascend by id. `seen`: the ids in the voxels seen so
        far, in any order; only ever more of them.
        """
        with self._lock:
            ids = self._everything(seen)
            text = text.strip().lower()
            if text:
                ids = np.union1d(self._begin_with(ids, text), self._named(text))
                exact = np.flatnonzero(ids == np.uint64(int(text) if _is_id(text) else 0))
                if len(exact):
                    ids = np.concatenate([ids[exact], np.delete(ids, exact)])
        page = ids[first : first + count].tolist()
        return FoundSegments(len(ids), tuple(self.describe(page)))

    def describe(self, ids: Sequence[int]) -> list[FoundSegment]:
        """These segments, in this order, whether or not anything is known of them."""
        table = self._table
        return [FoundSegment(one, table.names.get(one, ""), table.parents.get(one)) for one in ids]

    def _everything(self, seen: NDArray[np.uint64]) -> NDArray[np.uint64]:
        if len(seen) != self._seen_count:
            everything = np.union1d(self._known, seen)
            self._all, self._seen_count = everything[everything != 0], len(seen)
        return self._all

    @staticmethod
    def _begin_with(ids: NDArray[np.uint64], text: str) -> NDArray[np.uint64]:
        """Those of `ids` (ascending) whose decimal digits begin with `text`."""
        if not _is_id(text):
            return _NONE
        parts, low, width = [], int(text), 1
        while low < 2**64 and low > 0:
            high = min(low + width, 2**64) - 1
            first, last = np.searchsorted(ids, np.uint64(low)), np.searchsorted(ids, np.uint64(high), "right")
            parts.append(ids[first:last])
            low, width = 10 * low, 10 * width
        return np.concatenate(parts) if parts else _NONE

    def _named(self, text: str) -> NDArray[np.uint64]:
        """Ids whose name contains `text`, which is lower case."""
        if not self._starts and self._table.names:
            lines = [" ".join(name.lower().split()) for name in self._table.names.values()]
            self._rows = np.array(list(self._table.names), np.uint64)
            self._starts = np.concatenate([[0], np.cumsum([len(line) + 1 for line in lines])])[:-1].tolist()
            self._text = "\n".join(lines)
        rows, wanted = [], " ".join(text.split())
        at = self._text.find(wanted)
        while at >= 0:
            row = bisect_right(self._starts, at) - 1
            rows.append(row)
            if row + 1 == len(self._starts):
                break
            at = self._text.find(wanted, self._starts[row + 1])
        return self._rows[rows]


def _is_id(text: str) -> bool:
    """Whether it is digits of an id, without a 0 at the beginning."""
    return re.fullmatch("[1-9][0-9]{0,19}", text) is not None and int(text) < 2**64


def beside(path: str, sources: Sequence[Source]) -> dict[int, LabelTable]:
    """By place in `sources`, which were opened from `path`: the table beside it, for the one segmentation that brings
    neither names nor colours of its own. Raises SourceError for a table with mistakes."""
    labels = [place for place, source in enumerate(sources) if source.info.kind == "labels"]
    if len(labels) != 1 or path.startswith("synthetic:") or "://" in path or "\0" in path:
        return {}
    info = sources[labels[0]].info
    table = table_beside(Path(path).expanduser()) if not (info.label_names or info.label_colors) else LabelTable()
    return {labels[0]: table} if table else {}


def named_tables(tables: Sequence[str], keys: Sequence[str]) -> dict[str, LabelTable]:
    """By key of a segmentation: the tables that the user named, as FILE or, where there are several segmentations, as
    KEY=FILE. `keys` are those of the segmentations. Raises SourceError."""
    given: dict[str, LabelTable] = {}
    for text in tables:
        key, _, file = text.partition("=")
        if key not in keys or not file:
            key, file = "", text
        if not keys:
            raise SourceError(f"there is no segmentation for the table '{text}'; name one with --labels")
        if not key and len(keys) > 1:
            raise SourceError(
                f"there are {len(keys)} segmentations; say which one the table is for, such as '{keys[0]}={text}'"
            )
        path = Path(file).expanduser()
        if not path.exists():
            raise SourceError(f"there is no table '{file}'")
        key = key or keys[0]
        given[key] = read_table(path).over(given.get(key, LabelTable()))
    return given


def tables_of(path: str, sources: Sequence[Source], tables: Sequence[str] = ()) -> dict[int, LabelTable]:
    """By place in `sources`, which were opened from `path`: what is known of each segmentation's labels, from the
    data, the table beside them and those that the user named (by the source's name). Raises SourceError."""
    lying = beside(path, sources)
    keys = {source.info.name: place for place, source in enumerate(sources) if source.info.kind == "labels"}
    given = named_tables(tables, list(keys))
    known: dict[int, LabelTable] = {}
    for place, source in enumerate(sources):
        if source.info.kind == "labels":
            own = LabelTable(source.info.label_names, source.info.label_colors)
            over = given.get(source.info.name, LabelTable())
            known[place] = over.over(lying.get(place, LabelTable())).over(own)
    return known
