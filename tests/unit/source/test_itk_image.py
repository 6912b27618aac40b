"""NRRD, MetaImage, NIfTI and MRC against ITK's own reading and against files written byte by byte."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import itk
import numpy as np
import pytest

from render.source.open import open_sources
from render.space import apply
from tests.unit.source.reading import one, sentence, whole

DTYPES_ITK = ["uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"]
TURN = np.array([[0.0, -1.0, 0.0], [0.6, 0.0, 0.8], [-0.8, 0.0, 0.6]])


def _image(dtype: str, rng: np.random.Generator) -> itk.Image:
    image = itk.image_from_array((rng.random((5, 6, 7)) * 100).astype(dtype))
    image.SetSpacing([0.5, 1.25, 3.0])
    image.SetOrigin([10.0, -20.0, 30.0])
    image.SetDirection(itk.matrix_from_array(TURN))
    return image


@pytest.mark.parametrize("suffix", ["nrrd", "mha", "mhd", "nii", "nii.gz"])
@pytest.mark.parametrize("dtype", DTYPES_ITK)
def test_voxels_and_places_are_those_of_itk(tmp_path: Path, suffix: str, dtype: str) -> None:
    path = tmp_path / f"image.{suffix}"
    itk.imwrite(_image(dtype, np.random.default_rng(1)), str(path))
    again = itk.imread(str(path))

    source = one(path)

    assert source.info.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(whole(source), itk.array_from_image(again))
    indices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [6, 5, 4]], float)
    places_mm = [list(again.TransformIndexToPhysicalPoint([int(i) for i in index])) for index in indices]
    world = source.info.levels[0].world_from_vox
    np.testing.assert_allclose(apply(world, indices), np.array(places_mm) * 1000.0, rtol=1e-5, atol=1e-2)
    assert source.info.orientation == "anatomical"
    assert source.info.unit == "mm"


@pytest.mark.parametrize(("name", "dtype"), [("uint64", "<u8"), ("uint64", ">u8"), ("int64", "<i8"), ("int8", "i1")])
def test_integers_that_itk_python_does_not_wrap(tmp_path: Path, name: str, dtype: str) -> None:
    values = np.arange(24, dtype=dtype).reshape(2, 3, 4)
    values[1, 2, 3] = np.iinfo(dtype).max
    endian = "big" if dtype[0] == ">" else "little"
    header = f"NRRD0004\ntype: {name}\ndimension: 3\nsizes: 4 3 2\nendian: {endian}\nencoding: raw\n\n"
    (tmp_path / "a.nrrd").write_bytes(header.encode() + values.tobytes())

    source = one(tmp_path / "a.nrrd", kind="labels")

    assert source.info.dtype == np.dtype(name)
    np.testing.assert_array_equal(whole(source), values)


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("right-anterior-superior", (-1, -1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
    ],
)
def test_nrrd_spaces_become_lps(tmp_path: Path, space: str, signs: tuple[int, int, int]) -> None:
    text = (
        f"NRRD0005\ntype: uint8\ndimension: 3\nspace: {space}\nsizes: 4 3 2\n"
        "space directions: (2,0,0) (0,3,0) (0,0,4)\nspace origin: (5,6,7)\nencoding: raw\n\n"
    )
    (tmp_path / "a.nrrd").write_bytes(text.encode() + bytes(24))

    info = one(tmp_path / "a.nrrd").info

    expected = np.diag([2000.0 * signs[0], 3000.0 * signs[1], 4000.0 * signs[2], 1.0])
    expected[:3, 3] = np.array([5000.0, 6000.0, 7000.0]) * signs
    np.testing.assert_allclose(info.levels[0].world_from_vox, expected)
    assert info.orientation == "anatomical"


def test_nrrd_units_are_read_and_their_absence_is_told(tmp_path: Path) -> None:
    fields = "NRRD0005\ntype: uint8\ndimension: 3\nsizes: 4 3 2\nspacings: 2 3 4\nencoding: raw\n"
    (tmp_path / "um.nrrd").write_bytes((fields + 'units: "um" "um" "um"\n\n').encode() + bytes(24))
    (tmp_path / "none.nrrd").write_bytes((fields + "\n").encode() + bytes(24))

    um, none = one(tmp_path / "um.nrrd").info, one(tmp_path / "none.nrrd").info

    assert (um.unit, um.levels[0].spacing_um, um.orientation) == ("um", (2.0, 3.0, 4.0), "image")
    assert (none.unit, none.levels[0].spacing_um) == ("", (2000.0, 3000.0, 4000.0))
    assert "mm" in none.notes[0]


def test_components_are_channels_and_colours_are_named(tmp_path: Path) -> None:
    values = np.random.default_rng(2).random((2, 3, 4, 5), np.float32)
    itk.imwrite(itk.image_from_array(values, is_vector=True), str(tmp_path / "v.nrrd"))
    rgb = (np.random.default_rng(3).random((2, 3, 4, 3)) * 255).astype(np.uint8)
    itk.imwrite(itk.image_from_array(rgb, ttype=itk.Image[itk.RGBPixel[itk.UC], 3]), str(tmp_path / "rgb.nrrd"))

    vector, color = one(tmp_path / "v.nrrd"), one(tmp_path / "rgb.nrrd")

    assert len(vector.info.channels) == 5
    np.testing.assert_array_equal(whole(vector, channel=3), values[..., 3])
    assert [channel.name for channel in color.info.channels] == ["red", "green", "blue"]
    np.testing.assert_array_equal(whole(color, channel=2), rgb[..., 2])


def test_a_fourth_axis_is_time(tmp_path: Path) -> None:
    values = np.arange(3 * 24, dtype=np.uint16).reshape(3, 2, 3, 4)
    itk.imwrite(itk.image_from_array(values), str(tmp_path / "t.nii.gz"))

    source = one(tmp_path / "t.nii.gz")

    assert source.info.n_times == 3
    np.testing.assert_array_equal(whole(source, time=2), values[2])


def test_a_flat_image_is_one_slice(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    itk.imwrite(itk.image_from_array(values), str(tmp_path / "flat.mha"))
    np.testing.assert_array_equal(whole(one(tmp_path / "flat.mha")), values[np.newaxis])


def test_nan_voxels_stay_nan(tmp_path: Path) -> None:
    values = np.random.default_rng(4).random((3, 4, 5), np.float32)
    values[1, 2, 3] = np.nan
    values[0, 0, 0] = np.inf
    itk.imwrite(itk.image_from_array(values), str(tmp_path / "nan.mha"))
    np.testing.assert_array_equal(whole(one(tmp_path / "nan.mha")), values)


def test_mrc_lengths_are_angstroms(tmp_path: Path) -> None:
    values = np.random.default_rng(5).random((4, 5, 6)).astype("<f4")
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, 6, 5, 4, 2, 0, 0, 0, 6, 5, 4)
    struct.pack_into("<3f", header, 40, 6 * 13.5, 5 * 13.5, 4 * 27.0)  # the cell, in angstroms
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:212] = b"MAP "
    header[212:216] = b"\x44\x44\0\0"
    (tmp_path / "tomogram.mrc").write_bytes(bytes(header) + values.tobytes())

    source = one(tmp_path / "tomogram.mrc")

    np.testing.assert_array_equal(whole(source), values)
    np.testing.assert_allclose(source.info.levels[0].spacing_um, (13.5e-4, 13.5e-4, 27e-4), rtol=1e-6)
    assert source.info.unit == "angstrom"
    (tmp_path / "cut.mrc").write_bytes((tmp_path / "tomogram.mrc").read_bytes()[:-50])
    assert "cut.mrc" in sentence(tmp_path / "cut.mrc")


def test_a_format_is_known_by_its_bytes(tmp_path: Path) -> None:
    for suffix in ("nrrd", "mha"):
        path = tmp_path / f"a.{suffix}"
        itk.imwrite(_image("uint8", np.random.default_rng(6)), str(path))
        expected = whole(one(path))
        path.rename(tmp_path / "no_suffix")
        np.testing.assert_array_equal(whole(one(tmp_path / "no_suffix")), expected)
    itk.imwrite(_image("uint8", np.random.default_rng(6)), str(tmp_path / "a.nii"))
    (tmp_path / "a.nii").rename(tmp_path / "no_suffix")
    assert "must end in .nii" in sentence(tmp_path / "no_suffix")


def test_labels_bring_the_table_beside_them(tmp_path: Path) -> None:
    itk.imwrite(_image("uint8", np.random.default_rng(7)), str(tmp_path / "atlas.nii.gz"))
    (tmp_path / "atlas.json").write_text(
        '{"R": [0, 255, 0], "G": [0, 51, 0], "B": [0, 0, 255], "labels": ["none", "left", "right"]}',
        encoding="utf-8",
    )
    info = one(tmp_path / "atlas.nii.gz", kind="labels").info
    assert info.label_names == {1: "left", 2: "right"}
    assert info.label_colors == {1: (1.0, 0.2, 0.0, 1.0), 2: (0.0, 0.0, 1.0, 1.0)}


def test_floating_point_labels_are_whole_numbers_or_refused(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    itk.imwrite(itk.image_from_array(values), str(tmp_path / "ids.mha"))
    itk.imwrite(itk.image_from_array(values + 0.5), str(tmp_path / "half.mha"))

    source = one(tmp_path / "ids.mha", kind="labels")

    assert source.info.dtype == np.int64
    np.testing.assert_array_equal(whole(source), values.astype(np.int64))
    assert "not whole" in sentence(tmp_path / "half.mha", kind="labels")


def _mha(path: Path, lines: str, data: bytes) -> Path:
    path.write_bytes(
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\n{lines}\nElementDataFile = LOCAL\n".encode() + data
    )
    return path


def test_bad_files_say_so(tmp_path: Path) -> None:
    fine = "DimSize = 4 3 2\nElementSpacing = 1 1 1\nElementType = MET_UCHAR"
    assert whole(one(_mha(tmp_path / "fine.mha", fine, bytes(24)))).shape == (2, 3, 4)

    assert "empty" in sentence(_touch(tmp_path / "empty.nrrd"))
    assert "cannot be read" in sentence(_mha(tmp_path / "short.mha", fine, bytes(10)))
    assert "spacing" in sentence(_mha(tmp_path / "nan.mha", fine.replace("1 1 1", "1 1 nan"), bytes(24)))
    huge = fine.replace("4 3 2", "2000000 2000000 2000000")
    assert "huge.mha" in sentence(_mha(tmp_path / "huge.mha", huge, bytes(24)))
    large = fine.replace("4 3 2", "200000 200000 1000")
    assert "memory" in sentence(_mha(tmp_path / "large.mha", large, bytes(24)))
    (tmp_path / "torn.nii.gz").write_bytes(gzip.compress(bytes(400))[:30])
    assert "torn.nii.gz" in sentence(tmp_path / "torn.nii.gz")
    (tmp_path / "noise").write_bytes(np.random.default_rng(8).bytes(2000))
    assert "no format that is read here; these are" in sentence(tmp_path / "noise")
    (tmp_path / "noise.nrrd").write_bytes(np.random.default_rng(8).bytes(2000))
    assert "noise.nrrd" in sentence(tmp_path / "noise.nrrd")


def test_truncated_nrrd_and_nifti(tmp_path: Path) -> None:
    for suffix in ("nrrd", "nii", "nii.gz"):
        path = tmp_path / f"cut.{suffix}"
        itk.imwrite(_image("uint16", np.random.default_rng(9)), str(path))
        path.write_bytes(path.read_bytes()[:-100])
        assert f"cut.{suffix}" in sentence(path)


def _touch(path: Path) -> Path:
    path.touch()
    return path


def test_brain_mri(hosta_data: Path) -> None:
    path = hosta_data / "brain/spm152.nii.gz"
    source = one(path)
    info = source.info
    assert info.levels[0].shape == (215, 256, 207)
    assert info.dtype == np.float32
    np.testing.assert_allclose(info.levels[0].spacing_um, 737.463, rtol=1e-5)
    np.testing.assert_array_equal(
        source.read(0, 0, 0, (90, 100, 110), (95, 109, 120)),
        itk.array_view_from_image(itk.imread(str(path)))[90:95, 100:109, 110:120],
    )


def test_atlas_with_names(hosta_data: Path) -> None:
    (source,) = open_sources(str(hosta_data / "allen-atlas/AllenAtlas.nii.gz"), kind="labels")
    assert source.info.dtype == np.uint8
    assert len(source.info.label_names) == 141
    assert set(np.unique(whole(source))) <= {0, *source.info.label_names}
