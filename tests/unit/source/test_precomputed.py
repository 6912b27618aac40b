"""Neuroglancer's precomputed volumes, written by tensorstore."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore

from tests.unit.source.reading import one, sentence, whole

SHARDING = {
    "@type": "neuroglancer_uint64_sharded_v1", "preshift_bits": 1, "minishard_bits": 1, "shard_bits": 1,
    "hash": "murmurhash3_x86_128", "data_encoding": "gzip", "minishard_index_encoding": "gzip",
}  # fmt: skip


def write_volume(
    path: Path, levels: list[np.ndarray], kind: str = "image", offset: tuple[int, ...] = (0, 0, 0), **scale: Any
) -> Path:
    """Levels (c, z, y, x), each half as fine as the one before; the first has voxels of 4 x 5 x 40 nm (x, y, z)."""
    for number, values in enumerate(levels):
        factor = 2**number
        made = tensorstore.open(
            {
                "driver": "neuroglancer_precomputed",
                "kvstore": {"driver": "file", "path": f"{path}/"},
                "multiscale_metadata": {
                    "data_type": values.dtype.name, "num_channels": values.shape[0], "type": kind,
                },
                "scale_metadata": {
                    "size": values.shape[:0:-1],
                    "resolution": [4 * factor, 5 * factor, 40 * factor],
                    "voxel_offset": [o // factor for o in offset],
                    "chunk_size": [8, 8, 8],
                    "encoding": "raw",
                    **scale,
                },
                "create": True,
                "open": True,
            }
        ).result()  # fmt: skip
        made[tensorstore.d[:].translate_to[0]].T.write(values).result()
    return path


def _values(shape: tuple[int, ...], dtype: Any = np.uint8, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize("sharding", [None, SHARDING], ids=["files", "shards"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64, np.float32, np.int16])
def test_images(tmp_path: Path, dtype: Any, sharding: Any) -> None:
    fine, coarse = _values((2, 20, 17, 30), dtype), _values((2, 10, 9, 15), dtype, 2)
    path = write_volume(
        tmp_path / "a", [fine, coarse], offset=(2, 4, 6), **({"sharding": sharding} if sharding else {})
    )
    source = one(path)
    info = source.info
    assert (info.kind, info.dtype, len(info.channels), len(info.levels)) == ("image", dtype, 2, 2)
    np.testing.assert_array_equal(whole(source, channel=1), fine[1])
    np.testing.assert_array_equal(whole(source, 1, channel=1), coarse[1])
    assert info.levels[0].spacing_um == pytest.approx((0.004, 0.005, 0.04))
    assert info.levels[1].spacing_um == pytest.approx((0.008, 0.01, 0.08))
    np.testing.assert_allclose(info.levels[0].world_from_vox[:3, 3], [2.5 * 0.004, 4.5 * 0.005, 6.5 * 0.04])
    # Voxels of both levels end at the same faces.
    assert info.levels[0].box.lo == pytest.approx(info.levels[1].box.lo)


@pytest.mark.parametrize("sharding", [None, SHARDING], ids=["files", "shards"])
def test_segmentations_and_their_names(tmp_path: Path, sharding: Any) -> None:
    ids = _values((1, 20, 17, 30), np.uint64) * np.uint64(2**55) + np.uint64(1)
    path = write_volume(
        tmp_path / "seg", [ids], "segmentation", encoding="compressed_segmentation",
        compressed_segmentation_block_size=[8, 8, 8], **({"sharding": sharding} if sharding else {}),
    )  # fmt: skip
    info = json.loads((path / "info").read_text("utf-8"))
    (path / "info").write_text(json.dumps(info | {"segment_properties": "properties"}), "utf-8")
    (path / "properties").mkdir()
    top = int(ids.max())
    inline = {
        "ids": ["1", str(top), "not a number", "99999999999999999999999"],
        "properties": [
            {"id": "size", "type": "number", "data_type": "uint8", "values": [1, 2, 3, 4]},
            {"id": "text", "type": "description", "values": ["no", "no", "no", "no"]},
            {"id": "name", "type": "label", "values": ["soma", "axon", "x", "y"]},
        ],
    }
    (path / "properties/info").write_text(
        json.dumps({"@type": "neuroglancer_segment_properties", "inline": inline}), "utf-8"
    )
    source = one(path)
    assert source.info.kind == "labels"
    assert source.info.label_names == {1: "soma", top: "axon"}
    assert top > 2**53
    np.testing.assert_array_equal(whole(source), ids[0])


@pytest.mark.parametrize("encoding", ["jpeg", "png"])
def test_pictures(tmp_path: Path, encoding: str) -> None:
    """Compared with tensorstore's own reading, since JPEG loses something."""
    ramp = (np.add.outer(np.add.outer(np.arange(16), np.arange(16)), np.arange(16)) * 5).astype(np.uint8)[None]
    path = write_volume(tmp_path / "a", [ramp], encoding=encoding)
    theirs = tensorstore.open(
        {"driver": "neuroglancer_precomputed", "kvstore": {"driver": "file", "path": f"{path}/"}}
    ).result()
    mine = whole(one(path))
    np.testing.assert_array_equal(mine, np.asarray(theirs.read().result()).T[0])
    assert np.abs(mine.astype(int) - ramp[0].astype(int)).max() < 20


@pytest.mark.parametrize(
    "bits",
    [{"hash": "identity", "preshift_bits": 0, "minishard_bits": 2, "shard_bits": 5},
     {"hash": "identity", "preshift_bits": 3, "minishard_bits": 0, "shard_bits": 0},
     {"hash": "murmurhash3_x86_128", "preshift_bits": 0, "minishard_bits": 3, "shard_bits": 6},
     {"data_encoding": "raw"}, {"minishard_index_encoding": "raw"},
     {"data_encoding": "raw", "minishard_index_encoding": "raw"}],
    ids=lambda bits: "-".join(map(str, bits.values())),
)  # fmt: skip
def test_every_kind_of_shards(tmp_path: Path, bits: dict[str, Any]) -> None:
    """On a grid of 5 x 3 x 9 chunks; one of them is left out where all is 0."""
    values = _values((1, 70, 20, 37), np.uint16) + np.uint16(1)
    values[0, 8:16, 8:16, :8] = 0
    source = one(write_volume(tmp_path / "a", [values], sharding=SHARDING | bits))
    np.testing.assert_array_equal(whole(source), values[0])
    if "data_encoding" not in bits or "minishard_index_encoding" not in bits:
        assert source.is_absent(0, 0, 0, (8, 8, 0), (16, 16, 8))
        assert not source.is_absent(0, 0, 0, (8, 8, 0), (16, 16, 9))


def _one_shard(path: Path, shard: bytes, **encodings: str) -> Path:
    """A volume of one chunk of 64 voxels a side, in one shard."""
    bits = {"preshift_bits": 0, "minishard_bits": 0, "shard_bits": 0, "hash": "identity"}
    path = write_volume(
        path, [np.zeros((1, 64, 64, 64), np.uint8)], chunk_size=[64] * 3, sharding=SHARDING | bits | encodings
    )
    scale = json.loads((path / "info").read_text("utf-8"))["scales"][0]
    (path / scale["key"]).mkdir(exist_ok=True)
    (path / scale["key"] / "0.shard").write_bytes(shard)
    return path


def test_bombs_in_shards(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    index = struct.pack("<QQQ", 0, 0, len(bomb))
    head = struct.pack("<QQ", len(bomb), len(bomb) + len(index))
    text = sentence(_one_shard(tmp_path / "data", head + bomb + index, minishard_index_encoding="raw"))
    assert "a chunk of 'data' is damaged, or inflates to more than 589824 bytes" in text
    bomb = gzip.compress(bytes(65 << 20))
    text = sentence(_one_shard(tmp_path / "index", struct.pack("<QQ", 0, len(bomb)) + bomb))
    assert "the index of a shard of 'index' is damaged, or inflates to more than 67108864 bytes" in text


def test_damaged_shards(tmp_path: Path) -> None:
    whole_chunk = gzip.compress(bytes(64**3))
    index = struct.pack("<QQQ", 0, 0, len(whole_chunk))
    head = struct.pack("<QQ", len(whole_chunk), len(whole_chunk) + len(index))
    raw = {"minishard_index_encoding": "raw"}
    good = head + whole_chunk + index
    assert not whole(one(_one_shard(tmp_path / "good", good, **raw))).any()
    for number, (shard, said) in enumerate([
        (good[:10], "truncated"), (good[:-4], "truncated"), (head[::-1] + good[16:], "says that it spans"),
        (head + b"x" * len(whole_chunk) + index, "damaged"),
        (head + whole_chunk + struct.pack("<QQQ", 0, 0, 2**40), "more than its voxels could need"),
        (head + whole_chunk + struct.pack("<QQQ", 0, 2**20, 99), "truncated"),
    ]):  # fmt: skip
        assert said in sentence(_one_shard(tmp_path / f"bad{number}", shard, **raw))


def test_absent_chunks_are_zero(tmp_path: Path) -> None:
    path = write_volume(tmp_path / "a", [_values((1, 16, 16, 16))], offset=(8, 0, 0))
    scale = next(entry for entry in path.iterdir() if entry.is_dir())
    (scale / "16-24_0-8_0-8").unlink()
    source = one(path)
    assert source.is_absent(0, 0, 0, (0, 0, 8), (8, 8, 16))
    assert not source.is_absent(0, 0, 0, (0, 0, 0), (8, 8, 16))
    assert not source.read(0, 0, 0, (0, 0, 8), (8, 8, 16)).any()


def test_what_is_refused(tmp_path: Path) -> None:
    path = write_volume(tmp_path / "a", [_values((1, 8, 8, 8))])
    info = json.loads((path / "info").read_text("utf-8"))
    scale = info["scales"][0]
    for changes, said in [
        ({"@type": "neuroglancer_legacy_mesh"}, "of precomputed data, volumes are read"),
        ({"scales": []}, "no scales"),
        ({"data_type": "string"}, "not shown"),
        ({"num_channels": 10_000}, "channels"),
        ({"scales": [scale | {"key": "../b"}]}, "no place inside"),
        ({"scales": [scale | {"encoding": "compresso"}]}, "encoded with 'compresso'"),
        ({"scales": [scale | {"chunk_sizes": [[2000, 2000, 2000]]}]}, "more than the limit"),
        ({"scales": [scale | {"chunk_sizes": [[0, 1, 1]]}]}, "no shape of a chunk"),
        ({"scales": [scale | {"resolution": [0, 1, 1]}]}, "spacing"),
        ({"scales": [scale | {"size": [8, 8]}]}, "cannot be read"),
    ]:
        (path / "info").write_text(json.dumps(info | changes), "utf-8")
        assert said in sentence(path)
    (path / "info").write_text(json.dumps(info), "utf-8")
    chunk = path / scale["key"] / "0-8_0-8_0-8"
    chunk.write_bytes(b"x" * 100)
    assert "a" in sentence(path)
