"""The cell at a petabyte: exact far from the middle, levels that agree, and something to see at each of them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from render.scene.open import open_scene
from render.source.base import Shape3, Source
from render.source.synthetic import crowd, shapes
from render.source.synthetic.cell import Anatomy, FluorescentCell
from render.source.synthetic.detail import Detail
from render.source.synthetic.grid import Pyramid
from render.source.synthetic.open import open_synthetic
from render.source.synthetic.organelles import place_organelles
from render.source.synthetic.segmentation import CellSegmentation
from render.source.synthetic.source import SyntheticSource

PETABYTE = 100_000
MEMBRANE, DNA, MITOCHONDRIA, ER, GOLGI = range(5)


@pytest.fixture(scope="module")
def cell() -> Source:
    return open_synthetic(f"synthetic:cell?size={PETABYTE}&dtype=float32&labels=0")[0]


def places(source: Source, index: int, count: int, in_nucleus: bool = False) -> list[NDArray[np.int64]]:
    """Voxels of a level, spread over the cell."""
    rng = np.random.default_rng(index)
    away = rng.normal(size=(count, 3))
    away *= rng.uniform(0.2, 1.0, (count, 1)) / np.linalg.norm(away, axis=1, keepdims=True)
    um = np.array([-0.2, 0.5, -1.1]) + 2.0 * away if in_nucleus else away * np.array([6.0, 6.8, 7.5])
    return list(((0.5 + um / 20.0) * np.array(source.info.levels[index].shape)).astype(np.int64))


def box(at: NDArray[np.int64], side: int) -> tuple[Shape3, Shape3]:
    z, y, x = (int(v) for v in at)
    return (z, y, x), (z + side, y + side, x + side)


def means(voxels: NDArray[np.generic], factor: int) -> NDArray[np.floating]:
    z, y, x = (n // factor for n in voxels.shape)
    blocks = voxels.reshape(z, factor, y, factor, x, factor)
    mean: NDArray[np.floating] = blocks.mean(axis=(1, 3, 5), dtype=np.float64)
    return mean


@pytest.mark.parametrize("channel", [MEMBRANE, DNA, MITOCHONDRIA, ER, GOLGI])
def test_every_level_is_about_the_mean_of_the_finer_ones(cell: Source, channel: int) -> None:
    seen = 0
    for level in range(2, len(cell.info.levels)):
        coarse, fine = [], []
        for at in places(cell, level, 8):
            at = np.minimum(at, np.array(cell.info.levels[level].shape) - 12)
            coarse.append(cell.read(level, channel, 0, *box(at, 8)))
            fine.append(means(cell.read(level - 2, channel, 0, *box(4 * at, 32)), 4))
        difference = np.array(coarse) - np.array(fine)
        assert np.sqrt((difference**2).mean()) < 0.06, level
        assert abs(difference.mean()) < 0.002 + 0.12 * np.mean(fine), level
        if np.std(fine) > 0.01:
            seen += 1
            assert np.corrcoef(np.ravel(coarse), np.ravel(fine))[0, 1] > 0.88, level
    assert seen >= (9 if channel in (MEMBRANE, DNA) else 2)


def test_detail_of_a_coarse_voxel_is_the_mean_of_its_fine_ones() -> None:
    detail, pyramid = Detail(3), Pyramid((PETABYTE,) * 3, (20.0 / PETABYTE,) * 3)
    top = 8
    for level in (0, 1, 4):
        lo = (49_000 >> level, 60_000 >> level, 95_000 >> level)
        hi = (lo[0] + 8, lo[1] + 9, lo[2] + 10)
        coarse = detail._octaves(pyramid.grid(level + 1, lo, hi), top)
        doubled = pyramid.grid(level, (2 * lo[0], 2 * lo[1], 2 * lo[2]), (2 * hi[0], 2 * hi[1], 2 * hi[2]))
        fine = detail._octaves(doubled, top)
        np.testing.assert_allclose(means(fine, 2), coarse, atol=2e-6)


def test_zooming_in_shows_more_at_every_level(cell: Source) -> None:
    # What two levels finer say of a voxel that the coarser one does not: as much at the finest as on the way there.
    for level in range(8):
        contrasts = []
        for at in places(cell, level + 2, 8, in_nucleus=True):
            fine = cell.read(level, DNA, 0, *box(4 * at, 32)).astype(np.float64)
            coarse = cell.read(level + 2, DNA, 0, *box(at, 8)).astype(np.float64)
            rest = fine - np.kron(coarse, np.ones((4, 4, 4)))
            contrasts.append(float(rest.std() / fine.mean()))
        assert np.median(contrasts) > 0.1, (level, contrasts)


def test_structures_of_the_finest_level_are_few_voxels_wide_and_no_grain(cell: Source) -> None:
    voxels = np.concatenate(
        [cell.read(0, DNA, 0, *box(at, 64)) for at in places(cell, 0, 8, in_nucleus=True)], axis=2, dtype=np.float64
    )
    # Without the grain, which is independent from voxel to voxel: means of 2x2x2, as shares of what is around.
    smooth = means(voxels, 2)
    around = np.kron(means(smooth, 16), np.ones((16, 16, 16)))
    smooth = smooth / around - 1.0
    assert smooth.std() > 0.15
    neighbours = (smooth[1:] * smooth[:-1]).mean() / smooth.var()
    assert neighbours > 0.7  # most belong to the same thing as their neighbour
    edges = np.abs(np.diff(smooth, axis=0))
    assert np.median(edges) < 0.1 * smooth.std()  # whose inside is even
    assert np.percentile(edges, 99) > 1.5 * smooth.std()  # and whose edges are sharp


def test_the_far_corner_is_as_exact_as_the_middle() -> None:
    pyramid = Pyramid((PETABYTE,) * 3, (20.0 / PETABYTE,) * 3)
    grid = pyramid.grid(0, (PETABYTE - 64,) * 3, (PETABYTE,) * 3)
    np.testing.assert_allclose(np.diff(grid.axes_um[0]), 0.0002, rtol=1e-9)
    for offset in grid.offsets(np.array([grid.axes_um[0][0]] * 3)):
        np.testing.assert_allclose(offset.ravel(), np.arange(64) * 0.0002, atol=1e-9)
    # A sphere in the last corner of an even larger grid has the volume that it should.
    side = 1_000_000
    big = Pyramid((side,) * 3, (20.0 / side,) * 3)
    grid = big.grid(0, (side - 48,) * 3, (side,) * 3)
    centre = np.array([float(axis[24]) for axis in grid.axes_um])
    inside = shapes.sphere_distance(grid, centre, 15.0 * 20.0 / side) < 0.0
    assert inside.sum() == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.01)


@pytest.mark.parametrize("channel", range(6))
def test_a_voxel_has_one_value_through_every_box_of_a_petabyte(channel: int) -> None:
    image, labels = open_synthetic(f"synthetic:cell?size={PETABYTE}")
    source, c = (labels, 0) if channel == 5 else (image, channel)
    for level in (0, 3, 7):
        for at in places(source, level, 3):
            lo, hi = box(at, 37)
            whole = source.read(level, c, 0, lo, hi)
            np.testing.assert_array_equal(
                source.read(level, c, 0, (lo[0] + 5, lo[1] + 3, lo[2] + 1), (hi[0] - 2, hi[1], hi[2] - 7)),
                whole[5:-2, 3:, 1:-7],
            )


def test_bricks_outside_of_the_cell_are_known_to_be_absent() -> None:
    image, labels = open_synthetic(f"synthetic:cell?size={PETABYTE}")
    for source in (image, labels):
        for level in (0, 6):
            n = source.info.levels[level].shape[0]
            for channel in range(len(source.info.channels)):
                assert source.is_absent(level, channel, 0, (n - 64,) * 3, (n,) * 3)


def test_many_shapes_at_once_are_what_they_are_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    anatomy = Anatomy(0, place_organelles(0))
    cell = FluorescentCell(anatomy)
    for side, lo, hi in ((64, (0, 0, 0), (64, 64, 64)), (128, (20, 20, 20), (84, 84, 84))):
        grid = Pyramid((side,) * 3, (20.0 / side,) * 3).grid(0, lo, hi)  # type: ignore[arg-type]
        labels = CellSegmentation(anatomy)
        together = [*anatomy.mitochondria(grid), cell._vesicles(grid, 0.2), labels.sample(grid, 0)]
        assert crowd.crowd(grid, np.zeros((9, 3)), np.full((9, 3), 0.5)) is not None
        with monkeypatch.context() as patched:
            patched.setattr(crowd, "MOST_PAIRS", -1)
            apart = [*anatomy.mitochondria(grid), cell._vesicles(grid, 0.2), labels.sample(grid, 0)]
        for one, other in zip(together, apart, strict=True):
            assert one.any()
            np.testing.assert_array_equal(one, other)


def test_opening_looks_at_as_many_voxels_whatever_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    tile = SyntheticSource._tile

    def counted(
        self: SyntheticSource, level: int, channel: int, time: int, lo: Shape3, hi: Shape3
    ) -> NDArray[np.generic]:
        read.append(int(np.prod([b - a for a, b in zip(lo, hi, strict=True)])))
        return tile(self, level, channel, time, lo, hi)

    monkeypatch.setattr(SyntheticSource, "_tile", counted)
    counts = []
    for side in (1024, PETABYTE):
        read.clear()
        scene = open_scene([f"synthetic:cell?size={side}"])
        counts.append(sum(read))
        stats = scene.layers[0].stats
        # The statistics are those of the cell, not of the few places that were looked at closely.
        assert 40 < stats[ER].percentile(99) < 90
        assert 4 < stats[MEMBRANE].percentile(90) < 14
        scene.close()
    assert max(counts) < 20_000_000
    assert counts[1] < 1.5 * counts[0]


def test_freed_blocks_are_used_again() -> None:
    program = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    from render.freed_memory import keep_freed_memory
    keep_freed_memory()
def add():
    return np.ones(1 << 18, np.float32) + 1.0
add()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    add()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    faults = [
        int(subprocess.run([sys.executable, "-c", program, how], capture_output=True, check=True).stdout)
        for how in ("kept", "plain")
    ]
    assert faults[0] < 500
    assert faults[0] <= faults[1]


def test_a_label_of_a_coarse_voxel_is_that_of_most_of_its_fine_ones() -> None:
    labels = open_synthetic(f"synthetic:cell?size={PETABYTE}")[1]
    for level in range(1, 10):
        agree = []
        for at in places(labels, level, 4):
            coarse = labels.read(level, 0, 0, *box(at, 12))
            fine = labels.read(level - 1, 0, 0, *box(2 * at, 24))
            fine = np.sort(fine.reshape(12, 2, 12, 2, 12, 2).transpose(0, 2, 4, 1, 3, 5).reshape(12, 12, 12, 8))
            middle = fine[..., 4]
            most = (fine == middle[..., None]).sum(axis=-1) > 4
            agree.append(float((coarse[most] == middle[most]).mean()))
        assert np.mean(agree) > 0.97, (level, agree)
