"""The mean luminance of a picture with its standard error, from the samples themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.engine.renderer import Renderer

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Estimate:
    """Of the mean luminance over a picture; `error` is its standard error if samples are independent."""

    mean: float
    error: float

    def sigmas(self, expected: float) -> float:
        return abs(self.mean - expected) / self.error


def estimate(renderer: Renderer, samples: int) -> Estimate:
    """Draw a still. With low-discrepancy points the error is smaller than what this says."""
    renderer.render_still(samples)
    mean = renderer.read_mean()[..., :3].astype(np.float64) @ LUMINANCE
    accumulator = renderer._view.accumulator
    squares = accumulator._read(accumulator.moments)[..., 1].astype(np.float64) / samples
    variance = np.maximum(squares - mean**2, 0.0) / (samples - 1)
    return Estimate(float(mean.mean()), float(np.sqrt(variance.sum()) / mean.size))
