"""How a grid of voxels is cut into bricks of `payload` voxels a side with an apron around.

The apron repeats voxels of the neighbours (or the edge voxels at the border of the volume): with one, hardware
trilinear filtering anywhere inside the payload never reads another brick's slot; with two, neither do central
differences of a voxel's width around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..source.base import Shape3, Source

APRON = 1


@dataclass(frozen=True)
class BrickGrid:
    """The bricks of one level. All triples are (z, y, x)."""

    shape: Shape3
    payload: int
    apron: int = APRON
    cover: Shape3 | None = None
    """How many bricks there are along z, y, x where that is not what the shape needs: those beyond repeat its edge."""

    @property
    def counts(self) -> Shape3:
        """How many bricks there are along z, y, x."""
        if self.cover is not None:
            return self.cover
        z, y, x = (-(-n // self.payload) for n in self.shape)
        return z, y, x

    @property
    def n_bricks(self) -> int:
        z, y, x = self.counts
        return z * y * x

    @property
    def slot(self) -> int:
        """Voxels a side of a brick with its apron."""
        return self.payload + 2 * self.apron

    def index(self, brick: Shape3) -> int:
        """The brick's place in the page table: x runs fastest."""
        _, ny, nx = self.counts
        return (brick[0] * ny + brick[1]) * nx + brick[2]

    def __iter__(self) -> Iterator[Shape3]:
        """All bricks, in blocks of 2x2x2 so that neighbours, which share chunks, come near each other."""
        nz, ny, nx = self.counts
        for z0 in range(0, nz, 2):
            for y0 in range(0, ny, 2):
                for x0 in range(0, nx, 2):
                    for z in range(z0, min(z0 + 2, nz)):
                        for y in range(y0, min(y0 + 2, ny)):
                            for x in range(x0, min(x0 + 2, nx)):
                                yield z, y, x

    def padded_box(self, brick: Shape3) -> tuple[Shape3, Shape3]:
        """The voxels [lo, hi) that the brick and its apron need, clipped to the volume."""
        lo = [min(max(b * self.payload - self.apron, 0), n - 1) for b, n in zip(brick, self.shape, strict=True)]
        hi = [min((b + 1) * self.payload + self.apron, n) for b, n in zip(brick, self.shape, strict=True)]
        return (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2])

    def pad(self, brick: Shape3, voxels: NDArray[np.generic]) -> NDArray[np.generic]:
        """`voxels` of padded_box(brick) as a full slot: edge voxels repeated beyond the volume."""
        if voxels.shape == (self.slot,) * 3:
            return voxels
        slot = np.empty((self.slot,) * 3, voxels.dtype)
        self.fill(slot, brick, voxels)
        return slot

    def fill(self, slot: NDArray[np.generic], brick: Shape3, voxels: NDArray[np.generic]) -> None:
        """Write `voxels` of padded_box(brick) into a slot (slot, slot, slot), padded as `pad` does it."""
        lo, _ = self.padded_box(brick)
        # A brick beyond the edge begins with what is left of it.
        before = [max(a - (index * self.payload - self.apron), 0) for a, index in zip(lo, brick, strict=True)]
        after = [a + n for a, n in zip(before, voxels.shape, strict=True)]
        slot[before[0] : after[0], before[1] : after[1], before[2] : after[2]] = voxels
        # One axis after the other: each repeats the edge of what the ones before have filled.
        z, y = slice(before[0], after[0]), slice(before[1], after[1])
        slot[z, y, : before[2]] = slot[z, y, before[2] : before[2] + 1]
        slot[z, y, after[2] :] = slot[z, y, after[2] - 1 : after[2]]
        slot[z, : before[1]] = slot[z, before[1] : before[1] + 1]
        slot[z, after[1] :] = slot[z, after[1] - 1 : after[1]]
        slot[: before[0]] = slot[before[0]]
        slot[after[0] :] = slot[after[0] - 1]

    def read(self, source: Source, level: int, channel: int, time: int, brick: Shape3) -> NDArray[np.generic]:
        """A brick with its apron, (slot, slot, slot), in the source's dtype. Raises SourceError."""
        lo, hi = self.padded_box(brick)
        return self.pad(brick, source.read(level, channel, time, lo, hi))
