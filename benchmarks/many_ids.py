"""Ten million segments: what it costs to open them, to isolate another one, and whether their ids stay exact.

    python -m benchmarks.many_ids [PATH] [--size 640x480] [--switches 12] [--seed 0] [--json FILE]

Opens a segmentation (`synthetic:ids?size=432&cube=2`: 10 077 696 ids beyond 2^53), waits until all that the view wants
is on the device, and picks places of it: the source itself has to have the picked id there, or a voxel beside it, as
segments have smooth surfaces. (Ids beside each other differ by 1, 216 and 46 656: one rounded to a double would be 256
away.) Then the picked segments are isolated in turn. What a switch costs the thread that draws (`set_state`) is set
against a frame, one sample of each pixel, timed just before: the limit is one frame. A pick after each
switch may find no other segment, and has to find most of the isolated ones: one that is alone is rounded off, so that
a ray along its edge may miss it. Ends with status 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import Machine, Spread
from benchmarks.residency import STEP_S, resident_set_bytes, until_resident
from render.commands.frame import parse_size
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene, open_scene
from render.state.layer import LabelLayer
from render.state.view import ViewState
from render.summary import PickedLayer

TIMEOUT_S = 300.0
PLACES = 64


def isolated(state: ViewState, ids: tuple[str, ...]) -> ViewState:
    (layer,) = state.layers
    assert isinstance(layer, LabelLayer)
    return state.model_copy(update={"layers": (layer.model_copy(update={"shown": "listed", "listed": ids}),)})


def stored_ids(scene: Scene, voxel_zyx: tuple[int, int, int]) -> set[int]:
    """What the source has at a voxel of the finest level and beside it."""
    source = scene.layers[0].source
    lo = [max(v - 1, 0) for v in voxel_zyx]
    hi = [min(v + 2, n) for v, n in zip(voxel_zyx, source.info.levels[0].shape, strict=True)]
    return set(np.unique(source.read(0, 0, 0, (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]))).tolist())


def picked_at(renderer: Renderer, state: ViewState, x: float, y: float) -> PickedLayer | None:
    """The layer at a pixel where it shows a segment."""
    pick = renderer.pick(x, y, state=state)
    return pick.layers[0] if pick.kind == "label" else None


def picked_places(renderer: Renderer, scene: Scene, state: ViewState, seed: int) -> dict[int, tuple[float, float]]:
    """Pixels by the ids that are picked there, each checked with the source. Raises SystemExit where one is wrong."""
    rng = np.random.default_rng(seed)
    found: dict[int, tuple[float, float]] = {}
    for x, y in (rng.uniform(0.0, 1.0, (PLACES, 2)) * [renderer.width, renderer.height]).tolist():
        picked = picked_at(renderer, state, x, y)
        if picked is None or picked.segment is None:
            continue
        if int(picked.segment.id) not in stored_ids(scene, picked.finest_zyx):
            raise SystemExit(f"picked at {x:.1f}, {y:.1f}: {picked.segment.id}, which the source does not have there")
        found[int(picked.segment.id)] = (x, y)
    return found


def step_until_sampled(renderer: Renderer) -> float:
    """Seconds that the first whole sample of the present state takes to be drawn."""
    spent = 0.0
    while True:
        began = time.perf_counter()
        frame = renderer.step(time.monotonic(), STEP_S)
        spent += time.perf_counter() - began
        if frame.fresh and frame.scale == 1.0 and frame.samples >= 1:
            return spent


def measure(options: argparse.Namespace) -> dict[str, Any]:
    size = parse_size(options.size)
    began = time.perf_counter()
    with (
        closing(Context.create()) as context,
        closing(open_scene([], labels=[options.path])) as scene,
        closing(Renderer(context, scene, *size)) as renderer,
    ):
        state = scene.default_state
        renderer.set_state(state, 1)
        until_resident(renderer, TIMEOUT_S)
        figures: dict[str, Any] = {"resident_s": time.perf_counter() - began}
        places = picked_places(renderer, scene, state, options.seed)
        if not places or min(places) <= 2**53:
            raise SystemExit("no segment with an id beyond 2^53 was picked")
        figures["ids_known"] = len(renderer.resident.dense_ids[0].ids())
        switches, frames, missed = [], [], 0
        for number, (name, (x, y)) in enumerate(list(places.items())[: options.switches]):
            renderer.set_state(state, 2 * number + 2)
            time.sleep(0.3)  # a view that rests draws at full resolution
            frames.append(step_until_sampled(renderer))
            alone = isolated(state, (str(name),))
            began = time.perf_counter()
            renderer.set_state(alone, 2 * number + 3)
            switches.append(time.perf_counter() - began)
            renderer.step(time.monotonic(), STEP_S)
            picked = picked_at(renderer, alone, x, y)
            if picked is None or picked.segment is None:
                missed += 1
            elif int(picked.segment.id) != name:
                raise SystemExit(f"{name} is isolated, and {picked.segment.id} is picked")
        if 2 * missed > len(switches):
            raise SystemExit(f"{missed} of {len(switches)} isolated segments were not found where they are")
        figures |= {"picked": len(places), "device": context.info.name, "peak_bytes": resident_set_bytes()[0]}
        figures |= {"switch_ms": [1e3 * s for s in switches], "frame_ms": [1e3 * s for s in frames]}
    return figures


def main() -> None:
    options = _options()
    figures = measure(options)
    switch, frame = Spread.of(figures["switch_ms"]), Spread.of(figures["frame_ms"])
    print(f"{options.path} at {options.size}; {figures['device']}; {Machine.here()}\n")
    print(f"{'ids that were read':32} {figures['ids_known']}")
    print(f"{'open and all resident':32} {figures['resident_s']:8.1f} s")
    print(f"{'picked, as the source has them':32} {figures['picked']:8}")
    for what, spread in (("switching the isolated segment", switch), ("a frame", frame)):
        print(f"{what:32} {spread.median:8.1f} ms  ({spread.lo:.1f} to {spread.hi:.1f})")
    print(f"{'peak of resident memory':32} {figures['peak_bytes'] / 1e9:8.2f} GB")
    good = switch.median < frame.median
    print(f"\n{'PASS' if good else 'FAIL'}  a switch takes {switch.median / frame.median:.2f} of a frame, at most 1")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if not good:
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", default="synthetic:ids?size=432&cube=2")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--switches", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
