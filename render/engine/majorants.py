"""Majorants of macrocells: ranges once when bricks arrive, majorants and distances when a transfer function changes.

The ranges belong to the scene; the majorants, in `cell_buffer`, to one view of it: they follow its transfer functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..gpu.buffer import Buffer
from ..gpu.gl import GL
from ..gpu.program import Program, ShaderSource
from ..gpu.texture import TextureBuffer
from .device_scene import DeviceChannel
from .layout import declarations
from .transfer import LUT_SIZE

if TYPE_CHECKING:
    from .resident import ResidentScene, ResidentVolume

REACH = 16
_GROUP = 64
# One dispatch stays short on any device: a quarter of a million cells.
_CELLS_A_DISPATCH = 4096 * _GROUP


class Majorants:
    """The passes over the macrocells of a resident scene."""

    def __init__(self, resident: ResidentScene) -> None:
        self._resident = resident
        generated = {"generated/layout.glsl": declarations()}
        defines = {**resident.defines(), "LUT_SIZE": LUT_SIZE, "REACH": REACH, "MAX_LIGHTS": 1}
        self._ranges = Program(ShaderSource("ranges.comp", defines, generated))
        self._majorants = Program(ShaderSource("majorants.comp", defines, generated))
        self._cells = Program(ShaderSource("cells.comp", defines, generated))
        self._distance = Program(ShaderSource("distance.comp", defines, generated))
        largest = max(volume.n_cells for volume in resident.whole_volumes)
        self._scratch = Buffer(4 * largest)
        self.cell_buffer = Buffer(4 * max(1, resident.n_cells))
        self._majorant_buffer = Buffer(4 * max(1, resident.n_majorants))
        self._cell_texels = TextureBuffer(self.cell_buffer, GL.GL_R32UI)
        self._majorant_texels = TextureBuffer(self._majorant_buffer, GL.GL_RGBA32F)

    def find_ranges(self, channels: Buffer) -> None:
        """Read all resident texels once. Call after bricks changed."""
        self._resident.bind()
        channels.bind_uniform(2)
        self._resident.range_buffer.bind(8)
        for volume in self._resident.whole_volumes:
            for channel in volume.channels:
                self._ranges.set(volume=volume.index, channel=channel.index)
                self._over_cells(self._ranges, volume)

    def update(
        self,
        number: int,
        stale: Sequence[DeviceChannel],
        channels: Buffer,
        tables: Buffer,
        largest: bool = False,
    ) -> None:
        """Majorants of the `stale` channels of volume `number` by `tables` (transfer.max_table), then its cells and
        distances by the weights in `channels`: the sum over the channels or, with `largest`, the largest of them.
        """
        volume = self._resident.whole_volumes[number]
        self.bind()
        self._resident.bind()
        self._resident.range_buffer.bind(8)
        channels.bind_uniform(2)
        tables.bind(9)
        self._scratch.bind(10)
        for channel in stale:
            self._majorants.set(volume=volume.index, channel=channel.index)
            self._over_cells(self._majorants, volume)
        for program in (self._cells, self._distance):
            program.set(volume=volume.index)
        self._cells.set(largest=int(largest))
        self._over_cells(self._cells, volume)
        for axis in range(3):
            self._distance.set(axis=axis)
            self._over_cells(self._distance, volume)
        base, size = 4 * volume.cell_base, 4 * volume.n_cells
        GL.glCopyNamedBufferSubData(self._scratch.id, self.cell_buffer.id, 0, base, size)
        GL.glMemoryBarrier(GL.GL_ALL_BARRIER_BITS)

    def bind(self) -> None:
        self.cell_buffer.bind(5)
        self._majorant_buffer.bind(12)
        self._cell_texels.bind(11)
        self._majorant_texels.bind(12)

    def _over_cells(self, program: Program, volume: ResidentVolume) -> None:
        for first in range(0, volume.n_cells, _CELLS_A_DISPATCH):
            count = min(_CELLS_A_DISPATCH, volume.n_cells - first)
            program.set(first_cell=first)
            program.dispatch(-(-count // _GROUP))

    def close(self) -> None:
        for program in (self._ranges, self._majorants, self._cells, self._distance):
            program.close()
        self._cell_texels.close()
        self._majorant_texels.close()
        self._scratch.close()
        self.cell_buffer.close()
        self._majorant_buffer.close()
