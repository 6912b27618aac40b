"""Lengths: the world is in micrometres; this module reads and writes every other unit.

Sources say their spacing in the units of their format (OME-NGFF names, UCUM, ITK's millimetres); all of them pass
through `micrometres_per` once, where they are opened.
"""

from __future__ import annotations

import math
import re

from .errors import UsageError

# One unit in micrometres. Names of OME-NGFF 0.4 (UDUNITS), their symbols, and what people type.
_MICROMETRES: dict[str, float] = {
    "angstrom": 1e-4, "å": 1e-4, "ångström": 1e-4,
    "picometer": 1e-6, "pm": 1e-6,
    "nanometer": 1e-3, "nanometre": 1e-3, "nm": 1e-3,
    "micrometer": 1.0, "micrometre": 1.0, "micron": 1.0, "microns": 1.0, "um": 1.0, "µm": 1.0, "μm": 1.0,
    "millimeter": 1e3, "millimetre": 1e3, "mm": 1e3,
    "centimeter": 1e4, "centimetre": 1e4, "cm": 1e4,
    "inch": 25_400.0, "in": 25_400.0,
    "meter": 1e6, "metre": 1e6, "m": 1e6,
    "kilometer": 1e9, "kilometre": 1e9, "km": 1e9,
}  # fmt: skip


def micrometres_per(unit: str) -> float:
    """How many micrometres one `unit` is.

    Raises UsageError for a unit that is not a length known here.
    """
    factor = _MICROMETRES.get(unit.strip()) or _MICROMETRES.get(unit.strip().lower())
    if factor is None:
        raise UsageError(f"unknown unit of length '{unit}'; use one of nm, um, mm, cm, m, angstrom")
    return factor


_SECONDS: dict[str, float] = {
    "nanosecond": 1e-9, "ns": 1e-9,
    "microsecond": 1e-6, "us": 1e-6, "µs": 1e-6, "μs": 1e-6,
    "millisecond": 1e-3, "ms": 1e-3, "msec": 1e-3,
    "second": 1.0, "seconds": 1.0, "s": 1.0, "sec": 1.0,
    "minute": 60.0, "minutes": 60.0, "min": 60.0,
    "hour": 3600.0, "hours": 3600.0, "h": 3600.0,
    "day": 86_400.0, "days": 86_400.0, "d": 86_400.0,
}  # fmt: skip


def seconds_per(unit: str) -> float | None:
    """How many seconds one `unit` is, by the names of OME-NGFF (UDUNITS), OME-XML and ImageJ; None: it is no time."""
    return _SECONDS.get(unit.strip()) or _SECONDS.get(unit.strip().lower())


def is_length_unit(unit: str) -> bool:
    """Whether `micrometres_per` knows `unit`."""
    return unit.strip() in _MICROMETRES or unit.strip().lower() in _MICROMETRES


_SPACING = re.compile(r"^\s*([-+0-9.eE,\s]*[0-9.])\s*([^\W\d_]+)\s*$")


def parse_spacing_um(text: str) -> tuple[float, float, float]:
    """Read a spacing such as `45,4.6,4.6nm` (z, y, x) or `0.5um` (isotropic) as micrometres (z, y, x).

    Raises UsageError with what would be right.
    """
    right = f"'{text}' is no spacing; write z,y,x and a unit, such as 45,4.6,4.6nm or 0.5um"
    match = _SPACING.match(text)
    if match is None:
        raise UsageError(right)
    try:
        values = [float(part) for part in match[1].split(",")]
    except ValueError:
        raise UsageError(right) from None
    if len(values) == 1:
        values *= 3
    if len(values) != 3 or not all(math.isfinite(value) and value > 0 for value in values):
        raise UsageError(right)
    factor = micrometres_per(match[2])
    z, y, x = (value * factor for value in values)
    return z, y, x


_READABLE = (("nm", 1e-3), ("µm", 1.0), ("mm", 1e3), ("cm", 1e4), ("m", 1e6))


def readable_unit(length_um: float) -> tuple[str, float]:
    """The unit in which lengths about this large read best, and how many micrometres it is: nm, µm, mm or m."""
    name, factor = _READABLE[0]
    for candidate, candidate_factor in _READABLE:
        if candidate != "cm" and abs(length_um) >= candidate_factor:
            name, factor = candidate, candidate_factor
    return name, factor


def format_length(length_um: float) -> str:
    """A length in the unit that reads best: `0.0046` -> `4.6 nm`, `1500` -> `1.5 mm`."""
    name, factor = readable_unit(length_um)
    return f"{length_um / factor:.4g} {name}"


_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def format_bytes(count: int) -> str:
    """An amount of data in the unit that reads best, in powers of 1000: `5 * 10**15` -> `5 PB`."""
    unit = min(max(len(str(count)) - 1, 0) // 3, len(_BYTE_UNITS) - 1)
    return f"{count / 1000**unit:.4g} {_BYTE_UNITS[unit]}"
