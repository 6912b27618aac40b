"""AGAVE's three scenes through the bridge: milliseconds a sample of each, and pictures to lay beside AGAVE's.

    python -m benchmarks.agave_scenes [--scene NAME ...] [--size 512x512] [--spp 4] [--repetitions 5] [--no-vtk]
                                      [--device N] [--out DIR] [--picture-spp 32] [--json FILE]

The average brain of `$HOSTA_DATA/brain/spm152.nii.gz`: `surface` (dense), `cut` (the same, half of it cut away) and
`translucent`. What AGAVE 1.10 took for them on two processors with llvmpipe stands beside, and what is aimed at. VTK's
GPU ray cast mapper draws the same voxels, opacities and view in turns with ours, so that one can tell how fast the
machine was at that time: its figures are not what is compared with, they are the clock.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.machine import Machine, Spread
from benchmarks.vtk_peer import PeerProcess, Setup
from render.bridge.agave import AgaveScene, read_agave
from render.commands.frame import parse_size
from render.engine.renderer import Renderer
from render.engine.resident import ResidentScene
from render.gpu.context import Context
from render.scene.open import Scene, open_scene
from render.state.view import ViewState

DATA = "brain/spm152.nii.gz"
DIRECTION = (-0.23149, 0.62161, 0.74834)
"""Of the rectangular light from the volume's centre, in AGAVE's axes."""
DENSE = [(0.0, 0.0), (0.35, 0.0), (0.65, 0.6), (1.0, 1.0)]
THIN = [(0.0, 0.0), (0.30, 0.0), (1.0, 0.5)]
# (density, nodes, part of the y axis); then ms a sample: what is aimed at, and AGAVE's (lowest, highest).
SCENES: dict[str, tuple[float, list[tuple[float, float]], tuple[float, float]]] = {
    "surface": (50.0, DENSE, (0.0, 1.0)),
    "cut": (50.0, DENSE, (0.0, 0.5)),
    "translucent": (8.5, THIN, (0.0, 1.0)),
}
TARGET_MS = {"surface": 250.0, "cut": 140.0, "translucent": 250.0}
AGAVE_MS = {"surface": (680.0, 800.0), "cut": (410.0, 410.0), "translucent": (910.0, 910.0)}


def document(name: str, data: Path | str, size: tuple[int, int] = (512, 512)) -> dict[str, Any]:
    """A scene as a save file of AGAVE's."""
    density, nodes, y_range = SCENES[name]
    x, y, z = DIRECTION
    grey = [0.5, 0.5, 0.5]
    return {
        "version": [1, 10, 0],
        "datasets": [{"url": str(data), "scene": 0, "time": 0}],
        "clipRegion": [[0.0, 1.0], list(y_range), [0.0, 1.0]],
        "scale": [1.0, 1.0, 1.0],
        "camera": {
            "eye": [0.924297, 1.340000, 0.799922],
            "target": [0.404297, 0.500000, 0.419922],
            "up": [0.0, 0.0, 1.0],
            "projection": 0,
            "fovY": 55.0,
            "exposure": 0.75,
            "aperture": 0.0,
        },
        "channels": [
            {
                "enabled": True,
                "glossiness": 1.0,
                "lutParams": {"mode": 3, "controlPoints": [{"x": x, "value": [y] * 4} for x, y in nodes]},
            }
        ],
        "density": density,
        "lights": [
            {"type": 1, "topColor": grey, "middleColor": grey, "bottomColor": grey},
            {
                "type": 0,
                "distance": 1.5,
                "theta": math.atan2(x, z),
                "phi": math.acos(y),
                "color": [10.0, 10.0, 10.0],
                "width": 0.15,
                "height": 0.15,
            },
        ],
        "capture": {"width": size[0], "height": size[1], "samples": 32, "durationType": 0},
    }


def saved(name: str, data: Path, folder: Path, size: tuple[int, int] = (512, 512)) -> AgaveScene:
    """A scene, written as a file and read again through the bridge."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document(name, data, size)), encoding="utf-8")
    return read_agave(path)


def vtk_setup(name: str, scene: Scene, state: ViewState, size: tuple[int, int], folder: Path) -> Setup:
    """The scene for VTK: extinction sigma becomes the opacity of one voxel, the clip region a smaller array."""
    density, nodes, y_range = SCENES[name]
    source = scene.layers[0].source
    level = source.info.levels[0]
    voxels = source.read(0, 0, 0, (0, 0, 0), level.shape)
    lo, hi = float(voxels.min()), float(voxels.max())
    voxels = voxels[:, : round(y_range[1] * level.shape[1])]
    path = folder / f"{name}.npy"
    np.save(path, voxels)
    voxel_um = min(level.spacing_um)
    x = np.linspace(0.0, 1.0, 256)
    depth = density**2 * np.interp(x, *zip(*nodes, strict=True)) / max(level.shape)
    camera = state.camera
    light = state.lighting.lights[0].position
    assert light is not None
    return Setup(
        volume=str(path),
        world_from_vox=level.world_from_vox.tolist(),
        width=size[0],
        height=size[1],
        position=camera.position,
        focal_point=camera.focal_point,
        view_up=camera.view_up,
        view_angle=camera.view_angle,
        light_from=light,
        color=(1.0, 1.0, 1.0),
        curve=[(lo + float(v) * (hi - lo), float(-np.expm1(-d))) for v, d in zip(x, depth, strict=True)],
        unit_um=voxel_um,
        step_um=voxel_um,
    )


def main() -> None:
    options = _options()
    size = parse_size(options.size)
    data = Path(os.environ.get("HOSTA_DATA", "")) / DATA
    if not data.is_file():
        raise SystemExit(f"HOSTA_DATA names no folder with {DATA}")
    names = options.scene or list(SCENES)
    hosta: dict[str, list[float]] = {name: [] for name in names}
    vtk: dict[str, list[float]] = {name: [] for name in names}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        context = stack.enter_context(closing(Context.create(options.device)))
        scene = stack.enter_context(closing(open_scene([str(data)])))
        resident = stack.enter_context(closing(ResidentScene(context, scene)))
        drawers, peers = {}, {}
        for name in names:
            state = saved(name, data, folder, size).state(scene)
            drawers[name] = stack.enter_context(closing(Renderer(context, scene, *size, resident=resident)))
            drawers[name].set_state(state, 1)
            if not options.no_vtk:
                setup = vtk_setup(name, scene, state, size, folder)
                peers[name] = stack.enter_context(closing(PeerProcess(setup)))
        for repetition in range(options.repetitions + 1):
            for name in names:
                taken = drawers[name].render_still(options.spp).render_s
                other = peers[name].render() if peers else math.nan
                if repetition:  # the first one compiles and warms up
                    hosta[name].append(1e3 * taken / options.spp)
                    vtk[name].append(1e3 * other)
        machine = Machine.here()
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            for name in names:
                drawers[name].render_still(options.picture_spp)
                Image.fromarray(drawers[name].read_rgba()).save(options.out / f"{name}.png")
        device = context.info.name

    print(f"{size[0]}x{size[1]}, {options.spp} samples in each of {options.repetitions} repetitions, ms a sample")
    print(f"{device}; {machine}\n")
    print(f"{'':12} {'hosta':>8} {'(lo .. hi)':>18} {'target':>8} {'AGAVE':>12} {'VTK, a frame':>14}")
    rows: dict[str, Any] = {}
    for name in names:
        mine, other = Spread.of(hosta[name]), Spread.of(vtk[name])
        low, high = AGAVE_MS[name]
        theirs = f"{low:.0f}" if low == high else f"{low:.0f}-{high:.0f}"
        clock = f"{other.median:.0f}" if peers else "-"
        span = f"({mine.lo:.1f} .. {mine.hi:.1f})"
        verdict = "" if mine.median <= TARGET_MS[name] else "  over the target"
        print(f"{name:12} {mine.median:8.1f} {span:>18} {TARGET_MS[name]:8.0f} {theirs:>12} {clock:>14}{verdict}")
        rows[name] = {"hosta_ms": mine.median, "lo_ms": mine.lo, "hi_ms": mine.hi, "target_ms": TARGET_MS[name]}
        rows[name] |= {"agave_ms": [low, high], "vtk_ms": other.median if peers else None}
    if options.out:
        print(f"\npictures of {options.picture_spp} samples: {options.out}/{{{','.join(names)}}}.png")
    if options.json:
        facts = {"size": list(size), "device": device, "machine": str(machine), "results": rows}
        options.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="repeatable; all without it")
    parser.add_argument("--size", default="512x512", metavar="WxH")
    parser.add_argument("--spp", type=int, default=4, help="samples a pixel of one repetition")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--no-vtk", action="store_true", help="without the peer, which takes most of the time")
    parser.add_argument("--device", type=int, help="the EGL device, as hosta doctor numbers them")
    parser.add_argument("--out", type=Path, help="a folder for the pictures")
    parser.add_argument("--picture-spp", type=int, default=32, help="samples a pixel of the pictures")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
