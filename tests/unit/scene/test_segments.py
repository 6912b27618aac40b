"""Searching segments, against a plain scan; and which table belongs to which segmentation."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from render.errors import SourceError
from render.scene.open import open_scene
from render.scene.segments import Segments
from render.source.label_table import LabelTable

NAMES = ["Left Nucleus", "right nucleus", "ER", "12 golgi", "Golgi\n apparatus", "mitochondrion"]


def plain(table: LabelTable, seen: list[int], text: str) -> list[int]:
    every = sorted(({*table.names, *table.colors, *table.parents} | set(seen)) - {0})
    wanted = " ".join(text.lower().split())
    names = {one: " ".join(table.names.get(one, "\0").lower().split()) for one in every}
    found = [
        one for one in every if not wanted or (wanted.isdigit() and str(one).startswith(wanted)) or wanted in names[one]
    ]
    return sorted(found, key=lambda one: (str(one) != wanted, one))


TEXTS = ["", "nucleus", " NUCLEUS ", "1", "12", "golgi app", "x", "0", "9007199254740993", "1844674407370955161", "r"]


@pytest.mark.parametrize("text", [*TEXTS, "9" * 20])
def test_search_finds_what_a_scan_finds(text: str) -> None:
    rng = np.random.default_rng(0)
    ids = [12, 121, 2**53 + 1, 5, 1, 2**64 - 1]
    table = LabelTable(dict(zip(ids, NAMES, strict=True)), {33: (1, 1, 1, 1)}, {5: 12})
    seen = [0, 1, 10, 2**64 - 1, 2**64 - 2, *rng.integers(1, 2**40, 500).tolist()]
    segments = Segments(table)
    found = segments.find(text, np.array(seen, np.uint64), 0, 10_000)
    assert [one.id for one in found.segments] == plain(table, seen, text)
    assert found.total == len(found.segments)
    assert all(one.name == table.names.get(one.id, "") for one in found.segments)
    page = segments.find(text, np.array(seen, np.uint64), 2, 3)
    assert page.total == found.total
    assert page.segments == found.segments[2:5]


def test_ids_that_turn_up_later_are_found() -> None:
    segments = Segments(LabelTable({7: "a"}))
    assert segments.find("", np.array([0], np.uint64), 0, 9).total == 1
    assert [one.id for one in segments.find("", np.array([0, 9, 3], np.uint64), 0, 9).segments] == [3, 7, 9]


def test_searching_a_million_names_takes_no_time() -> None:
    names = {one: f"neuron {one * 7919}" for one in range(1, 1_000_001)}
    segments = Segments(LabelTable(names))
    seen = np.array(list(names), np.uint64)
    segments.find("x", seen, 0, 1)
    started = time.perf_counter()
    found = segments.find("neuron 7919000", seen, 0, 50)
    assert time.perf_counter() - started < 1.0
    assert {one.id for one in found.segments} >= {1000}


def test_tables_are_found_and_named(tmp_path: Path) -> None:
    voxels = np.zeros((4, 4, 4), np.uint16)
    voxels[1:3] = 7
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, voxels)
    (tmp_path / "a.csv").write_text("id,name\n7,beside\n8,too\n")
    (tmp_path / "other.csv").write_text("id,name\n7,named\n")
    a, b, other = (str(tmp_path / name) for name in ("a.npy", "b.npy", "other.csv"))
    scene = open_scene([], [a, b])
    assert [layer.table.names for layer in scene.layers] == [{7: "beside", 8: "too"}, {}]
    keys = [layer.key for layer in scene.layers]
    scene.close()
    scene = open_scene([], [a, b], tables=[f"{keys[0]}={other}", f"{keys[1]}={other}"])
    assert [layer.table.names for layer in scene.layers] == [{7: "named", 8: "too"}, {7: "named"}]
    scene.close()
    scene = open_scene([], [b], tables=[other])
    assert scene.layers[0].table.names == {7: "named"}
    scene.close()
    for paths, labels, sentence in (
        ([a], [], "there is no segmentation for the table"),
        ([], [a, b], "there are 2 segmentations; say which one"),
    ):
        with pytest.raises(SourceError, match=sentence):
            open_scene(paths, labels, tables=[other])
    with pytest.raises(SourceError, match="there is no table"):
        open_scene([], [a], tables=[str(tmp_path / "absent.csv")])
