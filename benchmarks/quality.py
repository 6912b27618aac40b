"""How far a picture is from the truth, for its samples and for its time.

    python -m benchmarks.quality [--scene brain --scene ct --scene cell] [--size 256x256] [--spp 4,16,64,256]
                                 [--seeds 2] [--threshold 0.05] [--reference-spp 4096] [--cache DIR]
                                 [--data DIR] [--device N] [--json FILE]

The error is relMSE = mean((x - r)^2 / (r^2 + 0.01)) over linear RGB against a reference r of many samples, which is
kept in a folder, grows in steps, and goes on where it was interrupted. Its random numbers are its own.

Compared are Sobol points with independent numbers, a picture whose converged tiles stop with one that samples all
alike, and 16 samples, denoised as `hosta frame --denoise` does or after the filter of the moving picture, with 256 raw
ones.
"At equal time" reads the error of the plain curve, interpolated in logarithms, at the time that the other one took.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import Machine

Floats = NDArray[np.float32]
Layers = Mapping[str, NDArray[Any]]
"""As in Renderer.layers: "color" (h, w, 4) premultiplied linear, "albedo", "normal" (h, w, 3), "depth" (h, w)."""

SCENES = {"brain": "brain/spm152.nii.gz", "ct": "brain/CT_AVM.nii.gz", "cell": "synthetic:cell?size=128"}
EPSILON = 0.01
REFERENCE_STEP_SPP = 64
REFERENCE_SEED = 1_000_000
FEW_SPP, MANY_SPP = 16, 256


def rel_mse(picture: NDArray[Any], reference: NDArray[Any]) -> float:
    """mean((x - r)^2 / (r^2 + EPSILON)) over the first three components of (h, w, 3 or more)."""
    x, r = (np.asarray(a, np.float64)[..., :3] for a in (picture, reference))
    return float(np.mean((x - r) ** 2 / (r**2 + EPSILON)))


@dataclass(frozen=True)
class Shot:
    """A picture, how long it took, and how many samples a pixel got on average."""

    layers: Layers
    seconds: float
    samples: float


class Camera(Protocol):
    """Takes pictures of one scene."""

    def shoot(self, samples: int, seed: int, sampler: str = "sobol", threshold: float = 0.0) -> Shot: ...


@dataclass(frozen=True)
class Curve:
    """Errors of one way to sample: rows of (samples a pixel, seconds, relMSE), means over seeds, rising samples."""

    samples: tuple[float, ...]
    seconds: tuple[float, ...]
    errors: tuple[float, ...]

    def error_at(self, seconds: float) -> float:
        """The error after so many seconds. Straight in logarithms; beyond the ends by the outermost slope."""
        x, y = np.log(self.seconds), np.log(self.errors)
        if len(x) == 1:  # one over the time, as independent samples have
            return float(np.exp(y[0] - (math.log(seconds) - x[0])))
        at = math.log(seconds)
        i = int(np.clip(np.searchsorted(x, at), 1, len(x) - 1))
        slope = (y[i] - y[i - 1]) / (x[i] - x[i - 1])
        return float(np.exp(y[i] + slope * (at - x[i])))


def curve(camera: Camera, reference: Floats, counts: Sequence[int], seeds: Sequence[int], sampler: str) -> Curve:
    rows = []
    for count in counts:
        shots = [camera.shoot(count, seed, sampler) for seed in seeds]
        errors = [rel_mse(shot.layers["color"], reference) for shot in shots]
        rows.append((count, float(np.mean([shot.seconds for shot in shots])), float(np.mean(errors))))
    samples, seconds, errors_ = zip(*rows, strict=True)
    return Curve(samples, seconds, errors_)


def compare_samplers(plain: Curve, better: Curve) -> list[dict[str, float]]:
    """A row a sample count: both errors, and how many times smaller the better one's is at equal samples and time."""
    return [
        {
            "samples": n,
            "independent": e0,
            "sobol": e1,
            "ratio_equal_samples": e0 / e1,
            "ratio_equal_time": plain.error_at(seconds) / e1,
        }
        for n, e0, e1, seconds in zip(plain.samples, plain.errors, better.errors, better.seconds, strict=True)
    ]


def compare_adaptive(
    camera: Camera, reference: Floats, uniform: Curve, most: int, seeds: Sequence[int], threshold: float
) -> dict[str, float]:
    """Tiles that stop at `threshold`, at most `most` samples, against the uniform curve."""
    shots = [camera.shoot(most, seed, threshold=threshold) for seed in seeds]
    error = float(np.mean([rel_mse(shot.layers["color"], reference) for shot in shots]))
    seconds, samples = (float(np.mean([getattr(shot, what) for shot in shots])) for what in ("seconds", "samples"))
    by_samples = Curve(uniform.samples, uniform.samples, uniform.errors)
    return {
        "threshold": threshold,
        "samples": samples,
        "adaptive": error,
        "uniform_equal_samples": by_samples.error_at(samples),
        "uniform_equal_time": uniform.error_at(seconds),
        "ratio_equal_samples": by_samples.error_at(samples) / error,
        "ratio_equal_time": uniform.error_at(seconds) / error,
    }


Filter = Callable[[Shot, Shot], NDArray[Any]]
"""Makes (h, w, 3 or 4) from a picture of FEW_SPP samples and, to know its noise, another one of half as many."""

Still = Callable[[int, int], NDArray[Any]]
"""(h, w, 3 or 4) from samples a pixel and a seed."""


def compare_denoised(
    camera: Camera,
    reference: Floats,
    filters: Mapping[str, Filter],
    seeds: Sequence[int],
    denoise_still: Still | None = None,
) -> dict[str, float]:
    """Errors of MANY_SPP and FEW_SPP raw samples, and of FEW_SPP filtered by each of `filters`, and as a still is."""
    errors: dict[str, list[float]] = {name: [] for name in ("raw_many", "raw_few", *filters)}
    if denoise_still is not None:
        errors["oidn"] = []
    for seed in seeds:
        few = camera.shoot(FEW_SPP, seed)
        half = camera.shoot(FEW_SPP // 2, seed + 5000)
        errors["raw_many"].append(rel_mse(camera.shoot(MANY_SPP, seed).layers["color"], reference))
        errors["raw_few"].append(rel_mse(few.layers["color"], reference))
        for name, apply in filters.items():
            errors[name].append(rel_mse(apply(few, half), reference))
        if denoise_still is not None:
            errors["oidn"].append(rel_mse(denoise_still(FEW_SPP, seed), reference))
    return {name: float(np.mean(values)) for name, values in errors.items()}


def reference_of(
    camera: Camera, file: Path, samples: int, shape: tuple[int, int], say: Callable[[str], None]
) -> Floats:
    """The mean of `samples` independent samples a pixel or a few more, (h, w, 4): as far as `file` has them, and the
    rest is drawn and put there. Each step has a seed of its own."""
    total, done = np.zeros((*shape, 4), np.float64), 0
    if file.is_file():
        with np.load(file) as kept:
            total, done = kept["total"], int(kept["done"])
    while done < samples:
        seed = REFERENCE_SEED + done // REFERENCE_STEP_SPP
        shot = camera.shoot(REFERENCE_STEP_SPP, seed, "independent")
        total += np.asarray(shot.layers["color"], np.float64) * REFERENCE_STEP_SPP
        done += REFERENCE_STEP_SPP
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npz")
        np.savez(part, total=total, done=done)
        os.replace(part, file)
        say(f"reference: {done} of {samples} samples")
    return (total / done).astype(np.float32)


def second_moment(few: Shot, half: Shot) -> NDArray[np.float64]:
    """E[luminance^2] of one sample, (h, w): the layer "luminance2" where the renderer has it.

    Else from the difference of the two pictures: its square, smoothed over 3x3 pixels, is the sum of their variances.
    """
    weights = np.array([0.2126, 0.7152, 0.0722])
    mean = np.asarray(few.layers["color"], np.float64)[..., :3] @ weights
    if "luminance2" in few.layers:
        return np.asarray(few.layers["luminance2"], np.float64)
    other = np.asarray(half.layers["color"], np.float64)[..., :3] @ weights
    squared = np.pad((mean - other) ** 2, 1, mode="edge")
    height, width = mean.shape
    smooth = sum(squared[y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9.0
    variance = smooth / (1.0 / few.samples + 1.0 / half.samples)
    return np.asarray(mean**2 + variance)


# ---- what needs a device ----


class RendererCamera:
    """Takes pictures with the renderer, of one state but for the sampling: the scene's first one where none is said."""

    def __init__(self, renderer: Any, size: tuple[int, int], state: Any = None) -> None:
        self._renderer, self._size = renderer, size
        self._state = renderer.scene.default_state if state is None else state
        self._sequence = 0

    @property
    def key(self) -> str:
        """Changes when what is drawn does, so that no reference is taken for another's."""
        text = self._state.model_dump_json() + repr(self._size)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def shoot(self, samples: int, seed: int, sampler: str = "sobol", threshold: float = 0.0) -> Shot:
        rendering = self._state.rendering.model_copy(update={"sampler": sampler, "noise_threshold": threshold})
        self._sequence += 1
        self._renderer.set_state(self._state.model_copy(update={"seed": seed, "rendering": rendering}), self._sequence)
        started = time.perf_counter()
        found = self._renderer.layers(*self._size, samples)
        seconds = time.perf_counter() - started
        layers = {name: value for name, value in vars(found).items() if value is not None}
        # In the engine's unit, as its own filter has it.
        layers["depth"] = layers["depth"] * np.float32(self._renderer.resident.unit_from_world[0, 0])
        count = float(np.mean(layers["samples"])) if "samples" in layers else float(samples)
        return Shot(layers, seconds, count)

    def denoised(self, samples: int, seed: int) -> NDArray[Any]:
        """What `hosta frame --denoise` makes. Raises HostaError where Open Image Denoise is not installed."""
        from render.commands.frame_pixels import Shot as Wanted
        from render.commands.frame_pixels import linear

        self._sequence += 1
        self._renderer.set_state(self._state.model_copy(update={"seed": seed}), self._sequence)
        return linear(self._renderer, Wanted(*self._size, samples, True), None).color


def moving_picture_filter(few: Shot, half: Shot) -> NDArray[Any]:
    """The engine's own filter, as the moving picture gets it without a picture before."""
    from render.engine.denoise import denoise_layers

    return denoise_layers({**few.layers, "luminance2": second_moment(few, half)}, few.samples)


def has(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def main() -> None:
    from render.commands.frame import parse_size
    from render.engine.renderer import Renderer
    from render.gpu.context import Context
    from render.scene.open import open_scene

    options = _options()
    width, height = parse_size(options.size)
    counts = sorted(int(n) for n in options.spp.split(","))
    seeds = range(1, options.seeds + 1)
    filters: dict[str, Filter] = {"own_filter": moving_picture_filter}
    oidn = has("pyoidn")
    results: dict[str, Any] = {}
    with closing(Context.create(options.device)) as context:
        print(f"{context.info.name}; {Machine.here()}; {width}x{height}\n")
        for name in options.scene or list(SCENES):
            path = SCENES.get(name, name)
            if name in SCENES and not path.startswith("synthetic:"):
                if options.data is None:
                    print(f"{name}: left out, --data or HOSTA_DATA names no folder\n")
                    continue
                path = str(options.data / path)
            with closing(open_scene([path])) as scene, closing(Renderer(context, scene, 64, 64)) as renderer:
                camera = RendererCamera(renderer, (width, height))
                label = name if name in SCENES else hashlib.sha256(path.encode()).hexdigest()[:8]
                file = options.cache / f"{label}-{width}x{height}-{camera.key}.npz"
                reference = reference_of(camera, file, options.reference_spp, (height, width), _say)
                camera.shoot(1, 0)  # compiles
                plain = curve(camera, reference, counts, seeds, "independent")
                sobol = curve(camera, reference, counts, seeds, "sobol")
                results[name] = {
                    "samplers": compare_samplers(plain, sobol),
                    "adaptive": compare_adaptive(camera, reference, sobol, counts[-1], seeds, options.threshold),
                    "denoised": compare_denoised(camera, reference, filters, seeds, camera.denoised if oidn else None),
                }
                print(table(name, results[name]), flush=True)
        facts = {"size": [width, height], "reference_spp": options.reference_spp, "device": context.info.name}
    if options.json:
        text = json.dumps({**facts, "machine": str(Machine.here()), "results": results}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")


def table(name: str, result: Mapping[str, Any]) -> str:
    """One scene's results in words and columns."""
    lines = [name, f"  {'spp':>6} {'independent':>12} {'sobol':>10} {'x equal spp':>12} {'x equal time':>13}"]
    lines += [
        f"  {row['samples']:6.0f} {row['independent']:12.5f} {row['sobol']:10.5f} {row['ratio_equal_samples']:12.2f} "
        f"{row['ratio_equal_time']:13.2f}"
        for row in result["samplers"]
    ]
    a = result["adaptive"]
    lines.append(
        f"  tiles stop at {a['threshold']:g}: {a['samples']:.0f} spp, relMSE {a['adaptive']:.5f}, "
        f"{a['ratio_equal_samples']:.2f} x better at equal spp, {a['ratio_equal_time']:.2f} x at equal time"
    )
    d = result["denoised"]
    for filter_name in sorted(set(d) - {"raw_many", "raw_few"}):
        lines.append(
            f"  {FEW_SPP} spp: {d['raw_few']:.5f} raw, {d[filter_name]:.5f} with {filter_name}; {MANY_SPP} spp raw: "
            f"{d['raw_many']:.5f} ({d['raw_many'] / d[filter_name]:.2f} x)"
        )
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    print(f"  {text}", end="\r", flush=True)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hosta" / "quality"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scene", action="append", help=f"{', '.join(SCENES)}, or a path; may be repeated")
    parser.add_argument("--size", default="256x256", metavar="WxH")
    parser.add_argument("--spp", default="4,16,64,256", help="sample counts of the curves")
    parser.add_argument("--seeds", type=int, default=2, help="pictures a figure is the mean of")
    parser.add_argument("--threshold", type=float, default=0.05, help="relative error at which a tile stops")
    parser.add_argument("--reference-spp", type=int, default=4096)
    parser.add_argument("--cache", type=Path, default=_cache_folder(), help="where references are kept")
    data = os.environ.get("HOSTA_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, help="the folder of real volumes")
    parser.add_argument("--device", type=int, help="hosta's EGL device, as hosta doctor numbers them")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
