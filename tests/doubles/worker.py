"""The real worker process around a renderer that draws flat grey at once: `python -m tests.doubles.worker`.

For tests of the protocol, of faults and of timing, in which the picture does not matter. The luma of a frame is the
camera's `view_angle` (degrees, 16..150), so that a decoded frame tells which state it shows. Seeds make trouble:
`HANG`, `CRASH`, `REFUSE`, `BREAK` and `BABBLE` do what they are called, at the next step. A mode other than path
tracing takes COMPILING_S before its first picture.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import types
from dataclasses import dataclass

from render.errors import GpuError, SourceError, StateError
from render.state.layer import Channel as ChannelState
from render.state.layer import ImageLayer
from render.state.view import ViewState
from render.summary import ChannelSummary, DeviceInfo, LayerSummary, Pick, SceneSummary

HANG, CRASH, REFUSE, BREAK, BABBLE = 101, 102, 103, 104, 105
TARGET_SAMPLES = 8
COMPILING_S = 2.0


@dataclass(frozen=True)
class Frame:
    sequence: int
    camera_seq: int
    width: int
    height: int
    scale: float
    samples: int
    target_samples: int
    converged: bool
    active_share: float
    fresh: bool
    resident: bool
    missing: int
    render_s: float


class Renderer:
    def __init__(self, context, scene, width, height, resident=None):
        self._size = (width, height)
        self._state, self._numbers, self._samples = ViewState(), (0, 0), 0
        self._compiled = {"path"}

    def set_state(self, state, sequence, camera_seq=0):
        self._state, self._numbers, self._samples = state, (sequence, camera_seq), 0

    def resize(self, width, height):
        self._size, self._samples = (width, height), 0

    def step(self, now_s, budget_s):
        mode = self._state.rendering.mode
        if mode not in self._compiled:
            time.sleep(COMPILING_S)
            self._compiled.add(mode)
        match self._state.seed:
            case 101:
                time.sleep(1000)
            case 102:
                os.kill(os.getpid(), signal.SIGSEGV)
            case 103:
                raise StateError("this state cannot be shown")
            case 104:
                raise ZeroDivisionError("a mistake in the program")
            case 105:
                raise GpuError(
                    "the shader 'a.comp' does not compile:\na.comp:1: a secret of the compiler\na.comp:2: more"
                )
        self._samples = min(self._samples + 1, TARGET_SAMPLES)
        return Frame(
            *self._numbers,
            *self._size,
            1.0,
            self._samples,
            TARGET_SAMPLES,
            self._samples == TARGET_SAMPLES,
            1.0,
            True,
            True,
            0,
            0.0,
        )

    def set_annotations(self, points):
        self._samples = 0

    def pick(self, x, y, size, state):
        return Pick(kind="nothing", pixel=(int(x), int(y)), size=size, opacity=state.camera.view_angle / 180)

    def troubles(self):
        return []

    def read_planes(self, planes):
        pixels = self._size[0] * self._size[1]
        luma = self._state.camera.view_angle
        if planes == "i420_full":  # the same grey, in full range
            luma = (luma - 16) * 255 / 219
        return bytes([round(luma)]) * pixels + bytes([128]) * (2 * pixels if planes == "i444" else pixels // 2)

    def close(self):
        pass


class ResidentScene:
    def __init__(self, context, scene, budget_bytes=None, progress=None):
        self.scene, self.levels, self.label_layers = scene, [0], []
        self.device_bytes, self.n_bricks = 4096, 1
        progress("uploading", 1, 1)

    def close(self):
        pass


class Context:
    info = DeviceInfo(name="flat grey", vendor="tests", version="4.5", software=False)

    @classmethod
    def create(cls, device_index=None):
        return cls()

    def close(self):
        pass


class Scene:
    name = "flat"
    _summary = SceneSummary(
        name="flat",
        box_lo=(0, 0, 0),
        box_hi=(1, 1, 1),
        layers=(
            LayerSummary(
                name="flat",
                kind="image",
                shape=(1, 1, 1),
                spacing_um=(1, 1, 1),
                dtype="uint8",
                level=0,
                n_levels=1,
                channels=(ChannelSummary(name="", range=(0, 1), histogram=(1,)),),
            ),
        ),
        n_times=1,
    )
    default_state = ViewState(layers=(ImageLayer(source="flat", channels=(ChannelState(),)),))

    def summary(self, levels=None):
        return self._summary

    def close(self):
        pass


def open_scene(paths, labels=(), spacing_um=None, progress=None, environments=(), tables=()):
    if "missing" in paths:
        raise SourceError("there is no file 'missing'")
    if progress is not None:
        progress("reading", 0, 2)
        progress("reading", 2, 2)
    return Scene()


def _module(name, **members):
    module = types.ModuleType(name)
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module


if __name__ == "__main__":
    _module("render.engine.renderer", Renderer=Renderer, Frame=Frame)
    _module("render.engine.bring", bring=ResidentScene)
    _module("render.engine.device_scene", DeviceScene=ResidentScene)
    _module("render.engine.pick", with_exact_values=lambda scene, state, pick: pick)
    _module("render.gpu.context", Context=Context)
    _module("render.scene.open", open_scene=open_scene, Scene=Scene)
    from render.worker.process import main

    sys.exit(main())
