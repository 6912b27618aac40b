"""The sharded form of neuroglancer's precomputed volumes where it is gzipped, decoded within bounds.

tensorstore inflates the index of a minishard, and a chunk in a shard, as far as they go: 100 KB can become 100 MB. So
the bytes of a chunk are found and inflated here, to at most what a chunk can need, and tensorstore decodes what comes
out.
The layout is that of `neuroglancer_uint64_sharded_v1` in neuroglancer's documentation of precomputed volumes.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import METADATA_MAX_BYTES, reading
from .store import Store

_INDEXES_KEPT_BYTES = 64 << 20
_INDEX_MAX_BYTES = 64 << 20
"""Of a minishard, inflated: more than 2 million chunks."""
_ENTRY_BYTES = 24
_MASK = 0xFFFFFFFF
Cell = tuple[int, int, int]
"""(x, y, z) of a chunk in the grid of chunks"""
Index = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]
"""Chunk ids, first bytes and lengths, one place each"""


class ShardedChunks:
    """The chunks of one scale, as they are encoded. Reads may come from any thread."""

    def __init__(self, store: Store, sharding: Mapping[str, Any], grid: Cell, name: str) -> None:
        """`store` is where the shards are; `grid` how many chunks there are along x, y, z. Raises SourceError."""
        self._store = store
        self._name = name
        self._grid = grid
        what = f"'{name}'"
        if sharding.get("@type") != "neuroglancer_uint64_sharded_v1":
            raise SourceError(f"{what} has shards of the kind {sharding.get('@type')!r}, which are not read")
        with reading(what):
            self._preshift, self._minishard_bits, self._shard_bits = (
                int(sharding[name]) for name in ("preshift_bits", "minishard_bits", "shard_bits")
            )
            self._hash = {"identity": _identity, "murmurhash3_x86_128": murmurhash3}[str(sharding["hash"])]
        if not (0 <= self._preshift <= 64 and 0 <= self._minishard_bits <= 20 and 0 <= self._shard_bits <= 64):
            raise SourceError(f"{what} has shards of {self._minishard_bits} and {self._shard_bits} bits")
        self._index_is_gzip = sharding.get("minishard_index_encoding") == "gzip"
        self._data_is_gzip = sharding.get("data_encoding") == "gzip"
        self._kept: OrderedDict[tuple[int, int], Index] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def read(self, cell: Cell, most_bytes: int) -> bytes | None:
        """The encoded bytes of a chunk, None where there is none. Raises SourceError for more than `most_bytes`."""
        place = self.find(cell)
        if place is None:
            return None
        key, first, n_bytes = place
        if n_bytes > most_bytes:
            raise SourceError(f"a chunk of '{self._name}' has {n_bytes} bytes, more than its voxels could need")
        (raw,) = self._store.ranges([(key, first, n_bytes)])
        if raw is None or len(raw) < n_bytes:
            raise SourceError(f"the shard '{key}' of '{self._name}' is truncated")
        return self._inflated(raw, most_bytes, "a chunk") if self._data_is_gzip else raw

    def find(self, cell: Cell) -> tuple[str, int, int] | None:
        """(key, first byte, length) of a chunk; None where there is none."""
        chunk = morton_code(cell, self._grid)
        hashed = self._hash(chunk >> self._preshift)
        minishard = hashed & ((1 << self._minishard_bits) - 1)
        shard = (hashed >> self._minishard_bits) & ((1 << self._shard_bits) - 1)
        ids, starts, sizes = self._index(shard, minishard)
        (places,) = np.nonzero(ids == np.uint64(chunk))
        if not len(places):
            return None
        return self._key(shard), int(starts[places[0]]), int(sizes[places[0]])

    def _key(self, shard: int) -> str:
        return f"{shard:0{-(-self._shard_bits // 4)}x}.shard" if self._shard_bits else "0.shard"

    def _index(self, shard: int, minishard: int) -> Index:
        with self._lock:
            found = self._kept.get((shard, minishard))
            if found is not None:
                self._kept.move_to_end((shard, minishard))
                return found
        found = self._read_index(shard, minishard)
        with self._lock:
            self._kept[shard, minishard] = found
            while (
                sum(3 * entry[0].nbytes for entry in self._kept.values()) > _INDEXES_KEPT_BYTES and len(self._kept) > 1
            ):
                self._kept.popitem(last=False)
        return found

    def _read_index(self, shard: int, minishard: int) -> Index:
        none = np.zeros(0, np.uint64)
        what = f"the index of the shard '{self._key(shard)}' of '{self._name}'"
        (entry,) = self._store.ranges([(self._key(shard), 16 * minishard, 16)])
        if entry is None:
            return none, none, none
        if len(entry) < 16:
            raise SourceError(f"{what} is truncated")
        base = 16 << self._minishard_bits
        first, last = int.from_bytes(entry[:8], "little"), int.from_bytes(entry[8:], "little")
        if first == last:
            return none, none, none
        if not first < last <= 2**62 or last - first > METADATA_MAX_BYTES:
            raise SourceError(f"{what} says that it spans the bytes {first} to {last}")
        (raw,) = self._store.ranges([(self._key(shard), base + first, last - first)])
        if raw is None or len(raw) < last - first:
            raise SourceError(f"{what} is truncated")
        if self._index_is_gzip:
            raw = self._inflated(raw, _INDEX_MAX_BYTES, "the index of a shard")
        if len(raw) % _ENTRY_BYTES:
            raise SourceError(f"{what} has {len(raw)} bytes, which is no number of entries")
        deltas, gaps, sizes = np.frombuffer(raw, "<u8").reshape(3, -1)
        ends = np.cumsum(gaps + sizes, dtype=np.uint64)
        return np.cumsum(deltas, dtype=np.uint64), np.uint64(base) + ends - sizes, sizes.astype(np.uint64)

    def _inflated(self, raw: bytes, most_bytes: int, what: str) -> bytes:
        stream = zlib.decompressobj(wbits=31)
        try:
            out = stream.decompress(raw, most_bytes)
        except zlib.error as error:
            raise SourceError(f"{what} of '{self._name}' is damaged: {error}") from error
        if not stream.eof:
            raise SourceError(f"{what} of '{self._name}' is damaged, or inflates to more than {most_bytes} bytes")
        return out


def _bytes_of(index: Index) -> int:
    return 1024 + sum(part.nbytes for part in index)


def morton_code(cell: Cell, grid: Cell) -> int:
    """Neuroglancer's compressed Morton code: the bits of x, y and z in turn, of each as many as its grid needs."""
    code, place = 0, 0
    for bit in range(max(n - 1 for n in grid).bit_length()):
        for value, n in zip(cell, grid, strict=True):
            if 1 << bit < n:
                code |= ((value >> bit) & 1) << place
                place += 1
    return code


def _identity(value: int) -> int:
    return value


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & _MASK
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & _MASK
    return value ^ (value >> 16)


def murmurhash3(value: int) -> int:
    """The low 64 bits of MurmurHash3_x86_128 (Appleby; seed 0) of a number's 8 bytes, little-endian."""
    k1, k2 = value & _MASK, (value >> 32) & _MASK
    h2 = (_rotated((k2 * 0xAB0E9789) & _MASK, 16) * 0x38B34AE5) & _MASK
    h1 = (_rotated((k1 * 0x239B961B) & _MASK, 15) * 0xAB0E9789) & _MASK
    h1, h2, h3, h4 = h1 ^ 8, h2 ^ 8, 8, 8  # the length, in bytes
    h1 = (h1 + h2 + h3 + h4) & _MASK
    h2, h3, h4 = ((h + h1) & _MASK for h in (h2, h3, h4))
    h1, h2, h3, h4 = (_mixed(h) for h in (h1, h2, h3, h4))
    h1 = (h1 + h2 + h3 + h4) & _MASK
    return ((h2 + h1) & _MASK) << 32 | h1
