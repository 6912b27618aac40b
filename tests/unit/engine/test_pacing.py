"""How finely and how much to draw: plain numbers in, plain numbers out."""

from __future__ import annotations

import pytest

from render.engine.pacing import REST_AFTER_S, SCALES, Pacing


def test_rest_comes_a_while_after_the_last_change() -> None:
    pacing = Pacing()
    assert not pacing.moving(0.0)
    pacing.changed(10.0)
    assert pacing.moving(10.0)
    assert pacing.moving(10.0 + 0.9 * REST_AFTER_S)
    assert not pacing.moving(10.0 + 1.1 * REST_AFTER_S)


def test_at_rest_the_resolution_is_full_however_slow_the_device() -> None:
    assert Pacing(seconds_per_pixel=1.0).scale(100.0, 10**6, 0.001) == 1.0


@pytest.mark.parametrize(
    ("cost", "expected"), [(1e-9, 1.0), (1.5e-8, 0.75), (3e-8, 0.5), (6e-8, 0.375), (1.5e-7, 0.25), (1e-3, 0.1875)]
)
def test_while_moving_the_finest_resolution_that_fits_the_budget(cost: float, expected: float) -> None:
    pacing = Pacing(seconds_per_pixel=cost)
    pacing.changed(5.0)
    scale = pacing.scale(5.0, 10**6, 0.01)
    assert scale == expected
    assert scale == SCALES[-1] or 10**6 * scale**2 * cost <= 0.01


def test_cost_follows_what_is_measured() -> None:
    pacing = Pacing(seconds_per_pixel=1e-3)
    for _ in range(60):
        pacing.measured(1000, 0.002)
    assert pacing.seconds_per_pixel == pytest.approx(2e-6, rel=1e-3)
    pacing.measured(0, 1.0)
    pacing.measured(10, 0.0)
    assert pacing.seconds_per_pixel == pytest.approx(2e-6, rel=1e-3)


def test_samples_fill_the_budget_but_are_at_least_one() -> None:
    pacing = Pacing(seconds_per_pixel=1e-7)
    assert pacing.samples(10_000, 0.0105) == 10
    assert pacing.samples(10_000, 0.0) == 1
    assert pacing.samples(1, 100.0) == 64


def test_tiles_fill_a_dispatch_but_are_at_least_one() -> None:
    pacing = Pacing(seconds_per_pixel=1e-6)
    assert pacing.tiles(256, 0.0255) == 99
    assert Pacing(seconds_per_pixel=1.0).tiles(256, 0.025) == 1
    assert 4096 <= Pacing(seconds_per_pixel=1e-12).tiles(256, 0.025) < 2**16
