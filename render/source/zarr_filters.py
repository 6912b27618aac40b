"""Zarr v2 arrays that tensorstore does not read: stored through filters, or compressed with lz4 or lzma.

Chunks are decompressed to at most what they can need, then numcodecs undoes the filters, those on a list. Arrays with
blosc on servers are read here too: a chunk then takes one request, where tensorstore's would take one more for a look
at the header.
"""

from __future__ import annotations

import bz2
import lzma
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import reading
from .decoded_array import DecodedArray
from .opening import Opening
from .stored_array import Box, Index
from .zarr_array import ZarrMeta

_WIDEST_BYTES = 8


class FilteredZarrArray(DecodedArray):
    """An open array. Reads may come from any thread."""

    def __init__(self, meta: ZarrMeta, opening: Opening) -> None:
        import numcodecs

        super().__init__(meta, opening)
        self._zarr = meta
        with reading(f"'{meta.name}'"):
            self._filters = [numcodecs.get_codec(dict(said)) for said in meta.raw.get("filters") or ()]
            self._stored = np.dtype(meta.raw["dtype"])
            self._fill_value = _fill_value(meta.raw.get("fill_value"), self._stored)

    def _key(self, index: Index) -> str:
        return self._zarr.key(index)

    def _fill_is_zero(self) -> bool:
        return self._zarr.fill_is_zero

    def _most_bytes(self) -> int:
        """What a chunk can have before its filters are undone: no filter makes elements wider than this."""
        return math.prod(self._zarr.chunk) * _WIDEST_BYTES + 64

    def _check(self, indices: Sequence[Index]) -> None:
        self._check_sizes(indices, 2 * self._most_bytes() + 65_536)

    def _decode(self, box: Box, out: NDArray[np.generic]) -> None:
        index = tuple(part.start // n for part, n in zip(box, self._zarr.chunk, strict=True))
        key = self._key(index)
        raw = self._zarr.store.whole(key, 2 * self._most_bytes() + 65_536)
        if raw is None:
            out[...] = self._fill_value
            return
        with reading(self._what(key)):
            values: Any = _decompressed(self._zarr.raw.get("compressor"), raw, self._most_bytes())
            for undo in reversed(self._filters):
                values = undo.decode(values)
            flat = np.frombuffer(np.ascontiguousarray(values).data, np.uint8)
            expected = math.prod(self._zarr.chunk) * self._stored.itemsize
            if flat.size != expected:
                raise SourceError(f"{self._what(key)} decodes to {flat.size} bytes where a chunk has {expected}")
            order = "F" if self._zarr.raw.get("order") == "F" else "C"
            chunk = flat.view(self._stored).reshape(self._zarr.chunk, order=order)
            out[...] = chunk[tuple(slice(0, n) for n in out.shape)]


def _fill_value(said: Any, dtype: np.dtype[Any]) -> Any:
    """The value of voxels that are not there; names of numbers that JSON lacks are texts."""
    if said is None:
        return dtype.type(0)
    return dtype.type({"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(said, said))


def _decompressed(compressor: Mapping[str, Any] | None, raw: bytes, most_bytes: int) -> bytes:
    """What a compressor made smaller. Raises for more than `most_bytes`, without having decoded much more."""
    if compressor is None:
        return raw
    codec = str(compressor.get("id"))
    if codec in ("zstd", "blosc", "lz4"):
        import imagecodecs

        # Each frame says how long it is; that is what is allocated, and checked first.
        n_bytes = _said_bytes(codec, raw, most_bytes)
        if codec == "zstd":
            return bytes(imagecodecs.zstd_decode(raw, out=n_bytes))
        if codec == "blosc":
            return bytes(imagecodecs.blosc_decode(raw, out=n_bytes))
        return bytes(imagecodecs.lz4_decode(raw, header=True, out=n_bytes))
    stream: Any
    if codec in ("zlib", "gzip"):
        stream = zlib.decompressobj(wbits=47)  # either header
    elif codec == "bz2":
        stream = bz2.BZ2Decompressor()
    elif compressor.get("format", 1) == lzma.FORMAT_RAW:
        stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=compressor.get("filters"))
    else:
        stream = lzma.LZMADecompressor()
    out = stream.decompress(raw, most_bytes)
    if not stream.eof and len(out) >= most_bytes:
        raise ValueError(f"it decodes to more than {most_bytes} bytes")
    return bytes(out)


def _said_bytes(codec: str, raw: bytes, most_bytes: int) -> int:
    if codec == "zstd":
        return most_bytes  # the frame need not say it; no more than this is written
    at = 4 if codec == "blosc" else 0
    n_bytes = int.from_bytes(raw[at : at + 4], "little")
    if n_bytes > most_bytes:
        raise ValueError(f"it decodes to {n_bytes} bytes, more than its voxels could need")
    return n_bytes
