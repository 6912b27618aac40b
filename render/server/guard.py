"""What stands before every request: which host, which origin, how large, and what every answer carries."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import AuthError, HostaError, LimitError
from .problem import problem_response

PREFLIGHT_S = 600
"""For so long a browser may remember what another origin's page may do."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SDP_PATH_END = "/whep"


class ForbiddenError(AuthError):
    """The request comes from a page, or under a name, that is not allowed."""

    http_status = 403


class Guard:
    """Refuses foreign hosts and origins and large bodies; puts the security headers on every answer.

    Pages of `allow_origins` may embed the server's page, load its client and use its API with a bearer token; cookies
    never go with their requests.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        allow_hosts: Sequence[str],
        allow_origins: Sequence[str],
        body_max_bytes: int,
        sdp_max_bytes: int,
    ) -> None:
        self._app = app
        names = {"localhost", host, socket.gethostname(), *allow_hosts}
        self._hosts = {name.lower().strip("[]") for name in names if name}
        self._origins = {origin.rstrip("/").lower() for origin in allow_origins}
        self._hosts |= {urlsplit(origin).hostname or "" for origin in self._origins} - {""}
        self._body_max_bytes = body_max_bytes
        self._sdp_max_bytes = sdp_max_bytes
        ancestors = " ".join(["'self'", *sorted(self._origins)])
        self._headers = {
            "content-security-policy": (
                "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
                f"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
            ),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        headers = Headers(scope=scope)
        more = self._headers | self._sharing_headers(headers.get("origin"))

        async def send_guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                answered = MutableHeaders(scope=message)
                for name, value in more.items():
                    answered.setdefault(name, value)
                if self._origins:
                    answered.add_vary_header("Origin")
            await send(message)

        try:
            self._check(scope, headers)
        except HostaError as error:
            await problem_response(error)(scope, receive, send_guarded)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send_guarded)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=self._preflight_headers(headers))(scope, receive, send_guarded)
            return
        max_bytes = self._sdp_max_bytes if scope["path"].endswith(SDP_PATH_END) else self._body_max_bytes
        await self._app(scope, _bounded(receive, max_bytes), send_guarded)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raises ForbiddenError or LimitError."""
        host = headers.get("host", "")
        if not self._is_our_host(host):
            raise ForbiddenError(f"this server is not called '{_short(host)}'; allow the name with --allow-host")
        mutating = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        origin = headers.get("origin")
        if mutating and origin is not None and not self._is_our_origin(origin, host):
            raise ForbiddenError(f"pages of '{_short(origin)}' may not use this server; see --allow-origin")
        length = headers.get("content-length", "0")
        max_bytes = self._sdp_max_bytes if scope["path"].endswith(SDP_PATH_END) else self._body_max_bytes
        if not length.isascii() or not length.isdigit() or int(length[:19]) > max_bytes:
            raise LimitError(f"the body of this request may have at most {max_bytes} bytes")

    def _sharing_headers(self, origin: str | None) -> dict[str, str]:
        """What lets a page of a listed origin read the answer; nothing for all others."""
        if origin is None or origin.lower() not in self._origins:
            return {}
        return {"access-control-allow-origin": origin, "access-control-expose-headers": "Link, Location, Retry-After"}

    def _preflight_headers(self, headers: Headers) -> dict[str, str]:
        """What a page of a listed origin may ask for; nothing for all others, whose browsers then go no further."""
        if not self._sharing_headers(headers.get("origin")):
            return {}
        return {
            "access-control-allow-methods": "GET, POST, PATCH, DELETE",
            "access-control-allow-headers": "Authorization, Content-Type",
            "access-control-max-age": str(PREFLIGHT_S),
        }

    def _is_our_host(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts:
            return True
        # Rebinding needs a name: an address cannot be made to point elsewhere.
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_our_origin(self, origin: str, host: str) -> bool:
        if origin.lower() in self._origins:
            return True
        parts = urlsplit(origin) if "://" in origin else None
        return parts is not None and parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _bounded(receive: Receive, max_bytes: int) -> Receive:
    """`receive` that refuses a body which is longer than its header said, or has no length."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise LimitError(f"the body of this request may have at most {max_bytes} bytes")
        return message

    return bounded


def _short(text: str) -> str:
    return "".join(character for character in text[:80] if character.isprintable())
