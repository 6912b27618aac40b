"""Folders, patterns and single images of slices, against what Pillow and tifffile wrote."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from render.source.slices import natural_key
from tests.unit.source.reading import one, sentence, whole


def _stack(n: int, dtype: str = "uint8", seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random((n, 6, 8)) * 200).astype(dtype)


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True), st.text(alphabet="ab_", max_size=3))
def test_numbers_in_names_count_as_numbers(numbers: list[int], prefix: str) -> None:
    names = [f"{prefix}{number}.tif" for number in numbers]
    assert sorted(names, key=natural_key) == [f"{prefix}{number}.tif" for number in sorted(numbers)]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "float32", "float16", ">u2", ">f4", "uint64"])
def test_tiff_slices(tmp_path: Path, dtype: str) -> None:
    values = _stack(12, dtype)
    for z in range(12):
        tifffile.imwrite(tmp_path / f"s{z}.tif", values[z], byteorder=">" if dtype[0] == ">" else "<")
    source = one(tmp_path)
    assert source.info.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(whole(source), values)
    assert not source.info.spacing_is_known


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_png_slices(tmp_path: Path, dtype: str, samples: int) -> None:
    scale = 255 if dtype == "uint8" else 65535
    values = (np.random.default_rng(2).random((3, 6, 8, samples)) * scale).astype(dtype)
    for z in range(3):
        (tmp_path / f"{z}.png").write_bytes(imagecodecs.png_encode(values[z].squeeze()))
    source = one(tmp_path)
    assert len(source.info.channels) == (1 if samples < 3 else 3)
    assert source.info.dtype == np.dtype(dtype)
    for channel in range(len(source.info.channels)):
        np.testing.assert_array_equal(whole(source, channel=channel), values[..., channel])


def test_masks_of_one_bit_are_0_and_1(tmp_path: Path) -> None:
    values = _stack(2) > 100
    for z in range(2):
        Image.fromarray(values[z]).save(tmp_path / f"{z}.png")
    source = one(tmp_path, kind="labels")
    assert source.info.dtype == np.uint8
    np.testing.assert_array_equal(whole(source), values.astype(np.uint8))


def test_a_palette_is_colours_of_an_image_and_ids_of_labels(tmp_path: Path) -> None:
    indices = np.arange(48, dtype=np.uint8).reshape(6, 8) % 3
    image = Image.new("P", (8, 6))
    image.putdata(indices.ravel().tolist())
    colors = [(0, 0, 0), (255, 51, 0), (0, 102, 255)]
    image.putpalette([value for color in colors for value in color])
    image.save(tmp_path / "0.png")

    picture, labels = one(tmp_path), one(tmp_path, kind="labels")

    np.testing.assert_array_equal(
        np.stack([whole(picture, channel=c)[0] for c in range(3)], -1), np.array(colors, np.uint8)[indices]
    )
    np.testing.assert_array_equal(whole(labels)[0], indices)
    assert labels.info.label_colors[1] == (1.0, 0.2, 0.0, 1.0)


def test_a_pattern_picks_files(tmp_path: Path) -> None:
    values = _stack(11)
    for z in range(11):
        tifffile.imwrite(tmp_path / f"raw_{z}.tif", values[z])
        tifffile.imwrite(tmp_path / f"mask_{z}.tif", values[z] // 2)
    np.testing.assert_array_equal(whole(one(tmp_path / "mask_*.tif")), values // 2)
    np.testing.assert_array_equal(whole(one(tmp_path / "raw_[0-3].tif")), values[:4])
    assert "no file matches" in sentence(tmp_path / "none_*.tif")


def test_spacing_from_the_user_and_from_metric_tags(tmp_path: Path) -> None:
    values = _stack(3)
    for z in range(3):
        tifffile.imwrite(tmp_path / f"{z}.tif", values[z], resolution=(20_000, 10_000), resolutionunit="CENTIMETER")
    info = one(tmp_path).info
    np.testing.assert_allclose(info.levels[0].spacing_um, (0.5, 1.0, 0.5))
    assert "how far apart" in info.notes[0]
    told = one(tmp_path, spacing_um=(0.045, 0.0046, 0.0046)).info
    np.testing.assert_allclose(told.levels[0].spacing_um, (0.0046, 0.0046, 0.045))
    assert told.spacing_is_known


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "without images" in sentence(tmp_path / "empty")
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    (tmp_path / "volume.nrrd").write_text("NRRD", encoding="utf-8")
    assert "volume.nrrd" in sentence(tmp_path)

    sizes = tmp_path / "sizes"
    sizes.mkdir()
    for z, side in enumerate((6, 6, 7)):
        tifffile.imwrite(sizes / f"{z}.tif", np.zeros((side, 8), np.uint8))
    assert "'2.tif' has 8 x 7 pixels" in sentence(sizes)
    tifffile.imwrite(sizes / "2.tif", np.zeros((6, 8), np.uint16))
    assert "'2.tif' has 1 x uint16" in sentence(sizes)

    tifffile.imwrite(sizes / "2.tif", np.zeros((4, 6, 8), np.uint8), photometric="minisblack")
    assert "'2.tif' has 4 pages" in sentence(sizes)
    Image.fromarray(np.zeros((6, 8), np.uint8)).save(sizes / "3.png")
    assert "TIFF and PNG" in sentence(sizes)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_torn_slices_are_named(tmp_path: Path, suffix: str, depth: str) -> None:
    noise = (np.random.default_rng(3).random((64, 64)) * 255).astype(depth)
    for z in range(3):
        if suffix == "png":
            (tmp_path / f"{z}.png").write_bytes(imagecodecs.png_encode(noise))
        else:
            tifffile.imwrite(tmp_path / f"{z}.tif", noise, compression="zlib")
    torn = tmp_path / f"1.{suffix}"
    torn.write_bytes(torn.read_bytes()[:1500])
    assert f"'1.{suffix}'" in sentence(tmp_path)
    torn.write_bytes(b"")
    assert f"'1.{suffix}' is empty" in sentence(tmp_path)


def test_progress_counts_slices(tmp_path: Path) -> None:
    for z in range(4):
        tifffile.imwrite(tmp_path / f"{z}.tif", np.zeros((6, 8), np.uint8))
    seen: list[tuple[int, int]] = []
    whole(one(tmp_path, progress=lambda _, done, total: seen.append((done, total))))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_em_stack(hosta_data: Path) -> None:
    raw = one(hosta_data / "em-vnc/raw", spacing_um=(0.045, 0.0046, 0.0046))
    labels = one(hosta_data / "em-vnc/labels", kind="labels")
    assert raw.info.levels[0].shape == labels.info.levels[0].shape == (20, 1024, 1024)
    seventh = np.asarray(Image.open(hosta_data / "em-vnc/labels/labels00000007.png"))
    np.testing.assert_array_equal(labels.read(0, 0, 0, (7, 0, 0), (8, 1024, 1024))[0], seventh)
    np.testing.assert_array_equal(whole(raw)[13], tifffile.imread(hosta_data / "em-vnc/raw/13.tif"))
    assert set(np.unique(whole(one(hosta_data / "em-vnc/membranes")))) == {0, 1}
