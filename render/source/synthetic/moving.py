"""A time series of several channels whose every voxel is known: balls that move along x, one a channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base import ChannelInfo
from .grid import Grid, Pyramid
from .shapes import Ellipsoid, cover
from .simple import COMMON
from .source import Description
from .spec import Spec

TIME_STEP_S = 2.0
_TRAVEL = 0.3
"""How far from the middle a ball begins and ends, as a share of the side along x."""


@dataclass(frozen=True)
class Balls:
    """The balls at one time point, full scale inside and 0 outside, with an edge of a voxel and a half.

    The ball of channel c of n lies at (c + 1/2) / n of the side along y and in the middle along z. At time t of T it is
    at 0.2 + 0.6 t / (T - 1) of the side along x for even channels, and as far from the other end for odd ones. Its
    radius is 0.35 / n of the shortest side, but at most 0.15.
    """

    n_channels: int
    share: float
    sides_um: NDArray[np.float64]

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        return cover(self.ball(channel).distance(grid), self._width_um(grid))

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return self.ball(channel).is_beyond(grid, self._width_um(grid))

    def ball(self, channel: int) -> Ellipsoid:
        x = _TRAVEL * (2.0 * self.share - 1.0) * (1.0 if channel % 2 == 0 else -1.0)
        centre = np.array([0.0, (channel + 0.5) / self.n_channels - 0.5, x]) * self.sides_um
        radius_um = min(0.35 / self.n_channels, 0.15) * float(self.sides_um.min())
        return Ellipsoid(centre, np.full(3, radius_um))

    def _width_um(self, grid: Grid) -> float:
        return float(np.sqrt((1.5 * grid.h0_um) ** 2 + grid.h_um**2 - grid.h0_um**2))


def moving(spec: Spec) -> tuple[tuple[Balls, ...], Description, Pyramid]:
    """One phantom a time point. Options: those of all phantoms, `t` time points and `channels`."""
    spec.allow((*COMMON, "t", "channels"))
    pyramid = Pyramid(spec.size(64), spec.spacing_um())
    n_times, n_channels = spec.integer("t", 5, 1, 10_000), spec.integer("channels", 2, 1, 32)
    sides = np.array([n * s for n, s in zip(pyramid.size, pyramid.spacing_um, strict=True)])
    balls = tuple(Balls(n_channels, time / max(n_times - 1, 1), sides) for time in range(n_times))
    channels = tuple(ChannelInfo(f"ball {number + 1}", None, (0.0, 1.0)) for number in range(n_channels))
    return balls, Description("moving", "image", spec.dtype(), channels, time_step_s=TIME_STEP_S), pyramid
