"""Several encodings of one view, over both transports: each is made once, and begins with a key frame of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from render.session.events import EncodingEvent, ErrorMessage

from .service import Service, service
from .socket_viewer import SocketViewer, socket_viewer
from .viewer import Viewer, viewer


def run(scenario: Callable[[Service], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with service() as server:
            await scenario(server)

    asyncio.run(whole())


async def joined(server: Service, one: SocketViewer) -> str:
    """The query with which others join the view of `one`."""
    return f"?view={(await one.hello()).view}"


@pytest.mark.parametrize(("encoding", "pixels"), [("h264", "yuv420p"), ("h264_444", "yuv444p"), ("vp8", "yuv420p")])
def test_each_encoding_goes_over_webrtc(encoding: str, pixels: str) -> None:
    async def scenario(server: Service) -> None:
        async with server.client() as http, viewer(http, f"?encoding={encoding}") as one:
            await one.shows((await one.hello()).state.camera.view_angle)
            one.look(1, 120.0)
            await one.shows(120.0)
            assert one.formats == {pixels}
            assert {note.encoding for note in one.notes} == {encoding}
            assert ("VP8" in one.answer, "H264" in one.answer) == (encoding == "vp8", encoding != "vp8")
            assert ("f4001f" in one.answer) == (encoding == "h264_444")

    run(scenario)


def test_webrtc_changes_its_chroma_and_refuses_what_was_not_negotiated() -> None:
    async def scenario(server: Service) -> None:
        async with server.client() as http, viewer(http, "?encoding=h264_444") as one:
            await one.shows((await one.hello()).state.camera.view_angle)
            one.say(EncodingEvent(encoding="h264"))
            one.look(1, 120.0)
            await one.until(lambda: one.notes[-1].encoding == "h264", "frame of the other encoding")
            await one.shows(120.0)
            one.say(EncodingEvent(encoding="vp8"))
            refused = await one.message(ErrorMessage)
            assert (refused.code, refused.message) == (
                "stream",
                "this connection cannot carry vp8; only h264, h264_444",
            )

    run(scenario)


def test_webrtc_carries_no_pictures() -> None:
    async def scenario(server: Service) -> None:
        async with server.client() as http:
            one = Viewer(http)
            response = await one.connect("?encoding=jpeg")
            await one.close()
            assert response.status_code == 400
            assert response.json()["message"].startswith("WebRTC carries no jpeg")

    run(scenario)


def test_a_client_switches_in_mid_stream() -> None:
    async def scenario(server: Service) -> None:
        async with socket_viewer(server) as one:
            await one.shows((await one.hello()).state.camera.view_angle)
            for seq, encoding in enumerate(("vp8", "h264_444", "webp", "jpeg", "h264"), 1):
                one.switch(encoding)
                await one.until(lambda wanted=encoding: one.notes[-1].encoding == wanted, encoding)
                one.look(seq, 40.0 + 10 * seq)
                await one.shows(40.0 + 10 * seq)
            kinds = [note.encoding for note in one.notes]
            assert list(dict.fromkeys(kinds)) == ["h264", "vp8", "h264_444", "webp", "jpeg"]

    run(scenario)


def test_viewers_of_one_encoding_share_its_frames() -> None:
    """Over both transports: the same frames, and over WebSockets the same bytes."""

    async def scenario(server: Service) -> None:
        async with socket_viewer(server) as one, server.client() as http:
            query = await joined(server, one)
            async with socket_viewer(server, query) as other, viewer(http, query) as third:
                await asyncio.gather(one.shows(30.0), other.shows(30.0), third.shows(30.0))
                for seq in range(1, 6):
                    one.look(seq, 40.0 + 10 * seq)
                    await asyncio.gather(*(viewer.shows(40.0 + 10 * seq) for viewer in (one, other, third)))
                packets = dict(zip((note.frame.pts for note in one.notes), one.packets, strict=True))
                theirs = dict(zip((note.frame.pts for note in other.notes), other.packets, strict=True))
                shared = set(packets) & set(theirs)
                assert len(shared) >= 5
                assert all(packets[pts] == theirs[pts] for pts in shared)
                assert len({note.frame.pts for note in third.notes} & set(packets)) >= 5

    run(scenario)


def test_a_late_joiner_makes_a_key_frame_of_its_own_encoding_only() -> None:
    async def scenario(server: Service) -> None:
        async with socket_viewer(server) as one:
            query = await joined(server, one)
            await one.shows(30.0)
            await asyncio.sleep(1.2)  # all samples and repetitions are sent
            before = len(one.notes)
            async with socket_viewer(server, query + "&encoding=vp8") as other:
                await other.shows(30.0)
                assert other.notes[0].frame.key_frame
                assert not any(note.frame.key_frame for note in one.notes[before:])
                async with socket_viewer(server, query) as third:
                    await third.shows(30.0)
                    await one.until(lambda: one.notes[-1].frame.key_frame, "key frame for the joiner")
                    assert [note.frame.key_frame for note in other.notes].count(True) == 1

    run(scenario)
