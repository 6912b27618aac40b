"""A scene that is on the device whole: its bricks in atlases, its page tables, its volumes and channels.

Bricks come from the finest level of each source. Scenes too large for that are paged (engine.paged).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..bricks.encoding import TEXEL_BYTES, StorageClass
from ..bricks.grid import BrickGrid
from ..bricks.loader import load_level
from ..errors import SourceError
from ..gpu.buffer import Buffer
from ..gpu.context import Context
from ..scene.open import Progress, Scene, SceneLayer
from .atlas import PAGE_CONSTANT, Atlas
from .device_scene import (
    MAJORANT_LANES,
    DeviceChannel,
    DeviceScene,
    DeviceVolume,
    encoding_of,
    n_channels_of,
    storage_of,
)
from .majorants import Majorants

# Voxels a side of a macrocell. Small ones bound thin structures better; large volumes would have too many of them.
SMALL_CELL, CELL = 2, 4
SMALL_BRICK, BRICK = 32, 64
SMALL_VOLUME = 160
SOFTWARE_BUDGET_BYTES = 768 << 20
HARDWARE_BUDGET_BYTES = 4 << 30


@dataclass(frozen=True)
class ResidentVolume(DeviceVolume):
    """One layer's volume: which level is resident, how it is cut."""

    cells: tuple[int, int, int]
    cell_base: int

    @property
    def n_cells(self) -> int:
        return math.prod(self.cells)


def brick_payload(scene: Scene) -> int:
    """Small bricks for small volumes, where the rest of large ones would be empty."""
    largest = max(max(layer.source.info.levels[0].shape) for layer in scene.layers)
    return SMALL_BRICK if largest <= SMALL_VOLUME else BRICK


def level_bytes(layer: SceneLayer, level: int, payload: int) -> int:
    """What a level takes at most, with aprons, all channels."""
    grid = BrickGrid(layer.source.info.levels[level].shape, payload)
    return grid.n_bricks * grid.slot**3 * TEXEL_BYTES[storage_of(layer)] * n_channels_of(layer)


def choose_levels(layers: Sequence[SceneLayer], payload: int, budget_bytes: int) -> list[int]:
    """The finest level of each layer such that all fit the budget: the largest layer is coarsened first.

    Raises SourceError when even the coarsest levels do not fit.
    """
    levels = [0] * len(layers)
    while True:
        sizes = [level_bytes(layer, level, payload) for layer, level in zip(layers, levels, strict=True)]
        if sum(sizes) <= budget_bytes:
            return levels
        coarser = [i for i, layer in enumerate(layers) if levels[i] + 1 < len(layer.source.info.levels)]
        if not coarser:
            raise SourceError(
                f"the coarsest levels need {sum(sizes) / 2**20:.0f} MiB and the budget is "
                f"{budget_bytes / 2**20:.0f} MiB; show fewer volumes, or ones with smaller levels"
            )
        levels[max(coarser, key=lambda i: sizes[i])] += 1


class ResidentScene(DeviceScene):
    """Uploads a scene and holds what belongs to it on the device. Raises SourceError, GpuError."""

    paged = False
    apron = 1

    def __init__(
        self,
        context: Context,
        scene: Scene,
        payload: int | None = None,
        budget_bytes: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(scene)
        self.payload = payload or brick_payload(scene)
        self.cell = SMALL_CELL if brick_payload(scene) == SMALL_BRICK else CELL
        budget = budget_bytes or (SOFTWARE_BUDGET_BYTES if context.info.software else HARDWARE_BUDGET_BYTES)
        self.levels = choose_levels(scene.layers, self.payload, budget)
        self.whole_volumes = self._plan()
        self.volumes = list(self.whole_volumes)
        self.atlases = self._make_atlases(context)
        self.pages = np.zeros(max(1, self._n_pages), np.uint32)
        try:
            self._load(progress)
        except BaseException:
            self._close_atlases()
            raise
        self.page_buffer = Buffer.of(self.pages)
        self.range_buffer = Buffer(4 * max(1, self.n_ranges))
        self._finish_buffers()

    def majorants(self) -> Majorants:
        return Majorants(self)

    # ---- plan ----

    def _plan(self) -> list[ResidentVolume]:
        volumes: list[ResidentVolume] = []
        pages = ranges = majorants = cells = channel_index = 0
        for layer_index, layer in enumerate(self.scene.layers):
            level = self.levels[layer_index]
            grid = BrickGrid(layer.source.info.levels[level].shape, self.payload)
            nz, ny, nx = (-(-n // self.cell) for n in grid.shape)
            channels = []
            n_channels, n_cells = n_channels_of(layer), nz * ny * nx
            stride = 1 if n_channels == 1 else MAJORANT_LANES
            for channel in range(n_channels):
                channels.append(DeviceChannel(
                    channel_index, layer_index, channel, storage_of(layer), encoding_of(layer, channel), pages, ranges,
                    majorants + channel // stride * stride * n_cells + channel % stride, stride,
                ))  # fmt: skip
                channel_index += 1
                pages += grid.n_bricks
                ranges += n_cells
            volumes.append(ResidentVolume(len(volumes), layer_index, level, grid, tuple(channels), (nz, ny, nx), cells))
            cells += n_cells
            majorants += -(-n_channels // stride) * stride * n_cells
            majorants += -majorants % MAJORANT_LANES
        self._n_pages, self.n_ranges, self.n_majorants, self.n_cells = pages, ranges, majorants, cells
        return volumes

    def _make_atlases(self, context: Context) -> dict[StorageClass, Atlas]:
        slots: dict[StorageClass, int] = {}
        for volume in self.whole_volumes:
            for channel in volume.channels:
                slots[channel.storage] = slots.get(channel.storage, 0) + volume.grid.n_bricks
        return {storage: Atlas(context, storage, count, self.payload + 2) for storage, count in slots.items()}

    # ---- bricks ----

    def _load(self, progress: Progress | None) -> None:
        total, done = self._n_pages, 0
        for volume in self.whole_volumes:
            layer = self.scene.layers[volume.layer]
            for channel in volume.channels:
                encode = self.encoder(volume.layer, channel.channel)
                atlas = self.atlases[channel.storage]
                bricks = load_level(layer.source, volume.level, channel.channel, 0, volume.grid, encode)
                for loaded in bricks:
                    entry = PAGE_CONSTANT | loaded.constant
                    if loaded.texels is not None:
                        entry = atlas.add(loaded.texels)
                    self.pages[channel.page_base + volume.grid.index(loaded.brick)] = entry
                    done += 1
                    if progress:
                        progress("loading bricks", done, total)

    def _set_record(self, record: np.void, volume: DeviceVolume) -> None:
        whole = self.whole_volumes[volume.index]
        bz, by, bx = volume.grid.counts
        cz, cy, cx = whole.cells
        record["bricks"] = (bx, by, bz, volume.channels[0].index)
        record["cells"] = (cx, cy, cz, len(volume.channels))
        record["cell_base"] = whole.cell_base
