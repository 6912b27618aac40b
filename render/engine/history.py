"""What is shown while samples are few: they and the picture before, moved to where the camera sees it now.

At rest the picture before fades as samples come; after FADE_SAMPLES of them the picture is their mean and nothing else.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..gpu.texture import R32F, RGBA32F, Texture2D
from ..state.view import Display
from .accumulator import Accumulator
from .layout import PARAMS, declarations
from .uniforms import TONE_MODES

FADE_SAMPLES = 16
# How many samples the picture before counts as: when only the camera moved, and when the scene itself looks different.
TRUST_MOVED, TRUST_CHANGED = 12.0, 2.0
_NEIGHBOURHOOD_RADIUS = 2


class Picture:
    """Display-linear premultiplied colour and the number of samples that it is worth, over a window of its texels."""

    def __init__(self, width: int, height: int) -> None:
        self.color = Texture2D(width, height, RGBA32F)
        self.count = Texture2D(width, height, R32F)
        self.window = (0, 0)

    def close(self) -> None:
        self.color.close()
        self.count.close()


class History:
    """Pictures of one view, each made from its samples and the one before."""

    def __init__(self, width: int, height: int) -> None:
        self._programs: dict[int, Program] = {}  # by tone map
        self._params = (Buffer(PARAMS.dtype.itemsize), Buffer(PARAMS.dtype.itemsize))
        self._shown, self._before = Picture(width, height), Picture(width, height)
        self._trust = 0.0

    @property
    def shown(self) -> Picture:
        """The newest picture; its window is (0, 0) while there is none."""
        return self._shown

    def begin(self, params: NDArray[Any], trust: float) -> None:
        """New samples start, for these Params: what is shown becomes the picture before, if it was finished."""
        if self._shown.window != (0, 0):
            self._shown, self._before = self._before, self._shown
            self._params = (self._params[1], self._params[0])
            self._trust = trust
            self._shown.window = (0, 0)
        else:
            self._trust = min(self._trust, trust)
        self._params[0].write(params)

    def forget(self) -> None:
        """Show only what is sampled from now on."""
        self._before.window = (0, 0)

    def compose(self, accumulator: Accumulator, display: Display, fade: int = FADE_SAMPLES) -> Picture:
        """Make the picture of the samples so far. `fade`: after how many of them the picture before counts nothing."""
        now, before = self._params
        now.bind_uniform(0)
        before.bind_uniform(4)
        accumulator.bind()
        self._shown.color.bind_image(5)
        self._shown.count.bind_image(6)
        self._before.color.bind(3)
        self._before.count.bind(4)
        width, height = accumulator.window
        program = self._program(TONE_MODES[display.tone_map])
        program.set(
            window=accumulator.window,
            per_sample=1.0 / max(1, accumulator.samples),
            exposure=float(2.0**display.exposure),
            window_before=self._before.window,
            samples=float(accumulator.samples),
            trust=self._trust,
            most=TRUST_MOVED,
            fade=float(fade),
            radius=_NEIGHBOURHOOD_RADIUS,
        )
        program.dispatch(-(-width // 8), -(-height // 8))
        self._shown.window = accumulator.window
        return self._shown

    def _program(self, tone_mode: int) -> Program:
        if tone_mode not in self._programs:
            generated = {"generated/layout.glsl": declarations()}
            self._programs[tone_mode] = Program(ShaderSource("reproject.comp", {"TONE_MODE": tone_mode}, generated))
        return self._programs[tone_mode]

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
        for buffer in self._params:
            buffer.close()
        self._shown.close()
        self._before.close()
