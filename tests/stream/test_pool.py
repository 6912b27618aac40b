"""Several workers behind one server: views are shared out, and one that dies takes only its own pictures away."""

from __future__ import annotations

import asyncio
import os
import signal

from render.session.events import PickedMessage, PickEvent, WorkerMessage
from render.worker.supervisor import WORKER_PROGRAM

from .service import Service, service
from .viewer import Viewer, viewer


async def shared_out(server: Service, deadline_s: float) -> None:
    """Until two workers show a view each."""
    assert server.pool is not None
    async with asyncio.timeout(deadline_s):
        while [one.watched for one in server.pool.statistics()] != [1, 1]:
            await asyncio.sleep(0.05)


async def pick(who: Viewer, seq: int) -> float:
    frame = who.notes[-1].frame
    who.say(PickEvent(seq=seq, x=0.5, y=0.5, sequence=frame.sequence, width=frame.width, height=frame.height))
    answer: PickedMessage = await who.message(PickedMessage, seq=seq)
    return answer.pick.opacity * 180


def test_two_workers_and_the_death_of_one() -> None:
    async def run() -> None:
        async with service(workers=2) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            await one.until(lambda: one.frames and one.motion.readyState == "open", "picture and channel")
            one.look(1, 60.0)
            await one.shows(60.0)
            assert server.supervisors[1].pid is None
            async with viewer(http) as two:
                await two.hello()
                await two.until(lambda: two.frames and two.motion.readyState == "open", "picture and channel")
                two.look(1, 120.0)
                await two.shows(120.0)
                await shared_out(server, 20)
                for who, angle in ((one, 70.0), (two, 110.0)):
                    who.look(2, angle)
                    await who.shows(angle)
                    assert round(await pick(who, 3)) == angle
                assert server.pool is not None
                assert all(line.frames > 0 for line in server.pool.statistics())

                # The view that moved to the second worker is the one that loses its picture.
                pid = server.supervisors[1].pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                moved, stayed = await _parted(one, two)
                stayed.look(4, 40.0)
                await stayed.shows(40.0)
                moved.look(4, 50.0)
                await moved.shows(50.0)
                assert server.supervisors[1].pid not in (None, pid)
                assert [m.status for m in stayed.of(WorkerMessage)] == ["ready"]

    asyncio.run(run())


async def _parted(one: Viewer, two: Viewer) -> tuple[Viewer, Viewer]:
    """(who was told that the renderer is gone, who was not)."""
    async with asyncio.timeout(20):
        while not (_told(one) or _told(two)):
            await asyncio.sleep(0.02)
    return (one, two) if _told(one) else (two, one)


def _told(who: Viewer) -> bool:
    return any(message.status == "restarting" for message in who.of(WorkerMessage))


def test_two_real_workers_on_one_device() -> None:
    async def run() -> None:
        scene = ("synthetic:axes?size=16",)
        query = "?width=64&height=64"
        async with (
            service(scene, program=WORKER_PROGRAM, workers=2) as server,
            server.client() as http,
            viewer(http, query) as one,
            viewer(http, query) as two,
        ):
            await one.hello()
            await two.hello()
            await shared_out(server, 60)
            for who in (one, two):
                await who.until(lambda who=who: who.frames and who.motion.readyState == "open", "picture", 60)
                before = who.frame_count
                who.look(1, 45.0)
                await who.until(lambda who=who: who.notes and who.notes[-1].frame.camera_seq == 1, "its camera", 60)
                await who.until(lambda who=who, before=before: who.frame_count > before, "its picture", 60)
            assert server.pool is not None
            assert len({line.name for line in server.pool.statistics()} - {""}) == 1

    asyncio.run(run())
