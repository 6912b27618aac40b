"""`hosta pick`: what a pixel of a picture shows, and where it is."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..memory_settings import memory_settings
from . import frame_options as options
from .frame_options import check_turn, parse_pixel, parse_size, parse_spacing
from .scene_options import Device, Labels, Paths, Spacing

if TYPE_CHECKING:
    from ..summary import Pick, PickedLayer, PickedSegment

DEFAULT_SIZE = "640x480"

At = Annotated[str, typer.Option("--at", metavar="X,Y", help="The pixel; (0, 0) is the top left one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON; positions are (x, y, z), voxels (z, y, x).")]


def pick(
    at: At,
    paths: Paths = None,
    labels: Labels = None,
    size: options.Size = None,
    state: options.State = None,
    agave: options.Agave = None,
    view: options.View = None,
    azimuth: options.Azimuth = 0.0,
    elevation: options.Elevation = 0.0,
    zoom: options.Zoom = 1.0,
    stereo: options.Stereo = False,
    window: options.Windows = None,
    mode: options.ModeOption = None,
    spacing: Spacing = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Say what a pixel of a picture shows.

    Where it is, which voxel, the values of all channels there, the segment and its name. The picture is the one that
    hosta frame makes with the same options.
    """
    from .frame_state import Choices, chosen_state, read_agave_file, read_state

    if state is not None and agave is not None:
        raise UsageError("--state and --agave both say the whole view; give one of them")
    if size is not None:
        parse_size(size)
    saved = read_agave_file(agave)
    paths = paths or (list(saved.paths) if saved is not None and not labels else [])
    if not paths and not labels:
        raise UsageError("there is nothing to pick in; name a PATH, a segmentation with --labels, or synthetic:cell")
    width, height = parse_size(size or (DEFAULT_SIZE if saved is None else "{}x{}".format(*saved.size)))
    pixel = parse_pixel(at, (width, height))
    assert pixel is not None, "--at is not optional"
    check_turn(azimuth, elevation, zoom)
    state_text = read_state(state)
    spacing_um = parse_spacing(spacing)

    from ..engine.pick import with_exact_values
    from ..engine.renderer import Renderer
    from ..gpu.context import Context
    from ..progress import ProgressBars
    from ..scene.open import open_scene
    from ..state.view import parse_state
    from .window import with_windows

    choices = Choices(view=view, azimuth=azimuth, elevation=elevation, zoom=zoom, stereo=stereo, mode=mode)
    with (
        ProgressBars() as progress,
        closing(Context.create(device)) as context,
        closing(open_scene(paths, labels or (), spacing_um, progress)) as scene,
    ):
        base = scene.default_state
        if saved is not None:
            base = saved.view(scene).state
        elif state_text is not None:
            base = parse_state(state_text, base)
        shown = with_windows(chosen_state(scene, base, choices, width / height), window or ())
        with closing(
            Renderer(context, scene, 16, 16, progress=progress, budget_bytes=memory_settings().device_bytes)
        ) as renderer:
            renderer.set_state(shown, 1)
            found = renderer.pick(*pixel, size=(width, height))
        found = with_exact_values(scene, shown, found)
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    _print(found)
    if found.trouble:
        print(f"note: the finest voxels could not be read: {found.trouble}", file=sys.stderr)


def _print(found: Pick) -> None:
    from .tables import print_table

    if found.position_um is None or found.depth_um is None:
        print("nothing")
        return
    rows = [("kind", found.kind), ("position", f"{_point(found.position_um)} um (x, y, z)")]
    if found.seen_um is not None and found.seen_um != found.position_um:
        rows.append(("seen at", f"{_point(found.seen_um)} um, mirrored"))
    rows.append(("distance", f"{found.depth_um:.6g} um from the eye, {found.focus_um:.6g} um along the view"))
    rows.append(("opacity", f"{found.opacity:.3f}"))
    for layer in found.layers:
        rows += _layer_rows(found, layer)
    print_table(rows, ("bold", ""))


def _layer_rows(found: Pick, layer: PickedLayer) -> list[tuple[str, str]]:
    finest = ", ".join(map(str, layer.finest_zyx))
    place = f"voxel {finest} (z, y, x)"
    if layer.level:
        place += f"; {', '.join(map(str, layer.voxel_zyx))} of level {layer.level}, which is shown"
    rows = [(layer.name or layer.source, place if layer.visible else f"{place}; not shown")]
    for number, channel in enumerate(layer.channels):
        met = found.layer == layer.source and found.channel == number
        exact = f", {channel.exact} in the file" if channel.exact is not None else ""
        rows.append((f"  {channel.name}", f"{channel.value:g}{exact}{' <' if met else ''}"))
    if layer.kind == "labels":
        rows.append(("  segment", _segment(layer.segment)))
        if layer.exact_segment != layer.segment and (layer.exact_segment or not found.trouble):
            rows.append(("  in the file", _segment(layer.exact_segment)))
    return rows


def _segment(segment: PickedSegment | None) -> str:
    return "background" if segment is None else f"{segment.id} {segment.name}".strip()


def _point(point: tuple[float, float, float]) -> str:
    return ", ".join(f"{part:.6g}" for part in point)
