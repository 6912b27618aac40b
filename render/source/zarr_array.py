"""One zarr array (v2 or v3, sharded too), read by tensorstore within declared bounds.

tensorstore stops zlib, gzip and zstd streams at the chunk's declared size, but believes the size in the header of
a blosc frame: those headers are looked at before it gets a chunk, and so is the kind and size of each file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import check_decoded_bytes, native_dtype, reading
from .opening import Opening
from .store import Request, Store
from .stored_array import (
    ABSENT_MAX_CHUNKS,
    BLOSC_HEADER_BYTES,
    ArrayMeta,
    Box,
    Index,
    TensorArray,
    check_blosc,
    check_meta,
    middle_of,
)

_V2_COMPRESSORS = ("zlib", "gzip", "zstd", "blosc", "bz2")
FILTERED_COMPRESSORS = ("lz4", "lzma")
FILTERS = ("delta", "fixedscaleoffset", "quantize", "bitround", "astype", "shuffle", "packbits")
"""These, and all arrays with filters, are left to `zarr_filters`."""
_V3_CODECS = ("bytes", "transpose", "gzip", "zstd", "blosc", "crc32c", "sharding_indexed")
_V2_FIELDS = (
    "zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value", "order", "filters", "dimension_separator",
)  # fmt: skip
_V3_FIELDS = (
    "zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs",
    "dimension_names",
)  # fmt: skip
_ABSENT = 2**64 - 1
"""In the index of a shard: there is no such chunk."""
_INDEXES_KEPT_BYTES = 64 << 20
_CHECKED_KEPT = 200_000


@dataclass(frozen=True)
class ZarrMeta(ArrayMeta):
    """`piece` is what a key holds: a shard where there are shards, else a chunk.

    `raw`: the metadata as it was read. `is_filtered`: tensorstore does not read it. `index_bytes`: of the index of a
    shard, 0 without shards. `index_at_end`: where that is.
    """

    version: int
    piece: tuple[int, ...]
    separator: str
    prefix: str
    fill_is_zero: bool
    is_blosc: bool
    is_filtered: bool
    index_bytes: int
    index_at_end: bool
    raw: dict[str, Any]

    def key(self, index: Sequence[int]) -> str:
        """The key of a chunk (of a shard) in the array's store."""
        if not index:
            return self.prefix or "0"
        key = self.separator.join(str(part) for part in index)
        return f"{self.prefix}{self.separator}{key}" if self.prefix else key


class ZarrArray(TensorArray):
    """An open array. Reads may come from any thread."""

    def __init__(self, meta: ZarrMeta, opening: Opening) -> None:
        super().__init__(meta, opening)
        self._zarr = meta
        self._indexes: dict[Index, NDArray[np.uint64] | None] = {}
        self._checked_inner: set[Index] = set()

    def _spec(self) -> dict[str, Any]:
        return {
            "driver": "zarr" if self._zarr.version == 2 else "zarr3",
            "metadata": self._zarr.raw,
            "assume_metadata": True,
        }

    def _piece(self) -> tuple[int, ...]:
        return self._zarr.piece

    def _key(self, index: Index) -> str:
        return self._zarr.key(index)

    def _fill_is_zero(self) -> bool:
        return self._zarr.fill_is_zero

    def _check(self, indices: Sequence[Index]) -> None:
        meta = self._zarr
        n_inner = math.prod(meta.piece) // math.prod(meta.chunk)
        there = self._check_sizes(indices, 2 * n_inner * meta.chunk_bytes + meta.index_bytes + 65_536)
        if meta.is_blosc and not meta.index_bytes:
            headers = meta.store.ranges([(meta.key(index), 0, BLOSC_HEADER_BYTES) for index in there])
            for index, header in zip(there, headers, strict=True):
                check_blosc(header, meta.chunk_bytes, self._what(meta.key(index)))

    def read(self, box: Box) -> NDArray[np.generic]:
        """See `StoredArray.read`."""
        if self._zarr.is_blosc and self._zarr.index_bytes:
            self._check_inner(box)
        return super().read(box)

    def is_absent(self, box: Box) -> bool:
        """See `StoredArray.is_absent`. In shards on disk single chunks are looked up."""
        if super().is_absent(box):
            return True
        meta = self._zarr
        if not meta.index_bytes or not meta.fill_is_zero or meta.store.is_remote:
            return False
        spans = self._spans(box)
        if math.prod(map(len, spans)) > ABSENT_MAX_CHUNKS:
            return False
        middle = middle_of(spans)
        # Chunks one by one until there is one: in the middle, as for whole pieces.
        for chunk in chain([middle], (chunk for chunk in product(*spans) if chunk != middle)):
            shard = self._shard_of(chunk)
            if shard not in self._checked:
                self._check([shard])
            if self._place(chunk, self._load_indexes({shard})[shard]) is not None:
                return False
        return True

    def _spans(self, box: Box) -> list[range]:
        """The chunks, in shards or not, that a box touches, an axis."""
        return [range(part.start // n, -(-part.stop // n)) for part, n in zip(box, self._zarr.chunk, strict=True)]

    def _shard_of(self, chunk: Index) -> Index:
        meta = self._zarr
        return tuple(i * a // b for i, a, b in zip(chunk, meta.chunk, meta.piece, strict=True))

    def _place(self, chunk: Index, index: NDArray[np.uint64] | None) -> tuple[int, int] | None:
        """First byte and length of a chunk by the index of its shard; None where there is none."""
        if index is None:
            return None
        counts = [b // a for a, b in zip(self._zarr.chunk, self._zarr.piece, strict=True)]
        place = 0
        for i, n in zip(chunk, counts, strict=True):
            place = place * n + i % n
        offset, n_bytes = int(index[place, 0]), int(index[place, 1])
        return None if offset == _ABSENT else (offset, n_bytes)

    def _check_inner(self, box: Box) -> None:
        """Look at the blosc header of each chunk of a box in its shard."""
        meta = self._zarr
        todo = [chunk for chunk in product(*self._spans(box)) if chunk not in self._checked_inner]
        if not todo:
            return
        shards = {chunk: self._shard_of(chunk) for chunk in todo}
        self._check(sorted(set(shards.values()) - self._checked))  # no pipes, no devices
        indexes = self._load_indexes(set(shards.values()))
        requests: list[Request] = []
        for chunk in todo:
            place = self._place(chunk, indexes[shards[chunk]])
            if place is not None and place[1] >= BLOSC_HEADER_BYTES:
                requests.append((meta.key(shards[chunk]), place[0], BLOSC_HEADER_BYTES))
        for request, header in zip(requests, meta.store.ranges(requests), strict=True):
            check_blosc(header, meta.chunk_bytes, self._what(request[0]))
        if len(self._checked_inner) > _CHECKED_KEPT:
            self._checked_inner = set()
        self._checked_inner.update(todo)

    def _load_indexes(self, shards: set[Index]) -> dict[Index, NDArray[np.uint64] | None]:
        """The indexes of shards, which are kept: (chunks, 2) of offset and length; None for a shard that is not there.

        They are those of when the shard was first looked into: data that changes on disk is opened anew.
        """
        meta = self._zarr
        # Another thread may let go of what is kept at any time: what is given back is in hand before that.
        known = self._indexes
        wanted = {shard: known[shard] for shard in shards if shard in known}
        missing = [shard for shard in shards if shard not in wanted]
        if not missing:
            return wanted
        first = -meta.index_bytes if meta.index_at_end else 0
        found = meta.store.ranges([(meta.key(shard), first, meta.index_bytes) for shard in missing])
        if len(self._indexes) * meta.index_bytes > _INDEXES_KEPT_BYTES:
            self._indexes = dict(wanted)
        n_inner = math.prod(meta.piece) // math.prod(meta.chunk)
        for shard, raw in zip(missing, found, strict=True):
            whole = raw is not None and len(raw) >= 16 * n_inner
            index = np.frombuffer(raw, "<u8", 2 * n_inner).reshape(-1, 2) if raw is not None and whole else None
            self._indexes[shard] = wanted[shard] = index
        return wanted


def read_meta(store: Store, opening: Opening) -> ZarrMeta:
    """Read and check an array's metadata; every limit and codec is checked here, before any voxel is read."""
    what = f"'{store.name}'"
    found = store.jsons(("zarr.json", ".zarray", ".zattrs"))
    with reading(what):
        if "zarr.json" in found:
            meta = _meta_v3(store, found["zarr.json"], what)
        elif ".zarray" in found:
            meta = _meta_v2(store, found[".zarray"], found.get(".zattrs", {}), what)
        else:
            raise SourceError(f"{what} is no zarr array: it has neither zarr.json nor .zarray")
    check_meta(meta, opening)
    if any(n < 1 for n in meta.piece) or any(b % a for a, b in zip(meta.chunk, meta.piece, strict=True)):
        raise SourceError(f"{what} says that its shards of {meta.piece} hold chunks of {meta.chunk}, which do not fit")
    check_decoded_bytes(meta.index_bytes, opening.limits.decoded_chunk_max_bytes, f"the index of {what}")
    return meta


def is_array(store: Store) -> bool:
    """Whether a place is a zarr array."""
    found = store.jsons((".zarray", "zarr.json"))
    return ".zarray" in found or found.get("zarr.json", {}).get("node_type") == "array"


def _meta_v2(store: Store, raw: dict[str, Any], attributes: dict[str, Any], what: str) -> ZarrMeta:
    compressor = raw.get("compressor")
    codec = compressor.get("id") if isinstance(compressor, dict) else None
    if compressor is not None and codec not in (*_V2_COMPRESSORS, *FILTERED_COMPRESSORS):
        known = ", ".join((*_V2_COMPRESSORS, *FILTERED_COMPRESSORS))
        raise SourceError(f"{what} is compressed with '{codec}'; read are {known}")
    filters = [str(entry.get("id")) if isinstance(entry, dict) else str(entry) for entry in raw.get("filters") or ()]
    odd = [name for name in filters if name not in FILTERS]
    if odd:
        raise SourceError(f"{what} was stored through the filter '{odd[0]}'; undone are {', '.join(FILTERS)}")
    chunk = _ints(raw.get("chunks"), what)
    dtype = _v2_dtype(raw.get("dtype"), what)
    fill = raw.get("fill_value")
    return ZarrMeta(
        store=store,
        version=2,
        shape=_ints(raw.get("shape"), what),
        dtype=dtype,
        chunk=chunk,
        piece=chunk,
        separator=str(raw.get("dimension_separator") or "."),
        prefix="",
        fill_is_zero=fill is None or fill in (0, False),
        is_blosc=codec == "blosc",
        is_filtered=bool(filters) or codec in FILTERED_COMPRESSORS,
        index_bytes=0,
        index_at_end=True,
        dimension_names=tuple(str(name) for name in attributes.get("_ARRAY_DIMENSIONS") or ()),
        attributes=attributes,
        raw={name: raw[name] for name in _V2_FIELDS if name in raw},
    )


def _v2_dtype(said: object, what: str) -> np.dtype[np.generic]:
    if not isinstance(said, str) or said.lstrip("<>|=")[:1] in ("O", "V", "S", "U", "M", "m"):
        raise SourceError(f"{what} has elements of type {said!r}, which are no voxels")
    return native_dtype(np.dtype(said), what)


def _meta_v3(store: Store, raw: dict[str, Any], what: str) -> ZarrMeta:
    if raw.get("node_type") != "array":
        raise SourceError(f"{what} is no zarr array")
    grid = raw.get("chunk_grid") or {}
    if grid.get("name") != "regular":
        raise SourceError(f"{what} has a chunk grid '{grid.get('name')}'; regular ones are read")
    said = raw.get("data_type")
    if not isinstance(said, str) or not (said == "bool" or said.startswith(("int", "uint", "float"))):
        raise SourceError(f"{what} has elements of type {said!r}, which are no voxels")
    dtype = native_dtype(np.dtype(said), what)
    piece = _ints(grid["configuration"].get("chunk_shape"), what)
    chunk, codecs = piece, list(raw.get("codecs") or ())
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
        store=store,
        version=3,
        shape=_ints(raw.get("shape"), what),
        dtype=dtype,
        chunk=chunk,
        piece=piece,
        separator=str(separator),
        prefix="c" if is_default else "",
        fill_is_zero=fill in (0, False),
        is_blosc=any(_name(entry) == "blosc" for entry in codecs),
        is_filtered=False,
        index_bytes=index_bytes,
        index_at_end=index_at_end,
        dimension_names=tuple(str(name) for name in raw.get("dimension_names") or () if name is not None),
        attributes=raw.get("attributes") or {},
        raw={name: raw[name] for name in _V3_FIELDS if name in raw},
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
