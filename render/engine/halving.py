"""A picture that was drawn at twice the width and height, made into one of the size that was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layers import Layers

FINENESS = 2
# Of the four fine pixels along each axis about the middle of a coarse one. With the tent of a radius of one fine pixel
# that is in each of them already, they have the variance, 1/6, of a coarse pixel's tent (shaders/lib/camera.glsl).
_OUTER, _INNER = np.float32(1 / 16), np.float32(7 / 16)


def halved_image(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2h, 2w, n) linear light, premultiplied, as (h, w, n). At the picture's edge what is beyond is like the edge."""
    rows = _halved_rows(fine)
    return np.ascontiguousarray(_halved_rows(rows.swapaxes(0, 1)).swapaxes(0, 1))


def halved(fine: Layers, color: NDArray[np.float32]) -> Layers:
    """The layers of a picture of half the size; `color` (2h, 2w, 4) is its light, filtered or not.

    What was hit counts as often as it was hit; the label is that of the first fine pixel of four that has one. Each
    pixel has got the samples of four.
    """
    hits = fine.color[..., 3:]
    nothing = _sum4(hits) == 0.0
    total = np.where(nothing, np.float32(1.0), _sum4(hits))
    depth = np.where(hits > 0.0, fine.depth[..., None], np.float32(0.0))
    mean_depth = np.where(nothing, np.float32(np.inf), _sum4(depth * hits) / total)
    return Layers(
        color=halved_image(color),
        albedo=np.asarray(_sum4(fine.albedo * hits) / total, np.float32),
        normal=np.asarray(_sum4(fine.normal * hits) / total, np.float32),
        depth=mean_depth[..., 0],
        label=None if fine.label is None else _first_label(fine.label),
        samples=None if fine.samples is None else _sum4(fine.samples),
        luminance2=None if fine.luminance2 is None else _sum4(fine.luminance2) / np.float32(4.0),
        local=None if fine.local is None else halved_image(fine.local),
    )


def _halved_rows(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    before, after = np.concatenate([fine[:1], fine[1:-1:2]]), np.concatenate([fine[2::2], fine[-1:]])
    return np.asarray(_INNER * (fine[0::2] + fine[1::2]) + _OUTER * (before + after))


def _sum4(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(sum(_quarters(fine)), np.float32)


def _first_label(fine: NDArray[np.uint64]) -> NDArray[np.uint64]:
    found = np.zeros_like(fine[0::2, 0::2])
    for quarter in _quarters(fine):
        found = np.where(found == 0, quarter, found)
    return found


def _quarters(fine: NDArray[Any]) -> list[NDArray[Any]]:
    """The first, second, third and fourth pixel of each square of two by two."""
    return [fine[y::2, x::2] for y in (0, 1) for x in (0, 1)]
