"""What is in a brick and in its margins, so that the range of a brick with its apron follows from the bricks around.

Along each axis a brick has three parts: its first APRON voxels, all of it, its last APRON voxels. The 27 products of
these are its regions, in the order of (z, y, x) with x fastest; number 13 is all of the brick. A brick with its apron
is the union of one region of each of its 27 neighbours, itself among them.
"""

from __future__ import annotations

from itertools import product

import fastremap
import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3

Array = NDArray[np.generic]
Masks = NDArray[np.uint64]

PAYLOAD = 64
"""Voxels a side of a brick of the index."""
APRON = 2
"""Voxels around a brick that count as its own: at least what the renderer may sample around a brick."""
N_REGIONS = 27
WHOLE = 13
MASK_WORDS = 8
"""64-bit words of a mask of ids: 512 bits, of which each id sets two."""
N_FACES = 7
"""Masks kept of a brick: of all of it, then of its first and last APRON voxels along z, y and x."""


def counts_of(shape: Shape3) -> Shape3:
    """How many bricks a level has along z, y, x."""
    z, y, x = (-(-n // PAYLOAD) for n in shape)
    return z, y, x


def region_ranges(voxels: Array) -> Array:
    """(nz, ny, nx, 27, 2): the smallest and the largest value of each region of the bricks of a box (z, y, x).

    The box begins with a brick. A NaN counts as -infinity: it is drawn as the low end of any window.
    """
    is_float = voxels.dtype.kind == "f"
    lo = _regions(voxels, np.minimum)
    hi = _regions(voxels, np.fmax if is_float else np.maximum)
    ranges = np.stack([lo, hi], axis=-1)
    if is_float:
        ranges[np.isnan(ranges)] = -np.inf
    return ranges


def _regions(voxels: Array, reduce: np.ufunc) -> Array:
    """(nz, ny, nx, 27): along z first, where whole planes are compared and not neighbours."""
    made: Array = voxels
    for axis in range(3):
        at = 2 * axis  # the axes before are (brick, part) each
        n = made.shape[at]
        bricks = []
        for lo in range(0, n, PAYLOAD):
            hi = min(lo + PAYLOAD, n)
            spans = ((lo, min(lo + APRON, hi)), (lo, hi), (max(hi - APRON, lo), hi))
            before = (slice(None),) * at
            parts = [reduce.reduce(made[(*before, slice(*span))], axis=at) for span in spans]
            bricks.append(np.stack(parts, axis=at))
        made = np.stack(bricks, axis=at)
    made = made.transpose(0, 2, 4, 1, 3, 5)
    return made.reshape(*made.shape[:3], N_REGIONS)


def combined_ranges(regions: Array) -> Array:
    """(nz, ny, nx, 2): the ranges of bricks with their aprons.

    `regions` (nz + 2, ny + 2, nx + 2, 27, 2) are those of the bricks and of the ones around them; what is outside of
    the volume has to hold a range that is empty: the largest value, the smallest value.
    """
    z, y, x = (n - 2 for n in regions.shape[:3])
    lo = hi = None
    for dz, dy, dx in product((-1, 0, 1), repeat=3):
        region = ((1 - dz) * 3 + 1 - dy) * 3 + 1 - dx
        part = regions[1 + dz : 1 + dz + z, 1 + dy : 1 + dy + y, 1 + dx : 1 + dx + x, region]
        lo = part[..., 0] if lo is None else np.minimum(lo, part[..., 0])
        hi = part[..., 1] if hi is None else np.maximum(hi, part[..., 1])
    return np.stack([np.asarray(lo), np.asarray(hi)], axis=-1)


def empty_range(dtype: np.dtype[np.generic]) -> tuple[float | int, float | int]:
    """A range that holds nothing: the neutral element of combining ranges."""
    if dtype.kind == "f":
        return np.inf, -np.inf
    limits = np.iinfo(dtype.str)
    return int(limits.max), int(limits.min)


def face_masks(voxels: Array) -> Masks:
    """(nz, ny, nx, 7, 8) uint64: masks of the ids other than 0 in the bricks of a box, and in their six margins."""
    nz, ny, nx = (-(-n // PAYLOAD) for n in voxels.shape)
    masks = np.zeros((nz, ny, nx, N_FACES, MASK_WORDS), np.uint64)
    for brick in product(range(nz), range(ny), range(nx)):
        part = voxels[tuple(slice(b * PAYLOAD, (b + 1) * PAYLOAD) for b in brick)]
        first = part.flat[0]
        if (part == first).all():
            masks[brick] = mask_of(np.asarray([first]))
            continue
        masks[brick][0] = mask_of(fastremap.unique(part))
        for axis in range(3):
            for side, span in enumerate((slice(0, APRON), slice(-APRON, None))):
                face = part[(slice(None),) * axis + (span,)]
                masks[brick][1 + 2 * axis + side] = mask_of(fastremap.unique(np.ascontiguousarray(face)))
    return masks


def combined_masks(faces: Masks) -> Masks:
    """(nz, ny, nx, 8): masks of bricks with their aprons, from those of them and of the ones around, outside all 0.

    Of a neighbour across an edge or a corner, an id that matters is in two or three of its margins: their masks are
    intersected. So a mask may say an id too many, and never one too few.
    """
    z, y, x = (n - 2 for n in faces.shape[:3])
    total = np.zeros((z, y, x, MASK_WORDS), np.uint64)
    for offset in product((-1, 0, 1), repeat=3):
        windows = (slice(1 + d, 1 + d + n) for d, n in zip(offset, (z, y, x), strict=True))
        around = faces[tuple(windows)]
        part = around[..., 0, :].copy()
        for axis, step in enumerate(offset):
            if step:  # of the one before, the last voxels; of the one after, the first
                part &= around[..., 1 + 2 * axis + (1 if step < 0 else 0), :]
        total |= part
    return total


def mask_of(ids: Array) -> Masks:
    """(8,) uint64: two of 512 bits for each id other than 0 (a Bloom filter), by the hash `id_bits`."""
    unsigned = _unsigned(ids)
    bits = id_bits(unsigned[unsigned != 0]).reshape(-1)
    mask = np.zeros(MASK_WORDS, np.uint64)
    np.bitwise_or.at(mask, (bits >> np.uint64(6)).astype(np.intp), np.uint64(1) << (bits & np.uint64(63)))
    return mask


def id_bits(ids: Masks) -> Masks:
    """(n, 2): the bits of ids; the lowest and the next nine bits of SplitMix64's finalizer (Steele et al., 2014)."""
    mixed = ids + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.stack([mixed & np.uint64(511), (mixed >> np.uint64(9)) & np.uint64(511)], axis=-1)


def _unsigned(ids: Array) -> Masks:
    """Negative ids by their 64-bit pattern."""
    return ids.astype(np.int64).view(np.uint64) if ids.dtype.kind == "i" else ids.astype(np.uint64)
