"""A scene on the device: its bricks in atlases, its page tables, its volumes and channels.

Bricks come from the finest level of each source that fits the budget. Which level that is, and which bricks are there,
only this module and the page tables know; shaders ask the page tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import TEXEL_BYTES, DenseIds, Encoding, StorageClass, encoding_for
from ..bricks.grid import BrickGrid
from ..bricks.loader import load_level
from ..errors import SourceError
from ..gpu.buffer import Buffer
from ..gpu.context import Context
from ..gpu.gl import GL
from ..gpu.texture import TextureBuffer
from ..scene.open import Progress, Scene, SceneLayer
from ..space import Matrix
from .atlas import PAGE_CONSTANT, Atlas
from .layout import CHANNEL, VOLUME

# Voxels a side of a macrocell. Small ones bound thin structures better; large volumes would have too many of them.
SMALL_CELL, CELL = 2, 4
# The majorants of so many channels of a cell lie side by side, so that one fetch gets them.
MAJORANT_LANES = 4
STORAGE_INDEX: dict[StorageClass, int] = {"r8": 0, "r16": 1, "labels": 2}
SMALL_BRICK, BRICK = 32, 64
SMALL_VOLUME = 160
SOFTWARE_BUDGET_BYTES = 768 << 20
HARDWARE_BUDGET_BYTES = 4 << 30


@dataclass(frozen=True)
class ResidentChannel:
    """Where a channel's parts are in the buffers; for labels `ids` maps dense ids back."""

    index: int
    layer: int
    channel: int
    storage: StorageClass
    encoding: Encoding | None
    page_base: int
    range_base: int
    majorant_base: int
    majorant_stride: int


@dataclass(frozen=True)
class ResidentVolume:
    """One layer's volume: which level is resident, how it is cut."""

    index: int
    layer: int
    level: int
    grid: BrickGrid
    cells: tuple[int, int, int]
    cell_base: int
    channels: tuple[ResidentChannel, ...]

    @property
    def n_cells(self) -> int:
        return math.prod(self.cells)


def unit_from_world(scene: Scene) -> Matrix:
    """Unit space: the scene's centre is 0 and its longest side 1, so that float32 suffices on the device."""
    matrix = np.eye(4)
    matrix[:3, :3] /= scene.box.largest
    matrix[:3, 3] = -scene.box.centre / scene.box.largest
    return matrix


def brick_payload(scene: Scene) -> int:
    """Small bricks for small volumes, where the rest of large ones would be empty."""
    largest = max(max(layer.source.info.levels[0].shape) for layer in scene.layers)
    return SMALL_BRICK if largest <= SMALL_VOLUME else BRICK


def _storage(layer: SceneLayer) -> StorageClass:
    if layer.source.info.kind == "labels":
        return "labels"
    return encoding_for(layer.source.info.dtype, 0.0, 1.0).storage


def level_bytes(layer: SceneLayer, level: int, payload: int) -> int:
    """What a level takes at most, with aprons, all channels."""
    info = layer.source.info
    grid = BrickGrid(info.levels[level].shape, payload)
    channels = 1 if info.kind == "labels" else len(info.channels)
    return grid.n_bricks * grid.slot**3 * TEXEL_BYTES[_storage(layer)] * channels


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


class ResidentScene:
    """Uploads a scene and holds what belongs to it on the device. Raises SourceError, GpuError."""

    def __init__(
        self,
        context: Context,
        scene: Scene,
        payload: int | None = None,
        budget_bytes: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.scene = scene
        self.payload = payload or brick_payload(scene)
        self.cell = SMALL_CELL if brick_payload(scene) == SMALL_BRICK else CELL
        budget = budget_bytes or (SOFTWARE_BUDGET_BYTES if context.info.software else HARDWARE_BUDGET_BYTES)
        self.levels = choose_levels(scene.layers, self.payload, budget)
        self.unit_from_world = unit_from_world(scene)
        self.dense_ids = [DenseIds() for _ in scene.layers]
        self.label_layers = [i for i, layer in enumerate(scene.layers) if layer.source.info.kind == "labels"]
        self.volumes = self._plan()
        self.channels = [channel for volume in self.volumes for channel in volume.channels]
        self.atlases = self._make_atlases(context)
        self.pages = np.zeros(max(1, self._n_pages), np.uint32)
        try:
            self._load(progress)
        except BaseException:
            self._close_atlases()
            raise
        self.page_buffer = Buffer.of(self.pages)
        self._page_texels = TextureBuffer(self.page_buffer, GL.GL_R32UI)
        self.volume_records = self._volume_records()
        self.volume_buffer = Buffer.of(self.volume_records)
        self.range_buffer = Buffer(4 * max(1, self.n_ranges))
        self.label_base = self._label_bases()

    # ---- plan ----

    def _plan(self) -> list[ResidentVolume]:
        volumes: list[ResidentVolume] = []
        pages = ranges = majorants = cells = channel_index = 0
        for layer_index, layer in enumerate(self.scene.layers):
            info = layer.source.info
            level = self.levels[layer_index]
            grid = BrickGrid(info.levels[level].shape, self.payload)
            nz, ny, nx = (-(-n // self.cell) for n in grid.shape)
            storage = _storage(layer)
            channels = []
            n_channels, n_cells = 1 if info.kind == "labels" else len(info.channels), nz * ny * nx
            stride = 1 if n_channels == 1 else MAJORANT_LANES
            for channel in range(n_channels):
                encoding = None
                if info.kind == "image":
                    encoding = encoding_for(info.dtype, *layer.stats[channel].stored_range)
                channels.append(ResidentChannel(
                    channel_index, layer_index, channel, storage, encoding, pages, ranges,
                    majorants + channel // stride * stride * n_cells + channel % stride, stride,
                ))  # fmt: skip
                channel_index += 1
                pages += grid.n_bricks
                ranges += n_cells
            volumes.append(ResidentVolume(len(volumes), layer_index, level, grid, (nz, ny, nx), cells, tuple(channels)))
            cells += n_cells
            majorants += -(-n_channels // stride) * stride * n_cells
            majorants += -majorants % MAJORANT_LANES
        self._n_pages, self.n_ranges, self.n_majorants, self.n_cells = pages, ranges, majorants, cells
        return volumes

    def _make_atlases(self, context: Context) -> dict[StorageClass, Atlas]:
        slots: dict[StorageClass, int] = {}
        for volume in self.volumes:
            for channel in volume.channels:
                slots[channel.storage] = slots.get(channel.storage, 0) + volume.grid.n_bricks
        limit = context.limits.texture_3d_px
        return {storage: Atlas(storage, count, self.payload + 2, limit) for storage, count in slots.items()}

    # ---- bricks ----

    def _load(self, progress: Progress | None) -> None:
        total, done = self._n_pages, 0
        for volume in self.volumes:
            layer = self.scene.layers[volume.layer]
            for channel in volume.channels:
                encode = channel.encoding.encode if channel.encoding else self.dense_ids[volume.layer].encode
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

    # ---- records ----

    def _volume_records(self) -> NDArray[np.void]:
        records = VOLUME.array(len(self.volumes))
        world_from_unit = np.linalg.inv(self.unit_from_world)
        for volume, record in zip(self.volumes, records, strict=True):
            level = self.scene.layers[volume.layer].source.info.levels[volume.level]
            grid_from_vox = np.eye(4)
            grid_from_vox[:3, 3] = 0.5
            grid_from_unit = grid_from_vox @ np.linalg.inv(level.world_from_vox) @ world_from_unit
            for row, name in enumerate(("grid_x", "grid_y", "grid_z")):
                record[name] = grid_from_unit[row]
            unit_from_grid = np.linalg.inv(grid_from_unit)
            for row, name in enumerate(("unit_x", "unit_y", "unit_z")):
                record[name] = unit_from_grid[row]
            nz, ny, nx = volume.grid.shape
            bz, by, bx = volume.grid.counts
            cz, cy, cx = volume.cells
            record["size"] = (
                nx,
                ny,
                nz,
                1 + self.label_layers.index(volume.layer) if volume.layer in self.label_layers else 0,
            )
            record["bricks"] = (bx, by, bz, volume.channels[0].index)
            record["cells"] = (cx, cy, cz, len(volume.channels))
            record["cell_base"] = volume.cell_base
            record["voxel_unit"] = min(level.spacing_um) / self.scene.box.largest
        return records

    def channel_records(self) -> NDArray[np.void]:
        """Records of all channels with what does not depend on how they look."""
        records = CHANNEL.array(len(self.channels))
        for channel, record in zip(self.channels, records, strict=True):
            record["page_base"] = channel.page_base
            record["range_base"] = channel.range_base
            record["majorant_base"] = channel.majorant_base
            record["majorant_stride"] = channel.majorant_stride
            if channel.storage == "labels":
                record["lut_base"] = self.label_base[channel.layer]
        return records

    def label_ids(self, packed: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """The 64-bit ids of labels as the film has them: 4 bits segmentation, 28 bits dense id; 0 where none is."""
        out = np.zeros(packed.shape, np.uint64)
        for number, layer in enumerate(self.label_layers):
            ids = self.dense_ids[layer].ids()
            mine = (packed >> 28 == number) & (packed != 0)
            out[mine] = ids[packed[mine] & 0x0FFFFFFF]
        return out

    def _label_bases(self) -> list[int]:
        """Where the colours of each layer's labels begin in a table of all of them; the last entry is its size."""
        counts = [len(ids) if index in self.label_layers else 0 for index, ids in enumerate(self.dense_ids)]
        return [0, *np.cumsum(counts).tolist()]

    # ---- binding ----

    def defines(self) -> dict[str, str | int]:
        """What shaders that look at voxels are compiled with."""
        defines: dict[str, str | int] = {
            "BRICK": self.payload,
            "BRICK_SHIFT": self.payload.bit_length() - 1,
            "SLOT": self.payload + 2,
            "CELL": self.cell,
        }
        storage = ", ".join(str(STORAGE_INDEX[channel.storage]) for channel in self.channels)
        if len({channel.storage for channel in self.channels}) == 1:
            defines["ONE_STORAGE"] = STORAGE_INDEX[self.channels[0].storage]
        defines.update(N_VOLUMES=len(self.volumes), N_CHANNELS=len(self.channels), CHANNEL_STORAGE=storage)
        for atlas in self.atlases.values():
            defines.update(atlas.defines())
        return defines

    def bind(self) -> None:
        self.volume_buffer.bind_uniform(1)  # as the scene lies; a view may bind its own
        self._page_texels.bind(9)
        for atlas in self.atlases.values():
            atlas.bind()

    def _close_atlases(self) -> None:
        for atlas in self.atlases.values():
            atlas.close()

    def close(self) -> None:
        self._close_atlases()
        self._page_texels.close()
        for buffer in (
            self.page_buffer, self.volume_buffer, self.range_buffer,
        ):  # fmt: skip
            buffer.close()
