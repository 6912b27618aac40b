"""Colours and opacities of all labels on the device, by dense id, one table a segmentation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..state.layer import LabelLayer
from .device_scene import DeviceScene

LEAST_ROOM = 1024


class LabelTables:
    """rgba8 by dense id. Dense ids are given as ids turn up, so tables grow; then all of them move."""

    def __init__(self, scene: DeviceScene) -> None:
        self._scene = scene
        self._shown: dict[int, LabelLayer] = {}
        self._written: dict[int, int] = {}
        self.alpha: dict[int, NDArray[np.uint8]] = {layer: np.zeros(1, np.uint8) for layer in scene.label_layers}
        self._room = {layer: self._needed(layer) for layer in scene.label_layers}
        self._buffer = Buffer(4 * max(1, sum(self._room.values())))

    def _needed(self, layer: int) -> int:
        n = len(self._scene.dense_ids[layer])
        return max(LEAST_ROOM, 1 << (n - 1).bit_length()) if self._scene.paged else max(1, n)

    def base(self, layer: int) -> int:
        """Where the table of a layer begins."""
        before = self._scene.label_layers[: self._scene.label_layers.index(layer)]
        return sum(self._room[one] for one in before)

    def write(self, layer: int, look: LabelLayer) -> None:
        """Show the labels of a layer like this."""
        self._shown[layer] = look
        colors = self._scene.label_colors(layer, look.colors)
        self.alpha[layer] = (colors >> 24).astype(np.uint8)
        self._written[layer] = len(colors)
        self._buffer.write(colors[: self._room[layer]], 4 * self.base(layer))

    def grow(self) -> bool:
        """Take up ids that turned up since; True when tables moved."""
        news = [layer for layer in self._shown if len(self._scene.dense_ids[layer]) > self._written[layer]]
        moved = any(self._needed(layer) > self._room[layer] for layer in news)
        if moved:
            self._room = {layer: max(self._room[layer], self._needed(layer)) for layer in self._room}
            self._buffer.close()
            self._buffer = Buffer(4 * sum(self._room.values()))
        for layer in self._shown if moved else news:
            self.write(layer, self._shown[layer])
        return moved

    def bind(self) -> None:
        self._buffer.bind(6)

    @property
    def size_bytes(self) -> int:
        return self._buffer.size_bytes

    def close(self) -> None:
        self._buffer.close()
