"""How many samples the error of AGAVE's pictures takes here, and how much time, in AGAVE's three scenes.

    python -m benchmarks.agave_error --agave DIR [--scene NAME ...] [--spp 1,2,4,8,16,32,64] [--reference-spp 256]
                                     [--seeds 1] [--device N] [--json FILE]

DIR holds `surface_512_32it.png`, `cut_512_32it.png` and `translucent_512_32it.png`: the scenes of `agave_scenes`, drawn
by AGAVE 1.10 with 32 iterations. The error is relMSE = mean((x - r)^2 / (r^2 + 0.01)) of each renderer against its own
converged picture, of both over what an 8-bit PNG says: AGAVE's values, sRGB decoded, 0..1.

**Hosta's** converged picture is two halves a, b of other random numbers. (x - a)(x - b) has the mean of (x - r)^2,
whatever noise is left in a and b, so that they need not be many times as long as x.

**AGAVE's** converged picture is not there: its own noise is taken from the one picture there is, in two ways. `fit`: in
windows of 7x7 pixels it is fitted by a straight line in our converged picture and the place; what is left is noise, and
what the two renderers show differently counts as noise too. `oidn`: what Open Image Denoise takes out of it (where
`pyoidn` is installed). The same is done with a picture of ours of 32 independent samples, whose error is known: what
each way finds there is divided out. The smaller of both counts. Of N iterations AGAVE averages N - 1 independent ones,
so that its error at other numbers of them follows.

AGAVE's time an iteration is as recorded (`agave_scenes.AGAVE_MS`), not of this run; ours is. Ratios of samples hold on
any machine, those of time do not.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.agave_scenes import AGAVE_MS, DATA, SCENES, saved
from benchmarks.machine import Machine, Spread
from benchmarks.quality import EPSILON, RendererCamera, Shot, has, moving_picture_filter
from render.engine.renderer import Renderer
from render.engine.resident import ResidentScene
from render.engine.transfer import srgb_to_linear
from render.gpu.context import Context
from render.scene.open import open_scene

SIZE = (512, 512)
ITERATIONS = 32
AT_ITERATIONS = (8, 32, 128)
WINDOW_PX = 7
REFERENCE_SEEDS = (1_000_001, 1_000_002)
Floats = NDArray[np.float64]


def decoded(picture: NDArray[np.uint8]) -> Floats:
    """What an 8-bit sRGB picture (h, w, 3 or 4) says, as linear RGB 0..1, (h, w, 3)."""
    return np.asarray(srgb_to_linear(picture[..., :3] / 255.0), np.float64)


def error_by_halves(picture: Floats, a: Floats, b: Floats) -> float:
    """relMSE of a picture against what a and b are two estimates of: without bias where the noises of the three are
    independent of each other. All are (h, w, 3)."""
    truth = (a + b) / 2
    return float(np.mean((picture - a) * (picture - b) / (truth**2 + EPSILON)))


def noise_by_fit(picture: Floats, guide: Floats, window: int = WINDOW_PX) -> float:
    """The relMSE that a picture (h, w, 3) owes to noise that is independent from pixel to pixel.

    Around each pixel its window is fitted by least squares as c + d guide + e x + f y, `guide` being a picture
    without noise. The mean square of the residuals is that of the noise times (n - 4) / n, the hat matrix's trace.
    """
    n = window * window
    at = np.arange(window) - window // 2
    y, x = (part.reshape(-1) for part in np.meshgrid(at, at, indexing="ij"))
    weight = 1.0 / (guide**2 + EPSILON)
    total, count = 0.0, 0
    for channel in range(picture.shape[2]):
        views = [
            np.lib.stride_tricks.sliding_window_view(one[..., channel], (window, window)) for one in (picture, guide)
        ]
        rows, columns = views[0].shape[:2]
        half = window // 2
        middle = weight[half : half + rows, half : half + columns, channel]
        for row in range(rows):
            values, known = (view[row].reshape(columns, n) for view in views)
            basis = np.stack([known, *(np.broadcast_to(one, known.shape) for one in (np.ones(n), x, y))], axis=1)
            moments = basis @ basis.transpose(0, 2, 1) + 1e-9 * np.eye(4)
            weights = np.linalg.solve(moments, (basis @ values[..., None]))[..., 0]
            left = values - np.einsum("ck,ckn->cn", weights, basis)
            total += float(np.sum((left**2).sum(axis=1) / (n - 4) * middle[row]))
            count += columns
    return total / count


def noise_by_filter(picture: Floats) -> float:
    """The relMSE of a picture (h, w, 3) against itself after Open Image Denoise."""
    from render.codec.oidn import denoise

    solid = np.concatenate([picture, np.ones_like(picture[..., :1])], axis=2).astype(np.float32)
    quiet = denoise(solid)[..., :3].astype(np.float64)
    return float(np.mean((picture - quiet) ** 2 / (quiet**2 + EPSILON)))


def needed(samples: Sequence[float], errors: Sequence[float], error: float) -> float:
    """How many samples bring the error down to `error`: straight in logarithms between the counts that were drawn,
    the least of them where that is enough, infinity where the most are not."""
    if errors[0] <= error:
        return float(samples[0])
    for i in range(1, len(samples)):
        if errors[i] <= error:
            x, y = np.log(samples[i - 1 : i + 1]), np.log(errors[i - 1 : i + 1])
            return float(np.exp(x[0] + (math.log(error) - y[0]) / (y[1] - y[0]) * (x[1] - x[0])))
    return math.inf


def agave_noise(theirs: Floats, truth: Floats, independent: Floats, known: float) -> dict[str, tuple[float, float]]:
    """AGAVE's relMSE by each way there is, and how many times too much that way finds in a picture of ours.

    `truth` is our converged picture, `independent` one of ours of independent samples, `known` its error.
    """
    found = {"fit": (noise_by_fit(theirs, truth), noise_by_fit(independent, truth) / known)}
    if has("pyoidn"):
        found["oidn"] = noise_by_filter(theirs), noise_by_filter(independent) / known
    return {way: (noise / factor, factor) for way, (noise, factor) in found.items()}


def measured(renderer: Renderer, state: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Errors and times of Hosta, and what AGAVE's picture is measured with: truth and a picture like AGAVE's."""
    camera = RendererCamera(renderer, SIZE, state)

    def picture(color: NDArray[Any]) -> Floats:
        return decoded(renderer.develop(np.asarray(color, np.float32)))

    camera.shoot(1, 0)  # compiles
    half = math.ceil(options.reference_spp / 2)
    a, b = (picture(camera.shoot(half, seed).layers["color"]) for seed in REFERENCE_SEEDS)
    filters = {"own filter": moving_picture_filter} | ({"oidn": open_image_denoise} if has("pyoidn") else {})
    counts = [int(n) for n in options.spp.split(",")]
    errors: dict[str, list[float]] = {name: [] for name in ("raw", *filters)}
    sample_ms: list[float] = []
    filter_ms: dict[str, list[float]] = {name: [] for name in filters}
    for count in counts:
        found: dict[str, list[float]] = {name: [] for name in errors}
        for seed in range(1, options.seeds + 1):
            shot = camera.shoot(count, seed)
            sample_ms.append(1e3 * shot.seconds / count)
            found["raw"].append(error_by_halves(picture(shot.layers["color"]), a, b))
            for name, apply in filters.items():
                started = time.perf_counter()
                filtered = apply(shot, shot)
                filter_ms[name].append(1e3 * (time.perf_counter() - started))
                found[name].append(error_by_halves(picture(filtered), a, b))
        for name, values in found.items():
            errors[name].append(float(np.mean(values)))
    medians = {name: Spread.of(values[1:] or values).median for name, values in filter_ms.items()}
    independent = picture(camera.shoot(ITERATIONS, 7, "independent").layers["color"])
    return {
        "samples": counts,
        "errors": errors,
        "sample_ms": Spread.of(sample_ms).median,
        "filter_ms": {"raw": 0.0} | medians,
        "truth": (a + b) / 2,
        "independent": independent,
        "known": error_by_halves(independent, a, b),
    }


def open_image_denoise(few: Shot, half: Shot) -> NDArray[Any]:
    """Intel's filter with the guides of the same samples, and no further looks: samples are what is counted here."""
    from render.codec.oidn import denoise

    color = np.asarray(few.layers["color"], np.float32)
    albedo, normal = (
        np.asarray(few.layers[name], np.float32)[..., :3] * color[..., 3:] for name in ("albedo", "normal")
    )
    return denoise(color, albedo, normal)


def rows_of(name: str, ours: Mapping[str, Any], theirs: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """A row for each number of AGAVE's iterations and each of our ways: samples, and how many times fewer."""
    rows = []
    for iterations in AT_ITERATIONS:
        error = min(theirs.values())[0] * (ITERATIONS - 1) / (iterations - 1)
        agave_ms = iterations * float(np.mean(AGAVE_MS[name]))
        for way, errors in ours["errors"].items():
            samples = needed(ours["samples"], errors, error)
            ms = samples * ours["sample_ms"] + ours["filter_ms"][way]
            rows.append(
                {
                    "iterations": iterations,
                    "error": error,
                    "way": way,
                    "samples": samples,
                    "times_fewer_samples": iterations / samples,
                    "times_less_time": agave_ms / ms,
                }
            )
    return rows


def table(
    name: str,
    ours: Mapping[str, Any],
    theirs: Mapping[str, tuple[float, float]],
    rows: Sequence[Mapping[str, Any]],
) -> str:
    """One scene's results in words and columns."""
    found = ", ".join(f"{error:.5f} by {way} (divided by {factor:.2f})" for way, (error, factor) in theirs.items())
    low, high = AGAVE_MS[name]
    heading = f"ours, {ours['sample_ms']:.0f} ms a sample; at"
    lines = [
        f"{name}: AGAVE's relMSE at {ITERATIONS} iterations is {found}; recorded {low:.0f}-{high:.0f} ms an iteration",
        f"{heading:>30} " + " ".join(f"{n:>9}" for n in ours["samples"]),
    ]
    for way, errors in ours["errors"].items():
        filter_ms = f" +{ours['filter_ms'][way]:.0f} ms" if ours["filter_ms"][way] else ""
        lines.append(f"  {way + filter_ms:>28} " + " ".join(f"{error:9.5f}" for error in errors))
    lines.append(f"  {'AGAVE at':>10} {'relMSE':>9} {'ours':>12} {'samples':>8} {'x fewer':>8} {'x less time':>12}")
    most, least = max(ours["samples"]), min(ours["samples"])
    for row in rows:
        n = row["samples"]
        some = f"> {most}" if math.isinf(n) else f"<= {least}" if n == least else f"{n:.1f}"
        fewer, less = (
            "-" if math.isinf(n) else f"{row[key]:.1f}" for key in ("times_fewer_samples", "times_less_time")
        )
        lines.append(f"  {row['iterations']:>10} {row['error']:9.5f} {row['way']:>12} {some:>8} {fewer:>8} {less:>12}")
    return "\n".join(lines) + "\n"


def main() -> None:
    options = _options()
    data = Path(os.environ.get("HOSTA_DATA", "")) / DATA
    if not data.is_file():
        raise SystemExit(f"HOSTA_DATA names no folder with {DATA}")
    names = options.scene or list(SCENES)
    pictures = {name: options.agave / f"{name}_{SIZE[0]}_{ITERATIONS}it.png" for name in names}
    if missing := [str(path) for path in pictures.values() if not path.is_file()]:
        raise SystemExit(f"there is no {missing[0]}; --agave names the folder of AGAVE's pictures")
    results: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Context.create(options.device)) as context,
        closing(open_scene([str(data)])) as scene,
        closing(ResidentScene(context, scene)) as resident,
    ):
        device = context.info.name
        print(f"{device}; {Machine.here()}; {SIZE[0]}x{SIZE[1]}\n", flush=True)
        for name in names:
            state = saved(name, data, Path(folder), SIZE).state(scene)
            with closing(Renderer(context, scene, 64, 64, resident=resident)) as renderer:
                ours = measured(renderer, state, options)
            theirs = agave_noise(
                decoded(np.asarray(Image.open(pictures[name]).convert("RGB"))),
                ours.pop("truth"),
                ours.pop("independent"),
                ours["known"],
            )
            rows = rows_of(name, ours, theirs)
            results[name] = {"agave": theirs, "hosta": ours, "rows": rows}
            print(table(name, ours, theirs, rows), flush=True)
    if options.json:
        facts = {"device": device, "machine": str(Machine.here()), "results": results}
        options.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agave", type=Path, required=True, help="the folder of AGAVE's pictures")
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="repeatable; all without it")
    parser.add_argument("--spp", default="1,2,4,8,16,32,64", help="sample counts of the curves, rising")
    parser.add_argument("--reference-spp", type=int, default=256, help="of both halves together")
    parser.add_argument("--seeds", type=int, default=1, help="pictures a figure is the mean of")
    parser.add_argument("--device", type=int, help="the EGL device, as hosta doctor numbers them")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
