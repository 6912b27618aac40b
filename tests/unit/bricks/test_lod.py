"""The level of detail against its rule, written out for single points."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.bricks.lod import BIAS_STEP, Bias, Detail, Footprint, distance_to, in_view, settled_bias, wants_finer
from render.source.base import Level, Shape3
from render.source.geometry import coarser, world_of

PAYLOAD = 8
positions = st.tuples(*[st.floats(-60.0, 160.0)] * 3)
taus = st.floats(0.25, 8.0)


def pyramid(shape: Shape3, factors: list[Shape3], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> list[Level]:
    """The finest level, and one for each of the factors (z, y, x) between it and the one before."""
    levels = [Level("0", shape, world_of(spacing), shape)]
    for factor in factors:
        before = levels[-1]
        z, y, x = (-(-n // f) for n, f in zip(before.shape, factor, strict=True))
        world = coarser(before.world_from_vox, (float(factor[0]), float(factor[1]), float(factor[2])))
        levels.append(Level(str(len(levels)), (z, y, x), world, (z, y, x)))
    return levels


ISOTROPIC = pyramid((45, 64, 90), [(2, 2, 2)] * 3)
FLAT = pyramid((20, 90, 64), [(1, 2, 2), (1, 2, 2), (2, 2, 2)], (4.0, 1.0, 1.0))


def level_by_the_rule(levels: list[Level], voxel: tuple[int, int, int], eye: np.ndarray, width, tau: float) -> int:  # type: ignore[no-untyped-def]
    """Of a voxel (z, y, x) of the finest level: the coarsest level that is fine enough where its brick is."""
    for number in reversed(range(len(levels))):
        level = levels[number]
        scale = [round(a / b) for a, b in zip(level.spacing_um, levels[0].spacing_um, strict=True)]
        nearest = []
        for axis in range(3):  # x, y, z
            index = voxel[2 - axis] // scale[axis] // PAYLOAD
            lo = index * PAYLOAD - 0.5
            hi = min((index + 1) * PAYLOAD, level.shape[2 - axis]) - 0.5
            step, start = level.world_from_vox[axis, axis], level.world_from_vox[axis, 3]
            nearest.append(min(max(eye[axis], lo * step + start), hi * step + start))
        if max(level.spacing_um) <= tau * width(math.dist(nearest, eye)) or number == 0:
            return number
    raise AssertionError


def levels_of_voxels(levels: list[Level], chosen: list[np.ndarray]) -> np.ndarray:
    """The level that each voxel of the finest level has, -1 where none; fails where there are two."""
    found = np.full(levels[0].shape, -1)
    for number, bricks in enumerate(chosen):
        scale = [round(a / b) for a, b in zip(levels[number].spacing_um, levels[0].spacing_um, strict=True)][::-1]
        for brick in bricks:
            z, y, x = (slice(b * PAYLOAD * s, (b + 1) * PAYLOAD * s) for b, s in zip(brick, scale, strict=True))
            assert (found[z, y, x] == -1).all()
            found[z, y, x] = number
    return found


@pytest.mark.parametrize("levels", [ISOTROPIC, FLAT], ids=["isotropic", "flat"])
@given(eye=positions, tau=taus, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_every_voxel_has_the_level_of_the_rule(
    levels: list[Level], eye: tuple[float, float, float], tau: float, seed: int
) -> None:
    footprint = Footprint.perspective(40.0, 50)
    chosen = Detail(levels, PAYLOAD).wanted(np.array(eye), footprint, tau)
    found = levels_of_voxels(levels, chosen)
    assert (found >= 0).all()
    width = lambda d: 2.0 * d * math.tan(math.radians(20.0)) / 50  # noqa: E731
    rng = np.random.default_rng(seed)
    for _ in range(40):
        voxel = tuple(int(rng.integers(n)) for n in levels[0].shape)
        assert found[voxel] == level_by_the_rule(levels, voxel, np.array(eye), width, tau)  # type: ignore[arg-type]


@given(eye=positions, tau=taus, more=st.floats(1.0, 4.0))
@settings(max_examples=25, deadline=None)
def test_a_larger_tau_makes_nothing_finer(eye: tuple[float, float, float], tau: float, more: float) -> None:
    detail, footprint = Detail(ISOTROPIC, PAYLOAD), Footprint.perspective(30.0, 64)
    fine, coarse = (levels_of_voxels(ISOTROPIC, detail.wanted(np.array(eye), footprint, t)) for t in (tau, tau * more))
    assert (coarse >= fine).all()


def test_an_orthographic_view_wants_one_level_everywhere() -> None:
    detail = Detail(ISOTROPIC, PAYLOAD)
    for height, level in ((200.0, 0), (199.9, 0), (400.0, 1), (801.0, 2), (1e6, 3), (1.0, 0)):
        chosen = detail.wanted(np.array([1.0, 2.0, -3e5]), Footprint.orthographic(height / 2.0, 200), 1.0)
        assert [len(bricks) > 0 for bricks in chosen] == [number == level for number in range(4)], height


def test_an_eye_inside_of_a_brick_wants_it_finest() -> None:
    lo, hi = np.zeros((1, 3)), np.ones((1, 3))
    footprint = Footprint.perspective(30.0, 100)
    assert wants_finer(lo, hi, 1e-6, np.array([0.5, 0.5, 0.5]), footprint, 100.0).all()
    assert distance_to(lo, hi, np.array([2.0, 0.5, 3.0]))[0] == pytest.approx(math.hypot(1.0, 2.0))


def test_turned_volumes_and_other_spaces_keep_every_corner_inside() -> None:
    turn = np.eye(4)
    turn[:3, :3] = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    to = turn @ np.diag([0.01, 0.01, 0.01, 1.0])
    detail = Detail(FLAT, PAYLOAD, to)
    assert detail.spacings == pytest.approx([0.04, 0.04, 0.04, 0.08])
    bricks = np.array([(0, 1, 2), (1, 0, 0)])
    lo, hi = detail.boxes(1, bricks)
    corners = np.array(list(itertools.product(*[(-0.5, PAYLOAD - 0.5)] * 3)))
    for brick, a, b in zip(bricks, lo, hi, strict=True):
        vox = np.minimum(corners + brick * PAYLOAD, np.array(FLAT[1].shape) - 0.5)
        world = (to @ FLAT[1].world_from_vox @ np.c_[vox[:, ::-1], np.ones(8)].T)[:3].T
        assert np.allclose(world.min(axis=0), a)
        assert np.allclose(world.max(axis=0), b)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_what_is_in_view_is_never_left_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    planes = rng.standard_normal((5, 4))
    lo = rng.uniform(-2.0, 1.0, (50, 3))
    hi = lo + rng.uniform(0.0, 2.0, (50, 3))
    points = rng.uniform(lo, hi, (200, 50, 3))
    inside = ((points @ planes[:, :3].T + planes[:, 3]) >= 0.0).all(axis=-1).any(axis=0)
    assert (in_view(lo, hi, planes) | ~inside).all()


def test_only_what_is_in_view_is_wanted() -> None:
    planes = np.array([[1.0, 0.0, 0.0, -40.0]])  # x >= 40
    chosen = Detail(ISOTROPIC, PAYLOAD).wanted(np.array([40.0, 30.0, 20.0]), Footprint(0.0, 1e-3), 1.0, planes)
    assert {int(x) for x in chosen[0][:, 2]} == set(range(5, 12))
    assert sum(map(len, chosen[1:])) == 0


@pytest.mark.parametrize("most", [1, 7, 30, 100])
def test_no_more_bricks_than_allowed_and_the_nearest_are_finest(most: int) -> None:
    detail = Detail(ISOTROPIC, PAYLOAD)
    eye = np.array([-5.0, 30.0, 20.0])
    chosen = detail.wanted(eye, Footprint(0.0, 1e-4), 1.0, most=most)
    assert sum(map(len, chosen)) <= max(most, math.prod(-(-n // PAYLOAD) for n in ISOTROPIC[-1].shape))
    found = levels_of_voxels(ISOTROPIC, chosen)
    assert (found >= 0).all()
    assert found[20, 30, 0] == found.min()


def test_levels_that_are_no_powers_of_two_are_refused() -> None:
    with pytest.raises(ValueError, match="no powers of two"):
        Detail(pyramid((30, 30, 30), [(3, 3, 3)]), PAYLOAD)


def smooth(bias: float) -> int:
    return int(50_000 * 2.0 ** (-2.0 * bias))


def in_jumps(bias: float) -> int:
    return int(4096 * 8.0 ** -math.floor(bias + 0.4))


@pytest.mark.parametrize("needed", [smooth, in_jumps])
@pytest.mark.parametrize("start", [0.0, 9.0])
def test_the_bias_comes_to_rest_where_the_bricks_fit(needed, start: float) -> None:  # type: ignore[no-untyped-def]
    bias, slots = Bias(), 1000
    bias.value = start
    seen = [bias.update(needed(bias.value), slots) for _ in range(60)]
    assert len(set(seen[-20:])) == 1
    assert needed(seen[-1]) <= 0.9 * slots
    # Not much coarser than it has to be.
    assert seen[-1] <= settled_bias(needed, slots) + 0.5
    bias.moved()
    for _ in range(60):
        bias.update(3, slots)
    assert bias.value == 0.0


def test_between_the_two_shares_the_bias_stays() -> None:
    bias = Bias()
    bias.value = 1.0
    assert [bias.update(needed, 100) for needed in (61, 75, 89, 90, 60)] == [1.0] * 5
    assert bias.update(91, 100) == 1.0 + BIAS_STEP
    assert bias.update(59, 100) == 1.0 + BIAS_STEP  # it did not fit there
    bias.moved()
    assert bias.update(59, 100) == 1.0


@pytest.mark.parametrize("slots", [1, 8, 500, 4000, 60_000])
def test_the_settled_bias_is_the_smallest_that_fits(slots: int) -> None:
    for needed in (smooth, in_jumps):
        every = [step * BIAS_STEP for step in range(129) if needed(step * BIAS_STEP) <= 0.9 * slots]
        assert settled_bias(needed, slots) == every[0]
