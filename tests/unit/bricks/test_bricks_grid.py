"""How volumes are cut into bricks: every voxel once, aprons as numpy pads them."""

from __future__ import annotations

import numpy as np
import pytest

from render.bricks.grid import BrickGrid
from render.source.memory import MemorySource


@pytest.mark.parametrize("shape", [(1, 1, 1), (32, 32, 32), (33, 64, 70), (5, 100, 31), (65, 1, 96)])
@pytest.mark.parametrize(("payload", "apron"), [(16, 1), (32, 1), (16, 2), (16, 0)])
def test_slots_are_padded_slices_and_cover_all_voxels(shape: tuple[int, int, int], payload: int, apron: int) -> None:
    voxels = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    source = MemorySource(voxels)
    grid = BrickGrid(shape, payload, apron)
    # An independent picture of the whole: enough edge voxels around that every slot is a plain slice of it.
    whole = np.pad(voxels, [(apron, payload + apron)] * 3, mode="edge")
    side = payload + 2 * apron
    covered = np.zeros(shape, int)
    bricks = list(grid)
    assert len(bricks) == len(set(bricks)) == grid.n_bricks == int(np.prod(grid.counts))
    for brick in bricks:
        z, y, x = (index * payload for index in brick)
        slot = grid.read(source, 0, 0, 0, brick)
        assert slot.shape == (side,) * 3
        assert np.array_equal(slot, whole[z : z + side, y : y + side, x : x + side])
        covered[z : z + payload, y : y + payload, x : x + payload] += 1
    assert (covered == 1).all()


def test_page_indices_count_x_fastest() -> None:
    grid = BrickGrid((40, 70, 100), 32)
    assert grid.counts == (2, 3, 4)
    z, y, x = np.meshgrid(range(2), range(3), range(4), indexing="ij")
    order = [grid.index(brick) for brick in zip(z.ravel(), y.ravel(), x.ravel(), strict=True)]
    assert order == list(range(24))


def test_neighbours_come_near_each_other() -> None:
    grid = BrickGrid((128, 128, 128), 32)
    first = list(grid)[:8]
    assert {max(brick) for brick in first} == {0, 1}
