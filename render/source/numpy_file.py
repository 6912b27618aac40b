"""`.npy` files, mapped into memory: (z, y, x), (c, z, y, x) or (t, c, z, y, x); two axes are one slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .decode import reading
from .memory import MemorySource
from .opening import Opening


def open_npy(path: Path, opening: Opening) -> list[MemorySource]:
    """Open an array. Object arrays would need pickle, which may run code, and are refused."""
    opening.admit(path)
    with reading(f"'{path.name}'"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim == 2:
        array = array[np.newaxis]
    return [MemorySource(array, name=path.name, format="NumPy", kind=opening.kind or "image")]
