"""The application: guard, routes, client files, and the life of the worker around them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiortc import RTCIceServer
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from .. import __version__
from ..errors import HostaError
from ..session.annotations import AnnotationBook, scene_identity
from ..session.registry import Registry
from ..settings import IceServer, ServerSettings
from ..worker.pool import WorkerPool
from ..worker.protocol import OpenScene
from ..worker.supervisor import Supervisor
from .auth import Authority, is_loopback
from .guard import Guard
from .ice_filter import IceFilter
from .metrics import load_of
from .problem import on_hosta_error, on_http_error, on_invalid_request, on_unexpected_error
from .routes import make_router
from .signalling import Signalling
from .turn import turn_server
from .websocket import Sockets

log = logging.getLogger(__name__)

TICK_S = 0.05

_NO_CLIENT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hosta</title>
<p>The server runs, but its page has not been built. Build it with <code>npm ci &amp;&amp; npm run build</code>
in <code>viewer_client</code>, or start the server with <code>./hosta</code>, which does it.</p></html>
"""


class ClientFiles(StaticFiles):
    """The built client. Its page is always asked for anew; files with a hash in their names are kept."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            raise HTTPException(404)
        await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        kept = path.startswith("assets/") and response.status_code == 200
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


def create_app(
    settings: ServerSettings,
    scene: OpenScene,
    supervisor: Supervisor | WorkerPool,
    client: Path | None,
    on_hopeless: Callable[[HostaError], None] | None = None,
) -> FastAPI:
    """The server for one scene. `client` is the folder of the built client, or None when there is none.

    `on_hopeless` is told, once, why the scene will never be shown; without it the server goes on and tells its clients.
    """
    loop: asyncio.AbstractEventLoop | None = None

    def post(act: Callable[[], None]) -> None:
        assert loop is not None, "annotations are read once the loop runs"
        loop.call_soon_threadsafe(act)

    identity = scene_identity(scene.paths, scene.labels, scene.spacing)
    book = AnnotationBook(settings.data_dir, identity, settings.limits, post)
    registry = Registry(supervisor, scene, settings.limits, time.monotonic, on_hopeless, book)
    registry.meter.workers = lambda: [load_of(str(i), one) for i, one in enumerate(supervisor.supervisors)]
    ice_servers = [
        RTCIceServer(urls=list(server.urls), username=server.username, credential=server.credential)
        for server in settings.ice_servers
    ]
    ice_filter = IceFilter(settings.ice_interfaces, loopback=is_loopback(settings.host))
    signalling = Signalling(registry, ice_servers, ice_filter)
    limits = settings.limits

    def servers_for_clients() -> tuple[IceServer, ...]:
        if settings.turn_secret is None:
            return settings.ice_servers
        return *settings.ice_servers, turn_server(settings.turn_urls, settings.turn_secret, "hosta", time.time())

    authority = Authority(settings.token, settings.limits.wrong_tokens_per_minute)

    sockets = Sockets(registry, authority, limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        nonlocal loop
        loop = asyncio.get_running_loop()
        supervisor.start(registry)
        registry.start()
        ticking = asyncio.get_running_loop().create_task(_tick(registry), name="tick")
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            sockets.close()
            await asyncio.gather(signalling.close(), supervisor.close(), asyncio.to_thread(book.close))

    app = FastAPI(
        title="Hosta", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.add_middleware(
        Guard,
        host=settings.host,
        allow_hosts=settings.allow_hosts,
        allow_origins=settings.allow_origins,
        body_max_bytes=settings.limits.http_body_max_bytes,
        sdp_max_bytes=settings.limits.sdp_max_bytes,
    )
    app.add_exception_handler(HostaError, on_hosta_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(Exception, on_unexpected_error)
    app.include_router(make_router(authority, registry, signalling, sockets, servers_for_clients, limits))
    if client is not None:
        app.mount("/", ClientFiles(directory=client, html=True))
    else:
        app.add_api_route("/", _no_client, include_in_schema=False)
    return app


async def _tick(registry: Registry) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        try:
            registry.tick(time.monotonic())
        except Exception:
            log.exception("the registry's tick failed")


async def _no_client() -> HTMLResponse:
    return HTMLResponse(_NO_CLIENT, 200)
