"""A viewer, a server and a worker process over loopback: pictures, events and their echoes."""

from __future__ import annotations

import asyncio

from .service import service
from .viewer import viewer


def test_camera_reaches_the_picture_and_is_echoed() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http) as one:
            hello = await one.hello()
            assert hello.device.name == "flat grey"
            await one.shows(hello.state.camera.view_angle)
            one.look(5, 120.0)
            await one.shows(120.0)
            note = await one.until(lambda: [n for n in one.notes if n.frame.camera_seq == 5], "echo of camera 5")
            assert note[0].frame.sequence == 1

    asyncio.run(scenario())
