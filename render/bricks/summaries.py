"""What is remembered of bricks that were read once: their ranges and ids, after the bricks themselves are gone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

_IDS_AN_ENTRY = 16

K = TypeVar("K", bound=Hashable)


class Summary(NamedTuple):
    """`lo`, `hi`: the smallest and the largest texel of a slot; `ids`: of labels, its sorted distinct dense ids."""

    lo: int
    hi: int
    ids: NDArray[np.uint32] | None


class Summaries(Generic[K]):
    """Summaries of the bricks that were used last. Thread-safe.

    `most` bounds the entries; one with many ids counts for as many more as it has sixteens of them, so that the memory
    is bounded too.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, Summary] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> Summary | None:
        """What is known of a brick, None where nothing is."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: K, summary: Summary) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._weight += _weight(summary) - (_weight(old) if old is not None else 0)
            self._kept[key] = summary
            while self._weight > self._most and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._weight -= _weight(dropped)


def _weight(summary: Summary) -> int:
    return 1 + (0 if summary.ids is None else len(summary.ids) // _IDS_AN_ENTRY)
