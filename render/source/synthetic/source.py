"""A phantom as a source of voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import SourceError
from ..base import ChannelInfo, Kind, Shape3, SourceInfo
from .grid import CHUNK, Grid, Pyramid

_TILE = 72
"""Boxes up to this side (a chunk and any apron) are made at once; larger ones chunk by chunk, to bound memory."""


class Phantom(Protocol):
    """A function of space that can be sampled at any voxel size. Stateless, so any thread may call it."""

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        """Images: float32 in 0..1, where 1 becomes the type's largest value. Labels: ids. (z, y, x)."""
        ...

    def is_absent(self, grid: Grid, channel: int) -> bool:
        """True only when every voxel of the grid is exactly 0."""
        ...


def full_scale(dtype: np.dtype[np.generic]) -> float:
    """What a phantom's 1.0 is stored as: the largest integer, or 1 for floats."""
    return 1.0 if dtype.kind == "f" else float(np.iinfo(dtype.str).max)


@dataclass(frozen=True)
class Description:
    """What a phantom says of itself; windows of channels are in 0..1."""

    name: str
    kind: Kind
    dtype: np.dtype[np.generic]
    channels: tuple[ChannelInfo, ...]
    label_names: dict[int, str] = field(default_factory=dict)
    label_colors: dict[int, tuple[float, float, float, float]] = field(default_factory=dict)
    time_step_s: float | None = None


class SyntheticSource:
    """Samples a phantom on the boxes that are asked for. Nothing is kept: a read costs the same every time.

    `phantom` is what there is at the first time point, `later` at each of the others.
    """

    def __init__(
        self, phantom: Phantom, description: Description, pyramid: Pyramid, later: Sequence[Phantom] = ()
    ) -> None:
        self._phantoms = (phantom, *later)
        self._pyramid = pyramid
        scale = full_scale(description.dtype)
        self._scale = np.float32(scale)
        channels = tuple(
            c if c.window is None else replace(c, window=(c.window[0] * scale, c.window[1] * scale))
            for c in description.channels
        )
        self._info = SourceInfo(
            name=description.name,
            format="synthetic",
            kind=description.kind,
            dtype=description.dtype,
            levels=pyramid.levels(),
            channels=channels,
            n_times=len(self._phantoms),
            time_step_s=description.time_step_s,
            unit="micrometer",
            label_names=description.label_names,
            label_colors=description.label_colors,
        )

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        """See `Source.read`. A voxel's value does not depend on the box it is read through."""
        self._check(level, channel, time, lo, hi)
        shape = tuple(b - a for a, b in zip(lo, hi, strict=True))
        if max(shape) <= _TILE:
            return self._tile(level, channel, time, lo, hi)
        voxels = np.empty(shape, self._info.dtype)
        for z in range(lo[0], hi[0], CHUNK):
            for y in range(lo[1], hi[1], CHUNK):
                for x in range(lo[2], hi[2], CHUNK):
                    end = (min(z + CHUNK, hi[0]), min(y + CHUNK, hi[1]), min(x + CHUNK, hi[2]))
                    part = tuple(slice(a - o, b - o) for a, b, o in zip((z, y, x), end, lo, strict=True))
                    voxels[part] = self._tile(level, channel, time, (z, y, x), end)
        return voxels

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        """See `Source.is_absent`."""
        self._check(level, channel, time, lo, hi)
        return self._phantoms[time].is_absent(self._pyramid.grid(level, lo, hi), channel)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _tile(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        dtype = self._info.dtype
        grid = self._pyramid.grid(level, lo, hi)
        phantom = self._phantoms[time]
        if phantom.is_absent(grid, channel):
            return np.zeros(grid.shape, dtype)
        sampled = phantom.sample(grid, channel)
        if self._info.kind == "labels" or dtype.kind == "f":
            return sampled.astype(dtype, copy=False)
        scaled = np.multiply(sampled, self._scale, dtype=np.float32)
        np.rint(scaled, out=scaled)
        np.clip(scaled, 0.0, self._scale, out=scaled)
        stored: NDArray[np.generic] = scaled.astype(dtype)
        return stored

    def _check(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> None:
        info = self._info
        there = 0 <= level < len(info.levels) and 0 <= channel < len(info.channels) and 0 <= time < info.n_times
        if not there:
            raise SourceError(f"{info.name} has no level {level}, channel {channel}, time {time}")
        shape = info.levels[level].shape
        if not all(0 <= a < b <= n for a, b, n in zip(lo, hi, shape, strict=True)):
            raise SourceError(f"the box {tuple(lo)} to {tuple(hi)} is not inside level {level} of {info.name}, {shape}")
