"""`hosta frame`: one picture of a scene, to a file."""

from __future__ import annotations

import sys
import time
from contextlib import closing

from .. import __version__
from ..errors import UsageError
from ..memory_settings import memory_settings
from . import frame_options as options
from . import segment_options
from .frame_options import check_turn, parse_aperture_um, parse_pixel, parse_size, parse_spacing
from .picture_file import LINEAR, check_output, encode_developed, encode_linear, format_of, write_whole
from .scene_options import Device, Environments, Labels, Paths, Spacing

DEFAULT_SPP = 64
DEFAULT_SIZE = "640x480"


def frame(
    output: options.Output,
    paths: Paths = None,
    labels: Labels = None,
    size: options.Size = None,
    spp: options.Spp = None,
    seed: options.Seed = None,
    state: options.State = None,
    agave: options.Agave = None,
    view: options.View = None,
    azimuth: options.Azimuth = 0.0,
    elevation: options.Elevation = 0.0,
    zoom: options.Zoom = 1.0,
    aperture: options.Aperture = None,
    focus_at: options.FocusAt = None,
    stereo: options.Stereo = False,
    lighting: options.LightingName = None,
    environment: Environments = None,
    window: options.Windows = None,
    table: segment_options.Tables = None,
    isolate: segment_options.Isolate = None,
    hide: segment_options.Hide = None,
    highlight: segment_options.Highlighted = None,
    style: segment_options.Style = None,
    mode: options.ModeOption = None,
    scatterings: options.Scatterings = None,
    reference: options.Reference = False,
    denoise: options.Denoise = False,
    depth: options.Depth = None,
    transparent: options.Transparent = False,
    annotations: options.AnnotationsOption = None,
    spacing: Spacing = None,
    device: Device = None,
) -> None:
    """Render one picture of volumes into a file.

    The name of the file is printed when it is written. A .tif and an .exr hold linear light as 32-bit floats, the
    latter also albedo, normals, depth and labels.
    """
    from .frame_state import (
        Choices,
        check_lighting,
        chosen_state,
        places_camera,
        read_agave_file,
        read_annotations,
        read_state,
    )

    if state is not None and agave is not None:
        raise UsageError("--state and --agave both say the whole view; give one of them")
    if reference and denoise:
        raise UsageError("a --reference picture is not filtered; leave out --denoise")
    if stereo and focus_at is not None:
        raise UsageError(
            "--focus-at names a pixel of a single view; leave out --stereo, or set the state's focus_distance"
        )
    segments = segment_options.SegmentChoices(isolate, hide, highlight, style)
    if size is not None:  # before any file is read
        parse_size(size)
    saved = read_agave_file(agave)
    paths = paths or (list(saved.paths) if saved is not None and not labels else [])
    if not paths and not labels:
        raise UsageError("there is nothing to draw; name a PATH, a segmentation with --labels, or synthetic:cell")
    width, height = parse_size(size or (DEFAULT_SIZE if saved is None else "{}x{}".format(*saved.size)))
    check_output(output, width, height, transparent, depth)
    check_turn(azimuth, elevation, zoom)
    radius = parse_aperture_um(aperture)
    pixel = parse_pixel(focus_at, (width, height))
    check_lighting(lighting)
    state_text = read_state(state)
    spacing_um = parse_spacing(spacing)
    points = read_annotations(annotations, paths, labels or (), spacing)
    if denoise:
        from ..codec.oidn import check_denoiser

        check_denoiser()

    from ..engine.renderer import Renderer
    from ..gpu.context import Context
    from ..progress import ProgressBars
    from ..scene.environment import load_environments
    from ..scene.open import open_scene
    from ..source.chunk_cache import set_cache_bytes
    from ..state.view import parse_state
    from .frame_pixels import FINE_MOST_PX, Shot, developed, focused, linear
    from .window import with_windows

    memory = memory_settings()
    if memory.cache_bytes is not None:
        set_cache_bytes(memory.cache_bytes)
    maps = load_environments(environment or ())
    choices = Choices(
        view=view, azimuth=azimuth, elevation=elevation, zoom=zoom, aperture=radius, stereo=stereo, lighting=lighting,
        environment=maps[0].name if maps else None, mode=mode, scatterings=scatterings, reference=reference, seed=seed,
        placed=saved is not None or places_camera(state_text),
    )  # fmt: skip
    with (
        ProgressBars() as progress,
        closing(Context.create(device)) as context,
        closing(open_scene(paths, labels or (), spacing_um, progress, maps, table or ())) as scene,
    ):
        notes = [note for one in maps for note in one.notes]
        base, samples = scene.default_state, DEFAULT_SPP
        if saved is not None:
            seen = saved.view(scene)
            base, samples = seen.state, saved.samples
            notes += seen.notes
        elif state_text is not None:
            base = parse_state(state_text, base)
            samples = base.samples
        samples = spp or samples
        shown = chosen_state(scene, base, choices, width / height).model_copy(update={"samples": samples})
        shown = with_windows(shown, window or ())
        shown = segment_options.with_segments(shown, segments, segment_options.names_of(scene))
        with closing(Renderer(context, scene, 16, 16, progress=progress, budget_bytes=memory.device_bytes)) as renderer:
            if pixel is not None:
                shown = focused(renderer, shown, pixel, (width, height))
            renderer.set_state(shown, 1)
            renderer.set_annotations(points)
            shot, kind = Shot(width, height, samples, denoise), format_of(output)
            about = {"Software": f"hosta {__version__}", "hosta-state": shown.model_dump_json()}
            if denoise:
                about["hosta-denoised"] = "Intel Open Image Denoise"
                if width * height > FINE_MOST_PX:
                    notes.append(
                        f"a picture of more than {FINE_MOST_PX} pixels is filtered at its own size, not at twice"
                    )
            started = time.perf_counter()
            if kind in LINEAR:
                layers = linear(renderer, shot, progress)
            else:
                pixels = developed(renderer, shot, transparent, 16 if depth == "16" else 8, progress)
            seconds = time.perf_counter() - started
        renderer_name = context.info.name
    if kind in LINEAR:
        write_whole(output, encode_linear(layers, kind, about, shown.camera))
    else:
        write_whole(output, encode_developed(pixels, kind, about))
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    filtered = ", denoised" if denoise else ""
    print(f"{samples} samples a pixel in {seconds:.1f} s on {renderer_name}{filtered}", file=sys.stderr)
    print(output)
