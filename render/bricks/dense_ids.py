"""Dense 32-bit ids for the 64-bit ids of a segmentation, as they turn up: what is on the device instead of them."""

from __future__ import annotations

import secrets
import threading

import fastremap
import numpy as np
from numpy.typing import NDArray

from ..errors import LimitError

_FIRST_BITS = 12
_MAX_LOAD = 0.3
_PROBED = 512
"""Of so many runs of a brick it is looked at how often ids come again."""


class DenseIds:
    """Gives each 64-bit id of a segmentation a dense 32-bit one, as ids turn up; 0 stays 0. Thread-safe.

    A hash table with open addressing and linear probing (Knuth, The Art of Computer Programming 3, 6.4, algorithm L)
    in two numpy arrays: the ids in the order of their dense ids, and places that hold dense ids, 0 where one is free.
    All probes of a brick go side by side, and so the places are mostly free: each step of the longest search is several
    calls of numpy. 10 million ids take 80 MB and 128 MiB.
    """

    MAX_IDS = 1 << 28
    """The film has 28 bits for a dense id."""

    def __init__(self) -> None:
        self._ids = np.zeros(1 << (_FIRST_BITS - 1), np.uint64)
        self._count = 1
        self._places = np.zeros(1 << _FIRST_BITS, np.uint32)
        # Not known to who writes a file: nobody can choose ids that all fall on one place.
        self._factor = np.uint64(secrets.randbits(64) | 1)
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
        begins = np.empty(flat.size, np.bool_)
        begins[0] = True
        np.not_equal(flat[1:], flat[:-1], out=begins[1:])
        starts = np.flatnonzero(begins)
        runs = flat.take(starts)
        ids = runs.astype(np.int64).view(np.uint64) if runs.dtype.kind == "i" else runs.astype(np.uint64)
        dense, distinct = self._dense_of_runs(ids)
        lengths = np.diff(starts, append=flat.size)
        texels: NDArray[np.uint32] = np.repeat(dense, lengths).reshape(labels.shape)
        return texels, distinct

    def ids(self) -> NDArray[np.uint64]:
        """The 64-bit ids in the order of their dense ids."""
        with self._lock:
            return self._ids[: self._count].copy()

    def known(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Dense ids of 64-bit ids, 0 for those that have not turned up (and for 0)."""
        with self._lock:
            return self._find(np.ascontiguousarray(ids, np.uint64))

    def _dense_of_runs(self, ids: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        probed = ids[:: len(ids) // _PROBED + 1]
        if 10 * len(np.unique(probed)) > 9 * len(probed):
            dense = self._dense(ids)
            return dense, np.sort(fastremap.unique(dense))
        # Few ids that come again and again are numbered first, and each is looked up once.
        numbers, mapping = fastremap.renumber(ids, preserve_zero=False)
        dense = self._dense(np.fromiter(mapping.keys(), np.uint64, len(mapping)))
        of_number = np.zeros(len(mapping) + 1, np.uint32)
        of_number[np.fromiter(mapping.values(), np.uint32, len(mapping))] = dense
        return of_number.take(numbers), np.sort(dense)

    def _dense(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        with self._lock:
            dense = self._find(ids)
            new = np.flatnonzero((dense == 0) & (ids != 0))
            if len(new):
                dense[new] = self._add(ids[new])
            return dense

    def _start(self, ids: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where the search for each id begins: multiplicative hashing (Knuth, 6.4) of both halves of the id."""
        hashed = (ids ^ (ids >> np.uint64(32))) * self._factor
        return (hashed >> np.uint64(65 - len(self._places).bit_length())).view(np.int64)

    def _find(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Dense ids, 0 for those that are not there."""
        at = self._start(ids)
        dense = self._places[at]
        # A free place holds 0, which ends the search.
        left = np.flatnonzero((dense != 0) & (self._ids[dense] != ids))
        while len(left):
            at[left] = (at[left] + 1) & (len(self._places) - 1)
            found = self._places[at[left]]
            dense[left] = found
            left = left[(found != 0) & (self._ids[found] != ids[left])]
        return dense

    def _add(self, ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Dense ids of ids that are not there, none of them 0, some of them possibly the same."""
        if self._count + len(ids) > self.MAX_IDS and self._count + len(np.unique(ids)) > self.MAX_IDS:
            raise LimitError(f"the segmentation has more than {self.MAX_IDS} ids")
        self._reserve(self._count + len(ids))
        # Each gets a number, of those of one id one wins; then the numbers of the winners are moved together.
        self._ids[self._count : self._count + len(ids)] = ids
        numbers = np.arange(self._count, self._count + len(ids), dtype=np.uint32)
        won, at = self._place(numbers)
        winners = np.flatnonzero(won == numbers)
        final = np.zeros(len(ids), np.uint32)
        final[winners] = np.arange(self._count, self._count + len(winners), dtype=np.uint32)
        self._places[at[winners]] = final[winners]
        self._ids[self._count : self._count + len(winners)] = ids[winners]
        dense: NDArray[np.uint32] = final[won - np.uint32(self._count)]
        self._count += len(winners)
        return dense

    def _reserve(self, count: int) -> None:
        """Make room for so many ids."""
        if count > len(self._ids):
            grown = np.zeros(max(count, len(self._ids) * 3 // 2), np.uint64)
            grown[: self._count] = self._ids[: self._count]
            self._ids = grown
        if count > _MAX_LOAD * len(self._places):
            bits = len(self._places).bit_length() - 1
            while count > _MAX_LOAD * (1 << bits):
                bits += 1
            self._places = np.zeros(1 << bits, np.uint32)
            # A million at a time: the arrays on the way stay small beside the table.
            for begin in range(1, self._count, 1 << 20):
                self._place(np.arange(begin, min(begin + (1 << 20), self._count), dtype=np.uint32))

    def _place(self, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Put numbers of ids that are not there into places. Of each: the number that its id has now, and the place."""
        ids = self._ids[numbers]
        at = self._start(ids)
        have = np.zeros_like(numbers)
        left = np.arange(len(numbers))
        while len(left):
            here = at[left]
            free = self._places[here] == 0
            self._places[here[free]] = numbers[left[free]]
            # Of several that went for one place the last one has it; equals are content with that, others go on.
            found = self._places[here]
            have[left] = found
            left = left[self._ids[found] != ids[left]]
            at[left] = (at[left] + 1) & (len(self._places) - 1)
        return have, at
