"""Blue-noise masks: they shift the sampler's points from pixel to pixel, so that the error of a picture has no spots.

    python -m render.engine.blue_noise     makes shaders/lib/blue_noise.npy anew

A mask of side n holds each of the ranks 0 .. n^2 - 1 once, and for every threshold the pixels below it are spread as
evenly as can be, on the torus. The file has four that know nothing of each other: one a dimension of a group of four.
Source: Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE 1913, 1993.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
from ..gpu.texture import RG32UI, Texture2D
from ..resources import shader_dir

SIDE = 128
FILE = "lib/blue_noise.npy"
TEXTURE_UNIT = 7
# The filter's width in pixels, as in the paper, and the share of pixels that the first pattern sets.
_SIGMA = 1.5
_FIRST_SHARE = 0.1


def void_and_cluster(side: int, seed: int) -> NDArray[np.int64]:
    """A mask of ranks, (side, side): each of 0 .. side^2 - 1 once. Takes about side^4 additions."""
    random = np.random.default_rng(seed)
    count = side * side
    distance = np.minimum(np.arange(side), side - np.arange(side)).astype(np.float64)
    bump = np.exp(-(distance[:, None] ** 2 + distance[None, :] ** 2) / (2.0 * _SIGMA**2))
    # Doubled, so that the bump around any pixel is a plain slice.
    doubled = np.tile(bump, (2, 2))

    def around(pixel: int) -> NDArray[np.float64]:
        y, x = divmod(pixel, side)
        return doubled[side - y : 2 * side - y, side - x : 2 * side - x].ravel()

    first = max(1, int(count * _FIRST_SHARE))
    is_set = np.zeros(count, bool)
    is_set[random.permutation(count)[:first]] = True
    energy = np.zeros(count)
    for pixel in np.flatnonzero(is_set):
        energy += around(int(pixel))
    # Move the pixel in the tightest cluster to the largest void until it would go back to where it was.
    while True:
        cluster = int(np.argmax(np.where(is_set, energy, -np.inf)))
        is_set[cluster] = False
        energy -= around(cluster)
        void = int(np.argmin(np.where(is_set, np.inf, energy)))
        is_set[void] = True
        energy += around(void)
        if void == cluster:
            break
    ranks = np.zeros(count, np.int64)
    # Phase 1: the first pattern's own ranks, from the tightest cluster down.
    left, remaining = is_set.copy(), energy.copy()
    for rank in range(first - 1, -1, -1):
        cluster = int(np.argmax(np.where(left, remaining, -np.inf)))
        left[cluster] = False
        remaining -= around(cluster)
        ranks[cluster] = rank
    # Phases 2 and 3: fill the largest void. Where more than half is set, the tightest cluster of unset pixels is where
    # the set ones' energy is smallest, because both energies add up to a constant: the same rule.
    energy[is_set] = np.inf
    for rank in range(first, count):
        void = int(np.argmin(energy))
        energy += around(void)
        energy[void] = np.inf
        ranks[void] = rank
    return ranks.reshape(side, side)


@cache
def load() -> NDArray[np.uint16]:
    """The masks that are shipped, (SIDE, SIDE, 4) uint16: rank times 65536 / SIDE^2.

    Raises GpuError when the file is absent or another.
    """
    path = shader_dir() / FILE
    try:
        masks: NDArray[np.uint16] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise GpuError(f"the mask file '{FILE}' beside the shaders cannot be read: {error}") from None
    if masks.shape != (SIDE, SIDE, 4) or masks.dtype != np.uint16:
        raise GpuError(
            f"the mask file '{FILE}' holds {masks.dtype} {masks.shape}; it should hold uint16 {SIDE, SIDE, 4}"
        )
    return masks


def packed(masks: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Two values of 16 bits a word, (SIDE, SIDE, 2): x | y << 16, z | w << 16."""
    wide = masks.astype(np.uint32)
    return np.stack([wide[..., 0] | wide[..., 1] << 16, wide[..., 2] | wide[..., 3] << 16], axis=2)


class BlueNoise:
    """The masks on the device, for shaders/lib/sampler.glsl."""

    def __init__(self) -> None:
        self._texture = Texture2D(SIDE, SIDE, RG32UI)
        self._texture.write(packed(load()))

    def bind(self) -> None:
        self._texture.bind(TEXTURE_UNIT)

    def close(self) -> None:
        self._texture.close()


def main() -> None:
    masks = np.stack([void_and_cluster(SIDE, seed) for seed in range(4)], axis=2)
    np.save(shader_dir() / FILE, (masks * (65536 // SIDE**2)).astype(np.uint16))


if __name__ == "__main__":
    main()
