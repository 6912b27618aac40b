"""Metadata of N5, precomputed and OME-Zarr with one value replaced by nonsense: it opens, or there is a SourceError."""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.errors import SourceError
from render.source.open import open_sources
from tests.doubles.store_server import serve_folder
from tests.unit.source.stores import scale, space, write_image
from tests.unit.source.test_n5 import write_array
from tests.unit.source.test_precomputed import SHARDING, write_volume

NONSENSE = (None, True, -1, 0, 2**70, 1e300, "", "x", "../../x", [], {}, [None], [[]], [-1, -1, -1], ["x"] * 3,
            {"type": "x"}, [{}], [{"path": 1}], [1e308] * 3)  # fmt: skip
VALUES = np.random.default_rng(1).integers(0, 200, (8, 8, 8)).astype(np.uint8)


def _n5(folder: Path) -> Path:
    transform = {"axes": ["z", "y", "x"], "scale": [4, 4, 4], "translate": [0, 0, 0], "units": ["nm"] * 3}
    attributes = {"resolution": [4, 4, 40], "offset": [1, 2, 3], "axes": ["x", "y", "z"], "transform": transform,
                  "downsamplingFactors": [1, 1, 1]}  # fmt: skip
    return write_array(folder / "a.n5", VALUES, attributes) / "attributes.json"


def _n5_group(folder: Path) -> Path:
    for name in ("s0", "s1"):
        write_array(folder / "a.n5" / name, VALUES if name == "s0" else VALUES[::2, ::2, ::2])
    datasets = [{"path": name, "transform": {"axes": ["z", "y", "x"], "scale": [s] * 3, "translate": [0] * 3}}
                for name, s in (("s0", 4), ("s1", 8))]  # fmt: skip
    path = folder / "a.n5/attributes.json"
    said = {"multiscales": [{"datasets": datasets}], "scales": [[1, 1, 1], [2, 2, 2]], "painteraData": {"type": "x"}}
    path.write_text(json.dumps(said), "utf-8")
    return path


def _precomputed(folder: Path) -> Path:
    path = write_volume(folder / "a", [VALUES[None]], "segmentation", sharding=SHARDING) / "info"
    said = json.loads(path.read_text("utf-8")) | {"segment_properties": "names"}
    path.write_text(json.dumps(said), "utf-8")
    return path


def _names(folder: Path) -> Path:
    _precomputed(folder)
    (folder / "a/names").mkdir()
    path = folder / "a/names/info"
    inline = {"ids": ["1", "2"], "properties": [{"id": "name", "type": "label", "values": ["a", "b"]}]}
    path.write_text(json.dumps({"@type": "neuroglancer_segment_properties", "inline": inline}), "utf-8")
    return path


def _zarr(folder: Path) -> Path:
    image = write_image(
        folder / "a.zarr", {"0": VALUES}, space("z", "y", "x"), {"0": [scale(4, 4, 4)]}, version="0.5",
        shards=(8, 8, 8), chunks=(4, 4, 4),
    )  # fmt: skip
    return image / "0/zarr.json"


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*way, key)
        yield from _places(inner, (*way, key))


def _replaced(said: Any, way: tuple[Any, ...], by: Any) -> Any:
    made = copy.deepcopy(said)
    place = made
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = by
    return made


@pytest.mark.parametrize("write", [_n5, _n5_group, _precomputed, _names, _zarr])
def test_nonsense_ends_in_a_sentence(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path)
    said = json.loads(path.read_text("utf-8"))
    store = tmp_path / path.relative_to(tmp_path).parts[0]
    draw = random.Random(1)
    cases = [(way, by) for way in _places(said) for by in draw.sample(NONSENSE, 2)]
    with serve_folder(tmp_path) as server:
        for number, (way, by) in enumerate(cases):
            path.write_text(json.dumps(_replaced(said, way, by)), "utf-8")
            where = f"{server.url}/{store.name}" if number % 4 == 0 else str(store)
            with contextlib.suppress(SourceError):
                for source in open_sources(where):
                    try:
                        lo = tuple(n - 1 for n in source.info.levels[0].shape)
                        source.read(0, 0, 0, lo, source.info.levels[0].shape)
                    finally:
                        source.close()
