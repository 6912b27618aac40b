"""Sums of samples: colour with coverage, moments, and the guides of denoisers (shaders/lib/film.glsl)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.texture import R32F, RGBA32F, Texture2D

TILE = 16
GROUP = 8


class Accumulator:
    """Room for width x height pixels, of which a window from the first pixel on is in use.

    The window is sampled tile by tile, TILE pixels a side. `samples` counts complete samples of the tiles that are
    still sampled; `at` says how many of those tiles the next one has already got. `local_light`: paths also sum what
    their first collisions would send without shadows.
    """

    def __init__(self, width: int, height: int, local_light: bool = False) -> None:
        self.color, self.moments, self.albedo, self.normal = (Texture2D(width, height, RGBA32F) for _ in range(4))
        self.local = Texture2D(width, height, RGBA32F) if local_light else None
        self.nearest = Texture2D(-(-width // GROUP), -(-height // GROUP), R32F)
        columns, rows = -(-width // TILE), -(-height // TILE)
        self._tiles = Buffer(4 * columns * rows)
        self.begin((width, height))

    def begin(self, window: tuple[int, int]) -> None:
        """Start anew for a window (width, height); sample 0 overwrites what is there."""
        self.window = window
        self.samples = self.at = 0
        columns, rows = self.grid
        y, x = np.divmod(np.arange(columns * rows, dtype=np.uint32), np.uint32(columns))
        self._set_tiles(x | y << 16)

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles along x and y."""
        return -(-self.window[0] // TILE), -(-self.window[1] // TILE)

    @property
    def n_tiles(self) -> int:
        """Of those that are still sampled."""
        return len(self.tiles)

    @property
    def active_share(self) -> float:
        """Which part of the window is still sampled."""
        columns, rows = self.grid
        return self.n_tiles / (columns * rows)

    def _set_tiles(self, tiles: NDArray[np.uint32]) -> None:
        self.tiles = tiles
        self._tiles.write(tiles)

    def keep(self, wanted: NDArray[np.bool_]) -> None:
        """Go on with the tiles for which `wanted` (rows, columns) is true."""
        columns = self.grid[0]
        index = (self.tiles >> 16) * columns + (self.tiles & 0xFFFF)
        self._set_tiles(self.tiles[wanted.reshape(-1)[index]])

    @property
    def whole(self) -> bool:
        """At least one sample, and none half done."""
        return self.samples > 0 and self.at == 0

    def advance(self, tiles: int, samples: int) -> bool:
        """`tiles` more tiles have got `samples` samples; True when the window is complete."""
        self.at += tiles
        if self.at < self.n_tiles:
            return False
        self.at = 0
        self.samples += samples
        return True

    def bind(self) -> None:
        for unit, image in enumerate((self.color, self.moments, self.albedo, self.normal, self.nearest)):
            image.bind_image(unit)
        if self.local is not None:
            self.local.bind_image(5)
        self._tiles.bind(15)

    def read_mean(self) -> NDArray[np.float32]:
        """Mean radiance (premultiplied) and coverage, linear, (height, width, 4) float32."""
        return self._read(self.color) / self._counts()

    def read_local(self) -> NDArray[np.float32]:
        """Mean radiance of the first collisions without shadows, (height, width, 3) float32, premultiplied; needs
        `local_light` and a mode that follows paths.
        """
        assert self.local is not None, "the accumulator has no room for it"
        return self._read(self.local)[..., :3] / self._counts()

    def read_guides(self) -> dict[str, NDArray[np.float32]]:
        """What the first collisions were like: "albedo" (height, width, 3), "normal" (height, width, 3; means, shorter
        than 1 where they vary, 0 where nothing was a surface), "depth" (height, width; unit space, inf where nothing
        was hit), "samples" (height, width), and "luminance2" (height, width), the means of their squared luminances.
        """
        color, moments, albedo, normal = map(self._read, (self.color, self.moments, self.albedo, self.normal))
        nothing = color[..., 3:] == 0
        # In modes without chance the coverage of a sample may be small: hits are not whole numbers.
        hits: NDArray[np.float32] = np.where(nothing, np.float32(1.0), color[..., 3:])
        counts: NDArray[np.float32] = np.maximum(moments[..., 2], np.float32(1.0))
        return {
            "albedo": albedo[..., :3] / hits,
            "normal": normal[..., :3] / hits,
            "samples": moments[..., 2],
            "luminance2": moments[..., 1] / counts,
            "depth": np.where(nothing[..., 0], np.float32(np.inf), moments[..., 0] / hits[..., 0]),
        }

    def read_labels(self) -> NDArray[np.uint32]:
        """What the first sample met, (height, width): 4 bits segmentation, 28 bits dense id; 0 where no label was."""
        low, high = self._read(self.moments)[..., 3], self._read(self.albedo)[..., 3]
        packed: NDArray[np.uint32] = low.astype(np.uint32) | high.astype(np.uint32) << np.uint32(16)
        return packed

    def _read(self, image: Texture2D) -> NDArray[np.float32]:
        width, height = self.window
        return image.read()[:height, :width].astype(np.float32, copy=False)

    def _counts(self) -> NDArray[np.float32]:
        return np.maximum(self._read(self.moments)[..., 2:3], np.float32(1.0))

    def close(self) -> None:
        for part in self._parts():
            part.close()

    def _parts(self) -> Iterable[Texture2D | Buffer]:
        always = self.color, self.moments, self.albedo, self.normal, self.nearest, self._tiles
        return always if self.local is None else (*always, self.local)
