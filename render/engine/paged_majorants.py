"""Majorants of the bricks of a paged scene: a block of 16^3 macrocells a node, for one view.

Ranges belong to the scene and are found when bricks come (engine.paged); majorants follow a view's transfer functions
and which of its labels are visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.gl import GL
from ..gpu.program import Program, ShaderSource
from ..gpu.texture import TextureBuffer
from .device_scene import DeviceChannel
from .layout import declarations
from .transfer import LUT_SIZE

if TYPE_CHECKING:
    from .paged_tables import PagedTables

NODES_A_DISPATCH = 128
Nodes = NDArray[np.integer]


class PagedMajorants:
    """The passes over the macrocells of nodes."""

    def __init__(self, scene: PagedTables) -> None:
        self._scene = scene
        generated = {"generated/layout.glsl": declarations()}
        defines = {**scene.defines(), "LUT_SIZE": LUT_SIZE, "MAX_LIGHTS": 1}
        self._cells = Program(ShaderSource("cells_paged.comp", defines, generated))
        n_cells = scene.tree.capacity * scene.cells_of_brick
        self.cell_buffer = Buffer(4 * n_cells)
        self._majorant_buffer = Buffer(16 * n_cells * scene.majorant_groups if scene.pages > 1 else 16)
        self._cell_texels = TextureBuffer(self.cell_buffer, GL.GL_R32UI)
        self._majorant_texels = TextureBuffer(self._majorant_buffer, GL.GL_RGBA32F)
        self._visible = np.zeros((scene.tree.capacity, scene.pages), np.uint32)
        self._visible_buffer = Buffer.of(self._visible)
        self._todo = Buffer(4 * NODES_A_DISPATCH)

    def find_ranges(self, channels: Buffer) -> None:
        """The scene has them."""

    def labels_changed(self, layer: int, alpha: NDArray[np.uint8]) -> None:
        """Other labels of a layer are visible; `alpha` by dense id. `update` follows."""
        tree = self._scene.tree
        volume = next(volume for volume in self._scene.volumes if volume.layer == layer)
        nodes = np.flatnonzero(tree.alive & (tree.volume == volume.index))
        self._see(nodes, {layer: alpha})

    def update(
        self, volume: int, stale: list[DeviceChannel], channels: Buffer, tables: Buffer, largest: bool = False
    ) -> None:
        """Majorants of all nodes of a volume by `tables` and the weights in `channels`."""
        tree = self._scene.tree
        self._run(np.flatnonzero(tree.alive & (tree.volume == volume)), volume, channels, tables, largest)

    def update_nodes(
        self,
        nodes: Nodes,
        alpha: Mapping[int, NDArray[np.uint8]],
        channels: Buffer,
        tables: Buffer,
        largest: bool,
    ) -> None:
        """Majorants of nodes whose bricks have just come; `alpha` as in `labels_changed` by layer."""
        tree = self._scene.tree
        nodes = nodes[tree.alive[nodes]]
        self._see(nodes, alpha)
        for volume in np.unique(tree.volume[nodes]).tolist():
            self._run(nodes[tree.volume[nodes] == volume], volume, channels, tables, largest)

    def _see(self, nodes: Nodes, alpha: Mapping[int, NDArray[np.uint8]]) -> None:
        """Which of the 32 bits of each node stand for labels that are visible (lib/label_bits.glsl)."""
        volumes = self._scene.volumes
        changed = False
        for node in nodes.tolist():
            volume = volumes[int(self._scene.tree.volume[node])]
            if volume.layer in alpha:
                self._visible[node, 0] = visible_bits(self._scene.ids_of(node), alpha[volume.layer])
                changed = True
        if changed:
            self._visible_buffer.write(self._visible)

    def _run(self, nodes: Nodes, volume: int, channels: Buffer, tables: Buffer, largest: bool) -> None:
        self.bind()
        self._scene.bind()
        self._scene.range_buffer.bind(8)
        channels.bind_uniform(2)
        tables.bind(9)
        self._visible_buffer.bind(10)
        self._todo.bind(0)
        self._cells.set(volume=volume, largest_wins=int(largest))
        for first in range(0, len(nodes), NODES_A_DISPATCH):
            some = nodes[first : first + NODES_A_DISPATCH].astype(np.uint32)
            self._todo.write(some)
            self._cells.dispatch(len(some))

    def bind(self) -> None:
        self.cell_buffer.bind(5)
        self._majorant_buffer.bind(12)
        self._cell_texels.bind(11)
        self._majorant_texels.bind(12)

    @property
    def device_bytes(self) -> int:
        buffers = (self.cell_buffer, self._majorant_buffer, self._visible_buffer)
        return sum(buffer.size_bytes for buffer in buffers)

    def close(self) -> None:
        self._cells.close()
        self._cell_texels.close()
        self._majorant_texels.close()
        for buffer in (self.cell_buffer, self._majorant_buffer, self._visible_buffer, self._todo):
            buffer.close()


def visible_bits(ids: NDArray[np.uint32], alpha: NDArray[np.uint8]) -> int:
    """The OR of the bits of those of the dense `ids` whose alpha is above 0. Ids without alpha yet count as visible."""
    known = ids < len(alpha)
    shown = ids[~known | (alpha[np.where(known, ids, 0)] > 0)]
    shown = shown[shown > 0]
    bits = np.uint32(1) << ((shown * np.uint32(2654435761)) >> np.uint32(27))
    return int(np.bitwise_or.reduce(bits, initial=np.uint32(0)))
