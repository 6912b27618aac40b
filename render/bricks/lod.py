"""Level of detail: how fine a part of a volume has to be for a camera. Nothing but position and camera decide.

The rule: at a place the coarsest level l is wanted with spacing_l <= tau * p(d), where spacing_l is the largest edge of
the level's voxels, d the distance from the eye to the nearest point of the level's brick that holds the place, and p(d)
the width of a pixel there. It does not depend on the path that a ray took, so that all rays see one medium. tau is 1
for a picture at rest, 2 for a moving one, times 2^bias where the bricks would not fit (`Bias`).

Positions and lengths are in one space, whatever it is: world (micrometres) or the engine's unit space. Vectors are
(x, y, z), bricks (z, y, x).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..source.base import Level, Shape3
from ..space import Matrix

Floats = NDArray[np.float64]
Bricks = NDArray[np.int64]
"""(n, 3), each (z, y, x)."""

FULL, ROOMY = 0.9, 0.6
"""Shares of the slots that are needed: above the first the bias rises, below the second it falls."""
BIAS_STEP = 0.125
"""A bias that rises by it needs at least 2^(-3/8) = 0.77 as many bricks: from FULL it does not fall below ROOMY."""
BIAS_MAX = 16.0


@dataclass(frozen=True)
class Footprint:
    """The width of a pixel at distance d from the eye: constant + slope * d."""

    constant: float
    slope: float

    @classmethod
    def perspective(cls, view_angle_deg: float, height_px: int) -> Footprint:
        """Of a camera with a full vertical angle."""
        return cls(0.0, 2.0 * math.tan(math.radians(view_angle_deg) / 2.0) / height_px)

    @classmethod
    def orthographic(cls, parallel_scale: float, height_px: int) -> Footprint:
        """Of a view of half the height `parallel_scale`."""
        return cls(2.0 * parallel_scale / height_px, 0.0)

    def at(self, distance: Floats) -> Floats:
        return self.constant + self.slope * distance


def distance_to(lo: Floats, hi: Floats, eye: Floats) -> Floats:
    """From the eye (3) to the nearest points of boxes (n, 3): (n), 0 for boxes that hold it."""
    outside = np.maximum(np.maximum(lo - eye, eye - hi), 0.0)
    return np.asarray(np.sqrt(np.sum(outside * outside, axis=-1)))


def wants_finer(
    lo: Floats, hi: Floats, spacing: Floats | float, eye: Floats, footprint: Footprint, tau: float
) -> NDArray[np.bool_]:
    """Whether bricks with boxes lo..hi (n, 3) are too coarse; `spacing`: their voxels' largest edge, (n) or one."""
    return np.asarray(spacing > tau * footprint.at(distance_to(lo, hi, eye)))


def in_view(lo: Floats, hi: Floats, planes: Floats) -> NDArray[np.bool_]:
    """Whether boxes (n, 3) may meet the inside of all planes (m, 4): a x + b y + c z + d >= 0. Never wrongly False."""
    furthest = np.where(planes[:, None, :3] >= 0.0, hi[None], lo[None])
    return np.asarray((np.sum(planes[:, None, :3] * furthest, axis=-1) + planes[:, 3, None] >= 0.0).all(axis=0))


class Detail:
    """The bricks of a pyramid, from which those are chosen that a camera wants.

    levels: the finest first, each coarser than the one before by powers of two along the axes.
    payload: of a brick, voxels. to: the space of eyes and boxes, from the world.
    """

    def __init__(self, levels: Sequence[Level], payload: int, to: Matrix | None = None) -> None:
        self._levels = list(levels)
        self._payload = payload
        matrices = [level.world_from_vox if to is None else to @ level.world_from_vox for level in levels]
        self._axes = [matrix[:3, :3] for matrix in matrices]
        self._origins = [matrix[:3, 3] for matrix in matrices]
        self.spacings = [float(np.linalg.norm(axes, axis=0).max()) for axes in self._axes]
        self._factors = [self._ratio(i) for i in range(1, len(levels))]

    def boxes(self, level: int, bricks: Bricks) -> tuple[Floats, Floats]:
        """The boxes along the axes around bricks (n, 3): lo and hi, (n, 3). Those of turned volumes have room."""
        shape = np.array(self._levels[level].shape)
        first = bricks * self._payload - 0.5
        last = np.minimum((bricks + 1) * self._payload, shape) - 0.5
        axes = self._axes[level]
        center = ((first + last) / 2.0)[:, ::-1] @ axes.T + self._origins[level]
        half = ((last - first) / 2.0)[:, ::-1] @ np.abs(axes).T
        return center - half, center + half

    def children(self, level: int, bricks: Bricks) -> Bricks:
        """The bricks of the next finer level in bricks of a level."""
        ratio = self._factors[level - 1]
        steps = np.stack(np.meshgrid(*(np.arange(r) for r in ratio), indexing="ij"), axis=-1).reshape(-1, 3)
        found = (bricks[:, None] * np.array(ratio) + steps).reshape(-1, 3)
        shape = np.array(self._levels[level - 1].shape)
        return np.asarray(found[(found * self._payload < shape).all(axis=1)])

    def wanted(
        self,
        eye: Floats,
        footprint: Footprint,
        tau: float,
        planes: Floats | None = None,
        most: int | None = None,
    ) -> list[Bricks]:
        """The bricks that a camera wants, of each level; they cover the volume, or what of it is in view, once.

        `most`: where they would be more, the rest stays coarser, the coarsest first refined.
        """
        chosen: list[Bricks] = [np.zeros((0, 3), np.int64) for _ in self._levels]
        top = len(self._levels) - 1
        counts = [-(-n // self._payload) for n in self._levels[top].shape]
        open_ = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1).reshape(-1, 3)
        kept = 0
        for level in range(top, -1, -1):
            lo, hi = self.boxes(level, open_)
            if planes is not None:
                seen = in_view(lo, hi, planes)
                open_, lo, hi = open_[seen], lo[seen], hi[seen]
            finer = np.zeros(len(open_), np.bool_)
            if level > 0:
                finer = wants_finer(lo, hi, self.spacings[level], eye, footprint, tau)
                if most is not None and kept + len(open_) + (self._n_children(level) - 1) * int(finer.sum()) > most:
                    finer = self._nearest(finer, lo, hi, eye, (most - kept - len(open_)) // self._n_children(level))
            chosen[level] = open_[~finer]
            kept += int((~finer).sum())
            if level > 0:
                open_ = self.children(level, open_[finer])
        return chosen

    def _n_children(self, level: int) -> int:
        return math.prod(self._factors[level - 1])

    @staticmethod
    def _nearest(finer: NDArray[np.bool_], lo: Floats, hi: Floats, eye: Floats, count: int) -> NDArray[np.bool_]:
        """`finer`, but only of the nearest `count`."""
        distance = np.where(finer, distance_to(lo, hi, eye), np.inf)
        kept = np.zeros_like(finer)
        kept[np.argsort(distance, kind="stable")[: max(0, count)]] = True
        return np.asarray(kept & finer)

    def _ratio(self, level: int) -> Shape3:
        """How many voxels of the level before lie along an axis of one of this level."""
        fine, coarse = self._levels[level - 1], self._levels[level]
        ratios = [
            round(b / a) if m > 1 or n > 1 else 1
            for a, b, n, m in zip(fine.spacing_um[::-1], coarse.spacing_um[::-1], fine.shape, coarse.shape, strict=True)
        ]
        if any(ratio < 1 or ratio & (ratio - 1) for ratio in ratios):
            raise ValueError(f"level {coarse.name!r} is coarser than the one before by {ratios}, no powers of two")
        return ratios[0], ratios[1], ratios[2]


class Bias:
    """By how many octaves everything is coarser than the rule says, so that the bricks fit into the slots there are.

    It rises while more than FULL of the slots are needed and falls while less than ROOMY are; but not again to where
    they did not fit, until `moved`: levels are discrete, and it would go to and fro for ever.
    """

    def __init__(self) -> None:
        self.value = 0.0
        self._too_fine = -math.inf

    def moved(self) -> None:
        """The camera, the slots or what is shown changed: what did not fit may fit now."""
        self._too_fine = -math.inf

    def update(self, needed: int, slots: int) -> float:
        """The bias after it turned out that so many slots of all are needed with the present one."""
        used = needed / slots
        # As many bricks as would fill three quarters, if their number went with the third power: it does not more.
        step = max(BIAS_STEP, abs(math.log2(max(used, 1e-9) / 0.75)) / 3.0)
        step = math.floor(step / BIAS_STEP) * BIAS_STEP
        if used > FULL:
            self._too_fine = max(self._too_fine, self.value)
            self.value = min(self.value + step, BIAS_MAX)
        elif used < ROOMY and self.value > 0.0:
            lower = max(self.value - step, 0.0)
            if lower <= self._too_fine:
                lower = self._too_fine + BIAS_STEP
            self.value = min(self.value, lower)
        return self.value


def settled_bias(needed: Callable[[float], int], slots: int) -> float:
    """The smallest bias, in steps of BIAS_STEP, with which at most FULL of the slots are needed. No history.

    `needed` says how many are needed with a bias; it must not grow with it.
    """
    lo, hi = -1, int(BIAS_MAX / BIAS_STEP)
    while hi - lo > 1:
        middle = (lo + hi) // 2
        if needed(middle * BIAS_STEP) <= FULL * slots:
            hi = middle
        else:
            lo = middle
    return hi * BIAS_STEP
