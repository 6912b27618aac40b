"""The side-car index of a volume: the range of every brick of every level, and for labels which ids may be in it.

It lies in a group `hosta_index` of the image's own group (of a file: in `NAME.hosta_index` beside it), as plain zarr
arrays that are not compressed, so that any zarr reader can read them and this one needs a seek and a read.
docs/convert.md says the format.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import HostaError
from ..source.base import Kind, Shape3, SourceInfo
from ..source.decode import read_json
from .brick_regions import MASK_WORDS, PAYLOAD, counts_of, id_bits
from .zarr_json import ZarrVersion, chunk_name

FOLDER = "hosta_index"
FORMAT = 1
BLOCK = 32
"""Bricks a side of a file of ranges."""
CACHE_BYTES = 64 << 20
_HASHED_MAX_BYTES = 1 << 20
_SAMPLED = 8
_LEVEL_FILES = ("zarr.json", ".zarray", "attributes.json")
_GROUP_FILES = ("info", "zarr.json", ".zarray", "attributes.json")

log = logging.getLogger("render.bricks.index")


@dataclass(frozen=True)
class IndexedLevel:
    shape: Shape3
    counts: Shape3


class Index:
    """An open index. Thread-safe; files are read in blocks, of which CACHE_BYTES are kept."""

    def __init__(self, folder: Path, said: dict[str, Any]) -> None:
        """See `open_index`."""
        self._folder = folder
        self.kind: Kind = said["kind"]
        self.apron: int = int(said["apron"])
        self.payload: int = int(said["payload"])
        self.dtype: np.dtype[np.generic] = np.dtype(str(said["dtype"]))
        self.n_times, self.n_channels = int(said["times"]), int(said["channels"])
        self.levels = tuple(_level(entry) for entry in said["shapes"])
        self._version: ZarrVersion = 3 if said["zarr"] == 3 else 2
        self._blocks: OrderedDict[Path, NDArray[np.generic]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def range(
        self, level: int, channel: int, time: int, brick: Shape3, payload: int = PAYLOAD
    ) -> tuple[float, float] | tuple[int, int] | None:
        """(lowest, highest) value of a brick and `apron` voxels around; None where the index does not know it.

        Values are Python ints, exact, or floats; NaN counts as -infinity. `brick` (z, y, x) is counted in bricks of
        `payload` voxels, a divisor of 64: the range of a smaller brick is that of the indexed one that holds it. For
        labels (0, 0) says that there is no label at all.
        """
        at = self._at(level, channel, time, brick, payload)
        if at is None:
            return None
        found = self._entry("ranges", level, at, 2, self.dtype, BLOCK)
        return None if found is None else (found[0].item(), found[1].item())

    def may_hold(
        self, level: int, channel: int, time: int, brick: Shape3, ids: Sequence[int], payload: int = PAYLOAD
    ) -> bool:
        """Whether one of the ids (of any sign, 64 bit) may be in a brick and around it.

        False is certain. True may be wrong: for one id, of a brick with 20 ids in 1 case of 170, of one with 100 in 1
        of 10.
        """
        at = self._at(level, channel, time, brick, payload)
        if at is None or self.kind != "labels":
            return True
        mask = self._entry("ids", level, at, MASK_WORDS, np.dtype(np.uint64), BLOCK // 2)
        if mask is None:
            return True
        bits = id_bits(np.array([value % 2**64 for value in ids], np.uint64))
        words = mask.astype(np.uint64)[(bits >> np.uint64(6)).astype(np.intp)]
        return bool(((words >> (bits & np.uint64(63))) & np.uint64(1)).all(axis=-1).any())

    def close(self) -> None:
        """Let go of the blocks in memory. Idempotent; what is asked afterwards is read again."""
        with self._lock:
            self._blocks.clear()
            self._bytes = 0

    def _at(self, level: int, channel: int, time: int, brick: Shape3, payload: int) -> tuple[int, ...] | None:
        if PAYLOAD % payload:
            return None
        ratio = self.payload // payload
        z, y, x = (b // ratio for b in brick)
        if not (0 <= level < len(self.levels) and 0 <= channel < self.n_channels and 0 <= time < self.n_times):
            return None
        if not all(0 <= a < n for a, n in zip((z, y, x), self.levels[level].counts, strict=True)):
            return None
        return time, channel, z, y, x

    def _entry(
        self, name: str, level: int, at: tuple[int, ...], width: int, dtype: np.dtype[np.generic], side: int
    ) -> NDArray[np.generic] | None:
        chunk = block_shape(self.levels[level].counts, side)
        place = tuple(a // c for a, c in zip(at[2:], chunk, strict=True))
        path = self._folder / name / str(level) / chunk_name((*at[:2], *place, 0), self._version)
        block = self._block(path, (*chunk, width), dtype)
        if block is None:
            return None
        z, y, x = (a % c for a, c in zip(at[2:], chunk, strict=True))
        return np.asarray(block[z, y, x])

    def _block(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> NDArray[np.generic] | None:
        """A file of the index; None where it is not there or not as long as it should be."""
        with self._lock:
            if path in self._blocks:
                self._blocks.move_to_end(path)
                return self._blocks[path]
        size = math.prod(shape) * dtype.itemsize
        try:
            if not path.is_file():  # a pipe would never end
                return None
            with path.open("rb") as file:
                raw = file.read(size + 1)
        except OSError:
            return None
        if len(raw) != size:
            return None
        block = np.frombuffer(raw, dtype.newbyteorder("<")).reshape(shape)
        with self._lock:
            if path not in self._blocks:
                self._blocks[path] = block
                self._bytes += size
                while self._bytes > CACHE_BYTES and len(self._blocks) > 1:
                    _, gone = self._blocks.popitem(last=False)
                    self._bytes -= gone.nbytes
        return block


def open_index(
    path: Path | str, info: SourceInfo | None = None, note: Callable[[str], None] | None = None
) -> Index | None:
    """The index of an image, None where there is none or where it is not that of the data as they are now.

    `path`: of the image's group, array or file. `info`: what was opened there, compared with what was indexed. `note`
    is told a sentence about an index that is not used.
    """
    place = Path(path).expanduser().absolute()
    folder = index_folder(place)
    if not folder.is_dir() or folder.is_symlink():
        return None
    try:
        said = _said(folder)
        stale = _staleness(place, said, info)
        index = None if stale else Index(folder, said)
    except (HostaError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        log.info("%s", error)
        stale, index = "it is damaged", None
    if stale:
        sentence = f"The index of {place.name} is not used: {stale}; 'hosta index' makes a new one."
        log.warning("%s", sentence)
        if note is not None:
            note(sentence)
    return index


def index_beside(path: str, info: SourceInfo) -> Index | None:
    """The index of an image that a path opened (`open_index`); None for what is computed or far away, as well."""
    if path.startswith("synthetic:") or "://" in path or "|" in path:
        return None
    return open_index(place_of(path, info), info)


def index_folder(path: Path) -> Path:
    """Where the index of an image is kept: in its folder, or beside its file."""
    return path / FOLDER if path.is_dir() else path.with_name(f"{path.name}.{FOLDER}")


def place_of(path: Path | str, info: SourceInfo) -> Path:
    """Where one of the images lies that a path opened: that of labels is in `labels/` of their store."""
    place = Path(path).expanduser().absolute()
    for number, part in enumerate(place.parts):
        if ".zarr" in part:  # as `source` names what is in stores
            inside = place.parts[: number + 1][:-1]
            named = Path(*inside) / info.name
            return named if named.is_dir() else place
    return place


def block_shape(counts: Shape3, side: int) -> Shape3:
    """Bricks of a file: at most `side` a side, and not more than there are."""
    return min(counts[0], side), min(counts[1], side), min(counts[2], side)


def marks_of(path: Path, info: SourceInfo) -> list[list[Any]]:
    """[relative path, size, SHA-256 or ""] of files that tell these data from others, wherever they are copied to.

    Metadata and plain files count by their content (of large ones, the first and the last MiB); chunks, of which up to
    eight a level are looked at, by their size.
    """
    if path.is_file():
        return [[path.name, path.stat().st_size, _digest(path)]]
    marks: list[list[Any]] = []
    for level in info.levels:
        inside = path / level.name if (path / level.name).is_dir() else path
        names = _LEVEL_FILES if inside != path else _GROUP_FILES
        for name in names:
            file = inside / name
            if file.is_file():
                marks.append([str(file.relative_to(path)), file.stat().st_size, _digest(file)])
        some = _some_files(inside, _SAMPLED)
        marks += [[str(file.relative_to(path)), file.stat().st_size, ""] for file in some]
        if inside == path:
            break
    return marks


def _staleness(path: Path, said: dict[str, Any], info: SourceInfo | None) -> str:
    """Why an index is not that of the data, "" if it is."""
    if info is not None:
        shapes = [list(level.shape) for level in info.levels]
        if shapes != said["shapes"] or info.dtype.name != said["dtype"]:
            return "it is of data of another shape or type"
        if (info.n_times, len(info.channels)) != (said["times"], said["channels"]) or info.kind != said["kind"]:
            return "it is of data with other channels or times, or of another kind"
    base = path if path.is_dir() else path.parent
    for name, size, digest in said["marks"]:
        file = base / str(name)
        if not file.is_file() or file.stat().st_size != size or (digest and _digest(file) != digest):
            return "the data have changed since"
    return ""


def _said(folder: Path) -> dict[str, Any]:
    if (folder / "zarr.json").is_file():
        attributes = read_json(folder / "zarr.json")["attributes"]
    else:
        attributes = read_json(folder / ".zattrs")
    said: dict[str, Any] = attributes["hosta-index"]
    if said["format"] != FORMAT or said["payload"] != PAYLOAD:
        raise ValueError(f"the index has format {said['format']}, and {FORMAT} is read")
    return said


def _level(shape: Sequence[int]) -> IndexedLevel:
    z, y, x = (int(n) for n in shape)
    return IndexedLevel((z, y, x), counts_of((z, y, x)))


def _digest(file: Path) -> str:
    """SHA-256 of a file, of a large one of its first and last MiB."""
    with file.open("rb") as opened:
        digest = hashlib.sha256(opened.read(_HASHED_MAX_BYTES))
        if file.stat().st_size > _HASHED_MAX_BYTES:
            opened.seek(-min(_HASHED_MAX_BYTES, file.stat().st_size - _HASHED_MAX_BYTES), os.SEEK_END)
            digest.update(opened.read())
    return digest.hexdigest()


def _some_files(folder: Path, most: int) -> list[Path]:
    """Up to `most` files of a folder and those below: the first, the middle and the last of each listing."""
    names = [entry.name for entry in os.scandir(folder) if entry.name != FOLDER and not entry.name.startswith(FOLDER)]
    names = sorted(name for name in names if name not in (*_LEVEL_FILES, *_GROUP_FILES) and name[:1] != ".")
    chosen = dict.fromkeys(names[number] for number in (0, len(names) // 2, -1)) if names else {}
    found: list[Path] = []
    for name in chosen:
        below = folder / name
        found += _some_files(below, most) if below.is_dir() else [below]
    return found[:most]
