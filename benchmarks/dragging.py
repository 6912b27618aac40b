"""A hand that drags the picture of a page around in circles, with pointer events at 60 Hz."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tests.browser.chromium import Page

POINTER_INTERVAL_S = 1 / 60
RADIUS = 0.2
"""Of the circle that the pointer draws, as part of the picture's height."""


def drag_in_circles(
    page: Page,
    stage: tuple[float, float, float, float],
    seconds: float,
    during: Callable[[float], None] = lambda _: None,
) -> tuple[float, float]:
    """Moves the pressed pointer for so long; when it began and ended, in ms on the page's clock.

    `stage` is where the picture is: left, top, width, height in CSS pixels. `during` is told the time, in seconds.
    """
    left, top, width, height = stage
    radius = RADIUS * height

    def at(turn: float) -> tuple[float, float]:
        return left + width / 2 + radius * math.cos(turn), top + height / 2 + radius * math.sin(turn)

    page.mouse("mouseMoved", *at(0.0))
    page.mouse("mousePressed", *at(0.0), pressed=True)
    began_ms = float(page.js("performance.now()"))
    started_s = time.monotonic()
    steps = round(seconds / POINTER_INTERVAL_S)
    for step in range(1, steps + 1):
        page.mouse("mouseMoved", *at(2 * math.pi * step * POINTER_INTERVAL_S), pressed=True)
        during(time.monotonic() - started_s)
        time.sleep(max(0.0, started_s + step * POINTER_INTERVAL_S - time.monotonic()))
    ended_ms = float(page.js("performance.now()"))
    page.mouse("mouseReleased", *at(2 * math.pi * steps * POINTER_INTERVAL_S))
    return began_ms, ended_ms
