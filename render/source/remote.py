"""Stores on servers: http(s), S3 and Google Cloud Storage, read through tensorstore, whose errors are put into words.

Nothing here follows a redirect. Transient failures were retried by the time that an error arrives (`chunk_cache`), and
nobody is waited for longer than `store_timeout_s` without an answer.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..errors import SourceError
from .address import Address
from .chunk_cache import context
from .decode import METADATA_MAX_BYTES, format_bytes, parse_json
from .opening import Opening
from .store import Request, Store, too_long

_TRANSIENT = (408, 429, 500, 502, 503, 504)
_LONGEST_DELAY_S = 10.0
_PROBES = 8
_WORDS = {
    401: "the server wants credentials (401)",
    403: "the server refuses access (403)",
    429: "the server asks for fewer requests (429), again and again",
}


_Kept = dict[str, dict[str, Any] | None]


class RemoteStore(Store):
    """The keys below an address. What was read of metadata is kept for as long as the store is."""

    is_remote = True

    def __init__(
        self, address: Address, opening: Opening, kept: dict[str, dict[str, Any] | None] | None = None
    ) -> None:
        self.address = address
        self.opening = opening
        self._kept: _Kept = {} if kept is None else kept
        self._lock = threading.Lock()
        self._keys: Any = None

    @property
    def path(self) -> str:
        return self.address.place.partition("://")[2]

    def at(self, path: str) -> Store:
        if not path:
            return self
        return self._placed(f"{self.address.place.rstrip('/')}/{path}")

    def up(self) -> Store | None:
        above, slash, _ = self.address.place.rpartition("/")
        return self._placed(above) if slash and not above.endswith("/") else None

    def _placed(self, place: str) -> RemoteStore:
        address = Address(self.address.scheme, place, self.address.format, self.address.query)
        return RemoteStore(address, self.opening, self._kept)

    def json(self, key: str) -> dict[str, Any] | None:
        full = f"{self.address.place}/{key}"
        with self._lock:
            if full in self._kept:
                return self._kept[full]
        what = f"'{self.leaf}/{key}'"
        raw = self._metadata(key, what)
        value = None if raw is None else parse_json(raw, what)
        with self._lock:
            self._kept[full] = value
        return value

    def jsons(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """All at once. A key that the server refuses counts as absent where another is there."""
        with ThreadPoolExecutor(_PROBES, thread_name_prefix="metadata") as pool:
            waiting = {key: pool.submit(self.json, key) for key in keys}
        failed = [future.exception() for future in waiting.values() if future.exception() is not None]
        found = {key: future.result() for key, future in waiting.items() if future.exception() is None}
        there = {key: value for key, value in found.items() if value is not None}
        for error in failed:
            if error is not None and (not there or not isinstance(error, AccessError)):
                raise error
        return there

    def folders(self) -> list[str] | None:
        return None

    def sizes(self, keys: Sequence[str]) -> list[int | None] | None:
        return None

    def ranges(self, requests: Sequence[Request]) -> list[bytes | None]:
        keys = self._open()
        waiting = [(key, first, n, keys.read(key, byte_range=_slice(first, n))) for key, first, n in requests]
        return [self._part(key, first, n, future) for key, first, n, future in waiting]

    def _part(self, key: str, first: int, n_bytes: int, future: Any) -> bytes | None:
        what = f"'{self.leaf}/{key}'"
        try:
            found = wait_for(future, self.opening)
        except Exception as error:
            if "OUT_OF_RANGE" not in str(error) and "ignored by server" not in str(error):
                raise SourceError(f"{what} cannot be read: {remote_reason(error, self.opening)}") from error
            whole = self.whole(key, sys.maxsize)  # it is shorter than that, or the server knows no ranges
            if whole is None:
                return None
            start = first if first >= 0 else max(0, len(whole) + first)
            return whole[start : start + n_bytes]
        return bytes(found.value) if found.state == "value" else None

    def whole(self, key: str, most_bytes: int) -> bytes | None:
        what = f"'{self.name}/{key}'"
        keys = self._open()
        with remote_reading(what, self.opening):
            found = wait_for(keys.read(key), self.opening)
        if found.state != "value":
            return None
        if len(found.value) > most_bytes:
            raise too_long(what, len(found.value))
        return bytes(found.value)

    def kvstore(self) -> dict[str, Any]:
        scheme, place = self.address.scheme, f"{self.address.place}/"
        if scheme in ("http", "https"):
            return {"driver": "http", "base_url": place + (f"?{self.address.query}" if self.address.query else "")}
        bucket, _, path = place.partition("://")[2].partition("/")
        path = path.lstrip("/")
        if scheme == "gs":
            return {"driver": "gcs", "bucket": bucket, "path": path}
        return {"driver": "s3", "bucket": bucket, "path": path, **_s3_settings()}

    def _open(self) -> Any:
        import tensorstore

        with self._lock:
            if self._keys is None:
                with remote_reading(f"'{self.name}'", self.opening):
                    opening = tensorstore.KvStore.open(self.kvstore(), context=context(self.opening.limits))
                    self._keys = wait_for(opening, self.opening)
            return self._keys

    def _metadata(self, key: str, what: str) -> bytes | None:
        if self.address.scheme in ("http", "https"):
            query = f"?{self.address.query}" if self.address.query else ""
            return http_get(f"{self.address.place}/{key}{query}", what, self.opening)
        with remote_reading(what, self.opening):
            found = wait_for(self._open().read(key), self.opening)
        if found.state != "value":
            return None
        if len(found.value) > METADATA_MAX_BYTES:
            raise _too_large(what)
        return bytes(found.value)


class AccessError(SourceError):
    """The server answers 401 or 403."""


class NoAnswerError(TimeoutError):
    """Nothing came in the time that was given, which the message says."""


def wait_for(future: Any, opening: Opening, n_pieces: int = 1) -> Any:
    """The result of a tensorstore future; NoAnswerError when a server takes too long, and the request is given up.

    Reads of many pieces get more time: they share the connection.
    """
    timeout_s = opening.limits.store_timeout_s * (1.0 + n_pieces / 16.0)
    try:
        return future.result(timeout=timeout_s)
    except TimeoutError:
        future.cancel()
        raise NoAnswerError(f"no answer within {timeout_s:.3g} s") from None


class remote_reading:  # noqa: N801 - reads as `decode.reading` does
    """Turn what tensorstore raises about a server into one SourceError of one sentence."""

    def __init__(self, what: str, opening: Opening) -> None:
        self._what, self._opening = what, opening

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, SourceError):
            return
        if isinstance(error, MemoryError):
            raise SourceError(f"{self._what} does not fit in memory") from error
        made = AccessError if _status_of(str(error)) in (401, 403) else SourceError
        raise made(f"{self._what} cannot be read: {remote_reason(error, self._opening)}") from error


def remote_reason(error: BaseException, opening: Opening) -> str:
    """Why a server could not be read, in one line without addresses."""
    from .decode import reason

    text = str(error)
    if isinstance(error, TimeoutError):
        is_told = isinstance(error, NoAnswerError)
        return f"the server gave {error if is_told else f'no answer within {opening.limits.store_timeout_s:g} s'}"
    status = _status_of(text)
    if status is not None:
        return _status_words(status)
    curl = re.search(r"CURL error ([^:\[]+)", text)
    if curl is not None:
        return f"the connection failed ({curl[1].strip().lower()})"
    if "ignored by server" in text:
        return "the server ignores byte ranges, which sharded data needs"
    return re.sub(r"https?://\S+", "the address", reason(error))


def _status_of(text: str) -> int | None:
    found = re.search(r"\[(?:HTTP code |http_response_code=')(\d{3})", text)
    return int(found[1]) if found else None


def _status_words(status: int) -> str:
    if 300 <= status < 400:
        return f"the server answers with a redirect ({status}), which is not followed; name the address it leads to"
    if status in _WORDS:
        return _WORDS[status]
    return f"the server answers {status}" + (", again and again" if status in _TRANSIENT else "")


def _slice(first: int, n_bytes: int) -> slice:
    return slice(first, first + n_bytes) if first >= 0 else slice(first, None)


def _s3_settings() -> dict[str, Any]:
    """Endpoint, region and credentials, from the variables that all S3 programs know; without any, as nobody."""
    env = os.environ
    settings: dict[str, Any] = {}
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ("us-east-1" if endpoint else "")
    if endpoint:
        settings["endpoint"] = endpoint
    if region:
        settings["aws_region"] = region
    shared = env.get("AWS_SHARED_CREDENTIALS_FILE") or str(Path.home() / ".aws" / "credentials")
    config = env.get("AWS_CONFIG_FILE") or str(Path.home() / ".aws" / "config")
    if env.get("AWS_ACCESS_KEY_ID"):
        settings["aws_credentials"] = {"type": "environment"}
    elif Path(shared).is_file():
        settings["aws_credentials"] = {  # its own defaults for these fail
            "type": "profile",
            "profile": env.get("AWS_PROFILE") or "default",
            "credentials_file": shared,
            "config_file": config if Path(config).is_file() else shared,
        }
    else:
        settings["aws_credentials"] = {"type": "anonymous"}
    return settings


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def http_get(url: str, what: str, opening: Opening) -> bytes | None:
    """A small file by http(s), None where it is absent; transient failures are retried. Raises SourceError."""
    limits = opening.limits
    opener = urllib.request.build_opener(_NoRedirects())
    delay_s = limits.store_first_delay_s
    for attempt in range(limits.store_retries + 1):
        if attempt:
            time.sleep(delay_s)
            delay_s = min(2.0 * delay_s, _LONGEST_DELAY_S)
        try:
            return _http_get_once(opener, url, what, limits.store_timeout_s)
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
            if status in (404, 410):
                return None
            failed: Exception = error
            words = _status_words(status)
            if status not in _TRANSIENT:
                made = AccessError if status in (401, 403) else SourceError
                raise made(f"{what} cannot be read: {words}") from error
        except TimeoutError as error:
            raise SourceError(f"{what} cannot be read: {remote_reason(error, opening)}") from error
        except (OSError, urllib.error.URLError, _http_exceptions()) as error:
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(cause, TimeoutError):
                raise SourceError(f"{what} cannot be read: {remote_reason(cause, opening)}") from error
            failed = error
            told = cause.strerror if isinstance(cause, OSError) and cause.strerror else type(cause).__name__
            words = f"the connection failed ({told.lower()})"
    raise SourceError(f"{what} cannot be read: {words}") from failed


def _http_exceptions() -> type[Exception]:
    import http.client

    return http.client.HTTPException


def _http_get_once(opener: Any, url: str, what: str, timeout_s: float) -> bytes:
    """Raises TimeoutError also where a server keeps on sending a little."""
    until_s = time.monotonic() + timeout_s
    parts: list[bytes] = []
    n_bytes = 0
    request = urllib.request.Request(url, headers={"User-Agent": "hosta", "Accept-Encoding": "identity"})
    with opener.open(request, timeout=timeout_s) as answer:
        announced = answer.headers.get("Content-Length")
        while part := answer.read1(1 << 16):
            parts.append(part)
            n_bytes += len(part)
            if n_bytes > METADATA_MAX_BYTES:
                raise _too_large(what)
            if time.monotonic() > until_s:
                raise TimeoutError
    if announced is not None and announced.isdigit() and n_bytes < int(announced):
        raise ConnectionError(None, "the answer ended early")
    return b"".join(parts)


def _too_large(what: str) -> SourceError:
    return SourceError(f"{what} is larger than metadata may be ({format_bytes(METADATA_MAX_BYTES)})")
