"""Transfer functions as tables, and the maxima that majorants are made of."""

from __future__ import annotations

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.bricks.encoding import Encoding, encoding_for
from render.engine.transfer import (
    GRADIENT_LUT_SIZE,
    LEVELS,
    LUT_SIZE,
    SCALE_MAX,
    color_table,
    gradient_table,
    linear_from_oklab,
    max_table,
    oklab_from_linear,
    srgb_to_linear,
    window_map,
)
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


def linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def test_colour_map_is_taken_in_linear_light_times_the_colour() -> None:
    stops = np.asarray(cmap.Colormap("magma").color_stops.color_array)[:, :3]
    table = color_table(Channel(color_map="magma", color=(1.0, 0.5, 0.0)))
    for place in (0, 200, 511, 1023):
        at = place / 1023
        srgb = np.array([np.interp(at, np.linspace(0, 1, len(stops)), stops[:, part]) for part in range(3)])
        assert table[place, :3] == pytest.approx(linear(srgb) * [1.0, 0.2140411, 0.0], abs=1e-6)


@pytest.mark.parametrize(("name", "count"), [("glasbey", 256), ("tab10", 10)])
def test_qualitative_maps_are_not_blended(name: str, count: int) -> None:
    """With the window (-0.5, n - 0.5) the integer i has colour i, as the device looks it up."""
    stops = np.asarray(cmap.Colormap(name).color_stops.color_array)[:, :3]
    assert len(stops) == count
    table = color_table(Channel(color_map=name))
    ids = np.arange(count)
    entries = np.floor((ids + 0.5) / count * (LUT_SIZE - 1) + 0.5).astype(int)
    assert table[entries, :3] == pytest.approx(linear(stops), abs=1e-6)
    found = {tuple(color) for color in table[:, :3].tolist()}
    assert len(found) == len(np.unique(stops, axis=0))


# OKLab of the primaries as the specification of CSS Color 4 and other implementations have them.
OKLAB = {
    (1.0, 1.0, 1.0): (1.0, 0.0, 0.0),
    (1.0, 0.0, 0.0): (0.62796, 0.22486, 0.12585),
    (0.0, 1.0, 0.0): (0.86644, -0.23389, 0.17950),
    (0.0, 0.0, 1.0): (0.45201, -0.03246, -0.31153),
}


@pytest.mark.parametrize("rgb", OKLAB)
def test_oklab_of_known_colours(rgb: tuple[float, float, float]) -> None:
    lab = oklab_from_linear(np.array([rgb]))
    assert lab[0] == pytest.approx(OKLAB[rgb], abs=2e-5)
    assert linear_from_oklab(lab)[0] == pytest.approx(rgb, abs=1e-9)


def test_colours_are_blended_evenly_between_nodes_and_flat_beyond_them() -> None:
    nodes = ((0.25, (0.0, 0.0, 0.0)), (0.75, (1.0, 1.0, 1.0)))
    table = color_table(Channel(colors=nodes, color=(1.0, 1.0, 0.0)))
    x = np.linspace(0, 1, LUT_SIZE)
    # Grey of OKLab's lightness L has the linear value L^3.
    assert table[:, 0] == pytest.approx(np.clip((x - 0.25) / 0.5, 0, 1) ** 3, abs=1e-5)
    assert table[:, 1] == pytest.approx(table[:, 0], abs=1e-6)
    assert not table[:, 2].any()
    assert np.allclose(table[:, 3], x)


def test_blue_and_yellow_blend_to_no_grey_and_stay_in_gamut() -> None:
    table = color_table(Channel(colors=((0.0, (0.0, 0.0, 1.0)), (0.5, (0.0, 1.0, 1.0)), (1.0, (1.0, 1.0, 0.0)))))
    assert table.min() >= 0.0
    assert table.max() <= 1.0
    for place, srgb in ((0, (0, 0, 1)), (1023, (1, 1, 0))):
        assert table[place, :3] == pytest.approx(srgb, abs=1e-6)


def test_a_hard_edge_of_colours_is_hard() -> None:
    red, blue = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    table = color_table(Channel(colors=((0.0, red), (0.5, red), (0.5, blue), (1.0, blue))))
    assert np.allclose(table[:512, :3], red, atol=1e-6)
    assert np.allclose(table[512:, :3], blue, atol=1e-6)


def test_gradient_factors_follow_their_curve() -> None:
    assert np.array_equal(gradient_table(Channel()), np.ones(GRADIENT_LUT_SIZE, np.float32))
    table = gradient_table(Channel(gradient_curve=((0.1, 0.0), (0.3, 1.0), (0.9, 0.25))))
    assert table.dtype == np.float32
    x = np.arange(GRADIENT_LUT_SIZE) / (GRADIENT_LUT_SIZE - 1)
    rise, fall = (x > 0.1) & (x < 0.3), (x > 0.3) & (x < 0.9)
    assert not table[x <= 0.1].any()
    assert table[rise] == pytest.approx((x[rise] - 0.1) / 0.2, abs=1e-6)
    assert table[fall] == pytest.approx(1.0 - (x[fall] - 0.3) / 0.6 * 0.75, abs=1e-6)
    assert np.all(table[x >= 0.9] == 0.25)


unit = st.floats(0.0, 1.0)


@given(
    st.lists(st.tuples(unit, unit), min_size=1, max_size=8),
    st.lists(st.tuples(unit, unit), min_size=1, max_size=8),
    st.integers(0, LUT_SIZE - 1),
    st.integers(0, LUT_SIZE - 1),
)
def test_majorants_of_opacity_alone_bound_any_gradient_factor_times_it(
    curve: list[tuple[float, float]], gradient_curve: list[tuple[float, float]], a: int, b: int
) -> None:
    channel = Channel(curve=tuple(sorted(curve)), gradient_curve=tuple(sorted(gradient_curve)))
    a, b = min(a, b), max(a, b)
    opacity, factors = color_table(channel)[:, 3], gradient_table(channel)
    table = max_table(opacity)
    level = (b - a + 1).bit_length() - 1
    majorant = max(table[level, a], table[level, b - (1 << level) + 1])
    assert factors.min() >= 0.0
    assert np.all(opacity[a : b + 1, None] * factors[None, :] <= majorant)


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


@pytest.mark.parametrize(
    ("share", "error", "levels"),
    [(1.0, 7.7e-6, 1024), (1 / 64, 5e-4, 1024), (1e-3, 0.0078, 67), (1e-4, 0.078, 8), (1e-5, 0.78, 2)],
)
def test_what_a_narrow_window_loses_to_16_bit(share: float, error: float, levels: int) -> None:
    """How far x is off and how many table entries are left, in the device's 32-bit floats: the figures that window_map
    states."""
    encoding = Encoding("r16", 0.0, 1000.0)
    window = (500.3, 500.3 + share * 1000.0) if share < 1 else (0.0, 1000.0)
    values = np.linspace(*window, 200_001)
    scale, bias = window_map(encoding, window)
    fraction = encoding.encode(values).astype(np.float32) / np.float32(65535)
    x = np.clip(fraction * np.float32(scale) + np.float32(bias), 0, 1)
    exact = (values - window[0]) / (window[1] - window[0])
    assert 0.4 * error < np.abs(x - exact).max() <= 1.05 * error + 1e-6
    entries = len(np.unique(np.floor(x * (LUT_SIZE - 1) + 0.5)))
    assert levels - 2 <= entries <= levels


def test_a_window_of_no_width_to_speak_of_is_a_threshold() -> None:
    encoding = Encoding("r16", -5.0, 5.0)
    for width in (1e-300, 1e-12, 1e-5):
        scale, bias = window_map(encoding, (2.0, 2.0 + width))
        assert scale == SCALE_MAX
        fraction = (np.array([1.999, 2.0, 2.001]) + 5.0) / 10.0
        assert np.clip(fraction * scale + bias, 0, 1) == pytest.approx([0.0, 0.5, 1.0], abs=0.04)
