"""Who may come in over a WebSocket, what may be said there, and what becomes of clients that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from render.server import websocket
from render.server.run import UNHEARD_MS, listen
from render.session.events import ErrorMessage, PingEvent, PongMessage, ResetEvent
from render.worker.protocol import FRAMES_IN_FLIGHT
from tests.stream.service import TOKEN, Service, service
from tests.stream.socket_viewer import socket_viewer

from .test_messages import BAD


def run(scenario: Callable[[Service], Awaitable[None]], **settings: Any) -> None:
    async def whole() -> None:
        async with service(**settings) as server:
            await scenario(server)

    asyncio.run(whole())


def test_only_those_with_the_token_and_our_pages_get_in() -> None:
    async def scenario(server: Service) -> None:
        async with socket_viewer(server, token=None) as one:
            code, reason = await one.closed()
            assert code == 4401
            assert reason.startswith("not logged in")
        for _ in range(5):
            async with socket_viewer(server, token="wrong" * 8) as one:
                code, reason = await one.closed()
                assert (code, reason.partition(";")[0]) == (4401, "the token is wrong")
        async with socket_viewer(server, token="wrong" * 8) as one:
            assert (await one.closed())[1].startswith("too many wrong tokens")
        async with socket_viewer(server) as one:  # the right one passes
            assert one.socket.subprotocol == "hosta.v1"  # and the token is not said again
            await one.hello()
        async with server.client(None) as http:
            await http.post("/api/v1/login", json={"token": TOKEN})
            cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        async with socket_viewer(server, token=None, additional_headers={"cookie": cookie}) as one:
            await one.hello()

        for origin in (f"http://127.0.0.1:{server.port}", "https://viewer.example"):
            async with socket_viewer(server, additional_headers={"origin": origin}) as one:
                await one.hello()
        for origin in ("https://elsewhere.example", "http://127.0.0.1:1", "null"):
            with pytest.raises(InvalidStatus) as refused:
                async with socket_viewer(server, additional_headers={"origin": origin}):
                    pass
            assert refused.value.response.status_code == HTTPStatus.FORBIDDEN
            assert b"may not use this server" in refused.value.response.body
        assert await upgrade_status(server.port, host="elsewhere.example") == HTTPStatus.FORBIDDEN

    run(scenario, allow_origins=("https://viewer.example",))


async def upgrade_status(port: int, path: str = "/api/v1/ws", host: str = "127.0.0.1") -> int:
    """The status with which an upgrade is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
    writer.write("\r\n".join(lines).encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


def test_what_is_asked_for_must_be_there_and_make_sense() -> None:
    async def scenario(server: Service) -> None:
        for query, code, words in (
            ("?view=nowhere", 4404, "there is no such view"),
            ("?width=0", 4400, "width"),
            ("?height=x", 4400, "height"),
            ("?encoding=av1", 4400, "encoding"),
            ("?view=" + "x" * 200, 4400, "view"),
        ):
            async with socket_viewer(server, query) as one:
                got, reason = await one.closed()
                assert got == code
                assert words in reason
        for path in ("/", "/api/v1/other", "/api/v1/whep", "/api/v1/ws/"):
            assert await upgrade_status(server.port, path) in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)
        async with socket_viewer(server) as one:
            await one.hello()
            async with socket_viewer(server) as other:
                assert await other.closed() == (4503, "all 1 places are taken; try again later")
        async with socket_viewer(server) as one:  # the place is free again
            await one.hello()

    run(scenario, limits={"sessions_max": 1})


def test_bad_messages_are_refused_and_too_many_of_them_end_it() -> None:
    async def scenario(server: Service) -> None:
        async with socket_viewer(server) as one:
            await one.hello()
            for text in BAD.values():
                await one.socket.send(text)
            await one.until(lambda: len(one.of(ErrorMessage)) >= len(BAD), "refusals")
            one.look(1, 80.0)
            await one.shows(80.0)
            for _ in range(200):
                await one.socket.send("nonsense")
            assert await one.closed() == (1000, "too many messages that are not valid")

    run(scenario)


def test_what_is_no_message_ends_the_connection() -> None:
    async def scenario(server: Service) -> None:
        for message, code in ((b"\0" * 10, 1003), ("x" * 65_537, 1009), (["x" * 40_000, "x" * 40_000], 1009)):
            async with socket_viewer(server) as one:
                await one.hello()
                await one.socket.send(message)
                assert (await one.closed())[0] == code
        await random_bytes(server)
        async with socket_viewer(server) as one:
            await one.hello()
            one.say(PingEvent(client_ms=1.5))
            await one.message(PongMessage, client_ms=1.5)

    run(scenario, limits={"sessions_max": 4})


async def random_bytes(server: Service) -> None:
    """After a proper upgrade, whatever comes instead of frames of the protocol."""
    chance = random.Random(7)
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = ["GET /api/v1/ws HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Protocol: hosta.v1, hosta.token.{TOKEN}", "", ""]
        writer.write("\r\n".join(lines).encode() + chance.randbytes(chance.randrange(2, 3000)))
        async with asyncio.timeout(10):
            assert b"101" in await reader.readline()
        writer.close()


def test_frames_that_are_not_acknowledged_are_few() -> None:
    async def scenario(server: Service) -> None:
        async with socket_viewer(server, acknowledges=False) as one:
            # Alone: its view is not even encoded, and nothing is lost.
            view = (await one.hello()).view
            await one.until(lambda: len(one.notes) == FRAMES_IN_FLIGHT, "first frames")
            for seq in range(1, 6):
                one.look(seq, 30.0 + 10 * seq)
                await asyncio.sleep(0.05)
            assert len(one.notes) == FRAMES_IN_FLIGHT
            one.acknowledges = True
            one.acknowledge()
            await one.shows(80.0)
            # The newest state came at once, and as no frame was lost no key frame was needed.
            assert one.notes[FRAMES_IN_FLIGHT].frame.camera_seq == 5
            assert [note.frame.key_frame for note in one.notes].count(True) == 1

            # Among others: they go on, and once it can take a frame again, that is a key frame.
            async with socket_viewer(server, f"?view={view}", acknowledges=False) as silent:
                await silent.until(lambda: silent.notes, "first frame")
                for seq in range(6, 16):
                    one.look(seq, 10.0 * seq)
                    await one.shows(10.0 * seq)
                assert len(silent.notes) == FRAMES_IN_FLIGHT
                silent.acknowledges = True
                silent.acknowledge()
                await silent.shows(150.0)
                assert silent.notes[FRAMES_IN_FLIGHT].frame.key_frame

    run(scenario)


def test_a_client_that_does_not_read_is_sent_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(websocket, "SEND_TIMEOUT_S", 0.5)
    caplog.set_level(logging.INFO, "render.server.websocket")

    async def scenario(server: Service) -> None:
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect(("127.0.0.1", server.port))
        narrow.setblocking(False)
        async with socket_viewer(server, sock=narrow) as one:
            await one.hello()
            one.socket.transport.pause_reading()
            # Each is answered with the whole state, of which there is more than the machine keeps for the client.
            reset = ResetEvent(seq=1, what="all").model_dump_json()
            async with asyncio.timeout(20):
                while "nothing could be sent" not in caplog.text:
                    with contextlib.suppress(ConnectionClosed, TimeoutError):
                        await asyncio.wait_for(one.socket.send(reset), 0.1)
            async with socket_viewer(server) as other:
                await other.hello()
            one.socket.transport.abort()

    run(scenario, limits={"sessions_max": 1, "events_per_s": 1e6})


def test_connections_notice_that_the_other_side_is_gone() -> None:
    """What the kernel is told of the listening socket holds for those that it accepts."""
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNHEARD_MS
