"""Clients over a WebSocket: real sockets, and pictures that are decoded to see which state they show."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from render.session.events import StateMessage

from .service import Service, service
from .socket_viewer import SocketViewer, socket_viewer


def with_viewer(scenario: Callable[[Service, SocketViewer], Awaitable[None]], query: str = "") -> None:
    """Run a scenario with one viewer that has got its hello."""

    async def run() -> None:
        async with service() as server, socket_viewer(server, query) as one:
            await one.hello()
            await scenario(server, one)

    asyncio.run(run())


def test_camera_reaches_the_picture_and_is_echoed() -> None:
    async def scenario(server: Service, one: SocketViewer) -> None:
        hello = await one.hello()
        assert one.socket.subprotocol == "hosta.v1"
        await one.shows(hello.state.camera.view_angle)
        one.look(5, 120.0)
        await one.shows(120.0)
        note = one.notes[-1]
        assert (note.frame.camera_seq, note.encoding) == (5, "h264")
        assert note.rtp_timestamp == note.frame.pts % 2**32
        one.put(1, 70.0, "camera", "view_angle")
        answer = await one.message(StateMessage, seq=1)
        assert answer.state.camera.view_angle == 70.0
        await one.shows(70.0)

    with_viewer(scenario)


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [("h264", "yuv420p"), ("h264_444", "yuv444p"), ("vp8", "yuv420p"), ("jpeg", "yuvj420p"), ("webp", "yuv420p")],
)
def test_each_encoding_shows_the_state(encoding: str, pixels: str) -> None:
    async def scenario(server: Service, one: SocketViewer) -> None:
        await one.shows((await one.hello()).state.camera.view_angle)
        for seq, luma in enumerate((120.0, 60.0), 1):
            one.look(seq, luma)
            await one.shows(luma)
        assert {note.encoding for note in one.notes} == {encoding}
        assert set(one.formats) == {pixels}
        keys = [note.frame.key_frame for note in one.notes]
        assert keys[0]
        assert all(keys) == (encoding in ("jpeg", "webp"))

    with_viewer(scenario, f"?encoding={encoding}&width=320&height=200")
