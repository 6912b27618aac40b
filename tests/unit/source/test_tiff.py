"""TIFF volumes against what tifffile wrote and reads by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import tifffile

from render.space import apply
from tests.unit.source.reading import one, sentence, whole


def _values(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    return (np.random.default_rng(len(shape)).random(shape) * 200).astype(dtype)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
                                   "float16", "float32", "float64"])  # fmt: skip
@pytest.mark.parametrize(
    "options", [{}, {"tile": (16, 32)}, {"compression": "zlib", "rowsperstrip": 5}, {"bigtiff": True}]
)
def test_stacks_of_pages(tmp_path: Path, dtype: str, options: dict) -> None:
    values = _values((5, 40, 50), dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", **options)
    source = one(tmp_path / "a.tif")
    expected = np.dtype(np.uint8) if dtype == "bool" else np.dtype(dtype)
    assert source.info.dtype == expected
    np.testing.assert_array_equal(whole(source), values.astype(expected))
    assert not source.info.spacing_is_known


@pytest.mark.parametrize("axes", ["TZCYX", "TCZYX", "CZYX", "ZCYX", "TYX", "ZYX", "CYX", "YX"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_ome_axes_units_and_channels(tmp_path: Path, axes: str, tile: tuple[int, int] | None) -> None:
    lengths = {"T": 2, "C": 3, "Z": 4, "Y": 20, "X": 24}
    values = _values(tuple(lengths[axis] for axis in axes))
    metadata = {
        "axes": axes, "PhysicalSizeX": 4.6, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 5.0, "PhysicalSizeYUnit": "nm",
        "PhysicalSizeZ": 0.045, "PhysicalSizeZUnit": "µm",
    }  # fmt: skip
    if "C" in axes:
        metadata["Channel"] = {"Name": ["nuclei", "actin", "er"], "Color": [-16776961, 16711935, 65535]}
    tifffile.imwrite(tmp_path / "a.ome.tif", values, metadata=metadata, photometric="minisblack", tile=tile)

    source = one(tmp_path / "a.ome.tif")

    info = source.info
    np.testing.assert_allclose(info.levels[0].spacing_um, (0.0046, 0.005, 0.045))
    full = values
    for position, axis in enumerate("TCZYX"):
        if axis not in axes:
            full = np.expand_dims(full, position if axis != "T" else 0)
    order = [axis for axis in axes if axis in "TCZ"]
    if order == ["T", "Z", "C"]:
        full = values.transpose(0, 2, 1, 3, 4)
    elif order == ["Z", "C"]:
        full = values.transpose(1, 0, 2, 3)[np.newaxis]
    assert (info.n_times, len(info.channels)) == full.shape[:2]
    for time in range(full.shape[0]):
        for channel in range(full.shape[1]):
            np.testing.assert_array_equal(whole(source, channel=channel, time=time), full[time, channel])
    if "C" in axes:
        assert [channel.name for channel in info.channels] == ["nuclei", "actin", "er"]
        assert [channel.color for channel in info.channels] == [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]


def test_pyramids_are_levels(tmp_path: Path) -> None:
    finest = _values((3, 130, 96))
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0}
    with tifffile.TiffWriter(tmp_path / "p.ome.tif") as tiff:
        tiff.write(finest, subifds=2, tile=(32, 32), metadata=metadata)
        tiff.write(finest[:, ::2, ::2], subfiletype=1, tile=(32, 32))
        tiff.write(finest[:, ::4, ::4], subfiletype=1, tile=(32, 32))

    source = one(tmp_path / "p.ome.tif")

    assert [level.shape for level in source.info.levels] == [(3, 130, 96), (3, 65, 48), (3, 33, 24)]
    np.testing.assert_array_equal(whole(source, level=1), finest[:, ::2, ::2])
    np.testing.assert_array_equal(whole(source, level=2), finest[:, ::4, ::4])
    # The first voxel of a level that is 4 times coarser covers fine voxels 0..3: its centre is at 1.5 of them.
    np.testing.assert_allclose(apply(source.info.levels[2].world_from_vox, np.zeros(3)), (0.75, 0.75, 0.0))
    np.testing.assert_allclose(source.info.levels[2].spacing_um, (2.0, 2.0, 2.0))


def test_imagej_hyperstacks(tmp_path: Path) -> None:
    values = _values((2, 4, 3, 20, 24))
    tifffile.imwrite(
        tmp_path / "ij.tif", values, imagej=True, resolution=(4.0, 2.0),
        metadata={"axes": "TZCYX", "spacing": 0.9, "unit": "um", "Ranges": (0.0, 100.0, 5.0, 50.0, 1.0, 2.0)},
    )  # fmt: skip
    source = one(tmp_path / "ij.tif")
    info = source.info
    assert (info.format, info.unit, info.n_times) == ("ImageJ TIFF", "um", 2)
    np.testing.assert_allclose(info.levels[0].spacing_um, (0.25, 0.5, 0.9))
    assert [channel.window for channel in info.channels] == [(0.0, 100.0), (5.0, 50.0), (1.0, 2.0)]
    np.testing.assert_array_equal(whole(source, channel=2, time=1), values[1, :, 2])


def test_the_time_between_time_points(tmp_path: Path) -> None:
    voxels = _values((3, 2, 4, 5))
    said = {"axes": "TZYX", "TimeIncrement": 250.0, "TimeIncrementUnit": "ms"}
    tifffile.imwrite(tmp_path / "a.ome.tif", voxels, metadata=said)
    tifffile.imwrite(tmp_path / "b.tif", voxels, imagej=True, metadata={"axes": "TZYX", "finterval": 2.0})
    tifffile.imwrite(tmp_path / "c.ome.tif", voxels, metadata={"axes": "TZYX"})
    steps = []
    for name in ("a.ome.tif", "b.tif", "c.ome.tif"):
        info = one(tmp_path / name).info
        assert info.n_times == 3
        steps.append(info.time_step_s)
    assert steps == [0.25, 2.0, None]


def test_imagej_without_a_length_is_not_calibrated(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "ij.tif", _values((4, 20, 24)), imagej=True, metadata={"axes": "ZYX", "unit": "pixel"})
    assert not one(tmp_path / "ij.tif").info.spacing_is_known


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("samples", [3, 4])
def test_colours_are_three_channels(tmp_path: Path, planar: str, tile: tuple[int, int] | None, samples: int) -> None:
    values = _values((3, 20, 24, samples), "uint8")
    stored = values if planar == "contig" else np.moveaxis(values, -1, 1)
    extra = ["unassalpha"] if samples == 4 else None
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, tile=tile, extrasamples=extra)
    source = one(tmp_path / "a.tif")
    assert [channel.name for channel in source.info.channels] == ["red", "green", "blue"]
    for channel in range(3):
        np.testing.assert_array_equal(whole(source, channel=channel), values[..., channel])


def test_volumetric_tiles_are_loaded_whole(tmp_path: Path) -> None:
    values = _values((16, 32, 48))
    tifffile.imwrite(tmp_path / "v.tif", values, tile=(16, 16, 16), volumetric=True, photometric="minisblack")
    np.testing.assert_array_equal(whole(one(tmp_path / "v.tif")), values)


def test_one_of_several_images(tmp_path: Path) -> None:
    first, second = _values((3, 20, 24)), _values((2, 10, 12), "uint8")
    with tifffile.TiffWriter(tmp_path / "two.ome.tif") as tiff:
        tiff.write(first, metadata={"axes": "ZYX", "Name": "sample", "PhysicalSizeX": 1.0})
        tiff.write(second, metadata={"axes": "ZYX", "Name": "overview", "PhysicalSizeX": 7.0, "PhysicalSizeY": 7.0})
    assert "2 images" in " ".join(one(tmp_path / "two.ome.tif").info.notes)
    for part in ("1", "overview"):
        source = one(tmp_path / "two.ome.tif" / part)
        np.testing.assert_array_equal(whole(source), second)
        assert source.info.levels[0].spacing_um[0] == 7.0
    assert "no image 'third'" in sentence(tmp_path / "two.ome.tif" / "third")


def test_metadata_may_not_name_files_elsewhere(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", _values((2, 20, 24)), metadata={"axes": "ZYX"})
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        xml = tiff.ome_metadata
    evil = xml.replace("</TiffData>", "").replace(
        "<TiffData", '<TiffData><UUID FileName="../secret.tif">u</UUID></TiffData><TiffData'
    )
    tifffile.imwrite(tmp_path / "b.tif", _values((2, 20, 24)), description=evil.encode(), metadata=None)
    assert "another folder" in sentence(tmp_path / "b.tif")


def test_torn_and_lying_files(tmp_path: Path) -> None:
    values = _values((4, 64, 64))
    for name, options in {"plain": {}, "tiled": {"tile": (32, 32)}, "zlib": {"compression": "zlib"}}.items():
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, values, photometric="minisblack", **options)
        whole_file = path.read_bytes()
        with tifffile.TiffFile(path) as tiff:
            offset = tiff.pages[1].dataoffsets[0]
        path.write_bytes(whole_file[: offset + 100])
        assert name in sentence(path)
    (tmp_path / "head.tif").write_bytes(b"II*\0" + bytes(4))
    assert "head.tif" in sentence(tmp_path / "head.tif")
    tifffile.imwrite(tmp_path / "complex.tif", np.zeros((3, 8, 8), np.complex64), photometric="minisblack")
    assert "complex64" in sentence(tmp_path / "complex.tif")


def test_loops_of_pages_end(tmp_path: Path) -> None:
    path = tmp_path / "loop.tif"
    tifffile.imwrite(path, _values((3, 8, 8)), photometric="minisblack")
    with tifffile.TiffFile(path) as tiff:
        first, last = tiff.pages[0].offset, tiff.pages[2].offset
        n_tags = len(tiff.pages[2].tags)
    data = bytearray(path.read_bytes())
    data[last + 2 + 12 * n_tags : last + 6 + 12 * n_tags] = first.to_bytes(4, "little")
    path.write_bytes(bytes(data))
    assert whole(one(path)).shape == (3, 8, 8)


@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_many_threads_read_at_once(tmp_path: Path, tile: tuple[int, int] | None) -> None:
    voxels = np.random.default_rng(1).integers(0, 4000, (200, 64, 128), np.uint16)
    tifffile.imwrite(tmp_path / "planes.tif", voxels, compression="zlib", tile=tile)
    source = one(tmp_path / "planes.tif")

    def is_right(z: int) -> bool:
        return bool((source.read(0, 0, 0, (z, 0, 0), (z + 1, 64, 128))[0] == voxels[z]).all())

    with closing(source), ThreadPoolExecutor(8) as pool:
        assert all(pool.map(is_right, range(200)))
