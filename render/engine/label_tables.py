"""Colours and opacities of all labels on the device, by dense id, one table a segmentation (engine.segment_look)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..state.layer import LabelLayer
from .device_scene import DeviceScene
from .segment_look import SegmentLook

LEAST_ROOM = 1024
MOST_LOOKED_UP = 256


class LabelTables:
    """rgba8 by dense id. Dense ids are given as ids turn up, so tables grow; then all of them move."""

    def __init__(self, scene: DeviceScene) -> None:
        self._scene = scene
        self._shown: dict[int, LabelLayer] = {}
        self.looks = {layer: SegmentLook(scene.scene.layers[layer].table) for layer in scene.label_layers}
        self._seen = {layer: np.zeros(0, bool) for layer in scene.label_layers}
        self._room = {layer: self._needed(layer) for layer in scene.label_layers}
        self._buffer = Buffer(4 * max(1, sum(self._room.values())))

    def _needed(self, layer: int) -> int:
        n = len(self._scene.dense_ids[layer])
        return max(LEAST_ROOM, 1 << (n - 1).bit_length()) if self._scene.paged else max(1, n)

    def base(self, layer: int) -> int:
        """Where the table of a layer begins."""
        before = self._scene.label_layers[: self._scene.label_layers.index(layer)]
        return sum(self._room[one] for one in before)

    @property
    def alpha(self) -> Mapping[int, NDArray[np.uint8]]:
        """By layer, by dense id: 0 is hidden."""
        return {layer: look.alpha for layer, look in self.looks.items()}

    def check(self, layer: int, look: LabelLayer) -> None:
        """Raises StateError for what `write` would refuse."""
        self.looks[layer].check(look)

    def write(self, layer: int, look: LabelLayer) -> bool:
        """Show the labels of a layer like this; only what changed goes to the device. True when others are visible."""
        segments, dense_ids = self.looks[layer], self._scene.dense_ids[layer]
        self._shown[layer] = look
        if len(dense_ids) > len(segments):
            segments.extend(dense_ids.ids())
        segments.show(look)
        alpha, seen = segments.alpha, self._seen[layer]
        other = len(seen) != len(alpha)
        if other:
            seen = self._seen[layer] = alpha > 0
        for first, last in segments.changes():
            # What there is no room for yet is written when the tables have grown.
            last = min(last, self._room[layer])
            if first < last:
                self._buffer.write(segments.rgba8[first:last], 4 * (self.base(layer) + first))
            now = alpha[first:last] > 0
            other = other or bool((seen[first:last] != now).any())
            seen[first:last] = now
        return other

    def only(self, layer: int) -> tuple[int, ...] | None:
        """The 64-bit ids outside of which nothing of a layer is visible, where that are a few; else None."""
        look = self._shown.get(layer)
        if look is None or look.shown != "listed" or look.rest_opacity > 0.0 or len(look.listed) > MOST_LOOKED_UP:
            return None
        if look.merged or self._scene.scene.layers[layer].table.roots:
            return None  # others may count as these
        return tuple(int(one) for one in look.listed)

    def grow(self) -> bool:
        """Take up ids that turned up since; True when tables moved."""
        news = [layer for layer in self._shown if len(self._scene.dense_ids[layer]) > len(self.looks[layer])]
        moved = any(self._needed(layer) > self._room[layer] for layer in news)
        for layer in news:
            self.write(layer, self._shown[layer])
        if moved:
            self._room = {layer: max(room, self._needed(layer)) for layer, room in self._room.items()}
            self._buffer.close()
            self._buffer = Buffer(4 * sum(self._room.values()))
            for layer in self._shown:
                self._buffer.write(self.looks[layer].rgba8, 4 * self.base(layer))
        return moved

    def bind(self) -> None:
        self._buffer.bind(6)

    @property
    def size_bytes(self) -> int:
        return self._buffer.size_bytes

    def close(self) -> None:
        self._buffer.close()
