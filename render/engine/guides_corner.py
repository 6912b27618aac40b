"""What stands in the corners of the picture: axes, scale bar, time stamp."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..units import readable_unit
from .lights import linear
from .marks import OVER, Color, Marks, Rect, extent
from .projection import Projection
from .ticks import number, round_down, round_up

# sRGB: red, green and blue of about the same lightness.
_AXIS_COLORS = ((0.93, 0.36, 0.33), (0.45, 0.78, 0.40), (0.42, 0.62, 1.0))
_NAMES = {"image": ("x", "y", "z"), "anatomical": ("L", "P", "S")}  # what the arrows point to
_MARGIN_PX = 18.0
# Of the view's width: the scale bar is about so long, and never shorter or longer than the other two.
SCALE_BAR, SCALE_BAR_LEAST, SCALE_BAR_MOST = 0.2, 1 / 8, 1 / 3


def draw_axes(marks: Marks, projection: Projection, orientation: Literal["image", "anatomical"]) -> None:
    """Three arrows in the lower left corner that turn with the scene; the nearest is painted last."""
    unit, size = marks.style.unit_px, marks.style.font_px
    x, y, _, height = projection.viewport
    length, beyond = 30.0 * unit, 9.0 * unit
    reach = length + beyond + size / 2
    centre = (x + _MARGIN_PX * unit * 0.6 + reach, y + height - _MARGIN_PX * unit * 0.6 - reach)
    marks.taken.append((centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach))
    shade = 0.4 if marks.style.halo[0] > 0.5 else 1.0  # dark marks stand on a light background
    across = np.stack([projection.right, -projection.up], axis=1)  # rows: what world x, y, z are in the picture
    for axis in sorted(range(3), key=lambda a: -projection.forward[a]):
        r, g, b = (float(value) * shade for value in linear(_AXIS_COLORS[axis]))
        color: Color = (r, g, b)
        part = float(np.hypot(*across[axis]))  # 1 where it lies in the picture's plane, 0 where it points at the eye
        if part > 1e-3:
            away = across[axis] / part
        else:  # beside the middle, away from the other two
            away = -(across.sum(axis=0) - across[axis])
            away = away / max(float(np.hypot(*away)), 1e-9)
        tip = np.asarray(centre) + across[axis] * length
        # A head that points at the eye is as short as its arrow.
        head = min(7.5 * unit, length * part)
        base = tip - away * head
        if part > 0.02:
            marks.line(centre, (float(base[0]), float(base[1])), OVER, 1.0, 1.6 * unit, color)
            marks.head((float(base[0]), float(base[1])), (float(tip[0]), float(tip[1])), 6.5 * unit, color)
        at = np.asarray(centre) + away * (max(length * part, 4.0 * unit) + beyond)
        marks.centred(_NAMES[orientation][axis], (float(at[0]), float(at[1])), size, color)


def bar_length_um(projection: Projection) -> float:
    """The round length nearest to a fifth of the view's width in the focal point's plane, micrometres."""
    width_um = projection.viewport[2] / projection.px_per_um
    _, um = readable_unit(width_um * SCALE_BAR)
    wanted = width_um * SCALE_BAR / um
    choices = [value for value in (round_down(wanted), round_up(wanted)) if _is_bar(value * um / width_um)]
    return min(choices, key=lambda value: abs(math.log(value / wanted))) * um


def _is_bar(part: float) -> bool:
    return SCALE_BAR_LEAST <= part <= SCALE_BAR_MOST


def length_text(length_um: float) -> str:
    """A round length with its unit."""
    unit, um = readable_unit(length_um * (1 + 1e-9))
    return f"{number(length_um / um, round_down(length_um / um))} {unit}"


def draw_scale_bar(marks: Marks, projection: Projection) -> None:
    """A bar of a round length in the lower right corner, its label above it.

    In a perspective view it holds in the plane of the focal point across the view; in an orthographic one everywhere.
    """
    unit, size = marks.style.unit_px, marks.style.font_px
    x, y, width, height = projection.viewport
    length_um = bar_length_um(projection)
    length, thick = length_um * projection.px_per_um, 3.0 * unit
    right, bottom = x + width - _MARGIN_PX * unit, y + height - _MARGIN_PX * unit
    marks.bar((right - length, bottom - thick / 2), (right, bottom - thick / 2), thick)
    text = length_text(length_um)
    wide, high = extent(text, size)
    baseline = bottom - thick - 6.0 * unit
    marks.text(text, right - length / 2 - wide / 2, baseline, size)
    half = max(wide, length) / 2
    rect: Rect = (right - length / 2 - half, baseline - high, right - length / 2 + half, bottom)
    marks.taken.append(rect)


def draw_time_stamp(marks: Marks, projection: Projection, text: str) -> None:
    """A line of text in the upper left corner."""
    unit, size = marks.style.unit_px, round(marks.style.font_px * 1.2 * 4) / 4
    x, y, _, _ = projection.viewport
    wide, high = extent(text, size)
    left, top = x + _MARGIN_PX * unit, y + _MARGIN_PX * unit
    marks.text(text, left, top + high, size)
    marks.taken.append((left, top, left + wide, top + high))


def time_text(time: int, step_s: float | None, how: Literal["clock", "unit"]) -> str:
    """The time of time point number `time` as 01:02:03 or as a number with its unit; without a step its number.

    A clock of steps that are no whole seconds shows tenths, hundredths or thousandths of them.
    """
    if step_s is None or step_s <= 0:
        return f"t = {time}"
    decimals = next((d for d in (0, 1, 2) if abs(step_s * 10**d - round(step_s * 10**d)) < 1e-6 * 10**d * step_s), 3)
    if how == "clock":
        ticks = round(time * step_s * 10**decimals)
        whole, part = divmod(ticks, 10**decimals)
        fraction = f".{part:0{decimals}d}" if decimals else ""
        return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{fraction}"
    for name, seconds in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        # The unit is that of the step, so that it does not change while time goes on.
        if step_s >= seconds * (1 - 1e-9) or name == "µs":
            value = time * step_s / seconds
            return f"{value:.{0 if _is_whole(step_s / seconds) else 2}f} {name}"
    raise AssertionError("a time has a unit")


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6 * value
