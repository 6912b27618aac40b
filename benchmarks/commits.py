"""What a picture looks like while bricks arrive: with what was shown before kept for a while, or thrown away.

    python -m benchmarks.commits [--size 128x96] [--seeds 4] [--json FILE]

Opens a channel of the synthetic cell (2048 voxels a side) near its surface and lets the renderer draw 64 samples of it
from the coarsest bricks only. Then bricks may come onto the device, and the error of what is shown (mean squared, of
what a screen shows, 0..1) is taken after each step until nothing is missing and 16 samples more are there, against a
picture of 256 samples of all bricks. Done for each way of treating what was shown before, in tiles where bricks came
(`engine.stale`; in a view that came nearer these are most): as one sample, which is what Hosta does, as up to 12, as
where only the camera moved, and as none. All begin at the same picture. The ratios are of means over the time until all
is there, and of the pictures after the last commit, to those of the first way; above 1 is worse. Flicker is the mean
squared difference of one shown picture to the next.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import render.engine.history as history
from benchmarks.approach import near_state
from benchmarks.machine import Machine
from benchmarks.residency import STEP_S
from render.commands.frame_options import parse_size
from render.engine.paged import PagedScene
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene, open_scene
from render.state.layer import ImageLayer
from render.state.view import ViewState

SCENE = "synthetic:cell?size=2048"
SAMPLES_BEFORE, SAMPLES_AFTER, REFERENCE = 64, 16, 256
COUNTED = (1, 2, 4, 8, 16)
WAYS = {"as one sample": history.TRUST_STALE, "as up to 12": history.TRUST_MOVED, "thrown away": 0.0}
TIMEOUT_S = 300.0


@contextmanager
def trusting(samples: float) -> Iterator[None]:
    """What was shown counts as at most so many samples where bricks came."""
    before, history.TRUST_STALE = history.TRUST_STALE, samples
    try:
        yield
    finally:
        history.TRUST_STALE = before


def looked_at(scene: Scene, size: tuple[int, int]) -> ViewState:
    """Near the surface of the first channel, the others hidden."""
    state = scene.default_state
    layers = []
    for layer in state.layers:
        if isinstance(layer, ImageLayer):
            shown = (one.model_copy(update={"visible": number == 0}) for number, one in enumerate(layer.channels))
            layer = layer.model_copy(update={"channels": tuple(shown)})
        layers.append(layer)
    state = state.model_copy(update={"layers": tuple(layers), "samples": 4096})
    return near_state(scene, state, size[1])


def shown(renderer: Renderer) -> NDArray[np.float64]:
    return renderer.read_shown()[..., :3] / 255.0


def draw_until(renderer: Renderer, samples: int) -> None:
    end_s = time.monotonic() + TIMEOUT_S
    while renderer.step(time.monotonic(), 10 * STEP_S).samples < samples:
        if time.monotonic() > end_s:
            raise TimeoutError(f"there were no {samples} samples within {TIMEOUT_S:g} s")


def measure(
    context: Context, scene: Scene, size: tuple[int, int], seed: int, trust: float, reference: NDArray[np.float64]
) -> dict[str, Any]:
    """Errors of the pictures from the first commit on."""
    with closing(Renderer(context, scene, *size)) as renderer:
        resident = renderer.resident
        assert isinstance(resident, PagedScene), "the scene is to be paged"
        renderer.set_state(looked_at(scene, size).model_copy(update={"seed": seed}), 1)
        with patch.object(resident, "commit", return_value=False):
            draw_until(renderer, SAMPLES_BEFORE)
        before = shown(renderer)
        errors, flicker, after = [], [], []
        with trusting(trust):
            epoch, last, end_s = resident.epoch, before, time.monotonic() + TIMEOUT_S
            while not after or after[-1][0] < SAMPLES_AFTER:
                frame = renderer.step(time.monotonic(), STEP_S)
                if not frame.fresh:
                    continue
                if time.monotonic() > end_s:
                    raise TimeoutError(f"bricks are still missing after {TIMEOUT_S:g} s")
                picture = shown(renderer)
                error = float(((picture - reference) ** 2).mean())
                if frame.resident and resident.epoch > epoch:
                    after.append((frame.samples, error))
                else:
                    errors.append(error)
                    flicker.append(float(((picture - last) ** 2).mean()))
                last = picture
        return {
            "before": float(((before - reference) ** 2).mean()),
            "arriving": float(np.mean(errors)),
            "flicker": float(np.mean(flicker)),
            "pictures": len(errors),
            "after": {n: next(error for samples, error in after if samples >= n) for n in COUNTED},
        }


def main() -> None:
    options = _options()
    size = parse_size(options.size)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    with Context.create(options.device) as context, closing(open_scene([SCENE])) as scene:
        with closing(Renderer(context, scene, *size)) as renderer:
            renderer.set_state(looked_at(scene, size), 1)
            renderer.render_still(REFERENCE)
            reference = renderer.read_rgba()[..., :3] / 255.0
        for seed in range(1, options.seeds + 1):
            for name, trust in WAYS.items():
                results[name].append(measure(context, scene, size, seed, trust, reference))
    report(results, options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


def report(results: dict[str, list[dict[str, Any]]], options: argparse.Namespace) -> None:
    """Means over the seeds, and their ratios to the first way."""
    print(f"{Machine.here()}; {SCENE}, {options.size}, {options.seeds} seeds; mean squared errors x 10^-4")
    print(f"{'what was shown before':22} {'coarse':>7} {'arriving':>9} {'flicker':>8}   after the last commit, samples")
    print(f"{'':49}{''.join(f'{n:>8}' for n in COUNTED)}")
    first: dict[str, float] = {}
    for name, runs in results.items():
        means = {key: float(np.mean([run[key] for run in runs])) for key in ("before", "arriving", "flicker")}
        means |= {str(n): float(np.mean([run["after"][n] for run in runs])) for n in COUNTED}
        first = first or means
        after = "".join(f"{1e4 * means[str(n)]:8.2f}" for n in COUNTED)
        row = f"{name:22} {1e4 * means['before']:7.2f} {1e4 * means['arriving']:9.2f} {1e4 * means['flicker']:8.2f}"
        print(f"{row} {after}")
        ratio = {key: means[key] / first[key] for key in means}
        after = "".join(f"{ratio[str(n)]:8.2f}" for n in COUNTED)
        print(f"{'  ratio':22} {'':7} {ratio['arriving']:9.2f} {ratio['flicker']:8.2f} {after}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="128x96", metavar="WxH")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--device", type=int, help="index of the EGL device")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
