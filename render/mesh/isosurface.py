"""The surface of an image at a value, from sources of any size.

It is the surface net of the voxels at or above the value; a vertex is the mean of where the value is met on the edges
of its cell, by linear interpolation. Like that of segments, it does not depend on how the level is cut into blocks.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..source.base import Source
from .appearance import channel_color
from .blocks import BLOCK_VOX, Block, VoxelBox, blocks_of, read_ahead
from .joining import Joiner
from .net import Labels, Quads, Vertices, quads_of, vertices_of
from .region import Progress, check_time, crop_in, level_of, report
from .segment import SegmentMesh, Spool

CROSSING_MARGIN = 1e-3
"""How near to a voxel's centre an isosurface comes, in voxels: triangles do not shrink to nothing there."""
_HALO = 3


def extract_isosurface(
    source: Source,
    channel: int,
    isovalue: float,
    *,
    level: int = 0,
    time: int = 0,
    crop: VoxelBox | None = None,
    spool_folder: Path | None = None,
    block_vox: int = BLOCK_VOX,
    progress: Progress | None = None,
) -> SegmentMesh:
    """The surface around the voxels of a channel at or above a value, closed at the border; NaN is below.

    Arguments and errors as those of `extract`.
    """
    info = source.info
    if info.kind != "image":
        raise UsageError(f"{info.name} holds labels; an isosurface is that of an image (labels have segments)")
    if not 0 <= channel < len(info.channels):
        raise UsageError(f"{info.name} has no channel {channel}; it has 0 to {len(info.channels) - 1}")
    if not math.isfinite(isovalue):
        raise UsageError(f"an isovalue of {isovalue} cannot be; it is a number")
    grid = level_of(info, level)
    check_time(info, time)
    spool = Spool(spool_folder)
    joiner = Joiner(grid.shape, grid.world_from_vox, spool)
    keys = np.zeros(2, np.uint64)

    def read(block: Block) -> NDArray[np.float64] | None:
        if isovalue > 0.0 and source.is_absent(level, channel, time, *block.core):
            return None
        voxels = source.read(level, channel, time, *block.read)
        return np.asarray(block.padded(voxels.astype(np.float64), np.nan), np.float64)

    blocks = blocks_of(crop_in(grid, crop), _HALO, block_vox)
    what = f"meshing {info.name}"
    for done, (block, values) in enumerate(read_ahead(blocks, read)):
        report(progress, what, done, len(blocks))
        if values is not None:
            _add_isosurface(joiner, block, values, isovalue, keys)
    report(progress, what, len(blocks), len(blocks))
    name = info.channels[channel].name or info.name
    return spool.mesh(0, None, f"{name} at {isovalue:g}", channel_color(info, channel), min(grid.spacing_um))


def _add_isosurface(
    joiner: Joiner, block: Block, values: NDArray[np.float64], isovalue: float, keys: NDArray[np.uint64]
) -> None:
    labels: Labels = (values >= isovalue).astype(np.int32)
    lo, hi = block.local(block.lo), block.local(block.hi)
    around = quads_of(labels, (lo[0] - 1, lo[1] - 1, lo[2] - 1), (hi[0] + 1, hi[1] + 1, hi[2] + 1))
    if not len(around):
        return
    vertices = vertices_of(labels, around)
    offsets = _crossing_means(values, isovalue, around, vertices)
    low = np.stack(np.unravel_index(around.low, labels.shape), axis=1)
    owned = np.asarray(((low >= lo) & (low < hi)).all(axis=1), np.bool_)
    if not owned.any():
        return
    joiner.add(block, labels, keys, *_those(around, vertices, owned), offsets)


def _crossing_means(
    values: NDArray[np.float64], isovalue: float, quads: Quads, vertices: Vertices
) -> NDArray[np.float64]:
    """Offsets of vertices from their cells' middles: the mean of the crossings on the edges of their sheets."""
    flat = values.reshape(-1)
    _, ny, nx = values.shape
    step = np.array([1, nx, ny * nx])[quads.axis]
    first, second = flat[quads.low], flat[quads.low + step]
    with np.errstate(invalid="ignore", over="ignore"):
        along = (isovalue - first) / (second - first)
    # Beyond the border and beside NaN there is nothing to interpolate with: halfway, as between labels.
    along = np.where(np.isfinite(first) & np.isfinite(second) & np.isfinite(along), along, 0.5)
    along = np.clip(along, CROSSING_MARGIN, 1.0 - CROSSING_MARGIN)
    # From the middle of each of the four cells to the crossing on its edge: that does not depend on where the block is.
    z, y, x = np.unravel_index(quads.low, values.shape)
    cz, cy, cx = np.unravel_index(quads.cells, values.shape)
    away = np.stack([x[:, None] - cx, y[:, None] - cy, z[:, None] - cz], axis=2) - 0.5
    away[np.arange(len(quads)), :, quads.axis] += along[:, None]
    corner, offset = vertices.corners.reshape(-1), away.reshape(-1, 3)
    count = np.maximum(np.bincount(corner, minlength=vertices.n_sheets), 1)
    sums = [np.bincount(corner, offset[:, axis], vertices.n_sheets) for axis in range(3)]
    return np.stack(sums, axis=1) / count[:, None]


def _those(quads: Quads, vertices: Vertices, kept: NDArray[np.bool_]) -> tuple[Quads, Vertices]:
    """Some of the quads, and the vertices as those see them."""
    fewer = Quads(*(getattr(quads, name)[kept] for name in Quads.__dataclass_fields__))
    seen = Vertices(
        vertices.label,
        vertices.cell,
        vertices.code,
        vertices.n_sheets,
        vertices.middle_ends,
        vertices.corners[kept],
        vertices.detours[kept],
    )
    return fewer, seen
