"""Several views on one worker, several viewers of one view, and what their reports do. With the renderer's double."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

import pytest

from render.session.events import HelloMessage, ReportEvent
from tests.doubles.worker import TOIL

from .service import service
from .viewer import Viewer, viewer

SIZE = "?width=64&height=64"


async def drag(one: Viewer, seconds: float, first_seq: int = 1000) -> int:
    """Look elsewhere a hundred times a second; the last number used."""
    seq, end_s = first_seq, time.monotonic() + seconds
    while time.monotonic() < end_s:
        seq += 1
        one.look(seq, 20 + seq % 100)
        await asyncio.sleep(0.01)
    return seq


def test_of_four_views_one_that_is_dragged_leaves_time_to_the_others_and_each_answers_at_once() -> None:
    async def scenario() -> None:
        async with contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(service())
            http = await stack.enter_async_context(server.client())
            views = [await stack.enter_async_context(viewer(http, SIZE)) for _ in range(4)]
            for one in views:
                await one.hello()
                one.put(1, TOIL, "seed")
            for one in views:
                await one.until(lambda: one.notes and one.notes[-1].frame.samples > 1, "refinement")  # noqa: B023
            dragged, *others = views
            dragging = asyncio.create_task(drag(dragged, 3.0))
            await asyncio.sleep(0.5)
            samples = [one.notes[-1].frame.samples for one in others]
            frames, began_s = dragged.frame_count, time.monotonic()
            await asyncio.sleep(1.0)
            grown = [one.notes[-1].frame.samples - before for one, before in zip(others, samples, strict=True)]
            fps = (dragged.frame_count - frames) / (time.monotonic() - began_s)
            # Steps of 25 ms, those of the others, of 8, between them; about 27 and 9 on an idle machine.
            assert fps > 5, fps
            assert min(grown) >= 2, grown
            assert max(grown) <= 4 * min(grown), grown
            waits = []
            for turn in range(3):
                touched = others[turn]
                touched_s = time.monotonic()
                touched.look(turn + 1, 100)
                await touched.until(
                    lambda: any(note.frame.camera_seq == turn + 1 for note in touched.notes[-5:]),  # noqa: B023
                    "answer of the one that was touched",
                )
                waits.append(time.monotonic() - touched_s)
                await asyncio.sleep(0.3)
            await dragging
            # A step under way, its own, and the way there and back; other tests may share the machine.
            assert sorted(waits)[1] < 0.25, waits

    asyncio.run(scenario())


def test_four_viewers_of_one_view_get_the_same_frames() -> None:
    async def scenario() -> None:
        async with contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(service())
            http = await stack.enter_async_context(server.client())
            first = await stack.enter_async_context(viewer(http, SIZE))
            view = (await first.hello()).view
            rest = [await stack.enter_async_context(viewer(http, f"?view={view}")) for _ in range(3)]
            for one in (first, *rest):
                await one.until(lambda: one.notes, "the first frame")  # noqa: B023
            starts = [len(one.notes) for one in (first, *rest)]
            await drag(first, 1.0)
            await asyncio.sleep(0.3)
            last = first.notes[-1].frame
            for one in rest:
                await one.until(lambda: one.notes[-1].frame.sequence == last.sequence, "the last frame")  # noqa: B023
                assert abs(one.luma() - first.luma()) < 2.0
            counts = [len(one.notes) - start for one, start in zip((first, *rest), starts, strict=True)]
            assert min(counts) > 0.8 * max(counts) > 10, counts

    asyncio.run(scenario())


def test_reports_of_a_slow_decoder_make_frames_fewer_also_in_the_next_worker() -> None:
    async def fps(one: Viewer, first_seq: int) -> float:
        frames, began_s = one.frame_count, time.monotonic()
        await drag(one, 1.0, first_seq)
        return (one.frame_count - frames) / (time.monotonic() - began_s)

    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http, SIZE) as one:
            await one.hello()
            await one.until(lambda: one.notes, "the first frame")
            before = await fps(one, 1000)
            for _ in range(3):
                one.say(ReportEvent(transport="webrtc", frames_received=20, decode_ms=100.0))
                await asyncio.sleep(0.25)
            after = await fps(one, 2000)
            assert before > 12
            assert 5 < after < 9.5, (before, after)
            assert server.supervisor.pid is not None
            os.kill(server.supervisor.pid, signal.SIGKILL)
            await one.until(lambda: len(one.of(HelloMessage)) > 1, "hello after the crash")
            assert await fps(one, 3000) < 9.5

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"report"}',
        '{"type":"report","transport":"pigeon"}',
        '{"type":"report","transport":"webrtc","lost":1.5}',
        '{"type":"report","transport":"webrtc","lost":NaN}',
        '{"type":"report","transport":"webrtc","bytes_received":-1}',
        '{"type":"report","transport":"webrtc","decode_ms":1e300}',
        '{"type":"report","transport":"webrtc","queue":1e99}',
        '{"type":"report","transport":"webrtc","more":1}',
    ],
)
def test_reports_that_are_none_are_refused(text: str) -> None:
    from pydantic import ValidationError

    from render.session.events import CLIENT_EVENT

    with pytest.raises(ValidationError):
        CLIENT_EVENT.validate_json(text)
