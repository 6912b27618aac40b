"""What an OME-Zarr says beside its voxels: axes, places of the levels, channels, labels (OME-NGFF 0.4 and 0.5)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from .. import __version__
from ..bricks.zarr_json import Json
from ..source.base import ChannelInfo, Source, SourceInfo
from ..source.decode import METADATA_MAX_BYTES
from .plan import PlannedLevel

NgffVersion = Literal["0.4", "0.5"]
_DIRECTIONS = {"x": "right-to-left", "y": "anterior-to-posterior", "z": "inferior-to-superior"}
"""In LPS, as RFC 4 names them."""
_PALETTE = ("FFFFFF", "00FF00", "FF00FF", "00FFFF", "FFFF00", "FF0000", "0000FF", "FF8000")
_LABELS_MAX_BYTES = METADATA_MAX_BYTES // 2


def axis_names(info: SourceInfo) -> tuple[str, ...]:
    """The stored axes: t and c are there where they have more than one place, or the file says something of them."""
    has_time = info.n_times > 1 or info.time_step_s is not None
    has_channels = len(info.channels) > 1 or (info.kind == "image" and info.channels != (ChannelInfo(),))
    return (*(["t"] if has_time else []), *(["c"] if has_channels else []), "z", "y", "x")


def multiscale(info: SourceInfo, levels: Sequence[PlannedLevel], version: NgffVersion) -> Json:
    """One entry of "multiscales". Lengths are micrometres; `translation` is the centre of the first voxel."""
    names = axis_names(info)
    axes = [_axis(name, info) for name in names]
    datasets = []
    for number, level in enumerate(levels):
        world = level.world_from_vox
        steps = {"t": info.time_step_s or 1.0, "c": 1.0}
        places = {"t": 0.0, "c": 0.0}
        for row, name in enumerate("xyz"):
            steps[name], places[name] = float(world[row, row]), float(world[row, 3])
        transforms: list[Json] = [{"type": "scale", "scale": [steps[name] for name in names]}]
        if any(places[name] for name in names):
            transforms.append({"type": "translation", "translation": [places[name] for name in names]})
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    method = "mode" if info.kind == "labels" else "mean"
    said: Json = {
        "name": info.name,
        "axes": axes,
        "datasets": datasets,
        "type": method,
        "metadata": {"method": "hosta convert", "version": __version__},
    }
    if version == "0.4":
        said["version"] = version
    return said


def _axis(name: str, info: SourceInfo) -> Json:
    if name == "c":
        return {"name": "c", "type": "channel"}
    if name == "t":
        axis: Json = {"name": "t", "type": "time"}
        return axis if info.time_step_s is None else {**axis, "unit": "second"}
    axis = {"name": name, "type": "space"}
    if info.spacing_is_known:
        axis["unit"] = "micrometer"
    if info.orientation == "anatomical":
        axis["orientation"] = {"type": "anatomical", "value": _DIRECTIONS[name]}
    return axis


def omero(source: Source, version: NgffVersion) -> Json | None:
    """Names, colours and windows of channels; None where the source says none of them.

    The specification wants a window and a colour of each channel: those that the source does not say are the range
    between the 0.1st and 99.9th percentile, and a palette's.
    """
    info = source.info
    if all(channel == ChannelInfo(channel.name) and not channel.name for channel in info.channels):
        return None
    from ..bricks.stats import channel_stats

    channels = []
    for number, channel in enumerate(info.channels):
        stats = channel_stats(source, number)
        start, end = channel.window or (stats.percentile(0.1), stats.percentile(99.9))
        least, most = (stats.lo, stats.hi) if info.dtype.kind == "f" else _limits(info.dtype)
        color = _PALETTE[number % len(_PALETTE)]
        if channel.color is not None:
            color = "".join(f"{round(255 * min(max(part, 0.0), 1.0)):02X}" for part in channel.color)
        window = {"min": min(least, start), "max": max(most, end), "start": start, "end": end}
        channels.append(
            {
                "label": channel.name or f"channel {number}",
                "color": color,
                "active": channel.visible is not False,
                "window": window,
            }
        )
    said: Json = {"channels": channels, "rdefs": {"model": "color" if len(channels) > 1 else "greyscale"}}
    return said if version == "0.5" else {**said, "version": version}


def _limits(dtype: np.dtype[np.generic]) -> tuple[float, float]:
    limits = np.iinfo(dtype.str)
    return float(limits.min), float(limits.max)


def image_label(info: SourceInfo, image: str | None, version: NgffVersion) -> tuple[Json, list[str]]:
    """Colours and names of a segmentation, and notes. `image`: the path to the image that it belongs to, if any."""
    said: Json = {"version": version}
    if info.label_colors:
        said["colors"] = [
            {"label-value": label, "rgba": [round(255 * part) for part in rgba]}
            for label, rgba in sorted(info.label_colors.items())
        ]
    if info.label_names:
        said["properties"] = [{"label-value": label, "name": name} for label, name in sorted(info.label_names.items())]
    if image is not None:
        said["source"] = {"image": image}
    notes = []
    if len(json.dumps(said)) > _LABELS_MAX_BYTES:
        said = {key: value for key, value in said.items() if key not in ("colors", "properties")}
        notes.append(
            f"{info.name} has {max(len(info.label_colors), len(info.label_names))} names or colours of labels, more "
            "than the metadata of a zarr group should hold; they were left out: keep the table beside it."
        )
    return said, notes


def group_attributes(content: Json, version: NgffVersion) -> Json:
    """The attributes of a group: under "ome" from 0.5 on."""
    return content if version == "0.4" else {"ome": {"version": version, **content}}


def folder_name(name: str, taken: Sequence[str]) -> str:
    """A name for a label image's group: letters that every file system takes, and not one that is taken."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", name.rpartition("/")[2].removesuffix(".zarr")).strip("._") or "labels"
    fresh, number = stem, 2
    while fresh in taken:
        fresh, number = f"{stem}_{number}", number + 1
    return fresh
