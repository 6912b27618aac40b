"""Arrays as sources: numpy arrays, and files that can only be loaded whole (those are loaded at the first read)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..space import Matrix
from .base import ChannelInfo, Kind, Level, Shape3, SourceInfo
from .decode import check_shape, native_dtype
from .geometry import Spacing, check_spacing, check_world, clip_chunk, world_of

Load = Callable[[], NDArray[np.generic]]
_CHUNK: Shape3 = (64, 64, 64)


class LoadedSource:
    """A source of one level whose voxels come from `load` as (t, c, z, y, x), once, at the first read."""

    def __init__(self, info: SourceInfo, load: Load) -> None:
        self._info = info
        self._load: Load | None = load
        self._array: NDArray[np.generic] | None = None
        self._lock = threading.Lock()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        """The voxels [lo, hi) as (z, y, x), a copy in native byte order."""
        if level != 0:
            raise IndexError(f"level {level} of a source with one level")
        check_box(self._info.levels[0].shape, lo, hi)
        voxels = self._voxels()[time, channel, lo[0] : hi[0], lo[1] : hi[1], lo[2] : hi[2]]
        return np.array(voxels, dtype=self._info.dtype, order="C")

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return False

    def close(self) -> None:
        with self._lock:
            self._load, self._array = None, None

    def _voxels(self) -> NDArray[np.generic]:
        with self._lock:
            if self._array is None:
                if self._load is None:
                    raise SourceError(f"{self._info.name} was closed")
                array = self._load()
                expected = (self._info.n_times, len(self._info.channels), *self._info.levels[0].shape)
                if array.shape != expected:
                    raise SourceError(f"{self._info.name} holds {array.shape} voxels where its header says {expected}")
                self._array = array
            return self._array


class MemorySource(LoadedSource):
    """A numpy array (z, y, x), (c, z, y, x) or (t, c, z, y, x) as a source. The array is not copied.

    `spacing_um` is (z, y, x); `world_from_vox` replaces it where the volume lies elsewhere or turned.
    """

    def __init__(
        self,
        array: NDArray[np.generic],
        *,
        spacing_um: Spacing | None = None,
        world_from_vox: Matrix | None = None,
        name: str = "array",
        format: str = "array",
        kind: Kind = "image",
        channels: Sequence[ChannelInfo] | None = None,
        unit: str = "um",
        orientation: Literal["image", "anatomical"] = "image",
        label_colors: Mapping[int, tuple[float, float, float, float]] | None = None,
        label_names: Mapping[int, str] | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        if not 3 <= array.ndim <= 5:
            raise SourceError(
                f"{name} has {array.ndim} axes; an array of voxels is (z, y, x), (c, z, y, x) or (t, c, z, y, x)"
            )
        dtype = native_dtype(array.dtype, name)
        check_shape(array.shape, name)
        array = array[(np.newaxis,) * (5 - array.ndim)]
        n_times, n_channels, nz, ny, nx = array.shape
        if spacing_um is not None:
            check_spacing(spacing_um, name)
        world = world_of(spacing_um or (1.0, 1.0, 1.0)) if world_from_vox is None else world_from_vox
        check_world(world, name)
        if channels is not None and len(channels) != n_channels:
            raise SourceError(f"{name} has {n_channels} channels and {len(channels)} descriptions of channels")
        info = SourceInfo(
            name=name,
            format=format,
            kind=kind,
            dtype=dtype,
            levels=(Level("0", (nz, ny, nx), world, clip_chunk(_CHUNK, (nz, ny, nx))),),
            channels=tuple(channels) if channels is not None else (ChannelInfo(),) * n_channels,
            n_times=n_times,
            unit=unit if spacing_um is not None or world_from_vox is not None else "",
            spacing_is_known=spacing_um is not None or world_from_vox is not None,
            orientation=orientation,
            label_colors=label_colors or {},
            label_names=label_names or {},
            notes=notes,
        )
        super().__init__(info, lambda: array)


def check_box(shape: Shape3, lo: Shape3, hi: Shape3) -> None:
    """Raise IndexError for a box that is empty or leaves its level: a mistake of the caller, not of the data."""
    if not all(0 <= a < b <= n for a, b, n in zip(lo, hi, shape, strict=True)):
        raise IndexError(f"box {lo} to {hi} of a level of {shape} voxels")
