"""How the channels look, on the device: tables of transfer functions, weights, and the majorants that follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..gpu.buffer import Buffer
from ..state.layer import Channel, ImageLayer, LabelLayer, Layer
from ..state.view import ViewState
from .majorants import Majorants
from .resident import ResidentChannel, ResidentScene, ResidentVolume
from .transfer import LEVELS, LUT_SIZE, color_table, max_table, window_map


class Look:
    """Keeps the device's tables in step with the layers of a state; touches only what changed."""

    def __init__(self, resident: ResidentScene) -> None:
        self._resident = resident
        count = max(1, len(resident.channels))
        self.lut_buffer = Buffer(16 * LUT_SIZE * count)
        self._table_buffer = Buffer(4 * LUT_SIZE * LEVELS * count)
        self._majorants = Majorants(resident)
        self._majorants.find_ranges()
        self._shown: dict[int, object] = {}
        records = resident.channel_records
        for channel in resident.channels:
            record = records[channel.index]
            is_label = channel.storage == "labels"
            record["lut_base"] = resident.label_base[channel.layer] if is_label else channel.index * LUT_SIZE
            record["table_base"] = channel.index * LUT_SIZE * LEVELS

    def update(self, state: ViewState) -> None:
        """Show the layers of `state`. Raises StateError when they do not match the scene's."""
        layers = self._match(state)
        for volume in self._resident.volumes:
            layer = layers[volume.layer]
            stale = False
            for channel in volume.channels:
                look = self._look_of(layer, channel)
                if self._shown.get(channel.index) != look:
                    self._write(channel, layer, look)
                    self._shown[channel.index] = look
                    stale = True
            if stale:
                self._resident.channel_buffer.write(self._resident.channel_records)
                self._majorants.update(volume, self._table_buffer)

    def drawn(self, volume: ResidentVolume) -> bool:
        """Whether any channel of the volume is shown."""
        records = self._resident.channel_records
        return any(records[channel.index]["weight"] > 0 for channel in volume.channels)

    def _match(self, state: ViewState) -> list[Layer]:
        """The state's layers in the order of the scene's. Layers that the state leaves out are an error."""
        by_source = {layer.source: layer for layer in state.layers}
        matched: list[Layer] = []
        for scene_layer in self._resident.scene.layers:
            layer = by_source.pop(scene_layer.key, None)
            if layer is None:
                raise StateError(f"the state has no layer for '{scene_layer.key}', which the scene holds")
            n_channels = len(scene_layer.source.info.channels)
            if isinstance(layer, ImageLayer) and len(layer.channels) != n_channels:
                raise StateError(
                    f"the state gives '{scene_layer.key}' {len(layer.channels)} channels, the data have {n_channels}"
                )
            if layer.kind != scene_layer.source.info.kind:
                raise StateError(
                    f"the state calls '{scene_layer.key}' {layer.kind}, it is {scene_layer.source.info.kind}"
                )
            matched.append(layer)
        if by_source:
            raise StateError(f"the scene holds no '{next(iter(by_source))}', for which the state has a layer")
        return matched

    def _look_of(self, layer: Layer, channel: ResidentChannel) -> tuple[bool, Channel | LabelLayer]:
        if isinstance(layer, LabelLayer):
            return layer.visible, layer
        return layer.visible, layer.channels[channel.channel]

    def _write(self, channel: ResidentChannel, layer: Layer, look: tuple[bool, Channel | LabelLayer]) -> None:
        record = self._resident.channel_records[channel.index]
        visible, what = look
        record["weight"] = what.opacity if visible and what.visible else 0.0
        if isinstance(what, LabelLayer) or channel.encoding is None:
            return
        record["scale"], record["bias"] = window_map(channel.encoding, what.window)
        table: NDArray[np.float32] = color_table(what)
        self.lut_buffer.write(table, 16 * LUT_SIZE * channel.index)
        self._table_buffer.write(max_table(table[:, 3]), 4 * LUT_SIZE * LEVELS * channel.index)

    def close(self) -> None:
        self.lut_buffer.close()
        self._table_buffer.close()
        self._majorants.close()
