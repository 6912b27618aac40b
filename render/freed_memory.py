"""Keeps memory that arrays gave back, so that the next ones need no fresh pages."""

from __future__ import annotations

import threading

import numpy as np

_KEPT_BYTES = 30 << 20
_done = threading.Event()


def keep_freed_memory() -> None:
    """Ask the allocator to reuse blocks of up to 30 MiB rather than to give each back to the system. Idempotent.

    Voxels are read and computed brick by brick in arrays of about a megabyte. glibc maps such blocks one by one and
    gives them back at once, so that every array of every step is paged in anew, zeroed: more than half of the time
    that a synthetic brick took. It learns from the first mapped block that is freed that blocks of this size come and
    go (mallopt(3), M_MMAP_THRESHOLD: "dynamic"), up to 32 MiB. So one is allocated and freed here; it is never touched
    and takes no memory. Twice its size may stay with the process when all else is freed. Other allocators are not
    affected.
    """
    if not _done.is_set():
        block = np.empty(_KEPT_BYTES, np.uint8)
        del block
        _done.set()
