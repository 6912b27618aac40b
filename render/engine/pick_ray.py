"""The ray through the middle of a pixel, asked on the device: what lies along it, part by part (shaders/pick.comp)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..limits import DEFAULT_LIMITS
from ..space import Vector
from ..state.view import ViewState
from .cut import Cut
from .device_scene import DeviceScene
from .layout import CUT, PARAMS, VOLUME, declarations
from .look import Look
from .slices import N_SLICES, PLANES_BINDING, n_channels, planes_declaration, planes_dtype, planes_record
from .transfer import LUT_SIZE
from .uniforms import uniforms

PARTS = 256
"""Parts of a ray that are looked at side by side."""
STEP_VOX = 0.125
"""Of the finest volume: how far the places of a first look lie apart, at most."""
MOST_STEPS = 512
FINEST_VOX = 1 / 64
"""A place is told apart from another to this part of a voxel."""
_FOUND_BINDING, _GROUP = 15, 64
_RAY, _MEDIUM, _SLICES, _SURFACES, _PROJECTION, _VALUES = range(6)

Span = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A ray o + t d in unit space.

    `inside`: t where each volume is that is drawn (empty: x >= y), without what crop box and planes cut off all of
    them; `voxel`: the smallest edge of the drawn volumes' voxels.
    """

    o: Vector
    d: Vector
    inside: tuple[Span, ...]
    voxel: float

    @property
    def whole(self) -> Span:
        """From where to where there is any volume."""
        some = [span for span in self.inside if span[0] < span[1]]
        return (min(a for a, _ in some), max(b for _, b in some)) if some else (0.0, 0.0)


@dataclass(frozen=True)
class Along:
    """Of each part and channel, (parts, channels) each: `surface` is t of the first one, -1 where there is none; `most`
    and `least` are extremes of the window fraction, at the places `most_at`, `least_at` (-1 and 2 where the part is
    not in the volume); integrals over the part of the window fraction, of the texel fraction, and of 1.
    """

    surface: NDArray[np.float32]
    most: NDArray[np.float32]
    most_at: NDArray[np.float32]
    least: NDArray[np.float32]
    least_at: NDArray[np.float32]
    fraction: NDArray[np.float32]
    texel: NDArray[np.float32]
    length: NDArray[np.float32]


class PickRay:
    """The programs and buffers of picking, for one look at one resident scene. Only the GL thread uses it."""

    def __init__(self, resident: DeviceScene, look: Look, cut: Cut | None) -> None:
        self._resident, self._look, self._cut = resident, look, cut
        self._programs: dict[tuple[object, ...], Program] = {}
        self._params = Buffer(PARAMS.dtype.itemsize)
        self._volumes = Buffer(VOLUME.dtype.itemsize * len(resident.volumes))
        self._cuts = Buffer(CUT.dtype.itemsize * len(resident.volumes))
        self._planes = Buffer(planes_dtype(n_channels(resident.scene)).itemsize)
        rows = max(2 * PARTS * len(resident.channels), N_SLICES + 1, 3 + len(resident.volumes))
        self._found = Buffer(16 * rows)
        self._where: dict[str, int | float | tuple[float, ...]] = {}
        self._n_slices = 0

    def begin(self, state: ViewState, picture: tuple[int, int], pixel: tuple[int, int]) -> Line:
        """The ray of a pixel of a picture of (width, height). The look must be that of `state`."""
        resident = self._resident
        records = uniforms(
            state, resident.scene, resident.unit_from_world, resident.volume_records, self._look.drawn(),
            picture, (0, 0, *picture),
        )  # fmt: skip
        self._params.write(records.params)
        self._volumes.write(records.volumes)
        self._cuts.write(records.cuts)
        resolved = self._look.resolved(state)
        planes = planes_record(resolved, resident.scene, resident.unit_from_world)
        self._planes.write(planes)
        self._n_slices = int(planes[0]["slice_count"])
        self._where = {"at": (pixel[0] + 0.5, pixel[1] + 0.5), "by_volume": int(state.rendering.mode == "path")}
        count = len(resident.volumes)
        rows = self._ask(_RAY, (0.0, 0.0), 1, 1, 3 + count).view(np.float32).astype(np.float64)
        drawn = rows[3:, 3] > 0.0
        spans = rows[3:, :2].copy()
        if not planes[0]["unclipped"]:  # else each place is asked whether it is kept
            spans = np.stack([np.maximum(spans[:, 0], rows[2, 0]), np.minimum(spans[:, 1], rows[2, 1])], axis=1)
        spans[~drawn] = 0.0
        inside = tuple((float(a), float(b)) for a, b in spans)
        return Line(rows[0, :3], rows[1, :3], inside, float(rows[3:, 2][drawn].min(initial=1.0)))

    def optical_depths(self, span: Span, parts: int = PARTS, steps: int = 1) -> NDArray[np.float64]:
        """The optical depth of each of `parts` equal parts of a span, by the midpoint rule with `steps` places each."""
        return self._ask(_MEDIUM, span, parts, steps, parts).view(np.float32)[:, 0].astype(np.float64)

    def slices(self) -> list[tuple[float, float]]:
        """(t, opacity) of the slices along the ray, nearest first."""
        if self._n_slices == 0:
            return []
        rows = self._ask(_SLICES, (0.0, 0.0), 1, 1, N_SLICES + 1).view(np.float32)
        count = int(np.argmax(rows[:, 0] < 0.0))
        return [(float(t), float(alpha)) for t, alpha in rows[:count, :2]]

    def surfaces(self, span: Span, parts: int = PARTS, steps: int = 1) -> Along:
        """Of visible channels, the first surface in each part: of the isovalue, or of any visible label."""
        return self._along(_SURFACES, span, parts, steps)

    def projection(self, span: Span, parts: int = PARTS, steps: int = 1) -> Along:
        """Of visible images, what is to be projected in each part; of segmentations, the first visible label."""
        return self._along(_PROJECTION, span, parts, steps)

    def _along(self, task: int, span: Span, parts: int, steps: int) -> Along:
        channels = len(self._resident.channels)
        rows = self._ask(task, span, parts, steps, 2 * parts * channels).view(np.float32)
        rows = rows.reshape(parts, channels, 8)
        return Along(
            surface=rows[..., 4], most=rows[..., 0], most_at=rows[..., 1], least=rows[..., 2], least_at=rows[..., 3],
            fraction=rows[..., 5], texel=rows[..., 6], length=rows[..., 7],
        )  # fmt: skip

    def values(self, t: float) -> tuple[NDArray[np.bool_], NDArray[np.uint32], NDArray[np.float32]]:
        """At a place, of each channel: whether its volume is there; texel fraction (its bits) or dense id; opacity."""
        rows = self._ask(_VALUES, (t, t), 1, 1, len(self._resident.channels))
        return rows[:, 0] > 0, rows[:, 1].copy(), rows[:, 2].copy().view(np.float32)

    def _ask(self, task: int, span: Span, parts: int, steps: int, rows: int) -> NDArray[np.uint32]:
        """(rows, 4)"""
        assert self._where, "begin() comes first"
        self._bind()
        program = self._compiled(task)
        width = (span[1] - span[0]) / parts
        program.set(first=float(span[0]), width=float(width), parts=parts, steps=steps, **self._where)
        program.dispatch(-(-parts // _GROUP))
        return np.asarray(self._found.read(np.uint32, 4 * rows), np.uint32).reshape(rows, 4)

    def _compiled(self, task: int) -> Program:
        features = {**self._look.features(), "TASK": task}
        key = tuple(sorted(features.items()))
        if key not in self._programs:
            defines = {
                **self._resident.defines(), "LUT_SIZE": LUT_SIZE, "MAX_LIGHTS": DEFAULT_LIMITS.lights_max, **features
            }  # fmt: skip
            generated = {
                "generated/layout.glsl": declarations(),
                "generated/planes.glsl": planes_declaration(self._resident.scene),
            }
            self._programs[key] = Program(ShaderSource("pick.comp", defines, generated))
        return self._programs[key]

    def _bind(self) -> None:
        self._resident.bind()
        self._params.bind_uniform(0)
        self._volumes.bind_uniform(1)
        self._cuts.bind_uniform(3)
        self._planes.bind_uniform(PLANES_BINDING)
        self._look.bind()
        if self._cut is not None:
            self._cut.bind()
        self._found.bind(_FOUND_BINDING)

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
        self._programs.clear()
        for buffer in (self._params, self._volumes, self._cuts, self._planes, self._found):
            buffer.close()
