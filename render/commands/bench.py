"""`hosta bench`: measurements to be taken where the program is used."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from .scene_options import Paths

TRANSPORTS = ("webrtc", "websocket")
SIZES = ("640x480", "1280x720")
DEMO_SCENE = "synthetic:cell?size=128"
TEST_PICTURE = "test picture"

bench = typer.Typer(help="Measure how well Hosta does on this machine.", no_args_is_help=True, rich_markup_mode=None)


@bench.callback()
def _bench() -> None:
    """Measure how well Hosta does on this machine."""


@bench.command()
def stream(
    paths: Paths = None,
    transport: Annotated[
        list[str] | None,
        typer.Option("--transport", help="webrtc or websocket; repeatable.  [default: both]"),
    ] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="How pictures are encoded: h264, h264_444, vp8, jpeg, webp.")
    ] = "h264",
    size: Annotated[
        list[str] | None,
        typer.Option("--size", metavar="WxH", help="Of the picture; repeatable.  [default: 640x480 and 1280x720]"),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1.0, max=600.0, help="Of each round.")] = 5.0,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100, help="So often all are measured in turn.")] = 3,
    no_scene: Annotated[bool, typer.Option("--no-scene", help="Measure the test picture only.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to a file.")
    ] = None,
) -> None:
    """Measure the time from an event to its picture in a real browser.

    Starts a server and a Chromium without a window on this machine. A test picture, which costs nothing to draw, says
    in its pixels which event it shows; then a scene is turned, PATH or a sample. HOSTA_CHROMIUM names the browser.
    """
    transports = tuple(transport or TRANSPORTS)
    if wrong := set(transports) - set(TRANSPORTS):
        raise UsageError(f"there is no transport '{sorted(wrong)[0][:40]}'; say webrtc or websocket")
    if encoding in ("jpeg", "webp") and "webrtc" in transports:
        raise UsageError(f"WebRTC carries no {encoding}; add --transport websocket")
    if json_file is not None and not json_file.parent.is_dir():
        raise UsageError(f"the folder of '{json_file}' does not exist; make it first")

    from ..bench.stream_rounds import ENCODINGS, Load, measure_all
    from .frame_options import parse_size

    if encoding not in ENCODINGS:
        raise UsageError(f"there is no encoding '{encoding[:40]}'; say one of {', '.join(ENCODINGS)}")
    sizes = [parse_size(text) for text in size or SIZES]
    if odd := [f"{width}x{height}" for width, height in sizes if width % 2 or height % 2 or min(width, height) < 64]:
        raise UsageError(f"{odd[0]} is no size of a video; both sides must be even and at least 64")
    scenes: list[tuple[str, ...]] = [()] if no_scene else [(), tuple(paths or (DEMO_SCENE,))]
    loads = [Load(scene, *wh, kind, encoding) for scene in scenes for wh in sizes for kind in transports]
    result = measure_all(loads, seconds, rounds, progress=lambda text: print(text, file=sys.stderr))
    _print(result)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


ROWS = (
    ("event to picture", "latency_ms"),
    ("  the way there", "there_ms"),
    ("  render", "render_ms"),
    ("  read back", "readback_ms"),
    ("  encode", "encode_ms"),
    ("  the way back", "back_ms"),
    ("  decode", "decode_ms"),
    ("  draw", "draw_ms"),
    ("our share", "ours_ms"),
    ("wait for the display", "display_ms"),
)


def _print(result: dict[str, Any]) -> None:
    from .tables import print_table

    print(f"{result['browser']}; {result['device']}; {result['machine']}")
    print("median / 95th percentile, ms; our share is the time less render, encode and decode\n")
    for scene in dict.fromkeys(load["scene"] for load in result["loads"]):
        loads = [load for load in result["loads"] if load["scene"] == scene]
        table = [[scene, *(f"{load['transport']} {load['width']}x{load['height']}" for load in loads)]]
        for title, name in ROWS:
            table.append([title, *(_spread(load["figures"][name]) for load in loads)])
        for title, name, factor, unit in (
            ("frames a second", "fps", 1.0, ""),
            ("bit rate", "bits_per_s", 1e-6, " Mbit/s"),
            ("CPU of the server, a frame", "server_cpu_ms", 1.0, " ms"),
            ("CPU of the browser, a frame", "browser_cpu_ms", 1.0, " ms"),
        ):
            table.append([title, *(f"{factor * load['figures'][name]:.1f}{unit}" for load in loads)])
        print_table(table)
        print()


def _spread(spread: dict[str, Any]) -> str:
    if spread["median"] is None:
        return "-"
    return f"{spread['median']:.1f} / {spread['p95']:.1f}"
