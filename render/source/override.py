"""Sources seen differently than their file says: with another spacing, or with floating-point labels as integers."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .base import Shape3, Source, SourceInfo
from .geometry import Spacing, respaced, respacing


class _Wrapped:
    """A source with a changed info; everything else is passed on."""

    def __init__(self, source: Source, info: SourceInfo) -> None:
        self._source = source
        self._info = info

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        return self._source.read(level, channel, time, lo, hi)

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return self._source.is_absent(level, channel, time, lo, hi)

    def close(self) -> None:
        self._source.close()


def respacing_of(info: SourceInfo, spacing_um: Spacing) -> NDArray[np.float64]:
    """The map of the world (3x3) that gives the finest level of a source the spacing (z, y, x)."""
    return respacing(info.levels[0].world_from_vox, spacing_um)


class Respaced(_Wrapped):
    """A source whose world was stretched by `by` (3x3): the user knows the spacing better than the file."""

    def __init__(self, source: Source, by: NDArray[np.float64]) -> None:
        info = source.info
        levels = respaced(info.levels, by)
        super().__init__(source, dataclasses.replace(info, levels=levels, unit="um", spacing_is_known=True))


class WholeNumbers(_Wrapped):
    """Labels that a file stores as floating-point numbers, read as int64. SourceError where one is not whole."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, dataclasses.replace(source.info, dtype=np.dtype(np.int64)))

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        voxels = self._source.read(level, channel, time, lo, hi)
        if not (np.isfinite(voxels).all() and (np.rint(voxels) == voxels).all() and (np.abs(voxels) < 2.0**62).all()):
            raise SourceError(f"{self._info.name} was opened as labels and holds numbers that are not whole")
        return voxels.astype(np.int64)
