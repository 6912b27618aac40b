"""DICOM series against ITK's own series reading, with real files and with files written here."""

from __future__ import annotations

import shutil
from pathlib import Path

import itk
import numpy as np
import pytest

from render.source.dicom import find_series
from render.space import apply
from tests.unit.source.reading import one, sentence, whole


def write_slice(path: Path, pixels: np.ndarray, position: tuple[float, float, float], series: str = "1.2.3") -> None:
    """A secondary capture with a position, which is enough for a series of slices."""
    image = itk.image_from_array(pixels[np.newaxis])
    image.SetSpacing([0.5, 0.75, 2.0])
    image.SetOrigin(position)
    io = itk.GDCMImageIO.New()
    io.SetKeepOriginalUID(True)
    entries = {
        "0008|0008": "ORIGINAL\\PRIMARY\\AXIAL",
        "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
        "0008|0018": f"{series}.{abs(hash(path.name)) % 10**8}",
        "0008|0060": "CT",
        "0020|000d": "1.2.3.4",
        "0020|000e": series,
        "0020|0032": "\\".join(f"{value:g}" for value in position),
        "0020|0037": "1\\0\\0\\0\\1\\0",
    }
    dictionary = image.GetMetaDataDictionary()
    for key, value in entries.items():
        dictionary.Set(key, itk.MetaDataObject[str].New(MetaDataObjectValue=value))
    itk.imwrite(image, str(path), imageio=io)


@pytest.fixture
def series(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """Five slices whose names are not in the order of their places."""
    values = (np.random.default_rng(1).random((5, 6, 7)) * 1000).astype(np.int16)
    for z, name in enumerate("dbeac"):
        write_slice(tmp_path / f"{name}.dcm", values[z], (10.0, 20.0, 30.0 + 2.5 * z))
    return tmp_path, values


def test_slices_are_sorted_by_place(series: tuple[Path, np.ndarray]) -> None:
    folder, values = series
    source = one(folder)
    np.testing.assert_array_equal(whole(source), values)
    level = source.info.levels[0]
    np.testing.assert_allclose(level.spacing_um, (500.0, 750.0, 2500.0))
    np.testing.assert_allclose(level.world_from_vox[:3, 3], (10_000.0, 20_000.0, 30_000.0))
    assert (source.info.orientation, source.info.unit, source.info.notes) == ("anatomical", "mm", ())


def test_one_file_opens_its_series(series: tuple[Path, np.ndarray]) -> None:
    folder, values = series
    for z in range(3):
        write_slice(folder / f"other{z}.dcm", values[z] + 1, (0.0, 0.0, z * 1.0), series="1.2.9")
    assert len(find_series(folder)) == 2

    np.testing.assert_array_equal(whole(one(folder / "a.dcm")), values)
    np.testing.assert_array_equal(whole(one(folder / "other1.dcm")), values[:3] + 1)
    largest = one(folder)
    np.testing.assert_array_equal(whole(largest), values)
    assert "2 series" in largest.info.notes[0]


def test_slices_at_one_place_are_times(tmp_path: Path) -> None:
    values = (np.random.default_rng(2).random((2, 3, 4, 5)) * 100).astype(np.int16)
    for t in range(2):
        for z in range(3):
            write_slice(tmp_path / f"t{t}z{z}.dcm", values[t, z], (0.0, 0.0, 3.0 * z))
    source = one(tmp_path)
    assert source.info.n_times == 2
    np.testing.assert_array_equal(whole(source, time=1), values[1])


def test_uneven_steps_and_shifted_slices_are_told(tmp_path: Path) -> None:
    values = np.zeros((4, 5, 6), np.int16)
    for z, (place, shift) in enumerate([(0.0, 0.0), (2.0, 1.0), (4.0, 2.0), (9.0, 3.0)]):
        write_slice(tmp_path / f"{z}.dcm", values[z], (0.0, shift, place))
    info = one(tmp_path).info
    assert "varies" in info.notes[0]
    # A tilted gantry: the last slice lies where the file says, 3 mm to the back and 9 mm up.
    np.testing.assert_allclose(apply(info.levels[0].world_from_vox, np.array([0.0, 0.0, 3.0])), (0.0, 3000.0, 9000.0))


def test_a_slice_of_another_size_is_another_series(series: tuple[Path, np.ndarray]) -> None:
    folder, values = series
    write_slice(folder / "z.dcm", np.zeros((3, 3), np.int16), (10.0, 20.0, 90.0))
    source = one(folder)
    np.testing.assert_array_equal(whole(source), values)
    assert "2 series" in source.info.notes[0]


def test_a_torn_slice_is_named(series: tuple[Path, np.ndarray]) -> None:
    folder, _ = series
    (folder / "a.dcm").write_bytes((folder / "a.dcm").read_bytes()[:-60])
    assert "'a.dcm'" in sentence(folder)


def test_ct_series(hosta_data: Path, tmp_path: Path) -> None:
    names = itk.GDCMSeriesFileNames.New()
    names.SetDirectory(str(hosta_data / "ct-dicom"))
    expected = itk.imread(list(names.GetFileNames(names.GetSeriesUIDs()[0])))

    source = one(hosta_data / "ct-dicom")

    assert source.info.levels[0].shape == (120, 512, 512)
    np.testing.assert_array_equal(whole(source), itk.array_view_from_image(expected))
    indices = np.array([[0, 0, 0], [511, 0, 0], [0, 511, 0], [0, 0, 119]], float)
    places_mm = [list(expected.TransformIndexToPhysicalPoint([int(i) for i in index])) for index in indices]
    np.testing.assert_allclose(
        apply(source.info.levels[0].world_from_vox, indices), np.array(places_mm) * 1000.0, atol=0.5
    )
    # A folder with one file of it, without the suffix.
    shutil.copy(hosta_data / "ct-dicom/1-007.dcm", tmp_path / "slice")
    assert one(tmp_path).info.levels[0].shape == (1, 512, 512)
