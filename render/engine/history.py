"""What is shown while samples are few: they and the picture before, moved to where the camera sees it now; filtered.

At rest the picture before fades as samples come; after FADE_SAMPLES of them it counts nothing. Where bricks came since
(engine.stale) it counts little from the start. The filter fades later (engine.denoise); then the picture is the mean of
its samples and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..gpu.buffer import Buffer
from ..gpu.program import Program, ShaderSource
from ..gpu.texture import R32F, RGBA32F, Texture2D
from ..state.view import Display
from .accumulator import Accumulator
from .denoise import FADE, Denoiser, Guides
from .layout import PARAMS, declarations
from .uniforms import TONE_MODES

FADE_SAMPLES = 16
# How many samples the picture before counts as: when only the camera moved, and when the scene itself looks different.
TRUST_MOVED, TRUST_CHANGED = 12.0, 2.0
TRUST_STALE = 1.0
"""The same where bricks came since: at most so many."""
_TRUST_ALL = 1e6
_NEIGHBOURHOOD_PX = 2
TILE_PX = 16
"""Where bricks came is known in squares of so many pixels."""

Tiles = NDArray[np.bool_]
"""Rows and columns of such squares."""


def tiles_of(window: tuple[int, int]) -> tuple[int, int]:
    """How many tiles (rows, columns) a picture of (width, height) pixels has."""
    return -(-window[1] // TILE_PX), -(-window[0] // TILE_PX)


@dataclass(frozen=True)
class Picture:
    """Display-linear premultiplied colour, of which `window` (width, height) is in use. The texture is not its own."""

    color: Texture2D
    window: tuple[int, int]


class _Mean:
    """Linear premultiplied means and the number of samples that each is worth; window (0, 0) while there is none."""

    def __init__(self, width: int, height: int) -> None:
        self.linear = Texture2D(width, height, RGBA32F)
        self.count = Texture2D(width, height, R32F)
        self.window = (0, 0)

    def close(self) -> None:
        self.linear.close()
        self.count.close()


class History:
    """Pictures of one view, each made from its samples and the one before."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._programs: dict[tuple[tuple[str, int], ...], Program] = {}  # by their #defines
        self._params = (Buffer(PARAMS.dtype.itemsize), Buffer(PARAMS.dtype.itemsize))
        self._record = PARAMS.array(1)[0]
        self._now, self._before = _Mean(width, height), _Mean(width, height)
        rows, columns = tiles_of((width, height))
        self._limits = Texture2D(columns, rows, R32F)  # of trust, a tile; the window's tiles are the first ones
        self._limited: Tiles | None = None
        self._limits.write(np.full((rows, columns, 1), _TRUST_ALL, np.float32))
        # Made when they are first needed.
        self._developed: Texture2D | None = None
        self._denoiser: Denoiser | None = None
        self._trust = 0.0

    def begin(self, params: NDArray[Any], trust: float, stale: Tiles | None = None) -> None:
        """New samples start, for these Params: what is shown becomes the picture before, if it was finished.

        `stale`: tiles of the new picture that show something else than what was there before.
        """
        if self._now.window == (0, 0) and self._limited is not None:
            # What began in between was never shown.
            same = stale is not None and stale.shape == self._limited.shape
            stale = self._limited | stale if same and stale is not None else self._limited if stale is None else stale
        self._limit(stale)
        if self._now.window != (0, 0):
            self._now, self._before = self._before, self._now
            self._params = (self._params[1], self._params[0])
            self._trust = trust
            self._now.window = (0, 0)
        else:
            self._trust = min(self._trust, trust)
        self._params[0].write(params)
        self._record = np.atleast_1d(params)[0]

    def _limit(self, stale: Tiles | None) -> None:
        """Trust what was shown before less in these tiles."""
        if stale is None and self._limited is None:
            return
        rows, columns = self._limits.height, self._limits.width
        limits = np.full((rows, columns, 1), _TRUST_ALL, np.float32)
        if stale is not None:
            limits[: stale.shape[0], : stale.shape[1]][stale] = TRUST_STALE
        self._limits.write(limits)
        self._limited = stale

    def forget(self) -> None:
        """Show only what is sampled from now on."""
        self._before.window = (0, 0)

    def compose(
        self, accumulator: Accumulator, display: Display, fade: int = FADE_SAMPLES, denoise: bool = False
    ) -> Picture:
        """Make the picture of the samples so far. `fade`: after how many of them the picture before counts nothing.

        `denoise`: it is filtered while samples are few. Otherwise, and later, it is what it is.
        """
        denoise = denoise and accumulator.samples < FADE[1]
        tone_mode = TONE_MODES[display.tone_map]
        scale = float(2.0**display.exposure)
        self._blend(accumulator, scale, fade, {} if denoise else {"TONE_MODE": tone_mode})
        self._now.window = accumulator.window
        if not denoise:
            return Picture(self._developed_texture(), accumulator.window)
        if self._denoiser is None:
            self._denoiser = Denoiser(*self._size)
        perspective, ahead = bool(self._record["eye"][3] > 0.5), float(self._record["lens"][2])
        pixel_size = float(2.0 * np.linalg.norm(self._record["up"][:3]) / accumulator.window[1])
        color = self._denoiser.run(
            Guides(accumulator.color, accumulator.moments, accumulator.albedo, accumulator.normal),
            self._now.linear,
            self._now.count,
            accumulator.window,
            scale=scale,
            tone_mode=tone_mode,
            pixel_size=pixel_size * (1.0 + ahead if perspective else 1.0),
            perspective=perspective and ahead == 0.0,
        )
        return Picture(color, accumulator.window)

    def _blend(self, accumulator: Accumulator, scale: float, fade: int, defines: dict[str, int]) -> None:
        has_history = self._before.window != (0, 0) and self._trust > 0.0 and accumulator.samples < fade
        program = self._program({**defines, "HISTORY": 1} if has_history else defines)
        now, before = self._params
        accumulator.color.bind_image(0)
        accumulator.moments.bind_image(1)
        self._now.linear.bind_image(5)
        self._now.count.bind_image(6)
        if defines:
            self._developed_texture().bind_image(7)
        program.set(window=accumulator.window, exposure=scale)
        if has_history:
            now.bind_uniform(0)
            before.bind_uniform(4)
            self._before.linear.bind(3)
            self._before.count.bind(4)
            self._limits.bind(6)
            program.set(
                window_before=self._before.window, trust=self._trust, fade=float(fade), reach=_NEIGHBOURHOOD_PX,
                tile=TILE_PX,
            )  # fmt: skip
        width, height = accumulator.window
        program.dispatch(-(-width // 8), -(-height // 8))

    def _developed_texture(self) -> Texture2D:
        if self._developed is None:
            self._developed = Texture2D(*self._size, RGBA32F)
        return self._developed

    def _program(self, defines: dict[str, int]) -> Program:
        key = tuple(defines.items())
        if key not in self._programs:
            generated = {"generated/layout.glsl": declarations()}
            self._programs[key] = Program(ShaderSource("reproject.comp", defines, generated))
        return self._programs[key]

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
        self._programs.clear()
        for thing in (*self._params, self._now, self._before, self._limits, self._developed, self._denoiser):
            if thing is not None:
                thing.close()
