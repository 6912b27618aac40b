"""Drawing step by step: a scene, a state and a size in, frames out; coarse while things move, better at rest."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import GpuError
from ..gpu.context import Context
from ..gpu.readback import finish
from ..scene.open import Progress, Scene
from ..state.annotation import PointAnnotation
from ..state.clip import Slices
from ..state.rendering import Mode
from ..state.view import Display, ViewState
from ..summary import Pick
from .accumulator import TILE, Accumulator
from .bring import bring
from .convergence import CHECK_EVERY, Convergence
from .device_scene import DeviceScene
from .flow import Flow
from .frame import Frame
from .guides import GuidesPainter
from .history import FADE_SAMPLES, TRUST_CHANGED, TRUST_MOVED, History, Picture
from .look import Look
from .modes import display_of
from .pacing import Pacing
from .pick import Picker
from .tonemap import Developer, Planes
from .tracer import SHADOW_RAYS, Tracer
from .uniforms import uniforms

# A dispatch longer than this keeps a device from its other users, and a hand waiting.
LONGEST_DISPATCH_S = 0.025
# A shorter one is not worth what it costs to start it, however little time there is for a step.
SHORTEST_DISPATCH_S = 0.005
# Without a GPU a frame in motion may take longer: a picture of some detail is worth more than its rate.
SOFTWARE_MOTION_BUDGET_S = 0.05
TILE_PX = TILE * TILE
SEED_STEP = 0x9E3779B9


class ProgressiveRenderer:
    """Draws one view of a scene, a little with each `step`. All calls on the thread of `context`.

    A view that shares its scene with others may be given the same `resident` (and then does not close it).
    `planes` are made of each picture of a step: all others cost a little more when they are read.
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
        resident: DeviceScene | None = None,
        budget_bytes: int | None = None,
        mode: Mode | None = None,
        count_violations: bool = False,
    ) -> None:
        self._context, self.scene = context, scene
        self._owns_resident = resident is None
        self.resident = resident or bring(context, scene, budget_bytes, progress)
        self._look = Look(self.resident)
        self._flow = Flow.of(self.resident, self._look, context.info.software)
        cut = self._flow.cut if self._flow else None
        self._tracer = Tracer(self.resident, self._look, mode, count_violations, cut)
        self._mode = mode
        self._convergence = Convergence()
        self._pacing = Pacing()
        self._guides = GuidesPainter()
        self._picker: Picker | None = None
        self._state = scene.default_state
        self._sequence = self._camera_seq = 0
        self._scale = 1.0
        self._fineness = 1  # of what is drawn, so many times as wide and high as what is wanted
        self._motion_budget_s = SOFTWARE_MOTION_BUDGET_S if context.info.software else 0.0
        self._dispatch_s = LONGEST_DISPATCH_S
        self._trust = TRUST_CHANGED
        self._moves = 0  # pictures in motion since the last one at rest
        # Samples are of another state than the one that is set; what is shown may also have another exposure.
        self._dirty = True
        self._redevelop = False
        self.planes: tuple[Planes, ...] = ("i420",)
        self._picture: Picture | None = None  # what the planes were made of
        self.width = self.height = 0
        self._views: _View | None = None
        self.resize(width, height)
        self.set_state(scene.default_state, 0)
        context.check()

    # ---- what to show ----

    def set_state(self, state: ViewState, sequence: int, camera_seq: int = 0) -> None:
        """Show `state` from the next step on. Raises StateError when it does not fit the scene."""
        if (sky := state.lighting.sky).environment is not None:
            self.scene.environment(sky.environment)
        mixes_otherwise = state.rendering.mixing != self._state.rendering.mixing  # which majorants depend on
        if state.layers != self._state.layers or mixes_otherwise or self._dirty:
            self._look.update(state)
        if _traced(state) != _traced(self._state):
            moved = state.camera != self._state.camera and _traced(state)[1:] == _traced(self._state)[1:]
            # Several changes may come before the next step: the least trusting one counts.
            self._trust = min(self._trust if self._dirty else TRUST_MOVED, TRUST_MOVED if moved else TRUST_CHANGED)
            self._dirty = True
        # A new exposure, background or guide shows the samples that are there already.
        self._redevelop = self._redevelop or _developed(state) != _developed(self._state)
        self._state, self._sequence, self._camera_seq = state, sequence, camera_seq

    def set_annotations(self, points: Sequence[PointAnnotation]) -> None:
        """Show these points of the scene, where the state's guides do, from the next step or still on."""
        self._guides.set_annotations(points)
        self._redevelop = True

    def limit_motion(self, scale: float) -> None:
        """While things move, draw at most so finely (0..1 of the picture's size), however quick the device is."""
        self._pacing.scale_limit = scale

    def resize(self, width: int, height: int) -> None:
        """Change the picture's size in pixels."""
        if (width, height) == (self.width, self.height):
            return
        limit = self._context.limits.texture_2d_px
        if not (1 <= width <= limit and 1 <= height <= limit):
            raise GpuError(f"a picture of {width}x{height} is not possible; each side must be 1 to {limit}")
        if self._views is not None:
            self._views.close()
        self.width, self.height = width, height
        self._views, self._picture = _View(width, height), None
        self._dirty = True

    @property
    def _view(self) -> _View:
        assert self._views is not None, "the renderer is closed"
        return self._views

    @property
    def _display(self) -> Display:
        return display_of(self._state, self._tracer.mode)

    # ---- progressive drawing ----

    def step(self, now_s: float, budget_s: float) -> Frame:
        """Draw for about `budget_s`: at least part of a sample, at a lower resolution while things move."""
        started = time.perf_counter()
        waited = not self._is_resident
        has_sample = self._dirty or self._view.accumulator.samples > 0
        if self._flow is not None and self._flow.follow(now_s, has_sample) and not self._dirty:
            self._begin(self._scale)
        if self._dirty:
            self._pacing.changed(now_s)
            budget_s = max(budget_s, self._motion_budget_s)
            self._begin(self._pacing.scale(now_s, self.width * self.height, budget_s))
        elif self._scale < 1.0 and not self._pacing.moving(now_s):
            self._begin(1.0)
        self._dispatch_s = min(max(budget_s, SHORTEST_DISPATCH_S), LONGEST_DISPATCH_S)
        accumulator = self._view.accumulator
        fresh = False
        if not self._is_done(accumulator, self._state.samples):
            fresh = self._draw_until(started + budget_s)
        elif self._flow is not None and self._flow.waiting:
            self._flow.wait(budget_s)
        elif waited and self._is_resident:
            fresh = True  # the last of what was missing cannot be read: this is the picture
        if self._redevelop and accumulator.whole:
            self._view.history.forget()
            fresh = True
        if fresh:
            self._develop()
        self._context.check()
        return self._frame(fresh, started)

    def _frame(self, fresh: bool, started: float) -> Frame:
        accumulator = self._view.accumulator
        return Frame(
            sequence=self._sequence,
            camera_seq=self._camera_seq,
            width=self.width,
            height=self.height,
            scale=self._scale,
            samples=accumulator.samples,
            target_samples=self._state.samples,
            converged=self._scale == 1.0
            and not self._dirty
            and self._is_done(accumulator, self._state.samples)
            and self._is_resident,
            active_share=accumulator.active_share,
            fresh=fresh,
            resident=self._is_resident,
            missing=self._flow.n_missing if self._flow else 0,
            render_s=time.perf_counter() - started,
        )

    @property
    def _is_resident(self) -> bool:
        return self._flow is None or self._flow.is_resident

    def _begin(self, scale: float) -> None:
        """Start to sample anew. The picture that is shown stays until there is a new one."""
        self._scale = scale
        window = (max(1, round(self.width * scale)), max(1, round(self.height * scale)))
        self._view.accumulator.begin(window)
        # In motion each picture has other noise than the one before, or what history keeps of it would never fade.
        self._moves = self._moves + 1 if scale < 1.0 else 0
        record = self._start(self._view.accumulator, window, (0, 0, *window), self._moves * SEED_STEP)
        stale = self._flow.stale(self._state, window) if self._flow is not None else None
        self._view.history.begin(record, self._trust, stale)
        self._dirty, self._trust = False, TRUST_MOVED

    def _start(
        self,
        accumulator: Accumulator,
        picture: tuple[int, int],
        window: tuple[int, int, int, int],
        seed_offset: int = 0,
        rays: int | None = None,
    ) -> NDArray[np.void]:
        """Make the tracer ready for a window of a picture; its Params. `rays`: of a path at most."""
        if self._flow is not None:
            self._flow.begin(self._state, max(1, picture[1] // self._fineness))
        resident = self.resident
        records = uniforms(
            self._state,
            self.scene,
            resident.unit_from_world,
            resident.volume_records,
            self._look.drawn(),
            picture,
            window,
        )
        records.params["seed"] = (self._state.seed + seed_offset) & 0xFFFFFFFF
        if rays is not None:
            records.params["rays"] = rays
        elif accumulator.local is not None:  # only paths have it
            records.params["rays"] += SHADOW_RAYS - 1
        self._tracer.begin(accumulator, self._state, records)
        return records.params

    def _draw_until(self, deadline: float) -> bool:
        """Draw tiles until the deadline; True when at least one sample became complete."""
        accumulator = self._view.accumulator
        completed = False
        while not self._is_done(accumulator, self._state.samples):
            completed = self._draw_some(accumulator, self._state.samples) or completed
            left = deadline - time.perf_counter()
            # A sample that cannot be finished in time is not begun: half of it would keep the picture back.
            if completed and left < accumulator.n_tiles * TILE_PX * self._pacing.seconds_per_pixel:
                break
            # While things move a step ends with a picture; at rest it may end inside of a sample.
            if left <= 0.0 and self._scale == 1.0:
                break
        return completed

    def _draw_some(self, accumulator: Accumulator, most_samples: int) -> bool:
        """One dispatch, timed, of at most `_dispatch_s`; True when samples of the window became complete."""
        tiles = min(self._pacing.tiles(TILE_PX, self._dispatch_s), accumulator.n_tiles - accumulator.at)
        samples = 1
        if tiles == accumulator.n_tiles and accumulator.samples:
            most = most_samples - accumulator.samples
            if self._state.rendering.noise_threshold > 0:
                most = min(most, CHECK_EVERY - accumulator.samples % CHECK_EVERY)
            samples = min(most, self._pacing.samples(tiles * TILE_PX, self._dispatch_s))
        started = time.perf_counter()
        reports = self._flow is not None and self._flow.listens(accumulator.samples)
        self._tracer.draw(accumulator, tiles, samples, reports)
        finish()
        self._pacing.measured(tiles * TILE_PX * samples, time.perf_counter() - started)
        completed = accumulator.advance(tiles, samples)
        if completed and reports and self._flow is not None:
            self._flow.heard()
        threshold = self._state.rendering.noise_threshold
        if completed and threshold > 0 and accumulator.samples % CHECK_EVERY == 0:
            self._convergence.drop(accumulator, threshold)
        return completed

    @staticmethod
    def _is_done(accumulator: Accumulator, samples: int) -> bool:
        return accumulator.samples >= samples or accumulator.n_tiles == 0

    def _compose(self, raw: bool = False) -> Picture:
        """The picture that is shown of the samples so far. `raw`: of the samples alone, whatever the state says."""
        fade = min(FADE_SAMPLES, self._state.samples)
        denoise = not raw and self._tracer.mode == "path" and self._state.rendering.denoise
        picture = self._view.history.compose(self._view.accumulator, self._display, fade, denoise)
        self._guides.prepare(self._state, self.scene, (self.width, self.height))
        return picture

    def _develop(self, raw: bool = False) -> None:
        """Make the planes of the picture. `raw`: of the samples alone, whatever the state says about denoising."""
        picture = self._picture = self._compose(raw)
        self._view.developer.forget()
        for planes in self.planes:
            self._view.developer.develop(picture, self._display, self._guides, planes)
        self._redevelop = False

    # ---- pixels ----

    def read_rgba(self, transparent: bool = False) -> NDArray[np.uint8]:
        """The mean of the samples as (height, width, 4) uint8, sRGB, straight alpha, top row first."""
        self._finish_sample()
        self._guides.prepare(self._state, self.scene, (self.width, self.height))
        developer = self._view.developer
        return developer.rgba(self._view.accumulator, self._display, transparent, guides=self._guides)

    def read_i420(self) -> bytes:
        """The picture of the last fresh step: planes Y, U, V, BT.709 limited range. Once a step.

        While samples are few it also holds what was shown before them (engine.history).
        """
        return self._view.developer.take("i420")

    def read_planes(self, planes: Planes) -> bytes:
        """The picture of the last fresh step as these planes, also where `planes` had not asked for them.

        Raises GpuError where there is no picture yet. Others than those in `planes` show the display and the guides of
        the state that is set now.
        """
        developer = self._view.developer
        if not developer.has(planes):
            if self._picture is None:
                raise GpuError("there is no picture to read back")
            developer.develop(self._picture, self._display, self._guides, planes)
        return developer.take(planes)

    def read_shown(self) -> NDArray[np.uint8]:
        """The picture that `read_i420` has, in full colour: (height, width, 4) uint8, sRGB, opaque, top row first.

        Once no history and no filter is left in it (engine.history), it is what `read_rgba` answers.
        """
        return self._view.developer.rgba_of(self._compose(), self._display, self._guides)

    def read_mean(self) -> NDArray[np.float32]:
        """Mean radiance (premultiplied) and coverage, linear, (height, width, 4) float32."""
        self._finish_sample()
        return self._view.accumulator.read_mean()

    def _finish_sample(self) -> None:
        """Tiles of a sample that was begun are ahead of the others: complete it."""
        accumulator = self._view.accumulator
        while not accumulator.whole and not self._dirty:
            self._draw_some(accumulator, accumulator.samples + 1)

    def pick(
        self, x_px: float, y_px: float, size: tuple[int, int] | None = None, state: ViewState | None = None
    ) -> Pick:
        """What the pixel at (x_px, y_px) shows, of the state that is set or of another one of the same scene, in a
        picture of `size` (width, height; by default the view's). Samples are left alone. See engine.pick.
        """
        cut = self._flow.cut if self._flow else None
        self._picker = self._picker or Picker(self.resident, self._look, cut)
        shown = state or self._state
        try:
            self._look.update(shown)
            return self._picker.pick(shown, size or (self.width, self.height), x_px, y_px, self._mode)
        finally:
            self._look.update(self._state)

    def troubles(self) -> list[str]:
        """What could not be read since the last time, in sentences; it is drawn coarser."""
        return self._flow.troubles() if self._flow is not None else []

    def violations(self) -> tuple[int, int]:
        """(majorant violations, tentative collisions); only with `count_violations`."""
        return self._tracer.violations()

    def close(self) -> None:
        """Free what the view holds on the device. Idempotent."""
        if self._views is None:
            return
        self._views.close()
        self._views = None
        self._tracer.close()
        self._convergence.close()
        self._guides.close()
        if self._flow is not None:
            self._flow.close()
        if self._picker is not None:
            self._picker.close()
        self._look.close()
        if self._owns_resident:
            self.resident.close()


class _View:
    """What depends on the picture's size."""

    def __init__(self, width: int, height: int) -> None:
        self.accumulator = Accumulator(width, height)
        self.history = History(width, height)
        self.developer = Developer(width, height)

    def close(self) -> None:
        self.accumulator.close()
        self.history.close()
        self.developer.close()


def _traced(state: ViewState) -> tuple[object, ...]:
    """The parts of the state that the samples depend on."""
    # The light of slices is divided by the exposure before it is sampled.
    exposure = state.display.exposure if state.slices != Slices() else 0.0
    shown = (state.clip_planes, state.slices, exposure, state.flip, state.crop)
    rendering = state.rendering.model_copy(update={"denoise": True})
    return state.camera, state.layers, state.time, shown, state.shading, state.lighting, rendering, state.seed


def _developed(state: ViewState) -> tuple[object, ...]:
    """The parts of the state that the samples do not depend on, and the picture does."""
    return state.display, state.guides, state.rendering.denoise
