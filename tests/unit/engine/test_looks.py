"""How many looks a picture gets, and where."""

from __future__ import annotations

import numpy as np

from render.engine.looks import Looks, uneven_tiles


def test_a_finer_picture_has_no_more_looks_than_its_samples_pay_for() -> None:
    assert Looks.of(16, 1) == Looks(64, 64)
    for samples in (4, 5, 16, 64, 1024):
        looks = Looks.of(samples, 2)
        paths = -(-samples // 4)
        assert 2 * paths <= looks.least <= looks.most <= max(8, 8 * paths)


def test_tiles_with_an_edge_are_uneven_whatever_the_unit_of_light() -> None:
    light = np.full((40, 50, 3), 0.5, np.float32)
    light[:, 24:, :] = 0.0
    light[:, 40:, :] = 0.51
    coverage = np.ones((40, 50), np.float32)
    for unit in (1e-3, 1.0, 1e5):
        found = uneven_tiles(light * np.float32(unit), coverage)
        np.testing.assert_array_equal(found, [[False, True, True, False]] * 3)
    assert not uneven_tiles(light * 0, coverage * 0).any()
    assert uneven_tiles(np.full_like(light, np.inf), coverage).all()  # nothing is known: all are sampled on
