"""What a picture is made of before it is developed: linear light, and what lies behind each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

_COLUMNS = {"color": 4, "albedo": 3, "normal": 3, "depth": 0, "label": 0, "samples": 0, "luminance2": 0, "local": 3}
_OPTIONAL = frozenset({"label", "samples", "luminance2", "local"})


@dataclass(frozen=True)
class Layers:
    """Arrays of one picture, top row first. All but `label` are float32. Raises UsageError for other shapes.

    `color` (h, w, 4): radiance in linear light with Rec. 709 primaries, premultiplied, and coverage.
    `albedo` (h, w, 3), 0..1, and `normal` (h, w, 3), world space: means over what was hit, not premultiplied; 0 where
    there is none. `depth` (h, w): micrometres along the ray, infinity where
    nothing was hit. `label` (h, w) uint64: the segment's id, 0 where there is none; None without a segmentation.
    `samples` (h, w): how many each pixel got; `luminance2` (h, w): the mean of their squared luminances.
    `local` (h, w, 3): what `color` would be if nothing cast shadows and light were scattered once.
    """

    color: NDArray[np.float32]
    albedo: NDArray[np.float32]
    normal: NDArray[np.float32]
    depth: NDArray[np.float32]
    label: NDArray[np.uint64] | None = None
    samples: NDArray[np.float32] | None = None
    luminance2: NDArray[np.float32] | None = None
    local: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        height_width = self.color.shape[:2]
        for name, columns in _COLUMNS.items():
            array = getattr(self, name)
            if array is None and name in _OPTIONAL:
                continue
            wanted = (*height_width, columns) if columns else height_width
            dtype = np.dtype(np.uint64 if name == "label" else np.float32)
            if array.shape != wanted or array.dtype != dtype or len(height_width) != 2 or 0 in height_width:
                raise UsageError(f"{name} of a picture must be {wanted} {dtype}, not {array.shape} {array.dtype}")

    @classmethod
    def of(cls, found: Any) -> Layers:
        """From arrays by name, or the object that has them; of any number type. Those that are absent say nothing
        (albedo and normal 0, depth infinite)."""
        arrays: Mapping[str, NDArray[np.generic] | None] = found if isinstance(found, Mapping) else vars(found)
        color = np.asarray(arrays["color"], np.float32)
        empty = {
            "albedo": np.zeros((*color.shape[:2], 3), np.float32),
            "normal": np.zeros((*color.shape[:2], 3), np.float32),
            "depth": np.full(color.shape[:2], np.inf, np.float32),
        }
        given = {name: np.asarray(arrays[name], np.float32) for name in empty if arrays.get(name) is not None}
        label = arrays.get("label")
        return cls(color, **{**empty, **given}, label=None if label is None else np.asarray(label, np.uint64))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.color.shape[1], self.color.shape[0]
