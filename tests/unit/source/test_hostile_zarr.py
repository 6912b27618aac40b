"""Stores that lie: bombs, corrupt and endless chunks, paths that lead out, metadata that makes no sense."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr

from render.limits import Limits
from tests.unit.source.reading import one, opened, sentence, whole
from tests.unit.source.stores import scale, space, write_image

BOMB_BYTES = 600 << 20


def _v2(path: Path, chunk: bytes, **changes: Any) -> Path:
    path.mkdir(parents=True)
    meta = {"zarr_format": 2, "shape": [64, 64, 64], "chunks": [64, 64, 64], "dtype": "|u1", "compressor": None,
            "fill_value": 0, "filters": None, "order": "C", **changes}  # fmt: skip
    (path / ".zarray").write_text(json.dumps(meta), encoding="utf-8")
    (path / "0.0.0").write_bytes(chunk)
    return path


def _v3(path: Path, chunk: bytes, codecs: list[Any], **changes: Any) -> Path:
    (path / "c/0/0").mkdir(parents=True)
    meta = {"zarr_format": 3, "node_type": "array", "shape": [64, 64, 64], "data_type": "uint8",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [64, 64, 64]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0, "codecs": codecs, "attributes": {}, **changes}  # fmt: skip
    (path / "zarr.json").write_text(json.dumps(meta), encoding="utf-8")
    (path / "c/0/0/0").write_bytes(chunk)
    return path


def _bomb(codec: str) -> bytes:
    """Zeros that decode to far more than a chunk of 64³ has."""
    if codec == "blosc":
        return numcodecs.Blosc("zstd", 5).encode(bytes(BOMB_BYTES))
    if codec == "zstd":
        return numcodecs.Zstd(5).encode(bytes(BOMB_BYTES))
    packer = zlib.compressobj(wbits=31 if codec == "gzip" else 15)
    step = bytes(1 << 20)
    return b"".join(packer.compress(step) for _ in range(BOMB_BYTES >> 20)) + packer.flush()


_READ = """
import resource, sys
from render.errors import SourceError
from render.source.open import open_sources
import tensorstore
source, = open_sources(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    source.read(0, 0, 0, (0, 0, 0), (64, 64, 64))
except SourceError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@pytest.mark.parametrize("codec", ["gzip", "zlib", "zstd", "blosc"])
def test_bombs_take_no_memory_and_end_in_a_sentence(tmp_path: Path, codec: str) -> None:
    bomb = _bomb(codec)
    config: dict[str, Any] = {"id": codec, "level": 5}
    if codec == "blosc":
        config = {"id": "blosc", "cname": "zstd", "clevel": 5, "shuffle": 1, "blocksize": 0}
    path = _v2(tmp_path / "bomb.zarr", bomb, compressor=config)
    # In another process, because the peak of this one's memory cannot be reset.
    done = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, encoding="utf-8", check=True)
    grown_kib, _, text = done.stdout.partition(" ")
    assert int(grown_kib) < 50 << 10
    assert "bomb.zarr" in text


@pytest.mark.parametrize("where", ["start", "end"])
def test_blosc_bombs_in_shards(tmp_path: Path, where: str) -> None:
    frame = numcodecs.Blosc("zstd", 5).encode(bytes(8 << 20))
    entry = np.array([(1 << 10) if where == "start" else 0, len(frame)], "<u8").tobytes()
    index = entry + np.full(14, 2**64 - 1, "<u8").tobytes()
    chunk = index + bytes((1 << 10) - len(index)) + frame if where == "start" else frame + index
    blosc = {
        "name": "blosc",
        "configuration": {"cname": "zstd", "clevel": 5, "shuffle": "noshuffle", "typesize": 1, "blocksize": 0},
    }
    path = _v3(tmp_path / "a.zarr", chunk, [{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [32, 32, 32], "codecs": [{"name": "bytes"}, blosc],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "index_location": where}}])  # fmt: skip
    assert "decodes to 8388608 bytes where a chunk has 32768" in sentence(path)


def test_a_chunk_that_is_too_long_for_its_voxels(tmp_path: Path) -> None:
    path = _v2(tmp_path / "a.zarr", b"")
    with (path / "0.0.0").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    assert "more than its voxels could need" in sentence(path)


@pytest.mark.parametrize("codec", ["none", "gzip", "zstd", "blosc"])
@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_corrupt_chunks_are_named(tmp_path: Path, codec: str, damage: str) -> None:
    made = {"gzip": numcodecs.GZip(), "zstd": numcodecs.Zstd(), "blosc": numcodecs.Blosc(), "none": None}[codec]
    values = np.random.default_rng(1).integers(0, 255, (32, 32, 32), np.uint8)
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=values.shape, chunks=(16, 16, 16), dtype="uint8", zarr_format=2, compressors=made
    )
    array[...] = values
    chunk = tmp_path / "a.zarr/1.0.1"
    good = chunk.read_bytes()
    noise = np.random.default_rng(2).bytes(len(good) + 1)
    chunk.write_bytes({"cut": good[: len(good) // 2], "noise": noise, "empty": b""}[damage])
    text = sentence(tmp_path / "a.zarr")
    assert "a.zarr" in text
    assert "1.0.1" in text
    # The other chunks are still there.
    np.testing.assert_array_equal(
        one(tmp_path / "a.zarr").read(0, 0, 0, (0, 0, 0), (16, 16, 16)), values[:16, :16, :16]
    )


def test_pipes_and_devices_in_the_place_of_chunks(tmp_path: Path) -> None:
    pipe = _v2(tmp_path / "pipe.zarr", b"")
    (pipe / "0.0.0").unlink()
    os.mkfifo(pipe / "0.0.0")
    assert "no regular file" in sentence(pipe)
    zero = _v2(tmp_path / "zero.zarr", b"")
    (zero / "0.0.0").unlink()
    (zero / "0.0.0").symlink_to("/dev/zero")
    assert "no regular file" in sentence(zero)


def test_nothing_outside_of_the_root_is_read(tmp_path: Path) -> None:
    secret = _v2(tmp_path / "secret.zarr", bytes(64**3))
    root = tmp_path / "root"
    chunk = _v2(root / "chunk.zarr", b"")
    (chunk / "0.0.0").unlink()
    (chunk / "0.0.0").symlink_to(secret / "0.0.0")
    image = write_image(
        root / "image.zarr", {"0": np.zeros((4, 4, 4), np.uint8)}, space("z", "y", "x"), {"0": [scale(1, 1, 1)]}
    )
    (image / "1").symlink_to(secret)
    attributes = json.loads((image / ".zattrs").read_text(encoding="utf-8"))
    attributes["multiscales"][0]["datasets"].append({"path": "1", "coordinateTransformations": [scale(1, 1, 1)]})
    (image / ".zattrs").write_text(json.dumps(attributes), encoding="utf-8")

    assert whole(one(chunk)).shape == (64, 64, 64)  # without a root, links are the user's own
    assert "leads out" in sentence(chunk, root=root)
    assert "leads out" in sentence(image, root=root)
    assert "leads out" in sentence(secret, root=root)


@pytest.mark.parametrize("path", ["../secret.zarr", "/etc", "a/../../b", "", "a\0b", 7, None])
def test_levels_and_labels_stay_in_the_store(tmp_path: Path, path: object) -> None:
    store = write_image(
        tmp_path / "a.zarr", {"0": np.zeros((4, 4, 4), np.uint8)}, space("z", "y", "x"), {"0": [scale(1, 1, 1)]}
    )
    attributes = json.loads((store / ".zattrs").read_text(encoding="utf-8"))
    attributes["multiscales"][0]["datasets"][0]["path"] = path
    (store / ".zattrs").write_text(json.dumps(attributes), encoding="utf-8")
    assert "no place inside of the store" in sentence(store)

    store = write_image(
        tmp_path / "b.zarr", {"0": np.zeros((4, 4, 4), np.uint8)}, space("z", "y", "x"), {"0": [scale(1, 1, 1)]}
    )
    (store / "labels").mkdir()
    (store / "labels/.zattrs").write_text(json.dumps({"labels": [path]}), encoding="utf-8")
    if isinstance(path, str):
        assert "no place inside of the store" in sentence(store)


ZSTD = {"name": "zstd", "configuration": {"level": 1, "checksum": False}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shape": [0, 4, 4]}, "is empty"),
        ({"shape": [2**40, 2**40, 2**40]}, "more than a volume can have"),
        ({"shape": [-5, 4, 4]}, "is empty"),
        ({"shape": [4], "chunks": [4]}, "1 axes"),
        ({"shape": [2] * 6, "chunks": [2] * 6}, "6 axes"),
        ({"shape": "abc"}, "no list of whole numbers"),
        ({"chunks": [0, 64, 64]}, "no shape of a chunk"),
        ({"chunks": [64, 64]}, "no shape of a chunk"),
        ({"chunks": [4096, 4096, 4096], "shape": [4096, 4096, 4096]}, "in pieces of 64 GiB"),
        ({"dtype": "|O"}, "no voxels"),
        ({"dtype": "<c8"}, "not shown"),
        ({"dtype": [["a", "<i4"]]}, "no voxels"),
        ({"dtype": "wrong"}, "cannot be read"),
        ({"compressor": {"id": "pickle"}}, "'pickle'"),
        ({"filters": [{"id": "json2"}]}, "json2"),
    ],
)
def test_metadata_of_v2_that_makes_no_sense(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = _v2(tmp_path / "a.zarr", b"", **changes)
    text = sentence(path)
    assert said in text
    assert "a.zarr" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data_type": "complex64"}, "no voxels"),
        ({"data_type": {"name": "numpy.datetime64"}}, "no voxels"),
        ({"codecs": [{"name": "vlen-bytes"}]}, "'vlen-bytes'"),
        ({"chunk_grid": {"name": "rectangular"}}, "'rectangular'"),
        ({"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**6, 10**6, 1]}}}, "in pieces of"),
        ({"node_type": "group"}, "without an image"),
    ],
)
def test_metadata_of_v3_that_makes_no_sense(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = _v3(tmp_path / "a.zarr", b"", changes.pop("codecs", [{"name": "bytes"}, ZSTD]), **changes)
    assert said in sentence(path)


def test_shards_that_make_no_sense(tmp_path: Path) -> None:
    def shard(**changes: Any) -> list[Any]:
        config = {
            "chunk_shape": [32, 32, 32],
            "codecs": [{"name": "bytes"}],
            "index_codecs": [{"name": "bytes"}],
            **changes,
        }
        return [{"name": "sharding_indexed", "configuration": config}]

    assert "do not fit" in sentence(_v3(tmp_path / "a.zarr", b"", shard(chunk_shape=[30, 32, 32])))
    assert "no shape of a chunk" in sentence(_v3(tmp_path / "b.zarr", b"", shard(chunk_shape=[0, 32, 32])))
    assert "compresses the index" in sentence(_v3(tmp_path / "c.zarr", b"", shard(index_codecs=[ZSTD])))
    assert "within shards" in sentence(_v3(tmp_path / "d.zarr", b"", shard(codecs=shard())))
    huge = {"name": "regular", "configuration": {"chunk_shape": [2**14] * 3}}
    text = sentence(_v3(tmp_path / "e.zarr", b"", shard(chunk_shape=[1, 1, 1]), chunk_grid=huge))
    assert "index" in text


@pytest.mark.parametrize(
    ("transforms", "said"),
    [
        ([scale(0, 1, 1)], "spacing is 0"),
        ([scale(-1, 1, 1)], "spacing is -1"),
        ([scale(1, 1)], "no list of 3 numbers"),
        ([{"type": "scale", "scale": "1"}], "no list of 3 numbers"),
        ([{"type": "affine", "affine": []}], "'affine'"),
    ],
)
def test_places_that_make_no_sense(tmp_path: Path, transforms: list[Any], said: str) -> None:
    path = write_image(
        tmp_path / "a.zarr", {"0": np.zeros((4, 4, 4), np.uint8)}, space("z", "y", "x"), {"0": transforms}
    )
    assert said in sentence(path)


def test_nan_and_infinite_scales(tmp_path: Path) -> None:
    path = write_image(
        tmp_path / "a.zarr", {"0": np.zeros((4, 4, 4), np.uint8)}, space("z", "y", "x"), {"0": [scale(1, 1, 1)]}
    )
    good = (path / ".zattrs").read_text(encoding="utf-8")
    for bad in ("NaN", "Infinity", "1e400"):
        raw = json.loads(good)
        raw["multiscales"][0]["datasets"][0]["coordinateTransformations"] = [{"type": "scale", "scale": ["@", 1, 1]}]
        (path / ".zattrs").write_text(json.dumps(raw).replace('"@"', bad), encoding="utf-8")
        assert "no list of 3 numbers" in sentence(path)


def test_unknown_units_are_told(tmp_path: Path) -> None:
    path = write_image(
        tmp_path / "a.zarr",
        {"0": np.zeros((4, 4, 4), np.uint8)},
        space("z", "y", "x", unit="parsec"),
        {"0": [scale(1, 2, 3)]},
    )
    info = one(path).info
    assert (info.unit, info.levels[0].spacing_um) == ("", (3.0, 2.0, 1.0))
    assert "parsec" in info.notes[0]


def test_metadata_that_is_no_metadata(tmp_path: Path) -> None:
    for number, text in enumerate(["{", "[1]", "\udcff", '{"a":' * 20_000, "{}" + " " * (17 << 20)]):
        path = tmp_path / f"{number}.zarr"
        path.mkdir()
        (path / "zarr.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert f"{number}.zarr" in sentence(path)
    (tmp_path / "empty.zarr").mkdir()
    assert "no zarr store" in sentence(tmp_path / "empty.zarr")


def test_limits_are_the_callers(tmp_path: Path) -> None:
    values = np.zeros((3, 128, 128, 128), np.uint8)
    path = write_image(
        tmp_path / "a.zarr", {"0": values}, space(*"czyx"), {"0": [scale(1, 1, 1, 1)]}, chunks=(1, 128, 128, 128)
    )
    assert len(opened(path)) == 1
    assert "in pieces of 2 MiB" in sentence(path, limits=Limits(decoded_chunk_max_bytes=1 << 20))
    assert "3 channels; at most 2" in sentence(path, limits=Limits(channels_max=2))
