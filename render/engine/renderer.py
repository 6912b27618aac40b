"""The renderer: a scene, a state and a size in; frames out. Everything that draws calls this."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
from ..gpu.context import Context
from ..gpu.readback import finish
from ..gpu.texture import RGBA32F, Texture2D
from ..scene.open import Progress, Scene
from ..state.view import ViewState
from .look import Look
from .pacing import Pacing
from .resident import ResidentScene
from .tonemap import Developer
from .tracer import Mode, Tracer
from .uniforms import cuts, params

# A dispatch longer than this keeps a device from its other users, and a hand waiting.
LONGEST_DISPATCH_S = 0.025
STILL_WINDOW_PX = 2048


@dataclass(frozen=True)
class Frame:
    """What the renderer shows after a step.

    `fresh` is False when the step only got part of a sample done and the picture is still that of the step before.
    """

    sequence: int
    camera_seq: int
    width: int
    height: int
    scale: float
    samples: int
    target_samples: int
    converged: bool
    fresh: bool
    render_s: float


class Renderer:
    """Draws one view of a scene. All calls on the thread of `context`.

    A view that shares its scene with others may be given the same `resident` (and then does not close it).
    Raises SourceError while bricks are loaded, GpuError, StateError from set_state.
    """

    def __init__(
        self,
        context: Context,
        scene: Scene,
        width: int,
        height: int,
        *,
        progress: Progress | None = None,
        resident: ResidentScene | None = None,
        mode: Mode = "path",
        count_violations: bool = False,
    ) -> None:
        self._context, self.scene = context, scene
        self._owns_resident = resident is None
        self.resident = resident or ResidentScene(context, scene, progress=progress)
        self._look = Look(self.resident)
        self._tracer = Tracer(self.resident, self._look, mode, count_violations)
        self._mode: Mode = mode
        self._pacing = Pacing()
        self._state = scene.default_state
        self._sequence = self._camera_seq = 0
        self._dirty = True
        self._accumulator: Texture2D | None = None
        self._back: Texture2D | None = None
        self._developer: Developer | None = None
        self.width = self.height = 0
        self.resize(width, height)
        self.set_state(scene.default_state, 0)
        context.check()

    # ---- what to show ----

    def set_state(self, state: ViewState, sequence: int, camera_seq: int = 0) -> None:
        """Show `state` from the next step on. Raises StateError when it does not fit the scene."""
        if state.layers != self._state.layers or self._dirty:
            self._look.update(state)
        # A new exposure, background or sample count shows the samples that are there already.
        if _traced(state) != _traced(self._state):
            self._dirty = True
        self._redevelop = self._redevelop or state.display != self._state.display
        self._state, self._sequence, self._camera_seq = state, sequence, camera_seq

    def resize(self, width: int, height: int) -> None:
        """Change the picture's size in pixels."""
        if (width, height) == (self.width, self.height):
            return
        limit = self._context.limits.texture_2d_px
        if not (1 <= width <= limit and 1 <= height <= limit):
            raise GpuError(f"a picture of {width}x{height} is not possible; each side must be 1 to {limit}")
        for part in (self._accumulator, self._back, self._developer):
            if part is not None:
                part.close()
        self.width, self.height = width, height
        self._accumulator = Texture2D(width, height, RGBA32F)
        self._back = None
        self._developer = Developer(width, height)
        self._window = (width, height)
        self._samples = 0
        self._dirty = True

    # ---- progressive drawing ----

    def step(self, now_s: float, budget_s: float) -> Frame:
        """Draw for about `budget_s`: at least part of a sample, at a lower resolution while things move."""
        started = time.perf_counter()
        if self._dirty:
            self._pacing.changed(now_s)
            self._begin(self._pacing.scale(now_s, self.width * self.height, budget_s))
            self._dirty, self._outdated = False, True
        elif self._scale < 1.0 and not self._pacing.moving(now_s):
            self._begin(1.0)
        # A picture of what was shown before must not go out under the new state's number.
        fresh = self._redevelop and self._samples > 0 and not self._outdated
        if self._next_samples() > 0:
            fresh = self._draw_until(started + budget_s) or fresh
        if fresh and self._samples:
            self._develop()
            self._redevelop = False
        self._context.check()
        target = self._state.samples
        return Frame(
            sequence=self._sequence,
            camera_seq=self._camera_seq,
            width=self.width,
            height=self.height,
            scale=self._shown_scale,
            samples=self._samples,
            target_samples=target,
            converged=self._scale == 1.0 and not self._building and self._samples >= target,
            fresh=fresh,
            render_s=time.perf_counter() - started,
        )

    def _begin(self, scale: float) -> None:
        """Start to accumulate anew, into the back accumulator so that the picture stays until the first sample."""
        self._scale = scale
        self._building = True
        self._done_samples = 0
        self._row = 0
        self._target_window = (max(1, round(self.width * scale)), max(1, round(self.height * scale)))
        self._set_params(self._target_window, (0, 0, *self._target_window))

    def _set_params(self, picture: tuple[int, int], window: tuple[int, int, int, int]) -> None:
        record = params(self._state, self.scene, self.resident.unit_from_world, picture, window)
        self._tracer.set_params(record, cuts(record, self.resident.volume_records))

    def _next_samples(self) -> int:
        return max(0, self._state.samples - self._done_samples)

    def _draw_until(self, deadline: float) -> bool:
        """Draw rows until the deadline; True when at least one sample became complete."""
        completed = False
        if self._back is None:
            self._back = Texture2D(self.width, self.height, RGBA32F)
        target = self._back if self._building else self._accumulator
        width, height = self._target_window
        assert target is not None
        while self._next_samples() > 0:
            rows = min(self._pacing.tile_rows(width, LONGEST_DISPATCH_S), height - self._row)
            whole = self._row == 0 and rows == height
            samples = 1
            if whole and self._done_samples:
                samples = min(self._next_samples(), self._pacing.samples(width * height, LONGEST_DISPATCH_S))
            started = time.perf_counter()
            self._tracer.draw(target, (0, self._row, width, rows), self._done_samples, samples)
            finish()
            self._pacing.measured(width * rows * samples, time.perf_counter() - started)
            self._row += rows
            if self._row >= height:
                self._row = 0
                self._done_samples += samples
                completed = True
                if self._building:
                    self._swap()
                    target = self._accumulator
                    assert target is not None
            left = deadline - time.perf_counter()
            # A sample that cannot be finished in time is not begun: half of it would keep the picture back.
            if completed and left < width * height * self._pacing.seconds_per_pixel:
                break
            # While things move a step ends with a picture; at rest it may end inside of a sample.
            if left <= 0.0 and self._scale == 1.0:
                break
        if completed:
            self._samples = self._done_samples
        return completed

    def _swap(self) -> None:
        self._accumulator, self._back = self._back, self._accumulator
        self._building = self._outdated = False
        self._window = self._target_window

    _scale = _shown_scale = 1.0
    _building = _outdated = False
    _redevelop = False
    _done_samples = _samples = _row = 0
    _target_window = _window = (1, 1)

    def _develop(self) -> None:
        assert self._developer is not None
        assert self._accumulator is not None
        self._shown_scale = self._window[0] / self.width
        self._developer.develop_i420(self._accumulator, self._window, self._samples, self._state.display)

    # ---- stills ----

    def render_still(self, samples: int, progress: Progress | None = None) -> Frame:
        """Draw exactly `samples` samples at full resolution: the same state, size and seed give the same picture."""
        started = time.perf_counter()
        self._begin(1.0)
        self._building = self._outdated = False
        self._window = self._target_window
        width, height = self._window
        assert self._accumulator is not None
        while self._done_samples < samples:
            count = 1
            rows = self._pacing.tile_rows(width, LONGEST_DISPATCH_S)
            if rows >= height:
                count = min(samples - self._done_samples, self._pacing.samples(width * height, LONGEST_DISPATCH_S))
            for row in range(0, height, rows):
                begun = time.perf_counter()
                tile = (0, row, width, min(rows, height - row))
                self._tracer.draw(self._accumulator, tile, self._done_samples, count)
                finish()
                self._pacing.measured(tile[2] * tile[3] * count, time.perf_counter() - begun)
            self._done_samples += count
            if progress:
                progress("sampling", self._done_samples, samples)
        self._samples = samples
        self._dirty = self._redevelop = False
        self._develop()
        self._context.check()
        return Frame(
            sequence=self._sequence, camera_seq=self._camera_seq, width=width, height=height, scale=1.0,
            samples=samples, target_samples=samples, converged=True, fresh=True,
            render_s=time.perf_counter() - started,
        )  # fmt: skip

    def picture(
        self, width: int, height: int, samples: int, transparent: bool = False, progress: Progress | None = None
    ) -> NDArray[np.uint8]:
        """A still of any size, as read_rgba gives it, drawn window by window; the view's own picture is left alone.

        Same state, size and seed: same picture, bit for bit.
        """
        whole = np.empty((height, width, 4), np.uint8)
        side = STILL_WINDOW_PX
        windows = [
            (x, y, min(side, width - x), min(side, height - y))
            for y in range(0, height, side)
            for x in range(0, width, side)
        ]
        for number, (x, y, w, h) in enumerate(windows):
            accumulator = Texture2D(w, h, RGBA32F)
            developer = Developer(w, h)
            try:
                self._set_params((width, height), (x, y, w, h))
                for done in self._sample(accumulator, w, h, samples):
                    if progress:
                        progress("sampling", number * samples + done, len(windows) * samples)
                whole[y : y + h, x : x + w] = developer.rgba(
                    accumulator, (w, h), samples, self._state.display, transparent, (x, y)
                )
                self._context.check()
            finally:
                accumulator.close()
                developer.close()
        self._dirty = True  # the tracer's parameters are the window's now
        return whole

    def _sample(self, accumulator: Texture2D, width: int, height: int, samples: int) -> Iterator[int]:
        """Fill an accumulator with samples 0..samples - 1 in short dispatches; says how many are done."""
        done = 0
        while done < samples:
            count = 1
            rows = self._pacing.tile_rows(width, LONGEST_DISPATCH_S)
            if rows >= height:
                count = min(samples - done, self._pacing.samples(width * height, LONGEST_DISPATCH_S))
            for row in range(0, height, rows):
                begun = time.perf_counter()
                tile = (0, row, width, min(rows, height - row))
                self._tracer.draw(accumulator, tile, done, count)
                finish()
                self._pacing.measured(tile[2] * tile[3] * count, time.perf_counter() - begun)
            done += count
            yield done

    # ---- pixels ----

    def read_rgba(self, transparent: bool = False) -> NDArray[np.uint8]:
        """The picture as (height, width, 4) uint8, sRGB, straight alpha, top row first."""
        assert self._developer is not None
        assert self._accumulator is not None
        return self._developer.rgba(self._accumulator, self._window, self._samples, self._state.display, transparent)

    def read_i420(self) -> bytes:
        """The picture of the last fresh step: planes Y, U, V, BT.709 limited range. Once a step."""
        assert self._developer is not None
        return self._developer.take_i420()

    def read_mean(self) -> NDArray[np.float32]:
        """Mean radiance (premultiplied) and coverage, linear, (height, width, 4) float32."""
        assert self._accumulator is not None
        width, height = self._window
        total = self._accumulator.read()[:height, :width].astype(np.float32, copy=False)
        return total / np.float32(max(1, self._samples))

    def violations(self) -> tuple[int, int]:
        """(majorant violations, tentative collisions); only with `count_violations`."""
        return self._tracer.violations()

    def close(self) -> None:
        """Free what the view holds on the device."""
        for part in (self._accumulator, self._back, self._developer, self._tracer, self._look):
            if part is not None:
                part.close()
        self._accumulator = self._back = self._developer = None
        if self._owns_resident:
            self.resident.close()


def _traced(state: ViewState) -> tuple[object, ...]:
    """The parts of the state that the samples depend on."""
    return state.camera, state.layers, state.time, state.crop, state.shading, state.lighting, state.seed
