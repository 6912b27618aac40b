"""Conversions for tests, and what they are compared with: reductions in plain numpy."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from render.convert.conversion import Options, convert
from render.source.base import Source
from render.source.memory import MemorySource

Array = NDArray[Any]


def convert_to(output: Path, *sources: Source, **options: Any) -> list[str]:
    """Convert with every voxel verified; the notes."""
    chosen = Options(**{"threads": 2, "verification": "all", **options})
    return convert(list(sources), output, chosen, {}, lambda *_: None)


def converted(folder: Path, array: Array, **options: Any) -> Path:
    """A store of one array (z, y, x), (c, z, y, x) or (t, c, z, y, x)."""
    output = folder / "made.ome.zarr"
    known = {key: options.pop(key) for key in ("kind", "spacing_um", "channels") if key in options}
    convert_to(output, MemorySource(array, **known), **options)
    return output


def mean_of(fine: Array, factors: Sequence[int]) -> Array:
    """Cell by cell over what there is, NaN left out; integers by rounding half to even."""
    padding = [(0, -n % f) for n, f in zip(fine.shape, factors, strict=True)]
    padded = np.pad(fine.astype(np.float64), padding, constant_values=np.nan)
    cells = sliding_window_view(padded, tuple(factors))[tuple(slice(None, None, f) for f in factors)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a cell of nothing but NaN
        means = np.nanmean(cells, axis=(3, 4, 5))
    return (np.rint(means) if fine.dtype.kind in "iu" else means).astype(fine.dtype)


def is_mode(coarse: Array, fine: Array, factors: Sequence[int]) -> bool:
    """Whether every coarse id is as frequent as any under it."""
    for at in np.ndindex(*coarse.shape):
        cell = fine[tuple(slice(a * f, (a + 1) * f) for a, f in zip(at, factors, strict=True))]
        ids, counts = np.unique(cell, return_counts=True)
        if counts[ids == coarse[at]].sum() != counts.max():
            return False
    return True


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a store."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
