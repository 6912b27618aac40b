"""One zarr array (v2 or v3, sharded too) on the local file system, read by tensorstore within declared bounds.

tensorstore stops zlib, gzip and zstd streams at the chunk's declared size, but believes the size in the header of
a blosc frame: those headers are looked at before it gets a chunk, and so is the kind and size of each file.
"""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import check_decoded_bytes, check_regular, check_shape, native_dtype, read_json, reading
from .opening import Opening

CACHE_POOL_BYTES = 256 << 20
"""Decoded chunks that are kept for all zarr arrays of the process."""
_V2_COMPRESSORS = ("zlib", "gzip", "zstd", "blosc", "bz2")
_V3_CODECS = ("bytes", "transpose", "gzip", "zstd", "blosc", "crc32c", "sharding_indexed")
_BLOSC_HEADER_BYTES = 16
_ABSENT_MAX_CHUNKS = 512
"""Boxes that touch more chunks than this are not looked up."""


@dataclass(frozen=True)
class ZarrMeta:
    """What an array's metadata says. Axes as stored.

    `chunk` is what is decoded at once, `file_chunk` what a file holds (they differ where there are shards).

    `index_bytes`: of the index of a shard, 0 without shards. `index_at_end`: where that is.
    """

    path: Path
    version: int
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    chunk: tuple[int, ...]
    file_chunk: tuple[int, ...]
    separator: str
    prefix: str
    fill_is_zero: bool
    is_blosc: bool
    index_bytes: int
    index_at_end: bool
    dimension_names: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def chunk_bytes(self) -> int:
        return math.prod(self.chunk) * self.dtype.itemsize

    def chunk_path(self, index: Sequence[int]) -> Path:
        """The file of a chunk (of a shard)."""
        if not index:
            return self.path / (self.prefix or "0")
        key = self.separator.join(str(part) for part in index)
        return self.path / (f"{self.prefix}{self.separator}{key}" if self.prefix else key)


class ZarrArray:
    """An open array. Reads may come from any thread."""

    def __init__(self, meta: ZarrMeta, opening: Opening) -> None:
        self.meta = meta
        self._opening = opening
        self._store: Any = None
        self._lock = threading.Lock()
        self._checked: set[tuple[int, ...]] = set()

    def read(self, box: tuple[slice, ...]) -> NDArray[np.generic]:
        """The elements of a box (one slice an axis, as stored), native byte order. Raises SourceError."""
        what = f"'{store_path(self.meta.path)}' at {_box_words(box)}"
        for index in self._chunks(box):
            self._check_chunk(index)
        with reading(what):
            values = np.asarray(self._open()[box].read().result())
        return values.view(np.uint8) if values.dtype == np.bool_ else values

    def is_absent(self, box: tuple[slice, ...]) -> bool:
        """Whether no file holds any of the box, and what is not there is 0."""
        if not self.meta.fill_is_zero:
            return False
        n_chunks = math.prod(len(part) for part in self._ranges(box))
        return n_chunks <= _ABSENT_MAX_CHUNKS and not any(self.meta.chunk_path(i).exists() for i in self._chunks(box))

    def close(self) -> None:
        with self._lock:
            self._store = None

    def _open(self) -> Any:
        with self._lock:
            if self._store is None:
                import tensorstore

                self._store = tensorstore.open(
                    {
                        "driver": "zarr" if self.meta.version == 2 else "zarr3",
                        "kvstore": {"driver": "file", "path": f"{self.meta.path}/"},
                        "recheck_cached_data": "open",
                    },
                    open=True,
                    read=True,
                    context=_context(),
                ).result()
            return self._store

    def _ranges(self, box: tuple[slice, ...]) -> list[range]:
        return [range(part.start // n, -(-part.stop // n)) for part, n in zip(box, self.meta.file_chunk, strict=True)]

    def _chunks(self, box: tuple[slice, ...]) -> product[tuple[int, ...]]:
        return product(*self._ranges(box))

    def _check_chunk(self, index: tuple[int, ...]) -> None:
        """Raise SourceError for a chunk that is no file, is far too long, or would decode to too much."""
        if index in self._checked:
            return
        path = self.meta.chunk_path(index)
        if path.exists():
            self._opening.admit(path)
            size = check_regular(path)
            what = f"chunk '{path.relative_to(self.meta.path)}' of '{store_path(self.meta.path)}'"
            n_inner = math.prod(self.meta.file_chunk) // math.prod(self.meta.chunk)
            if size > 2 * n_inner * self.meta.chunk_bytes + self.meta.index_bytes + 65_536:
                raise SourceError(f"{what} is a file of {size} bytes, more than its voxels could need")
            if self.meta.is_blosc:
                with reading(what):
                    check_blosc(path, size, self.meta, what)
        self._checked.add(index)


def check_blosc(path: Path, size: int, meta: ZarrMeta, what: str) -> None:
    """Raise SourceError where a blosc frame in a chunk's or shard's file says another size than the chunk's."""
    with path.open("rb") as file:
        places = [(0, size)]
        if meta.index_bytes:
            file.seek(max(0, size - meta.index_bytes) if meta.index_at_end else 0)
            raw = file.read(meta.index_bytes)
            entries = np.frombuffer(raw[: len(raw) // 16 * 16], "<u8").reshape(-1, 2)
            places = [(int(a), int(n)) for a, n in entries.tolist() if a < size and n <= size]
        for offset, _ in places:
            file.seek(offset)
            header = file.read(_BLOSC_HEADER_BYTES)
            if len(header) == _BLOSC_HEADER_BYTES:
                (n_bytes,) = struct.unpack_from("<I", header, 4)
                if n_bytes > meta.chunk_bytes:
                    raise SourceError(
                        f"{what} says that it decodes to {n_bytes} bytes where a chunk has {meta.chunk_bytes}"
                    )


def read_meta(path: Path, opening: Opening) -> ZarrMeta:
    """Read and check an array's metadata; every limit and codec is checked here, before any voxel is read."""
    what = f"'{store_path(path)}'"
    opening.admit(path)
    with reading(what):
        if (path / "zarr.json").exists():
            meta = _meta_v3(path, read_json(opening.admit(path / "zarr.json")), what)
        else:
            attributes = read_json(path / ".zattrs") if (path / ".zattrs").exists() else {}
            meta = _meta_v2(path, read_json(opening.admit(path / ".zarray")), attributes, what)
    check_shape(meta.shape, what)
    if not 1 <= len(meta.shape) <= 8:
        raise SourceError(f"{what} has {len(meta.shape)} axes; a volume has 2 to 5")
    if any(n < 1 for n in meta.chunk + meta.file_chunk) or len(meta.chunk) != len(meta.shape):
        raise SourceError(f"{what} says that its chunks are {meta.chunk}, which is no shape of a chunk")
    if any(b % a for a, b in zip(meta.chunk, meta.file_chunk, strict=True)):
        raise SourceError(
            f"{what} says that its shards of {meta.file_chunk} hold chunks of {meta.chunk}, which do not fit"
        )
    check_decoded_bytes(meta.chunk_bytes, opening.limits.decoded_chunk_max_bytes, what)
    check_decoded_bytes(meta.index_bytes, opening.limits.decoded_chunk_max_bytes, f"the index of {what}")
    return meta


def is_array(path: Path) -> bool:
    """Whether a folder is a zarr array."""
    if (path / ".zarray").is_file():
        return True
    return (path / "zarr.json").is_file() and read_json(path / "zarr.json").get("node_type") == "array"


def _meta_v2(path: Path, raw: dict[str, Any], attributes: dict[str, Any], what: str) -> ZarrMeta:
    compressor = raw.get("compressor")
    codec = compressor.get("id") if isinstance(compressor, dict) else None
    if compressor is not None and codec not in _V2_COMPRESSORS:
        raise SourceError(f"{what} is compressed with '{codec}'; read are {', '.join(_V2_COMPRESSORS)}")
    if raw.get("filters"):
        names = ", ".join(str(entry.get("id")) for entry in raw["filters"])
        raise SourceError(f"{what} was stored through filters ({names}), which are not read")
    chunk = _ints(raw.get("chunks"), what)
    dtype = _v2_dtype(raw.get("dtype"), what)
    fill = raw.get("fill_value")
    return ZarrMeta(
        path=path,
        version=2,
        shape=_ints(raw.get("shape"), what),
        dtype=dtype,
        chunk=chunk,
        file_chunk=chunk,
        separator=str(raw.get("dimension_separator") or "."),
        prefix="",
        fill_is_zero=fill is None or fill in (0, False),
        is_blosc=codec == "blosc",
        index_bytes=0,
        index_at_end=True,
        dimension_names=tuple(str(name) for name in attributes.get("_ARRAY_DIMENSIONS") or ()),
        attributes=attributes,
    )


def _v2_dtype(said: object, what: str) -> np.dtype[np.generic]:
    if not isinstance(said, str) or said.lstrip("<>|=")[:1] in ("O", "V", "S", "U", "M", "m"):
        raise SourceError(f"{what} has elements of type {said!r}, which are no voxels")
    return native_dtype(np.dtype(said), what)


def _meta_v3(path: Path, raw: dict[str, Any], what: str) -> ZarrMeta:
    if raw.get("node_type") != "array":
        raise SourceError(f"{what} is no zarr array")
    grid = raw.get("chunk_grid") or {}
    if grid.get("name") != "regular":
        raise SourceError(f"{what} has a chunk grid '{grid.get('name')}'; regular ones are read")
    said = raw.get("data_type")
    if not isinstance(said, str) or not (said == "bool" or said.startswith(("int", "uint", "float"))):
        raise SourceError(f"{what} has elements of type {said!r}, which are no voxels")
    dtype = native_dtype(np.dtype(said), what)
    file_chunk = _ints(grid["configuration"].get("chunk_shape"), what)
    chunk, codecs = file_chunk, list(raw.get("codecs") or ())
    _check_codecs(codecs, what)
    index_bytes, index_at_end = 0, True
    sharding = next((entry for entry in codecs if _name(entry) == "sharding_indexed"), None)
    if sharding is not None:
        config = sharding["configuration"]
        inner = _ints(config.get("chunk_shape"), what)
        if len(inner) != len(chunk) or any(n < 1 for n in inner):
            raise SourceError(f"{what} says that its chunks are {inner}, which is no shape of a chunk")
        codecs = list(config.get("codecs") or ())
        _check_codecs(codecs, what)
        if any(_name(entry) == "sharding_indexed" for entry in codecs):
            raise SourceError(f"{what} has shards within shards, which are not read")
        n_inner = math.prod(b // a for a, b in zip(inner, chunk, strict=True))
        index_codecs = [_name(entry) for entry in config.get("index_codecs") or ()]
        if any(name not in ("bytes", "crc32c") for name in index_codecs):
            raise SourceError(f"{what} compresses the index of its shards, which is not read")
        index_bytes = 16 * n_inner + 4 * index_codecs.count("crc32c")
        index_at_end = config.get("index_location", "end") == "end"
        chunk = inner
    encoding = raw.get("chunk_key_encoding") or {}
    is_default = encoding.get("name", "default") == "default"
    separator = (encoding.get("configuration") or {}).get("separator", "/" if is_default else ".")
    fill = raw.get("fill_value")
    return ZarrMeta(
        path=path,
        version=3,
        shape=_ints(raw.get("shape"), what),
        dtype=dtype,
        chunk=chunk,
        file_chunk=file_chunk,
        separator=str(separator),
        prefix="c" if is_default else "",
        fill_is_zero=fill in (0, False),
        is_blosc=any(_name(entry) == "blosc" for entry in codecs),
        index_bytes=index_bytes,
        index_at_end=index_at_end,
        dimension_names=tuple(str(name) for name in raw.get("dimension_names") or () if name is not None),
        attributes=raw.get("attributes") or {},
    )


def _check_codecs(codecs: Sequence[Any], what: str) -> None:
    for entry in codecs:
        if _name(entry) not in _V3_CODECS:
            raise SourceError(f"{what} is stored with the codec '{_name(entry)}'; read are {', '.join(_V3_CODECS)}")


def _name(codec: Any) -> str:
    return str(codec.get("name")) if isinstance(codec, dict) else str(codec)


def _ints(values: Any, what: str) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(isinstance(value, int) for value in values):
        raise SourceError(f"{what} says a shape that is no list of whole numbers")
    return tuple(values)


@cache
def _context() -> Any:
    import tensorstore

    return tensorstore.Context({"cache_pool": {"total_bytes_limit": CACHE_POOL_BYTES}})


def store_path(path: Path) -> str:
    """Short and for people: the store and the way in it, without the folders above."""
    for number, part in enumerate(path.parts):
        if ".zarr" in part:
            return "/".join(path.parts[number:])
    return path.name


def _box_words(box: tuple[slice, ...]) -> str:
    return "[" + ", ".join(f"{part.start}:{part.stop}" for part in box) + "]"
