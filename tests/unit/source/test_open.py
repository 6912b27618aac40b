"""The registry, arrays in memory, .npy files, and what a user hears who names the wrong thing."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import itk
import numpy as np
import pytest
import tifffile

from render.errors import SourceError
from render.source.decode import reason
from render.source.geometry import coarser, level_factor, respacing, world_of
from render.source.memory import MemorySource
from render.source.planes import PieceCache
from render.space import affine, apply
from tests.unit.source.reading import one, opened, sentence, whole


@pytest.mark.parametrize(
    ("name", "said"),
    [("gone.tif", "there is no file or folder"), ("gone/gone.zarr", "there is no file or folder"), ("", "empty"),
     ("a\0b", "NUL"), ("ftp://example.org/a.zarr", "'ftp://' are not read"), ("s3:///a.zarr", "names no host"),
     ("https://me:secret@example.org/a", "no user name"), ("a.zarr|tiff:", "names no format"),
     ("https://example.org/a/../b", "no '.' or '..'"), ("s3://bucket/a#b", "without '#'")],
)  # fmt: skip
def test_names_of_nothing(name: str, said: str) -> None:
    assert said in sentence(name)


def test_files_that_are_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("some words\n" * 100, encoding="utf-8")
    text = sentence(tmp_path / "a.txt")
    assert "'a.txt' is in no format that is read here" in text
    assert "OME-Zarr" in text
    (tmp_path / "empty").touch()
    assert "is empty" in sentence(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in sentence(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "link to a file or folder that does not exist" in sentence(tmp_path / "dangling")
    (tmp_path / "n5").mkdir()
    (tmp_path / "n5/attributes.json").write_text("{}", encoding="utf-8")
    assert "N5 group without an image" in sentence(tmp_path / "n5")


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((2, 8, 8), np.uint8))
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything
        monkeypatch.setattr(Path, "open", _refuse)
    assert "permission denied" in sentence(path)


def _refuse(self: Path, *_: object) -> None:
    raise PermissionError(13, "Permission denied", str(self))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", ">u2", "float16", ">f4", "float64", "uint64", "int64"])
def test_npy_files(tmp_path: Path, dtype: str) -> None:
    values = (np.random.default_rng(1).random((2, 3, 4, 5)) * 100).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    source = one(tmp_path / "a.npy")
    assert len(source.info.channels) == 2
    np.testing.assert_array_equal(whole(source, channel=1), values[1].astype(source.info.dtype))
    np.save(tmp_path / "f.npy", np.asfortranarray(values[0]))
    np.testing.assert_array_equal(whole(one(tmp_path / "f.npy")), values[0].astype(source.info.dtype))


def test_npy_files_that_are_refused(tmp_path: Path) -> None:
    for name, array in {
        "object": np.array([[[None, 1]]], object), "complex": np.zeros((2, 2, 2), complex),
        "text": np.full((2, 2, 2), "a"), "flat": np.zeros(4), "deep": np.zeros((1, 1, 1, 1, 2, 2)),
        "none": np.zeros((0, 2, 2)),
    }.items():  # fmt: skip
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
        assert f"{name}.npy" in sentence(tmp_path / f"{name}.npy")
    np.save(tmp_path / "cut.npy", np.zeros((4, 4, 4)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-100])
    assert "cut.npy" in sentence(tmp_path / "cut.npy")


def test_arrays_in_memory() -> None:
    values = np.random.default_rng(1).random((2, 3, 4, 5, 6)).astype(">f8")
    values[1, 2, 3, 4, 5] = np.nan
    source = MemorySource(values, spacing_um=(3.0, 2.0, 1.0))
    assert (source.info.n_times, len(source.info.channels)) == (2, 3)
    assert source.info.levels[0].spacing_um == (1.0, 2.0, 3.0)
    np.testing.assert_array_equal(whole(source, channel=2, time=1), values[1, 2])
    source.close()
    with pytest.raises(SourceError, match="closed"):
        source.read(0, 0, 0, (0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    "spacing", [(0.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (float("nan"), 1.0, 1.0), (float("inf"), 1.0, 1.0)]
)
def test_spacings_that_make_no_sense(spacing: tuple[float, float, float], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="spacing"):
        MemorySource(np.zeros((2, 2, 2)), spacing_um=spacing)
    np.save(tmp_path / "a.npy", np.zeros((2, 2, 2)))
    assert "--spacing" in sentence(tmp_path / "a.npy", spacing_um=spacing)


def test_a_box_outside_is_the_callers_mistake() -> None:
    source = MemorySource(np.zeros((2, 3, 4)))
    for lo, hi in (((0, 0, 0), (3, 3, 4)), ((-1, 0, 0), (1, 1, 1)), ((1, 1, 1), (1, 2, 2))):
        with pytest.raises(IndexError):
            source.read(0, 0, 0, lo, hi)


def test_the_users_spacing_keeps_directions_and_scales_the_place(tmp_path: Path) -> None:
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    image = itk.image_from_array(np.zeros((4, 5, 6), np.uint8))
    image.SetSpacing([1.0, 2.0, 3.0])
    image.SetOrigin([10.0, 20.0, 30.0])
    image.SetDirection(itk.matrix_from_array(turn))
    itk.imwrite(image, str(tmp_path / "a.mha"))
    world = one(tmp_path / "a.mha", spacing_um=(30.0, 40.0, 2000.0)).info.levels[0].world_from_vox
    np.testing.assert_allclose(world[:3, :3], turn @ np.diag([2000.0, 40.0, 30.0]), atol=1e-9)
    # x of the world runs along the grid's y, whose step shrank 50 times; y along its x, whose step doubled.
    np.testing.assert_allclose(world[:3, 3], (10_000 / 50, 20_000 * 2, 30_000 / 100))


def test_respacing_is_exact_for_any_turned_grid() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        world = affine(tuple(rng.uniform(0.1, 9, 3)), tuple(rng.normal(size=3)), turn)
        by = respacing(world, (4.0, 5.0, 6.0))
        np.testing.assert_allclose(by @ world[:3, :3], turn @ np.diag([6.0, 5.0, 4.0]), atol=1e-9)


def test_a_coarser_level_covers_the_same_ground() -> None:
    fine = world_of((3.0, 2.0, 1.0), (30.0, 20.0, 10.0))
    coarse = coarser(fine, (4.0, 2.0, 1.0))
    # The outer face of the first voxel stays, and so does that of voxel 8 / factor.
    for index in (-0.5, 7.5):
        p_fine = apply(fine, np.array([index, index, index]))
        p_coarse = apply(coarse, np.array([(index + 0.5) / f - 0.5 for f in (1.0, 2.0, 4.0)]))
        np.testing.assert_allclose(p_coarse, p_fine)


@pytest.mark.parametrize(
    ("fine", "coarse", "factor"), [(100, 50, 2), (101, 50, 2), (101, 51, 2), (7, 1, 7), (100, 13, 8), (5, 5, 1)]
)
def test_factors_of_levels(fine: int, coarse: int, factor: float) -> None:
    assert level_factor(fine, coarse) == factor


def test_reasons_are_one_line_without_folders() -> None:
    text = (
        "/build/x.cxx:12:\nITK ERROR: MetaImageIO(0x55d0a): File cannot be read: /home/me/a.mha for reading.\nReason: 5"
    )
    assert reason(RuntimeError(text)) == "File cannot be read: a.mha for reading."
    assert reason(OSError(2, "No such file or directory", "/secret/x")) == "no such file or directory"
    assert reason(ValueError()) == "ValueError"
    assert len(reason(ValueError("x" * 9999))) == 240


def test_the_cache_keeps_to_its_budget_and_makes_things_once() -> None:
    cache = PieceCache(1000)
    made: list[int] = []

    def make(key: int) -> np.ndarray:
        made.append(key)
        return np.full(400, key, np.uint8)

    for key in (1, 2, 1, 3, 1, 2):
        assert cache.get(key, lambda key=key: make(key))[0] == key
    assert made == [1, 2, 3, 2]

    started = threading.Barrier(4)
    slow: list[int] = []

    def load() -> np.ndarray:
        slow.append(1)
        return np.zeros(10, np.uint8)

    def want() -> None:
        started.wait()
        cache.get("same", load)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slow) == 1


def test_a_cache_that_could_not_load_tries_again() -> None:
    cache = PieceCache(1000)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: np.zeros(1 // 0))
    assert cache.get("a", lambda: np.ones(1))[0] == 1


def test_synthetic_samples_are_sources() -> None:
    source = opened("synthetic:cell?size=32")[0]
    assert whole(source).shape == source.info.levels[0].shape
