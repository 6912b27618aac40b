"""How much of the light of a rectangle reaches a point in front of its middle, by summing over it."""

from __future__ import annotations

import math

import numpy as np


def seen_of_a_rectangle(width: float, height: float, distance: float, n: int = 400) -> float:
    """Irradiance over (pi radiance) at a surface that faces the rectangle: the mean of cos^2 / d^2 times area / pi."""
    x = (np.arange(n) + 0.5) / n - 0.5
    square = (x[:, None] * width) ** 2 + (x[None, :] * height) ** 2 + distance**2
    return float((distance**2 / square**2).mean()) * width * height / math.pi
