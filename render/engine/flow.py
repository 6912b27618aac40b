"""The flow of bricks to one view of a paged scene: what its rays missed is asked for, what arrives is followed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..scene.open import Progress
from ..state.view import ViewState
from .cut import Cut
from .device_scene import DeviceScene
from .foresight import Foresight
from .history import Tiles
from .look import Look
from .paged import PagedScene, Want
from .stale import stale_tiles

COMMIT_INTERVAL_S = FORESEE_INTERVAL_S = 0.1
UPLOAD_BYTES = 16 << 20
LISTEN_EVERY = 8
"""Once nothing is missing, every so many samples are asked what they meet: paths differ."""
WAIT_S = 0.02
FETCHED_AT_ONCE = 192
CLEAN_PASSES = 2
MOST_PASSES = 200
RECENT_FRAMES = 64

_view_ids = itertools.count()


class Flow:
    """Between a renderer and a paged scene. All calls on the GL thread."""

    def __init__(self, scene: PagedScene, look: Look, software: bool) -> None:
        self._scene, self._look = scene, look
        self.cut = Cut(scene, look, software)
        self._foresight = Foresight(scene, self.cut)
        self._view = next(_view_ids)
        self._foreseen_s = float("-inf")
        self._epoch = -1
        self._changed: list[NDArray[np.int64]] = []  # nodes, since `stale` was asked for
        self._settling = False
        self._told = len(scene.notes)
        self._heard = False  # what the picture that was begun is missing is known

    @classmethod
    def of(cls, scene: DeviceScene, look: Look, software: bool) -> Flow | None:
        """Nothing flows where all is there."""
        return cls(scene, look, software) if isinstance(scene, PagedScene) else None

    @property
    def n_missing(self) -> int:
        return len(self.cut.missing)

    @property
    def waiting(self) -> bool:
        """Whether bricks for this view are still to come."""
        return bool(self.cut.missing) and self._scene.waiting

    @property
    def is_resident(self) -> bool:
        return self._heard and not self.cut.missing

    def begin(self, state: ViewState, height_px: int) -> None:
        """A new picture of `state`, so high."""
        self._heard = False
        self._scene.set_time(state.time)
        self._foresight.look(state.camera, state.time)
        self._catch_up()
        self.cut.look_from(state.camera, state.flip, height_px, self._look.shown_channels())

    def listens(self, samples: int) -> bool:
        """Whether the next sample, after so many, reports."""
        return self._settling or bool(self.cut.missing) or samples < 2 or samples % LISTEN_EVERY == 0

    def heard(self) -> None:
        """A sample that reported is complete."""
        self._heard = True
        self.cut.collect(everything=self._settling)
        self._scene.view_frames[self._view] = self.cut.frame
        if not self._settling:
            self._scene.ask(self._view, self.cut.missing)

    def follow(self, now_s: float, has_sample: bool) -> bool:
        """Bring bricks that arrived onto the device, and see those that other views brought. True when what this view
        draws has changed. Not before it `has_sample`: pictures that never become complete would show nothing.
        """
        scene = self._scene
        freed = self.cut.allow_all()  # a still before this kept to its own bricks
        scene.receive(UPLOAD_BYTES)
        self.cut.give_up_failed()
        self._look_ahead(now_s)
        if not has_sample:
            return freed
        if scene.has_staged and (now_s - scene.committed_s >= COMMIT_INTERVAL_S or not scene.reading):
            scene.commit(self._before())
            scene.committed_s = now_s
            if scene.is_full and self._heard:
                # What is wanted at the coarser level is known after the next sample.
                self.cut.coarsen()
                scene.ask(self._view, [])
                self._catch_up()
                return True
        return self._catch_up() or freed

    def _look_ahead(self, now_s: float) -> None:
        """While nothing is missing: have read what is likely to be wanted next."""
        if not self.is_resident or self._scene.waiting or now_s - self._foreseen_s < FORESEE_INTERVAL_S:
            return
        self._foreseen_s = now_s
        likely = self._foresight.likely(self._look.shown_channels())
        if likely is not None:
            self._scene.expect(self._view, likely)

    def _before(self) -> int:
        """What no view has met since this frame may go."""
        recent = [frame for frame in self._scene.view_frames.values() if frame > self._scene.frame - RECENT_FRAMES]
        return min(recent, default=0)

    def _catch_up(self) -> bool:
        if self._epoch == self._scene.epoch:
            return False
        nodes = self._scene.changed_since(self._epoch)
        self._epoch = self._scene.epoch
        self._changed.append(nodes)
        self._look.follow(nodes)
        self.cut.refresh()
        return len(nodes) > 0

    def stale(self, state: ViewState, window: tuple[int, int]) -> Tiles | None:
        """Which tiles of a picture of `window` (width, height) pixels show something else than when this was asked for
        the last time, because bricks came; None where none do.
        """
        nodes = np.unique(np.concatenate([*self._changed, np.zeros(0, np.int64)]))
        self._changed = []
        nodes = nodes[self._scene.tree.alive[nodes]]
        return stale_tiles(self._scene, nodes, state.camera, state.flip, window) if len(nodes) else None

    def wait(self, timeout_s: float) -> None:
        """Until something arrives, not for long."""
        self._scene.wait(min(timeout_s, WAIT_S))

    def troubles(self) -> list[str]:
        """What could not be read since the last time, in sentences."""
        news = self._scene.notes[self._told :]
        self._told += len(news)
        return news

    # ---- all of it, in one order ----

    def settle(self, look: Callable[[int], None], progress: Progress | None) -> None:
        """Draw (`look(samples)`) and load until nothing is missing, from the top bricks on."""
        self.cut.start_over()
        self._settling = True
        clean = loaded = 0
        try:
            for _ in range(MOST_PASSES):
                look(1 + clean)
                if not self.cut.missing:
                    clean += 1
                    if clean == CLEAN_PASSES:
                        break
                    continue
                clean = 0
                wants = self.cut.missing
                for first in range(0, len(wants), FETCHED_AT_ONCE):
                    some = wants[first : first + FETCHED_AT_ONCE]
                    full = self._fetch(some)
                    loaded += len(some)
                    if progress:
                        progress("loading bricks", loaded, loaded + len(wants) - first - len(some))
                    if full:
                        self.cut.coarsen()
                        break
                self._catch_up()
                self.cut.refresh()
        finally:
            self._settling = False
            self._scene.ask(self._view, [])

    def _fetch(self, wants: list[Want]) -> bool:
        """Load the bricks of some wants and commit them; True when there was no room for all."""
        scene = self._scene
        scene.ask(self._view, wants)
        while not scene.is_staged(wants):
            scene.wait(0.2)
            scene.receive(1 << 30)
        scene.commit(self._before())
        scene.committed_s = time.monotonic()
        self.cut.allow(wants)
        return scene.is_full

    def close(self) -> None:
        self._scene.forget_view(self._view)
        self.cut.close()
