"""Pictures drawn at twice the size, scaled down."""

from __future__ import annotations

import numpy as np
import pytest

from render.engine.halving import halved, halved_image
from render.engine.layers import Layers


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 7)])
def test_what_is_constant_stays_so(size: tuple[int, int]) -> None:
    fine = np.full((2 * size[0], 2 * size[1], 4), [1e3, 0.25, 0.0, 1.0], np.float32)
    np.testing.assert_allclose(halved_image(fine), np.full((*size, 4), [1e3, 0.25, 0.0, 1.0]), rtol=1e-6)


def test_light_is_kept_and_moves_nowhere() -> None:
    """A bright point inside gives all of its light (HDR: a quarter of it to a pixel's mean), and its place is kept."""
    y, x = np.mgrid[:8, :8] + 0.5
    for at in ((6, 7), (7, 6), (8, 9), (9, 9)):
        fine = np.zeros((16, 16, 4), np.float32)
        fine[at] = [4000.0, 40.0, 4.0, 1.0]
        got = halved_image(fine)
        np.testing.assert_allclose(got.sum(axis=(0, 1)), fine[at] / 4.0, rtol=1e-5)
        weight = got[..., 0] / got[..., 0].sum()
        places = ((weight * y).sum(), (weight * x).sum())
        assert places == pytest.approx([(side + 0.5) / 2 for side in at], abs=0.13)


def test_the_filter_of_a_pixel_is_as_wide_as_in_a_raw_picture() -> None:
    """Tents of radius 1 have a variance of 1/6; each fine pixel brings one of half that radius."""
    taps = [halved_image(np.eye(16, dtype=np.float32)[:, i].reshape(16, 1, 1).repeat(2, 1))[4, 0, 0] for i in range(16)]
    place = (np.arange(16) + 0.5) / 2 - 4.5
    assert np.dot(taps, place) == pytest.approx(0.0, abs=1e-6)
    assert np.dot(taps, place**2) + 1 / 24 == pytest.approx(1 / 6, rel=1e-5)


def test_layers_count_what_was_hit_and_straight_colours_have_no_fringe() -> None:
    rng = np.random.default_rng(1)
    alpha = rng.integers(0, 3, (8, 6, 1)).astype(np.float32) / 2
    alpha[:2, :2] = 0.0
    straight = np.float32([0.8, 0.3, 5.0])
    label = np.zeros((8, 6), np.uint64)
    label[3, 3] = 2**60
    normal = np.repeat(np.float32([[[0.0, 0.6, 0.8]]]), 8, 0).repeat(6, 1) * (alpha > 0)
    depth = np.where(alpha[..., 0] > 0, np.float32(7.0), np.float32(np.inf)).astype(np.float32)
    color = np.concatenate([alpha * straight, alpha], axis=2)
    fine = Layers(color, normal, normal, depth, label, np.full((8, 6), 4, np.float32))
    got = halved(fine, color)
    assert got.size == (3, 4)
    seen = got.color[..., 3] > 0
    np.testing.assert_allclose(
        got.color[seen][:, :3] / got.color[seen][:, 3:], np.tile(straight, (seen.sum(), 1)), 1e-5
    )
    hit = np.isfinite(got.depth)
    np.testing.assert_array_equal(hit, alpha.reshape(4, 2, 3, 2).max(axis=(1, 3)) > 0)
    np.testing.assert_allclose(got.depth[hit], 7.0, rtol=1e-6)
    np.testing.assert_allclose(got.normal[hit], np.tile(np.float32([0, 0.6, 0.8]), (hit.sum(), 1)), rtol=1e-5)
    assert not got.normal[~hit].any()
    assert got.label is not None
    assert got.label[1, 1] == 2**60
    assert np.count_nonzero(got.label) == 1
    assert got.samples is not None
    assert (got.samples == 16).all()
