"""Arrays whose chunks are decoded here and not by tensorstore, which keeps them with all others in its cache."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chunk_cache import context
from .stored_array import Box, TensorArray

_READERS = 32
"""Most of them wait for servers most of the time."""


class DecodedArray(TensorArray):
    """An array that decodes its own chunks. Subclasses say how (`_decode`), and what is checked before."""

    def _decode(self, box: Box, out: NDArray[np.generic]) -> None:
        """Put the voxels of a box, which lies in one chunk and begins where that does, into `out`. SourceError."""
        raise NotImplementedError

    def _open(self) -> Any:
        with self._lock:
            self._check_open()
            if self._array is None:
                made = context(self._opening.limits)
                import tensorstore

                self._array = tensorstore.virtual_chunked(
                    self._fill,
                    dtype=tensorstore.dtype(self._meta.dtype),
                    shape=self._meta.shape,
                    chunk_layout=tensorstore.ChunkLayout(read_chunk_shape=self._meta.chunk),
                    context=made,
                )
            return self._array

    def _fill(self, domain: Any, out: NDArray[np.generic], _: Any) -> Any:
        """Called by tensorstore for a chunk that it has not; the answer comes later, from another thread."""
        import tensorstore

        made: tuple[Any, Any] = tensorstore.Promise.new()
        promise, future = made
        box = tuple(slice(int(a), int(b)) for a, b in zip(domain.inclusive_min, domain.exclusive_max, strict=True))

        def work() -> None:
            try:
                self._decode(box, out)
                promise.set_result(None)
            except BaseException as error:
                promise.set_exception(error)

        _readers().submit(work)
        return future


@cache
def _readers() -> ThreadPoolExecutor:
    """The threads that read and decode chunks."""
    return ThreadPoolExecutor(_READERS, thread_name_prefix="chunks")
