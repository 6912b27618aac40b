"""N5 against tensorstore's own writing and reading; the attributes are those of the programs that are named."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import struct
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import tensorstore

from tests.unit.source.reading import one, opened, sentence, whole


def _values(shape: tuple[int, ...], dtype: Any = np.uint16, seed: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).integers(0, 250, shape)
    return values.astype(dtype) + (np.array(2**63, np.uint64) if dtype == np.uint64 else np.array(0, dtype))


def write_array(path: Path, values: np.ndarray, attributes: dict[str, Any] | None = None, **metadata: Any) -> Path:
    """An array (slowest axis first) as tensorstore writes it; the attributes are added to what it wrote."""
    shape = values.shape[::-1]
    made = tensorstore.open(
        {
            "driver": "n5",
            "kvstore": {"driver": "file", "path": f"{path}/"},
            "metadata": {
                "dimensions": shape,
                "blockSize": [min(8, n) for n in shape],
                "dataType": values.dtype.name,
                "compression": {"type": "gzip"},
                **metadata,
            },
            "create": True,
        }
    ).result()
    made.T.write(values).result()
    file = path / "attributes.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | (attributes or {})), "utf-8")
    return path


def _group(path: Path, attributes: dict[str, Any]) -> None:
    path.mkdir(parents=True, exist_ok=True)
    (path / "attributes.json").write_text(json.dumps(attributes), "utf-8")


@pytest.mark.parametrize(
    "compression",
    [{"type": "raw"}, {"type": "gzip"}, {"type": "gzip", "useZlib": True}, {"type": "bzip2"}, {"type": "xz"},
     {"type": "zstd"}, {"type": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1}],
    ids=lambda said: "-".join(map(str, said.values())),
)  # fmt: skip
def test_every_compression(tmp_path: Path, compression: dict[str, Any]) -> None:
    values = _values((13, 20, 9))
    source = one(write_array(tmp_path / "a.n5", values, compression=compression))
    assert source.info.format == "N5"
    np.testing.assert_array_equal(whole(source), values)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.float32, np.float64]
)
def test_every_type(tmp_path: Path, dtype: Any) -> None:
    values = _values((3, 4, 5), dtype)
    source = one(write_array(tmp_path / "a.n5", values))
    assert source.info.dtype == dtype
    np.testing.assert_array_equal(whole(source), values)


def test_tensorstore_reads_the_same_spacing(tmp_path: Path) -> None:
    path = write_array(
        tmp_path / "a.n5", _values((3, 4, 5)), axes=["x", "y", "z"], resolution=[4, 8, 40], units=["nm", "nm", "nm"]
    )
    read = tensorstore.open({"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/"}}).result()
    level = one(path).info.levels[0]
    assert [unit.multiplier for unit in read.dimension_units] == [4, 8, 40]
    assert level.spacing_um == pytest.approx((0.004, 0.008, 0.04))
    assert level.shape == tuple(read.shape[::-1])


def test_openorganelle(tmp_path: Path) -> None:
    """Groups of s0, s1 ... whose multiscales say axes, scale and translate in numpy's order."""
    fine, coarse = _values((8, 12, 16)), _values((4, 6, 8), seed=2)
    image = tmp_path / "jrc.n5/em/fibsem-uint16"
    transforms = [
        {"axes": ["z", "y", "x"], "scale": [3.24, 4.0, 4.0], "translate": [0.0, 0.0, 0.0], "units": ["nm"] * 3},
        {"axes": ["z", "y", "x"], "scale": [6.48, 8.0, 8.0], "translate": [1.62, 2.0, 2.0], "units": ["nm"] * 3},
    ]
    datasets = [{"path": f"s{number}", "transform": said} for number, said in enumerate(transforms)]
    _group(tmp_path / "jrc.n5", {"n5": "2.0.0"})
    _group(image, {"multiscales": [{"name": "em", "datasets": datasets}], "axes": ["x", "y", "z"]})
    write_array(image / "s0", fine, {"transform": transforms[0]})
    write_array(image / "s1", coarse, {"transform": transforms[1]})
    source = one(tmp_path / "jrc.n5")
    assert source.info.name == "jrc.n5/em/fibsem-uint16"
    assert [level.name for level in source.info.levels] == ["s0", "s1"]
    np.testing.assert_array_equal(whole(source), fine)
    np.testing.assert_array_equal(whole(source, 1), coarse)
    assert source.info.levels[0].spacing_um == pytest.approx((0.004, 0.004, 0.00324))
    np.testing.assert_allclose(source.info.levels[1].world_from_vox[:3, 3], [0.002, 0.002, 0.00162])
    single = one(image / "s1")
    assert single.info.levels[0].spacing_um == pytest.approx((0.008, 0.008, 0.00648))

    labels = tmp_path / "jrc.n5/labels/mito_seg"
    ids = _values((4, 4, 4), np.uint64)
    write_array(labels / "s0", ids, {"pixelResolution": {"dimensions": [4.0, 4.0, 3.24], "unit": "nm"}})
    text = sentence(tmp_path / "jrc.n5")
    assert "holds 2 images; open one of them: jrc.n5/em/fibsem-uint16, jrc.n5/labels/mito_seg" in text
    (mito,) = opened(labels, kind="labels")
    assert mito.info.kind == "labels"
    assert int(whole(mito).max()) > 2**63


@pytest.mark.parametrize("where", ["group", "arrays"])
def test_downsampling_factors(tmp_path: Path, where: str) -> None:
    """n5-viewer's `scales` and Paintera's `downsamplingFactors`: x first, placed by the mean's half voxels."""
    fine, coarse = _values((8, 12, 16)), _values((8, 6, 4), seed=2)
    group: dict[str, Any] = {"pixelResolution": {"dimensions": [4.0, 4.0, 40.0], "unit": "nm"}}
    if where == "group":
        group["scales"] = [[1, 1, 1], [4, 2, 1]]
    _group(tmp_path / "a.n5", group)
    write_array(tmp_path / "a.n5/s0", fine, {} if where == "group" else {"downsamplingFactors": [1, 1, 1]})
    write_array(tmp_path / "a.n5/s1", coarse, {} if where == "group" else {"downsamplingFactors": [4, 2, 1]})
    source = one(tmp_path / "a.n5")
    assert source.info.levels[0].spacing_um == pytest.approx((0.004, 0.004, 0.04))
    assert source.info.levels[1].spacing_um == pytest.approx((0.016, 0.008, 0.04))
    np.testing.assert_allclose(source.info.levels[1].world_from_vox[:3, 3], [0.006, 0.002, 0.0])


def test_offsets_times_and_channels(tmp_path: Path) -> None:
    values = _values((2, 3, 4, 5, 6))
    path = write_array(tmp_path / "a.n5", values, {"resolution": [4.0, 5.0, 6.0], "offset": [40.0, 50.0, 60.0]})
    source = one(path)
    assert (source.info.n_times, len(source.info.channels)) == (2, 3)
    np.testing.assert_array_equal(whole(source, channel=2, time=1), values[1, 2])
    np.testing.assert_allclose(source.info.levels[0].world_from_vox[:3, 3], [0.04, 0.05, 0.06])


def test_absent_blocks_are_zero(tmp_path: Path) -> None:
    path = write_array(tmp_path / "a.n5", _values((16, 16, 16)))
    (path / "1/0/0").unlink()
    source = one(path)
    assert source.is_absent(0, 0, 0, (0, 0, 8), (8, 8, 16))
    assert not source.is_absent(0, 0, 0, (0, 0, 7), (8, 8, 16))
    assert not source.read(0, 0, 0, (0, 0, 8), (8, 8, 16)).any()


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz", "zstd", "blosc"])
def test_bombs_stay_within_the_block(tmp_path: Path, compression: str) -> None:
    zeros = bytes(64 << 20)
    packed = {
        "gzip": lambda: gzip.compress(zeros),
        "bzip2": lambda: bz2.compress(zeros),
        "xz": lambda: lzma.compress(zeros, preset=0),
        "zstd": lambda: numcodecs.Zstd(3).encode(zeros),
        "blosc": lambda: numcodecs.Blosc("zstd", 5).encode(zeros),
    }[compression]()
    said = {"type": "blosc", "cname": "zstd", "clevel": 5, "shuffle": 0} if compression == "blosc" else {
        "type": compression
    }  # fmt: skip
    path = write_array(tmp_path / "a.n5", np.zeros((8, 8, 8), np.uint8), compression=said)
    (path / "0/0").mkdir(parents=True, exist_ok=True)
    (path / "0/0/0").write_bytes(struct.pack(">HHIII", 0, 3, 8, 8, 8) + packed)
    text = sentence(path)
    assert "a.n5" in text
    if compression == "blosc":
        assert "decodes to 67108864 bytes where a chunk has 512" in text


def test_what_is_refused(tmp_path: Path) -> None:
    path = write_array(tmp_path / "a.n5", _values((4, 4, 4)))
    whole_text = json.loads((path / "attributes.json").read_text("utf-8"))
    for changes, said in [
        ({"compression": {"type": "jpeg"}}, "compressed with 'jpeg'"),
        ({"isLabelMultiset": True}, "label multisets"),
        ({"dataType": "string"}, "no voxels"),
        ({"blockSize": [0, 4, 4]}, "no shape of a chunk"),
        ({"blockSize": [100_000] * 3}, "more than the limit"),
        ({"dimensions": [4, 4]}, "no shape of a chunk"),
        ({"dimensions": ["a", 4, 4]}, "cannot be read"),
    ]:
        (path / "attributes.json").write_text(json.dumps(whole_text | changes), "utf-8")
        assert said in sentence(path)
    _group(tmp_path / "none.n5", {"n5": "2.0.0"})
    assert "N5 group without an image" in sentence(tmp_path / "none.n5")
    _group(tmp_path / "out.n5", {"multiscales": [{"datasets": [{"path": "../a.n5"}]}]})
    assert "no place inside" in sentence(tmp_path / "out.n5")


def test_a_folder_of_stores_lists_them(tmp_path: Path) -> None:
    values = _values((3, 4, 5))
    for name in ("b.n5", "a.n5"):
        write_array(tmp_path / "data" / name, values)
    (tmp_path / "data/notes.txt").write_text("of both", "utf-8")
    assert "'data' is a folder of 2 stores; open one of them: data/a.n5, data/b.n5" in sentence(tmp_path / "data")
    write_array(tmp_path / "alone/a.n5", values)
    np.testing.assert_array_equal(whole(one(tmp_path / "alone")), values)
