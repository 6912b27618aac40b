"""Dense 32-bit ids for the 64-bit ids of a segmentation, as they turn up: what is on the device instead of them."""

from __future__ import annotations

import secrets
import threading

import fastremap
import numpy as np
from numpy.typing import NDArray

from ..errors import LimitError

_FIRST_BITS = 12
_MAX_LOAD = 0.6


class DenseIds:
    """Gives each 64-bit id of a segmentation a dense 32-bit one, as ids turn up; 0 stays 0. Thread-safe.

    A hash table with open addressing and linear probing (Knuth, The Art of Computer Programming 3, 6.4, algorithm L)
    in two numpy arrays: the ids in the order of their dense ids, and places that hold dense ids, 0 where one is free.
    All probes of a brick go side by side. 10 million ids take 80 MB and 64 MiB.
    """

    MAX_IDS = 1 << 28
    """The film has 28 bits for a dense id."""

    def __init__(self) -> None:
        self._ids = np.zeros(1 << (_FIRST_BITS - 1), np.uint64)
        self._count = 1
        self._places = np.zeros(1 << _FIRST_BITS, np.uint32)
        # Not known to who writes a file: nobody can choose ids that all fall on one place.
        self._secret = np.uint64(secrets.randbits(64))
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many dense ids there are, with the 0."""
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory of the table."""
        return self._ids.nbytes + self._places.nbytes

    def encode(self, labels: NDArray[np.generic]) -> NDArray[np.uint32]:
        """Dense ids (uint32) of labels of any integer dtype; signed ids are taken as their 64-bit pattern.

        Raises LimitError when there are more than MAX_IDS.
        """
        return self.encode_brick(labels)[0]

    def encode_brick(self, labels: NDArray[np.generic]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """As `encode`, with the sorted distinct dense ids among them."""
        flat = np.ascontiguousarray(labels).reshape(-1)
        if not flat.size:
            return np.zeros(labels.shape, np.uint32), np.zeros(0, np.uint32)
        # Segments are connected: along x one id goes on for many voxels, and each run is looked up once.
        starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        starts = np.concatenate([[0], starts])
        ids = flat[starts]
        dense = self._dense(ids.astype(np.int64).view(np.uint64) if ids.dtype.kind == "i" else ids.astype(np.uint64))
        texels = np.repeat(dense, np.diff(starts, append=flat.size)).reshape(labels.shape)
        return texels, np.sort(fastremap.unique(dense))

    def ids(self) -> NDArray[np.uint64]:
        """The 64-bit ids in the order of their dense ids."""
        with self._lock:
            return self._ids[: self._count].copy()

    def known(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Dense ids of 64-bit ids, 0 for those that have not turned up (and for 0)."""
        with self._lock:
            return self._find(np.ascontiguousarray(ids, np.uint64))

    def _dense(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        with self._lock:
            dense = self._find(ids)
            new = np.flatnonzero((dense == 0) & (ids != 0))
            if len(new):
                self._insert(np.unique(ids[new]))
                dense[new] = self._find(ids[new])
            return dense

    def _start(self, ids: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where the search for each id begins: MurmurHash3's 64-bit finalizer (A. Appleby, public domain)."""
        h = ids ^ self._secret
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            h ^= h >> np.uint64(33)
            h *= np.uint64(factor)
        h ^= h >> np.uint64(33)
        return (h & np.uint64(len(self._places) - 1)).astype(np.int64)

    def _find(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Dense ids, 0 for those that are not there."""
        at = self._start(ids)
        dense = self._places[at]
        # A free place says 0, and the id of 0 is 0: what is compared there decides nothing, its dense id is 0 anyway.
        open_ = np.flatnonzero((dense != 0) & (self._ids[dense] != ids))
        while len(open_):
            at[open_] = (at[open_] + 1) & (len(self._places) - 1)
            found = self._places[at[open_]]
            dense[open_] = found
            open_ = open_[(found != 0) & (self._ids[found] != ids[open_])]
        return dense

    def _insert(self, new: NDArray[np.uint64]) -> None:
        """Give numbers to distinct ids that are not there."""
        count = self._count + len(new)
        if count > self.MAX_IDS:
            raise LimitError(f"the segmentation has more than {self.MAX_IDS} ids")
        if count > len(self._ids):
            grown = np.zeros(max(count, len(self._ids) * 3 // 2), np.uint64)
            grown[: self._count] = self._ids[: self._count]
            self._ids = grown
        self._ids[self._count : count] = new
        numbers = np.arange(self._count, count, dtype=np.uint32)
        if count > _MAX_LOAD * len(self._places):
            bits = len(self._places).bit_length() - 1
            while count > _MAX_LOAD * (1 << bits):
                bits += 1
            self._places = np.zeros(1 << bits, np.uint32)
            numbers = np.arange(1, count, dtype=np.uint32)
        # A million at a time: the arrays on the way stay small beside the table.
        for begin in range(0, len(numbers), 1 << 20):
            self._place(numbers[begin : begin + (1 << 20)])
        self._count = count

    def _place(self, numbers: NDArray[np.uint32]) -> None:
        at = self._start(self._ids[numbers])
        while len(numbers):
            free = self._places[at] == 0
            self._places[at[free]] = numbers[free]
            # Of several that went for one place the last one has it; the others go on.
            left = self._places[at] != numbers
            numbers, at = numbers[left], (at[left] + 1) & (len(self._places) - 1)
