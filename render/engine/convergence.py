"""Adaptive sampling: tiles whose noise is below a threshold are not sampled any further."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from .accumulator import Accumulator
from .layout import declarations

CHECK_EVERY = 32
"""Samples between two looks: fewer would stop tiles by chance; and being fixed they make the same picture each time."""


class Convergence:
    """Asks the device how noisy the tiles are, and takes the quiet ones out of an accumulator's list."""

    def __init__(self) -> None:
        self._program = Program(ShaderSource("converge.comp", generated={"generated/layout.glsl": declarations()}))

    def errors(self, accumulator: Accumulator) -> NDArray[np.float32]:
        """The relative standard error of each tile that is still sampled, in the order of `accumulator.tiles`."""
        count = accumulator.n_tiles
        out = Buffer(4 * count)
        try:
            accumulator.bind()
            out.bind(8)
            self._program.set(window=accumulator.window, first_tile=0)
            self._program.dispatch(count)
            return out.read(np.float32, count).astype(np.float32, copy=False)
        finally:
            out.close()

    def drop(self, accumulator: Accumulator, threshold: float) -> None:
        """Take out tiles that are quiet, and whose neighbours are too: a tile that is quiet by chance has loud ones."""
        columns, rows = accumulator.grid
        error = np.zeros((rows + 2, columns + 2), np.float32)
        error[(accumulator.tiles >> 16) + 1, (accumulator.tiles & 0xFFFF) + 1] = self.errors(accumulator)
        around = [error[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
        accumulator.keep(np.maximum.reduce(around) > threshold)

    def close(self) -> None:
        self._program.close()
