"""Names and colours of labels from a table beside a label volume: NiiVue's JSON of columns R, G, B, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import SourceError
from .decode import read_json

Rgba = tuple[float, float, float, float]


def label_table(path: Path) -> tuple[dict[int, str], dict[int, Rgba]]:
    """(names, colours) by id from `<name>.json` beside `<name>.nii.gz` and its like; empty where there is none.

    The columns R, G, B and A are 0..255; column I holds the ids, which are 0, 1, 2 ... where it is absent.
    """
    stem = path.name.removesuffix(".gz")
    table = path.with_name(stem.rpartition(".")[0] + ".json")
    if not table.is_file():
        return {}, {}
    columns = read_json(table)
    if not all(isinstance(columns.get(key), list) for key in "RGB"):
        return {}, {}  # another kind of side-car, such as BIDS metadata
    n = len(columns["R"])
    try:
        ids = [int(value) for value in columns.get("I", range(n))]
        alpha = columns.get("A", [255] * n)
        colors = {
            label: _rgba(columns["R"][row], columns["G"][row], columns["B"][row], alpha[row] if row else 255)
            for row, label in enumerate(ids)
        }
        names = dict(zip(ids, map(str, columns.get("labels", [])), strict=False))
    except (ValueError, TypeError, IndexError) as error:
        raise SourceError(
            f"'{table.name}' is no table of labels: its columns R, G, B, I differ in length or kind"
        ) from error
    colors.pop(0, None)
    names.pop(0, None)
    return names, colors


def _rgba(*values: Any) -> Rgba:
    red, green, blue, alpha = (min(max(float(value) / 255.0, 0.0), 1.0) for value in values)
    return red, green, blue, alpha
