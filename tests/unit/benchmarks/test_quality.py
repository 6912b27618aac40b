"""The benchmark's arithmetic on pictures whose errors are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality import (
    EPSILON,
    FEW_SPP,
    MANY_SPP,
    Curve,
    Shot,
    compare_adaptive,
    compare_denoised,
    compare_samplers,
    curve,
    reference_of,
    rel_mse,
    second_moment,
    table,
)

SHAPE = (40, 50)
TRUTH = np.broadcast_to(np.float32([0.5, 1.0, 2.0, 1.0]), (*SHAPE, 4))


@dataclass
class NoisyCamera:
    """Gaussian noise of a known size a sample.

    Sobol points have half of it and take a quarter longer; adaptive sampling takes half the samples and loses nothing.
    """

    sigma: float = 0.5
    shots: list[tuple[int, int, str]] = field(default_factory=list)

    def shoot(self, samples: int, seed: int, sampler: str = "sobol", threshold: float = 0.0) -> Shot:
        self.shots.append((samples, seed, sampler))
        sigma = self.sigma * (0.5 if sampler == "sobol" else 1.0) / np.sqrt(samples)
        noise = np.random.default_rng([samples, seed]).normal(0.0, sigma, (*SHAPE, 4))
        noise[..., 3] = 0.0
        taken = samples / 2 if threshold else samples
        return Shot({"color": TRUTH + noise}, taken * (1.25 if sampler == "sobol" else 1.0), taken)


def test_rel_mse_is_the_formula_over_rgb() -> None:
    reference = np.array([[[0.0, 1.0, 2.0, 7.0]]])
    picture = np.array([[[0.1, 1.1, 2.0, 0.0]]])
    assert rel_mse(picture, reference) == pytest.approx((0.01 / EPSILON + 0.01 / (1 + EPSILON)) / 3)
    assert rel_mse(reference, reference) == 0.0


def test_a_curve_is_straight_in_logarithms() -> None:
    line = Curve((1, 4, 16), (2.0, 8.0, 32.0), (1.0, 0.25, 0.0625))
    for seconds in (1.0, 2.0, 5.0, 8.0, 20.0, 100.0):
        assert line.error_at(seconds) == pytest.approx(2.0 / seconds)
    assert Curve((4,), (8.0,), (0.25,)).error_at(16.0) == pytest.approx(0.125)


def test_samplers_at_equal_samples_and_equal_time() -> None:
    camera = NoisyCamera()
    plain, sobol = (curve(camera, TRUTH, (4, 16), range(1, 5), name) for name in ("independent", "sobol"))
    for row in compare_samplers(plain, sobol):
        assert row["ratio_equal_samples"] == pytest.approx(4.0, rel=0.05)
        assert row["ratio_equal_time"] == pytest.approx(4.0 / 1.25, rel=0.05)
        assert row["independent"] == pytest.approx(
            0.25 / row["samples"] * np.mean(1 / (TRUTH[0, 0, :3] ** 2 + EPSILON)), rel=0.05
        )


def test_adaptive_against_the_uniform_curve() -> None:
    camera = NoisyCamera()
    uniform = curve(camera, TRUTH, (16, 64), range(1, 5), "sobol")
    got = compare_adaptive(camera, TRUTH, uniform, 64, range(1, 5), 0.05)
    assert got["samples"] == 32
    assert got["ratio_equal_samples"] == pytest.approx(2.0, rel=0.05)
    assert got["ratio_equal_time"] == pytest.approx(2.0, rel=0.05)


def test_filters_are_judged_against_many_raw_samples() -> None:
    def perfect(few: Shot, half: Shot) -> NDArray[np.float32]:
        assert (few.samples, half.samples) == (FEW_SPP, FEW_SPP // 2)
        return TRUTH

    got = compare_denoised(
        NoisyCamera(), TRUTH, {"perfect": perfect, "none": lambda few, _: few.layers["color"]}, (1, 2)
    )
    assert got["perfect"] == 0.0
    assert got["none"] == got["raw_few"]
    assert got["raw_few"] / got["raw_many"] == pytest.approx(MANY_SPP / FEW_SPP, rel=0.1)


def test_a_reference_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "reference.npz"
    whole = NoisyCamera()
    expected = reference_of(whole, tmp_path / "other.npz", 200, SHAPE, lambda _: None)
    first, second, third = NoisyCamera(), NoisyCamera(), NoisyCamera()
    reference_of(first, file, 100, SHAPE, lambda _: None)
    resumed = reference_of(second, file, 200, SHAPE, lambda _: None)
    assert np.array_equal(resumed, expected)
    assert first.shots + second.shots == whole.shots
    assert len({seed for _, seed, _ in whole.shots}) == len(whole.shots) == 4
    assert {sampler for *_, sampler in whole.shots} == {"independent"}
    assert np.array_equal(reference_of(third, file, 200, SHAPE, lambda _: None), expected)
    assert third.shots == []
    assert not list(file.parent.glob("*.part*"))
    assert rel_mse(expected, TRUTH) < 0.01


def test_the_second_moment_from_two_pictures() -> None:
    """Of grey noise of a known variance."""
    random = np.random.default_rng(1)
    shots = [
        Shot({"color": np.repeat(1.0 + random.normal(0, 0.3 / np.sqrt(n), (64, 64, 1)), 4, axis=2)}, 1.0, n)
        for n in (16, 8)
    ]
    assert second_moment(*shots).mean() == pytest.approx(1.0 + 0.09, rel=0.02)
    given = Shot({**shots[0].layers, "luminance2": np.full((64, 64), 3.0)}, 1.0, 16)
    assert (second_moment(given, shots[1]) == 3.0).all()


def test_the_table_says_all_of_it() -> None:
    camera = NoisyCamera()
    plain, sobol = (curve(camera, TRUTH, (4, 16), (1,), name) for name in ("independent", "sobol"))
    text = table("cell", {
        "samplers": compare_samplers(plain, sobol),
        "adaptive": compare_adaptive(camera, TRUTH, sobol, 16, (1,), 0.05),
        "denoised": compare_denoised(camera, TRUTH, {"own": lambda few, _: few.layers["color"]}, (1,)),
    })  # fmt: skip
    assert text.count("\n") == 6
    assert "with own" in text
