"""Meshes of segments, from sources of any size.

The surface of a segment runs between its voxels and those that are not of it (`net`), is smoothed within half a voxel
(`smoothing`) and closed where the segment leaves the level or the crop. Segments that touch share their boundary.

A level is gone through block by block, each voxel of it (but halos) is read once. The result does not depend on how
the level is cut: not the vertices, not the triangles, only their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import fastremap
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..source.base import Level, Source, SourceInfo
from .appearance import ColorMode, segment_colors, segment_names
from .blocks import BLOCK_VOX, Block, VoxelBox, blocks_of, read_ahead
from .joining import Joiner
from .net import Labels, quads_of, vertices_of
from .region import Progress, check_time, crop_in, level_of, report
from .search import blocks_holding
from .segment import Rgba, SegmentMesh, Spool
from .smoothing import REACH_MORE, smoothed_offsets

DEFAULT_ITERATIONS = 20
MAX_ITERATIONS = 64
ID_MASK = 2**64 - 1
_FEW_IDS = 4


def extract(
    source: Source,
    ids: Sequence[int] | None,
    *,
    level: int = 0,
    time: int = 0,
    smooth: int = DEFAULT_ITERATIONS,
    crop: VoxelBox | None = None,
    search_level: int | None = None,
    colors: ColorMode = "file",
    overrides: Mapping[int, Rgba] | None = None,
    spool_folder: Path | None = None,
    block_vox: int = BLOCK_VOX,
    progress: Progress | None = None,
) -> Iterator[SegmentMesh]:
    """The surfaces of segments, one by one: of `ids` in their order, or of every id in the level (None), ascending.

    `smooth` iterations of smoothing, 0 for none: then the faces of the voxels themselves. `crop`: voxels [lo, hi) of
    the level, (z, y, x). `colors` is `LabelLayer.colors`; `overrides` (sRGB and alpha by id) come first. Meshes wait
    in a temporary file in `spool_folder`. An id that the level does not hold gives a mesh without triangles.

    Every block of the level is looked at, unless `search_level` names a coarser one: then only those to which that
    level leads (`search`), which leaves out parts that it does not show and that hang together with none that it does.

    Raises UsageError for ids, levels and crops that cannot be, SourceError when voxels cannot be read.
    """
    info = source.info
    if info.kind != "labels":
        raise UsageError(f"{info.name} is an image; segments are those of labels (an image has isosurfaces)")
    if not 0 <= smooth <= MAX_ITERATIONS:
        raise UsageError(f"{smooth} iterations of smoothing cannot be; there are 0 to {MAX_ITERATIONS}")
    grid = level_of(info, level)
    check_time(info, time)
    wanted = None if ids is None else _wanted(ids, info)
    extent = crop_in(grid, crop)
    reader = _LabelReader(source, level, time, wanted)
    halo = smooth + REACH_MORE
    blocks = blocks_of(extent, halo, block_vox)
    if search_level is not None:
        if wanted is None or not level < search_level < len(info.levels):
            raise UsageError("segments are searched for by their ids, on a level that is coarser than the one meshed")
        coarse = _LabelReader(source, search_level, time, wanted)
        blocks = blocks_holding(blocks, grid, reader.look, level_of(info, search_level), coarse.look, progress)
    return _extracted(reader, grid, blocks, smooth, colors, overrides, spool_folder, progress)


def _wanted(ids: Sequence[int], info: SourceInfo) -> NDArray[np.uint64]:
    """In the order asked for, each once. Ids of signed data are named by their 64-bit pattern, as everywhere."""
    if not len(ids):
        raise UsageError("no segment is chosen; name some ids, or all")
    if any(not -(2**63) <= one < 2**64 for one in ids):
        raise UsageError("an id has 64 bits; it is below 18446744073709551616")
    if any(one == 0 for one in ids):
        raise UsageError("0 is the background and has no surface; choose other ids")
    if info.dtype.kind == "u" and any(one < 0 for one in ids):
        raise UsageError(f"an id below 0 cannot be in {info.name}, which holds {info.dtype.name}")
    return np.array(list(dict.fromkeys(int(one) & ID_MASK for one in ids)), np.uint64)


class _LabelReader:
    """Reads blocks of labels as dense numbers of the wanted ids, 0 for all else."""

    def __init__(self, source: Source, level: int, time: int, wanted: NDArray[np.uint64] | None) -> None:
        self.source, self.level, self.time, self.wanted = source, level, time, wanted

    def read(self, block: Block) -> tuple[Labels, NDArray[np.uint64]] | None:
        """(labels, ids by label), or None where the block has no surface of a wanted id."""
        if self.source.is_absent(self.level, 0, self.time, *block.core):
            return None
        if self.wanted is not None and not self._holds_wanted(self._ids(block.core)):
            return None
        # Dense within the block: ids need not fit a float or 32 bits, and there are no more of them than voxels.
        dense, by_id = fastremap.renumber(self._ids(block.read), preserve_zero=True)
        ids = np.zeros(max(by_id.values(), default=0) + 1, np.uint64)
        ids[list(by_id.values())] = np.array(list(by_id.keys()), np.uint64)
        if self.wanted is not None:
            kept = np.isin(ids, self.wanted)
            number = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
            dense, ids = number[dense], np.concatenate([np.zeros(1, np.uint64), ids[kept]])
        return np.asarray(block.padded(dense.astype(np.int32), 0), np.int32), ids

    def look(self, box: VoxelBox) -> NDArray[np.bool_]:
        """Where the wanted ids are in a box, (z, y, x)."""
        if self.source.is_absent(self.level, 0, self.time, *box):
            return np.zeros([hi - lo for lo, hi in zip(*box, strict=True)], np.bool_)
        assert self.wanted is not None
        ids = self._ids(box)
        if not self._holds_wanted(ids):
            return np.zeros(ids.shape, np.bool_)
        return np.isin(ids, self.wanted)

    def _ids(self, box: VoxelBox) -> NDArray[np.uint64]:
        voxels = self.source.read(self.level, 0, self.time, *box)
        return voxels.astype(np.uint64, copy=False)

    def _holds_wanted(self, ids: NDArray[np.uint64]) -> bool:
        assert self.wanted is not None
        if len(self.wanted) <= _FEW_IDS:
            return any(bool((ids == one).any()) for one in self.wanted)
        return bool(np.isin(fastremap.unique(ids), self.wanted).any())


def _extracted(
    reader: _LabelReader,
    grid: Level,
    blocks: list[Block],
    smooth: int,
    colors: ColorMode,
    overrides: Mapping[int, Rgba] | None,
    spool_folder: Path | None,
    progress: Progress | None,
) -> Iterator[SegmentMesh]:
    info = reader.source.info
    spool = Spool(spool_folder)
    joiner = Joiner(grid.shape, grid.world_from_vox, spool)
    what = f"meshing {info.name}"
    for done, (block, found) in enumerate(read_ahead(blocks, reader.read)):
        report(progress, what, done, len(blocks))
        if found is not None:
            _add_segments(joiner, block, *found, smooth)
    report(progress, what, len(blocks), len(blocks))
    keys = spool.keys if reader.wanted is None else reader.wanted.tolist()
    names = segment_names(info, keys)
    rgba = segment_colors(info, keys, colors, overrides)
    for key, name, color in zip(keys, names, rgba, strict=True):
        yield spool.mesh(key, key, name, color, min(grid.spacing_um))


def _add_segments(joiner: Joiner, block: Block, labels: Labels, ids: NDArray[np.uint64], smooth: int) -> None:
    quads = quads_of(labels, block.local(block.lo), block.local(block.hi))
    if not len(quads):
        return
    vertices = vertices_of(labels, quads)
    offsets = np.zeros((vertices.n_sheets, 3))
    if smooth:
        cells, moved = smoothed_offsets(labels, smooth)
        offsets = moved[np.searchsorted(cells, vertices.cell[: vertices.n_sheets])]
    joiner.add(block, labels, ids, quads, vertices, offsets)
