"""The worker process dies, hangs, refuses: the viewers' pictures come back by themselves, with their state."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

import pytest

from render.session.events import ErrorMessage, StateMessage, WorkerMessage
from render.worker.supervisor import Patience
from tests.doubles.worker import BABBLE, BREAK, COMPILING_S, CRASH, HANG, REFUSE
from tests.stream.service import service
from tests.stream.viewer import Viewer, viewer

QUICK = Patience(running_s=0.6, software_s=0.6, starting_s=20)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_worker(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def stop_worker(pid: int) -> None:
    """It hangs: it takes no message and answers no heartbeat."""
    os.kill(pid, signal.SIGSTOP)


@pytest.mark.parametrize("harm", [kill_worker, stop_worker])
def test_the_picture_comes_back_by_itself(harm) -> None:
    async def scenario() -> None:
        async with service(patience=QUICK) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            one.resize(200, 100)
            one.put(1, 70.0, "camera", "view_angle")
            one.look(2, 110.0)
            await one.shows(110.0)
            pid = server.supervisor.pid
            assert pid is not None
            count = len(one.notes)
            harm(pid)
            await one.message(WorkerMessage, status="restarting")
            hello = await one.hello(count=2)
            assert hello.state.camera.view_angle == 110.0
            assert server.supervisor.pid != pid
            assert not alive(pid)
            frames = await one.until(lambda: one.notes[count:], "frames of the new worker")
            assert frames[0].frame.key_frame
            assert (frames[0].frame.camera_seq, frames[0].frame.width, frames[0].frame.height) == (2, 200, 100)
            await one.shows(110.0)
            one.look(3, 50.0)
            await one.shows(50.0)
            assert one.connection.connectionState == "connected"

    asyncio.run(scenario())


def test_a_worker_that_compiles_is_waited_for() -> None:
    """Much longer than it may be silent otherwise; and afterwards it is not."""

    async def scenario() -> None:
        assert 3 * QUICK.running_s < COMPILING_S
        async with service(patience=QUICK) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            one.look(1, 60.0)
            await one.shows(60.0)
            for seq, mode in enumerate(["march", "isosurface"], start=2):
                one.put(seq, mode, "rendering", "mode")
                one.look(seq, 60.0 + 10 * seq)
                await one.shows(60.0 + 10 * seq)
            assert server.supervisor.restarts == 0
            began_s = time.monotonic()
            one.put(9, HANG, "seed")
            await one.message(WorkerMessage, status="restarting")
            assert time.monotonic() - began_s < COMPILING_S + QUICK.running_s

    asyncio.run(scenario())


def test_states_that_break_the_renderer() -> None:
    async def scenario() -> None:
        async with service(patience=QUICK) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            for seq, (seed, code) in enumerate([(REFUSE, "state"), (BREAK, "error")], start=1):
                one.put(seq, seed, "seed")
                error = await one.message(ErrorMessage, code=code)
                assert "Traceback" not in error.message
                assert "ZeroDivision" not in error.message
            assert server.supervisor.restarts == 0
            one.reset(3, "all")
            one.look(4, 90.0)
            await one.shows(90.0)
            # These end the worker, and would end the next one too, until the state is another.
            for seq, seed in enumerate([CRASH, HANG], start=5):
                restarts = server.supervisor.restarts
                one.put(seq, seed, "seed")
                await one.until(lambda: server.supervisor.restarts > restarts, "restart")  # noqa: B023
                one.put(seq + 10, 0, "seed")
                one.look(seq, 100.0 + seq)
                await one.shows(100.0 + seq)
            await one.message(StateMessage, seq=16)
            states = one.of(StateMessage)
            assert [m.seq for m in states] == [1, None, 2, 3, 5, 15, 6, 16]
            assert [m.state.seed for m in states[:3]] == [REFUSE, 0, BREAK]  # what was refused was taken back

    asyncio.run(scenario())


def test_a_compilers_words_are_for_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        async with service(patience=QUICK) as server, server.client() as http, viewer(http) as one:
            await one.hello()
            one.put(1, BABBLE, "seed")
            error = await one.message(ErrorMessage)
            assert (error.code, error.message) == ("gpu", "the shader 'a.comp' does not compile")
            told = await one.message(WorkerMessage, status="restarting")
            assert told.message == error.message

    asyncio.run(scenario())
    assert "a.comp:1: a secret of the compiler" in capfd.readouterr().err


def test_another_viewer_is_not_harmed_by_a_refused_state() -> None:
    async def scenario() -> None:
        async with service() as server, server.client() as http, viewer(http) as one, viewer(http) as two:
            await one.hello()
            await two.hello()
            one.put(1, BREAK, "seed")
            await one.message(ErrorMessage)
            two.look(1, 99.0)
            await two.shows(99.0)
            assert not two.of(ErrorMessage)

    asyncio.run(scenario())


def test_missing_data_is_told_to_each_viewer() -> None:
    async def scenario() -> None:
        async with service(["missing"]) as server, server.client() as http:
            for _ in range(2):
                async with viewer(http) as one:
                    error = await one.message(ErrorMessage)
                    assert (error.code, error.message) == ("source", "there is no file 'missing'")
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/healthz")).status_code == 200
            assert server.supervisor.restarts == 0

    asyncio.run(scenario())


def test_a_worker_that_cannot_start_is_told_and_the_server_lives() -> None:
    async def scenario() -> None:
        program = (sys.executable, "-c", "raise SystemExit(4)")
        async with service(program=program) as server, server.client() as http:
            one = Viewer(http)
            await one.connect()
            told = await one.until(
                lambda: [m for m in one.of(WorkerMessage) if m.status == "failed"], "word of the failure"
            )
            assert "did not start" in told[0].message
            assert (await http.get("/healthz")).status_code == 200
            await one.close()

    asyncio.run(scenario())


def test_the_worker_ends_with_the_server() -> None:
    async def scenario() -> int:
        async with service() as server, server.client() as http, viewer(http) as one:
            await one.until(lambda: one.frames, "frame")
            pid = server.supervisor.pid
            assert pid is not None
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 5
        return pid

    assert not alive(asyncio.run(scenario()))
