"""Arrays that are used again once nobody holds them: fresh memory costs more than what is written into it.

A slot of 68³ texels is some hundred pages. The C library hands arrays of that size back to the system when they are
freed, and to get as many pages again takes several times as long as to copy the slot.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SHAPES_KEPT = 8


class ArrayPool:
    """At most `most_bytes` of free arrays of each of a few shapes are kept. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._free: dict[tuple[tuple[int, ...], np.dtype[Any]], list[NDArray[Any]]] = {}

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of anything. When it and all its views are gone its memory is used again."""
        kind = np.dtype(dtype)
        free = self._free.get((shape, kind))
        if free is None:
            if len(self._free) >= _SHAPES_KEPT:
                self._free.clear()
            free = self._free.setdefault((shape, kind), [])
        try:
            memory = free.pop()  # one step for all threads, as `append` is
        except IndexError:
            memory = np.empty(shape, kind)
        return np.asarray(_Lent(memory, free, self._most_bytes // max(1, memory.nbytes)))


class _Lent:
    """What an array and its views have as their base; it goes when the last of them goes."""

    def __init__(self, memory: NDArray[Any], free: list[NDArray[Any]], most: int) -> None:
        self._memory, self._free, self._most = memory, free, most
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        if len(self._free) < self._most:
            self._free.append(self._memory)
