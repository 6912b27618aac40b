"""A place with keys: a folder on disk, or the keys of a server below an address (`remote`). Reads of it are bounded.

Readers of formats ask a store for metadata (whole, small), look at single pieces of chunks, and hand `kvstore()` to
tensorstore, which reads the chunks themselves.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import SourceError
from .decode import check_status, read_json, reading
from .opening import Opening

Request = tuple[str, int, int]
"""(key, first byte, number of bytes); a negative first byte counts from the end."""

_STORE_MARKS = (".zarr", ".n5", ".precomputed")


class Store(ABC):
    """`path` names the place among others of the same store, "/"-separated, for people and for ways upwards."""

    opening: Opening
    is_remote: bool

    @property
    @abstractmethod
    def path(self) -> str: ...

    @abstractmethod
    def at(self, path: str) -> Store:
        """The place below; "" is this one. The path was checked to stay inside (`ngff.is_inside`)."""

    @abstractmethod
    def up(self) -> Store | None:
        """The place above, None at the top."""

    @abstractmethod
    def json(self, key: str) -> dict[str, Any] | None:
        """The JSON object under a key, None where there is none. Raises SourceError."""

    @abstractmethod
    def folders(self) -> list[str] | None:
        """Names of the places right below, sorted; None where the store cannot tell."""

    @abstractmethod
    def sizes(self, keys: Sequence[str]) -> list[int | None] | None:
        """Bytes of each key, None where there is nothing, after checks of what may be opened; None: cannot be told."""

    @abstractmethod
    def ranges(self, requests: Sequence[Request]) -> list[bytes | None]:
        """Parts of keys; None where the key is absent. What lies beyond the end is left out. Raises SourceError."""

    @abstractmethod
    def whole(self, key: str, most_bytes: int) -> bytes | None:
        """All of a key, None where it is absent. Raises SourceError where it cannot be read or has more bytes."""

    @abstractmethod
    def kvstore(self) -> dict[str, Any]:
        """What tensorstore opens."""

    def jsons(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The JSON objects that are there, by key."""
        found = {key: self.json(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    @property
    def leaf(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def name(self) -> str:
        """Short and for people: the store and the way in it, without what is above."""
        parts = self.path.split("/")
        for number, part in enumerate(parts):
            if any(mark in part for mark in _STORE_MARKS):
                return "/".join(parts[number:])
        return self.leaf or self.path

    def ways_up(self, most: int) -> Iterator[tuple[Store, str]]:
        """The places above, nearest first, each with the path from there to here."""
        way, place = self.leaf, self.up()
        while place is not None and most > 0:
            yield place, way
            way, place, most = f"{place.leaf}/{way}", place.up(), most - 1


class LocalStore(Store):
    """A folder. With a root, nothing outside of it is read, whatever symlinks say."""

    is_remote = False

    def __init__(self, folder: Path, opening: Opening) -> None:
        self.folder = folder
        self.opening = opening

    @property
    def path(self) -> str:
        return self.folder.as_posix()

    def at(self, path: str) -> Store:
        return LocalStore(self.folder / path, self.opening) if path else self

    def up(self) -> Store | None:
        return LocalStore(self.folder.parent, self.opening) if self.folder.parent != self.folder else None

    def json(self, key: str) -> dict[str, Any] | None:
        path = self.folder / key
        if not path.exists():
            return None
        return read_json(self.opening.admit(path))

    def folders(self) -> list[str] | None:
        with reading(f"'{self.folder.name}'"):
            if not self.folder.is_dir():
                return []
            return sorted(
                entry.name for entry in self.folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
            )

    def sizes(self, keys: Sequence[str]) -> list[int | None] | None:
        return [self._size(key) for key in keys]

    def _size(self, key: str) -> int | None:
        # A string and one call of the system: a volume of one file a chunk has millions.
        path = f"{self.folder}/{key}"
        with reading(f"'{key}'"):
            try:
                status = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                return None
        if self.opening.root is not None:
            self.opening.admit(Path(path))
        return check_status(status, key)

    def ranges(self, requests: Sequence[Request]) -> list[bytes | None]:
        return [self._range(*request) for request in requests]

    def _range(self, key: str, first: int, n_bytes: int) -> bytes | None:
        size = self._size(key)
        if size is None:
            return None
        with reading(f"'{key}'"):
            file = os.open(f"{self.folder}/{key}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.pread(file, n_bytes, first if first >= 0 else max(0, size + first))
            finally:
                os.close(file)

    def whole(self, key: str, most_bytes: int) -> bytes | None:
        size = self._size(key)
        if size is None:
            return None
        if size > most_bytes:
            raise too_long(f"'{self.name}/{key}'", size)
        with reading(f"'{key}'"), (self.folder / key).open("rb") as file:
            return file.read(most_bytes)

    def kvstore(self) -> dict[str, Any]:
        return {"driver": "file", "path": f"{self.folder}/"}


def too_long(what: str, n_bytes: int) -> SourceError:
    """A piece that has more bytes than its voxels could need, however badly they were compressed."""
    return SourceError(f"{what} is a file of {n_bytes} bytes, more than its voxels could need")
