"""Sums of samples: colour with coverage, and the depth of what was hit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..gpu.texture import R32F, RGBA32F, Texture2D


class Accumulator:
    """Room for width x height pixels, of which a window from the first pixel on is in use.

    `samples` counts complete samples of the window; `row` says how far the next one has come.
    """

    def __init__(self, width: int, height: int) -> None:
        self.color = Texture2D(width, height, RGBA32F)
        self.depth = Texture2D(width, height, R32F)
        self.begin((width, height))

    def begin(self, window: tuple[int, int]) -> None:
        """Start anew for a window (width, height); sample 0 overwrites what is there."""
        self.window = window
        self.samples = self.row = 0

    @property
    def whole(self) -> bool:
        """At least one sample, and none half done."""
        return self.samples > 0 and self.row == 0

    def advance(self, rows: int, samples: int) -> bool:
        """`rows` more rows have got `samples` samples; True when the window is complete."""
        self.row += rows
        if self.row < self.window[1]:
            return False
        self.row = 0
        self.samples += samples
        return True

    def bind(self) -> None:
        self.color.bind_image(0)
        self.depth.bind_image(1)

    def read_mean(self) -> NDArray[np.float32]:
        """Mean radiance (premultiplied) and coverage, linear, (height, width, 4) float32."""
        width, height = self.window
        total = self.color.read()[:height, :width].astype(np.float32, copy=False)
        return total / np.float32(max(1, self.samples))

    def close(self) -> None:
        self.color.close()
        self.depth.close()
