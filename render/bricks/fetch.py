"""Bricks out of sources, one or a few neighbours at a time: what the threads of a reader do."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import fastremap
import numpy as np
from numpy.typing import NDArray

from ..errors import HostaError, SourceError
from ..source.base import Shape3, Source
from ..source.decode import reason
from .array_pool import ArrayPool
from .delivery import LoadedBrick
from .encoding import Encode
from .grid import BrickGrid
from .keys import Wanted
from .summaries import Summaries, Summary

logger = logging.getLogger(__name__)

_GROUP_BYTES = 4 << 20
"""Neighbours are read in one box of at most so many bytes: larger ones fall out of the processor's caches."""
_POOL_BYTES = 32 << 20
"""Of slots that are kept for use again."""


class Load(NamedTuple):
    """What became of one brick. `kind`: "again", or the count of `ReaderStatistics` that it adds to."""

    wanted: Wanted
    outcome: LoadedBrick | SourceError
    kind: str
    read_bytes: int = 0
    read_s: float = 0.0
    encode_s: float = 0.0


class BrickFetch:
    """Reads and encodes bricks of several sources. Thread-safe; it blocks as long as the source does."""

    def __init__(
        self,
        sources: Sequence[Source],
        payload: int,
        apron: int,
        encode: Encode,
        summaries: Summaries[Wanted],
        grids: Sequence[Sequence[BrickGrid]] | None = None,
        foretold: Callable[[Wanted], Summary | None] | None = None,
    ) -> None:
        """`foretold`: what is known of bricks that were never read."""
        self._sources = list(sources)
        self._foretold = foretold
        if grids is None:
            grids = [[BrickGrid(level.shape, payload, apron) for level in s.info.levels] for s in self._sources]
        self.grids = [list(one) for one in grids]
        self._encode = encode
        self._summaries = summaries
        self._slots = ArrayPool(_POOL_BYTES)
        self._zeros: dict[tuple[int, int], int] = {}
        slot_vox = (payload + 2 * apron) ** 3
        self.voxel_bytes = [slot_vox * s.info.dtype.itemsize for s in self._sources]
        """Of a brick of each layer as it is read."""
        self.texel_bytes = [slot_vox * _texel_bytes(s) for s in self._sources]
        self.group_shapes = [_group_shape(n_bytes) for n_bytes in self.voxel_bytes]
        """How many neighbours (z, y, x) of each layer are worth reading at once."""

    def load(self, group: Sequence[Wanted]) -> list[Load]:
        """Bricks of one channel, level and time that lie together in a box; each once, in any order.

        Whatever goes wrong with a brick by itself is its outcome. Of several that could not be read together each has
        to be read by itself ("again"): which of them it is shows then. Absent ones, and such as are known to have one
        value, are not read.
        """
        loads: list[Load] = []
        left: list[Wanted] = []
        for wanted in group:
            summary = self.known(wanted)
            if summary is not None and summary.lo == summary.hi:
                loads.append(Load(wanted, LoadedBrick(wanted, None, summary.lo, *summary), "recalled"))
            else:
                left.append(wanted)
        if not left:
            return loads
        try:
            return loads + self._load(left)
        except Exception as error:
            failure = self._told(left[0], error)
        kind = "failed" if len(left) == 1 else "again"
        return loads + [Load(wanted, failure, kind) for wanted in left]

    def known(self, wanted: Wanted) -> Summary | None:
        """Range and ids of a brick that was read before or of which an index tells; None where they are not known."""
        summary = self._summaries.get(wanted)
        if summary is None and self._foretold is not None:
            summary = self._foretold(wanted)
            if summary is not None:
                self._summaries.put(wanted, summary)
        return summary

    def _load(self, group: Sequence[Wanted]) -> list[Load]:
        (layer, at, level, _), channel = group[0]
        grid = self.grids[layer][level]
        boxes = [grid.padded_box(one.key.brick) for one in group]
        lo, hi = boxes[0]
        for a, b in boxes[1:]:
            lo = min(lo[0], a[0]), min(lo[1], a[1]), min(lo[2], a[2])
            hi = max(hi[0], b[0]), max(hi[1], b[1]), max(hi[2], b[2])
        if self._sources[layer].is_absent(level, channel, at, lo, hi):
            zero = self._zero(layer, channel)
            return [Load(one, self._constant(one, zero), "absent") for one in group]
        began = time.perf_counter()
        voxels = self._sources[layer].read(level, channel, at, lo, hi)
        read_s = (time.perf_counter() - began) / len(group)
        loads = []
        for wanted, (a, b) in zip(group, boxes, strict=True):
            part = voxels
            if len(group) > 1:
                z, y, x = (slice(first - o, last - o) for first, last, o in zip(a, b, lo, strict=True))
                part = voxels[z, y, x]
            began = time.perf_counter()
            kind, loaded = self._encoded(wanted, grid, part)
            loads.append(Load(wanted, loaded, kind, part.nbytes, read_s, time.perf_counter() - began))
        return loads

    def _encoded(self, wanted: Wanted, grid: BrickGrid, voxels: NDArray[np.generic]) -> tuple[str, LoadedBrick]:
        layer = wanted.key.layer
        encoded = self._encode(layer, wanted.channel, voxels)
        texels, ids = encoded if isinstance(encoded, tuple) else (encoded, None)
        if ids is None and self._sources[layer].info.kind == "labels":
            ids = np.sort(fastremap.unique(texels)).astype(np.uint32)
        if texels.shape == (grid.slot,) * 3 and texels.flags.c_contiguous:
            slot = texels
        else:
            slot = self._slots.empty((grid.slot,) * 3, texels.dtype)
            grid.fill(slot, wanted.key.brick, texels)
        # Padding adds no values: what holds for the box holds for the slot.
        least, most = (int(ids[0]), int(ids[-1])) if ids is not None else (int(slot.min()), int(slot.max()))
        if least == most:
            return "constant", self._constant(wanted, least)
        self._summaries.put(wanted, Summary(least, most, ids))
        return "read", LoadedBrick(wanted, slot, 0, least, most, ids)

    def _constant(self, wanted: Wanted, texel: int) -> LoadedBrick:
        is_labels = self._sources[wanted.key.layer].info.kind == "labels"
        summary = Summary(texel, texel, np.array([texel], np.uint32) if is_labels else None)
        self._summaries.put(wanted, summary)
        return LoadedBrick(wanted, None, texel, *summary)

    def _zero(self, layer: int, channel: int) -> int:
        """The texel of a voxel of 0."""
        found = self._zeros.get((layer, channel))
        if found is None:
            encoded = self._encode(layer, channel, np.zeros(1, self._sources[layer].info.dtype))
            found = int((encoded[0] if isinstance(encoded, tuple) else encoded)[0])
            self._zeros[layer, channel] = found
        return found

    def _told(self, wanted: Wanted, error: Exception) -> SourceError:
        if isinstance(error, SourceError):
            return error
        if isinstance(error, HostaError):
            return SourceError(error.sentence)
        name = self._sources[wanted.key.layer].info.name
        logger.error("reading %s of '%s'", wanted, name, exc_info=error)
        return SourceError(f"a brick of '{name}' cannot be read: {reason(error)}")


def box_count(bricks: Sequence[Shape3]) -> int:
    """How many bricks the box around some has."""
    count = 1
    for along in zip(*bricks, strict=True):
        count *= max(along) - min(along) + 1
    return count


def _group_shape(voxel_bytes: int) -> Shape3:
    """Along z: then a brick is one piece of what was read, and need not be copied."""
    return min(4, max(1, _GROUP_BYTES // voxel_bytes)), 1, 1


def _texel_bytes(source: Source) -> int:
    if source.info.kind == "labels":
        return 4
    return 1 if source.info.dtype.itemsize == 1 else 2
