"""The index of bricks against numpy, and when it is not used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from render.bricks.brick_regions import APRON
from render.bricks.index import Index, index_folder, open_index, place_of
from render.bricks.index_build import build_index
from render.cli import main
from render.source.open import open_sources

from ..convert.stores import converted

Array = np.ndarray[Any, Any]


def around(voxels: Array, brick: tuple[int, int, int], payload: int = 64) -> Array:
    """A brick with its apron, cut at the faces of the volume."""
    return voxels[tuple(slice(max(b * payload - APRON, 0), (b + 1) * payload + APRON) for b in brick)]


def opened(path: Path) -> Index:
    notes: list[str] = []
    index = open_index(path, open_sources(str(path))[0].info, notes.append)
    assert notes == []
    assert index is not None
    return index


@pytest.fixture
def speckled() -> Array:
    """(c, z, y, x): single bright voxels near faces, edges and corners of bricks, else zeros."""
    rng = np.random.default_rng(1)
    voxels = np.zeros((2, 70, 200, 129), np.uint16)
    places = [61, 62, 63, 64, 65, 66, 127, 128]
    for value in range(1, 60):
        at = [int(rng.choice([p for p in places if p < n])) for n in voxels.shape[1:]]
        voxels[(value % 2, *at)] = value * 1000 + 7
    return voxels


@pytest.mark.parametrize("how", ["by convert", "by convert, 0.4", "by index"])
def test_ranges_are_those_of_numpy(tmp_path: Path, speckled: Array, how: str) -> None:
    path = converted(tmp_path, speckled, index=how != "by index", ngff="0.4" if "0.4" in how else "0.5")
    if how == "by index":
        assert open_index(path) is None
        assert main(["index", str(path)]) == 0
    index = opened(path)
    for level in range(3):
        stored = np.asarray(zarr.open_array(path / str(level), mode="r")[...])
        for channel in range(2):
            for brick in product(*(range(-(-n // 64)) for n in stored.shape[1:])):
                part = around(stored[channel], brick)
                assert index.range(level, channel, 0, brick) == (part.min(), part.max()), (level, channel, brick)
    assert index.range(0, 0, 0, (1, 1, 1)) == index.range(0, 0, 0, (2, 3, 2), payload=32)
    assert index.range(0, 0, 0, (2, 0, 0)) is None
    assert index.range(9, 0, 0, (0, 0, 0)) is None
    group = zarr.open_group(index_folder(path), mode="r")  # others can read it too
    assert group["ranges/0"][0, 0, 0, 0, 0].tolist() == list(index.range(0, 0, 0, (0, 0, 0)) or ())


def test_floats_and_nan(tmp_path: Path) -> None:
    voxels = np.random.default_rng(2).normal(size=(10, 130, 10)).astype(np.float32)
    voxels[3, 100, 3] = np.nan
    index = opened(converted(tmp_path, voxels))
    first, second = voxels[:, :66], voxels[:, 62:130]
    assert index.range(0, 0, 0, (0, 0, 0)) == (float(first.min()), float(first.max()))
    assert index.range(0, 0, 0, (0, 1, 0)) == (-np.inf, float(np.nanmax(second)))


def test_which_ids_may_be_in_a_brick(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    labels = np.zeros((70, 140, 130), np.uint64)
    ids = (np.uint64(2**53 + 1) + np.arange(40, dtype=np.uint64) * np.uint64(12345678901)).tolist()
    for identifier in ids:
        z, y, x = (int(rng.integers(0, n - 5)) for n in labels.shape)
        labels[z : z + 5, y : y + 5, x : x + 5] = identifier
    index = opened(converted(tmp_path, labels, kind="labels"))
    wrong = asked = 0
    for brick in product(range(2), range(3), range(3)):
        there = set(np.unique(around(labels, brick)).tolist()) - {0}
        assert index.range(0, 0, 0, brick) == (min(there | {0}), max(there | {0})) or 0 not in around(labels, brick)
        for identifier in ids:
            said = index.may_hold(0, 0, 0, brick, [identifier])
            assert said or identifier not in there
            wrong += said and identifier not in there
            asked += identifier not in there
        if there:
            assert index.may_hold(0, 0, 0, brick, [5, *there])
    assert wrong < 0.02 * asked


def test_a_file_has_its_index_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voxels = np.random.default_rng(4).integers(5, 99, (70, 20, 20), np.uint8)
    np.save(tmp_path / "a.npy", voxels)
    assert main(["index", str(tmp_path / "a.npy")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a.npy.hosta_index")
    index = opened(tmp_path / "a.npy")
    assert index.range(0, 0, 0, (0, 0, 0)) == (voxels[:66].min(), voxels[:66].max())
    assert index.range(0, 0, 0, (1, 0, 0)) == (voxels[62:].min(), voxels[62:].max())


def test_labels_in_a_store_have_one_of_their_own(tmp_path: Path) -> None:
    assert (
        main(["convert", "synthetic:cell?size=70", str(tmp_path / "c.ome.zarr"), "--channel", "DNA", "--no-index"]) == 0
    )
    assert main(["index", str(tmp_path / "c.ome.zarr")]) == 0
    image, labels = open_sources(str(tmp_path / "c.ome.zarr"))
    places = [place_of(tmp_path / "c.ome.zarr", source.info) for source in (image, labels)]
    assert places == [tmp_path / "c.ome.zarr", tmp_path / "c.ome.zarr" / "labels" / "cell_organelles"]
    found = [open_index(place, source.info) for place, source in zip(places, (image, labels), strict=True)]
    assert [index and index.kind for index in found] == ["image", "labels"]


def other_voxels(path: Path) -> None:
    chunk = next(file for file in sorted((path / "0" / "c").rglob("*")) if file.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1])


def other_shape(path: Path) -> None:
    array = zarr.open_array(path / "0", mode="r+")
    array.resize((30, 66, 20))


def torn(path: Path) -> None:
    (path / "hosta_index" / "zarr.json").write_text("{")


@pytest.mark.parametrize("change", [other_voxels, other_shape, torn])
def test_a_stale_index_is_not_used(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = converted(tmp_path, np.random.default_rng(5).integers(0, 9, (30, 70, 20), np.uint8))
    assert open_index(path) is not None
    shutil.copytree(path, tmp_path / "copy.ome.zarr")
    assert open_index(tmp_path / "copy.ome.zarr") is not None  # a copy has other times of files, and the same data
    change(path)
    notes: list[str] = []
    assert open_index(path, None, notes.append) is None
    (note,) = notes
    assert note.startswith("The index of made.ome.zarr is not used: ")
    assert note.endswith("'hosta index' makes a new one.")


def test_a_lost_block_is_not_known(tmp_path: Path) -> None:
    path = converted(tmp_path, np.ones((30, 70, 20), np.uint8))
    index = opened(path)
    for file in (path / "hosta_index" / "ranges" / "0" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    assert index.range(0, 0, 0, (0, 0, 0)) is None


def test_an_interrupted_index_goes_on(tmp_path: Path) -> None:
    """What was looked at is not read again: the chunks of it may even be gone by then."""
    path = converted(
        tmp_path, np.random.default_rng(6).integers(1, 99, (20, 70, 300), np.uint8), index=False, ngff="0.4"
    )
    calls = 0

    def stop(what: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(path, None, 1, stop)
    assert calls == 2
    assert open_index(path) is None
    seen: list[int] = []
    build_index(path, None, 1, lambda what, done, total: seen.append(done))
    assert seen[0] == 1
    stored = np.asarray(zarr.open_array(path / "0", mode="r")[...])
    assert opened(path).range(0, 0, 0, (0, 0, 4)) == (stored[:, :66, 254:].min(), stored[:, :66, 254:].max())
