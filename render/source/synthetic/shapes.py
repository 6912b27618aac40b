"""Signed distances to simple shapes, in micrometres and negative inside, and the share of a voxel that they cover.

Arrays are (z, y, x) float32. Only +, -, *, / and sqrt: bit-identical in whatever box a voxel is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .crowd import crowd
from .grid import Grid

Field = NDArray[np.float32]
Point = NDArray[np.float64]
"""(z, y, x) in micrometres from the middle of the volume."""


def cover(distance: Field, width_um: float) -> Field:
    """The share of a voxel inside a surface at `distance`: 1 to 0 over `width_um`, smooth, exactly 0 and 1 beyond.

    The derivative is continuous, so that normals from central differences are smooth.
    """
    t = distance * np.float32(-1.0 / width_um)
    t += np.float32(0.5)
    np.clip(t, 0.0, 1.0, out=t)
    smooth = t * np.float32(-2.0)
    smooth += np.float32(3.0)
    smooth *= t
    smooth *= t
    return smooth


def cover_sheet(distance: Field, thickness_um: float, width_um: float) -> Field:
    """The share covered by a sheet around distance 0. A sheet thinner than the voxel fades instead of growing."""
    half = np.float32(thickness_um / 2.0)
    share = cover(distance - half, width_um)
    share -= cover(distance + half, width_um)
    return share


def cover_thin(distance: Field, half_um: float, width_um: float, thin_axes: int) -> Field:
    """The share covered by what lies within `half_um` of a sheet, line or point, given the distance to that.

    `thin_axes` is 1 for a sheet, 2 for a line, 3 for a point: the directions in which blur takes some of it away when
    it is thinner than the blur. The mass is about kept, so that coarse levels do not grow brighter than fine ones.
    """
    half = np.float32(half_um)
    share = cover(distance - half, width_um)
    if 2.0 * half_um < width_um:
        share -= cover(distance + half, width_um)
        share *= np.float32(thin_peak(half_um, width_um) ** (thin_axes - 1))
    return share


def thin_peak(half_um: float, width_um: float) -> float:
    """The share in the middle of a sheet that is thinner than its blur."""
    return float(cover_sheet(np.zeros(1, np.float32), 2.0 * half_um, width_um)[0])


def cover_thin_each(distance: Field, half_um: Field, item: NDArray[np.int64], width_um: float) -> Field:
    """`cover_thin` of balls (thin along three axes), each of a half thickness of its own; `item` says which of them a
    distance is of. Distances are 1D."""
    half = half_um[item]
    share = cover(distance - half, width_um)
    is_thin = np.float32(2.0) * half_um < np.float32(width_um)
    if is_thin.any():
        peaks = (cover(-half_um, width_um) - cover(half_um, width_um)).astype(np.float64)
        thin = is_thin[item]
        share[thin] = (share[thin] - cover(distance[thin] + half[thin], width_um)) * (
            (peaks * peaks).astype(np.float32)[item[thin]]
        )
    return share


@dataclass(frozen=True)
class Ellipsoid:
    centre: Point
    radii: Point

    def distance(self, grid: Grid) -> Field:
        """First-order distance k0 (k0 - 1) / k1 (I. Quilez): 0 and of slope 1 at the surface."""
        z, y, x = grid.offsets(self.centre)
        rz, ry, rx = (np.float32(r) for r in self.radii)
        k0 = np.sqrt((z / rz) ** 2 + (y / ry) ** 2 + (x / rx) ** 2)
        k1 = np.sqrt((z / rz**2) ** 2 + (y / ry**2) ** 2 + (x / rx**2) ** 2)
        np.maximum(k1, np.float32(1e-6), out=k1)
        distance: Field = k0 * (k0 - np.float32(1.0))
        distance /= k1
        return distance

    def outward(self, grid: Grid) -> tuple[Field, Field, Field]:
        """Unit normals of the ellipsoids of this shape through each voxel: z, y, x parts, each (z, y, x)."""
        z, y, x = (o * np.float32(1.0 / r**2) for o, r in zip(grid.offsets(self.centre), self.radii, strict=True))
        length: Field = np.sqrt(z * z + y * y + x * x)
        np.maximum(length, np.float32(1e-6), out=length)
        return z / length, y / length, x / length

    def distance_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same at scattered points (n, 3)."""
        p = points - self.centre
        k0 = np.sqrt(((p / self.radii) ** 2).sum(axis=1))
        k1 = np.maximum(np.sqrt(((p / self.radii**2) ** 2).sum(axis=1)), 1e-6)
        distance: NDArray[np.float64] = k0 * (k0 - 1.0) / k1
        return distance

    def is_beyond(self, grid: Grid, reach_um: float) -> bool:
        """True when `distance` is more than `reach_um` in every voxel of the grid; conservative.

        As k1 <= k0 / min(radii), the distance is at least (k0 - 1) min(radii).
        """
        nearest = [
            min(max(0.0, axis[0] - c), 1e30) if axis[0] > c else min(0.0, axis[-1] - c)
            for axis, c in zip(grid.axes_um, self.centre, strict=True)
        ]
        k0 = float(np.sqrt(((np.array(nearest) / self.radii) ** 2).sum()))
        return (k0 - 1.0) * float(self.radii.min()) > reach_um * 1.0001 + 1e-6


def sphere_distance(grid: Grid, centre: Point, radius_um: float) -> Field:
    z, y, x = grid.offsets(centre)
    distance: Field = np.sqrt(z * z + y * y + x * x)
    distance -= np.float32(radius_um)
    return distance


class Tubes:
    """Tubes along polylines: `spines` (n, points, 3), z, y, x in micrometres, of varying `radii` (n, points)."""

    def __init__(self, spines: NDArray[np.float64], radii: NDArray[np.float64]) -> None:
        n, points = radii.shape
        self.tube = np.repeat(np.arange(n), points - 1)
        """Which tube a segment is of."""
        self._a, self._b = spines[:, :-1].reshape(-1, 3), spines[:, 1:].reshape(-1, 3)
        self._ra, self._rb = radii[:, :-1].reshape(-1), radii[:, 1:].reshape(-1)
        axis = self._b - self._a
        self._length = np.sqrt((axis * axis).sum(axis=1))
        self._unit = (axis / self._length[:, None]).astype(np.float32)
        self._taper = ((self._rb - self._ra) / self._length).astype(np.float32)
        along = np.cumsum(self._length.reshape(n, -1), axis=1)
        self._start = (along - self._length.reshape(n, -1)).reshape(-1).astype(np.float32)
        thick = np.maximum(self._ra, self._rb)[:, None]
        self._lo, self._hi = np.minimum(self._a, self._b) - thick, np.maximum(self._a, self._b) + thick

    def near(self, grid: Grid, margin_um: float) -> NDArray[np.int64]:
        """Segments whose box, widened by a margin, meets the grid's voxels."""
        lo = np.array([axis[0] for axis in grid.axes_um]) - margin_um
        hi = np.array([axis[-1] for axis in grid.axes_um]) + margin_um
        return np.flatnonzero(((self._lo <= hi) & (self._hi >= lo)).all(axis=1))

    def box(self, segments: NDArray[np.int64], margin_um: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._lo[segments] - margin_um, self._hi[segments] + margin_um

    def distance_of(self, segment: NDArray[np.int64] | int, z: Field, y: Field, x: Field) -> tuple[Field, Field]:
        """The distance to a segment and the length along its tube of the nearest point; z, y, x from its start."""
        u, taper = self._unit[segment], self._taper[segment]
        uz, uy, ux = u[..., 0], u[..., 1], u[..., 2]
        t = np.clip(z * uz + y * uy + x * ux, np.float32(0.0), self._length[segment].astype(np.float32))
        away = np.sqrt((z - t * uz) ** 2 + (y - t * uy) ** 2 + (x - t * ux) ** 2)
        away -= self._ra[segment].astype(np.float32)
        away -= t * taper
        t += self._start[segment]
        return away, t

    def nearest(self, grid: Grid, reach_um: float) -> tuple[Field, Field, NDArray[np.int32]]:
        """The distance to the nearest tube, the length along it of the nearest point, and its number.

        Distances are capped at `reach_um`, beyond which a segment is not evaluated at all and the number is -1.
        """
        distance = np.full(grid.shape, reach_um, np.float32)
        along = np.zeros(grid.shape, np.float32)
        tube = np.full(grid.shape, -1, np.int32)
        segments = self.near(grid, reach_um)
        boxes = self.box(segments, reach_um)
        together = crowd(grid, *boxes)
        if together is not None:
            which = segments[together.item]
            away, t = self.distance_of(which, *together.offsets(self._a[segments]))
            np.minimum.at(distance.reshape(-1), together.place, away)
            first = np.flatnonzero((away == distance.reshape(-1)[together.place]) & (away < reach_um))[::-1]
            along.reshape(-1)[together.place[first]] = t[first]
            tube.reshape(-1)[together.place[first]] = self.tube[which[first]]
            return distance, along, tube
        for segment, lo, hi in zip(segments.tolist(), *boxes, strict=True):
            part = grid.near(lo, hi)
            if part is None:
                continue
            away, t = self.distance_of(segment, *grid.cut(part).offsets(self._a[segment]))
            nearer = away < distance[part]
            np.copyto(distance[part], away, where=nearer)
            np.copyto(along[part], t, where=nearer)
            tube[part][nearer] = self.tube[segment]
        return distance, along, tube
