"""What every source of voxels offers: levels of a grid, and bounded reads of boxes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..space import Box, Matrix, grid_box, spacing_um

Shape3 = tuple[int, int, int]
"""(z, y, x)"""

Kind = Literal["image", "labels"]


@dataclass(frozen=True)
class Level:
    """One resolution of a multiscale: levels[0] is the finest.

    `world_from_vox` (4x4) maps voxel indices (x, y, z) to micrometres; see `render.space`. `chunk` is the stored
    chunk's shape (z, y, x), at most the level's shape.
    """

    name: str
    shape: Shape3
    world_from_vox: Matrix = field(compare=False)
    chunk: Shape3

    @property
    def spacing_um(self) -> tuple[float, float, float]:
        """(x, y, z)"""
        return spacing_um(self.world_from_vox)

    @property
    def box(self) -> Box:
        return grid_box(self.shape, self.world_from_vox)


@dataclass(frozen=True)
class ChannelInfo:
    """What the file says about a channel; None where it says nothing. `opacity` (0..1) weighs it against the others."""

    name: str = ""
    color: tuple[float, float, float] | None = None
    window: tuple[float, float] | None = None
    visible: bool | None = None
    opacity: float | None = None


@dataclass(frozen=True)
class SourceInfo:
    """What a source holds.

    `name` is short and for people. `unit` is the unit that the file declared, "" when it said none: then one file unit
    was taken as one micrometre (or the reader's documented default), and `spacing_is_known` is False when the file had
    no spacing at all. `orientation` is "anatomical" when the world is LPS, else "image". `label_colors`: id -> RGBA,
    each 0..1. `time_step_s` is the time from one time point to the next, None where the file does not say.
    `notes` are sentences for the user about what was odd and how it was read.
    """

    name: str
    format: str
    kind: Kind
    dtype: np.dtype[np.generic]
    levels: tuple[Level, ...]
    channels: tuple[ChannelInfo, ...]
    n_times: int = 1
    unit: str = ""
    spacing_is_known: bool = True
    orientation: Literal["image", "anatomical"] = "image"
    label_colors: Mapping[int, tuple[float, float, float, float]] = field(default_factory=dict)
    label_names: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    time_step_s: float | None = None


class Source(Protocol):
    """A volume that can be read in boxes. All methods may be called from any thread."""

    @property
    def info(self) -> SourceInfo: ...

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        """The voxels [lo, hi) of a level as (z, y, x) in native byte order; the box lies inside the level.

        Raises SourceError when they cannot be read; memory stays bounded by the box and the declared chunk size.
        """
        ...

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        """True when the box is known, without reading it, to hold only the fill value 0. False when unknown."""
        ...

    def close(self) -> None:
        """Let go of files and caches. Idempotent."""
        ...
