"""Picks and annotations through the real server: the real worker draws, the disk keeps."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from render.session.events import (
    AnnotatedMessage,
    AnnotateEvent,
    AnnotationsMessage,
    CameraEvent,
    DeleteAnnotationEvent,
    ErrorMessage,
    FrameMessage,
    PickedMessage,
    PickEvent,
    RenameAnnotationEvent,
    ViewportEvent,
)
from render.state.annotation import NewPoint

from .service import WORKER_PROGRAM, service
from .viewer import Viewer, viewer

SCENE = "synthetic:cell?size=32"
SIZE = (160, 120)
QUERY = f"?width={SIZE[0]}&height={SIZE[1]}"


def pick_event(seq: int, note: FrameMessage, x: float = 0.5, y: float = 0.5) -> PickEvent:
    frame = note.frame
    return PickEvent(
        seq=seq, x=x, y=y, sequence=frame.sequence, camera_seq=frame.camera_seq, width=frame.width, height=frame.height
    )


async def rested(one: Viewer, after: int = 0) -> np.ndarray:
    """A picture of four samples, encoded a few times: luma (h, w)."""
    await one.until(
        lambda: [n for n in one.notes[after:] if n.frame.scale == 1.0 and n.frame.samples >= 4][3:],
        "picture at rest",
        60,
    )
    await one.until(lambda: one.frames, "decoded frame")
    return one.frames[-1][1].astype(float)


def test_a_picked_place_is_annotated_for_all_and_is_there_again(tmp_path: Path) -> None:
    made: dict[str, Any] = {}

    async def first() -> None:
        async with (
            service([SCENE], program=WORKER_PROGRAM, data_dir=tmp_path) as server,
            server.client() as http,
            viewer(http, QUERY) as one,
        ):
            hello = await one.hello()
            assert (await one.message(AnnotationsMessage)).points == ()
            one.put(1, 4, "samples")
            before = await rested(one)
            clicked = one.notes[-1]

            # The click is of the frame that was seen, also when the camera has moved on.
            one.say(pick_event(10, clicked))
            straight = await one.message(PickedMessage, seq=10)
            x, y, z = hello.state.camera.position
            moved = hello.state.camera.model_copy(update={"position": (x + 0.6 * abs(z), y, z)})
            one.say(CameraEvent(seq=20, camera=moved))
            await one.until(lambda: [n for n in one.notes if n.frame.camera_seq == 20], "frame of the new camera", 30)
            one.say(pick_event(11, clicked))
            assert (await one.message(PickedMessage, seq=11)).pick == straight.pick
            assert (straight.sequence, straight.camera_seq) == (clicked.frame.sequence, clicked.frame.camera_seq)
            one.say(pick_event(12, one.notes[-1]))
            elsewhere = (await one.message(PickedMessage, seq=12)).pick
            assert elsewhere.position_um != straight.pick.position_um
            one.say(pick_event(13, clicked, 0.0, 0.0))
            assert (await one.message(PickedMessage, seq=13)).pick.kind == "nothing"
            pick = straight.pick
            assert pick.kind == "medium"
            assert all(channel.exact is not None for channel in pick.layers[0].channels)
            one.say(CameraEvent(seq=21, camera=hello.state.camera))
            await one.until(lambda: [n for n in one.notes if n.frame.camera_seq == 21], "frame of the old camera", 30)

            async with viewer(http, f"?view={hello.view}") as two:
                await two.hello()
                assert pick.position_um is not None
                point = NewPoint(
                    id=str(uuid.uuid4()), position=pick.position_um, label="nucleus?", color=(1, 1, 1), segment="7"
                )
                one.say(AnnotateEvent(seq=30, point=point))
                own = await one.message(AnnotatedMessage, seq=30)
                seen = await two.message(AnnotatedMessage, id=point.id)
                assert (own.point, seen.seq) == (seen.point, None)
                assert own.point.label == "nucleus?"
                assert own.point.author.startswith("viewer-")
                # It is on the screen of the other viewer: a bright disc in the middle.
                after = (await rested(two, len(two.notes)))[: before.shape[0]]
                difference = np.abs(after - before)
                middle = difference[56:64, 76:84].mean()
                assert middle > 30
                assert difference[:30, :30].mean() < 3
                # Said again it is the same one; another name is told to all.
                one.say(AnnotateEvent(seq=31, point=point))
                assert (await one.message(AnnotatedMessage, seq=31)).point == own.point
                one.say(RenameAnnotationEvent(seq=32, id=point.id, label="nucleus"))
                assert await two.message(AnnotatedMessage, point=own.point.model_copy(update={"label": "nucleus"}))
                # What makes no sense is told to the one who said it.
                far = NewPoint(id=str(uuid.uuid4()), position=(1e6, 0, 0))
                one.say(AnnotateEvent(seq=33, point=far))
                assert "far outside" in (await one.message(ErrorMessage, seq=33)).message
                one.say(DeleteAnnotationEvent(seq=34, id=far.id))
                assert "no such annotation" in (await one.message(ErrorMessage, seq=34)).message
                assert two.of(ErrorMessage) == []
                made["point"] = own.point.model_copy(update={"label": "nucleus"})

                # A worker that takes the place of another draws it too.
                assert server.supervisor.pid is not None
                os.kill(server.supervisor.pid, signal.SIGKILL)
                await two.hello(2)
                again = (await rested(two, len(two.notes)))[: before.shape[0]]
                assert np.abs(again - before)[56:64, 76:84].mean() > 30

    async def second() -> None:
        async with service([SCENE], data_dir=tmp_path) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            assert (await one.message(AnnotationsMessage)).points == (made["point"],)
            one.say(DeleteAnnotationEvent(seq=1, id=made["point"].id))
            assert (await one.message(AnnotatedMessage, seq=1)).point is None

    async def third() -> None:
        async with service([SCENE], data_dir=tmp_path) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            assert (await one.message(AnnotationsMessage)).points == ()

    asyncio.run(first())
    asyncio.run(second())
    asyncio.run(third())


def test_many_annotations_come_in_parts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with service(data_dir=tmp_path) as server, server.client() as http:
            async with viewer(http) as one:
                await one.hello()
                for number in range(120):
                    point = NewPoint(id=str(uuid.UUID(int=number)), position=(0, 0, 0), label='"' * 199 + "x")
                    one.say(AnnotateEvent(seq=number, point=point))
                await one.message(AnnotatedMessage, seq=119)
            async with viewer(http) as two:
                await two.until(lambda: [m for m in two.of(AnnotationsMessage) if m.last], "whole list")
                parts = two.of(AnnotationsMessage)
                assert [(part.first, part.last) for part in parts] == [(True, False), (False, False), (False, True)]
                assert {p.id for part in parts for p in part.points} == {str(uuid.UUID(int=n)) for n in range(120)}

    asyncio.run(scenario())


def test_a_pick_before_the_picture_and_of_a_frame_that_never_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with service(data_dir=tmp_path) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            one.say(ViewportEvent(width=64, height=64))
            note = await one.until(lambda: one.notes, "frame")
            one.say(pick_event(1, note[-1]))
            assert (await one.message(PickedMessage, seq=1)).pick.kind == "nothing"  # all that the double shows
            one.say(pick_event(2, note[-1]).model_copy(update={"sequence": 10**6}))
            assert "click again" in (await one.message(ErrorMessage, seq=2)).message

    asyncio.run(scenario())


def test_without_a_folder_annotations_are_refused_and_all_else_goes_on() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http) as one:
            await one.hello()
            one.say(AnnotateEvent(seq=1, point=NewPoint(id=str(uuid.uuid4()), position=(0, 0, 0))))
            error = await one.message(ErrorMessage, seq=1)
            assert (error.code, "keeps no annotations" in error.message) == ("store", True)
            await one.until(lambda: one.frame_count > 2, "frames")

    asyncio.run(scenario())
