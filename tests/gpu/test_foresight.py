"""What is read ahead of a view in motion and of time that plays, from a store that takes its time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.reader import BrickReader
from render.engine.flow import FORESEE_INTERVAL_S
from render.engine.foresight import camera_ahead
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.framing import orbit
from render.source.base import Shape3
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.layer import Channel
from render.state.view import ViewState

from .scenes import WHITE_SKY, plain, scene_of
from .test_paging import Shuffled, TwoTimes, blobs, paged, pyramid, tree_of, walk

LATENCY_S = 0.03


class Far(TwoTimes):
    """Each read takes 30 ms."""

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        time.sleep(LATENCY_S)
        return super().read(level, channel, time_, lo, hi)


class FarLevels(Shuffled):
    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        time.sleep(LATENCY_S if level < 2 else 0.0)
        return self._source.read(level, channel, time_, lo, hi)


def read_ahead(renderer: Renderer) -> None:
    """A hand that rests: until nothing more is read ahead."""
    reader = tree_of(renderer)._reader
    time.sleep(FORESEE_INTERVAL_S)  # or what was foreseen before the last step of the hand would stand
    renderer.step(time.monotonic(), 0.02)
    end = time.monotonic() + 10.0
    while reader._ahead.pending or reader._begun_ahead:
        assert time.monotonic() < end
        time.sleep(0.01)


def shown(scene: object, **changes: object) -> ViewState:
    return plain(scene, 30.0, lighting=WHITE_SKY, channel=Channel(window=(90.0, 200.0)), samples=2, **changes)  # type: ignore[arg-type]


def read_for_views(renderer: Renderer) -> int:
    """How many bricks were read because a view lacked them."""
    told = tree_of(renderer)._reader.statistics
    return told.read + told.constant - told.ahead


def last_step(gl: Context, monkeypatch: pytest.MonkeyPatch, what: str, ahead: bool) -> tuple[float, int, int]:
    """Of the last of some steps of a hand: how many seconds it takes to be there whole, how many bricks are read
    meanwhile, and how many in all were read ahead and used.
    """
    voxels = blobs((64, 64, 64), 2)
    if what == "time":
        times = np.stack([blobs((64, 64, 64), s) for s in (2, 3, 4)])
        scene = scene_of(pyramid(Far(MemorySource(voxels), times)))
    else:
        scene = scene_of(FarLevels(pyramid(MemorySource(voxels)), 1))
    state = shown(scene)
    wide = state.camera
    with monkeypatch.context() as patch:
        if not ahead:
            patch.setattr(BrickReader, "expect", lambda *_: None)
        with paged(gl, scene) as renderer:
            for number in range(3):
                camera = wide.model_copy(update={"view_angle": 60.0 / 2**number})
                change = {"time": number} if what == "time" else {"camera": camera}
                began, reads = time.monotonic(), read_for_views(renderer)
                renderer.set_state(state.model_copy(update=change), number + 1)
                assert walk(renderer)[0]
                taken, reads = time.monotonic() - began, read_for_views(renderer) - reads
                if ahead and number < 2:
                    read_ahead(renderer)
            told = tree_of(renderer)._reader.statistics
            assert told.ahead_failed == 0
            return taken, reads, told.ahead_used


@pytest.mark.parametrize("what", ["time", "zoom"])
def test_a_step_that_was_foreseen_hardly_waits(gl: Context, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Counted in reads of the store, 30 ms each: the clock (it is printed) also tells how busy the processor was."""
    without, reads_without, none_used = last_step(gl, monkeypatch, what, False)
    with_it, reads, used = last_step(gl, monkeypatch, what, True)
    print(f"{what}: {without:.2f} s without, {with_it:.2f} s with, {reads_without} and {reads} reads, {used} used")
    assert none_used == 0
    assert used > 4
    assert reads_without > 10
    assert reads < 0.4 * reads_without


def test_a_camera_goes_on_as_it_went() -> None:
    first = Camera(position=(0.0, 0.0, -100.0), focal_point=(0.0, 0.0, 0.0))
    # Turning and coming nearer; the next of the same steps is not far from what is foreseen.
    steps = [first]
    for _ in range(2):
        turned = orbit(steps[-1], 10.0, 0.0)
        position = np.asarray(turned.focal_point) + 0.8 * (
            np.asarray(turned.position) - np.asarray(turned.focal_point)
        )  # fmt: skip
        steps.append(turned.model_copy(update={"position": tuple(position.tolist())}))
    foreseen = camera_ahead(steps[1], steps[0])
    off = np.linalg.norm(np.asarray(foreseen.position) - np.asarray(steps[2].position))
    assert foreseen.distance == pytest.approx(steps[2].distance)
    assert off < 0.1 * np.linalg.norm(np.asarray(steps[2].position) - np.asarray(steps[1].position))
    moved = first.model_copy(update={"position": (9.0, 0.0, -100.0), "focal_point": (9.0, 0.0, 0.0)})
    assert camera_ahead(moved, first).position == pytest.approx((18.0, 0.0, -100.0))
    assert camera_ahead(first, None).distance == pytest.approx(50.0)
