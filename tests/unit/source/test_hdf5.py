"""HDF5 files that h5py and ITK wrote: generic ones as ilastik, CREMI and Fiji have them, and Imaris'."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import itk
import numpy as np
import pytest

from tests.unit.source.reading import one, sentence, whole


def _values(shape: tuple[int, ...], dtype: Any = np.uint16, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 250, shape).astype(dtype)


@pytest.mark.parametrize(
    "stored",
    [{}, {"chunks": (5, 7, 8)}, {"chunks": (5, 7, 8), "compression": "gzip"},
     {"chunks": (5, 7, 8), "compression": "gzip", "shuffle": True}, {"chunks": (5, 7, 8), "compression": "lzf"},
     {"chunks": (5, 7, 9), "compression": "gzip", "shuffle": True, "fletcher32": True},
     {"chunks": (5, 7, 8), "scaleoffset": 0}],
    ids=["contiguous", "chunks", "gzip", "shuffle", "lzf", "fletcher32", "scaleoffset"],
)  # fmt: skip
def test_every_way_to_store(tmp_path: Path, stored: dict[str, Any]) -> None:
    values = _values((13, 20, 33), np.uint16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("volume", data=values, **stored)
    source = one(tmp_path / "a.h5")
    assert source.info.format == "HDF5"
    assert source.info.name == "a.h5:/volume"
    np.testing.assert_array_equal(whole(source), values)
    np.testing.assert_array_equal(source.read(0, 0, 0, (4, 6, 7), (6, 15, 30)), values[4:6, 6:15, 7:30])


@pytest.mark.parametrize("dtype", ["u1", "i1", ">u2", ">f4", "f8", "u8", "i8", "f2", "?"])
@pytest.mark.parametrize("chunks", [None, (2, 3, 4)])
def test_every_type(tmp_path: Path, dtype: str, chunks: Any) -> None:
    values = _values((3, 4, 5), dtype)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=values, chunks=chunks, compression="gzip" if chunks else None)
    np.testing.assert_array_equal(whole(one(tmp_path / "a.h5")), values.astype(values.dtype.newbyteorder("=")))


def test_one_of_several_is_named(tmp_path: Path) -> None:
    """CREMI's layout: resolution and offset in nanometres, z first."""
    raw, ids = _values((6, 8, 10), np.uint8), _values((4, 6, 8), np.uint64) + np.uint64(2**60)
    with h5py.File(tmp_path / "sample.hdf", "w") as file:
        made = file.create_dataset("volumes/raw", data=raw, chunks=(3, 4, 5))
        made.attrs["resolution"] = (40.0, 4.0, 8.0)
        made = file.create_dataset("volumes/labels/neuron_ids", data=ids)
        made.attrs["resolution"] = (40.0, 4.0, 8.0)
        made.attrs["offset"] = (40.0, 4.0, 8.0)
        file.create_dataset("annotations/ids", data=np.arange(5))
    path = tmp_path / "sample.hdf"
    assert (
        "'sample.hdf' holds 2 volumes; open one of them: sample.hdf:/volumes/raw, "
        "sample.hdf:/volumes/labels/neuron_ids" in sentence(path)
    )
    image, labels = one(f"{path}:/volumes/raw"), one(f"{path}:/volumes/labels/neuron_ids")
    assert image.info.levels[0].spacing_um == pytest.approx((0.008, 0.004, 0.04))
    np.testing.assert_allclose(labels.info.levels[0].world_from_vox[:3, 3], [0.008, 0.004, 0.04])
    assert (image.info.kind, labels.info.kind) == ("image", "labels")
    np.testing.assert_array_equal(whole(labels), ids)
    np.testing.assert_array_equal(whole(one(path / "volumes/raw")), raw)
    np.testing.assert_array_equal(whole(one(f"{path}:/volumes/labels")), ids)
    assert "holds no 'volumes/none'" in sentence(f"{path}:/volumes/none")
    assert "is no volume" in sentence(f"{path}:/annotations/ids")


def test_spacing_and_axes(tmp_path: Path) -> None:
    values = _values((2, 3, 4, 5, 6))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset("fiji", data=values[0, 0])
        made.attrs["element_size_um"] = (0.5, 0.2, 0.1)
        made = file.create_dataset("ilastik", data=values)
        keys = [{"key": key, "typeFlags": 0, "resolution": 0} for key in "tzyxc"]
        made.attrs["axistags"] = json.dumps({"axes": keys})
        made = file.create_dataset("dims", data=values[0])
        for number, name in enumerate("zcyx"):
            made.dims[number].label = name
        made.attrs["resolution"] = (1.0, 1.0, 2.0, 3.0)
        made.attrs["units"] = "um"
    fiji = one(f"{tmp_path}/a.h5:/fiji")
    assert fiji.info.levels[0].spacing_um == pytest.approx((0.1, 0.2, 0.5))
    ilastik = one(f"{tmp_path}/a.h5:/ilastik")
    assert (ilastik.info.n_times, len(ilastik.info.channels), ilastik.info.levels[0].shape) == (2, 6, (3, 4, 5))
    np.testing.assert_array_equal(whole(ilastik, channel=4, time=1), values[1, ..., 4])
    dims = one(f"{tmp_path}/a.h5:/dims")
    assert dims.info.levels[0].spacing_um == pytest.approx((3.0, 2.0, 1.0))
    np.testing.assert_array_equal(whole(dims, channel=3), values[0, :, 3])


def test_itk_images_lie_where_itk_says(tmp_path: Path) -> None:
    values = _values((4, 5, 6), np.float32)
    image = itk.image_from_array(values)
    image.SetSpacing([0.5, 0.7, 2.0])
    image.SetOrigin([-10.0, 20.0, 30.0])
    turned = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    image.SetDirection(itk.matrix_from_array(turned))
    itk.imwrite(image, str(tmp_path / "a.h5"))
    read = itk.imread(str(tmp_path / "a.h5"))
    source = one(tmp_path / "a.h5")
    assert source.info.format == "HDF5 (ITK)"
    assert source.info.orientation == "anatomical"
    np.testing.assert_array_equal(whole(source), itk.array_from_image(read))
    for index in ([0, 0, 0], [5, 0, 0], [1, 4, 3]):
        point = read.TransformIndexToPhysicalPoint(index)
        mine = source.info.levels[0].world_from_vox @ [*map(float, index), 1.0]
        np.testing.assert_allclose(mine[:3], np.array(point) * 1e3, atol=1e-6)


def _letters(holder: Any, name: str, text: str) -> None:
    holder.attrs[name] = np.array([letter.encode() for letter in text], "S1")


def write_imaris(path: Path, levels: list[np.ndarray]) -> Path:
    """Levels (t, c, z, y, x), padded to blocks of 8 voxels as Imaris does."""
    with h5py.File(path, "w") as file:
        image = file.create_group("DataSetInfo/Image")
        for axis, (lo, hi) in enumerate(((10.0, 13.0), (20.0, 25.0), (-4.0, 4.0))):
            _letters(image, f"ExtMin{axis}", f"{lo}")
            _letters(image, f"ExtMax{axis}", f"{hi}")
        _letters(image, "Unit", "um")
        times = file.create_group("DataSetInfo/TimeInfo")
        _letters(times, "TimePoint1", "2020-01-01 10:00:00.000")
        _letters(times, "TimePoint2", "2020-01-01 10:00:30.500")
        for channel, (name, color) in enumerate((("DAPI", "0.0 0.0 1.0"), ("GFP", "0.0 1.0 0.0"))):
            group = file.create_group(f"DataSetInfo/Channel {channel}")
            _letters(group, "Name", name)
            _letters(group, "Color", color)
            _letters(group, "ColorRange", "5.0 200.0")
        for number, values in enumerate(levels):
            for time in range(values.shape[0]):
                for channel in range(values.shape[1]):
                    group = file.create_group(f"DataSet/ResolutionLevel {number}/TimePoint {time}/Channel {channel}")
                    voxels = values[time, channel]
                    for name, n in zip("ZYX", voxels.shape, strict=True):
                        _letters(group, f"ImageSize{name}", str(n))
                    padded = np.pad(voxels, [(0, -n % 8) for n in voxels.shape])
                    group.create_dataset("Data", data=padded, chunks=(8, 8, 8), compression="gzip", compression_opts=2)
    return path


def test_imaris(tmp_path: Path) -> None:
    fine, coarse = _values((2, 2, 16, 20, 30)), _values((2, 2, 8, 10, 15), seed=2)
    source = one(write_imaris(tmp_path / "a.ims", [fine, coarse]))
    info = source.info
    assert (info.format, info.n_times, info.time_step_s) == ("Imaris", 2, 30.5)
    assert [level.shape for level in info.levels] == [(16, 20, 30), (8, 10, 15)]
    assert [(c.name, c.color, c.window) for c in info.channels] == [
        ("DAPI", (0.0, 0.0, 1.0), (5.0, 200.0)), ("GFP", (0.0, 1.0, 0.0), (5.0, 200.0)),
    ]  # fmt: skip
    for level, values in enumerate((fine, coarse)):
        np.testing.assert_array_equal(whole(source, level, channel=1, time=1), values[1, 1])
        assert info.levels[level].box.lo == pytest.approx((10.0, 20.0, -4.0))
        assert info.levels[level].box.hi == pytest.approx((13.0, 25.0, 4.0))
    assert info.levels[0].spacing_um == pytest.approx((0.1, 0.25, 0.5))
    source.close()
    with h5py.File(tmp_path / "a.ims", "a") as file:
        del file["DataSetInfo/Image"].attrs["ExtMax1"]
    assert "ExtMax1" in sentence(tmp_path / "a.ims")


def test_deflated_bombs_stay_within_the_chunk(tmp_path: Path) -> None:
    import zlib

    bomb = zlib.compress(bytes(64 << 20), 9)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset("a", shape=(64, 64, 64), dtype="u1", chunks=(64, 64, 64), compression="gzip")
        made.id.write_direct_chunk((0, 0, 0), bomb)
        made = file.create_dataset("b", shape=(64, 64, 64), dtype="u1", chunks=(64, 64, 64), compression="gzip")
        made.id.write_direct_chunk((0, 0, 0), b"not deflated at all")
    assert "decodes to more than its" in sentence(f"{tmp_path}/a.h5:/a")
    assert "b" in sentence(f"{tmp_path}/a.h5:/b")


def test_absent_chunks_have_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset(
            "a", shape=(16, 16, 16), dtype="u2", chunks=(8, 8, 8), compression="gzip", fillvalue=7
        )
        made[:8, :8, :8] = 1
    voxels = whole(one(tmp_path / "a.h5"))
    assert (voxels[:8, :8, :8] == 1).all()
    assert (voxels[8:] == 7).all()


def test_what_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["secret"] = _values((3, 4, 5))
    with h5py.File(inside / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/secret")
        layout = h5py.VirtualLayout((3, 4, 5), "u2")
        layout[...] = h5py.VirtualSource(str(tmp_path / "other.h5"), "secret", (3, 4, 5))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", (3, 4, 5), "u1", external=[(str(tmp_path / "raw.bin"), 0, 60)])
        file["complex"] = np.zeros((3, 4, 5), complex)
        file["text"] = "words"
    np.testing.assert_array_equal(whole(one(f"{inside}/a.h5:/link")), _values((3, 4, 5)))
    np.testing.assert_array_equal(whole(one(f"{inside}/a.h5:/virtual")), _values((3, 4, 5)))
    for name in ("link", "virtual", "raw"):
        assert "leads out of the folder" in sentence(f"{inside}/a.h5:/{name}", root=inside)
    for name in ("complex", "text"):
        assert "is no volume" in sentence(f"{inside}/a.h5:/{name}")
    (tmp_path / "cut.h5").write_bytes((inside / "a.h5").read_bytes()[:700])
    assert "cut.h5" in sentence(tmp_path / "cut.h5")
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["a"] = 1
    assert "holds no dataset of numbers with 3 to 5 axes" in sentence(tmp_path / "none.h5")
