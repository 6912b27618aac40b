"""Which dense ids a 64-bit id stands for: lookups among millions of ids that turn up bit by bit, and merges."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from .label_colors import find

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BUCKET = 64
"""Keys a bucket, about, until there are as many buckets as 16 bits number."""
_KEYS_AT_ONCE = 1 << 14


class _Run:
    """Keys in buckets by hash. Sorting by 16 bits takes a tenth of the time that sorting by the keys does."""

    def __init__(self, keys: NDArray[np.uint64], dense: NDArray[np.uint32]) -> None:
        self._bits = min(16, max(0, (len(keys) // _BUCKET).bit_length()))
        buckets = self._bucket(keys)
        order = np.argsort(buckets, kind="stable")  # a radix sort, for 16 bits
        self.keys, self.dense = keys[order], dense[order]
        counts = np.bincount(buckets, minlength=1 << self._bits)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def _bucket(self, keys: NDArray[np.uint64]) -> NDArray[np.uint16]:
        return (keys * _GOLDEN >> np.uint64(48)).astype(np.uint16) >> np.uint16(16 - self._bits)

    def members(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        bucket = self._bucket(keys).astype(np.intp)
        first = self._starts[bucket]
        counts = self._starts[bucket + 1] - first
        starts = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) - np.repeat(starts, counts) + np.repeat(first, counts)
        found: NDArray[np.uint32] = self.dense[places[self.keys[places] == np.repeat(keys, counts)]]
        return found


class SegmentIndex:
    """Dense ids by key (the root that each is merged into), in runs that are joined as they grow."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def extend(self, keys: NDArray[np.uint64]) -> None:
        """The keys of the dense ids that follow those that are there."""
        if not len(keys):
            return
        dense = np.arange(self._n, self._n + len(keys), dtype=np.uint32)
        keys = keys.copy()
        self._n += len(keys)
        # A run takes in those that are not much larger, so that there are few and none is made over often.
        while self._runs and len(self._runs[-1].keys) < 2 * len(keys):
            last = self._runs.pop()
            keys, dense = np.concatenate([last.keys, keys]), np.concatenate([last.dense, dense])
        self._runs.append(_Run(keys, dense))

    def members(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The dense ids of all these keys, which are unique; ascending."""
        found = [
            run.members(keys[at : at + _KEYS_AT_ONCE])
            for run in self._runs
            for at in range(0, len(keys), _KEYS_AT_ONCE)
        ]
        return np.sort(np.concatenate(found)) if found else np.zeros(0, np.uint32)


class Merges:
    """Id -> root, followed to its end. `under`: merges that hold before these, such as those of a table."""

    def __init__(self, pairs: Iterable[tuple[int, int]], under: Merges | None = None) -> None:
        """Raises StateError when an id would be merged into itself."""
        given = np.array(list(pairs), np.uint64).reshape(-1, 2)
        if under is not None:
            given = np.column_stack([under.roots(given[:, 0]), under.roots(given[:, 1])])
        given = given[given[:, 0] != given[:, 1]]
        self.ids, first = np.unique(given[:, 0], return_index=True)
        roots = given[first, 1]
        # Each step doubles how far an id has come, and no chain is longer than there are ids.
        for _ in range(2 + len(self.ids).bit_length()):
            places, found = find(self.ids, roots)
            if not len(found):
                break
            roots[found] = roots[places]
        else:
            raise StateError(
                f"segment {roots[found[0]]} is merged into itself; a merge ends at an id that is not merged"
            )
        self._to = roots

    def roots(self, ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The roots of ids; an id that is not merged is its own."""
        if not len(self.ids):
            return ids
        roots = ids.copy()
        places, found = find(self.ids, ids)
        roots[found] = self._to[places]
        return roots
