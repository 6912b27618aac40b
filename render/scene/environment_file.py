"""Files of environment maps: Radiance RGBE, OpenEXR, TIFF of floats. Each is measured before it is decoded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..limits import DEFAULT_LIMITS

Read = tuple[NDArray[np.float32], tuple[str, ...]]
_HEADER_BYTES = 64 << 10
_RGB = ("R", "G", "B")


def read_radiance(path: Path) -> Read:
    """(h, w, 3) float32 as the file has it, linear, and notes. w = 2 h. Raises SourceError."""
    readers = {".hdr": _read_hdr, ".pic": _read_hdr, ".exr": _read_exr, ".tif": _read_tiff, ".tiff": _read_tiff}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SourceError(f"'{path.name}' is no environment map; use a Radiance .hdr, an .exr or a .tif of floats")
    try:
        if not path.is_file():
            raise SourceError(f"the environment map {path} does not exist")
        if path.stat().st_size > DEFAULT_LIMITS.environment_max_bytes:
            raise SourceError(
                f"the environment map {path.name} is larger than {DEFAULT_LIMITS.environment_max_bytes >> 20} MiB; "
                "make a smaller one of it"
            )
        return reader(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _check_size(path: Path, width: int, height: int) -> None:
    most = DEFAULT_LIMITS.environment_max_width_px
    if width != 2 * height or height < 1:
        raise SourceError(
            f"the environment map {path.name} has {width}x{height} pixels; it must be twice as wide as high"
        )
    if width > most:
        raise SourceError(
            f"the environment map {path.name} has {width}x{height} pixels; at most {most}x{most // 2} can be used"
        )


def _read_hdr(path: Path) -> Read:
    """Radiance's RGBE. EXPOSURE lines multiply up and are divided out, so that values are radiances again.

    Source: the reference manual of Radiance, "Radiance file formats" (Ward).
    """
    import imagecodecs

    data = path.read_bytes()
    broken = f"{path.name} is no Radiance picture, or is damaged"
    head, blank, rest = data[:_HEADER_BYTES].partition(b"\n\n")
    size = re.match(rb"([-+][XY]) (\d{1,9}) ([-+][XY]) (\d{1,9})\n", rest)
    if not head.startswith((b"#?", b"FORMAT=")) or not blank or size is None:
        raise SourceError(broken)
    if b"FORMAT=32-bit_rle_xyze" in head:
        raise SourceError(f"{path.name} holds XYZ colours; convert it to RGB, such as with Radiance's ra_xyze -r")
    if (size[1], size[3]) != (b"-Y", b"+X"):
        raise SourceError(
            f"{path.name} is not stored from the top left, row by row; flip or rotate it with another tool"
        )
    height, width = int(size[2]), int(size[4])
    _check_size(path, width, height)
    exposure = 1.0
    for line in re.findall(rb"^EXPOSURE=\s*([-+0-9.eE]+)\s*$", head, re.MULTILINE):
        try:
            exposure *= float(line)
        except ValueError:
            raise SourceError(broken) from None
    if not 1e-12 < exposure < 1e12:
        raise SourceError(f"{path.name} says an exposure of {exposure:g}, which no picture has")
    # The decoder takes no header with lines that it does not know: it is given a plain one.
    plain = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + size[0]
    try:
        pixels = imagecodecs.rgbe_decode(plain + data[len(head) + 2 + size.end() :])
    except (imagecodecs.RgbeError, ValueError):
        raise SourceError(broken) from None
    if pixels.shape != (height, width, 3):
        raise SourceError(broken)
    radiance = np.asarray(pixels, np.float32)
    return (radiance if exposure == 1.0 else (radiance / np.float32(exposure))), ()


def _read_exr(path: Path) -> Read:
    """The first part's R, G, B, or Y alone. Half and float alike."""
    import OpenEXR

    broken = f"{path.name} is no OpenEXR picture, or is damaged"
    try:
        header = OpenEXR.File(str(path), header_only=True).header()
        (x0, y0), (x1, y1) = (tuple(int(v) for v in corner) for corner in header["dataWindow"])
        _check_size(path, x1 - x0 + 1, y1 - y0 + 1)
        names = [channel.name for channel in header["channels"]]
        wanted = _RGB if set(_RGB) <= set(names) else ("Y",) * 3
        if wanted[0] not in names:
            raise SourceError(f"{path.name} has no colours; its channels must be R, G, B, or Y")
        if len(names) > 64:
            raise SourceError(f"{path.name} has {len(names)} channels; an environment map has R, G, B")
        channels = OpenEXR.File(str(path), separate_channels=True).channels()
        planes = [np.asarray(channels[name].pixels, np.float32) for name in wanted]
    except (RuntimeError, ValueError, TypeError, KeyError):
        raise SourceError(broken) from None
    if any(plane.shape != (y1 - y0 + 1, x1 - x0 + 1) for plane in planes):
        raise SourceError(f"{path.name} has channels of several sizes; an environment map has R, G, B of one size")
    return np.stack(planes, axis=2), _primaries_note(path, header)


def _primaries_note(path: Path, header: dict[str, Any]) -> tuple[str, ...]:
    said = header.get("chromaticities")
    rec709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
    if said is None or np.allclose(np.asarray(said, np.float64), rec709, atol=2e-3):
        return ()
    return (f"{path.name} has other primaries than Rec. 709; its colours are taken as if it had those",)


def _read_tiff(path: Path) -> Read:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            shape, dtype = page.shape, np.dtype(page.dtype)
            if dtype.kind != "f":
                raise SourceError(f"{path.name} holds {dtype} values; an environment map needs floats, linear light")
            planar = len(shape) == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
            height, width, samples = (*shape[1:], shape[0]) if planar else (*shape, 1)[:3]
            if len(shape) not in (2, 3) or (len(shape) == 3 and samples not in (3, 4)):
                raise SourceError(f"{path.name} has the shape {shape}; an environment map is (height, width, 3)")
            _check_size(path, width, height)
            pixels = np.asarray(page.asarray(), np.float32)
    except (tifffile.TiffFileError, ValueError, RuntimeError, TypeError, KeyError, IndexError):
        raise SourceError(f"{path.name} is no TIFF, or is damaged") from None
    if planar:
        pixels = np.moveaxis(pixels, 0, 2)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.ascontiguousarray(pixels[..., :3]), ()
