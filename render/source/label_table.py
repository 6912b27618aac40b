"""Names, colours, parents and merges of labels from a table: CSV, JSON, and the text tables of other programs.

A table is found beside a volume under its name, or named by the user. Read are

* CSV with a header, whatever its delimiter: id, name, r, g, b, a or color (hex), parent, root;
* JSON: NiiVue's columns R, G, B, A, I, labels; neuroglancer's inline segment properties; records with id, name and
  color_hex_triplet, parent or children, such as the Allen Institute's structure graph;
* ITK-SNAP's label descriptions, 3D Slicer's colour tables (.ctbl) and FreeSurfer's lookup tables.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import SourceError
from ..limits import DEFAULT_LIMITS
from .decode import check_regular, format_bytes, reading

Rgba = tuple[float, float, float, float]
Row = Mapping[str, Any]
"""A line of a table by the names of WORDS."""

BESIDE = (".json", ".csv", ".tsv", ".label", ".ctbl", ".lut")
"""A table has the volume's name with one of these endings instead of its own."""
_VOLUME_ENDINGS = (".ome.zarr", ".nii.gz", ".ome.tiff", ".ome.tif", ".seg.nrrd")
WORDS = {
    "id": ("id", "label_id", "labelid", "segment_id", "segmentid", "structure_id", "index", "idx", "value", "label"),
    "name": ("name", "label_name", "labelname", "segment_name", "safe_name", "structure", "label", "acronym"),
    "red": ("r", "red"),
    "green": ("g", "green"),
    "blue": ("b", "blue"),
    "alpha": ("a", "alpha"),
    "hex": ("color", "colour", "hex", "rgb", "color_hex_triplet", "color_hex"),
    "parent": ("parent", "parent_id", "parent_structure_id"),
    "root": ("root", "root_id", "merged_into"),
}
_DEPTH_MAX = 64
_SNAP = re.compile(r'\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.]+)\s+[01]\s+[01]\s+"(.*)"\s*')
_LUT = re.compile(r"\s*(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)(?:\s+(\d+))?\s*")


@dataclass(frozen=True)
class LabelTable:
    """By id: names, colours (sRGB and alpha, each 0..1), the id that is its parent in a hierarchy, and the root that
    it is merged into. An id is 0 .. 2^64 - 1; of signed ids it is the 64-bit pattern. 0, the background, is in none.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    colors: Mapping[int, Rgba] = field(default_factory=dict)
    parents: Mapping[int, int] = field(default_factory=dict)
    roots: Mapping[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.names or self.colors or self.parents or self.roots)

    def over(self, other: LabelTable) -> LabelTable:
        """This table, and the other one where this one says nothing."""
        if not other:
            return self
        if not self:
            return other
        return LabelTable(
            {**other.names, **self.names},
            {**other.colors, **self.colors},
            {**other.parents, **self.parents},
            {**other.roots, **self.roots},
        )


class NoTable(SourceError):  # noqa: N818 - it says what the file is
    """A file that may well be right, but is no table of labels."""


def label_table(path: Path) -> tuple[dict[int, str], dict[int, Rgba]]:
    """(names, colours) by id from a table beside the volume `path`; empty where there is none. Raises SourceError."""
    table = table_beside(path)
    return dict(table.names), dict(table.colors)


def table_beside(path: Path) -> LabelTable:
    """The table beside the volume `path`, such as `atlas.json` beside `atlas.nii.gz`; empty where there is none.

    Files of that name that hold something else, such as BIDS metadata, are passed over. Raises SourceError for a table
    with mistakes.
    """
    for stem in _stems(path.name):
        for ending in BESIDE:
            beside = path.with_name(stem + ending)
            if beside.name != path.name and beside.is_file():
                try:
                    return read_table(beside)
                except NoTable:
                    continue
    return LabelTable()


def _stems(name: str) -> list[str]:
    for ending in _VOLUME_ENDINGS:
        if name.lower().endswith(ending):
            return [name[: -len(ending)]]
    return [name.rpartition(".")[0] or name]


def read_table(path: Path) -> LabelTable:
    """The table in a file, whichever of the kinds it is of. Raises SourceError, for what is no table NoTable."""
    what = f"'{path.name}'"
    most = DEFAULT_LIMITS.label_table_max_bytes
    with reading(what):
        if check_regular(path) > most:
            raise SourceError(f"{what} is larger than a table of labels may be ({format_bytes(most)})")
        raw = path.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        start = text[:4096].lstrip()[:1]
        if path.suffix.lower() == ".json" or start in ("{", "["):
            return _of_rows(_json_rows(text, what), what)
        plain = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if plain and all(_SNAP.fullmatch(line) for line in plain):
            return _of_rows(_snap_rows(plain), what)
        if plain and all(_LUT.fullmatch(line) for line in plain):
            return _of_rows(_lut_rows(plain), what)
        return _of_rows(_csv_rows(text, what), what)


# ---- kinds of files ----


def _snap_rows(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        found = _SNAP.fullmatch(line)
        assert found is not None
        number, red, green, blue, alpha, name = found.groups()
        yield {"id": number, "name": name, "red": red, "green": green, "blue": blue, "alpha": 255 * float(alpha)}


def _lut_rows(lines: list[str]) -> Iterator[Row]:
    rows = [found.groups() for line in lines if (found := _LUT.fullmatch(line))]
    # FreeSurfer writes 0 for all: it means transparency there.
    opaque = all(row[5] in (None, "0") for row in rows)
    for number, name, red, green, blue, alpha in rows:
        yield {
            "id": number, "name": name, "red": red, "green": green, "blue": blue, "alpha": 255 if opaque else alpha,
        }  # fmt: skip


def _csv_rows(text: str, what: str) -> Iterator[Row]:
    head = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(",\t;|", key=head.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    header = next(lines, [])
    columns = _columns([name.strip().lower().replace(" ", "_") for name in header])
    if "id" not in columns:
        raise NoTable(
            f"{what} is no table of labels: its first line must name a column id, and name, r, g, b or color (hex), "
            "parent or root beside it"
        )
    for cells in lines:
        if any(cell.strip() for cell in cells):
            yield {word: cells[at].strip() if at < len(cells) else "" for word, at in columns.items()}


def _columns(header: list[str]) -> dict[str, int]:
    """Where each of WORDS is. A column has one meaning: `label` is an id only where nothing else is."""
    found: dict[str, int] = {}
    for word, aliases in WORDS.items():
        for alias in aliases:
            if alias in header and header.index(alias) not in found.values():
                found[word] = header.index(alias)
                break
    return found


def _json_rows(text: str, what: str) -> Iterator[Row]:
    try:
        value = json.loads(text)
    except RecursionError:
        raise SourceError(f"{what} is nested too deep") from None
    if isinstance(value, dict) and all(isinstance(value.get(key), list) for key in "RGB"):
        return _niivue_rows(value, what)
    if isinstance(value, dict) and value.get("@type") == "neuroglancer_segment_properties":
        return _property_rows(value, what)
    if isinstance(value, dict):
        value = value.get("msg", value)
    if isinstance(value, dict) and "id" in value:
        value = [value]
    if isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
        return _record_rows(value, None, what)
    raise NoTable(
        f"{what} is no table of labels: it has neither columns R, G, B and labels, nor neuroglancer's segment "
        "properties, nor a list of records with an id"
    )


def _niivue_rows(columns: Mapping[str, Any], what: str) -> Iterator[Row]:
    n = len(columns["R"])
    ids, alpha = columns.get("I", list(range(n))), columns.get("A", [255] * n)
    lists = (ids, columns["R"], columns["G"], columns["B"], alpha)
    if not all(isinstance(one, list) and len(one) == n for one in lists):
        raise SourceError(f"{what} is no table of labels: its columns R, G, B, I differ in length or kind")
    names = columns.get("labels", [])
    names = names if isinstance(names, list) else []
    for row, (number, red, green, blue, opacity) in enumerate(zip(*lists, strict=True)):
        name = names[row] if row < len(names) else ""
        yield {"id": number, "name": name, "red": red, "green": green, "blue": blue, "alpha": opacity}


def _property_rows(value: Mapping[str, Any], what: str) -> Iterator[Row]:
    inline = value.get("inline")
    ids = inline.get("ids") if isinstance(inline, dict) else None
    properties = inline.get("properties") if isinstance(inline, dict) else None
    if not isinstance(ids, list) or not isinstance(properties, list):
        raise SourceError(f"{what} holds segment properties without a list of ids and one of properties")
    labels = next((one for one in properties if isinstance(one, dict) and one.get("type") == "label"), {})
    names = labels.get("values", [])
    if not isinstance(names, list) or len(names) not in (0, len(ids)):
        raise SourceError(f"{what} has {len(ids)} ids and another number of labels")
    for row, number in enumerate(ids):
        yield {"id": number, "name": names[row] if names else ""}


def _record_rows(records: list[Any], parent: object, what: str, depth: int = 0) -> Iterator[Row]:
    if depth > _DEPTH_MAX:
        raise SourceError(f"{what} has a hierarchy of more than {_DEPTH_MAX} levels")
    for record in records:
        if not isinstance(record, dict) or "id" not in record:
            raise SourceError(f"{what} has a record without an id")
        lower = {str(key).lower(): key for key in record}
        row = {
            word: record[lower[alias]]
            for word, aliases in WORDS.items()
            for alias in reversed(aliases)
            if alias in lower
        }
        row["id"] = record["id"]
        if row.get("parent") is None and parent is not None:
            row["parent"] = parent
        yield row
        children = record.get("children")
        if isinstance(children, list):
            yield from _record_rows(children, record["id"], what, depth + 1)


# ---- rows ----


def _of_rows(rows: Iterable[Row], what: str) -> LabelTable:
    kept = list(rows)
    scale = _color_scale(kept)
    names: dict[int, str] = {}
    colors: dict[int, Rgba] = {}
    parents: dict[int, int] = {}
    roots: dict[int, int] = {}
    for number, row in enumerate(kept, 1):
        here = f"row {number} of {what}"
        label = _label(row.get("id"), here)
        if label == 0:
            continue
        if name := str(row.get("name") or "").strip():
            names[label] = name
        if (color := _color(row, scale, here)) is not None:
            colors[label] = color
        for word, into in (("parent", parents), ("root", roots)):
            if row.get(word) not in (None, ""):
                into[label] = _label(row[word], here)
    return LabelTable(names, colors, parents, {label: root for label, root in roots.items() if root != label})


def _label(value: object, here: str) -> int:
    """An id of a table as 0 .. 2^64 - 1."""
    text = str(value).strip()
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    if not isinstance(value, bool) and re.fullmatch(r"[-+]?[0-9]{1,40}", text):
        number = int(text)
        if -(2**63) <= number < 2**64:
            return number & 0xFFFFFFFFFFFFFFFF
    raise SourceError(f"{here} has {text[:40]!r} where an id from 0 to {2**64 - 1} must be")


def _color_scale(rows: Iterable[Row]) -> float:
    """255 for colours of whole numbers, 1 for fractions."""
    told = [str(row[word]) for row in rows for word in ("red", "green", "blue") if row.get(word) not in (None, "")]
    try:
        is_fraction = any("." in text for text in told) and max(map(float, told), default=0.0) <= 1.0
    except ValueError:
        return 255.0  # what is wrong is told with its row
    return 1.0 if is_fraction else 255.0


def _color(row: Row, scale: float, here: str) -> Rgba | None:
    said = str(row.get("hex") or "").strip().lstrip("#")
    if said:
        if not re.fullmatch(r"[0-9a-fA-F]{6}([0-9a-fA-F]{2})?", said):
            raise SourceError(f"{here} has the colour {said[:20]!r}; write six or eight hex digits, such as ff8000")
        red, green, blue, alpha = (int(said[at : at + 2] or "ff", 16) / 255.0 for at in (0, 2, 4, 6))
        return red, green, blue, alpha
    parts = [row.get(word) for word in ("red", "green", "blue")]
    if any(part in (None, "") for part in parts):
        return None
    alpha_said = row.get("alpha")
    parts.append(scale if alpha_said in (None, "") else alpha_said)
    try:
        numbers = [float(str(part)) for part in parts]
        if not all(map(math.isfinite, numbers)):
            raise ValueError
    except ValueError:
        raise SourceError(f"{here} has a colour of {parts[:3]}; write numbers from 0 to {scale:g}") from None
    red, green, blue, alpha = (min(max(part / scale, 0.0), 1.0) for part in numbers)
    return red, green, blue, alpha
