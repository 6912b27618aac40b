"""Phantoms whose value at every voxel is a formula, for tests and for looking at the renderer itself.

All of them take `size` (a side, or z,y,x), `spacing` (z,y,x and a unit) and `dtype`. `value` is a stored value, the
type's largest (1 for floats) unless it is given. Coarse levels are exact means of the fine ones unless a phantom says
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base import ChannelInfo, Kind
from .grid import Grid, Pyramid
from .ids import ids_phantom
from .shapes import Ellipsoid, Field, Point, cover
from .source import Description, Phantom, full_scale
from .spec import Spec

COMMON = ("size", "spacing", "dtype")
_AXES = ("z", "y", "x")

Built = tuple[Phantom, Description, Pyramid]


def _broadcast(grid: Grid, axes: list[NDArray[np.float64]]) -> list[NDArray[np.float32]]:
    z, y, x = (axis.astype(np.float32) for axis in axes)
    return [z[:, None, None], y[None, :, None], x[None, None, :]]


class _Everywhere:
    """A phantom that is empty nowhere, or not known to be."""

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return False


@dataclass(frozen=True)
class Constant(_Everywhere):
    """`value` in every voxel."""

    value: float

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        return np.full(grid.shape, self.value, np.float32)

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return self.value == 0.0


@dataclass(frozen=True)
class Ramp(_Everywhere):
    """full scale * (4 z / (nz - 1) + 2 y / (ny - 1) + x / (nx - 1)) / 7: another slope along each axis.

    In a coarse level at the voxel's centre, so the voxels that stick out of an odd size are clipped at full scale.
    """

    size: tuple[int, int, int]

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        steps = [w / 7.0 / max(n - 1, 1) for w, n in zip((4.0, 2.0, 1.0), self.size, strict=True)]
        z, y, x = (axis * step for axis, step in zip(grid.axes_vox, steps, strict=True))
        value = z[:, None, None] + y[None, :, None] + x[None, None, :]
        return value.astype(np.float32)


@dataclass(frozen=True)
class Ball:
    """`value` within `radius` times half of the shortest side of the middle, 0 outside; round in micrometres.

    The edge is a smooth step `edge` voxels wide (in coarse levels about as wide as their voxels, not an exact mean).
    """

    value: float
    radius_um: float
    edge_vox: float

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        return cover(self._ball.distance(grid), self._width_um(grid)) * np.float32(self.value)

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return self._ball.is_beyond(grid, self._width_um(grid))

    @property
    def _ball(self) -> Ellipsoid:
        return Ellipsoid(np.zeros(3), np.full(3, self.radius_um))

    def _width_um(self, grid: Grid) -> float:
        return float(np.sqrt((self.edge_vox * grid.h0_um) ** 2 + grid.h_um**2 - grid.h0_um**2))


@dataclass(frozen=True)
class Slab:
    """`value` in the voxels [lo, hi) along `axis` (0 is z), 0 elsewhere."""

    value: float
    axis: int
    lo_vox: int
    hi_vox: int

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        first = np.rint(grid.axes_vox[self.axis] - (grid.factor - 1) / 2.0)
        overlap = np.minimum(first + grid.factor, self.hi_vox) - np.maximum(first, self.lo_vox)
        share = np.maximum(overlap, 0.0) / grid.factor * self.value
        shape = [1, 1, 1]
        shape[self.axis] = len(share)
        return np.broadcast_to(share.astype(np.float32).reshape(shape), grid.shape).copy()

    def is_absent(self, grid: Grid, channel: int) -> bool:
        first, last = grid.lo[self.axis] * grid.factor, grid.hi[self.axis] * grid.factor
        return last <= self.lo_vox or first >= self.hi_vox


@dataclass(frozen=True)
class Checker(_Everywhere):
    """Cubes of `cell` voxels, `value` where the sum of their indices is even (the first one), 0 where it is odd."""

    value: float
    cell_vox: int

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        # The pattern is half of 1 plus a product of square waves, and the mean of a product is the product of means.
        z, y, x = _broadcast(grid, [self._mean_wave(axis, grid.factor) for axis in grid.axes_vox])
        return (np.float32(1.0) + z * y * x) * np.float32(self.value / 2.0)

    def _mean_wave(self, centres_vox: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
        first = np.rint(centres_vox - (factor - 1) / 2.0).astype(np.int64)
        return (self._sum_to(first + factor) - self._sum_to(first)) / factor

    def _sum_to(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sum of the first n voxels of the wave +1 (cell times), -1 (cell times), ..."""
        rest = n % (2 * self.cell_vox)
        return np.minimum(rest, 2 * self.cell_vox - rest)


@dataclass(frozen=True)
class Blocks(_Everywhere):
    """Labels: cubes every `pitch` voxels, kept `gap` voxels from the cell's faces, each with its own id.

    Ids count up from `first_id` along x, then y, then z. A coarse voxel takes the id of the fine voxel at its centre.
    """

    first_id: int
    id_max: int
    pitch_vox: int
    gap_vox: int
    size: tuple[int, int, int]

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        index, inside = [], []
        for axis in grid.axes_vox:
            voxel = np.ceil(axis).astype(np.int64)
            offset = voxel % self.pitch_vox
            index.append((voxel // self.pitch_vox).astype(np.uint64))
            inside.append((offset >= self.gap_vox) & (offset < self.pitch_vox - self.gap_vox))
        _, ny, nx = (np.uint64(-(-n // self.pitch_vox)) for n in self.size)
        number = (index[0][:, None, None] * ny + index[1][None, :, None]) * nx + index[2][None, None, :]
        ids = np.uint64(self.first_id) + number % np.uint64(self.id_max - self.first_id + 1)
        ids[~(inside[0][:, None, None] & inside[1][None, :, None] & inside[2][None, None, :])] = 0
        return ids


@dataclass(frozen=True)
class Arrows:
    """Three arrows from near the first voxel: along x (channel 0, longest), y (1) and z (2, shortest).

    No mirror image and no swap of axes of it looks like itself.
    """

    start: Point
    sides_um: Point

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        axis = 2 - channel
        offsets = grid.offsets(self.start)
        along: Field = offsets[axis]
        across = [offset for i, offset in enumerate(offsets) if i != axis]
        away: Field = np.sqrt(across[0] * across[0] + across[1] * across[1])
        length, thin = np.float32(self._length_um(channel)), np.float32(0.028 * self.sides_um.min())
        head = np.float32(5.0) * thin
        shaft = np.maximum(away - thin, np.maximum(-thin - along, along - (length - head)))
        cone = np.maximum((away - (length - along) * np.float32(0.55)) * np.float32(0.876), (length - head) - along)
        edge = float(np.sqrt((1.5 * grid.h0_um) ** 2 + grid.h_um**2 - grid.h0_um**2))
        return cover(np.minimum(shaft, cone), edge)

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return False

    def _length_um(self, channel: int) -> float:
        return float((0.8, 0.6, 0.4)[channel] * self.sides_um[2 - channel])


def _grey(spec: Spec, kind: Kind = "image") -> Description:
    return Description(spec.name, kind, spec.dtype(), (ChannelInfo(spec.name, (1.0, 1.0, 1.0), (0.0, 1.0)),))


def _value(spec: Spec) -> float:
    """The option `value` as a share of full scale."""
    scale = full_scale(spec.dtype())
    lo = -3e38 if spec.dtype().kind == "f" else 0.0
    hi = 3e38 if spec.dtype().kind == "f" else scale
    return spec.number("value", scale, lo, hi) / scale


def _pyramid(spec: Spec) -> Pyramid:
    return Pyramid(spec.size(64), spec.spacing_um())


def _constant(spec: Spec) -> Built:
    spec.allow((*COMMON, "value"))
    return Constant(_value(spec)), _grey(spec), _pyramid(spec)


def _ramp(spec: Spec) -> Built:
    spec.allow(COMMON)
    return Ramp(spec.size(64)), _grey(spec), _pyramid(spec)


def _sphere(spec: Spec) -> Built:
    spec.allow((*COMMON, "value", "radius", "edge"))
    pyramid = _pyramid(spec)
    half_um = min(n * s for n, s in zip(pyramid.size, pyramid.spacing_um, strict=True)) / 2.0
    ball = Ball(_value(spec), spec.number("radius", 0.7, 1e-3, 2.0) * half_um, spec.number("edge", 1.5, 1e-3, 100.0))
    return ball, _grey(spec), pyramid


def _slab(spec: Spec) -> Built:
    spec.allow((*COMMON, "value", "axis", "thickness"))
    pyramid = _pyramid(spec)
    axis = _AXES.index(spec.choice("axis", _AXES))
    thickness = spec.integer("thickness", max(pyramid.size[axis] // 2, 1), 1, pyramid.size[axis])
    lo = (pyramid.size[axis] - thickness) // 2
    return Slab(_value(spec), axis, lo, lo + thickness), _grey(spec), pyramid


def _checker(spec: Spec) -> Built:
    spec.allow((*COMMON, "value", "cell"))
    return Checker(_value(spec), spec.integer("cell", 8, 1, 1 << 20)), _grey(spec), _pyramid(spec)


def _labels(spec: Spec) -> Built:
    spec.allow((*COMMON, "pitch", "gap"))
    dtype = spec.dtype(("uint64", "uint32", "uint16", "uint8"))
    pitch = spec.integer("pitch", 16, 1, 1 << 20)
    gap = spec.integer("gap", min(2, (pitch - 1) // 2), 0, (pitch - 1) // 2)
    pyramid = _pyramid(spec)
    # Just above 2**53 a double holds only every other id, so rounding anywhere on the way merges neighbours.
    first = (1 << 53) + 1 if dtype.itemsize == 8 else 1
    blocks = Blocks(first, int(np.iinfo(dtype.str).max), pitch, gap, pyramid.size)
    return blocks, Description("labels", "labels", dtype, (ChannelInfo("labels"),)), pyramid


def _axes(spec: Spec) -> Built:
    spec.allow(COMMON)
    pyramid = _pyramid(spec)
    sides = np.array([n * s for n, s in zip(pyramid.size, pyramid.spacing_um, strict=True)])
    colours = ((1.0, 0.25, 0.2), (0.3, 0.9, 0.3), (0.3, 0.5, 1.0))
    channels = tuple(ChannelInfo(n, c, (0.0, 1.0)) for n, c in zip(("x", "y", "z"), colours, strict=True))
    return Arrows(-0.38 * sides, sides), Description("axes", "image", spec.dtype(), channels), pyramid


SIMPLE: dict[str, Callable[[Spec], Built]] = {
    "constant": _constant,
    "ramp": _ramp,
    "sphere": _sphere,
    "slab": _slab,
    "checker": _checker,
    "labels": _labels,
    "axes": _axes,
    "ids": ids_phantom,
}
