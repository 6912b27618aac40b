"""What `hosta convert` writes, read back with other libraries and compared with numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ngff_zarr
import numpy as np
import pytest
import tensorstore
import zarr

from render.source.open import open_sources

from .stores import converted, is_mode, mean_of


def stored(path: Path, level: int) -> np.ndarray[Any, Any]:
    """A level as zarr-python reads it."""
    return np.asarray(zarr.open_array(path / str(level), mode="r")[...])


def with_tensorstore(path: Path, level: int) -> np.ndarray[Any, Any]:
    folder = path / str(level)
    driver = "zarr3" if (folder / "zarr.json").exists() else "zarr"
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{folder}/"}}
    return np.asarray(tensorstore.open(spec, read=True).result().read().result())


@pytest.mark.parametrize("ngff", ["0.5", "0.4"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_all_levels_of_an_image(tmp_path: Path, dtype: str, ngff: str) -> None:
    rng = np.random.default_rng(3)
    voxels = (rng.normal(100, 40, (67, 131, 150)).clip(0, 250)).astype(dtype)
    voxels[:64, :64, :64] = 0  # a chunk that is not stored
    path = converted(tmp_path, voxels, ngff=ngff, shard=128)
    assert (stored(path, 0) == voxels).all()
    fine = voxels
    for level in (1, 2):
        coarse = stored(path, level)
        expected = mean_of(fine, (2, 2, 2))
        if dtype == "float32":
            np.testing.assert_allclose(coarse, expected, rtol=1e-6)
        else:
            assert (coarse == expected).all()
        assert (with_tensorstore(path, level) == coarse).all()
        fine = coarse
    assert not (path / "3").exists()
    assert max(fine.shape) <= 64
    (source,) = open_sources(str(path))
    assert (source.read(1, 0, 0, (0, 0, 0), source.info.levels[1].shape) == stored(path, 1)).all()
    files = [file for file in (path / "0").rglob("*") if file.is_file() and file.name not in ("zarr.json", ".zarray")]
    assert len(files) == (1 * 2 * 2 if ngff == "0.5" else 2 * 3 * 3 - 1)


@pytest.mark.parametrize("dtype", ["uint8", "uint32", "uint64", "int64"])
def test_all_levels_of_labels(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(4)
    ids = np.array([0, 1, 2, np.iinfo(dtype).max, np.iinfo(dtype).max - 1], dtype)
    labels = ids[rng.integers(0, 5, (13, 70, 22))]
    path = converted(tmp_path, labels, kind="labels")
    assert (stored(path, 0) == labels).all()
    coarse = stored(path, 1)
    assert coarse.dtype == labels.dtype
    assert is_mode(coarse, labels, (2, 2, 2))


def test_long_voxels_are_halved_last(tmp_path: Path) -> None:
    voxels = np.random.default_rng(5).integers(0, 255, (20, 140, 130), np.uint8)
    path = converted(tmp_path, voxels, spacing_um=(0.045, 0.0046, 0.0046))
    assert [stored(path, level).shape for level in range(3)] == [(20, 140, 130), (20, 70, 65), (20, 35, 33)]
    assert (stored(path, 1) == mean_of(voxels, (1, 2, 2))).all()
    image = ngff_zarr.from_ngff_zarr(path, validate=True, version="0.5").images[2]
    assert image.scale == pytest.approx({"z": 0.045, "y": 0.0184, "x": 0.0184})
    # The centre of the first voxel of level 2 is that of 4 x 4 fine ones: 1.5 fine voxels in.
    assert image.translation == pytest.approx({"z": 0.0, "y": 1.5 * 0.0046, "x": 1.5 * 0.0046})


def test_nan_is_left_out_of_means(tmp_path: Path) -> None:
    voxels = np.random.default_rng(6).normal(size=(66, 70, 30)).astype(np.float32)
    voxels[::3] = np.nan
    voxels[10:20, 10:20, 10:20] = np.nan
    voxels[5, 5, 5] = np.inf
    path = converted(tmp_path, voxels)
    assert np.array_equal(stored(path, 0), voxels, equal_nan=True)
    np.testing.assert_allclose(stored(path, 1), mean_of(voxels, (2, 2, 2)), rtol=1e-6, atol=1e-12)


def test_times_and_channels(tmp_path: Path) -> None:
    voxels = np.random.default_rng(7).integers(0, 4000, (2, 3, 10, 70, 20), np.uint16)
    path = converted(tmp_path, voxels)
    assert zarr.open_array(path / "0", mode="r").metadata.dimension_names == ("t", "c", "z", "y", "x")
    assert (stored(path, 0) == voxels).all()
    for at in np.ndindex(2, 3):
        assert (stored(path, 1)[at] == mean_of(voxels[at], (2, 2, 2))).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 200), (129, 1, 1), (64, 64, 64), (65, 64, 63)])
def test_odd_shapes(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    voxels = np.random.default_rng(8).integers(1, 255, shape, np.uint8)
    path = converted(tmp_path, voxels)
    assert (stored(path, 0) == voxels).all()
    last = max(int(entry.name) for entry in path.iterdir() if entry.name.isdecimal())
    assert max(stored(path, last).shape) <= 64


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
@pytest.mark.parametrize("ngff", ["0.5", "0.4"])
def test_codecs_are_read_by_others(tmp_path: Path, compression: str, ngff: str) -> None:
    voxels = np.random.default_rng(9).integers(0, 900, (40, 66, 70), np.uint32)
    path = converted(tmp_path, voxels, compression=compression, ngff=ngff)
    size = sum(file.stat().st_size for file in (path / "0").rglob("*") if file.is_file())
    assert compression == "none" or size < 0.45 * voxels.nbytes  # of four bytes two are always 0, once shuffled
    assert (stored(path, 0) == voxels).all()
    assert (with_tensorstore(path, 0) == voxels).all()


def test_the_same_whatever_the_blocks(tmp_path: Path) -> None:
    """A budget cuts the work differently, into blocks from whose chunks coarser ones are made later, and into slabs."""
    voxels = np.random.default_rng(10).integers(0, 900, (150, 260, 130), np.uint16)
    levels = []
    for memory in (256 << 20, 4 << 30):
        folder = tmp_path / str(memory)
        folder.mkdir()
        path = converted(folder, voxels, memory_bytes=memory, threads=16)
        levels.append([stored(path, level) for level in range(4)])
    for a, b in zip(*levels, strict=True):
        assert (a == b).all()
