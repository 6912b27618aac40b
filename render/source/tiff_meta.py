"""What TIFF files say beside their pixels: spacing, units, channels, colours; OME-XML, ImageJ, and plain tags."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

from ..errors import SourceError
from ..units import is_length_unit, micrometres_per, seconds_per
from .base import ChannelInfo

Rgba = tuple[float, float, float, float]
_RESOLUTION_UNITS = {3: "cm", 4: "mm", 5: "um"}
"""ResolutionUnit tag; inches (2) are left out: they are what programs write who know nothing (72 or 96 dpi)."""


@dataclass(frozen=True)
class TiffMeta:
    """`spacing_zyx_um` holds None for an axis of which the file says nothing; `channels` is empty when it says none."""

    spacing_zyx_um: tuple[float | None, float | None, float | None]
    unit: str
    channels: tuple[ChannelInfo, ...] = ()
    name: str = ""
    notes: tuple[str, ...] = ()
    time_step_s: float | None = None


def ome_meta(xml: str, index: int, what: str) -> TiffMeta:
    """The metadata of image number `index` of an OME-XML text."""
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise SourceError(f"{what} has OME metadata that is no XML ({error})") from error
    images = [element for element in root.iter() if _tag(element) == "Image"]
    for element in root.iter():
        if _tag(element) == "UUID" and any(mark in element.get("FileName", "") for mark in ("/", "\\", "\0")):
            raise SourceError(f"{what} refers to a file in another folder, which is not opened")
    if index >= len(images):
        return TiffMeta((None, None, None), "")
    pixels = next((element for element in images[index] if _tag(element) == "Pixels"), None)
    if pixels is None:
        return TiffMeta((None, None, None), "")
    notes: list[str] = []
    unit = ""
    spacing: list[float | None] = []
    for axis in "ZYX":
        said = pixels.get(f"PhysicalSize{axis}")
        axis_unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        if said is None:
            spacing.append(None)
        elif is_length_unit(axis_unit):
            spacing.append(float(said) * micrometres_per(axis_unit))
            unit = axis_unit
        else:
            notes.append(
                f"The size of a voxel along {axis.lower()} is in '{axis_unit}', which is no length; it was left out."
            )
            spacing.append(None)
    channels: list[ChannelInfo] = []
    for channel in (element for element in pixels if _tag(element) == "Channel"):
        n_samples = int(channel.get("SamplesPerPixel", "1"))
        color = channel.get("Color")
        info = ChannelInfo(channel.get("Name", ""), None if color is None else _ome_color(int(color)))
        channels += [info] if n_samples == 1 else [ChannelInfo()] * n_samples
    z, y, x = spacing
    step_s = _step_s(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"))
    return TiffMeta((z, y, x), unit, tuple(channels), images[index].get("Name", ""), tuple(notes), step_s)


def _step_s(said: Any, unit: str) -> float | None:
    """A time between time points in seconds; None for what is no time above 0."""
    seconds = seconds_per(unit)
    try:
        step = float(said)
    except (TypeError, ValueError):
        return None
    return step * seconds if seconds is not None and math.isfinite(step) and step > 0 else None


def imagej_meta(metadata: dict[str, Any], page: Any, n_channels: int) -> TiffMeta:
    """The metadata of an ImageJ file: `spacing` is z, the resolution tags are x and y, all in `unit`."""
    unit = _imagej_unit(str(metadata.get("unit", "")))
    notes: tuple[str, ...] = ()
    x, y = _pixel_size(page)
    z = metadata.get("spacing")
    step_s = _step_s(metadata.get("finterval"), str(metadata.get("tunit", "sec")))
    if not is_length_unit(unit):
        if unit not in ("", "pixel", "pixels"):
            notes = (f"The file's unit is '{unit}', which is no length; its spacing was left out.",)
        # ImageJ writes a spacing of 1 pixel where it knows none; the ratio of z to x may still be meant.
        channels = _imagej_channels(metadata, n_channels)
        return TiffMeta((None, None, None), "", channels, notes=notes, time_step_s=step_s)
    um = micrometres_per(unit)
    sizes = [None if value is None else float(value) * um for value in (z, y, x)]
    spacing = tuple(None if value is None or not math.isfinite(value) or value == 0 else abs(value) for value in sizes)
    channels = _imagej_channels(metadata, n_channels)
    return TiffMeta((spacing[0], spacing[1], spacing[2]), unit, channels, notes=notes, time_step_s=step_s)


def plain_meta(tiff: Any, page: Any) -> TiffMeta:
    """The metadata of other TIFF files: LSM and Micro-Manager say a size; else the resolution where it is metric."""
    lsm = tiff.lsm_metadata or {}
    if lsm.get("VoxelSizeX"):
        z, y, x = (float(lsm.get(f"VoxelSize{axis}") or 0.0) * 1e6 or None for axis in "ZYX")
        return TiffMeta((z, y, x), "m")
    summary = (tiff.micromanager_metadata or {}).get("Summary") or {}
    size = float(summary.get("PixelSize_um") or 0.0) or None
    if size is not None:
        return TiffMeta((float(summary.get("z-step_um") or 0.0) or None, size, size), "um")
    spacing = page_spacing_um(page)
    return TiffMeta((None, None, None), "") if spacing is None else TiffMeta((None, *spacing), "um")


def page_spacing_um(page: Any) -> tuple[float, float] | None:
    """(y, x) from a page's resolution where its unit is metric."""
    tag = page.tags.get("ResolutionUnit")
    unit = _RESOLUTION_UNITS.get(int(tag.value)) if tag is not None else None
    x, y = _pixel_size(page)
    if unit is None or x is None or y is None:
        return None
    return y * micrometres_per(unit), x * micrometres_per(unit)


def palette_of(page: Any) -> dict[int, Rgba]:
    """Index -> RGBA of a page whose pixels are indices into a colour map."""
    if page.photometric != 3 or page.colormap is None:
        return {}
    return {index: (r / 65535, g / 65535, b / 65535, 1.0) for index, (r, g, b) in enumerate(page.colormap.T.tolist())}


def _pixel_size(page: Any) -> tuple[float | None, float | None]:
    """(x, y) in the resolution's unit."""
    sizes: list[float | None] = []
    for name in ("XResolution", "YResolution"):
        tag = page.tags.get(name)
        pixels, per = tag.value if tag is not None else (0, 0)
        sizes.append(per / pixels if pixels and per else None)
    return sizes[0], sizes[1]


def _imagej_unit(unit: str) -> str:
    """ImageJ writes the micro sign as an escape."""
    return unit.replace("\\u00B5", "µ").replace("\\u00b5", "µ").strip()


def _imagej_channels(metadata: dict[str, Any], n_channels: int) -> tuple[ChannelInfo, ...]:
    ranges = list(metadata.get("Ranges") or ())
    tables = list(metadata.get("LUTs") or ())
    names = list(metadata.get("Labels") or ()) if len(metadata.get("Labels") or ()) == n_channels else []
    channels = []
    for index in range(n_channels):
        window = None
        if len(ranges) >= 2 * index + 2 and ranges[2 * index + 1] > ranges[2 * index]:
            window = (float(ranges[2 * index]), float(ranges[2 * index + 1]))
        color = None
        if index < len(tables) and getattr(tables[index], "shape", ()) == (3, 256):
            red, green, blue = (float(value) / 255.0 for value in tables[index][:, -1])
            color = (red, green, blue) if n_channels > 1 else None
        channels.append(ChannelInfo(str(names[index]) if names else "", color, window))
    return tuple(channels)


def _ome_color(value: int) -> tuple[float, float, float]:
    """OME colours are signed 32-bit RGBA."""
    value &= 0xFFFFFFFF
    return (value >> 24) / 255.0, (value >> 16 & 255) / 255.0, (value >> 8 & 255) / 255.0


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
