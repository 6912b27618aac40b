"""Stills: what rests is there without loss, is told of, fetched, and gone when it is old. The renderer is a double."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import uuid
from pathlib import Path

import numpy as np
from PIL import Image

from render.session.events import AnnotatedMessage, AnnotateEvent, HelloMessage, StillMessage
from render.state.annotation import NewPoint

from .service import service
from .viewer import viewer

SIZE = "?width=128&height=96"


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def grey_of(view_angle: float) -> int:
    """What the double's luma is in full range."""
    return round((round(view_angle) - 16) * 255 / 219)


def test_a_still_follows_the_picture_at_rest_and_is_announced_to_all_also_to_who_comes_later() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http, SIZE) as one:
            hello = await one.hello()
            await one.message(StillMessage, sequence=0)
            async with viewer(http, f"?view={hello.view}") as two:
                await two.hello()
                await two.message(StillMessage, sequence=0)
                one.look(7, 100)
                mine = await one.message(StillMessage, camera_seq=7)
                theirs = await two.message(StillMessage, sequence=mine.sequence)
                assert theirs.path == mine.path
                assert (mine.view, mine.width, mine.height, mine.samples) == (hello.view, 128, 96, 8)
                assert mine.path.startswith(f"views/{hello.view}/still/{mine.sequence}.webp")
                answer = await http.get(f"/api/v1/{mine.path}")
                assert answer.status_code == 200
                assert answer.headers["content-type"] == "image/webp"
                assert "immutable" in answer.headers["cache-control"]
                picture = pixels_of(answer.content)
                assert picture.shape == (96, 128, 3)
                assert np.all(picture == grey_of(100))
                again = await http.get(f"/api/v1/{mine.path}", headers={"if-none-match": answer.headers["etag"]})
                assert (again.status_code, again.content) == (304, b"")
                newest = await http.get(f"/api/v1/{mine.path.partition('?')[0]}")
                assert newest.content == answer.content
                assert "immutable" not in newest.headers["cache-control"]

    asyncio.run(scenario())


def test_a_still_without_an_annotation_is_gone_when_that_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            service(data_dir=tmp_path) as server,
            server.client() as http,
            viewer(http, SIZE) as one,
        ):
            await one.hello()
            before = await one.message(StillMessage, sequence=0)
            point = NewPoint(id=str(uuid.uuid4()), position=(0, 0, 0))
            one.say(AnnotateEvent(seq=1, point=point))
            await one.message(AnnotatedMessage, seq=1)
            gone = await http.get(f"/api/v1/{before.path}")
            assert gone.status_code == 404
            await one.until(lambda: len(one.of(StillMessage)) == 2, "still with the annotation")
            after = one.of(StillMessage)[-1]
            assert after.sequence == before.sequence
            assert (await http.get(f"/api/v1/{after.path}")).status_code == 200

    asyncio.run(scenario())


def test_pictures_in_motion_are_not_made_into_stills() -> None:
    """However soon each of them converges: it would cost more than its frame."""

    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http, SIZE) as one:
            await one.hello()
            await one.message(StillMessage, sequence=0)
            for seq in range(1, 17):
                one.look(seq, 20 + 5 * seq)
                await asyncio.sleep(0.05)
            assert len({note.frame.camera_seq for note in one.notes}) > 8
            still = await one.message(StillMessage, camera_seq=16)
            assert [told.sequence for told in one.of(StillMessage)] == [0, still.sequence]

    asyncio.run(scenario())


def test_a_still_needs_the_token_and_is_gone_when_newer_ones_took_its_place() -> None:
    async def scenario() -> None:
        async with (
            service() as server,
            server.client() as http,
            server.client(token=None) as stranger,
            viewer(http, SIZE) as one,
        ):
            await one.hello()
            first = await one.message(StillMessage, sequence=0)
            refused = await stranger.get(f"/api/v1/{first.path}")
            assert (refused.status_code, refused.json()["code"]) == (401, "auth")
            for seq, angle in ((1, 40), (2, 60)):
                one.look(seq, angle)
                await one.message(StillMessage, camera_seq=seq)
            gone = await http.get(f"/api/v1/{first.path}")
            assert gone.status_code == 404
            assert gone.json()["message"] == "there is no such still any more; wait until the picture rests again"
            nobody = await http.get("/api/v1/views/nobody/still/0.webp")
            assert nobody.status_code == 404
            senseless = await http.get("/api/v1/views/nobody/still/first.webp")
            assert senseless.status_code == 422

    asyncio.run(scenario())


def test_a_picture_of_another_size_and_one_after_a_crash_have_stills_of_their_own() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http, SIZE) as one:
            await one.hello()
            first = await one.message(StillMessage, width=128)
            one.resize(160, 120)
            second = await one.message(StillMessage, width=160)
            assert (first.sequence, first.path) != (second.sequence, second.path)
            assert first.path != second.path
            assert pixels_of((await http.get(f"/api/v1/{second.path}")).content).shape == (120, 160, 3)
            pid = server.supervisor.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await one.until(lambda: len(one.of(HelloMessage)) > 1, "hello after the crash")
            await one.until(lambda: len(one.of(StillMessage)) > 2, "still after the crash")
            last = one.of(StillMessage)[-1]
            assert pixels_of((await http.get(f"/api/v1/{last.path}")).content).shape == (120, 160, 3)

    asyncio.run(scenario())


def test_after_a_movement_the_still_is_of_its_last_camera() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http, SIZE) as one:
            await one.hello()
            await one.message(StillMessage, sequence=0)
            for seq in range(1, 60):
                one.look(seq, 30 + seq)
                await asyncio.sleep(0.01)
            last = await one.message(StillMessage, camera_seq=59)
            assert one.of(StillMessage)[-1] is last
            assert np.all(pixels_of((await http.get(f"/api/v1/{last.path}")).content) == grey_of(89))

    asyncio.run(scenario())
