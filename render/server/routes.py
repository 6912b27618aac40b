"""The HTTP addresses. All of them are relative to where the server is mounted, so that any proxy path works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response, WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .. import __version__
from ..errors import AuthError, StreamError, UsageError
from ..limits import Limits
from ..session.meter import CONTENT_TYPE
from ..session.registry import Registry
from ..session.view import clamp_size
from ..settings import IceServer
from ..summary import Encoding
from .auth import Authority
from .signalling import Signalling
from .websocket import Sockets

NO_STORE = {"cache-control": "no-store"}


class Login(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(max_length=512)


class ClientConfig(BaseModel):
    """What a client needs before it connects."""

    version: str
    token_required: bool
    ice_servers: tuple[IceServer, ...]


class UnsupportedOfferError(StreamError):
    """The body is not an SDP offer."""

    http_status = 415


def make_router(
    authority: Authority,
    registry: Registry,
    signalling: Signalling,
    sockets: Sockets,
    ice_servers: Callable[[], tuple[IceServer, ...]],
    limits: Limits,
) -> APIRouter:
    """All routes besides the client's files. `ice_servers` says those for a client that comes now."""
    router = APIRouter()

    def address(request: Request) -> str:
        return request.client.host if request.client is not None else "unknown"

    def logged_in(request: Request) -> None:
        cookie = request.cookies.get(authority.cookie_name)
        authority.check(cookie, request.headers.get("authorization"), address(request), time.monotonic())

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        """The server itself is alive."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def ready(response: Response) -> dict[str, str]:
        """A client that connects now gets a picture."""
        if not registry.ready:
            response.status_code = 503
        return {"status": "ok" if registry.ready else "not ready"}

    @router.get("/metrics", dependencies=[Depends(logged_in)])
    async def metrics() -> Response:
        """Counters in Prometheus's text format, for those who are logged in: they tell how much the server is used."""
        return Response(registry.meter.text(), headers={"content-type": CONTENT_TYPE, **NO_STORE})

    @router.get("/api/v1/config", response_model_exclude_none=True)
    async def config(request: Request) -> ClientConfig:
        """Open to all, but the ICE servers, whose credentials are worth something, are for those who are logged in."""
        try:
            logged_in(request)
        except AuthError:
            servers: tuple[IceServer, ...] = ()
        else:
            servers = ice_servers()
        return ClientConfig(version=__version__, token_required=authority.required, ice_servers=servers)

    @router.post("/api/v1/login", status_code=204)
    async def login(request: Request) -> Response:
        """Exchange the token for a cookie."""
        try:
            body = Login.model_validate_json(await request.body())
        except ValidationError:
            raise UsageError('a login is JSON: {"token": "..."}') from None
        authority.login(body.token, address(request), time.monotonic())
        response = Response(status_code=204, headers=NO_STORE)
        response.set_cookie(
            authority.cookie_name,
            authority.cookie_value,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @router.post("/api/v1/whep", dependencies=[Depends(logged_in)])
    async def connect(
        request: Request,
        view: Annotated[str | None, Query(max_length=100)] = None,
        width: Annotated[int | None, Query(ge=1, le=65_535)] = None,
        height: Annotated[int | None, Query(ge=1, le=65_535)] = None,
        encoding: Encoding = "h264",
    ) -> Response:
        """An SDP offer; 201 with the answer. `view` joins an existing view, `width` and `height` size a new one.

        `encoding` is what the client would like best; another is taken where its offer does not have it.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/sdp":
            raise UnsupportedOfferError("an offer must be sent as application/sdp")
        try:
            offer = (await request.body()).decode()
        except UnicodeDecodeError:
            raise StreamError("the offer is not valid SDP: it is not UTF-8") from None
        size = clamp_size(width, height, limits) if width is not None and height is not None else None
        name, answer = await signalling.open(offer, view, size, encoding)
        headers = {"location": f"whep/{name}", **NO_STORE}  # relative: right under any proxy path
        response = Response(answer, 201, headers, media_type="application/sdp")
        for link in ice_links(ice_servers()):
            response.headers.append("link", link)
        return response

    @router.options("/api/v1/whep", dependencies=[Depends(logged_in)])
    async def acceptance() -> Response:
        """What a WHEP player may post, and through which ICE servers it may come."""
        response = Response(status_code=204, headers={"accept-post": "application/sdp", **NO_STORE})
        for link in ice_links(ice_servers()):
            response.headers.append("link", link)
        return response

    @router.get("/api/v1/views/{view}/still/{sequence}.webp", dependencies=[Depends(logged_in)])
    async def still(
        request: Request,
        view: Annotated[str, Path(max_length=100)],
        sequence: Annotated[int, Path(ge=0, le=2**53 - 1)],
        n: Annotated[int | None, Query(ge=0, le=2**53 - 1)] = None,
    ) -> Response:
        """A still that a StillMessage told of, without loss. With its number `n` it never changes."""
        kept = registry.stills.find(view, sequence, n)
        control = "private, no-cache" if n is None else "private, max-age=3600, immutable"
        headers = {"cache-control": control, "etag": kept.etag}
        if request.headers.get("if-none-match") == kept.etag:
            return Response(status_code=304, headers=headers)
        return Response(kept.data, headers=headers, media_type="image/webp")

    @router.delete("/api/v1/whep/{name}", dependencies=[Depends(logged_in)])
    async def disconnect(name: str) -> Response:
        if not await signalling.end(name):
            raise NoConnectionError("there is no such connection; it has ended already")
        return Response(status_code=200, headers=NO_STORE)

    @router.websocket("/api/v1/ws")
    async def talk(socket: WebSocket) -> None:
        await sockets.serve(socket)

    @router.patch("/api/v1/whep/{name}", dependencies=[Depends(logged_in)])
    async def no_more_candidates(name: str) -> Response:
        """Players that send their candidates later are told that there is no need: their checks say where they are."""
        raise HTTPException(405, "candidates are not taken later; those of the offer do", {"allow": "DELETE"})

    return router


def ice_links(servers: Iterable[IceServer]) -> Iterator[str]:
    """ICE servers as Link headers, which is how WHEP tells players of them."""
    for server in servers:
        for url in server.urls:
            login = ""
            if server.username is not None and server.credential is not None:
                login = f'; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
            yield f'<{url}>; rel="ice-server"{login}'


class NoConnectionError(StreamError):
    """The connection does not exist, or no longer."""

    http_status = 404
