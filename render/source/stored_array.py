"""What readers of chunked formats give to `multiscale`: arrays with metadata, read box by box, most by tensorstore."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .chunk_cache import context
from .decode import check_decoded_bytes, check_shape, reading
from .opening import Opening
from .remote import remote_reading, wait_for
from .store import Store, too_long

BLOSC_HEADER_BYTES = 16
ABSENT_MAX_CHUNKS = 512
"""Boxes that touch more chunks than this are not looked up."""
_REMEMBERED_CHECKS = 200_000
Box = tuple[slice, ...]
Index = tuple[int, ...]


@dataclass(frozen=True)
class ArrayMeta:
    """What an array's metadata says. Axes from slowest to fastest, whatever the order of the format.

    `chunk` is what is decoded at once. `dimension_names` are "" where the format names none.
    """

    store: Store
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    chunk: tuple[int, ...]
    dimension_names: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Short and for people."""
        return self.store.name

    @property
    def chunk_bytes(self) -> int:
        return math.prod(self.chunk) * self.dtype.itemsize


class StoredArray(Protocol):
    """An open array. Reads may come from any thread."""

    @property
    def meta(self) -> ArrayMeta: ...

    def read(self, box: Box) -> NDArray[np.generic]:
        """The elements of a box (one slice an axis, slowest first), native byte order, bool as uint8. SourceError."""
        ...

    def is_absent(self, box: Box) -> bool:
        """Whether nothing is stored of any of the box, and what is not there is 0."""
        ...

    def close(self) -> None: ...


def check_meta(meta: ArrayMeta, opening: Opening) -> None:
    """Raise SourceError for shapes and chunks that make no sense or pass the limits."""
    what = f"'{meta.name}'"
    check_shape(meta.shape, what)
    if not 1 <= len(meta.shape) <= 8:
        raise SourceError(f"{what} has {len(meta.shape)} axes; a volume has 2 to 5")
    if len(meta.chunk) != len(meta.shape) or any(n < 1 for n in meta.chunk):
        raise SourceError(f"{what} says that its chunks are {meta.chunk}, which is no shape of a chunk")
    check_decoded_bytes(meta.chunk_bytes, opening.limits.decoded_chunk_max_bytes, what)


def check_blosc(header: bytes | None, chunk_bytes: int, what: str) -> None:
    """Raise SourceError where a blosc frame says another size than a chunk has: tensorstore would believe it."""
    if header is None or len(header) < BLOSC_HEADER_BYTES:
        return
    n_bytes = int.from_bytes(header[4:8], "little")
    if n_bytes > chunk_bytes:
        raise SourceError(f"{what} says that it decodes to {n_bytes} bytes where a chunk has {chunk_bytes}")


class TensorArray:
    """An array that tensorstore reads. Subclasses say what to open and what is checked before a chunk is decoded."""

    def __init__(self, meta: ArrayMeta, opening: Opening) -> None:
        self._meta = meta
        self._opening = opening
        self._array: Any = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._checked: set[Index] = set()
        self._there: set[Index] = set()  # pieces that were seen; that one is gone since only makes "absent" unknown

    @property
    def meta(self) -> ArrayMeta:
        return self._meta

    def read(self, box: Box) -> NDArray[np.generic]:
        """See `StoredArray.read`."""
        what = f"'{self._meta.name}' at {_box_words(box)}"
        todo = [index for index in self._pieces(box) if index not in self._checked]
        if todo:
            self._check(todo)
            self._remember(todo)
        array = self._open()
        with self._reading(what):
            values = np.asarray(wait_for(array[box].read(), self._opening, math.prod(map(len, self._ranges(box)))))
        return values.view(np.uint8) if values.dtype == np.bool_ else values

    def is_absent(self, box: Box) -> bool:
        """See `StoredArray.is_absent`."""
        if not self._fill_is_zero():
            return False
        ranges = self._ranges(box)
        if math.prod(map(len, ranges)) > ABSENT_MAX_CHUNKS:
            return False
        # Most of a volume is stored, and then one look settles it.
        middle = middle_of(ranges)
        if middle in self._there:
            return False
        for some in ([middle], [index for index in product(*ranges) if index != middle]):
            sizes = self._meta.store.sizes([self._key(index) for index in some])
            if sizes is None:
                return False
            there = [index for index, size in zip(some, sizes, strict=True) if size is not None]
            if there:
                if len(self._there) > _REMEMBERED_CHECKS:
                    self._there = set()
                self._there.update(there)
                return False
        return True

    def close(self) -> None:
        """Let go of it. Chunks in the cache go with the last array that has them."""
        with self._lock:
            self._array, self._is_closed = None, True

    def _spec(self) -> dict[str, Any]:
        """What tensorstore opens, without "kvstore"."""
        raise NotImplementedError

    def _view(self, array: Any) -> Any:
        """The opened array with its axes from slowest to fastest, beginning at 0."""
        return array

    def _piece(self) -> tuple[int, ...]:
        """The shape of what one key of the store holds."""
        return self._meta.chunk

    def _key(self, index: Index) -> str:
        """The key of a piece."""
        raise NotImplementedError

    def _fill_is_zero(self) -> bool:
        return True

    def _check(self, indices: Sequence[Index]) -> None:
        """Raise SourceError for pieces that must not be decoded: no files, far too long, or larger than they should."""

    def _check_sizes(self, indices: Sequence[Index], most_bytes: int) -> list[Index]:
        """The pieces that are there (all, where the store cannot tell), after a look at how long they are."""
        keys = [self._key(index) for index in indices]
        sizes = self._meta.store.sizes(keys)
        if sizes is None:
            return list(indices)
        for key, size in zip(keys, sizes, strict=True):
            if size is not None and size > most_bytes:
                raise too_long(self._what(key), size)
        return [index for index, size in zip(indices, sizes, strict=True) if size is not None]

    def _what(self, key: str) -> str:
        return f"chunk '{key}' of '{self._meta.name}'"

    def _remember(self, indices: Sequence[Index]) -> None:
        if len(self._checked) > _REMEMBERED_CHECKS:
            self._checked = set()
        self._checked.update(indices)

    def _reading(self, what: str) -> Any:
        return remote_reading(what, self._opening) if self._meta.store.is_remote else reading(what)

    def _open(self) -> Any:
        with self._lock:
            self._check_open()
            if self._array is None:
                made = context(self._opening.limits)
                import tensorstore

                with self._reading(f"'{self._meta.name}'"):
                    spec = {**self._spec(), "kvstore": self._meta.store.kvstore(), "recheck_cached_data": "open"}
                    # "open" stands in the spec: as an argument it takes back "assume_metadata".
                    opened = tensorstore.open({**spec, "open": True}, read=True, context=made)
                    self._array = self._view(wait_for(opened, self._opening))
            return self._array

    def _check_open(self) -> None:
        if self._is_closed:
            raise SourceError(f"'{self._meta.name}' was closed")

    def _ranges(self, box: Box) -> list[range]:
        return [range(part.start // n, -(-part.stop // n)) for part, n in zip(box, self._piece(), strict=True)]

    def _pieces(self, box: Box) -> Iterator[Index]:
        return product(*self._ranges(box))


def middle_of(ranges: Sequence[range]) -> Index:
    """The one in the middle of a box of pieces."""
    return tuple(one[len(one) // 2] for one in ranges)


def _box_words(box: Box) -> str:
    return "[" + ", ".join(f"{part.start}:{part.stop}" for part in box) + "]"
