"""What a user may name: a place on disk or on a server, the format that it is to be read as, and the image in it.

`s3://bucket/key`, `gs://bucket/key`, `http(s)://host/path`, `file:///path` and plain paths; with `zarr://`, `n5://` or
`precomputed://` before them, or with neuroglancer's `|zarr3:path` after them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal
from urllib.parse import unquote, urlsplit

from ..errors import SourceError

Format = Literal["zarr", "n5", "precomputed"]

_FORMATS: dict[str, Format] = {
    "zarr": "zarr", "zarr2": "zarr", "zarr3": "zarr", "n5": "n5", "precomputed": "precomputed",
    "neuroglancer-precomputed": "precomputed",
}  # fmt: skip
REMOTE_SCHEMES = ("http", "https", "s3", "gs")
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True)
class Address:
    """`scheme` "" is the local file system and `place` a path; otherwise `place` is the address without its query.

    `query` is what a server of http(s) wants to see behind each key, such as a signature. It is never shown.
    """

    scheme: str
    place: str
    format: Format | None = None
    query: str = ""

    @property
    def is_remote(self) -> bool:
        return self.scheme != ""


def parse_address(text: str) -> Address:
    """Read what a user wrote. Raises SourceError for schemes and forms that are not read."""
    rest, _, pipe = text.partition("|")
    said: Format | None = None
    inner = ""
    if pipe:
        name, colon, inner = pipe.partition(":")
        if not colon or name not in _FORMATS or "|" in inner:
            raise SourceError(f"'|{pipe}' names no format that is read; these are: |zarr2:, |zarr3:, |zarr:, |n5:")
        said = _FORMATS[name]
    found = _SCHEME.match(rest)
    if found is not None and found[1].lower() in _FORMATS:
        said, rest = _FORMATS[found[1].lower()], rest[found.end() :]
        found = _SCHEME.match(rest)
    if found is None:
        return Address("", _joined(rest, inner), said)
    scheme = found[1].lower()
    if scheme == "file":
        return Address("", _joined(unquote(rest[found.end() :]), inner), said)
    if scheme not in REMOTE_SCHEMES:
        raise SourceError(
            f"addresses of the kind '{scheme}://' are not read; {', '.join(s + '://' for s in REMOTE_SCHEMES)} are"
        )
    return _remote(scheme, rest, inner, said)


def short_name(text: str) -> str:
    """What a user named, for people: the last part of it, without a query."""
    if "://" not in text and "|" not in text:
        return text if text.startswith("synthetic:") else PurePath(text).name
    try:
        address = parse_address(text)
    except SourceError:
        return text.partition("?")[0].rstrip("/").rpartition("/")[2]
    return address.place.rstrip("/").rpartition("/")[2]


def _remote(scheme: str, text: str, inner: str, said: Format | None) -> Address:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or any(ord(mark) <= 32 or ord(mark) == 127 for mark in text):
        raise SourceError(f"'{scheme}://...' names no host; write {scheme}://host/path/to/store")
    if parts.username is not None or parts.password is not None:
        raise SourceError("an address must hold no user name or password; credentials come from the environment")
    if parts.fragment or (parts.query and scheme in ("s3", "gs")):
        raise SourceError("an address of a store ends with its path, without '#' and, for s3:// and gs://, without '?'")
    path = _joined(parts.path.rstrip("/"), inner)
    if any(part in (".", "..") for part in unquote(path).split("/")):
        raise SourceError("the path of an address holds no '.' or '..'")
    return Address(scheme, f"{scheme}://{parts.netloc}{path}", said, parts.query)


def _joined(path: str, inner: str) -> str:
    return f"{path.rstrip('/')}/{inner.strip('/')}" if inner.strip("/") else path
