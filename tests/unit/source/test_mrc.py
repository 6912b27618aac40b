"""MRC files that mrcfile and ITK wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import itk
import mrcfile
import numpy as np
import pytest

from tests.unit.source.reading import one, sentence, whole


def _values(dtype: Any, shape: tuple[int, ...] = (4, 5, 6)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 120, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.float32, np.uint16, np.float16])
def test_every_mode_that_mrcfile_writes(tmp_path: Path, dtype: Any) -> None:
    values = _values(dtype) - np.array(60 if np.dtype(dtype).kind != "u" else 0, dtype)
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(values)
        file.voxel_size = (2.0, 3.0, 4.0)
        file.header.origin = (10.0, 20.0, 30.0)
    source = one(tmp_path / "a.mrc")
    assert (source.info.format, source.info.dtype, source.info.unit) == ("MRC", dtype, "angstrom")
    np.testing.assert_array_equal(whole(source), values)
    assert source.info.levels[0].spacing_um == pytest.approx((2e-4, 3e-4, 4e-4))
    np.testing.assert_allclose(source.info.levels[0].world_from_vox[:3, 3], [1e-3, 2e-3, 3e-3], rtol=1e-6)


def test_nstart_and_turned_axes(tmp_path: Path) -> None:
    values = _values(np.float32)
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(values)
        file.voxel_size = (2.0, 3.0, 4.0)
        file.nstart = (5, 6, 7)
    source = one(tmp_path / "a.mrc")
    np.testing.assert_allclose(source.info.levels[0].world_from_vox[:3, 3], [1e-3, 1.8e-3, 2.8e-3], rtol=1e-6)
    with mrcfile.open(tmp_path / "a.mrc", "r+") as file:  # columns along z, rows along x, sections along y
        file.header.mapc, file.header.mapr, file.header.maps = 3, 1, 2
        file.header.mx, file.header.my, file.header.mz = 5, 4, 6
        file.header.cella = (10.0, 12.0, 24.0)
        file.header.nxstart, file.header.nystart, file.header.nzstart = 7, 5, 6
    source = one(tmp_path / "a.mrc")
    np.testing.assert_array_equal(whole(source), values.transpose(2, 0, 1))
    assert source.info.levels[0].spacing_um == pytest.approx((2e-4, 3e-4, 4e-4))
    np.testing.assert_allclose(source.info.levels[0].world_from_vox[:3, 3], [1e-3, 1.8e-3, 2.8e-3], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.uint16])
def test_itk_reads_the_same(tmp_path: Path, dtype: Any) -> None:
    values = _values(dtype) + np.array(130 if dtype == np.uint8 else 0, dtype)
    image = itk.image_from_array(values)
    image.SetSpacing([2.0, 3.0, 4.0])
    image.SetOrigin([10.0, 20.0, 30.0])
    itk.imwrite(image, str(tmp_path / "a.mrc"))
    theirs, source = itk.imread(str(tmp_path / "a.mrc")), one(tmp_path / "a.mrc")
    np.testing.assert_array_equal(whole(source), itk.array_from_image(theirs))
    assert source.info.levels[0].spacing_um == pytest.approx(tuple(1e-4 * s for s in theirs.GetSpacing()))
    np.testing.assert_allclose(source.info.levels[0].world_from_vox[:3, 3], 1e-4 * np.array(theirs.GetOrigin()))
    assert bool(source.info.notes) == (dtype == np.uint8)


def test_stacks_of_volumes_are_times(tmp_path: Path) -> None:
    values = _values(np.int16, (3, 4, 5, 6))
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(values)
    source = one(tmp_path / "a.mrc")
    assert source.info.n_times == 3
    assert not source.info.spacing_is_known
    np.testing.assert_array_equal(whole(source, time=2), values[2])


def test_big_endian_and_extended_headers(tmp_path: Path) -> None:
    values = _values(np.int16)
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(values.astype(">i2"))
        file.set_extended_header(np.zeros(100, "V1"))
    raw = (tmp_path / "a.mrc").read_bytes()
    with mrcfile.open(tmp_path / "a.mrc") as file:
        np.testing.assert_array_equal(file.data, values)
    source = one(tmp_path / "a.mrc")
    np.testing.assert_array_equal(whole(source), values)
    (tmp_path / "cut.mrc").write_bytes(raw[:-20])
    assert "'cut.mrc' is truncated" in sentence(tmp_path / "cut.mrc")
    for at, value, said in [(12, 4, "complex"), (12, 77, "mode 77"), (64, 9, "sections, rows and columns")]:
        (tmp_path / "odd.mrc").write_bytes(raw[:at] + int(value).to_bytes(4, "big") + raw[at + 4 :])
        assert said in sentence(tmp_path / "odd.mrc")
