"""Viewers, a server and a worker process over loopback: pictures, events and their echoes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from render.session.events import (
    ErrorMessage,
    KeyFrameEvent,
    PingEvent,
    PongMessage,
    ProgressMessage,
    StateMessage,
    WorkerMessage,
)

from .service import Service, service
from .viewer import Viewer, viewer


def with_viewer(scenario: Callable[[Service, httpx.AsyncClient, Viewer], Awaitable[None]], query: str = "") -> None:
    """Run a scenario with one viewer that has got its hello."""

    async def run() -> None:
        async with service() as server, server.client() as http, viewer(http, query) as one:
            await one.hello()
            await scenario(server, http, one)

    asyncio.run(run())


def test_camera_reaches_the_picture_and_is_echoed() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        hello = await one.hello()
        assert hello.device.name == "flat grey"
        assert hello.state == hello.default_state
        await one.shows(hello.state.camera.view_angle)
        one.look(5, 120.0)
        await one.shows(120.0)
        note = await one.until(lambda: [n for n in one.notes if n.frame.camera_seq == 5], "echo of camera 5")
        assert note[0].frame.sequence == 1
        one.look(4, 60.0)  # late: a newer one was applied
        one.look(6, 90.0)
        await one.shows(90.0)
        assert not [n for n in one.notes if n.frame.camera_seq == 4]

    with_viewer(scenario)


def test_notes_tell_which_frame_is_which() -> None:
    """The time stamp in a note is the one on the wire: the luma of each frame fits the camera that its note names."""

    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        for seq in range(1, 12):
            one.look(seq, 20.0 + 10 * seq)
            await asyncio.sleep(0.1)
        await one.shows(130.0)
        # aiortc counts from the first packet that it received, which is the first that was noted.
        cameras = {(n.rtp_timestamp - one.notes[0].rtp_timestamp) % 2**32: n.frame.camera_seq for n in one.notes}
        first = one.frames[0][0] if one.frame_count <= 20 else None
        assert first is None or first in cameras
        matched = [(cameras[stamp], luma.mean()) for stamp, luma in one.frames if stamp in cameras]
        assert len(matched) >= 10
        for seq, luma in matched:
            assert seq == 0 or abs(luma - (20 + 10 * seq)) < 2

    with_viewer(scenario)


def test_changes_are_answered_and_bad_ones_refused() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        one.put(1, 70.0, "camera", "view_angle")
        answer = await one.message(StateMessage, seq=1)
        assert (answer.sequence, answer.state.camera.view_angle) == (1, 70.0)
        await one.shows(70.0)
        one.put(2, 1000.0, "camera", "view_angle")
        error = await one.message(ErrorMessage, seq=2)
        assert error.code == "state"
        assert "view_angle" in error.message
        assert len(error.incident) == 12
        one.put(3, "elsewhere", "layers", 0, "source")
        assert "no source" in (await one.message(ErrorMessage, seq=3)).message
        one.reset(4, "all")
        answer = await one.message(StateMessage, seq=4)
        assert answer.state == (await one.hello()).default_state
        await one.shows(30.0)
        assert [m.seq for m in one.of(StateMessage)] == [1, 4]

    with_viewer(scenario)


def test_size_follows_the_viewer_within_the_limits() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        await one.until(lambda: one.frames, "frame")
        assert one.frames[-1][1].shape == (240, 320)
        one.resize(401, 301)
        await one.until(lambda: one.frames[-1][1].shape == (300, 400), "frame of the new size")
        one.resize(2, 2)
        await one.until(lambda: one.frames[-1][1].shape == (64, 64), "frame of the smallest size")

    with_viewer(scenario, "?width=320&height=240")


def test_the_same_state_again_is_echoed_without_drawing() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        one.look(1, 80.0)
        await one.shows(80.0)
        one.look(2, 80.0)
        await one.until(lambda: any(n.frame.camera_seq == 2 for n in one.notes), "echo of the same camera")

    with_viewer(scenario)


def test_a_late_joiner_sees_and_moves_the_same_view() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        one.look(40, 80.0)
        await one.shows(80.0)
        async with viewer(http, f"?view={(await one.hello()).view}") as two:
            hello = await two.hello()
            assert hello.view == (await one.hello()).view
            assert hello.state.camera.view_angle == 80.0
            await two.shows(80.0)
            assert two.notes[-1].frame.camera_seq == 0  # of its own events, none is shown yet
            two.look(7, 140.0)
            await one.shows(140.0)
            await two.shows(140.0)
            await two.until(lambda: two.notes[-1].frame.camera_seq == 7, "echo of its own camera")
            assert one.notes[-1].frame.camera_seq == 40
            told = await one.until(lambda: one.of(StateMessage), "word of the other's camera")
            assert (told[-1].seq, told[-1].state.camera.view_angle) == (None, 140.0)
            one.put(41, 1.5, "display", "exposure")
            assert (await two.message(StateMessage, seq=None)).state.display.exposure == 1.5

    with_viewer(scenario)


def test_a_viewer_that_comes_back_finds_its_view() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        one.put(1, 77.0, "camera", "view_angle")
        await one.message(StateMessage, seq=1)
        view = (await one.hello()).view
        assert (await http.delete(f"/api/v1/{one.location}")).status_code == 200
        assert (await http.delete(f"/api/v1/{one.location}")).status_code == 404
        async with viewer(http, f"?view={view}") as again:
            assert (await again.hello()).state.camera.view_angle == 77.0
            await again.shows(77.0)
        stranger = Viewer(http)
        response = await stranger.connect("?view=unknown")
        await stranger.close()
        assert response.status_code == 404
        assert response.json()["code"] == "stream"

    with_viewer(scenario)


def test_key_frames_on_demand_but_not_many() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        await one.until(lambda: len(one.notes) > 4, "frames")
        before = sum(n.frame.key_frame for n in one.notes)
        for _ in range(50):
            one.say(KeyFrameEvent())
            await asyncio.sleep(0.02)
        await one.until(lambda: sum(n.frame.key_frame for n in one.notes) > before, "key frame")
        assert sum(n.frame.key_frame for n in one.notes) - before <= 5  # 1 s, at most one every 0.3 s

    with_viewer(scenario)


def test_a_resting_picture_is_kept_alive_cheaply() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        await one.until(lambda: one.notes and one.notes[-1].frame.samples == 8, "converged picture")
        await asyncio.sleep(1.0)  # the repetitions
        count = len(one.notes)
        await asyncio.sleep(4.5)
        late = one.notes[count:]
        assert 1 <= len(late) <= 3
        assert not any(n.frame.key_frame for n in late)
        assert max(n.frame.bytes for n in late) < 2000

    with_viewer(scenario)


def test_the_opening_is_told() -> None:
    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        one.say(PingEvent(client_ms=12.5))
        assert (await one.message(PongMessage)).client_ms == 12.5
        assert one.of(WorkerMessage)[-1].status == "ready"
        kinds = [m.type for m in one.messages]
        assert kinds.index("worker") < kinds.index("hello")
        assert {m.what for m in one.of(ProgressMessage)} <= {"reading", "uploading"}

    with_viewer(scenario)


def test_video_without_data_channels() -> None:
    """A plain WHEP player makes none; it only watches."""

    async def scenario(server: Service, http: httpx.AsyncClient, one: Viewer) -> None:
        plain = Viewer(http)
        lines = (await plain.offer()).split("\r\n")
        cut = next(number for number, line in enumerate(lines) if line.startswith("m=application"))
        offer = "\r\n".join(lines[:cut]).replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0") + "\r\n"
        response = await http.post("/api/v1/whep", content=offer, headers={"content-type": "application/sdp"})
        assert response.status_code == 201, response.text
        assert response.text.count("m=") == 1
        await plain.close()

    with_viewer(scenario)
