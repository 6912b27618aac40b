"""Zarr v3 shards that tensorstore wrote (those of zarr-python are in test_ome_zarr), plates, and the decoded cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore
import zarr

from render.source import chunk_cache
from render.source.base import Source
from tests.unit.source.reading import one, sentence, whole
from tests.unit.source.stores import scale, space, write_image

VALUES = np.random.default_rng(1).integers(1, 999, (2, 17, 40, 30)).astype(np.uint16)


def write_sharded(path: Path, values: np.ndarray, codecs: list[Any], location: str = "end") -> Path:
    """An OME-Zarr 0.5 image of one level, chunks of 8 in shards of 16 voxels a side."""
    inner = [1, *[8] * 3]
    made = tensorstore.open(
        {
            "driver": "zarr3",
            "kvstore": {"driver": "file", "path": f"{path}/0/"},
            "metadata": {
                "shape": values.shape,
                "data_type": values.dtype.name,
                "dimension_names": list("czyx"),
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 16, 16, 16]}},
                "codecs": [
                    {
                        "name": "sharding_indexed",
                        "configuration": {
                            "chunk_shape": inner,
                            "codecs": codecs,
                            "index_location": location,
                            "index_codecs": [
                                {"name": "bytes", "configuration": {"endian": "little"}},
                                {"name": "crc32c"},
                            ],
                        },
                    }
                ],
            },
            "create": True,
        }
    ).result()
    made.write(values).result()
    axes = [{"name": "c", "type": "channel"}] + [
        {"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"
    ]  # fmt: skip
    transforms = [{"type": "scale", "scale": [1, 40, 4, 4]}, {"type": "translation", "translation": [0, 80, 8, 12]}]
    datasets = [{"path": "0", "coordinateTransformations": transforms}]
    attributes = {"ome": {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}}
    text = json.dumps({"zarr_format": 3, "node_type": "group", "attributes": attributes})
    (path / "zarr.json").write_text(text, "utf-8")
    return path


BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
BLOSC = {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2,
                                            "blocksize": 0}}  # fmt: skip


@pytest.mark.parametrize("location", ["start", "end"])
@pytest.mark.parametrize(
    "codecs",
    [[BYTES], [BYTES, {"name": "gzip", "configuration": {"level": 1}}], [BYTES, BLOSC],
     [BYTES, {"name": "zstd", "configuration": {"level": 1}}, {"name": "crc32c"}],
     [{"name": "transpose", "configuration": {"order": [3, 2, 1, 0]}}, BYTES, BLOSC]],
    ids=["raw", "gzip", "blosc", "zstd", "transposed"],
)  # fmt: skip
def test_shards_of_tensorstore(tmp_path: Path, codecs: list[Any], location: str) -> None:
    source = one(write_sharded(tmp_path / "a.zarr", VALUES, codecs, location))
    level = source.info.levels[0]
    assert (source.info.format, level.chunk) == ("OME-Zarr 0.5", (8, 8, 8))
    for channel in range(2):
        np.testing.assert_array_equal(whole(source, channel=channel), VALUES[channel])
    assert level.spacing_um == pytest.approx((0.004, 0.004, 0.04))
    np.testing.assert_allclose(level.world_from_vox[:3, 3], [0.012, 0.008, 0.08])
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a.zarr/0")[1], VALUES[1])


@pytest.mark.parametrize("codecs", [[BYTES], [BYTES, BLOSC]], ids=["raw", "blosc"])
def test_chunks_that_shards_leave_out(tmp_path: Path, codecs: list[Any]) -> None:
    values = VALUES.copy()
    values[0, :8, 8:16, :8] = 0
    values[1] = 0
    source = one(write_sharded(tmp_path / "a.zarr", values, codecs))
    assert source.is_absent(0, 0, 0, (0, 8, 0), (8, 16, 8))
    assert not source.is_absent(0, 0, 0, (0, 8, 0), (8, 16, 9))
    assert source.is_absent(0, 1, 0, (0, 0, 0), (17, 40, 30))
    np.testing.assert_array_equal(whole(source), values[0])


def test_plates_and_wells_list_their_fields(tmp_path: Path) -> None:
    plate = tmp_path / "plate.zarr"
    fields = {}
    for well, images in {"A/1": ("0", "1"), "B/2": ("0",)}.items():
        for image in images:
            fields[f"{well}/{image}"] = VALUES + np.uint16(len(fields))
            write_image(
                plate / well / image, {"0": fields[f"{well}/{image}"]}, space(*"czyx"), {"0": [scale(1, 2, 2, 2)]}
            )
        group = zarr.open_group(plate / well, mode="a", zarr_format=2)
        group.attrs["well"] = {"images": [{"path": image} for image in images]}
    group = zarr.open_group(plate, mode="a", zarr_format=2)
    group.attrs["plate"] = {"wells": [{"path": "A/1"}, {"path": "B/2"}, {"path": "../out"}]}
    assert "open one of them: plate.zarr/A/1/0, plate.zarr/A/1/1, plate.zarr/B/2/0" in sentence(plate)
    assert "open one of them: 1/0, 1/1" in sentence(plate / "A/1")
    np.testing.assert_array_equal(whole(one(plate / "B/2/0")), fields["B/2/0"][0])


def test_the_images_of_a_bioformats2raw_store(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.attrs["bioformats2raw.layout"] = 3
    for name in ("first", "second"):
        write_image(tmp_path / "a.zarr" / name, {"0": VALUES}, space(*"czyx"), {"0": [scale(1, 2, 2, 2)]})
    ome = zarr.open_group(tmp_path / "a.zarr/OME", mode="w", zarr_format=2)
    ome.attrs["series"] = ["second", "first"]
    source = one(tmp_path / "a.zarr")
    assert source.info.name == "a.zarr/second"
    assert source.info.notes[-1].endswith("of which this is the first; the others are a.zarr/first.")


def _reads(source: Source) -> float:
    """Seconds and bytes are no proof; what tensorstore read from files is."""
    metrics = tensorstore.experimental_collect_matching_metrics("/tensorstore/kvstore/file/batch_read")
    del source
    return float(sum(entry["values"][0]["value"] for entry in metrics))


def test_decoded_chunks_are_kept_up_to_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    zarr.create_array(path, data=VALUES[0], chunks=(8, 8, 8), zarr_format=2)

    def read_twice() -> float:
        source = one(path)
        whole(source)
        before = _reads(source)
        whole(source)
        return _reads(source) - before

    kept = chunk_cache.cache_bytes()
    try:
        assert read_twice() == 0
        chunk_cache.set_cache_bytes(0)
        assert read_twice() > 0
        with pytest.raises(ValueError, match="-1"):
            chunk_cache.set_cache_bytes(-1)
    finally:
        chunk_cache.set_cache_bytes(kept)
    assert read_twice() == 0
