"""How long a sample of a pixel takes: the path tracer and the plain ray march against VTK's GPU ray cast mapper.

    python -m benchmarks.render_vs_vtk [--volume PATH] [--channel 0] [--opacity 1] [--size 512x512] [--spp 4]
                                       [--repetitions 5] [--device N] [--out DIR] [--json FILE]

One channel of one volume, seen alike by all three on the same GL device: the same voxels, view, transfer function
(as extinction), sample distance of the two marchers, and shading on. The repetitions are interleaved, so that what else
the machine does hits all three. VTK runs in a process of its own (benchmarks/vtk_peer.py) with another GL context on
the same device; this script fails where the two name different ones.

What is compared is what a user waits for: a whole picture, finished on the device, with each one's own tone mapping or
compositing. The two marchers do the same work by construction; the path tracer does another job (free flights, a shadow
ray for each collision), of which VTK's mapper has no counterpart at this price: its ratio says what a path costs.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import Machine, Spread
from benchmarks.vtk_peer import PeerProcess, Setup
from render.commands.frame import parse_size
from render.engine.renderer import Renderer
from render.engine.resident import ResidentScene
from render.engine.uniforms import MARCH_STEP_VOX, light_direction
from render.gpu.context import Context
from render.scene.open import Scene, SceneLayer, open_scene
from render.source.memory import MemorySource
from render.space import Matrix
from render.state.layer import ImageLayer
from render.state.view import ViewState

DEFAULT_VOLUME = "synthetic:cell?size=128"
CURVE_NODES = 256
# Silhouettes are where the coverage, averaged over blocks of so many pixels a side against the noise, is above this.
COVERED = 0.1
BLOCK_PX = 4
PICTURE_SPP = 32
NAMES = {"path": "hosta path tracer", "march": "hosta ray march", "vtk": "VTK GPU ray cast"}


def one_channel(path: str, channel: int) -> tuple[Scene, NDArray[np.generic], Matrix]:
    """A scene of one channel of the first image at `path`, its voxels (z, y, x) and where they lie.

    The level is the finest that a renderer would hold of it whole.
    """
    with closing(open_scene([path])) as whole:
        layer = next(layer for layer in whole.layers if layer.source.info.kind == "image")
        info = layer.source.info
        level = next(i for i, level in enumerate(info.levels) if math.prod(level.shape) <= 512**3)
        grid = info.levels[level]
        voxels = layer.source.read(level, channel, 0, (0, 0, 0), grid.shape)
        source = MemorySource(
            voxels,
            world_from_vox=grid.world_from_vox,
            name=info.name,
            channels=[info.channels[channel]],
            orientation=info.orientation,
        )
        stats = (layer.stats[channel],)
    return Scene(info.name, [SceneLayer(info.name, source, stats)]), voxels, grid.world_from_vox


def solid(state: ViewState, opacity: float) -> ViewState:
    """The state with its only channel at this opacity, whatever weight it has among its fellows."""
    layer = state.layers[0]
    assert isinstance(layer, ImageLayer)
    channel = layer.channels[0].model_copy(update={"opacity": opacity, "visible": True})
    return state.model_copy(update={"layers": (layer.model_copy(update={"channels": (channel,)}),)})


def peer_setup(
    scene: Scene, state: ViewState, world_from_vox: Matrix, size: tuple[int, int], volume: Path, voxel_um: float
) -> Setup:
    """The state in VTK's terms. Extinction sigma becomes the opacity of one voxel edge d: 1 - exp(-sigma d)."""
    layer = state.layers[0]
    assert isinstance(layer, ImageLayer)
    channel = layer.channels[0]
    x = np.linspace(0.0, 1.0, CURVE_NODES)
    opacity = x if not channel.curve else np.interp(x, *zip(*channel.curve, strict=True))
    depth = state.shading.density * opacity * channel.opacity * voxel_um / scene.box.largest
    values = channel.window[0] + x * (channel.window[1] - channel.window[0])
    camera = state.camera
    light = np.asarray(camera.focal_point) + light_direction(state.lighting.lights[0], camera) * scene.box.largest * 2
    return Setup(
        volume=str(volume),
        world_from_vox=world_from_vox.tolist(),
        width=size[0],
        height=size[1],
        position=camera.position,
        focal_point=camera.focal_point,
        view_up=camera.view_up,
        view_angle=camera.view_angle,
        light_from=(float(light[0]), float(light[1]), float(light[2])),
        color=channel.color,
        curve=[(float(v), float(-np.expm1(-d))) for v, d in zip(values, depth, strict=True)],
        unit_um=voxel_um,
        step_um=MARCH_STEP_VOX * voxel_um,
    )


def silhouette(rgba: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where something is, in blocks of BLOCK_PX."""
    alpha = rgba[..., 3].astype(np.float64) / 255.0
    height, width = (n // BLOCK_PX * BLOCK_PX for n in alpha.shape)
    blocks = alpha[:height, :width].reshape(height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
    return np.asarray(blocks.mean(axis=(1, 3)) > COVERED)


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union of two silhouettes."""
    return float((a & b).sum() / max(1, (a | b).sum()))


def on_grey(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straight alpha laid over mid grey, so that what is dark and what is absent look different."""
    alpha = rgba[..., 3:].astype(np.float64) / 255.0
    return np.asarray(np.rint(rgba[..., :3] * alpha + 96.0 * (1.0 - alpha)), np.uint8)


def main() -> None:
    options = _options()
    width, height = parse_size(options.size)
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    pictures: dict[str, NDArray[np.uint8]] = {}
    with ExitStack() as stack:
        context = stack.enter_context(closing(Context.create(options.device)))
        scene, voxels, world_from_vox = one_channel(options.volume, options.channel)
        state = solid(scene.default_state, options.opacity)
        resident = stack.enter_context(closing(ResidentScene(context, scene)))
        drawers = {
            mode: stack.enter_context(closing(Renderer(context, scene, width, height, resident=resident, mode=mode)))
            for mode in ("path", "march")
        }
        for drawer in drawers.values():
            drawer.set_state(state, 1)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.save(folder / "volume.npy", voxels)
        voxel_um = min(scene.layers[0].source.info.levels[0].spacing_um)
        setup = peer_setup(scene, state, world_from_vox, (width, height), folder / "volume.npy", voxel_um)
        peer = stack.enter_context(closing(PeerProcess(setup)))
        if peer.device != context.info.name:
            raise SystemExit(
                f"VTK draws on '{peer.device}', hosta on '{context.info.name}'; "
                "VTK_DEFAULT_EGL_DEVICE_INDEX and --device choose"
            )
        samples = {"path": options.spp, "march": 1, "vtk": 1}
        for repetition in range(options.repetitions + 1):
            once = {
                "path": drawers["path"].render_still(samples["path"]).render_s,
                "march": drawers["march"].render_still(samples["march"]).render_s,
                "vtk": peer.render(),
            }
            if repetition:  # the first one compiles and warms up
                for name, taken in once.items():
                    seconds[name].append(taken / samples[name])
        machine = Machine.here()
        drawers["path"].render_still(PICTURE_SPP)
        for mode in ("path", "march"):
            pictures[mode] = drawers[mode].read_rgba(transparent=True)
        pictures["vtk"] = peer.picture(folder / "vtk.npy")

    shapes = {name: silhouette(picture) for name, picture in pictures.items()}
    spreads = {name: Spread.of(values) for name, values in seconds.items()}
    pixels = width * height
    rows = {
        name: {
            "ms_per_sample": 1e3 * spread.median,
            "ms_per_sample_lo": 1e3 * spread.lo,
            "ms_per_sample_hi": 1e3 * spread.hi,
            "ms_per_sample_per_pixel": 1e3 * spread.median / pixels,
            "ratio_to_vtk": spread.median / spreads["vtk"].median,
            "covered": float(shapes[name].mean()),
            "overlap_with_vtk": overlap(shapes[name], shapes["vtk"]),
        }
        for name, spread in spreads.items()
    }
    print(f"{options.volume} channel {options.channel}, {'x'.join(map(str, voxels.shape[::-1]))} {voxels.dtype}")
    print(f"{width}x{height}, steps of {MARCH_STEP_VOX} voxel, {options.repetitions} interleaved repetitions")
    print(f"{context.info.name}; {machine}\n")
    print(f"{'':18} {'ms/sample':>10} {'(lo .. hi)':>18} {'ns/sample/px':>13} {'x VTK':>7} {'covered':>8} {'IoU':>6}")
    for name, row in rows.items():
        span = f"({row['ms_per_sample_lo']:.1f} .. {row['ms_per_sample_hi']:.1f})"
        print(
            f"{NAMES[name]:18} {row['ms_per_sample']:10.1f} {span:>18} {1e6 * row['ms_per_sample_per_pixel']:13.1f} "
            f"{row['ratio_to_vtk']:7.2f} {row['covered']:8.1%} {row['overlap_with_vtk']:6.3f}"
        )
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            Image.fromarray(on_grey(picture)).save(options.out / f"{name}.png")
        print(f"\npictures: {options.out}/{{{','.join(pictures)}}}.png")
    if options.json:
        facts = {"volume": options.volume, "size": [width, height], "device": context.info.name}
        options.json.write_text(
            json.dumps({**facts, "machine": str(machine), "results": rows}, indent=2) + "\n", encoding="utf-8"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--volume", default=DEFAULT_VOLUME, help="what hosta can open; its first image is taken")
    parser.add_argument("--channel", type=int, default=0)
    parser.add_argument("--opacity", type=float, default=1.0, help="of the channel, 0..1")
    parser.add_argument("--size", default="512x512", metavar="WxH")
    parser.add_argument("--spp", type=int, default=4, help="samples a pixel of one repetition of the path tracer")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--device", type=int, help="hosta's EGL device, as hosta doctor numbers them")
    parser.add_argument("--out", type=Path, help="a folder for the three pictures")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
