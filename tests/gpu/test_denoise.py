"""The filter of the moving picture: noise goes, edges of all kinds stay, fireflies do not spread, brightness stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from render.engine.denoise import FADE, Denoiser, Guides
from render.gpu.context import Context
from render.gpu.texture import R32F, RGBA32F, Texture2D

from .glsl import call

Picture = NDArray[np.float64]
SIZE = (64, 48)  # width, height


def full(value: ArrayLike, size: tuple[int, int] = SIZE) -> Picture:
    """(height, width, n) of one value of n components."""
    value = np.atleast_1d(np.asarray(value, np.float64))
    return np.broadcast_to(value, (size[1], size[0], len(value))).copy()


def exponential(seed: int, samples: int = 4, size: tuple[int, int] = SIZE) -> Picture:
    """Noise of mean 1 as samples of a light have: (samples, height, width)."""
    return np.random.default_rng(seed).exponential(1.0, (samples, size[1], size[0]))


def denoised(
    brightness: Picture,
    *,
    color: Picture | None = None,
    coverage: Picture | None = None,
    albedo: Picture | None = None,
    normal: Picture | None = None,
    depth: Picture | None = None,
    **options: Any,
) -> Picture:
    """What becomes of samples of irradiance, (samples, height, width): premultiplied colour and coverage, (h, w, 4).

    `coverage` (samples, h, w) of 0 and 1; `albedo`, `normal` (h, w, 3), `depth` (h, w) are alike in all samples.
    """
    samples, height, width = brightness.shape
    size = (width, height)
    coverage = np.ones_like(brightness) if coverage is None else coverage
    albedo = full((0.5, 0.5, 0.5), size) if albedo is None else albedo
    normal = full((0.0, 0.0, 1.0), size) if normal is None else normal
    depth = np.ones((height, width)) if depth is None else depth
    radiance = (brightness * coverage)[..., None] * albedo
    luminance = radiance @ np.array([0.2126, 0.7152, 0.0722])
    hits = coverage.sum(axis=0)[..., None]
    zero = np.zeros((height, width, 1))
    arrays = {
        "color": np.concatenate([radiance.sum(axis=0), hits], axis=2),
        "moments": np.concatenate(
            [hits * depth[..., None], (luminance**2).sum(axis=0)[..., None], zero + samples, zero], axis=2
        ),
        "albedo": np.concatenate([hits * albedo, hits], axis=2),
        "normal": np.concatenate([hits * normal, zero], axis=2),
    }
    textures = {name: texture(array) for name, array in arrays.items()}
    picture = texture(arrays["color"] / max(samples, 1) if color is None else color)
    worth = texture(zero + samples)
    denoiser = Denoiser(width, height)
    answer = denoiser.run(Guides(**textures), picture, worth, size, **options).read().astype(np.float64)
    for thing in (*textures.values(), picture, worth, denoiser):
        thing.close()
    return answer


def texture(array: Picture) -> Texture2D:
    made = Texture2D(array.shape[1], array.shape[0], RGBA32F if array.shape[2] == 4 else R32F)
    made.write(array.astype(np.float32))
    return made


def step(low: float, high: float) -> Picture:
    """(h, w): `low` in the left half, `high` in the right one."""
    values = np.full((SIZE[1], SIZE[0]), low)
    values[:, SIZE[0] // 2 :] = high
    return values


@pytest.mark.parametrize("samples", [1, 2, 8])
def test_noise_goes_and_brightness_stays(gl: Context, samples: int) -> None:
    noisy = np.random.default_rng(1).uniform(0.2, 1.8, (samples, 48, 64))
    answer = denoised(noisy)
    before = noisy.mean(axis=0) * 0.5
    assert answer[..., :3].std(axis=(0, 1)) == pytest.approx(0.0, abs=0.25 * before.std())
    assert answer[..., :3].mean(axis=(0, 1)) == pytest.approx(before.mean(), rel=0.01)
    assert np.array_equal(answer[..., 3], np.ones_like(answer[..., 3]))


def test_skewed_noise_keeps_its_brightness(gl: Context) -> None:
    noisy = exponential(3)
    assert denoised(noisy)[..., 0].mean() == pytest.approx(0.5 * noisy.mean(), rel=0.01)


def test_thin_haze_keeps_its_brightness_and_coverage(gl: Context) -> None:
    """One sample, one pixel in twenty is hit: nothing around most hits, and none of them is taken for a firefly."""
    hits = (np.random.default_rng(5).random((1, 48, 64)) < 0.05).astype(float)
    answer = denoised(np.ones((1, 48, 64)), coverage=hits)
    assert answer[..., 3].mean() == pytest.approx(hits.mean(), rel=0.02)
    assert answer[..., 0].mean() == pytest.approx(0.5 * hits.mean(), rel=0.02)
    assert answer[..., 3].std() < 0.5 * hits.std()


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("edge", ["albedo", "depth", "normal"])
def test_an_edge_of_a_guide_stays_where_it_is(gl: Context, samples: int, edge: str) -> None:
    """Brightness steps from 1 to 2 behind noise; what tells the halves apart is one guide alone."""
    noisy = step(1.0, 2.0) * np.random.default_rng(2).uniform(0.4, 1.6, (samples, 48, 64))
    guides: dict[str, Any] = {
        "albedo": {"albedo": np.where(step(0, 1)[..., None] > 0, [0.9, 0.2, 0.1], [0.2, 0.5, 0.9])},
        "depth": {"depth": step(1.0, 1.5)},
        "normal": {"normal": np.where(step(0, 1)[..., None] > 0, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])},
    }[edge]
    albedo = guides.get("albedo", full((0.5, 0.5, 0.5)))
    answer = denoised(noisy, **guides)[..., :3] / albedo
    columns = answer.mean(axis=(0, 2))
    half = SIZE[0] // 2
    assert columns[half - 3] < 1.2
    assert columns[half + 2] > 1.8
    flat = np.concatenate([answer[:, 4 : half - 8, 0].ravel() - 1.0, answer[:, half + 8 : -4, 0].ravel() / 2 - 1.0])
    assert flat.std() < 0.35 * (0.7 / np.sqrt(samples) / np.sqrt(3) * 1.0 + 0.15)


def test_without_a_guide_the_step_is_kept_by_its_contrast(gl: Context) -> None:
    noisy = step(0.2, 2.0) * np.random.default_rng(2).uniform(0.9, 1.1, (4, 48, 64))
    columns = denoised(noisy)[..., 0].mean(axis=0) / 0.5
    half = SIZE[0] // 2
    assert columns[half - 1] < 0.45
    assert columns[half] > 1.75


def test_a_texture_of_albedo_stays_sharp(gl: Context) -> None:
    """Stripes of one pixel: colour is divided by albedo, filtered, and multiplied again."""
    stripes = np.where((np.arange(64) % 8 < 4)[None, :, None], 0.8, 0.4) * full((1.0, 1.0, 1.0))
    noisy = np.random.default_rng(2).uniform(0.4, 1.6, (16, 48, 64))
    answer = denoised(noisy, albedo=stripes)[..., 0]
    assert np.abs(answer.mean(axis=0) - stripes[0, :, 0]).max() < 0.06


@pytest.mark.parametrize("samples", [1, 4])
def test_a_firefly_does_not_spread(gl: Context, samples: int) -> None:
    noisy = np.random.default_rng(2).uniform(0.8, 1.2, (samples, 48, 64))
    noisy[0, 20, 30] = 5000.0
    answer = denoised(noisy)[..., 0]
    assert answer.max() < (0.65 if samples == 1 else 1.0)
    assert abs(answer[0:8].mean() - 0.5) < 0.02


def test_it_fades_and_ends_as_samples_come(gl: Context) -> None:
    noise = {}
    for samples in (8, 16, 40, 64, 100):
        noisy = exponential(7, samples)
        before = noisy.mean(axis=0) * 0.5
        answer = denoised(noisy)[..., 0]
        noise[samples] = answer.std() / before.std()
        if samples >= FADE[1]:
            assert np.array_equal(answer, before.astype(np.float32))
    assert noise[16] < 0.6
    assert noise[16] < noise[40] < 1.0


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 7), (9, 3)])
def test_tiny_windows(gl: Context, size: tuple[int, int]) -> None:
    answer = denoised(np.ones((2, size[1], size[0])))
    assert answer[..., :3] == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("samples", [0, 1, 16])
def test_nothing_stays_nothing(gl: Context, samples: int) -> None:
    shape = (samples, 48, 64)
    answer = denoised(np.zeros(shape), coverage=np.zeros(shape))
    assert np.array_equal(answer, np.zeros_like(answer))


def test_black_albedo_and_extreme_radiance_are_finite(gl: Context) -> None:
    noisy = np.random.default_rng(4).choice([0.0, 1e-12, 1.0, 1e6, 1e12], (2, 48, 64))
    for albedo in (0.0, 1e-6, 1.0):
        assert np.isfinite(denoised(noisy, albedo=full((albedo,) * 3))).all()


def test_only_the_window_counts(gl: Context) -> None:
    """Texels beyond the window belong to older pictures."""
    inside = denoised(exponential(9, size=(20, 10)))
    padded = np.full((4, 48, 64), 1e4)
    padded[:, :10, :20] = exponential(9, size=(20, 10))
    # denoised() takes the size of its arrays for the window: use a bigger texture by hand.
    samples = padded * 0.5
    zero = np.zeros((48, 64, 1))
    color = np.concatenate([np.repeat(samples.sum(axis=0)[..., None], 3, axis=2), zero + 4], axis=2)
    moments = np.concatenate([zero + 4, (samples**2).sum(axis=0)[..., None], zero + 4, zero], axis=2)
    guides = Guides(texture(color), texture(moments), texture(full((2.0, 2, 2, 4))), texture(full((0.0, 0, 4, 0))))
    denoiser, picture, worth = Denoiser(64, 48), texture(color / 4), texture(zero + 4)
    answer = denoiser.run(guides, picture, worth, (20, 10)).read()[:10, :20]
    assert answer == pytest.approx(inside, rel=1e-5)


def test_cells_survive_packing(gl: Context) -> None:
    random = np.random.default_rng(0)
    n = 2000
    rgb = (10.0 ** random.uniform(-4, 4, (n, 1)) * random.random((n, 3))).astype(np.float32)
    scalars = np.stack(
        [
            random.random(n),
            random.uniform(0, 7.9, n),
            2.0 ** random.uniform(-15, 15, n),
            2.0 ** random.uniform(-15, 15, n),
        ],
        axis=1,
    ).astype(np.float32)  # coverage, depth, noise, tolerance
    albedo = random.random((n, 3)).astype(np.float32)
    normal = random.normal(size=(n, 3))
    normal = (normal / np.linalg.norm(normal, axis=1)[:, None]).astype(np.float32)
    arguments = {"rgb": rgb, "s": scalars, "albedo": albedo, "normal": normal}
    cell = "Cell c = unpack_cell(pack_cell(Cell(rgb, s.x, s.y, albedo, s.z, normal, s.x, s.w, s.z)));"
    got = {
        name: call(f"{cell} result = {what};", arguments, ["denoise"], result=kind)
        for name, what, kind in (
            ("rgb", "c.rgb", "vec3"),
            ("scalars", "vec4(c.coverage, c.depth, c.noise, c.tolerance)", "vec4"),
            ("albedo", "c.albedo", "vec3"),
            ("around", "c.around", "float"),
            ("normal", "c.normal", "vec3"),
        )
    }
    assert (np.abs(got["rgb"] - rgb) <= rgb.max(axis=1)[:, None] / 500).all()
    assert got["scalars"][:, 0] == pytest.approx(scalars[:, 0], abs=1.3e-4)
    assert got["scalars"][:, 1] == pytest.approx(scalars[:, 1], abs=1.1e-3)
    assert got["scalars"][:, 2:] == pytest.approx(scalars[:, 2:], rel=0.07)
    assert got["around"] == pytest.approx(scalars[:, 0], abs=0.0081)
    assert got["albedo"] == pytest.approx(albedo, abs=0.0021)
    assert (np.einsum("ij,ij->i", got["normal"], normal) > 0.95).all()
    none = call(
        "result = unpack_normal(pack_normal(n));", {"n": np.zeros((1, 3), np.float32)}, ["denoise"], result="vec3"
    )
    assert np.array_equal(none, np.zeros((1, 3), np.float32))
