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
from render.worker.pool import WorkerPool
from render.worker.protocol import OpenScene
from render.worker.supervisor import WORKER_PROGRAM, Patience, Supervisor

DOUBLE_PROGRAM = (sys.executable, "-m", "tests.doubles.worker")
TOKEN = "a-token-of-the-tests-" + "0123456789abcdef" * 2


@dataclass
class Service:
    port: int
    supervisor: Supervisor  # the first one, of several
    supervisors: list[Supervisor]
    pool: WorkerPool | None

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
    workers: int | None = None,
    **settings: object,
) -> AsyncIterator[Service]:
    """Serve `paths` with the double of the worker or, with `WORKER_PROGRAM`, the real one; `workers`: with a pool."""
    chosen = ServerSettings.model_validate({"port": 0, "token": TOKEN, **settings})
    supervisors = [Supervisor(patience, program=program) for _ in range(workers or 1)]
    pool = WorkerPool(supervisors) if workers is not None else None
    app = create_app(chosen, OpenScene(scene="main", paths=tuple(paths)), pool or supervisors[0], client)
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
            yield Service(listening.getsockname()[1], supervisors[0], supervisors, pool)
        finally:
            server.should_exit = True
            await task


__all__ = ["DOUBLE_PROGRAM", "TOKEN", "WORKER_PROGRAM", "Service", "service"]
