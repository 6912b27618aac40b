"""Round numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.engine.ticks import MINUS, multiples, number, parts, round_down, round_up

positive = st.floats(1e-9, 1e12)


def mantissa(value: float) -> float:
    return round(value / 10 ** math.floor(math.log10(value) + 1e-9), 6)


@given(positive)
def test_round_numbers_are_the_nearest_of_1_2_5(value: float) -> None:
    up, down = round_up(value), round_down(value)
    assert {mantissa(up), mantissa(down)} <= {1.0, 2.0, 5.0}
    assert down * (1 - 1e-8) <= value <= up * (1 + 1e-8)
    assert up / value < 2.5 * (1 + 1e-8)
    assert value / down < 2.5 * (1 + 1e-8)


@pytest.mark.parametrize(
    ("value", "up", "down"), [(1, 1, 1), (1.1, 2, 1), (0.3, 0.5, 0.2), (7, 10, 5), (2e-5, 2e-5, 2e-5)]
)
def test_examples(value: float, up: float, down: float) -> None:
    assert round_up(value) == up
    assert round_down(value) == down


@given(st.floats(-1e4, 1e4), st.floats(0.1, 1e4), st.sampled_from([0.1, 0.2, 0.5, 1.0, 20.0, 500.0]))
def test_multiples_are_all_those_between(lo: float, length: float, step: float) -> None:
    values = multiples(lo, lo + length, step)
    expected = [k * step for k in range(math.floor(lo / step) - 1, math.ceil((lo + length) / step) + 2)]
    expected = [v for v in expected if lo - 1e-6 * step <= v <= lo + length + 1e-6 * step]
    np.testing.assert_allclose(values, expected, atol=1e-6 * step)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.30000000000000004, 0.1, "0.3"), (-20, 20, MINUS + "20"), (-0.0, 0.5, "0.0"), (1500, 500, "1500"),
        (0.05, 0.05, "0.05"), (-0.25, 0.05, MINUS + "0.25"), (3, 1, "3"), (-1e-18, 0.1, "0.0"),
    ],
)  # fmt: skip
def test_numbers(value: float, step: float, text: str) -> None:
    assert number(value, step) == text


def test_minor_ticks_are_round_too() -> None:
    for step in (1.0, 2.0, 5.0, 0.1, 0.2, 50.0, 2000.0):
        assert mantissa(step / parts(step)) in {1.0, 2.0, 5.0}
