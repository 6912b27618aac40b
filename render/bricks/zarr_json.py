"""The metadata documents of zarr groups and arrays, v2 and v3, as plain values. No voxels here.

Specifications: Zarr core v3 and its sharding codec (ZEP 2); Zarr v2.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

Json = dict[str, Any]
ZarrVersion = Literal[2, 3]

_CRC_BYTES = 4
ENTRY_BYTES = 16
"""Of a chunk in the index of a shard: offset and length, uint64 each."""


@dataclass(frozen=True)
class ArrayPlan:
    """An array as it is to be stored. `chunk` is what is encoded at once; `shard` what a file holds, None: one chunk.

    `codecs` are those after `bytes` in v3; `compressor` is the one of v2. The fill value is 0. `names` are those of
    the axes; v2 has no place for them and leaves them out.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    shard: tuple[int, ...] | None
    dtype: np.dtype[np.generic]
    codecs: tuple[Json, ...] = ()
    compressor: Json | None = None
    names: tuple[str, ...] = ()


def array_document(plan: ArrayPlan, version: ZarrVersion) -> Json:
    """`zarr.json` or `.zarray` of an array; little-endian, C order, '/' between the numbers of a chunk."""
    if version == 2:
        return {
            "zarr_format": 2,
            "shape": list(plan.shape),
            "chunks": list(plan.chunk),
            "dtype": plan.dtype.newbyteorder("<").str,
            "compressor": plan.compressor,
            "fill_value": 0,
            "order": "C",
            "filters": None,
            "dimension_separator": "/",
        }
    codecs: list[Json] = [{"name": "bytes", "configuration": {"endian": "little"}}, *plan.codecs]
    if plan.dtype.itemsize == 1:
        codecs[0] = {"name": "bytes"}
    if plan.shard is not None:
        index = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
        sharding = {
            "chunk_shape": list(plan.chunk), "codecs": codecs, "index_codecs": index, "index_location": "end",
        }  # fmt: skip
        codecs = [{"name": "sharding_indexed", "configuration": sharding}]
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(plan.shape),
        "data_type": plan.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(plan.shard or plan.chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": codecs,
        "attributes": {},
        "dimension_names": list(plan.names) or None,
    }


def write_array(folder: Path, plan: ArrayPlan, version: ZarrVersion) -> None:
    """Make an array's folder with its metadata; no chunks."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / ("zarr.json" if version == 3 else ".zarray"), array_document(plan, version))


def write_group(folder: Path, attributes: Mapping[str, Any], version: ZarrVersion) -> None:
    """Make a group's folder with its metadata and attributes."""
    folder.mkdir(parents=True, exist_ok=True)
    if version == 3:
        write_json(folder / "zarr.json", {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)})
        return
    write_json(folder / ".zgroup", {"zarr_format": 2})
    if attributes:
        write_json(folder / ".zattrs", attributes)


def chunk_name(index: Sequence[int], version: ZarrVersion) -> str:
    """The file of a chunk or shard below its array's folder."""
    return "/".join([*(["c"] if version == 3 else []), *map(str, index)])


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Under another name, then renamed: the file is whole or not there, after a power cut too."""
    write_durably(path, (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_durably(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shard_index(entries: np.ndarray[Any, np.dtype[np.uint64]]) -> bytes:
    """The index at the end of a shard: (offset, length) a chunk, uint64 (n, 2), and its CRC-32C."""
    raw = entries.astype("<u8").tobytes()
    return raw + crc32c(raw).to_bytes(_CRC_BYTES, "little")


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli; RFC 3720, B.4). A byte at a time: for indexes of shards, not for voxels."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF
