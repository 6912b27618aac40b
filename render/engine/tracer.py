"""The passes that put samples into an accumulator: the path tracer and the other modes, one program each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..state.rendering import Mode
from .accumulator import Accumulator
from .layout import CUT, PARAMS, declarations
from .look import Look
from .modes import shader_of
from .resident import ResidentScene
from .slices import PLANES_BINDING, planes_declaration, planes_dtype
from .transfer import LUT_SIZE

_GROUP = 8


class Tracer:
    """Compiled for one resident scene, each mode when it is first drawn.

    `mode`, when it is given, is drawn whatever set_mode says (tests). `count_violations` compiles in the check that
    majorants bound (tests).
    """

    def __init__(
        self, resident: ResidentScene, look: Look, mode: Mode | None = None, count_violations: bool = False
    ) -> None:
        self._resident, self._look = resident, look
        self._only: Mode | None = mode
        self.mode: Mode = mode or "path"
        self._defines: dict[str, str | int] = {**resident.defines(), "LUT_SIZE": LUT_SIZE}
        if count_violations:
            self._defines["COUNT_VIOLATIONS"] = 1
        self._programs: dict[Mode, Program] = {}
        self._params = Buffer(PARAMS.dtype.itemsize)
        self._cuts = Buffer(CUT.dtype.itemsize * len(resident.volumes))
        self._planes = Buffer(planes_dtype(len(resident.channels)).itemsize)
        self._violations = Buffer(16)

    def _program(self, mode: Mode) -> Program:
        if mode not in self._programs:
            name, defines = shader_of(mode)
            generated = {
                "generated/layout.glsl": declarations(),
                "generated/candidates.glsl": _candidates(self._resident),
                "generated/planes.glsl": planes_declaration(self._resident.scene),
            }
            self._programs[mode] = Program(ShaderSource(name, {**self._defines, **defines}, generated))
        return self._programs[mode]

    def set_mode(self, mode: Mode, planes: NDArray[Any]) -> None:
        """The mode of the next draws, and slices.planes_record."""
        self.mode = self._only or mode
        self._planes.write(planes)

    def set_params(self, record: NDArray[Any], cuts: NDArray[Any]) -> None:
        """What the next draws show: uniforms.params and uniforms.cuts."""
        self._params.write(record)
        self._cuts.write(cuts)

    def draw(self, accumulator: Accumulator, tile: tuple[int, int, int, int], first_sample: int, samples: int) -> None:
        """Add `samples` samples to a tile (x, y, width, height) of the window. Sample 0 starts the sum anew."""
        program = self._program(self.mode)
        self._resident.bind()
        self._resident.range_buffer.bind(8)
        self._params.bind_uniform(0)
        self._cuts.bind_uniform(3)
        self._planes.bind_uniform(PLANES_BINDING)
        self._look.bind()
        self._violations.bind(7)
        accumulator.bind()
        program.set(tile=tile, samples=samples)
        program.set_uint(first_sample=first_sample)
        program.dispatch(-(-tile[2] // _GROUP), -(-tile[3] // _GROUP))

    def violations(self) -> tuple[int, int]:
        """(collisions above the majorant, tentative collisions) so far; needs `count_violations`."""
        counts = self._violations.read(np.uint32, 2)
        return int(counts[0]), int(counts[1])

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
        self._params.close()
        self._cuts.close()
        self._planes.close()
        self._violations.close()


def _candidates(resident: ResidentScene) -> str:
    """The body of candidate_channel (shaders/lib/majorant.glsl), written out for the scene.

    Channels and volumes are constants in it: a load at a constant place costs a software device a fraction of a gather.
    """
    lines = []
    for volume in resident.volumes:
        lines.append(f"    if (v == {volume.index}) {{")
        for channel in volume.channels:
            c = channel.index
            lines += [
                f"        majorant = channels[{c}].weight * majorants[channels[{c}].range_base + index];",
                f"        if (pick < majorant) return {c};",
                "        pick -= majorant;",
            ]
        lines.append("    }")
    return "\n".join(lines) + "\n"
