"""How the channels look, on the device: tables of transfer functions, weights, and the majorants that follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..gpu.buffer import Buffer
from ..gpu.gl import GL
from ..gpu.texture import TextureBuffer
from ..scene.transfer import resolved
from ..state.layer import Channel, ImageLayer, LabelLayer, Layer
from ..state.view import ViewState
from .device_scene import DeviceChannel, DeviceScene
from .label_tables import LabelTables
from .lights import linear
from .paged_majorants import PagedMajorants
from .transfer import GRADIENT_LUT_SIZE, LEVELS, LUT_SIZE, color_table, gradient_table, max_table, window_map

_Look = tuple[bool, Channel | LabelLayer]
"""Whether the layer is shown, and what shows a channel of it."""


class Look:
    """Keeps the device's tables in step with the layers of a state; touches only what changed."""

    def __init__(self, resident: DeviceScene) -> None:
        self._resident = resident
        count = max(1, len(resident.channels))
        self.lut_buffer = Buffer(16 * LUT_SIZE * count)
        self._lut_texels = TextureBuffer(self.lut_buffer, GL.GL_RGBA32F)
        self._table_buffer = Buffer(4 * LUT_SIZE * LEVELS * count)
        self._gradient_buffer = Buffer(4 * GRADIENT_LUT_SIZE * count)
        self._labels = LabelTables(resident)
        self._majorants = resident.majorants()
        self._shown: dict[int, _Look] = {}
        self._opacities: dict[int, NDArray[np.float32]] = {}  # by channel, over the window
        self._mixing = "physical"
        self._records = resident.channel_records()
        for channel in resident.channels:
            record = self._records[channel.index]
            is_label = channel.storage == "labels"
            record["lut_base"] = self._labels.base(channel.layer) if is_label else channel.index * LUT_SIZE
            record["table_base"] = channel.index * LUT_SIZE * LEVELS
        self._channel_buffer = Buffer.of(self._records)
        self._majorants.find_ranges(self._channel_buffer)

    def update(self, state: ViewState) -> None:
        """Show the layers of `state`. Raises StateError when they do not match the scene's."""
        layers = self._match(state)
        changed: dict[int, _Look] = {}
        tables: dict[int, NDArray[np.float32]] = {}
        # All that can be refused is made before anything is written: a wrong state leaves the picture as it was.
        for channel in self._resident.channels:
            look = self._look_of(layers[channel.layer], channel)
            if self._shown.get(channel.index) != look:
                changed[channel.index] = look
                if isinstance(look[1], Channel):
                    tables[channel.index] = color_table(look[1])
                else:
                    self._labels.check(channel.layer, look[1])
        paged = self._resident.paged
        remixed = state.rendering.mixing != self._mixing and "max" in (state.rendering.mixing, self._mixing)
        self._mixing = state.rendering.mixing
        for volume in self._resident.volumes:
            touched = [channel for channel in volume.channels if channel.index in changed]
            stale, reweighed = [], False
            for channel in touched:
                before, look = self._shown.get(channel.index), changed[channel.index]
                weight = self._records[channel.index]["weight"]
                other_segments = self._write(channel, look, tables.get(channel.index))
                self._shown[channel.index] = look
                if before is None or _opacity_of(before) != _opacity_of(look) or (other_segments and paged):
                    stale.append(channel)
                reweighed = reweighed or weight != self._records[channel.index]["weight"]
            if touched:
                self._channel_buffer.write(self._records)
            if stale or reweighed or remixed:
                largest = self._mixing == "max"
                self._labels.bind()
                self._majorants.update(volume.index, stale, self._channel_buffer, self._table_buffer, largest)

    def follow(self, nodes: NDArray[np.integer]) -> None:
        """Nodes of a paged scene have got other bricks: their majorants, and the labels that came with them."""
        majorants = self._majorants
        assert isinstance(majorants, PagedMajorants), "only bricks of paged scenes come and go"
        if self._labels.grow():
            for channel in self._resident.channels:
                if channel.storage == "labels":
                    self._records[channel.index]["lut_base"] = self._labels.base(channel.layer)
            self._channel_buffer.write(self._records)
        largest = self._mixing == "max"
        self._labels.bind()
        majorants.update_nodes(nodes, self._labels.alpha, self._channel_buffer, self._table_buffer, largest)

    def shown_channels(self) -> list[tuple[int, ...]]:
        """Of each volume, which of its channels are drawn."""
        return [
            tuple(i for i, one in enumerate(volume.channels) if self._records[one.index]["weight"] > 0)
            for volume in self._resident.volumes
        ]

    def bind(self) -> None:
        self._channel_buffer.bind_uniform(2)
        self._lut_texels.bind(10)
        self._labels.bind()
        self._gradient_buffer.bind(13)
        self._majorants.bind()

    def weights(self) -> list[float]:
        """Opacity of each channel as a whole; 0 where it is not shown."""
        return [float(record["weight"]) for record in self._records]

    def features(self) -> dict[str, str | int]:
        """What the shaders are compiled with for this look."""
        if (self._records["gradient_base"] < 0).all():
            return {}
        return {"HAS_GRADIENT_OPACITY": 1, "GRADIENT_LUT_SIZE": GRADIENT_LUT_SIZE}

    def resolved(self, state: ViewState) -> ViewState:
        """`state`, which is shown, with its rules made into windows and curves."""
        channels = {(one.layer, one.channel): self._shown[one.index][1] for one in self._resident.channels}
        keys = [layer.key for layer in self._resident.scene.layers]
        layers: list[Layer] = []
        for layer in state.layers:
            if isinstance(layer, ImageLayer):
                at = keys.index(layer.source)
                found = [channels[at, number] for number in range(len(layer.channels))]
                layer = layer.model_copy(update={"channels": tuple(found)})
            layers.append(layer)
        return state.model_copy(update={"layers": tuple(layers)})

    def drawn(self) -> list[bool]:
        """Of each volume, whether any of its channels is shown."""
        return [
            any(self._records[channel.index]["weight"] > 0 for channel in volume.channels)
            for volume in self._resident.volumes
        ]

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

    def _look_of(self, layer: Layer, channel: DeviceChannel) -> _Look:
        if isinstance(layer, LabelLayer):
            return layer.visible, layer
        stats = self._resident.scene.layers[channel.layer].stats[channel.channel]
        return layer.visible, resolved(layer.channels[channel.channel], stats)

    def _write(self, channel: DeviceChannel, look: _Look, table: NDArray[np.float32] | None) -> bool:
        """Bring a channel's look to the device. True when other segments are visible than before."""
        record = self._records[channel.index]
        visible, what = look
        material = what.material
        record["specular"][:3] = linear(material.specular_color) * material.specular
        record["specular"][3] = material.roughness
        record["emission"][:3] = linear(material.emission) * material.emission_strength
        record["emission"][3] = 1.0 - material.specular
        record["clipped"] = int(what.clipped)
        record["gradient_base"] = -1
        record["weight"] = what.opacity if visible and what.visible else 0.0
        if isinstance(what, LabelLayer):
            other = self._labels.write(channel.layer, what)
            if other and isinstance(self._majorants, PagedMajorants):
                self._majorants.labels_changed(channel.layer, self._labels.alpha[channel.layer])
            return other
        if channel.encoding is None or table is None:
            return False
        self._opacities[channel.index] = table[:, 3]
        if what.gradient_curve:
            record["gradient_base"] = GRADIENT_LUT_SIZE * channel.index
            self._gradient_buffer.write(gradient_table(what), 4 * GRADIENT_LUT_SIZE * channel.index)
        record["scale"], record["bias"] = window_map(channel.encoding, what.window)
        self.lut_buffer.write(table, 16 * LUT_SIZE * channel.index)
        self._table_buffer.write(max_table(table[:, 3]), 4 * LUT_SIZE * LEVELS * channel.index)
        return False

    def is_empty(self, channel: DeviceChannel, lo: int, hi: int, ids: NDArray[np.uint32] | None) -> bool:
        """Whether nothing of a brick can be seen whose texels are lo..hi or, of labels, whose dense ids are `ids`."""
        if channel.storage == "labels":
            alpha = self._labels.alpha[channel.layer]
            if ids is None or (len(ids) and int(ids[-1]) >= len(alpha)):
                return False
            return not alpha[ids[ids > 0]].any()
        record, texel_max = self._records[channel.index], 255 if channel.storage == "r8" else 65535
        ends = np.clip(np.array([lo, hi]) / texel_max * float(record["scale"]) + float(record["bias"]), 0.0, 1.0)
        first, last = int(np.floor(ends.min() * (LUT_SIZE - 1))), int(np.ceil(ends.max() * (LUT_SIZE - 1)))
        return not self._opacities[channel.index][max(first - 1, 0) : last + 2].any()

    def only_segments(self, layer: int) -> tuple[int, ...] | None:
        """The 64-bit ids outside of which nothing of a segmentation is seen, where that are a few; else None."""
        return self._labels.only(layer) if layer in self._labels.looks else None

    def close(self) -> None:
        self._lut_texels.close()
        self.lut_buffer.close()
        self._table_buffer.close()
        self._gradient_buffer.close()
        self._labels.close()
        self._channel_buffer.close()
        self._majorants.close()


def _opacity_of(look: _Look) -> object:
    """What majorants depend on: not colours, and not weights, which come in when the cells are summed."""
    what = look[1]
    if isinstance(what, Channel):
        return what.window, what.curve
    return what.style
