"""Signed distances to simple shapes, in micrometres and negative inside, and the share of a voxel that they cover.

Arrays are (z, y, x) float32. Only +, -, *, / and sqrt: bit-identical in whatever box a voxel is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        peak = cover_sheet(np.zeros(1, np.float32), 2.0 * half_um, width_um)
        share *= np.float32(float(peak[0]) ** (thin_axes - 1))
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


def spine_distance(
    grid: Grid, spine: NDArray[np.float64], radii: NDArray[np.float64], reach_um: float
) -> tuple[Field, Field]:
    """Distance to a tube along a polyline (n, 3) of varying radius (n,), and the length along it of the nearest point.

    Distances are capped at `reach_um`, beyond which a segment is not evaluated at all.
    """
    distance = np.full(grid.shape, reach_um, np.float32)
    along = np.zeros(grid.shape, np.float32)
    start_um = 0.0
    for a, b, ra, rb in zip(spine[:-1], spine[1:], radii[:-1], radii[1:], strict=True):
        axis = b - a
        length = float(np.sqrt((axis * axis).sum()))
        margin = max(ra, rb) + reach_um
        part = grid.near(np.minimum(a, b) - margin, np.maximum(a, b) + margin)
        if part is not None:
            z, y, x = grid.cut(part).offsets(a)
            uz, uy, ux = (np.float32(u) for u in axis / length)
            t = np.clip(z * uz + y * uy + x * ux, 0.0, np.float32(length))
            away = np.sqrt((z - t * uz) ** 2 + (y - t * uy) ** 2 + (x - t * ux) ** 2)
            away -= np.float32(ra)
            away -= t * np.float32((rb - ra) / length)
            t += np.float32(start_um)
            nearer = away < distance[part]
            np.copyto(distance[part], away, where=nearer)
            np.copyto(along[part], t, where=nearer)
        start_um += length
    return distance, along
