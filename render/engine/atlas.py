"""Brick atlases: one 3D texture a storage class, cut into slots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import StorageClass
from ..errors import GpuError
from ..gpu.context import Context
from ..gpu.texture import R8, R16, R32UI, Format, Texture3D

FORMATS: dict[StorageClass, Format] = {"r8": R8, "r16": R16, "labels": R32UI}
UNITS: dict[StorageClass, int] = {"r8": 0, "r16": 1, "labels": 2}

PAGE_ABSENT = 0
PAGE_RESIDENT = 1 << 30
PAGE_CONSTANT = 2 << 30


def slots_shape(capacity: int, slot: int, texture_limit_px: int) -> tuple[int, int, int]:
    """How many slots along z, y, x an atlas of at least `capacity` slots has: as near to a cube as possible.

    Raises GpuError when the device's textures are too small.
    """
    most = min(texture_limit_px // slot, 1023)
    side = max(1, round(capacity ** (1 / 3)))
    x = min(most, side)
    y = min(most, -(-capacity // x) if capacity <= x * x else side)
    z = -(-capacity // (x * y))
    while z > most and (x < most or y < most):
        x, y = min(most, x + 1), min(most, y + 1)
        z = -(-capacity // (x * y))
    if z > most:
        raise GpuError(f"{capacity} bricks of {slot} voxels do not fit one texture of {texture_limit_px}")
    return z, y, x


class Atlas:
    """Slots of `slot` texels a side in one texture; slots are handed out in order, and again once given back."""

    def __init__(self, context: Context, storage: StorageClass, capacity: int, slot: int) -> None:
        self.storage, self.slot = storage, slot
        self._staging = context.staging
        self.slots = slots_shape(max(1, capacity), slot, context.limits.texture_3d_px)
        z, y, x = self.slots
        self.texture = Texture3D((z * slot, y * slot, x * slot), FORMATS[storage])
        self._used = 0
        self._free: list[int] = []

    @property
    def used(self) -> int:
        """How many slots hold a brick."""
        return self._used - len(self._free)

    @property
    def n_free(self) -> int:
        return self.capacity - self.used

    @property
    def capacity(self) -> int:
        z, y, x = self.slots
        return z * y * x

    def add(self, texels: NDArray[np.generic]) -> int:
        """Put a brick (slot, slot, slot) into a free slot; the answer is its page entry."""
        if self.n_free == 0:
            raise GpuError(f"the {self.storage} atlas is full ({self.capacity} bricks)")
        _, ny, nx = self.slots
        if self._free:
            index = self._free.pop()
        else:
            index, self._used = self._used, self._used + 1
        x, y, z = index % nx, index // nx % ny, index // (nx * ny)
        lo = (z * self.slot, y * self.slot, x * self.slot)
        if self._staging is not None:
            self._staging.write(self.texture, lo, texels)
        else:
            self.texture.write(lo, texels)
        return PAGE_RESIDENT | x | y << 10 | z << 20

    def remove(self, entry: int) -> None:
        """The slot of a page entry that `add` gave is free again."""
        _, ny, nx = self.slots
        x, y, z = entry & 1023, entry >> 10 & 1023, entry >> 20 & 1023
        self._free.append((z * ny + y) * nx + x)

    def defines(self) -> dict[str, str | int]:
        """The preprocessor's view: that it is there, and texture coordinates per texel."""
        name = {"r8": "R8", "r16": "R16", "labels": "LABELS"}[self.storage]
        z, y, x = self.texture.shape
        return {f"HAS_{name}": 1, f"ATLAS_{name}_SCALE": f"vec3({1 / x!r}, {1 / y!r}, {1 / z!r})"}

    def bind(self) -> None:
        self.texture.bind(UNITS[self.storage])

    def close(self) -> None:
        self.texture.close()
