"""The passes that put samples into an accumulator: the path tracer and the plain ray march."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from .accumulator import Accumulator
from .layout import CUT, PARAMS, declarations
from .look import Look
from .resident import ResidentScene
from .transfer import LUT_SIZE

Mode = Literal["path", "march"]
_SHADERS: dict[Mode, str] = {"path": "pathtrace.comp", "march": "march.comp"}
_GROUP = 8


class Tracer:
    """Compiled for one resident scene. `count_violations` compiles in the check that majorants bound (tests)."""

    def __init__(
        self, resident: ResidentScene, look: Look, mode: Mode = "path", count_violations: bool = False
    ) -> None:
        self._resident, self._look = resident, look
        defines: dict[str, str | int] = {**resident.defines(), "LUT_SIZE": LUT_SIZE}
        if count_violations:
            defines["COUNT_VIOLATIONS"] = 1
        source = ShaderSource(
            _SHADERS[mode],
            defines,
            {"generated/layout.glsl": declarations(), "generated/candidates.glsl": _candidates(resident)},
        )
        self._program = Program(source)
        self._params = Buffer(PARAMS.dtype.itemsize)
        self._cuts = Buffer(CUT.dtype.itemsize * len(resident.volumes))
        self._violations = Buffer(16)

    def set_params(self, record: NDArray[Any], cuts: NDArray[Any]) -> None:
        """What the next draws show: uniforms.params and uniforms.cuts."""
        self._params.write(record)
        self._cuts.write(cuts)

    def draw(self, accumulator: Accumulator, tile: tuple[int, int, int, int], first_sample: int, samples: int) -> None:
        """Add `samples` samples to a tile (x, y, width, height) of the window. Sample 0 starts the sum anew."""
        self._resident.bind()
        self._params.bind_uniform(0)
        self._cuts.bind_uniform(3)
        self._look.bind()
        self._violations.bind(7)
        accumulator.bind()
        self._program.set(tile=tile, samples=samples)
        self._program.set_uint(first_sample=first_sample)
        self._program.dispatch(-(-tile[2] // _GROUP), -(-tile[3] // _GROUP))

    def violations(self) -> tuple[int, int]:
        """(collisions above the majorant, tentative collisions) so far; needs `count_violations`."""
        counts = self._violations.read(np.uint32, 2)
        return int(counts[0]), int(counts[1])

    def close(self) -> None:
        self._program.close()
        self._params.close()
        self._cuts.close()
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
