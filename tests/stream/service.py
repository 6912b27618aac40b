"""A whole server inside the test's own event loop: HTTP on a free port, the worker as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from render.server.app import create_app
from render.server.run import WEBSOCKETS, listen
from render.settings import ServerSettings
from render.worker.protocol import OpenScene
from render.worker.supervisor import WORKER_PROGRAM, Patience, Supervisor

DOUBLE_PROGRAM = (sys.executable, "-m", "tests.doubles.worker")
TOKEN = "a-token-of-the-tests-" + "0123456789abcdef" * 2


@dataclass
class Service:
    port: int
    supervisor: Supervisor

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str | None = TOKEN) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)


@contextlib.asynccontextmanager
async def service(
    paths: Sequence[str] = ("flat",),
    *,
    program: Sequence[str] = DOUBLE_PROGRAM,
    patience: Patience | None = None,
    client: Path | None = None,
    **settings: object,
) -> AsyncIterator[Service]:
    """Serve `paths` with the double of the worker or, with `WORKER_PROGRAM`, the real one."""
    chosen = ServerSettings.model_validate({"port": 0, "token": TOKEN, **settings})
    supervisor = Supervisor(patience, program=program)
    app = create_app(chosen, OpenScene(scene="main", paths=tuple(paths)), supervisor, client)
    listening = listen(chosen.host, chosen.port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            **WEBSOCKETS,
            ws_max_size=chosen.limits.message_max_bytes,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(listening)
        task = asyncio.create_task(server._serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
            if task.done():
                task.result()
        try:
            yield Service(listening.getsockname()[1], supervisor)
        finally:
            server.should_exit = True
            await task


__all__ = ["DOUBLE_PROGRAM", "TOKEN", "WORKER_PROGRAM", "Service", "service"]
