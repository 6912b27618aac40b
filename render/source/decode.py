"""The boundary to untrusted files: what may be decoded, how much of it, and one kind of error for all that goes wrong.

Every reader in this room runs the code that touches a file inside `reading`, so that whatever a library raises leaves
as one SourceError of one sentence. Sizes are checked against what the file declares before anything is decoded.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import HostaError, SourceError

METADATA_MAX_BYTES = 16 << 20
AXIS_MAX_VOX = 2**31 - 1
"""Voxel indices are int32 on the GPU."""
VOLUME_MAX_VOX = 2**62
"""Products of shapes stay exact in int64."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn any exception but a HostaError into a SourceError that names `what` and the reason in one line."""
    try:
        yield
    except HostaError:
        raise
    except MemoryError as error:
        raise SourceError(f"{what} does not fit in memory; convert it to OME-Zarr to view it in parts") from error
    except Exception as error:
        raise SourceError(f"{what} cannot be read: {reason(error)}") from error


_ITK_PREFIX = re.compile(r"^.*ITK ERROR: (?:\w+\(0x[0-9a-f]+\): )?")
_FOLDERS = re.compile(r"(?:/[^\s/'\":;,]+)+/(?=[^\s/'\":;,]+)")


def reason(error: BaseException) -> str:
    """Why, in one line: the library's message without its prefixes, its further lines and the folders in it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "ITK ERROR" in line]
    text = _ITK_PREFIX.sub("", told[0]) if told else (lines[0] if lines else type(error).__name__)
    text = _FOLDERS.sub("", text)
    return text if len(text) <= 240 else text[:237] + "..."


def native_dtype(dtype: np.dtype[Any], what: str) -> np.dtype[np.generic]:
    """The dtype in which voxels stored as `dtype` are delivered: native byte order, bool as uint8.

    Raises SourceError for what is no number or has no place in a volume (object, complex, text, records).
    """
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind in "iu" or (dtype.kind == "f" and dtype.itemsize in (2, 4, 8)):
        return dtype.newbyteorder("=")
    raise SourceError(
        f"{what} has voxels of type {dtype}, which are not shown; integers and real numbers up to 64 bit are"
    )


def check_shape(shape: tuple[int, ...], what: str) -> None:
    """Raise SourceError for a shape that is empty or that no volume has."""
    if any(length < 1 for length in shape):
        raise SourceError(f"{what} is empty: its shape is {_shape(shape)}")
    if any(length > AXIS_MAX_VOX for length in shape) or _product(shape) > VOLUME_MAX_VOX:
        raise SourceError(f"{what} says that its shape is {_shape(shape)}, which is more than a volume can have")


def check_decoded_bytes(n_bytes: int, limit_bytes: int, what: str) -> None:
    """Raise SourceError where one stored piece would decode to more than the limit."""
    if n_bytes > limit_bytes:
        raise SourceError(
            f"{what} is stored in pieces of {format_bytes(n_bytes)}, more than the limit of "
            f"{format_bytes(limit_bytes)}; convert it to OME-Zarr with smaller chunks"
        )


def check_fits_memory(n_bytes: int, what: str) -> None:
    """Raise SourceError where a volume that can only be loaded whole needs more than half of the free memory."""
    free = free_memory_bytes()
    if n_bytes > free // 2:
        raise SourceError(
            f"{what} needs {format_bytes(n_bytes)} of memory and {format_bytes(free)} are free; "
            "convert it to OME-Zarr to view it in parts"
        )


def free_memory_bytes() -> int:
    """What a process may still take, bytes; all of the memory where the system does not say what is free."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="utf-8")
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) << 10 if found else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_regular(path: Path) -> int:
    """Size in bytes of a regular file; SourceError for a pipe, a device or a folder, which could block or never end."""
    with reading(f"'{path.name}'"):
        status = path.stat()
    return check_status(status, path.name)


def check_status(status: os.stat_result, name: str) -> int:
    """The same of what the system said of a file called `name`."""
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"'{name}' is no regular file")
    return status.st_size


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a small metadata file."""
    what = f"'{path.parent.name}/{path.name}'"
    if check_regular(path) > METADATA_MAX_BYTES:
        raise SourceError(f"{what} is larger than metadata may be ({format_bytes(METADATA_MAX_BYTES)})")
    with reading(what):
        return parse_json(path.read_bytes(), what)


def parse_json(raw: bytes, what: str) -> dict[str, Any]:
    """The JSON object in bytes from a file or a server."""
    with reading(what):
        try:
            value = json.loads(raw)
        except RecursionError:
            raise SourceError(f"{what} is nested too deep") from None
    if not isinstance(value, dict):
        raise SourceError(f"{what} holds no JSON object")
    return value


def format_bytes(n_bytes: int) -> str:
    """A size in the unit that reads best: `1536` -> `1.5 KiB`."""
    size = float(n_bytes)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024.0:
            return f"{size:.4g} {unit}"
        size /= 1024.0
    return f"{size:.4g} PiB"


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for length in shape:
        product *= int(length)
    return product


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)
