"""What trades exactness for speed: how far the extinction's cap, the firefly limit and adaptive sampling may go."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.frame import Frame
from render.engine.renderer import Renderer
from render.scene.open import Scene, open_scene
from render.state.layer import Channel
from render.state.light import Lighting, RectangleLight, Sky
from render.state.material import Material
from render.state.rendering import Rendering
from render.state.view import Shading, ViewState

from .conftest import Draw
from .estimates import estimate
from .scenes import WHITE_SKY, along, array_scene, phantom_scene, plain


def with_rendering(state: ViewState, **changes: Any) -> ViewState:
    return state.model_copy(update={"rendering": state.rendering.model_copy(update=changes)})


def still(renderer: Renderer, state: ViewState, samples: int) -> NDArray[np.float64]:
    renderer.set_state(state, 1)
    renderer.render_still(samples)
    return renderer.read_mean().astype(np.float64)


# ---- the extinction's cap ----


def test_the_cap_is_so_many_mean_free_paths_a_voxel(draw: Draw) -> None:
    """16 voxels of a density far above the cap are as deep as the cap says; without it they are opaque."""
    scene = phantom_scene("synthetic:constant?size=16&dtype=uint16")
    state = plain(scene, 1000.0, camera=along((7.5, 7.5, -50), (0, 0, 1)), channel=Channel(window=(0.0, 65535.0)))
    renderer = draw(scene, 64, 64)
    for cap in (0.02, 0.1):
        capped = with_rendering(state, reference=False, extinction_cap=cap)
        share = 1 - np.exp(-16 * cap)
        error = np.sqrt(share * (1 - share) / (64 * 64 * 32))
        assert abs(still(renderer, capped, 32)[..., 3].mean() - share) < 3 * error
    assert still(renderer, with_rendering(state, reference=False, extinction_cap=0.0), 1)[..., 3].min() == 1
    assert still(renderer, with_rendering(state, reference=True, extinction_cap=0.02), 1)[..., 3].min() == 1


def test_the_cap_hardly_changes_a_brain(draw: Draw, hosta_data: Path) -> None:
    scene = open_scene([str(hosta_data / "brain/spm152.nii.gz")])
    renderer = draw(scene, 96, 72)
    exact, capped = (
        still(renderer, with_rendering(scene.default_state, reference=False, firefly_limit=0.0, extinction_cap=cap), 96)
        for cap in (0.0, 2.0)
    )
    assert capped[..., :3].mean() == pytest.approx(exact[..., :3].mean(), rel=0.005)
    assert capped[..., 3].mean() == pytest.approx(exact[..., 3].mean(), rel=0.005)
    scene.close()


def test_the_cap_costs_less(draw: Draw) -> None:
    """That is what it is for: fewer tentative collisions where matter is dense."""
    scene = phantom_scene("synthetic:cell?size=48")
    renderer = draw(scene, 48, 48, count_violations=True)
    dense = scene.default_state.model_copy(update={"shading": Shading(density=20_000.0)})
    counts = []
    for cap in (0.0, 2.0):
        before = renderer.violations()[1]
        still(renderer, with_rendering(dense, extinction_cap=cap), 2)
        counts.append(renderer.violations()[1] - before)
    assert counts[1] < 0.8 * counts[0]


# ---- fireflies ----


def sparkling() -> Scene:
    rng = np.random.default_rng(2)
    return array_scene((rng.random((24, 24, 24)) ** 3 * 65535).astype(np.uint16))


def bright_state(scene: Scene) -> ViewState:
    """Smooth metal under a small strong light, found by chance only."""
    light = RectangleLight(width=0.2, height=0.2, distance=1.0, intensity=20.0)
    channel = Channel(window=(0.0, 65535.0), material=Material(specular=1.0, roughness=0.15))
    return plain(
        scene, channel=channel, lighting=Lighting(lights=(light,), sky=Sky(visible=False)),
        shading=Shading(density=60.0, mode="brdf"), rendering=Rendering(scatterings=3, extinction_cap=0.0),
    )  # fmt: skip


def test_the_firefly_limit_only_lowers_and_keeps_hues(draw: Draw) -> None:
    scene = sparkling()
    renderer = draw(scene, 48, 48)
    state = bright_state(scene)
    free = still(renderer, with_rendering(state, firefly_limit=0.0), 16)[..., :3]
    before = free
    for limit in (20.0, 1.0, 0.1):
        limited = still(renderer, with_rendering(state, firefly_limit=limit), 16)[..., :3]
        assert (limited <= before * (1 + 1e-5) + 1e-7).all()
        assert limited.sum() < 0.999 * before.sum()
        # One event adds no more, and there are three.
        assert limited.max() <= 3 * limit * (1 + 1e-5)
        shown = limited[..., 0] > 1e-3
        np.testing.assert_allclose(
            limited[shown][:, 2] / limited[shown][:, 0],
            (free[..., 2] / np.maximum(free[..., 0], 1e-9))[shown],
            rtol=1e-3,
        )
        before = limited
    # A limit that nothing reaches changes no bit; a reference has none.
    high = still(renderer, with_rendering(state, firefly_limit=1e6), 16)[..., :3]
    reference = still(renderer, with_rendering(state, firefly_limit=0.1, reference=True), 16)[..., :3]
    assert np.array_equal(high, free)
    assert np.array_equal(reference, free)


# ---- adaptive sampling ----


@pytest.fixture(scope="module")
def half_noisy() -> Scene:
    """A solid ball on the left; a ball of fog, which is noisier, on the right."""
    z, y, x = np.meshgrid(*(np.linspace(-side, side, n) for side, n in ((1, 40), (1, 40), (2, 80))), indexing="ij")
    solid = (np.sqrt((x + 1) ** 2 + y * y + z * z) < 0.6).astype(float)
    fog = 0.02 * (np.sqrt((x - 1) ** 2 + y * y + z * z) < 0.6)
    return array_scene(((solid + fog) * 65535).astype(np.uint16))


def adaptive(scene: Scene, threshold: float, samples: int = 512) -> ViewState:
    channel = Channel(window=(0.0, 65535.0), material=Material(specular=0.0))
    camera = along((39.5, 19.5, -100), (0, 0, 1), 22.0).model_copy(update={"view_up": (0.0, -1.0, 0.0)})
    rendering = Rendering(reference=True, noise_threshold=threshold)
    return plain(scene, 400.0, channel=channel, lighting=WHITE_SKY, camera=camera, rendering=rendering, samples=samples)


def test_quiet_tiles_stop_and_say_so(draw: Draw, half_noisy: Scene) -> None:
    renderer = draw(half_noisy, 192, 96)
    renderer.set_state(adaptive(half_noisy, 0.25), 1)
    seen: list[Frame] = []
    for number in range(3000):
        seen.append(renderer.step(10.0 + number, 0.05))
        if seen[-1].converged:
            break
    assert seen[-1].converged
    shares = [frame.active_share for frame in seen if frame.scale == 1.0]
    assert shares[0] == 1.0
    assert all(a >= b for a, b in itertools.pairwise(shares))
    assert any(0 < share < 0.8 for share in shares)
    assert shares[-1] == 0.0
    assert seen[-1].samples < 512


def test_a_picture_sampled_adaptively_is_within_its_error(draw: Draw, half_noisy: Scene) -> None:
    renderer = draw(half_noisy, 192, 96)
    reference = still(renderer, adaptive(half_noisy, 0.0), 512)
    threshold = 0.25
    got = still(renderer, adaptive(half_noisy, threshold), 512)
    assert got[..., :3].mean() == pytest.approx(reference[..., :3].mean(), rel=0.02)
    # Tile by tile, of what is covered: the root mean square of the errors, against the mean or what counts as black.
    tiles = (6, 16, 12, 16)
    covered = np.maximum(reference[..., 3].reshape(tiles).sum(axis=(1, 3)), 16.0)
    error = np.sqrt(((got - reference)[..., 1] ** 2).reshape(tiles).sum(axis=(1, 3)) / covered)
    mean = np.maximum(reference[..., 1].reshape(tiles).sum(axis=(1, 3)) / covered, 0.02)
    assert 0.3 * threshold < (error / mean).max() < 1.3 * threshold


def test_adaptive_sampling_is_the_same_again_bit_for_bit(draw: Draw, half_noisy: Scene) -> None:
    first, second = (still(draw(half_noisy, 192, 96), adaptive(half_noisy, 0.25), 192) for _ in range(2))
    assert np.array_equal(first, second)
    # However it comes about: in one go, or step by step.
    renderer = draw(half_noisy, 192, 96)
    renderer.set_state(adaptive(half_noisy, 0.25, 192), 1)
    for number in range(3000):
        if renderer.step(10.0 + number, 0.03).converged:
            break
    assert np.array_equal(renderer.read_mean().astype(np.float64), first)
    # Tiles have stopped at different counts: it is not what all samples would have made of it.
    assert not np.array_equal(still(renderer, adaptive(half_noisy, 0.0), 192), first)


def test_stopping_does_not_bias_the_mean(draw: Draw, half_noisy: Scene) -> None:
    """Tiles that stop by chance too early would: many seeds together have the mean of a long run."""
    renderer = draw(half_noisy, 96, 48)
    renderer.set_state(with_rendering(adaptive(half_noisy, 0.0), sampler="independent"), 1)
    expected = estimate(renderer, 768)
    means = []
    for seed in range(16):
        state = with_rendering(adaptive(half_noisy, 0.35), sampler="independent").model_copy(update={"seed": seed + 10})
        means.append(still(renderer, state, 96)[..., :3].mean())
    error = np.hypot(np.std(means, ddof=1) / np.sqrt(len(means)), expected.error)
    assert abs(np.mean(means) - expected.mean) < 3.5 * error
    assert error < 0.005 * expected.mean
