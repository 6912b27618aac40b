"""What four channels cost, against one: the AGAVE scenes *surface* and *translucent* (docs/agave.md) of one volume.

    python -m benchmarks.channels [--size 512x512] [--repetitions 5] [--device N] [--json FILE]

The four channels hold the same brain, the second to fourth moved a little, each in a colour of its own and as opaque as
the one: more matter and more of the picture is covered. Both are drawn in turn, so that what else the machine does hits
both. Needs HOSTA_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import Machine, Spread
from render.bricks.stats import channel_stats
from render.commands.frame import parse_size
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.framing import named_view
from render.scene.open import Scene, SceneLayer
from render.source.memory import MemorySource
from render.source.open import open_sources
from render.state.layer import Channel, ImageLayer
from render.state.material import Material
from render.state.presets import LIGHTING_PRESETS
from render.state.view import Shading, ViewState

COLORS = ((1.0, 1.0, 1.0), (1.0, 0.3, 0.3), (0.3, 1.0, 0.3), (0.3, 0.3, 1.0))
LOOKS: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "surface": (2500.0, ((0.0, 0.0), (0.35, 0.0), (0.65, 0.6), (1.0, 1.0))),
    "translucent": (72.25, ((0.0, 0.0), (0.30, 0.0), (1.0, 0.5))),
}


def scene_of(voxels: np.ndarray, count: int) -> Scene:
    moved = [np.roll(voxels, (7 * i, 5 * i, -6 * i), (0, 1, 2)) for i in range(count)]
    source = MemorySource(np.stack(moved), name="brain")
    return Scene("brain", [SceneLayer("0", source, tuple(channel_stats(source, i) for i in range(count)))])


def state_of(scene: Scene, look: str, count: int) -> ViewState:
    density, curve = LOOKS[look]
    plain = Channel(window=(0.0, 65535.0), curve=curve, material=Material(specular=0.0))
    channels = tuple(plain.model_copy(update={"color": COLORS[i]}) for i in range(count))
    corners = np.array([scene.box.lo, scene.box.hi])
    return scene.default_state.model_copy(
        update={
            "camera": named_view(scene.default_state.camera, corners, "right", scene.orientation),
            "layers": (ImageLayer(source="0", channels=channels),),
            "shading": Shading(density=density),
            "lighting": LIGHTING_PRESETS["agave"],
        }
    )


def main() -> None:
    options = _options()
    (source,) = open_sources(str(Path(os.environ["HOSTA_DATA"]) / "brain" / "spm152.nii.gz"))
    with closing(source):
        floats = source.read(0, 0, 0, (0, 0, 0), source.info.levels[0].shape).astype(np.float32)
    voxels = np.rint((floats - floats.min()) / np.ptp(floats) * 65535).astype(np.uint16)
    results: dict[str, Any] = {}
    with closing(Context.create(options.device)) as context:
        print(f"{context.info.name}; {Machine.here()}; {options.size}, ms a sample")
        scenes = {count: scene_of(voxels, count) for count in (1, 4)}
        renderers = {count: Renderer(context, scene, *parse_size(options.size)) for count, scene in scenes.items()}
        for look in LOOKS:
            times: dict[int, list[float]] = {1: [], 4: []}
            for count, renderer in renderers.items():
                renderer.set_state(state_of(scenes[count], look, count), 1)
                renderer.render_still(1)
            for _ in range(options.repetitions):
                for count, renderer in renderers.items():
                    started = time.perf_counter()
                    renderer.render_still(2)
                    times[count].append((time.perf_counter() - started) * 500)
            one, four = Spread.of(times[1]).median, Spread.of(times[4]).median
            results[look] = {"one_ms": one, "four_ms": four, "ratio": four / one}
            print(f"{look:12} one {one:6.0f}   four {four:6.0f}   ratio {four / one:.2f}", flush=True)
        for renderer in renderers.values():
            renderer.close()
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="512x512", metavar="WxH")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--device", type=int, help="the EGL device, as hosta doctor numbers them")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
