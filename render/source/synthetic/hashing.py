"""Numbers that look random but depend on nothing other than a seed and where they are asked for.

All of it is integer arithmetic and exact, so a value is the same in every process, in every box that holds it and with
every version of numpy (whose own generators promise no stable streams).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser (Steele, Lea and Flood 2014) over an array of uint64."""
    mixed: NDArray[np.uint64] = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def seed_of(*parts: int) -> int:
    """One 64-bit seed from several integers, order matters."""
    state = np.zeros(1, np.uint64)
    for part in parts:
        state = mix64(state ^ np.array([part % (1 << 64)], np.uint64))
    return int(state[0])


def axis_hash(seed: int, axis: int, coordinate: NDArray[np.int64]) -> NDArray[np.uint32]:
    """One axis's share of the hash of integer points; the hash of a point is `mix32` of the xor of its three shares."""
    key = np.array([seed_of(seed, axis)], np.uint64)
    return (mix64(coordinate.astype(np.uint64) ^ key) >> np.uint64(32)).astype(np.uint32)


def mix32(hashed: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """lowbias32 (C. Wellons), in place: without it the xor of three axes would show as planes."""
    hashed ^= hashed >> np.uint32(16)
    hashed *= np.uint32(0x7FEB352D)
    hashed ^= hashed >> np.uint32(15)
    hashed *= np.uint32(0x846CA68B)
    hashed ^= hashed >> np.uint32(16)
    return hashed


def lattice(seed: int, z: NDArray[np.int64], y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.uint32]:
    """A hash for every point of the grid z x y x x (1D integer coordinates, any sign), (z, y, x) uint32."""
    in_z, in_y, in_x = (axis_hash(seed, axis, coordinate) for axis, coordinate in enumerate((z, y, x)))
    return mix32(in_z[:, None, None] ^ in_y[None, :, None] ^ in_x[None, None, :])


class Draws:
    """A stream of draws for placing things, repeatable for a seed."""

    def __init__(self, *seed: int) -> None:
        self._seed = np.uint64(seed_of(*seed))
        self._count = 0

    def uniform(self, *shape: int, lo: float = 0.0, hi: float = 1.0) -> NDArray[np.float64]:
        """float64 in [lo, hi)."""
        n = int(np.prod(shape))
        counter = np.arange(self._count, self._count + n, dtype=np.uint64)
        self._count += n
        unit = (mix64(mix64(counter) ^ self._seed) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return (lo + (hi - lo) * unit).reshape(shape)

    def directions(self, n: int) -> NDArray[np.float64]:
        """(n, 3) unit vectors, uniform on the sphere."""
        height = self.uniform(n, lo=-1.0, hi=1.0)
        turn = self.uniform(n, lo=0.0, hi=2.0 * np.pi)
        flat = np.sqrt(1.0 - height * height)
        return np.stack([height, flat * np.sin(turn), flat * np.cos(turn)], axis=1)
