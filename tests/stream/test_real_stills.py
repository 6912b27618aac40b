"""The real worker: its stills are the renderer's pixels, motion after one goes on from it, and views share a scene."""

from __future__ import annotations

import asyncio
import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.session.events import CameraEvent, StateMessage, StillMessage
from render.state.view import ViewState

from .service import WORKER_PROGRAM, service
from .test_real import psnr_db
from .viewer import Viewer, viewer

SCENE = "synthetic:cell?size=48"
WIDTH, HEIGHT = 80, 64
QUERY = f"?width={WIDTH}&height={HEIGHT}"
SAMPLES = 16
"""After so many the picture before counts no more; filtered it is up to 64."""


@dataclass
class Watched:
    """What a viewer saw: stills of a turned camera, raw and filtered; the picture at rest; and what moved after it."""

    raw: tuple[ViewState, StillMessage, np.ndarray]
    filtered: tuple[ViewState, StillMessage, np.ndarray]
    rest: np.ndarray
    moving: list[np.ndarray]
    samples: list[int]  # of what moved


async def still_of(one: Viewer, sequence: int) -> tuple[StillMessage, np.ndarray]:
    """The still of this state."""
    message = await one.until(
        lambda: [still for still in one.of(StillMessage) if still.sequence == sequence], "still", deadline_s=60
    )
    answer = await one.http.get(f"/api/v1/{message[-1].path}")
    assert answer.status_code == 200
    return message[-1], np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


async def watch() -> Watched:
    async with (
        service([SCENE], program=WORKER_PROGRAM) as server,
        server.client() as http,
        viewer(http, QUERY) as one,
    ):
        camera = (await one.hello()).state.camera
        x, y, z = camera.position
        turned = camera.model_copy(update={"position": (x + 0.2 * abs(z), y, z)})
        one.put(1, turned.model_dump(mode="json"), "camera")
        one.put(2, SAMPLES, "samples")
        one.put(3, True, "guides", "scale_bar")
        stills = []
        for seq, filters in ((4, False), (5, True)):
            one.put(seq, filters, "rendering", "denoise")
            told = await one.message(StateMessage, seq=seq)
            stills.append((told.state, *await still_of(one, told.sequence)))

        def sharp() -> list[object]:
            return [n for n in one.notes if n.frame.sequence == told.sequence and n.frame.samples == SAMPLES][3:]

        await one.until(sharp, "picture at rest, sent often enough to be sharp", deadline_s=60)
        rest = one.frames[-1][1][:HEIGHT].astype(float)
        count, notes, moving = one.frame_count, len(one.notes), []
        for step in range(1, 9):
            moved = camera.model_copy(update={"position": (x + (0.2 + 0.002 * step) * abs(z), y, z)})
            one.say(CameraEvent(seq=step, camera=moved))
            await one.until(lambda: one.frame_count > count, "frame in motion")  # noqa: B023
            moving += [luma[:HEIGHT].astype(float) for _, luma in one.frames[count - one.frame_count :]]
            count = one.frame_count
        return Watched(*stills, rest, moving, [note.frame.samples for note in one.notes[notes:]])


@pytest.fixture(scope="module")
def watched() -> Watched:
    return asyncio.run(watch())


def rendered(*states: ViewState) -> list[tuple[np.ndarray, np.ndarray]]:
    """What a renderer of our own makes of states: as it is shown after stepping, and the mean of its samples."""
    from render.engine.renderer import Renderer
    from render.gpu.context import Context
    from render.scene.open import open_scene

    context, scene = Context.create(), open_scene([SCENE])
    renderer = Renderer(context, scene, WIDTH, HEIGHT)
    pictures, now_s = [], 0.0
    for number, state in enumerate(states):
        renderer.set_state(state, number + 1)
        while not renderer.step(now_s, 0.025).converged:
            now_s += 1.0
        shown = renderer.read_shown()
        renderer.render_still(state.samples)
        pictures.append((shown, renderer.read_rgba()))
    renderer.close()
    scene.close()
    context.close()
    return pictures


def test_a_still_is_the_renderers_picture_pixel_for_pixel(watched: Watched) -> None:
    raw, filtered = rendered(watched.raw[0], watched.filtered[0])
    for (state, message, pixels), (shown, _) in ((watched.raw, raw), (watched.filtered, filtered)):
        assert (message.width, message.height, message.samples) == (WIDTH, HEIGHT, SAMPLES)
        assert state.guides.scale_bar
        assert shown[..., :3].std() > 5  # there is something to see
        assert np.array_equal(pixels, shown)
    assert np.array_equal(*raw)
    assert not np.array_equal(*filtered)  # it is what the video shows, and that is filtered


def test_motion_after_a_still_begins_with_the_picture_that_was_there(watched: Watched) -> None:
    """Nothing black and nothing blank goes out: the first frame looks like the last."""
    assert min(watched.samples) < SAMPLES  # this is no test of frames at rest
    assert len(watched.moving) >= 8
    for picture in watched.moving:
        assert picture.std() > 0.6 * watched.rest.std()
        assert abs(picture.mean() - watched.rest.mean()) < 0.15 * watched.rest.mean()
        assert psnr_db(picture, watched.rest) > 18


def test_four_views_of_a_volume_hold_it_once() -> None:
    """A software device's memory is the worker's own. Three further views add buffers and programs, and no volume."""
    size = 288
    volume_mib = 2 * size**3 / 2**20

    def private_mib(pid: int) -> float:
        line = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("RssAnon"))
        return int(line.split()[1]) / 1024

    async def scenario() -> list[float]:
        async with contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                service([f"synthetic:ramp?size={size}&dtype=uint16"], program=WORKER_PROGRAM)
            )
            http = await stack.enter_async_context(server.client())
            views, used_mib = set(), []
            for _ in range(4):
                one = await stack.enter_async_context(viewer(http, QUERY))
                views.add((await one.hello()).view)
                one.put(1, 1, "samples")
                await one.until(lambda: one.notes, "a picture", 60)  # noqa: B023
                assert server.supervisor.pid is not None
                used_mib.append(private_mib(server.supervisor.pid))
            assert len(views) == 4
            return used_mib

    used_mib = asyncio.run(scenario())
    assert used_mib[0] > volume_mib
    assert used_mib[-1] - used_mib[0] < volume_mib, used_mib
