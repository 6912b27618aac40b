"""The path tracer against Mitsuba 3's `volpath`: the same medium, light and camera, and how far the means are apart.

    python -m benchmarks.mitsuba_scenes [--size 96] [--spp 1024] [--bounces 1,8] [--scenes thin,dense] [--out DIR]

A heterogeneous medium in a cube of side 1. Both take the voxels as trilinear between their centres and constant from
the outermost centres to the faces (Mitsuba's `gridvolume` with the wrap mode `clamp`), and both put samples into pixels
by a tent filter of radius 1. `max_depth` counts the edges of a path: light that was scattered n times has n + 1.
Mitsuba plays no Russian roulette (`rr_depth`), Hosta does from the third event on; nothing is clamped. Sources of light
are not seen directly.

Bias is (Hosta - Mitsuba) / Mitsuba of the picture's mean luminance. Its standard error is that of independent seeds, of
which each renderer draws PARTS. `blocks` is the largest of |difference| / error over blocks of pixels: they show
whether a bias of one part hides behind one of another.
"""

from __future__ import annotations

import argparse
import math
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import Machine
from render.bricks.stats import channel_stats
from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene, SceneLayer
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.layer import Channel, ImageLayer
from render.state.light import DirectionalLight, Light, Lighting, PointLight, RectangleLight, Sky, SphereLight
from render.state.rendering import Rendering
from render.state.view import Shading, ViewState

N = 24
PARTS = 8
# Mitsuba moves a ray that enters a medium by 1e-4 (1 + |p|), and what lies before that does not scatter: in a cube of
# side 1 with an optical depth of 60 it takes half a percent from the light. In a large cube it is a third of that.
SCALE = 1000.0
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
EYE = Camera(
    position=(1.3, -1.9, 1.2), focal_point=(0.0, 0.0, 0.0), view_up=(0.0, 0.0, 1.0), view_angle=44.0
)  # all of the cube is inside the picture, so that filters at its edge do not count
Picture = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """`density` is the optical depth at opacity 1 across the cube, `albedo` linear, `sky` radiance from everywhere."""

    density: float
    g: float = 0.0
    albedo: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lights: tuple[Light, ...] = ()
    sky: float = 0.0


_WHITE = (1.0, 1.0, 1.0)
CASES = {
    "thin": Case(1.0, sky=1.0),
    "dense": Case(
        60.0,
        lights=(
            RectangleLight(position=(0.7, -1.6, 1.5), width=0.9, height=0.5, up=(0.0, 0.0, 1.0), color=_WHITE),
        ),
    ),
    "forward": Case(8.0, g=0.8, lights=(PointLight(position=(-1.6, 2.2, 1.3), color=_WHITE, intensity=3.0),)),
    "coloured": Case(
        15.0, g=0.3, albedo=(0.95, 0.6, 0.2), sky=0.4,
        lights=(SphereLight(position=(1.4, 0.3, 1.3), radius=0.3, color=(1.0, 0.8, 0.6), intensity=1.5),),
    ),
    "sunlit": Case(
        6.0, g=-0.4, albedo=(0.8, 0.8, 0.8), lights=(DirectionalLight(position=(0.5, -0.8, 1.0), color=_WHITE),)
    ),
}  # fmt: skip


def voxels() -> NDArray[np.uint16]:
    """Blocks of 4 voxels, four in ten of them empty, (N, N, N)."""
    rng = np.random.default_rng(5)
    blocks = (0.1 + 0.9 * rng.random((N // 4,) * 3)) * (rng.random((N // 4,) * 3) > 0.4)
    return np.rint(np.kron(blocks, np.ones((4, 4, 4))) * 65535).astype(np.uint16)


def linear(color: tuple[float, float, float]) -> Picture:
    """IEC 61966-2-1 decoding."""
    c = np.asarray(color, np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def encoded(values: tuple[float, float, float]) -> tuple[float, float, float]:
    """IEC 61966-2-1 encoding."""
    r, g, b = (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in values)
    return r, g, b


# ---- Hosta ----


def scene_of(grid: NDArray[np.uint16]) -> Scene:
    """The cube of side 1 about the origin: world and unit space are the same."""
    world = np.diag([1 / N, 1 / N, 1 / N, 1.0])
    world[:3, 3] = 0.5 / N - 0.5
    source = MemorySource(grid, world_from_vox=world)
    return Scene("cube", [SceneLayer("0", source, (channel_stats(source, 0),))])


def state_of(case: Case, scatterings: int) -> ViewState:
    """`case` as Hosta has it."""
    glow = encoded((case.sky,) * 3)
    channel = Channel(window=(0.0, 65535.0), color=encoded(case.albedo))
    return ViewState(
        camera=EYE,
        layers=(ImageLayer(source="0", channels=(channel,)),),
        shading=Shading(density=case.density, mode="phase", anisotropy=case.g),
        lighting=Lighting(lights=case.lights, sky=Sky(top=glow, middle=glow, bottom=glow, intensity=1.0)),
        rendering=Rendering(reference=True, scatterings=scatterings),
    )


def hosta(context: Context, case: Case, scatterings: int, size: int, spp: int) -> Picture:
    """PARTS pictures of spp / PARTS samples, (PARTS, size, size, 3)."""
    with closing(Renderer(context, scene_of(voxels()), size, size)) as renderer:
        parts = []
        for seed in range(PARTS):
            renderer.set_state(state_of(case, scatterings).model_copy(update={"seed": seed}), seed)
            renderer.render_still(max(1, spp // PARTS))
            parts.append(renderer.read_mean()[..., :3].astype(np.float64))
        return np.stack(parts)


# ---- Mitsuba ----


def rectangle_share(width: float, height: float, distance: float) -> float:
    """What a rectangle of radiance 1 gives to a surface below its middle that faces it, over pi; added up over it."""
    n = 1000
    x, y = np.meshgrid((np.arange(n) + 0.5) / n - 0.5, (np.arange(n) + 0.5) / n - 0.5)
    square = (x * width) ** 2 + (y * height) ** 2 + distance**2
    return float((distance**2 / square**2).mean()) * width * height / math.pi


def mitsuba_light(mi: Any, light: Light) -> dict[str, Any]:
    """A light of Hosta's in Mitsuba's terms. `intensity` is the irradiance at the origin over pi."""
    place = np.asarray(light.position, np.float64) * SCALE
    distance = float(np.linalg.norm(place))
    irradiance = math.pi * light.intensity * linear(light.color)
    clear = {"type": "null"}  # lights do not take the sky's light away

    def rgb(value: NDArray[np.float64]) -> dict[str, Any]:
        return {"type": "rgb", "value": value.tolist()}

    t = mi.ScalarTransform4f()
    match light:
        case RectangleLight():
            up = list(light.up or (0.0, 0.0, 1.0))
            placed = t.look_at(origin=place.tolist(), target=[0, 0, 0], up=up)
            radiance = irradiance / (math.pi * rectangle_share(light.width, light.height, distance / SCALE))
            return {
                "type": "rectangle", "bsdf": clear, "emitter": {"type": "area", "radiance": rgb(radiance)},
                "to_world": placed @ t.scale([light.width / 2 * SCALE, light.height / 2 * SCALE, 1]),
            }  # fmt: skip
        case SphereLight():
            radiance = irradiance * (distance / (light.radius * SCALE)) ** 2 / math.pi
            return {
                "type": "sphere", "center": place.tolist(), "radius": light.radius * SCALE, "bsdf": clear,
                "emitter": {"type": "area", "radiance": rgb(radiance)},
            }  # fmt: skip
        case PointLight():
            return {"type": "point", "position": place.tolist(), "intensity": rgb(irradiance * distance**2)}
        case DirectionalLight():
            return {"type": "directional", "direction": (-place).tolist(), "irradiance": rgb(irradiance)}
    raise ValueError(f"Mitsuba's counterpart of a {light.kind} light is not written")


def mitsuba_scene(mi: Any, case: Case, scatterings: int, size: int) -> Any:
    """`case` as Mitsuba has it."""
    t = mi.ScalarTransform4f()
    eye = np.asarray(EYE.position) * SCALE
    grid = mi.VolumeGrid((voxels() / 65535.0).astype(np.float32)[..., None])
    medium = {
        "type": "heterogeneous",
        "sigma_t": {
            "type": "gridvolume", "grid": grid, "raw": True, "filter_type": "trilinear", "wrap_mode": "clamp",
            "to_world": t.scale(SCALE).translate([-0.5, -0.5, -0.5]),
        },
        "albedo": {"type": "constvolume", "value": {"type": "rgb", "value": list(case.albedo)}},
        "phase": {"type": "hg", "g": case.g},
        "scale": case.density / SCALE,
    }  # fmt: skip
    content: dict[str, Any] = {
        "type": "scene",
        "integrator": {
            "type": "volpath", "max_depth": scatterings + 1, "rr_depth": 1_000_000, "hide_emitters": True,
        },
        "sensor": {
            "type": "perspective", "fov": EYE.view_angle, "fov_axis": "y",
            "near_clip": 1e-3 * SCALE, "far_clip": 100 * SCALE,
            "to_world": t.look_at(origin=eye.tolist(), target=[0, 0, 0], up=list(EYE.view_up)),
            "film": {
                "type": "hdrfilm", "width": size, "height": size, "pixel_format": "rgb", "component_format": "float32",
                "rfilter": {"type": "tent", "radius": 1.0},
            },
            "sampler": {"type": "independent"},
        },
        "cube": {
            "type": "cube", "to_world": t.scale(0.5 * SCALE), "bsdf": {"type": "null"}, "interior": medium,
        },
    }  # fmt: skip
    for number, light in enumerate(case.lights):
        content[f"light{number}"] = mitsuba_light(mi, light)
    if case.sky > 0:
        content["sky"] = {"type": "constant", "radiance": {"type": "rgb", "value": case.sky}}
    return mi.load_dict(content)


def mitsuba(case: Case, scatterings: int, size: int, spp: int) -> Picture:
    """PARTS pictures of spp / PARTS samples, (PARTS, size, size, 3)."""
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    scene = mitsuba_scene(mi, case, scatterings, size)
    pictures = [np.array(mi.render(scene, spp=max(1, spp // PARTS), seed=seed)) for seed in range(PARTS)]
    return np.stack(pictures).astype(np.float64)


# ---- both ----


@dataclass(frozen=True)
class Comparison:
    """`bias` and `error` relative to Mitsuba's mean; `blocks` the worst block's difference in its standard errors."""

    bias: float
    error: float
    blocks: float
    ours: Picture
    theirs: Picture
    ours_s: float
    theirs_s: float


def compare(context: Context, case: Case, scatterings: int, size: int, spp: int, block: int = 8) -> Comparison:
    """Draw a case with both. `size` is a multiple of `block`, pixels."""
    started = time.perf_counter()
    ours = hosta(context, case, scatterings, size, spp)
    between = time.perf_counter()
    theirs = mitsuba(case, scatterings, size, spp)
    ended = time.perf_counter()
    a, b = (picture @ LUMINANCE for picture in (ours, theirs))
    a_mean, a_error = _mean(a.mean(axis=(1, 2)))
    b_mean, b_error = _mean(b.mean(axis=(1, 2)))
    error = math.hypot(float(a_error), float(b_error)) / float(b_mean)
    counts = size // block
    (a_blocks, a_errors), (b_blocks, b_errors) = (
        _mean(x.reshape(PARTS, counts, block, counts, block).mean(axis=(2, 4))) for x in (a, b)
    )
    # Of empty blocks there is nothing to say, and an error of few samples is not smaller than a hundredth.
    lit = b_blocks > 0.05 * b_blocks.max()
    errors = np.maximum(np.hypot(a_errors, b_errors), 0.003 * b_blocks)
    worst = float((np.abs(a_blocks - b_blocks)[lit] / errors[lit]).max())
    return Comparison(
        bias=float(a_mean) / float(b_mean) - 1, error=error, blocks=worst,
        ours=ours.mean(axis=0), theirs=theirs.mean(axis=0), ours_s=between - started, theirs_s=ended - between,
    )  # fmt: skip


def _mean(parts: Picture) -> tuple[Picture, Picture]:
    """The mean over the first axis, and its standard error."""
    return parts.mean(axis=0), parts.std(axis=0, ddof=1) / math.sqrt(len(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--spp", type=int, default=1024)
    parser.add_argument("--bounces", default="1,8")
    parser.add_argument("--scenes", default=",".join(CASES))
    parser.add_argument("--out", type=Path, help="a folder for the pictures, ours beside theirs")
    options = parser.parse_args()
    print(f"{options.size}x{options.size}, {options.spp} spp each, on {Machine.here()}")
    print("| scene | scatterings | bias | standard error | worst block | Hosta | Mitsuba |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with closing(Context.create()) as context:
        for name in options.scenes.split(","):
            for scatterings in map(int, options.bounces.split(",")):
                c = compare(context, CASES[name], scatterings, options.size, options.spp)
                print(
                    f"| {name} | {scatterings} | {c.bias:+.3%} | {c.error:.3%} | {c.blocks:.1f} | "
                    f"{c.ours_s:.1f} s | {c.theirs_s:.1f} s |",
                    flush=True,
                )
                if options.out:
                    options.out.mkdir(parents=True, exist_ok=True)
                    both = np.concatenate([c.ours, c.theirs], axis=1)
                    shown = np.clip(both / np.percentile(both, 99), 0, 1) ** (1 / 2.2) * 255
                    Image.fromarray(shown.astype(np.uint8)).save(options.out / f"{name}_{scatterings}.png")


if __name__ == "__main__":
    main()
