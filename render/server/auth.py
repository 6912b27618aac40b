"""Who may come in: one token a server, exchanged once for a cookie, or sent as a bearer token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections import deque

from ..errors import AuthError

TOKEN_BYTES = 32
WINDOW_S = 60.0
MAX_ADDRESSES = 10_000


class TooManyTriesError(AuthError):
    """Too many wrong tokens came from this address."""

    http_status = 429


def new_token() -> str:
    """A token of 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_loopback(host: str) -> bool:
    """Whether a server that binds this host can only be reached from the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Authority:
    """Checks tokens and cookies in constant time; None as the token lets everyone in."""

    def __init__(self, token: str | None, wrong_tokens_per_minute: int) -> None:
        self._token = token.encode() if token is not None else None
        self._cookie = self.cookie_value.encode()
        self._limit = wrong_tokens_per_minute
        self._wrong_s: dict[str, deque[float]] = {}

    @property
    def required(self) -> bool:
        return self._token is not None

    @property
    def cookie_name(self) -> str:
        """Cookies do not tell ports apart: the name does, so that servers on one machine do not undo each other."""
        return "hosta_" + self._derive(b"cookie name")[:12]

    @property
    def cookie_value(self) -> str:
        """Says that the token was known, without being it; it holds for as long as the server has this token."""
        return self._derive(b"cookie value")

    def login(self, token: str, address: str, now_s: float) -> None:
        """Raises AuthError for a wrong token and TooManyTriesError for too many of them. The right one passes."""
        if self._token is None or hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token):
            return
        tries = self._wrong_s.setdefault(address, deque())
        while tries and now_s - tries[0] > WINDOW_S:
            tries.popleft()
        if len(tries) >= self._limit:
            raise TooManyTriesError("too many wrong tokens came from this address; wait a minute")
        tries.append(now_s)
        if len(self._wrong_s) > MAX_ADDRESSES:
            del self._wrong_s[next(iter(self._wrong_s))]
        raise AuthError("the token is wrong; use the address that the server printed when it started")

    def check(self, cookie: str | None, authorization: str | None, address: str, now_s: float) -> None:
        """Raises AuthError unless the cookie or the bearer token is right."""
        if self._token is None:
            return
        if cookie is not None and hmac.compare_digest(cookie.encode("utf-8", "surrogatepass"), self._cookie):
            return
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() == "bearer":
                self.login(token.strip(), address, now_s)
                return
        raise AuthError("not logged in; use the address with the token that the server printed when it started")

    def _derive(self, purpose: bytes) -> str:
        return hmac.new(self._token or b"", purpose, hashlib.sha256).hexdigest()
