"""Searching the segments of open scenes, aside from the GL thread: among ten million it takes a while."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..engine.label_colors import FileColors, plain_colors
from ..scene.open import Scene
from ..scene.segments import FoundSegments, Segments
from ..summary import SegmentSummary
from .protocol import SearchSegments, SegmentsFound

log = logging.getLogger(__name__)

NAME_MAX = 200
"""Longer names are cut in lists."""
SeenIds = Callable[[], NDArray[np.uint64]]
"""Gives the ids in the voxels seen so far."""


class SegmentSearch:
    """The segmentations of one scene. `ask` returns at once; the answer comes from a thread of its own, in turn."""

    def __init__(self, scene: Scene, seen: dict[int, SeenIds], send: Callable[[SegmentsFound], None]) -> None:
        """`seen` is by the place of a segmentation among the scene's layers; `send` is called from another thread."""
        self._send = send
        self._layers: dict[str, tuple[Segments, FileColors, SeenIds]] = {}
        for place, ids in seen.items():
            table = scene.layers[place].table
            self._layers[scene.layers[place].key] = Segments(table), FileColors(table.colors), ids
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="segment-search")

    def ask(self, request: SearchSegments) -> None:
        self._thread.submit(self._answer, request)

    def close(self) -> None:
        """Searches that wait are forgotten."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _answer(self, request: SearchSegments) -> None:
        try:
            found = self.find(request)
        except Exception:  # it is told, and the log has the rest
            log.exception("search %d for segments failed", request.request)
            problem = "the search failed because of an error in the program; its log has the details"
            found = SegmentsFound(request=request.request, total=0, segments=(), problem=problem)
        self._send(found)

    def find(self, request: SearchSegments) -> SegmentsFound:
        known = self._layers.get(request.layer)
        if known is None:
            problem = f"the scene has no segmentation '{request.layer}'"
            return SegmentsFound(request=request.request, total=0, segments=(), problem=problem)
        segments, file_colors, seen = known
        if request.ids:
            found = FoundSegments(len(request.ids), tuple(segments.describe([int(one) for one in request.ids])))
        else:
            found = segments.find(request.text, seen(), request.first, request.count)
        colors = _colors(np.array([one.id for one in found.segments], np.uint64), file_colors, request.colors)
        return SegmentsFound(
            request=request.request,
            total=found.total,
            segments=tuple(
                SegmentSummary(
                    id=str(one.id),
                    name=one.name[:NAME_MAX],
                    color=color,
                    parent=None if one.parent is None else str(one.parent),
                )
                for one, color in zip(found.segments, colors, strict=True)
            ),
        )


def _colors(ids: NDArray[np.uint64], file: FileColors, mode: Literal["file", "hash", "glasbey"]) -> list[str]:
    """As #rrggbb."""
    rgba = plain_colors(ids, mode)
    if mode == "file":
        file.put(rgba, ids)
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue, _ in rgba.view(np.uint8).reshape(-1, 4).tolist()]
