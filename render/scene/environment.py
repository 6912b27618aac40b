"""Environment maps: equirectangular pictures of the light that comes from everywhere, and how to draw from them.

Directions are those of the sky's own space: x forward, y left, z up. (u, v) in 0..1 goes over the picture from its top
left corner; with azimuth = 2 pi (u - 1/2), to the right as seen from inside, and theta = pi v, from the zenith down,

    direction = (sin(theta) cos(azimuth), -sin(theta) sin(azimuth), cos(theta)).

So the picture's middle is straight ahead, its left and right edges meet behind, and its top row is overhead. Texel
(row, column) of (h, w) has its centre at u = (column + 1/2) / w, v = (row + 1/2) / h. A map is looked up bilinearly,
around in u and clamped in v.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..limits import DEFAULT_LIMITS
from .environment_file import read_radiance
from .environment_studio import studio_radiance

STUDIO = "synthetic:studio"
# Of a row among rows, of a cell in its row: 32 steps of a 32-bit float near 1.
LEAST_SHARE = 2.0**-19
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
# The sun's disc is about 2e9 cd/m^2. Squares of sums of what is brighter are not finite in 32 bit.
BRIGHTEST = 1e10


@dataclass(frozen=True)
class Environment:
    """`radiance` (h, w, 3) float32, linear Rec. 709, 0 to BRIGHTEST, w = 2 h. `name` is the state's for it."""

    name: str
    radiance: NDArray[np.float32]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Importance:
    """How to draw directions about in proportion to the light from them; all arrays float32, ready for the device.

    The sphere is cut into rows x cols cells, by equal steps of v and of u. Row by row:
    `marginal` (rows + 1): the probability of the rows before each one; its last entry is 1.
    `conditional` (rows, cols + 1): within each row, likewise for its cells.
    `pdf` (rows, cols): the density per steradian anywhere in a cell; it is positive wherever a bilinear lookup of the
    map can be positive.

    To draw: find the row whose span of `marginal` holds the first number, and put z = cos(theta) linearly between
    cos(pi row / rows) and cos(pi (row + 1) / rows) by where in the span it is; find the cell whose span of
    `conditional[row]` holds the second number, and put u linearly in the same way. `sample` does so.
    """

    marginal: NDArray[np.float32]
    conditional: NDArray[np.float32]
    pdf: NDArray[np.float32]
    average: tuple[float, float, float]
    """Mean radiance over the sphere, (r, g, b)."""


def load_environment(path: str, name: str | None = None) -> Environment:
    """Read a Radiance .hdr, an .exr or a float .tif, or make `synthetic:studio`. Raises SourceError."""
    if path == STUDIO:
        return Environment(name or STUDIO, studio_radiance())
    radiance, notes = read_radiance(Path(path).expanduser())
    radiance, more = _cleaned(radiance)
    return Environment(name or Path(path).name, radiance, (*notes, *more))


def load_environments(paths: Sequence[str]) -> tuple[Environment, ...]:
    """Several, each with a name of its own. Raises SourceError."""
    loaded: list[Environment] = []
    counts: dict[str, int] = {}
    for path in paths:
        one = load_environment(path)
        counts[one.name] = counts.get(one.name, 0) + 1
        loaded.append(one if counts[one.name] == 1 else replace(one, name=f"{one.name} ({counts[one.name]})"))
    return tuple(loaded)


def _cleaned(radiance: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Light is not negative and at most BRIGHTEST: what is no number becomes black, infinity the brightest else."""
    finite = np.isfinite(radiance)
    of_light = radiance[finite]
    wrong = int(radiance.size - of_light.size) + int(np.count_nonzero((of_light < 0) | (of_light > BRIGHTEST)))
    if not wrong:
        return radiance, ()
    brightest = float(of_light.max(initial=0.0))
    cleaned = np.clip(np.nan_to_num(radiance, nan=0.0, posinf=brightest, neginf=0.0), 0.0, BRIGHTEST)
    note = f"{wrong} values of the environment map are negative, no numbers, or above {BRIGHTEST:g}; mended"
    return cleaned.astype(np.float32), (note,)


# ---- directions ----


def direction_of(u: ArrayLike, v: ArrayLike) -> NDArray[np.float64]:
    """(..., 3) unit vectors in sky space (x forward, y left, z up)."""
    azimuth = 2 * np.pi * (np.asarray(u, np.float64) - 0.5)
    theta = np.pi * np.asarray(v, np.float64)
    across = np.sin(theta)
    return np.asarray(np.stack([across * np.cos(azimuth), -across * np.sin(azimuth), np.cos(theta)], axis=-1))


def uv_of(direction: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(u, v), each in 0..1, of unit vectors (..., 3) in sky space. At the zenith and the nadir u is 1/2."""
    d = np.asarray(direction, np.float64)
    u = 0.5 + np.arctan2(-d[..., 1], d[..., 0]) / (2 * np.pi)
    u = np.where((d[..., 0] == 0) & (d[..., 1] == 0), 0.5, u)
    return u, np.arccos(np.clip(d[..., 2], -1.0, 1.0)) / np.pi


def lookup(environment: Environment, direction: ArrayLike) -> NDArray[np.float64]:
    """Radiance (..., 3) from unit vectors (..., 3) in sky space: bilinear, around in u, clamped in v."""
    height, width = environment.radiance.shape[:2]
    u, v = uv_of(direction)
    x, y = u * width - 0.5, v * height - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = (x - column)[..., None], (y - row)[..., None]
    left, right = column % width, (column + 1) % width
    above, below = np.clip(row, 0, height - 1), np.clip(row + 1, 0, height - 1)
    texels = environment.radiance.astype(np.float64, copy=False)
    upper = texels[above, left] * (1 - fx) + texels[above, right] * fx
    lower = texels[below, left] * (1 - fx) + texels[below, right] * fx
    mixed: NDArray[np.float64] = upper * (1 - fy) + lower * fy
    return mixed


# ---- importance ----


def importance(
    environment: Environment,
    rows: int = DEFAULT_LIMITS.environment_cells_max_height,
    cols: int = 2 * DEFAULT_LIMITS.environment_cells_max_height,
) -> Importance:
    """Tables of at most rows x cols cells (at most as many as the map has texels).

    A cell's weight is the mean luminance over its solid angle, and its probability the weight times that. The map is
    smeared by a texel each way beforehand, which is farther than a bilinear lookup carries its light: so a cell has a
    weight wherever light can come from it. A black map gives the uniform density 1 / (4 pi).
    """
    height, width = environment.radiance.shape[:2]
    rows, cols = min(rows, height), min(cols, width)
    luminance = environment.radiance @ _LUMINANCE
    weight = _mean_over_cells(_smeared(luminance), rows, cols)
    z = np.cos(np.pi * np.arange(rows + 1) / rows)
    solid_angle = (z[:-1] - z[1:]) * 2 * np.pi / cols  # of each cell of a row
    share = weight * solid_angle[:, None]
    total = float(share.sum())
    if total <= 0.0:
        weight = np.ones((rows, cols))
        share = np.broadcast_to(solid_angle[:, None], (rows, cols))
        total = float(share.sum())
    of_row = share.sum(axis=1)
    empty = of_row <= 0.0
    # A row of no light is never drawn; its cells get even shares, so that nothing divides by 0.
    within = np.where(empty[:, None], 1.0 / cols, share / np.where(empty, 1.0, of_row)[:, None])
    marginal, conditional = _cumulative(of_row / total), _cumulative(within)
    # The density is that of the rounded tables, which is what draws.
    drawn = np.diff(marginal.astype(np.float64))[:, None] * np.diff(conditional.astype(np.float64), axis=1)
    pdf = (drawn / solid_angle[:, None]).astype(np.float32)
    return Importance(marginal, conditional, pdf, _average(environment.radiance))


def sample(tables: Importance, xi: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions (n, 3) in sky space and their densities per steradian (n), from numbers (n, 2) in [0, 1)."""
    rows, cols = tables.pdf.shape
    row, along = _draw(tables.marginal[None], np.zeros(len(xi), np.int64), xi[:, 0])
    column, across = _draw(tables.conditional, row, xi[:, 1])
    top, bottom = np.cos(np.pi * row / rows), np.cos(np.pi * (row + 1) / rows)
    v = np.arccos(np.clip(top + (bottom - top) * along, -1.0, 1.0)) / np.pi
    return direction_of((column + across) / cols, v), tables.pdf[row, column].astype(np.float64)


def pdf_of(tables: Importance, direction: ArrayLike) -> NDArray[np.float64]:
    """The density per steradian with which `sample` gives unit vectors (..., 3)."""
    rows, cols = tables.pdf.shape
    u, v = uv_of(direction)
    row = np.clip(np.floor(v * rows), 0, rows - 1).astype(np.int64)
    column = np.floor(u * cols).astype(np.int64) % cols
    return np.asarray(tables.pdf[row, column], np.float64)


def _draw(
    cdfs: NDArray[np.float32], which: NDArray[np.int64], xi: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each number the span of cdfs[which] that holds it, and where in the span it is, 0..1."""
    chosen = cdfs[which].astype(np.float64)
    span = np.clip((chosen <= xi[:, None]).sum(axis=1) - 1, 0, cdfs.shape[1] - 2)
    index = np.arange(len(xi))
    lo, hi = chosen[index, span], chosen[index, span + 1]
    return span, np.clip((xi - lo) / np.where(hi > lo, hi - lo, 1.0), 0.0, 1.0)


def _cumulative(shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sums along the last axis, from 0 to 1. What is not 0 is at least LEAST_SHARE, or it were lost in rounding."""
    shares = np.where(shares > 0.0, np.maximum(shares, LEAST_SHARE), 0.0)
    summed = np.concatenate([np.zeros((*shares.shape[:-1], 1)), np.cumsum(shares, axis=-1)], axis=-1)
    summed /= summed[..., -1:]
    return summed.astype(np.float32)


def _smeared(luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convolved with (1, 2, 1) / 4 along both axes, around in u, clamped in v."""
    left, right = np.roll(luminance, 1, axis=1), np.roll(luminance, -1, axis=1)
    across = (left + 2 * luminance + right) / 4
    above, below = np.vstack([across[:1], across[:-1]]), np.vstack([across[1:], across[-1:]])
    return np.asarray((above + 2 * across + below) / 4, np.float32)


def _mean_over_cells(image: NDArray[np.float32], rows: int, cols: int) -> NDArray[np.float64]:
    """The mean over each cell's solid angle of what is constant over each texel; exact for any sizes."""
    height, width = image.shape
    z = np.cos(np.pi * np.arange(height + 1) / height)
    edges = np.cos(np.pi * np.arange(rows + 1) / rows)
    bands = np.empty((rows, width))
    for row in range(rows):
        first, last = row * height // rows, min(height, -(-(row + 1) * height // rows))
        overlap = np.minimum(z[first:last], edges[row]) - np.maximum(z[first + 1 : last + 1], edges[row + 1])
        overlap = np.clip(overlap, 0.0, None)
        bands[row] = overlap @ image[first:last] / overlap.sum()
    summed = np.concatenate([np.zeros((rows, 1)), np.cumsum(bands, axis=1)], axis=1)
    at = np.arange(cols + 1) * width / cols
    whole = np.minimum(at.astype(np.int64), width - 1)
    upto = summed[:, whole] + bands[:, whole] * (at - whole)
    # A difference of sums may round below 0, and to 0 beside bright cells: what is not dark stays above 0.
    mean = np.diff(upto, axis=1) * (cols / width)
    last = np.ceil(at[1:]).astype(np.int64) - 1
    least = np.maximum(np.maximum.reduceat(bands, whole[:-1], axis=1), bands[:, last]) * 1e-6
    floored: NDArray[np.float64] = np.maximum(mean, least)
    return floored


def _average(radiance: NDArray[np.float32]) -> tuple[float, float, float]:
    height = radiance.shape[0]
    z = np.cos(np.pi * np.arange(height + 1) / height)
    mean = (z[:-1] - z[1:]) / 2 @ radiance.mean(axis=1, dtype=np.float64)
    return float(mean[0]), float(mean[1]), float(mean[2])
