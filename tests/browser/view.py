"""Hosta's page as a test sees it: the view's state and figures, and a picture that has come to rest."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chromium import Page

FIRST_PICTURE_S = 30.0
REST_S = 30.0
# The encoder improves a picture that rests a few times, a tenth of a second apart.
REPEATED_S = 0.8


class View:
    """The <hosta-view> of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def wait_for_picture(self, timeout_s: float = FIRST_PICTURE_S, after: int = 0) -> None:
        """Until more than `after` frames were on the screen."""
        self.page.until(f"probe.view().stats.framesPresented > {after}", timeout_s)

    @property
    def stats(self) -> dict[str, Any]:
        return dict(self.page.js("probe.facts()")["stats"])

    @property
    def camera(self) -> dict[str, Any]:
        return dict(self.page.js("probe.view().camera"))

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.page.js("probe.view().viewState"))

    def patch(self, *path: str | int, value: Any) -> None:
        """Changes the state as the panel does."""
        self.page.js(f"probe.view().patch({json.dumps({'path': path, 'value': value})})")

    def rest(self, samples: int) -> NDArray[np.uint8]:
        """The picture, (height, width, 3), once the screen shows all changes with `samples` samples a pixel.

        It is one sample more where the state has so many already.
        """
        self.wait_until_drawn(samples)
        time.sleep(REPEATED_S)
        return self.page.picture()

    def wait_until_drawn(self, samples: int) -> None:
        """Until the screen shows all changes with `samples` samples a pixel, which the encoder may still improve.

        Changes arrive in order, so a frame that aims at the new number of samples shows all changes before it.
        """
        if self.state["samples"] == samples:
            samples += 1
        self.patch("samples", value=samples)
        self.page.until(f"probe.atRest({samples})", REST_S)

    def stage(self) -> tuple[float, float, float, float]:
        """Where the picture is in the page: left, top, width, height in CSS pixels."""
        left, top, width, height = self.page.js("probe.box('hosta-view')")
        return left, top, width, height

    def drag(self, dx: float, dy: float) -> None:
        """Drags by so many CSS pixels from the middle of the picture."""
        left, top, width, height = self.stage()
        start = (left + width / 2, top + height / 2)
        self.page.drag(start, (start[0] + dx, start[1] + dy))


def luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """BT.709 luma, 0 to 255, of (height, width, 3) sRGB."""
    return np.asarray(picture @ np.array([0.2126, 0.7152, 0.0722]))


def psnr_db(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Peak signal to noise ratio of two pictures of one size whose values go to 255."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float(10.0 * np.log10(255.0**2 / max(error, 1e-9)))


def centroid(picture: NDArray[np.uint8], plus: int, minus: int) -> tuple[float, float]:
    """The middle (x, y), in pixels, of what has more of channel `plus` than of `minus`, weighed by how much more."""
    weight = picture[..., plus].astype(np.float64) - picture[..., minus]
    weight[weight < 24.0] = 0.0  # noise, and the fringes of the video's coarser chroma
    assert weight.sum() > 0.0, "nothing of this colour is in the picture"
    y, x = np.indices(weight.shape)
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())
