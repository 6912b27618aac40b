"""Datasets of HDF5 files, read chunk by chunk within declared bounds.

HDF5's own inflating has no bound, so chunks that were deflated are inflated here, which also runs in parallel (HDF5
holds one lock for the whole process). Other filters are left to HDF5, after a look at how long a chunk is stored.
"""

from __future__ import annotations

import math
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .decode import check_regular, native_dtype, reading
from .decoded_array import DecodedArray
from .opening import Opening
from .store import LocalStore
from .stored_array import ArrayMeta, Box, check_meta

_DEFLATE, _SHUFFLE, _FLETCHER32, _SZIP, _SCALEOFFSET, _LZF = 1, 2, 3, 4, 6, 32000
_OURS = (_DEFLATE, _SHUFFLE, _FLETCHER32)
_READ = (*_OURS, _SZIP, _SCALEOFFSET, _LZF)
_LINKS_MAX = 64


@dataclass(frozen=True)
class DatasetMeta(ArrayMeta):
    """A dataset; its shape may be less than what is stored (Imaris pads its blocks). `path`: its place in the file."""

    file: Path
    path: str

    @property
    def name(self) -> str:
        return f"{self.file.name}:{self.path}"


class Hdf5File:
    """An open file, which the arrays of a source share; closed when the last of them is."""

    def __init__(self, path: Path, opening: Opening) -> None:
        import h5py

        check_regular(opening.admit(path))
        self.path = path
        self.opening = opening
        with reading(f"'{path.name}'"):
            self.file: Any = h5py.File(path, "r", locking=False)
        self._users = 0
        self._lock = threading.Lock()

    def use(self) -> None:
        with self._lock:
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users <= 0:
                self.file.close()

    def get(self, path: str) -> Any:
        """The object at a path, None where there is none. Links to other files must stay where files may be opened."""
        import h5py

        place = self.file
        parts = [part for part in path.split("/") if part]
        if len(parts) > _LINKS_MAX:
            raise SourceError(f"the path in '{self.path.name}' is too long")
        for part in parts:
            if not isinstance(place, h5py.Group):
                return None
            link = place.get(part, getlink=True)
            if link is None:
                return None
            if isinstance(link, h5py.ExternalLink):
                self._admit(link.filename)
            if isinstance(link, h5py.SoftLink) and ".." in link.path.split("/"):
                raise SourceError(f"'{part}' in '{self.path.name}' is a link with '..', which is not followed")
            with reading(f"'{path}' in '{self.path.name}'"):
                place = place.get(part)
        return place

    def admit_dataset(self, dataset: Any) -> None:
        """Raise SourceError where a dataset's voxels lie in files that must not be opened."""
        for entry in dataset.external or ():
            self._admit(entry[0])
        if dataset.is_virtual:
            for entry in dataset.virtual_sources():
                if entry.file_name != ".":
                    self._admit(entry.file_name)

    def _admit(self, name: str) -> None:
        named = Path(name) if Path(name).is_absolute() else self.path.parent / name
        self.opening.admit(named)
        if named.exists():
            check_regular(named)


def dataset_meta(
    file: Hdf5File, path: str, dataset: Any, opening: Opening, shape: tuple[int, ...] | None = None
) -> DatasetMeta:
    """What a dataset says of itself, checked before any voxel is read. `shape` where less of it is meant."""
    what = f"'{path}' in '{file.path.name}'"
    file.admit_dataset(dataset)
    filters = _filters(dataset)
    odd = next((code for code in filters if code not in _READ), None)
    if odd is not None:
        raise SourceError(f"{what} was stored through HDF5's filter {odd}, which is not read; gzip, lzf and szip are")
    with reading(what):
        stored = tuple(int(n) for n in dataset.shape or ())
        dtype = native_dtype(dataset.dtype, what)
        chunk = tuple(int(n) for n in dataset.chunks) if dataset.chunks else _blocks(stored)
    if shape is not None and any(a > b for a, b in zip(shape, stored, strict=True)):
        raise SourceError(f"{what} has {stored} voxels where its metadata says {shape}")
    meta = DatasetMeta(
        store=LocalStore(file.path.parent, opening),
        shape=shape or stored,
        dtype=dtype,
        chunk=chunk,
        dimension_names=(),
        attributes={},
        file=file.path,
        path=path,
    )
    check_meta(meta, opening)
    return meta


class Hdf5Array(DecodedArray):
    """An open dataset. Reads may come from any thread; decoded chunks are kept with those of all other arrays."""

    def __init__(self, meta: DatasetMeta, file: Hdf5File, dataset: Any, opening: Opening) -> None:
        super().__init__(meta, opening)
        self._file = file
        self._dataset = dataset
        self._filters = _filters(dataset)
        # HDF5 reads what is not in chunks (and what is virtual) as it is.
        self._is_chunked = dataset.chunks is not None and not dataset.is_virtual
        self._is_ours = self._is_chunked and set(self._filters) <= set(_OURS)
        file.use()

    def read(self, box: Box) -> NDArray[np.generic]:
        """See `StoredArray.read`."""
        if self._is_chunked:
            return super().read(box)
        with reading(f"'{self._meta.name}'"), self._lock:
            self._check_open()
            values = np.asarray(self._dataset[box])
        return values.view(np.uint8) if values.dtype == np.bool_ else values.astype(self._meta.dtype, copy=False)

    def is_absent(self, box: Box) -> bool:
        """Not known: HDF5 is asked chunk by chunk."""
        return False

    def close(self) -> None:
        """Let go of it, and of the file with the last of its arrays."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed, self._array = True, None
        self._file.release()

    def _decode(self, box: Box, out: NDArray[np.generic]) -> None:
        chunk = self._decoded(tuple(part.start for part in box)) if self._is_ours else self._dataset[box]
        out[...] = chunk[tuple(slice(0, n) for n in out.shape)]

    def _decoded(self, lo: tuple[int, ...]) -> NDArray[np.generic]:
        """A whole chunk, inflated here; of the fill value where there is none."""
        dataset = self._dataset
        info = dataset.id.get_chunk_info_by_coord(lo)
        if info.byte_offset is None:
            return np.full(self._meta.chunk, dataset.fillvalue, dataset.dtype)
        limit = 2 * self._meta.chunk_bytes + 65_536
        if info.size > limit:
            raise SourceError(f"a chunk of '{self._meta.name}' has {info.size} bytes, more than its voxels could need")
        mask, raw = dataset.id.read_direct_chunk(lo)
        expected = math.prod(self._meta.chunk) * dataset.dtype.itemsize
        for place, code in reversed(list(enumerate(self._filters))):
            if mask & (1 << place):
                continue
            raw = _undo(code, raw, expected, dataset.dtype.itemsize, self._meta.name)
        if len(raw) != expected:
            raise SourceError(f"a chunk of '{self._meta.name}' decodes to {len(raw)} bytes where it has {expected}")
        return np.frombuffer(raw, dataset.dtype).reshape(self._meta.chunk)


def _undo(code: int, raw: bytes, expected: int, itemsize: int, name: str) -> bytes:
    if code == _DEFLATE:
        stream = zlib.decompressobj()
        out = stream.decompress(raw, expected + 4)  # a checksum may be inside
        if not stream.eof and (stream.unconsumed_tail or len(out) < expected):
            raise SourceError(f"a chunk of '{name}' is damaged, or decodes to more than its {expected} bytes")
        return out
    if code == _SHUFFLE:
        n = len(raw) // itemsize
        whole = np.frombuffer(raw, np.uint8, n * itemsize).reshape(itemsize, n).T.tobytes()
        return whole + raw[n * itemsize :]
    if _fletcher32(raw[:-4]) != int.from_bytes(raw[-4:], "little"):
        raise SourceError(f"a chunk of '{name}' is damaged: its checksum is another")
    return raw[:-4]


def _fletcher32(data: bytes) -> int:
    """HDF5's Fletcher checksum: of big-endian 16-bit words, modulo 65535."""
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.uint64)
    n = len(words)
    low = int(words.sum() % 65535)
    high = int(sum(int(part) for part in _weighted(words, n)) % 65535)
    # Where a sum is a multiple of 65535 HDF5 has 65535 and not 0, unless all words are 0.
    low, high = (low or 65535 if words.any() else 0), (high or 65535 if words.any() else 0)
    return (high << 16) | low


def _weighted(words: NDArray[np.uint64], n: int) -> Sequence[int]:
    step = 1 << 20
    return [
        int((words[at : at + step] * (n - np.arange(at, min(at + step, n), dtype=np.uint64)) % 65535).sum())
        for at in range(0, n, step)
    ]


def _filters(dataset: Any) -> tuple[int, ...]:
    plist = dataset.id.get_create_plist()
    return tuple(int(plist.get_filter(number)[0]) for number in range(plist.get_nfilters()))


def _blocks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """What is taken as the chunk of a dataset without chunks: 64 voxels a side in space, one of the other axes."""
    n = len(shape)
    return tuple(min(length, 64) if axis >= n - 3 else 1 for axis, length in enumerate(shape))
