"""The passes that put samples into an accumulator: the path tracer and the plain ray march."""

from __future__ import annotations

import numpy as np

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..limits import DEFAULT_LIMITS
from ..state.rendering import Mode
from ..state.view import ViewState
from .accumulator import GROUP, TILE, Accumulator
from .blue_noise import BlueNoise
from .cut import Cut
from .device_scene import MAJORANT_LANES, DeviceScene
from .environment_map import EnvironmentMap
from .layout import CUT, LIGHT, PARAMS, VOLUME, declarations
from .look import Look
from .modes import known, shader_of
from .slices import PLANES_BINDING, n_channels, planes_declaration, planes_dtype, planes_record, shows_slices
from .transfer import LUT_SIZE
from .uniforms import Uniforms

_MIXING = {"physical": 0, "max": 1, "additive": 2}
_SAMPLERS = {"sobol": 0, "independent": 1}
# With so many a first collision asks for light in a picture that is to be denoised; with one in all others.
SHADOW_RAYS = 8
# A cone that gets no further in so many steps begins where it is.
_CONE_STEPS = 96


class Tracer:
    """Programs for one resident scene, each made when it is first needed.

    `mode`, when it is given, is drawn whatever the state says (tests). `count_violations` compiles in the check that
    majorants bound (tests).
    """

    def __init__(
        self,
        resident: DeviceScene,
        look: Look,
        mode: Mode | None = None,
        count_violations: bool = False,
        cut: Cut | None = None,
    ) -> None:
        self._resident, self._look, self._only, self._cut = resident, look, mode, cut
        self.mode: Mode = mode or "path"
        self._count_violations = count_violations
        self._programs: dict[tuple[object, ...], Program] = {}
        self._near = Program(ShaderSource("near.comp", self._defines({}), self._generated()))
        self._params = Buffer(PARAMS.dtype.itemsize)
        self._volumes = Buffer(VOLUME.dtype.itemsize * len(resident.volumes))
        self._cuts = Buffer(CUT.dtype.itemsize * len(resident.volumes))
        self._lights = Buffer(LIGHT.dtype.itemsize * DEFAULT_LIMITS.lights_max)
        self._planes = Buffer(planes_dtype(n_channels(resident.scene)).itemsize)
        self._violations = Buffer(16)
        self._blue_noise = BlueNoise()
        self._environment: EnvironmentMap | None = None
        self._environment_name: str | None = None
        self._program: Program | None = None

    def _defines(self, features: dict[str, str | int]) -> dict[str, str | int]:
        defines: dict[str, str | int] = {**self._resident.defines(), "LUT_SIZE": LUT_SIZE, **features}
        defines["MAX_LIGHTS"] = DEFAULT_LIMITS.lights_max
        if self._count_violations:
            defines["COUNT_VIOLATIONS"] = 1
        return defines

    def _generated(self) -> dict[str, str]:
        return {
            "generated/layout.glsl": declarations(),
            "generated/candidates.glsl": candidates(self._resident),
            "generated/planes.glsl": planes_declaration(self._resident.scene),
        }

    def begin(self, accumulator: Accumulator, state: ViewState, uniforms: Uniforms) -> None:
        """New samples of `accumulator` will show `state`, of which `uniforms` are the records."""
        self._params.write(uniforms.params)
        self._volumes.write(uniforms.volumes)
        self._cuts.write(uniforms.cuts)
        self._lights.write(uniforms.lights)
        self._use_environment(state)
        resident, resolved = self._resident, self._look.resolved(state)
        self._planes.write(planes_record(resolved, resident.scene, resident.unit_from_world))
        self.mode = self._only or state.rendering.mode
        name, own = shader_of(self.mode)
        features = known(name, self._features(state)) | own
        if accumulator.local is not None and self.mode == "path":
            features |= {"LOCAL_LIGHT": 1, "SHADOW_RAYS": SHADOW_RAYS}
        key = (name, *sorted(features.items()))
        if key not in self._programs:
            source = ShaderSource(name, self._defines(features), self._generated())
            self._programs[key] = Program(source)
        self._program = self._programs[key]
        self._bind(accumulator)
        self._near.set(most_steps=_CONE_STEPS)
        columns, rows = (-(-side // (GROUP * GROUP)) for side in accumulator.window)
        self._near.dispatch(columns, rows)

    def _use_environment(self, state: ViewState) -> None:
        sky = state.lighting.sky
        wanted = sky.environment if sky.visible else None
        if wanted == self._environment_name:
            return
        if self._environment is not None:
            self._environment.close()
        self._environment, self._environment_name = None, None
        if wanted is not None:
            self._environment = EnvironmentMap(self._resident.scene.environment(wanted))
        self._environment_name = wanted

    def _features(self, state: ViewState) -> dict[str, str | int]:
        """What the program is compiled with: a device pays for code also where it is not run."""
        rendering = state.rendering
        # A channel by itself mixes with nothing: then the rule that is drawn fastest will do.
        alone = all(len(volume.channels) == 1 for volume in self._resident.volumes)
        features: dict[str, str | int] = {
            "MIXING": _MIXING["physical" if alone else rendering.mixing],
            "SAMPLER_KIND": _SAMPLERS[rendering.sampler],
        }
        if any(plane.visible for plane in state.clip_planes):
            features["HAS_PLANES"] = 1
        if shows_slices(state):
            features["HAS_SLICES"] = 1
        if rendering.interpolation == "nearest":
            features["NEAREST"] = 1
        if self._environment is not None:
            features |= self._environment.defines()
        return features | self._look.features()

    def _bind(self, accumulator: Accumulator) -> None:
        self._resident.bind()
        self._resident.range_buffer.bind(8)
        self._volumes.bind_uniform(1)
        self._params.bind_uniform(0)
        self._cuts.bind_uniform(3)
        self._lights.bind_uniform(6)
        self._planes.bind_uniform(PLANES_BINDING)
        self._blue_noise.bind()
        if self._environment is not None:
            self._environment.bind()
        self._look.bind()
        self._violations.bind(7)
        if self._cut is not None:
            self._cut.bind()
        accumulator.bind()

    def draw(self, accumulator: Accumulator, tiles: int, samples: int, reports: bool = False) -> None:
        """Add `samples` samples to the next `tiles` tiles of the window. Sample 0 starts the sum anew.

        `reports`: in a paged scene rays tell which bricks they meet and miss.
        """
        assert self._program is not None, "begin() comes first"
        self._bind(accumulator)
        self._program.set(first_tile=accumulator.at, samples=samples, reports=int(reports))
        self._program.set_uint(first_sample=accumulator.samples)
        self._program.dispatch(TILE // GROUP, TILE // GROUP, tiles)

    def violations(self) -> tuple[int, int]:
        """(collisions above the majorant, tentative collisions) so far; needs `count_violations`."""
        counts = self._violations.read(np.uint32, 2)
        return int(counts[0]), int(counts[1])

    def close(self) -> None:
        for program in (*self._programs.values(), self._near):
            program.close()
        for buffer in (self._params, self._volumes, self._cuts, self._lights, self._planes, self._violations):
            buffer.close()
        self._blue_noise.close()
        if self._environment is not None:
            self._environment.close()


def candidates(resident: DeviceScene) -> str:
    """The body of candidate_channel (shaders/lib/majorant.glsl), written out for the scene.

    Channels and volumes are constants in it: a load at a constant place costs a software device a fraction of a gather.
    """
    lines = []
    for volume in resident.volumes:
        lines.append(f"    if (v == {volume.index}) {{")
        if len(volume.channels) == 1:  # the cell's majorant is its only channel's
            lines += ["        majorant = whole;", f"        return {volume.channels[0].index};", "    }"]
            continue
        chunks = range(0, len(volume.channels), MAJORANT_LANES)
        for number, first in enumerate(chunks):
            lanes = volume.channels[first : first + MAJORANT_LANES]
            # Of paged volumes the groups of lanes of a node lie one after the other.
            base = f"{number} * CELLS_OF_BRICK" if resident.paged else lanes[0].majorant_base // MAJORANT_LANES
            weights = ", ".join([f"channels[{channel.index}].weight" for channel in lanes] + ["0.0"] * (4 - len(lanes)))
            lines.append(f"        vec4 m{number} = majorants_at({base} + index) * vec4({weights});")
        total = " + ".join(f"dot(m{number}, vec4(1.0))" for number in range(len(chunks)))
        lines.append(f"        float share = min(1.0, cuts[{volume.index}].hi.w / max({total}, 1e-20));")
        for place, channel in enumerate(volume.channels):
            lines += [
                f"        majorant = m{place // MAJORANT_LANES}[{place % MAJORANT_LANES}] * share;",
                f"        if (pick < majorant) return {channel.index};",
                "        pick -= majorant;",
            ]
        lines.append("    }")
    return "\n".join(lines) + "\n"
