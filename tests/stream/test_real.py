"""The real worker, with the real renderer, seen through the real codec and transport."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

import numpy as np
import pytest

from render.session.events import CameraEvent
from render.state.view import ViewState

from .service import WORKER_PROGRAM, service
from .viewer import viewer

SCENE = "synthetic:cell?size=48"
WIDTH, HEIGHT = 96, 80
SAMPLES = 4


def luma_of(states: Sequence[ViewState]) -> list[np.ndarray]:
    """What the renderer itself makes of the states: (height, width) uint8 each."""
    from render.engine.renderer import Renderer
    from render.gpu.context import Context
    from render.scene.open import open_scene

    context, scene = Context.create(), open_scene([SCENE])
    renderer = Renderer(context, scene, WIDTH, HEIGHT)
    pictures = []
    for state in states:
        renderer.set_state(state, 1)
        renderer.render_still(state.samples)
        planes = np.frombuffer(renderer.read_i420(), np.uint8)
        pictures.append(planes[: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH))
    renderer.close()
    scene.close()
    context.close()
    return pictures


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((a.astype(float) - b) ** 2).mean(), 1e-9)))


def test_the_decoded_picture_is_what_the_renderer_made_also_after_a_crash() -> None:
    async def scenario() -> tuple[ViewState, list[np.ndarray]]:
        query = f"?width={WIDTH}&height={HEIGHT}"
        async with (
            service([SCENE], program=WORKER_PROGRAM) as server,
            server.client() as http,
            viewer(http, query) as one,
        ):
            hello = await one.hello()
            assert hello.scene.layers[0].shape == (48, 48, 48)
            one.put(1, SAMPLES, "samples")
            one.put(2, False, "rendering", "denoise")  # so few samples would be filtered
            camera = hello.state.camera
            x, y, z = camera.position
            turned = camera.model_copy(update={"position": (x + 0.4 * abs(z), y, z)})
            one.say(CameraEvent(seq=9, camera=turned))
            pictures = []
            for _ in range(2):
                count = len(one.notes)
                await one.until(
                    lambda: [
                        n
                        for n in one.notes[count:]  # noqa: B023
                        if (n.frame.camera_seq, n.frame.scale, n.frame.samples) == (9, 1.0, SAMPLES)
                    ][3:],
                    "converged picture, sent often enough to be sharp",
                    deadline_s=60,
                )
                pictures.append(one.frames[-1][1][:HEIGHT])
                assert server.supervisor.pid is not None
                os.kill(server.supervisor.pid, signal.SIGKILL)
            assert one.of(type(hello))[-1].state.camera == turned
            return one.of(type(hello))[-1].state, pictures

    state, pictures = asyncio.run(scenario())
    assert state.samples == SAMPLES
    other = ViewState.model_validate(state.model_dump() | {"seed": 5})
    expected, elsewhere = luma_of([state, other])
    assert expected.std() > 5  # there is something to see
    for picture in pictures:
        assert psnr_db(picture, expected) >= 36
    # The measure can tell pictures apart.
    assert psnr_db(expected, elsewhere) < 25


@pytest.mark.parametrize("path", ["/no/such/file.nii.gz", "synthetic:nothing"])
def test_unreadable_data_is_one_sentence(path: str) -> None:
    from render.session.events import ErrorMessage

    async def scenario() -> None:
        async with service([path], program=WORKER_PROGRAM) as server, server.client() as http, viewer(http) as one:
            error = await one.message(ErrorMessage)
            assert error.code in ("source", "usage")
            assert "\n" not in error.message
            assert "Traceback" not in error.message
            assert server.supervisor.restarts == 0

    asyncio.run(scenario())
