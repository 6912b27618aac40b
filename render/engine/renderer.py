"""The renderer: pictures that get better step by step, and stills. Everything that draws calls this."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..scene.open import Progress
from .accumulator import Accumulator
from .frame import Frame
from .layers import Layers
from .looks import Looks, uneven_tiles
from .progressive import ProgressiveRenderer
from .tonemap import Bits, Developer
from .uniforms import depth_ahead, params

STILL_WINDOW_PX = 2048


class Renderer(ProgressiveRenderer):
    """Draws one view of a scene, step by step or as stills of any size. See ProgressiveRenderer."""

    def render_still(self, samples: int, progress: Progress | None = None) -> Frame:
        """Draw exactly `samples` samples at full resolution: the same state, size and seed give the same picture.

        It is their mean and nothing else.
        """
        started = time.perf_counter()
        self._settle(self._view.accumulator, lambda: self._begin(1.0), progress)
        self._begin(1.0)
        self._view.history.forget()
        self._sample(self._view.accumulator, samples, progress)
        self._develop(raw=True)
        self._context.check()
        frame = self._frame(True, started)
        return replace(frame, target_samples=samples, converged=True)

    def picture(
        self,
        width: int,
        height: int,
        samples: int,
        transparent: bool = False,
        progress: Progress | None = None,
        bits: Bits = 8,
    ) -> NDArray[Any]:
        """A still of any size, as read_rgba gives it (uint16 with `bits` 16), drawn window by window; the view's own
        picture is left alone. Same state, size and seed: same picture, bit for bit.
        """
        whole = np.empty((height, width, 4), np.uint8 if bits == 8 else np.uint16)
        for place, first, accumulator in self._windows(width, height, samples, progress):
            whole[place] = self._developed_window(accumulator, (width, height), first, transparent, bits)
        return whole

    def develop(self, color: NDArray[np.float32], transparent: bool = False, bits: Bits = 8) -> NDArray[Any]:
        """A still made of linear light, (height, width, 4) float32 premultiplied, as `picture` would have made it:
        exposure, tone map and guides of the state.
        """
        height, width = color.shape[:2]
        whole = np.empty((height, width, 4), np.uint8 if bits == 8 else np.uint16)
        for x, y, w, h in _tiling(width, height):
            accumulator = Accumulator(w, h)
            try:
                place = (slice(y, y + h), slice(x, x + w))
                accumulator.color.write(np.ascontiguousarray(color[place]))
                whole[place] = self._developed_window(accumulator, (width, height), (x, y), transparent, bits)
            finally:
                accumulator.close()
        return whole

    def _developed_window(
        self, accumulator: Accumulator, picture: tuple[int, int], first: tuple[int, int], transparent: bool, bits: Bits
    ) -> NDArray[Any]:
        developer = Developer(*accumulator.window)
        try:
            self._guides.prepare(self._state, self.scene, picture, (*first, *accumulator.window))
            return developer.rgba(accumulator, self._display, transparent, first, bits, self._guides)
        finally:
            developer.close()

    def layers(self, width: int, height: int, samples: int, progress: Progress | None = None) -> Layers:
        """What a still is made from, linear and raw: no filter has touched it."""
        return self._layers(width, height, samples, progress)

    def layers_to_denoise(
        self, width: int, height: int, samples: int, progress: Progress | None = None, fineness: int = 1
    ) -> tuple[Layers, Layers | None]:
        """As `layers`, with the layer "local", and with SHADOW_RAYS shadow rays at each first collision, so that the
        light has the mean of a raw picture's and less noise; and the guides of the filter: more rays (`Looks`),
        which end where they first collide, so that they cost a fraction of a path. Of those "local", "albedo", "normal"
        and "depth" count (and the coverage in "color", not its light). None, and no "local", in modes
        that follow no paths.

        `fineness` 2: paths and looks are spread over a picture of twice the width and height, of which a pixel gets a
        quarter of the samples, rounded up. What a paged scene loads is that of the size that was asked for. Other modes
        are drawn as large as they are wanted.
        """
        if (self._mode or self._state.rendering.mode) != "path":
            return self._layers(width, height, samples, progress), None
        looks = Looks.of(samples, fineness)
        width, height, samples = width * fineness, height * fineness, -(-samples // fineness**2)
        state = self._state
        # Which tiles are free of noise is judged by their light, of which looks have none.
        rendering = state.rendering.model_copy(update={"noise_threshold": 0.0})
        self._fineness = fineness
        try:
            picture = self._layers(width, height, samples, progress, local_light=True)
            self._state = state.model_copy(update={"rendering": rendering})
            return picture, self._layers(width, height, looks.most, progress, local_light=True, looks=looks)
        finally:
            self._state, self._fineness = state, 1

    def _layers(
        self,
        width: int,
        height: int,
        samples: int,
        progress: Progress | None,
        local_light: bool = False,
        looks: Looks | None = None,
    ) -> Layers:
        color, guides = np.empty((height, width, 4), np.float32), np.empty((height, width, 9), np.float32)
        label = np.zeros((height, width), np.uint32)
        local = np.empty((height, width, 3), np.float32) if local_light else None
        for place, _, accumulator in self._windows(width, height, samples, progress, local_light, looks):
            if local is not None:
                local[place] = accumulator.read_local()
            color[place] = accumulator.read_mean()
            found = accumulator.read_guides()
            planes = (found[name][..., None] for name in ("depth", "samples", "luminance2"))
            guides[place] = np.concatenate([found["albedo"], found["normal"], *planes], axis=2)
            label[place] = accumulator.read_labels()
        whole = params(self._state, self.scene, self.resident.unit_from_world, (width, height), (0, 0, width, height))
        return Layers(
            color=color,
            albedo=guides[..., :3],
            normal=guides[..., 3:6],
            depth=(guides[..., 6] + depth_ahead(whole)) / np.float32(self.resident.unit_from_world[0, 0]),
            label=self.resident.label_ids(label) if self.resident.label_layers else None,
            samples=guides[..., 7],
            luminance2=guides[..., 8],
            local=local,
        )

    def _windows(
        self,
        width: int,
        height: int,
        samples: int,
        progress: Progress | None,
        local_light: bool = False,
        looks: Looks | None = None,
    ) -> Iterator[tuple[tuple[slice, slice], tuple[int, int], Accumulator]]:
        """The windows of a large picture, each sampled: where it goes in an array, its first pixel, its samples."""
        windows = _tiling(width, height)
        for number, (x, y, w, h) in enumerate(windows):
            accumulator = Accumulator(w, h, local_light)
            try:
                begin = partial(self._restart, accumulator, (width, height), (x, y, w, h), 1 if looks else None)
                self._settle(accumulator, begin, progress)
                begin()
                if looks is not None and looks.least < samples:
                    self._sample(accumulator, looks.least, None)
                    accumulator.keep(uneven_tiles(accumulator.read_local(), accumulator.read_mean()[..., 3]))
                self._sample(accumulator, samples, progress, number, len(windows))
                yield (slice(y, y + h), slice(x, x + w)), (x, y), accumulator
                self._context.check()
            finally:
                accumulator.close()
                self._dirty = True  # the tracer's parameters are this window's now

    def _restart(
        self,
        accumulator: Accumulator,
        picture: tuple[int, int],
        window: tuple[int, int, int, int],
        rays: int | None = None,
    ) -> None:
        accumulator.begin(accumulator.window)
        self._start(accumulator, picture, window, rays=rays)

    def _settle(self, accumulator: Accumulator, begin: Callable[[], object], progress: Progress | None) -> None:
        """In a paged scene: draw and load until nothing is missing. Same state and size: the same bricks, whatever was
        looked at before and however they came.
        """
        if self._flow is None:
            return

        def look(samples: int) -> None:
            begin()
            while accumulator.samples < samples:
                self._draw_some(accumulator, samples)

        self._flow.settle(look, progress)

    def wait_resident(self, progress: Progress | None = None) -> Frame:
        """Load all that the picture as it is set needs, before the next step."""
        started = time.perf_counter()
        self._settle(self._view.accumulator, lambda: self._begin(1.0), progress)
        self._begin(1.0)
        return self._frame(False, started)

    def _sample(
        self, accumulator: Accumulator, samples: int, progress: Progress | None, part: int = 0, parts: int = 1
    ) -> None:
        """Fill an accumulator that has none with `samples` samples, in short dispatches."""
        while not self._is_done(accumulator, samples):
            if self._draw_some(accumulator, samples) and progress:
                progress("sampling", part * samples + accumulator.samples, parts * samples)


def _tiling(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Windows (x, y, width, height) of at most STILL_WINDOW_PX a side that make up a picture."""
    side = STILL_WINDOW_PX
    corners = [(x, y) for y in range(0, height, side) for x in range(0, width, side)]
    return [(x, y, min(side, width - x), min(side, height - y)) for x, y in corners]
