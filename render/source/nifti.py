"""Whether a NIfTI file holds all voxels that its header declares: ITK does not notice when some are missing."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path
from typing import BinaryIO

from ..errors import SourceError
from .decode import reading

_STEP_BYTES = 1 << 20


def check_complete(path: Path) -> None:
    """Raise SourceError for a file in one piece (.nii, .nii.gz) that ends too early."""
    with reading(f"'{path.name}'"), path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        needed = _declared_bytes(gzip.GzipFile(fileobj=file).read(544) if is_gzip else file.read(544))
        if needed is None:
            return
        size = file.seek(0, 2)
        # A gzip file ends with its size modulo 2^32; only where that is not what is needed, all of it is looked at.
        if is_gzip and not _trailer_says(file, needed):
            file.seek(0)
            size = _unpacked_bytes(file, needed)
        elif is_gzip:
            return
        if size < needed:
            raise SourceError(f"'{path.name}' ends after {size} of {needed} bytes; the file is truncated")


def _declared_bytes(header: bytes) -> int | None:
    """The length of the (unpacked) file that a NIfTI-1 or -2 header asks for; None for any other header."""
    for order in "<>":
        if len(header) >= 352 and struct.unpack_from(order + "i", header)[0] == 348:
            if header[344:348] != b"n+1\0":
                return None
            n_axes, *shape = struct.unpack_from(order + "8h", header, 40)
            (bits,) = struct.unpack_from(order + "h", header, 72)
            (offset,) = struct.unpack_from(order + "f", header, 108)
        elif len(header) >= 544 and struct.unpack_from(order + "i", header)[0] == 540:
            if header[4:8] != b"n+2\0":
                return None
            n_axes, *shape = struct.unpack_from(order + "8q", header, 16)
            (bits,) = struct.unpack_from(order + "h", header, 14)
            (offset,) = struct.unpack_from(order + "q", header, 168)
        else:
            continue
        if 1 <= n_axes <= 7 and math.isfinite(offset):
            return int(offset) + int(math.prod(max(1, length) for length in shape[:n_axes]) * bits // 8)
    return None


def _trailer_says(file: BinaryIO, needed: int) -> bool:
    file.seek(-4, 2)
    (size,) = struct.unpack("<I", file.read(4))
    return bool(size == needed % (1 << 32))


def _unpacked_bytes(file: BinaryIO, enough: int) -> int:
    """How many bytes come out of a gzip file, counted until there are enough."""
    count = 0
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            while count < enough:
                step = len(unpacked.read(_STEP_BYTES))
                if step == 0:
                    break
                count += step
    except EOFError:
        pass  # the stream ends in the middle: what came out until here is what there is
    return count
