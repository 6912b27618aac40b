"""The tables of a paged scene on the device: how its budget is shared out, its levels, nodes, pages and ranges."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import TEXEL_BYTES, StorageClass
from ..bricks.tree import NodeTree, stages_of
from ..gpu.buffer import Buffer
from ..gpu.context import Context
from ..gpu.gl import GL
from ..gpu.program import Program, ShaderSource
from ..gpu.texture import TextureBuffer
from ..scene.open import Scene
from .atlas import PAGE_ABSENT, Atlas
from .device_scene import (
    MAJORANT_LANES,
    DeviceChannel,
    DeviceScene,
    DeviceVolume,
    encoding_of,
    n_channels_of,
    storage_of,
)
from .layout import LEVEL, declarations
from .paged_majorants import PagedMajorants
from .resident import HARDWARE_BUDGET_BYTES, SOFTWARE_BUDGET_BYTES
from .transfer import LUT_SIZE

LEVELS_STEP = 16
CELLS = 16  # macrocells a side of a brick
APRON = 2
FLAT_SHARE = 1.5
"""Nodes there is room for, for each that could have all its bricks in slots: bricks of one value take none."""
RANGES_A_DISPATCH = 64


class PagedTables(DeviceScene):
    """Room for the nodes of a scene, and what shaders know of them; it is empty. Raises GpuError, LimitError."""

    paged = True
    apron = APRON

    def __init__(self, context: Context, scene: Scene, payload: int, budget_bytes: int | None) -> None:
        super().__init__(scene)
        self.payload, self.cell = payload, max(1, payload // CELLS)
        self.stages = [stages_of(layer.source.info, payload, APRON) for layer in scene.layers]
        self.volumes = self._plan()
        self.levels = [0] * len(self.volumes)
        self.pages = max(len(volume.channels) for volume in self.volumes)
        self.majorant_groups = -(-self.pages // MAJORANT_LANES)
        self.cells_of_brick = CELLS**3
        budget = budget_bytes or (SOFTWARE_BUDGET_BYTES if context.info.software else HARDWARE_BUDGET_BYTES)
        capacity, slots = self._share_out(context, budget)
        self.tree = NodeTree(self.stages, self.pages, capacity)
        self.atlases = {storage: Atlas(context, storage, n, payload + 2 * APRON) for storage, n in slots.items()}
        self._page_table = np.full((capacity, self.pages), PAGE_ABSENT, np.uint32)
        self._make_buffers()

    @abstractmethod
    def ids_of(self, node: int) -> NDArray[np.uint32]:
        """The dense ids in a node of a segmentation."""

    def majorants(self) -> PagedMajorants:
        return PagedMajorants(self)

    # ---- plan ----

    def _plan(self) -> list[DeviceVolume]:
        volumes: list[DeviceVolume] = []
        index = 0
        for number, layer in enumerate(self.scene.layers):
            n = n_channels_of(layer)
            stride = 1 if n == 1 else MAJORANT_LANES
            channels = tuple(
                DeviceChannel(index + i, number, i, storage_of(layer), encoding_of(layer, i), i, 0, 0, stride)
                for i in range(n)
            )
            volumes.append(DeviceVolume(number, number, 0, self.stages[number][0].grid, channels))
            index += n
        return volumes

    def _share_out(self, context: Context, budget_bytes: int) -> tuple[int, dict[StorageClass, int]]:
        """How many nodes and how many slots of each atlas the budget allows, and the device's buffers."""
        slot_texels = (self.payload + 2 * APRON) ** 3
        of_cell = 4 * (1 + self.pages) + (16 * self.majorant_groups if self.pages > 1 else 0)
        per_node = FLAT_SHARE * of_cell * self.cells_of_brick
        slots: dict[StorageClass, int] = {}
        for channel in self.channels:
            slots[channel.storage] = slots.get(channel.storage, 0) + 1
        per_round = per_node * len(self.volumes)
        per_round += sum(slot_texels * TEXEL_BYTES[storage] * n for storage, n in slots.items())
        widest = (
            4 * self.cells_of_brick * max(self.pages, MAJORANT_LANES * self.majorant_groups if self.pages > 1 else 1)
        )
        most_nodes = context.limits.storage_block_bytes // widest
        rounds = max(1, min(int(budget_bytes // per_round), int(most_nodes / FLAT_SHARE) // len(self.volumes)))
        tops = sum(stages[-1].grid.n_bricks for stages in self.stages)
        capacity = max(int(FLAT_SHARE * rounds * len(self.volumes)), tops)
        top_slots = {
            storage: sum(self.stages[c.layer][-1].grid.n_bricks for c in self.channels if c.storage == storage)
            for storage in slots
        }
        return capacity, {storage: max(rounds * n, top_slots[storage]) for storage, n in slots.items()}

    def _make_buffers(self) -> None:
        tree = self.tree
        self.page_buffer = Buffer.of(self._page_table)
        self.range_buffer = Buffer(4 * tree.capacity * self.pages * self.cells_of_brick)
        self._children = np.zeros((tree.capacity, tree.n_children), np.uint32)
        self._child_buffer = Buffer.of(self._children)
        self._child_texels = TextureBuffer(self._child_buffer, GL.GL_R32UI)
        self._level_buffer = Buffer.of(self._level_records())
        self._finish_buffers()
        defines = {**self.defines(), "LUT_SIZE": LUT_SIZE, "MAX_LIGHTS": 1}
        generated = {"generated/layout.glsl": declarations()}
        self._ranges = Program(ShaderSource("ranges_paged.comp", defines, generated))
        self._todo = Buffer(8 * RANGES_A_DISPATCH)
        self._static_channels = Buffer.of(self.channel_records())

    @property
    def _n_levels(self) -> int:
        """Of all volumes, rounded up: so that a program that was compiled for another scene will often do."""
        return -(-sum(len(stages) for stages in self.stages) // LEVELS_STEP) * LEVELS_STEP

    def _level_records(self) -> NDArray[np.void]:
        records = LEVEL.array(self._n_levels)
        place = 0
        for volume, stages in zip(self.volumes, self.stages, strict=True):
            info = self.scene.layers[volume.layer].source.info
            for stage in stages:
                record = records[place]
                record["scale"][:3] = [2.0**-s for s in stage.shift[::-1]]
                record["scale"][3] = min(stage.spacing_um) / self.scene.box.largest
                record["offset"][:3] = stage.offset[::-1]
                record["shift"][:3] = stage.shift[::-1]
                record["size"][:3] = info.levels[stage.level].shape[::-1]
                place += 1
        return records

    def _set_record(self, record: np.void, volume: DeviceVolume) -> None:
        stages = self.stages[volume.index]
        bz, by, bx = stages[-1].grid.counts
        first_level = sum(len(before) for before in self.stages[: volume.index])
        record["bricks"] = (bx, by, bz, volume.channels[0].index)
        record["cells"] = (0, 0, 0, len(volume.channels))
        record["paged"] = (first_level, self.tree.top_base[volume.index], len(stages) - 1, 0)

    def _find_ranges(self, nodes: Sequence[int]) -> None:
        pairs = [
            (node, channel.index)
            for node in nodes
            for channel in self.volumes[int(self.tree.volume[node])].channels
            if self.tree.present[node, channel.channel]
        ]
        self.bind()
        self.range_buffer.bind(8)
        self._static_channels.bind_uniform(2)
        self._todo.bind(0)
        for first in range(0, len(pairs), RANGES_A_DISPATCH):
            some = np.array(pairs[first : first + RANGES_A_DISPATCH], np.uint32)
            self._todo.write(some)
            self._ranges.dispatch(len(some))

    # ---- binding ----

    def defines(self) -> dict[str, str | int]:
        return {
            **super().defines(),
            "PAGED": 1,
            "PAGES": self.pages,
            "MAJORANT_GROUPS": self.majorant_groups,
            "CHILDREN": self.tree.n_children,
            "FEEDBACK_WORDS": self.feedback_words,
            "N_LEVELS": self._n_levels,
        }

    @property
    def feedback_words(self) -> int:
        """Words of feedback a node: whether it was met, which children are wanted, which of those for matter."""
        return 1 + 2 * (-(-self.tree.n_children // 32))

    def bind(self) -> None:
        super().bind()
        self._level_buffer.bind_uniform(7)
        self._child_texels.bind(13)

    @property
    def device_bytes(self) -> int:
        return super().device_bytes + self._child_buffer.size_bytes

    def close(self) -> None:
        self._ranges.close()
        self._child_texels.close()
        for buffer in (self._child_buffer, self._level_buffer, self._todo, self._static_channels):
            buffer.close()
        super().close()
