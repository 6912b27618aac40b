"""Furnaces: where all matter gives back what it gets, and light comes from everywhere, there is nothing to be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.lights import linear
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.layer import Channel, ImageLayer
from render.state.light import Lighting, Sky
from render.state.material import Material
from render.state.rendering import Rendering
from render.state.view import Shading, ViewState

from .conftest import Draw
from .estimates import estimate
from .scenes import DARK, along, array_scene, phantom_scene, plain, scene_of

WHITE = (1.0, 1.0, 1.0)
SEEN = Lighting(lights=(), sky=Sky(top=WHITE, middle=WHITE, bottom=WHITE, intensity=1.0, seen=True))
FULL = Channel(window=(0.0, 65535.0))


def srgb(value: float) -> float:
    """IEC 61966-2-1 encoding."""
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def grey(value: float) -> tuple[float, float, float]:
    """The colour whose linear components are `value`."""
    return (srgb(value),) * 3


def noise(shape: tuple[int, ...], seed: int = 1) -> NDArray[np.uint16]:
    """Blocks of 4 voxels of any value, half of them empty, and single voxels of noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.random(tuple(-(-n // 4) for n in shape)) ** 2 * (rng.random(tuple(-(-n // 4) for n in shape)) < 0.5)
    for axis in range(3):
        coarse = coarse.repeat(4, axis)
    coarse = coarse[tuple(slice(n) for n in shape)]
    return (np.clip(coarse + 0.05 * rng.random(shape), 0, 1) * 65535).astype(np.uint16)


def furnace(scene: Scene, density: float, g: float = 0.0, scatterings: int = 1024, **changes: Any) -> ViewState:
    fields: dict[str, Any] = {
        "lighting": SEEN,
        "shading": Shading(density=density, mode="phase", anisotropy=g),
        "rendering": Rendering(reference=True, scatterings=scatterings, sampler="independent"),
        "channel": FULL,
        "seed": 2,
    }
    return plain(scene, density, **{**fields, **changes})


def is_white(draw: Draw, scene: Scene, state: ViewState, samples: int, least: float = 0.0, size: int = 24) -> None:
    """The radiance is 1 over the whole picture, within 3 standard errors. `least`: so noisy it should be, or nothing
    has been scattered and there is nothing to prove.
    """
    renderer = draw(scene, size, size)
    renderer.set_state(state, 1)
    got = estimate(renderer, samples)
    assert least <= got.error < 0.01
    # A path of which every part is exact has no noise at all.
    assert abs(got.mean - 1) < 3 * got.error + 1e-5, got
    assert (renderer.read_mean()[..., 3] == 1).all()


@pytest.mark.parametrize("density", [0.1, 1.0, 5.0, 20.0])
@pytest.mark.parametrize("g", [-0.8, 0.0, 0.5, 0.9])
def test_a_cube_of_any_phase_function(draw: Draw, density: float, g: float) -> None:
    scene = phantom_scene("synthetic:constant?size=16&dtype=uint16")
    is_white(draw, scene, furnace(scene, density, g), 64)


@pytest.mark.parametrize("density", [100.0, 1000.0])
@pytest.mark.parametrize("g", [-0.8, 0.0, 0.8])
def test_thin_slabs_of_any_density(draw: Draw, density: float, g: float) -> None:
    """As deep as `density` along the slab, and a sixty-fourth of that across it, where paths get out."""
    scene = array_scene(np.full((1, 64, 64), 65535, np.uint16))
    is_white(draw, scene, furnace(scene, density, g), 64)


@pytest.mark.parametrize("density", [3.0, 30.0])
@pytest.mark.parametrize("sampler", ["independent", "sobol"])
def test_a_heterogeneous_volume(draw: Draw, density: float, sampler: str) -> None:
    scene = array_scene(noise((30, 40, 50)))
    state = furnace(scene, density, 0.3, rendering=Rendering(reference=True, scatterings=1024, sampler=sampler))
    is_white(draw, scene, state, 64)


@pytest.mark.parametrize("direct", ["mis", "light", "bsdf"])
def test_light_may_be_asked_in_any_way(draw: Draw, direct: str) -> None:
    scene = array_scene(noise((30, 40, 50)))
    rendering = Rendering(reference=True, scatterings=1024, sampler="independent", direct=direct)
    is_white(draw, scene, furnace(scene, 8.0, 0.6, rendering=rendering), 128)


@pytest.mark.parametrize("mixing", ["physical", "max"])
def test_several_channels_and_volumes(draw: Draw, mixing: str) -> None:
    turned = np.eye(4)
    turned[:3, :3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.5]]
    scene = scene_of(
        MemorySource(np.stack([noise((24, 24, 24), s) for s in (1, 2, 3)])),
        MemorySource(noise((20, 24, 16), 4), world_from_vox=turned),
    )
    rendering = Rendering(reference=True, scatterings=1024, sampler="independent", mixing=mixing)
    is_white(draw, scene, furnace(scene, 10.0, 0.4, rendering=rendering), 64)


def left_in_time(density: float, n: int, paths: int) -> tuple[float, float]:
    """The share of paths that enter a half space along its normal and have left it within n collisions, and the error.

    A random walk in numpy, of isotropic scattering; only the depth counts.
    """
    rng = np.random.default_rng(7)
    depth = np.zeros(paths)
    cos = np.ones(paths)
    left = 0
    for _ in range(n + 1):
        depth = depth + cos * rng.exponential(size=len(depth))
        out = (depth < 0) | (depth > density)
        left += int(out.sum())
        depth = depth[~out]
        cos = rng.uniform(-1, 1, len(depth))
    share = left / paths
    return share, float(np.sqrt(share * (1 - share) / paths))


@pytest.mark.parametrize("scatterings", [1, 8, 64])
def test_a_deep_cube_lacks_the_paths_that_are_cut_off(draw: Draw, scatterings: int) -> None:
    """A thousand optical depths hold most light for longer than any number of scatterings: what comes out is the share
    of walks that leave in time, by an independent random walk.
    """
    scene = phantom_scene("synthetic:constant?size=16&dtype=uint16")
    state = furnace(scene, 1000.0, scatterings=scatterings, camera=along((7.5, 7.5, -50), (0, 0, 1)))
    renderer = draw(scene, 32, 32)
    renderer.set_state(state, 1)
    got = estimate(renderer, 64)
    expected, error = left_in_time(1000.0, scatterings, 200_000)
    assert 0.1 < expected < 0.96
    assert abs(got.mean - expected) < 3 * np.hypot(error, got.error), (got, expected, error)


# ---- matter as warm as the sky ----


@pytest.mark.parametrize("density", [0.5, 10.0, 1000.0])
@pytest.mark.parametrize("albedo", [0.0, 0.5, 0.98])
def test_matter_that_emits_what_it_absorbs_cannot_be_seen(draw: Draw, density: float, albedo: float) -> None:
    """Kirchhoff: absorbed and emitted in equilibrium, at any depth; Russian roulette ends the paths."""
    scene = array_scene(noise((24, 24, 24)))
    channel = Channel(window=(0.0, 65535.0), color=grey(albedo), material=Material(emission=grey(1 - albedo)))
    is_white(draw, scene, furnace(scene, density, 0.2, channel=channel), 64)


def test_warm_matter_of_different_colours(draw: Draw) -> None:
    scene = array_scene(np.stack([noise((24, 24, 24), s) for s in (1, 2)]))
    channels = []
    for albedo in ((0.9, 0.5, 0.1), (0.2, 0.6, 0.95)):
        color, glow = tuple(map(srgb, albedo)), tuple(srgb(1 - part) for part in albedo)
        channels.append(Channel(window=(0.0, 65535.0), color=color, material=Material(emission=glow)))
    layers = (ImageLayer(source="0", channels=tuple(channels)),)
    state = furnace(scene, 20.0, layers=layers)
    is_white(draw, scene, state, 64)
    # Each colour by itself, over all pixels.
    renderer = draw(scene, 24, 24)
    renderer.set_state(state, 1)
    renderer.render_still(128)
    mean = renderer.read_mean()[..., :3].astype(np.float64).reshape(-1, 3)
    error = mean.std(axis=0) / np.sqrt(len(mean))
    assert (np.abs(mean.mean(axis=0) - 1) < 3.5 * error).all()


@pytest.mark.parametrize("tau", [0.1, 1.0, 4.0])
def test_black_matter_that_glows_by_its_integral(draw: Draw, tau: float) -> None:
    """Emission (1 - exp(-tau)), colour by colour, without any light; strength scales it."""
    scene = phantom_scene("synthetic:constant?size=20,30,40&dtype=uint16")
    glow = (1.0, 0.5, 0.1)
    material = Material(emission=glow, emission_strength=2.5)
    state = furnace(
        scene, 2 * tau, scatterings=4, lighting=DARK, camera=along((0.3, 0.7, -200), (0, 0, 1)),
        channel=FULL.model_copy(update={"color": (0.0, 0.0, 0.0), "material": material}),
    )  # fmt: skip
    renderer = draw(scene, 64, 64)
    renderer.set_state(state, 1)
    renderer.render_still(32)
    got = renderer.read_mean()[..., :3].astype(np.float64).mean(axis=(0, 1))
    share = 1 - np.exp(-tau)
    expected = 2.5 * linear(glow) * share
    error = 2.5 * linear(glow) * np.sqrt(share * (1 - share) / (64 * 64 * 32))
    assert (np.abs(got - expected) < 3 * error).all()


# ---- surfaces ----


def ball() -> Scene:
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 24),) * 3, indexing="ij")
    return array_scene((np.clip(3.0 - 4.0 * np.sqrt(x * x + y * y + z * z), 0, 1) * 65535).astype(np.uint16))


@pytest.mark.parametrize("mode", ["brdf", "mixed"])
@pytest.mark.parametrize("density", [10.0, 400.0])
def test_a_white_lambert_solid_cannot_be_seen(draw: Draw, mode: str, density: float) -> None:
    """Each event sends on all of what comes, and in the end all paths are outside: the answer is 1 for surfaces as it
    is for phase functions, whatever shape the matter has and however a collision becomes the one or the other.
    """
    scene = ball()
    channel = Channel(window=(0.0, 65535.0), material=Material(specular=0.0))
    state = furnace(scene, density, channel=channel, shading=Shading(density=density, mode=mode))
    is_white(draw, scene, state, 64, least=1e-9)


def test_a_glossy_solid_only_loses(draw: Draw) -> None:
    """Microfacets lose what they shadow from each other, at each of the many events in a fuzzy shell; none is added."""
    scene = ball()
    channel = Channel(window=(0.0, 65535.0), material=Material(specular=0.5, roughness=0.6))
    renderer = draw(scene, 24, 24)
    renderer.set_state(furnace(scene, 400.0, channel=channel, shading=Shading(density=400.0, mode="brdf")), 1)
    got = estimate(renderer, 64)
    assert 0.5 < got.mean < 1 - 10 * got.error


# ---- the eye inside ----


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_the_eye_in_the_middle_of_a_fog(draw: Draw, projection: str) -> None:
    scene = array_scene(noise((24, 24, 24)))
    camera = Camera(position=(11.0, 12.0, 10.0), focal_point=(14.0, 11.0, 20.0), view_up=(0.0, -1.0, 0.0),
                    projection=projection, parallel_scale=6.0, aperture=2.0)  # fmt: skip
    is_white(draw, scene, furnace(scene, 20.0, camera=camera), 64, least=0.0)
