"""Transfer functions as tables, and the maxima that majorants are made of."""

from __future__ import annotations

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.bricks.encoding import Encoding, encoding_for
from render.engine.transfer import LEVELS, LUT_SIZE, color_table, max_table, srgb_to_linear, window_map
from render.errors import StateError
from render.state.layer import Channel


def test_no_curve_is_a_ramp_in_one_colour() -> None:
    table = color_table(Channel(color=(1.0, 0.5, 0.0)))
    assert table.shape == (LUT_SIZE, 4)
    assert np.allclose(table[:, 3], np.linspace(0, 1, LUT_SIZE))
    # IEC 61966-2-1: 0.5 -> 0.2140.
    assert np.allclose(table[:, :3], [1.0, 0.21404, 0.0], atol=1e-5)


def test_curve_is_straight_between_its_nodes_and_flat_beyond_them() -> None:
    table = color_table(Channel(curve=((0.25, 0.2), (0.5, 1.0), (0.5, 0.0), (0.75, 0.6))))
    x = np.linspace(0, 1, LUT_SIZE)
    assert np.allclose(table[x <= 0.25, 3], 0.2)
    rise = (x > 0.25) & (x < 0.5)
    assert np.allclose(table[rise, 3], 0.2 + (x[rise] - 0.25) / 0.25 * 0.8, atol=1e-6)
    fall = (x > 0.5) & (x < 0.75)
    assert np.allclose(table[fall, 3], (x[fall] - 0.5) / 0.25 * 0.6, atol=1e-6)
    assert np.allclose(table[x >= 0.75, 3], 0.6)


def test_colour_map_is_taken_in_linear_light() -> None:
    table = color_table(Channel(color_map="magma"))
    for place in (0, 511, 1023):
        srgb = np.array(cmap.Colormap("magma")(place / 1023).rgba)[:3]
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        assert table[place, :3] == pytest.approx(linear, abs=1e-6)


def test_unknown_colour_map_is_refused_in_a_sentence() -> None:
    with pytest.raises(StateError, match=r"^there is no colour map 'virids'; .*e\.g\. viridis$"):
        color_table(Channel(color_map="virids"))


def test_srgb_of_known_values() -> None:
    srgb = np.array([0.0, 10.0 / 255, 0.04045, 0.5, 1.0])
    assert srgb_to_linear(srgb) == pytest.approx([0.0, 0.0030353, 0.0031308, 0.2140411, 1.0], abs=1e-6)


@given(st.integers(0, LUT_SIZE - 1), st.integers(0, LUT_SIZE - 1), st.integers(0, 2**32 - 1))
def test_any_range_has_its_maximum_in_two_entries(a: int, b: int, seed: int) -> None:
    """The look-up of majorants.comp: two overlapping powers of two cover a range."""
    a, b = min(a, b), max(a, b)
    opacity = np.random.default_rng(seed).random(LUT_SIZE).astype(np.float32)
    table = max_table(opacity)
    assert table.shape == (LEVELS, LUT_SIZE)
    level = (b - a + 1).bit_length() - 1
    assert max(table[level, a], table[level, b - (1 << level) + 1]) == opacity[a : b + 1].max()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_window_map_puts_the_window_at_zero_and_one(dtype: str) -> None:
    encoding = encoding_for(np.dtype(dtype), -3.0, 9.0)
    scale, bias = window_map(encoding, (2.0, 5.0))
    fraction = (np.array([2.0, 3.5, 5.0]) - encoding.lo) / (encoding.hi - encoding.lo)
    assert fraction * scale + bias == pytest.approx([0.0, 0.5, 1.0])


def test_window_map_of_a_window_outside_of_the_data() -> None:
    scale, bias = window_map(Encoding("r16", 0.0, 10.0), (20.0, 30.0))
    assert 1.0 * scale + bias == pytest.approx(-1.0)
