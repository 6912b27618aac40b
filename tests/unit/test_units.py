"""Lengths in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.errors import UsageError
from render.units import (
    format_bytes,
    format_length,
    is_length_unit,
    micrometres_per,
    parse_spacing_um,
    readable_unit,
    seconds_per,
)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("nm", 1e-3), ("nanometer", 1e-3), ("um", 1.0), ("µm", 1.0), ("μm", 1.0), ("micrometre", 1.0), ("mm", 1e3),
        ("Millimeter", 1e3), (" m ", 1e6), ("angstrom", 1e-4), ("Å", 1e-4), ("in", 25400.0), ("pm", 1e-6),
    ],
)  # fmt: skip
def test_known_units(unit: str, factor: float) -> None:
    assert micrometres_per(unit) == pytest.approx(factor)
    assert is_length_unit(unit)


@pytest.mark.parametrize("unit", ["", "pixel", "furlong", "second", "nm2"])
def test_unknown_units_are_refused_with_the_known_ones(unit: str) -> None:
    assert not is_length_unit(unit)
    with pytest.raises(UsageError, match=r"unknown unit of length .*use one of nm, um, mm"):
        micrometres_per(unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45,4.6,4.6nm", (0.045, 0.0046, 0.0046)),
        ("0.5um", (0.5, 0.5, 0.5)),
        (" 2 , 1 , 1 mm ", (2000.0, 1000.0, 1000.0)),
        (".001,1,2mm", (1.0, 1000.0, 2000.0)),
        ("4 µm", (4.0, 4.0, 4.0)),
    ],
)
def test_spacings_are_z_y_x(text: str, expected: tuple[float, float, float]) -> None:
    assert parse_spacing_um(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "5", "nm", "1,2nm", "1,2,3,4nm", "0nm", "-1um", "a,b,cnm", "nan um", "1,,2um"])
def test_wrong_spacings_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"write z,y,x and a unit, such as 45,4\.6,4\.6nm"):
        parse_spacing_um(text)


def test_a_spacing_in_an_unknown_unit_names_the_unit() -> None:
    with pytest.raises(UsageError, match="unknown unit of length 'furlong'"):
        parse_spacing_um("1,1,1furlong")


@pytest.mark.parametrize(
    ("length", "text"),
    [(0.0046, "4.6 nm"), (1.0, "1 µm"), (999.0, "999 µm"), (1500.0, "1.5 mm"), (2.5e6, "2.5 m"), (0.0, "0 nm")],
)
def test_lengths_in_the_unit_that_reads_best(length: float, text: str) -> None:
    assert format_length(length) == text


@given(st.floats(1e-3, 1e8))
def test_written_lengths_mean_what_they_were(length: float) -> None:
    number, unit = format_length(length).split()
    assert float(number) * micrometres_per(unit) == pytest.approx(length, rel=1e-3)


@pytest.mark.parametrize(("text", "um"), [("1e-3mm", 1.0), ("2.5E+1 Å", 2.5e-3), (" 1 , 2e0 , 3 um ", None)])
def test_spacing_with_exponents(text: str, um: float | None) -> None:
    assert parse_spacing_um(text) == pytest.approx((1, 2, 3) if um is None else (um,) * 3)


@pytest.mark.parametrize(
    ("length_um", "unit"),
    [(0.02, "nm"), (0.99, "nm"), (1.0, "µm"), (999.0, "µm"), (2e4, "mm"), (2e6, "m"), (0.0, "nm")],
)
def test_units_that_read_well(length_um: float, unit: str) -> None:
    name, factor = readable_unit(length_um)
    assert name == unit
    assert factor == micrometres_per(unit)


@pytest.mark.parametrize(
    ("unit", "factor"), [("second", 1.0), ("ms", 1e-3), ("Minute", 60.0), ("h", 3600.0), ("sec", 1.0)]
)
def test_units_of_time(unit: str, factor: float) -> None:
    assert seconds_per(unit) == factor
    assert seconds_per("micrometer") is None
    assert seconds_per("") is None


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_230_000, "1.23 MB"), (5 * 10**15, "5 PB"), (10**22, "1e+04 EB")],
)
def test_amounts_of_data_read_well(count: int, text: str) -> None:
    assert format_bytes(count) == text
