"""Round numbers along an axis: 1, 2, 5, 10, 20, ..."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MINUS = "\N{MINUS SIGN}"


def round_up(value: float) -> float:
    """The smallest of 1, 2, 5, 10, ... (any power of ten) that is not less than a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    for factor in (1.0, 2.0, 5.0, 10.0):
        # What differs by no more than rounding counts as equal.
        if factor * power >= value * (1 - 1e-9):
            return _exact(factor * power)
    return _exact(10.0 * power)


def round_down(value: float) -> float:
    """The largest of 1, 2, 5, 10, ... that is not more than a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    for factor in (10.0, 5.0, 2.0):
        if factor * power <= value * (1 + 1e-9):
            return _exact(factor * power)
    return _exact(power)


def _exact(value: float) -> float:
    """Without the rounding of a power of ten: 0.30000000000000004 is 0.3."""
    return float(f"{value:.6g}")


def parts(step: float) -> int:
    """Into how many parts a step of 1, 2, 5, ... is divided by minor ticks."""
    return 4 if f"{step:.0e}".startswith("2") else 5


def multiples(lo: float, hi: float, step: float) -> NDArray[np.float64]:
    """The multiples of `step` from lo to hi, as far as they are not beyond by more than rounding."""
    first, last = math.ceil(lo / step - 1e-6), math.floor(hi / step + 1e-6)
    return np.arange(first, last + 1).astype(np.float64) * np.float64(step)


def number(value: float, step: float) -> str:
    """A multiple of `step` with as many decimals as the step has, or of ten and more as 1e-12; a true minus sign."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{abs(value):.{decimals}f}" if decimals < 10 else f"{abs(value):.6g}"
    return MINUS + text if value < 0 and float(text) != 0 else text
