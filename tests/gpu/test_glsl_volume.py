"""What shaders read of volumes: texels, transfer functions, labels, gradients, transmittances; against numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from render.engine.layout import PARAMS
from render.engine.look import Look
from render.engine.resident import ResidentScene
from render.engine.transfer import srgb_to_linear
from render.gpu.context import Context
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.layer import Channel
from render.state.view import ViewState

from .glsl import call
from .scenes import along, array_scene, full_window, optical_depth, plain, record_of, scene_of

VOLUME = ["box", "colour", "bricks", "transfer", "labels", "medium"]
SHAPE = (37, 45, 70)
Uploaded = tuple[ResidentScene, Look]


class Uploads:
    """Puts scenes on the device and takes them off again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._made: list[Uploaded] = []

    def __call__(self, scene: Scene, state: ViewState, payload: int = 32) -> Uploaded:
        resident = ResidentScene(self._context, scene, payload=payload)
        look = Look(resident)
        look.update(state)
        self._made.append((resident, look))
        return resident, look

    def close(self) -> None:
        for resident, look in self._made:
            look.close()
            resident.close()


@pytest.fixture
def upload(gl: Context) -> Iterator[Uploads]:
    uploads = Uploads(gl)
    yield uploads
    uploads.close()
    gl.check()


def noise(shape: tuple[int, ...], dtype: str, seed: int = 1) -> NDArray[np.generic]:
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.normal(5.0, 100.0, shape).astype(np.float32)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def places(shape: tuple[int, int, int], n: int = 6000) -> NDArray[np.float32]:
    """Grid positions x, y, z, also on all faces and borders of bricks."""
    size = np.array(shape[::-1])
    g = np.random.default_rng(3).uniform(0, 1, (n, 3)) * size
    g[:8] = [[x, y, z] for x in (0, size[0]) for y in (0, size[1]) for z in (0, size[2])]
    g[8:300] = np.rint(g[8:300])
    g[300:600, 0] = 32.0
    return g.astype(np.float32)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "float32", "uint32"])
def test_intensities_are_trilinear_across_bricks(upload: Uploads, dtype: str) -> None:
    voxels = noise(SHAPE, dtype)
    scene = array_scene(voxels)
    resident, look = upload(scene, plain(scene))
    g = places(SHAPE)
    body = "result = intensity_at(0, volumes[0].size.xyz, volumes[0].bricks.xyz, g);"
    got = call(body, {"g": g}, VOLUME, result="float", scene=(resident, look)).astype(np.float64)
    encoding = resident.channels[0].encoding
    assert encoding is not None
    at = (g.astype(np.float64) - 0.5)[:, ::-1].T
    expected = map_coordinates(voxels.astype(np.float64), at, order=1, mode="nearest")
    span = encoding.hi - encoding.lo
    # Software rasterisers weigh 8-bit texels with 8-bit weights.
    tolerance = 2.5 / 255 if dtype.endswith("t8") else 3e-3 if resident.atlases.keys() == {"r8"} else 4e-5
    np.testing.assert_allclose(got, (expected - encoding.lo) / span, atol=tolerance)


def test_intensities_of_empty_constant_and_full_bricks(upload: Uploads) -> None:
    voxels = np.zeros((32, 32, 96), np.uint16)
    voxels[:, :, 32:64] = noise((32, 32, 32), "uint16")
    voxels[:, :, 64:] = 40_000
    scene = array_scene(voxels)
    resident, look = upload(scene, plain(scene))
    # The first and the last brick touch other values in their aprons, so none of them is constant.
    assert resident.atlases["r16"].used == 3
    g = np.array([[4, 4, 4], [80, 9, 9], [32, 8, 8], [64, 8, 8]], np.float32)
    body = "result = intensity_at(0, volumes[0].size.xyz, volumes[0].bricks.xyz, g);"
    got = call(body, {"g": g}, VOLUME, result="float", scene=(resident, look))
    expected = map_coordinates(voxels.astype(float), (g - 0.5)[:, ::-1].T, order=1) / 65535
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_opacity_and_albedo_follow_the_transfer_function(upload: Uploads) -> None:
    scene = array_scene(noise((8, 8, 8), "uint16"))
    curve = ((0.1, 0.0), (0.3, 0.8), (0.7, 0.2), (1.0, 1.0))
    channel = Channel(window=(1000.0, 50_000.0), curve=curve, opacity=0.6, color_map="viridis")
    shown = upload(scene, plain(scene, channel=channel))
    values = np.linspace(0, 65535, 4001)
    texel = {"texel": (values / 65535).astype(np.float32)}
    opacity = call("result = opacity_of(0, texel);", texel, VOLUME, result="float", scene=shown)
    albedo = call("result = albedo_of(0, texel);", texel, VOLUME, result="vec3", scene=shown)
    x = np.clip((values - 1000) / 49_000, 0, 1)
    positions, opacities = zip(*curve, strict=True)
    steepest = 0.8 / 0.2
    np.testing.assert_allclose(opacity, 0.6 * np.interp(x, positions, opacities), atol=0.6 * steepest / 1023)
    # viridis at its ends and middle, as published (matplotlib): sRGB 68 1 84, 33 145 140, 253 231 37.
    ends = srgb_to_linear(np.array([[68, 1, 84], [33, 145, 140], [253, 231, 37]]) / 255)
    middle = int(np.argmin(np.abs(x - 0.5)))
    np.testing.assert_allclose(albedo[[0, middle, -1]], ends, atol=8e-3)


def test_gradient_of_a_linear_field_in_turned_anisotropic_space(upload: Uploads) -> None:
    """Of opacity = (a . world) + b the gradient in unit space is a times the longest side."""
    angle = 0.6
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    world = np.eye(4)
    world[:3, :3] = turn @ np.diag([0.5, 1.0, 2.0])
    world[:3, 3] = [100, -20, 7]
    z, y, x = np.meshgrid(*(np.arange(n) for n in (20, 30, 40)), indexing="ij")
    voxels = 500.0 * x + 300.0 * y - 400.0 * z + 20_000
    scene = array_scene(voxels.astype(np.uint16), world_from_vox=world)
    shown = upload(scene, plain(scene, channel=Channel(window=(0.0, 60_000.0))))
    g = (np.random.default_rng(7).uniform(0.2, 0.8, (200, 3)) * [40, 30, 20]).astype(np.float32)
    params = PARAMS.array(1)
    params["gradient_taps"] = 6
    got = call("result = opacity_gradient(0, 0, g, 0.0);", {"g": g}, VOLUME, result="vec3", scene=shown, params=params)
    along_voxels = np.array([500.0, 300.0, -400.0]) / 60_000
    expected = scene.box.largest * (np.linalg.inv(world[:3, :3]).T @ along_voxels)
    # The table of opacities has 1024 steps; a difference over two voxels sees at most one of them more or less.
    wrong = np.abs(got - expected).max(axis=0)
    step = scene.box.largest * 0.5 / 1023 * np.abs(np.linalg.inv(world[:3, :3]).T).sum(axis=1)
    assert (wrong <= step * 1.01 + 1e-4).all()


@pytest.mark.parametrize("density", [1.0, 5.0, 15.0])
def test_shadows_have_the_mean_transmittance_of_the_integral(upload: Uploads, density: float) -> None:
    """Ratio tracking with its roulette, 40 000 times along one slanted ray through two volumes."""
    a = MemorySource(noise((20, 24, 28), "uint16", 1), spacing_um=(1.0, 2.0, 1.5))
    b = MemorySource(noise((30, 16, 16), "uint16", 2), spacing_um=(1.0, 1.0, 3.0))
    scene = scene_of(a, b)
    origin, direction = np.array([-40.0, 10.0, 3.0]), np.array([1.0, 0.15, 0.12])
    state = plain(scene, density, camera=along(origin, direction))
    resident, look = upload(scene, state)
    record = record_of(state, scene, resident.unit_from_world, (1, 1))
    n = 40_000
    body = (
        "Rng rng = rng_make(uvec2(i, 0u), 0u, 1u); result = 1.0;"
        "track(params.eye.xyz, params.forward.xyz, 0.0, 1e30, true, rng_next(rng), result, rng);"
    )
    include = ["rng", *VOLUME, "majorant", "tracking"]
    got = call(body, {"i": np.arange(n, dtype=np.uint32)}, include, result="float", params=record,
               scene=(resident, look)).astype(np.float64)  # fmt: skip
    windows = [full_window(np.dtype(np.uint16))] * 2
    expected = np.exp(-optical_depth(scene, origin, direction, density, windows))
    assert 1e-4 < expected < 0.9
    assert abs(got.mean() - expected) < 3 * got.std() / np.sqrt(n)
