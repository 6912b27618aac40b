"""Whether sampled directions follow a density: Pearson's test on a grid over the sphere, as pbrt and Mitsuba do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

F = NDArray[np.float64]
Density = Callable[[NDArray[np.float32]], F]
SIGNIFICANCE = 0.001
# Cells of fewer expected samples are counted together.
_LEAST_EXPECTED = 8.0


def frame(axis: ArrayLike) -> F:
    """Rows: two unit vectors across `axis`, and its direction."""
    z = np.asarray(axis, float)
    z = z / np.linalg.norm(z)
    x = np.cross(np.eye(3)[int(np.argmin(np.abs(z)))], z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


@dataclass(frozen=True)
class SphereGrid:
    """Cells about `axis`: `n_theta` rings up to the angle whose 1 - cos is `reach` (2: all), `n_phi` sectors.

    With `peak` > 0 the inner rings are narrower: 1 - cos grows exponentially, and about half of the rings lie within
    1 - cos < sqrt(peak). Densities are integrated by `fine`^2 points a cell.
    """

    axis: tuple[float, float, float]
    n_theta: int = 16
    n_phi: int = 24
    reach: float = 2.0
    peak: float = 0.0
    fine: int = 16

    def _below(self, s: F) -> F:
        """1 - cos at 0..1 of the way out."""
        if self.peak <= 0:
            return s * self.reach
        k = np.log(1.0 / self.peak)
        below: F = self.reach * np.expm1(k * s) / np.expm1(k)
        return below

    def counts(self, directions: NDArray[np.floating]) -> F:
        """How many directions are in each cell, (n_theta * n_phi + 1,): the last one is for those beyond the reach."""
        d = np.asarray(directions, np.float64) @ frame(self.axis).T
        # 1 - cos from the part across, which keeps its digits near the axis.
        across = np.hypot(d[:, 0], d[:, 1])
        below = np.where(d[:, 2] > 0, across**2 / (1 + np.abs(d[:, 2])), 1 - d[:, 2])
        edges = self._below(np.linspace(0, 1, self.n_theta + 1))
        ring = np.searchsorted(edges, below, side="right") - 1
        sector = np.floor((np.arctan2(d[:, 1], d[:, 0]) / (2 * np.pi) % 1.0) * self.n_phi).astype(int) % self.n_phi
        cell = np.where(ring < self.n_theta, ring * self.n_phi + sector, self.n_theta * self.n_phi)
        if self.reach >= 2.0:
            cell = np.minimum(ring, self.n_theta - 1) * self.n_phi + sector
        return np.bincount(cell, minlength=self.n_theta * self.n_phi + 1).astype(float)

    def points(self) -> tuple[NDArray[np.float32], F]:
        """The points of the quadrature, (cells * fine^2, 3), and their solid angles."""
        s = np.linspace(0, 1, self.n_theta * self.fine + 1)
        edges = self._below(s)
        below = (edges[1:] + edges[:-1]) / 2
        phi = (np.arange(self.n_phi * self.fine) + 0.5) / (self.n_phi * self.fine) * 2 * np.pi
        b, p = np.meshgrid(below, phi, indexing="ij")
        sin = np.sqrt(b * (2 - b))
        local = np.stack([sin * np.cos(p), sin * np.sin(p), 1 - b], axis=-1)
        angle = np.broadcast_to(np.diff(edges)[:, None] * (2 * np.pi / len(phi)), b.shape)
        return (local.reshape(-1, 3) @ frame(self.axis)).astype(np.float32), angle.reshape(-1)

    def integral(self, values: F) -> F:
        """Integrals over the cells of what the `points` have, (n_theta * n_phi,)."""
        _, angle = self.points()
        fine = (values * angle).reshape(self.n_theta, self.fine, self.n_phi, self.fine)
        return fine.sum(axis=(1, 3)).reshape(-1)


def p_value(directions: NDArray[np.floating], density: Density, grid: SphereGrid, lost: int = 0) -> tuple[float, float]:
    """(p, the density's integral). `lost` samples went where the density is not defined: they are what the integral
    lacks of one.
    """
    counts = grid.counts(directions)
    total = counts.sum() + lost
    points, _ = grid.points()
    share = grid.integral(density(points))
    integral = float(share.sum())
    observed = np.append(counts[:-1], counts[-1] + lost)
    expected = np.append(share, max(1.0 - integral, 0.0)) * total
    order = np.argsort(expected)
    observed, expected = observed[order], expected[order]
    few = int(np.searchsorted(np.cumsum(expected), _LEAST_EXPECTED)) + 1
    few = max(few, int((expected < _LEAST_EXPECTED).sum()))
    observed = np.append(observed[few:], observed[:few].sum())
    expected = np.append(expected[few:], max(expected[:few].sum(), 1e-9))
    if (
        expected[-1] < 1e-6 * total
    ):  # next to nothing: what is there is an error of the quadrature, or a sample too many
        assert observed[-1] <= 3, f"{observed[-1]:.0f} samples where the density is 0"
        observed, expected = observed[:-1], expected[:-1]
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return float(stats.chi2.sf(statistic, len(expected) - 1)), integral
