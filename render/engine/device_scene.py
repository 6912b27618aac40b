"""What a scene on the device is to those that draw it, whether its bricks are all there or come as they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import TEXEL_BYTES, DenseIds, Encoding, StorageClass, encoding_for
from ..bricks.grid import BrickGrid
from ..gpu.buffer import Buffer
from ..gpu.gl import GL
from ..gpu.texture import TextureBuffer
from ..scene.open import Scene, SceneLayer
from ..source.base import Level
from ..space import Matrix
from .atlas import Atlas
from .layout import CHANNEL, VOLUME

STORAGE_INDEX: dict[StorageClass, int] = {"r8": 0, "r16": 1, "labels": 2}
# The majorants of so many channels of a cell lie side by side, so that one fetch gets them.
MAJORANT_LANES = 4


@dataclass(frozen=True)
class DeviceChannel:
    """Where a channel's parts are in the buffers; for labels the layer's `dense_ids` map dense ids back.

    Of paged volumes `page_base` is the channel's number in its volume, and the other bases are 0.
    """

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
class DeviceVolume:
    """One layer's volume; `level` is the finest level that is drawn."""

    index: int
    layer: int
    level: int
    grid: BrickGrid
    channels: tuple[DeviceChannel, ...]


class MajorantPasses(Protocol):
    """Keeps the majorants of one view of the scene."""

    def find_ranges(self, channels: Buffer) -> None: ...

    def update(
        self, volume: int, stale: list[DeviceChannel], channels: Buffer, tables: Buffer, largest: bool = False
    ) -> None: ...

    def bind(self) -> None: ...

    def close(self) -> None: ...


def unit_from_world(scene: Scene) -> Matrix:
    """Unit space: the scene's centre is 0 and its longest side 1, so that float32 suffices on the device."""
    matrix = np.eye(4)
    matrix[:3, :3] /= scene.box.largest
    matrix[:3, 3] = -scene.box.centre / scene.box.largest
    return matrix


def storage_of(layer: SceneLayer) -> StorageClass:
    if layer.source.info.kind == "labels":
        return "labels"
    return encoding_for(layer.source.info.dtype, 0.0, 1.0).storage


def n_channels_of(layer: SceneLayer) -> int:
    """Segmentations have one, whatever the file says."""
    return 1 if layer.source.info.kind == "labels" else len(layer.source.info.channels)


def encoding_of(layer: SceneLayer, channel: int) -> Encoding | None:
    """How values become texels; None for labels."""
    info = layer.source.info
    return encoding_for(info.dtype, *layer.stats[channel].stored_range) if info.kind == "image" else None


class DeviceScene(ABC):
    """A scene's volumes and channels on the device. Subclasses bring the bricks there."""

    paged: bool
    payload: int
    cell: int
    apron: int
    levels: list[int]
    volumes: list[DeviceVolume]
    atlases: dict[StorageClass, Atlas]
    range_buffer: Buffer
    page_buffer: Buffer
    volume_buffer: Buffer
    volume_records: NDArray[np.void]

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.unit_from_world = unit_from_world(scene)
        self.dense_ids = [DenseIds() for _ in scene.layers]
        self.label_layers = [i for i, layer in enumerate(scene.layers) if layer.source.info.kind == "labels"]

    @property
    def channels(self) -> list[DeviceChannel]:
        return [channel for volume in self.volumes for channel in volume.channels]

    @abstractmethod
    def majorants(self) -> MajorantPasses:
        """The majorants of a new view."""

    # ---- records ----

    def _finish_buffers(self) -> None:
        """Once the volumes are planned and there are pages: the buffers that all kinds of scenes have."""
        self._page_texels = TextureBuffer(self.page_buffer, GL.GL_R32UI)
        self.volume_records = VOLUME.array(len(self.volumes))
        for volume, record in zip(self.volumes, self.volume_records, strict=True):
            level = self.scene.layers[volume.layer].source.info.levels[volume.level]
            self._place_volume(record, level, volume)
            self._set_record(record, volume)
        self.volume_buffer = Buffer.of(self.volume_records)

    def _place_volume(self, record: np.void, level: Level, volume: DeviceVolume) -> None:
        grid_from_vox = np.eye(4)
        grid_from_vox[:3, 3] = 0.5
        grid_from_unit = grid_from_vox @ np.linalg.inv(level.world_from_vox) @ np.linalg.inv(self.unit_from_world)
        unit_from_grid = np.linalg.inv(grid_from_unit)
        for row, axis in enumerate("xyz"):
            record[f"grid_{axis}"] = grid_from_unit[row]
            record[f"unit_{axis}"] = unit_from_grid[row]
        nz, ny, nx = level.shape
        labels = 1 + self.label_layers.index(volume.layer) if volume.layer in self.label_layers else 0
        record["size"] = (nx, ny, nz, labels)
        record["voxel_unit"] = min(level.spacing_um) / self.scene.box.largest

    @abstractmethod
    def _set_record(self, record: np.void, volume: DeviceVolume) -> None:
        """What else a Volume record says."""

    def channel_records(self) -> NDArray[np.void]:
        """Records of all channels with what does not depend on how they look."""
        records = CHANNEL.array(len(self.channels))
        for channel, record in zip(self.channels, records, strict=True):
            record["page_base"] = channel.page_base
            record["range_base"] = channel.range_base
            record["majorant_base"] = channel.majorant_base
            record["majorant_stride"] = channel.majorant_stride
        return records

    # ---- labels ----

    def label_ids(self, packed: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """The 64-bit ids of labels as the film has them: 4 bits segmentation, 28 bits dense id; 0 where none is."""
        out = np.zeros(packed.shape, np.uint64)
        for number, layer in enumerate(self.label_layers):
            ids = self.dense_ids[layer].ids()
            mine = (packed >> 28 == number) & (packed != 0)
            out[mine] = ids[packed[mine] & 0x0FFFFFFF]
        return out

    def encoder(self, layer: int, channel: int) -> Callable[[NDArray[np.generic]], NDArray[np.generic]]:
        """From voxels to texels."""
        encoding = encoding_of(self.scene.layers[layer], channel)
        return encoding.encode if encoding else self.dense_ids[layer].encode

    # ---- binding ----

    def defines(self) -> dict[str, str | int]:
        """What shaders that look at voxels are compiled with."""
        storage = ", ".join(str(STORAGE_INDEX[channel.storage]) for channel in self.channels)
        defines: dict[str, str | int] = {
            "BRICK": self.payload,
            "BRICK_SHIFT": self.payload.bit_length() - 1,
            "SLOT": self.payload + 2 * self.apron,
            "APRON": self.apron,
            "CELL": self.cell,
            "N_VOLUMES": len(self.volumes),
            "N_CHANNELS": len(self.channels),
            "CHANNEL_STORAGE": storage,
        }
        if len({channel.storage for channel in self.channels}) == 1:
            defines["ONE_STORAGE"] = STORAGE_INDEX[self.channels[0].storage]
        for atlas in self.atlases.values():
            defines.update(atlas.defines())
        return defines

    def bind(self) -> None:
        self.volume_buffer.bind_uniform(1)  # as the scene lies; a view may bind its own
        self._page_texels.bind(9)
        for atlas in self.atlases.values():
            atlas.bind()

    @property
    def device_bytes(self) -> int:
        """What the scene itself takes on the device, without the views of it."""
        atlases = sum(
            int(np.prod(atlas.texture.shape, dtype=np.int64)) * TEXEL_BYTES[storage]
            for storage, atlas in self.atlases.items()
        )
        return atlases + sum(b.size_bytes for b in (self.page_buffer, self.range_buffer, self.volume_buffer))

    @property
    def n_bricks(self) -> int:
        """How many bricks are on the device."""
        return sum(atlas.used for atlas in self.atlases.values())

    def _close_atlases(self) -> None:
        for atlas in self.atlases.values():
            atlas.close()

    def close(self) -> None:
        self._close_atlases()
        self._page_texels.close()
        for buffer in (self.page_buffer, self.volume_buffer, self.range_buffer):
            buffer.close()
