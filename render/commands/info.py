"""`hosta info`: what a file or a store holds."""

from __future__ import annotations

import math
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .segment_options import Tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..source.base import Level, Source, SourceInfo
    from ..source.label_table import LabelTable

Report = dict[str, Any]
"""JSON-able values by name."""


def info(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder, a store or a phantom.")],
    table: Tables = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON; arrays are (t, c, z, y, x).")] = False,
) -> None:
    """Describe a volume.

    Levels, shape with axes, dtype, spacing and unit, channels and the range of their values. Of a store with several
    images, their names.
    """
    from ..source.opening import SeveralImagesError

    try:
        _info(path, table or (), as_json)
    except SeveralImagesError as several:
        _list(path, several.names(path), as_json)


def _list(path: str, images: list[str], as_json: bool) -> None:
    if as_json:
        import json

        json.dump({"path": path, "images": images}, sys.stdout, indent=2)
        print()
        return
    print(f"{path} holds {len(images)} images:")
    for image in images:
        print(f"  {image}")


def _info(path: str, tables_given: Sequence[str], as_json: bool) -> None:
    from ..bricks.pyramid import advice
    from ..progress import ProgressBars
    from ..scene.segments import tables_of
    from ..source.open import open_sources

    with ExitStack() as opened, ProgressBars() as progress:
        sources = [opened.enter_context(closing(source)) for source in open_sources(path, progress=progress)]
        tables = tables_of(path, sources, tables_given)
        reports = []
        for number, source in enumerate(sources):
            progress("looking at the values", number, len(sources))
            report = describe(source, tables.get(number))
            report["notes"] += [said] if (said := advice(source.info)) else []
            reports.append(report)
    if as_json:
        import json

        json.dump({"path": path, "sources": reports}, sys.stdout, indent=2)
        print()
        return
    for number, report in enumerate(reports):
        if number:
            print()
        _print(report)


def describe(source: Source, table: LabelTable | None = None) -> Report:
    """What a source holds, as JSON-able values. Spacings are micrometres in the arrays' order, (z, y, x).

    `table`: what is known of a segmentation's labels.
    """
    about = source.info
    return {
        "name": about.name,
        "format": about.format,
        "kind": about.kind,
        "dtype": about.dtype.name,
        "axes": "tczyx",
        "shape": [about.n_times, len(about.channels), *about.levels[0].shape],
        "bytes": _uncompressed_bytes(about, about.levels[:1]),
        "bytes_of_all_levels": _uncompressed_bytes(about, about.levels),
        "unit": about.unit or None,
        "spacing_is_known": about.spacing_is_known,
        "orientation": about.orientation,
        "levels": [_describe_level(level) for level in about.levels],
        "channels": _describe_labels(source, table) if about.kind == "labels" else _describe_channels(source),
        "notes": list(about.notes),
    }


def _uncompressed_bytes(about: SourceInfo, levels: Sequence[Level]) -> int:
    """Of all times and channels."""
    voxels = sum(math.prod(level.shape) for level in levels)
    return voxels * about.n_times * len(about.channels) * about.dtype.itemsize


def _describe_level(level: Level) -> Report:
    x, y, z = level.spacing_um
    return {
        "name": level.name,
        "shape": list(level.shape),
        "spacing_um": [z, y, x],
        "chunk": list(level.chunk),
        "world_from_vox": level.world_from_vox.tolist(),
    }


def _describe_channels(source: Source) -> list[Report]:
    """Range and percentiles are those of a sample of bounded size where there is more: of which level, and whether of
    all voxels of the finest one, is said with them. The histogram has equal bins over its range."""
    from ..bricks.stats import stats_of_channels
    from ..scene.open import SHOWN_PERCENTS

    reports = []
    for channel, stats in zip(source.info.channels, stats_of_channels(source), strict=True):
        reports.append(
            {
                "name": channel.name or None,
                "color": channel.color,
                "window": channel.window,
                "range": [float(stats.values[0]), float(stats.values[-1])] if len(stats.values) else None,
                "range_level": stats.level,
                "range_is_of_all_voxels": stats.exact_range,
                "percentiles": [
                    [percent, stats.percentile(percent)] for percent in SHOWN_PERCENTS if len(stats.values)
                ],
                "percentiles_are_of_all_voxels": stats.whole,
                "histogram": stats.histogram.counts.round(6).tolist(),
                "histogram_range": [stats.histogram.lo, stats.histogram.hi],
            }
        )
    return reports


def _describe_labels(source: Source, table: LabelTable | None) -> list[Report]:
    """Ids are counted as integers (they need all of 64 bits), in the middle of a level that is too large to read."""
    import numpy as np

    from ..bricks.sample import SAMPLE_VOXELS, sample_level

    level = sample_level(source.info)
    shape = source.info.levels[level].shape
    is_whole = math.prod(shape) <= SAMPLE_VOXELS
    side = max(shape) if is_whole else round(SAMPLE_VOXELS ** (1 / 3))
    spans = [(max(0, (length - side) // 2), min(length, (length + side) // 2)) for length in shape]
    (z0, z1), (y0, y1), (x0, x1) = spans
    ids = np.unique(source.read(level, 0, 0, (z0, y0, x0), (z1, y1, x1)))
    ids = ids[ids != 0]
    return [
        {
            "name": source.info.channels[0].name or None,
            "n_labels": len(ids),
            "n_named": len(table.names) if table else 0,
            "n_colored": len(table.colors) if table else 0,
            "range": [int(ids[0]), int(ids[-1])] if len(ids) else None,
            "range_level": level,
            "range_is_of_all_voxels": is_whole and level == 0,
        }
    ]


def _print(report: Report) -> None:
    from ..units import format_bytes, format_length
    from .tables import print_table

    times, channels, *finest = report["shape"]
    levels = report["levels"]
    spacing = ", ".join(format_length(length) for length in levels[0]["spacing_um"])
    if not report["spacing_is_known"]:
        spacing += " (the file says none; --spacing sets it)"
    elif report["unit"]:
        spacing += f" (given in {report['unit']})"
    rows = [
        (report["name"], f"{report['kind']}, {report['format']}"),
        ("shape", f"{times} x {channels} x {' x '.join(map(str, finest))} (t, c, z, y, x) {report['dtype']}"),
        ("size", f"{format_bytes(report['bytes'])} uncompressed{_with_levels(report)}"),
        ("spacing", f"{spacing} (z, y, x)"),
        ("world", "LPS (patient)" if report["orientation"] == "anatomical" else "along the array's axes"),
    ]
    for number, level in enumerate(levels):
        size = " x ".join(map(str, level["shape"]))
        chunk = " x ".join(map(str, level["chunk"]))
        steps = ", ".join(format_length(length) for length in level["spacing_um"])
        rows.append((f"level {number}", f"{level['name']}: {size}, spacing {steps}, chunks {chunk}"))
    for number, channel in enumerate(report["channels"]):
        rows.append((f"channel {number}", _channel_line(channel)))
        if channel.get("percentiles"):
            rows.append(("", _percentiles_line(channel)))
            rows += [("", line) for line in _histogram_line(channel)]
    rows += [("note", note) for note in report["notes"]]
    print_table(rows, ("bold", ""))


def _with_levels(report: Report) -> str:
    from ..units import format_bytes

    n_levels = len(report["levels"])
    return f", {format_bytes(report['bytes_of_all_levels'])} with its {n_levels} levels" if n_levels > 1 else ""


def _channel_line(channel: Report) -> str:
    parts = [channel["name"]] if channel["name"] else []
    if "n_labels" in channel:
        parts.append(f"{channel['n_labels']} labels")
    if channel["range"] is None:
        parts.append("no values")
    else:
        number = "{}" if "n_labels" in channel else "{:g}"  # an id has up to 20 digits, and each counts
        parts.append(f"{number} to {number}".format(*channel["range"]))
    if channel.get("n_named") or channel.get("n_colored"):
        parts.append(f"{channel['n_named']} names and {channel['n_colored']} colours are known")
    if not channel["range_is_of_all_voxels"]:
        parts.append(f"seen in a sample of level {channel['range_level']}")
    if channel.get("window"):
        parts.append("window {:g} to {:g}".format(*channel["window"]))
    return ", ".join(parts)


def _percentiles_line(channel: Report) -> str:
    told = [f"{percent:g} % {value:g}" for percent, value in channel["percentiles"] if 0 < percent < 100]
    about = "" if channel["percentiles_are_of_all_voxels"] else " (about)"
    return f"percentiles{about}: {', '.join(told)}"


def _histogram_line(channel: Report) -> list[str]:
    """The histogram in 64 bars, logarithmic so that rare values show; none where the output cannot show bars."""
    bars = " ▁▂▃▄▅▆▇█"
    try:
        bars.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return []
    counts = channel["histogram"]
    whole = sum(counts)
    shares = [sum(counts[first : first + 4]) / whole for first in range(0, len(counts), 4)]
    # A share of a millionth is the lowest bar that there is.
    heights = [0.0 if share <= 0 else max(0.0, 1.0 + math.log10(share) / 6.0) for share in shares]
    lo, hi = channel["histogram_range"]
    line = "".join(
        bars[0] if share <= 0 else bars[1 + round(7 * height)] for share, height in zip(shares, heights, strict=True)
    )
    return [f"{lo:g} {line} {hi:g}"]
