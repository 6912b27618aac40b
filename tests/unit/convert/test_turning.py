"""Where the voxels of a converted volume lie, against where they lay before."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import itk
import ngff_zarr
import numpy as np
import pytest

from render.convert.turning import turned
from render.source.memory import MemorySource
from render.source.open import open_sources
from render.space import affine, apply

from .stores import convert_to


def places_and_values(source: MemorySource) -> dict[tuple[float, ...], int]:
    shape = source.info.levels[0].shape
    voxels = source.read(0, 0, 0, (0, 0, 0), shape)
    at = np.argwhere(np.ones(shape, bool))
    world = apply(source.info.levels[0].world_from_vox, at[:, ::-1].astype(float))
    return {tuple(np.round(place, 6).tolist()): int(voxels[tuple(a)]) for place, a in zip(world, at, strict=True)}


@pytest.mark.parametrize("rows", list(permutations(range(3))))
def test_every_voxel_stays_where_it_was(rows: tuple[int, int, int]) -> None:
    voxels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    for signs in product((1, -1), repeat=3):
        direction = np.zeros((3, 3))
        for column, (row, sign) in enumerate(zip(rows, signs, strict=True)):
            direction[row, column] = sign
        source = MemorySource(voxels, world_from_vox=affine((0.5, 1.5, 2.5), (10.0, -20.0, 30.0), direction))
        (along,), notes = turned([source])
        assert notes == []
        world = along.info.levels[0].world_from_vox
        assert (world[:3, :3] == np.diag(np.diag(world[:3, :3]))).all()
        assert (np.diag(world) > 0).all()
        assert places_and_values(along) == places_and_values(source)  # type: ignore[arg-type]
        part = along.read(0, 0, 0, (0, 1, 0), (1, 2, 2))
        assert (part == along.read(0, 0, 0, (0, 0, 0), along.info.levels[0].shape)[0:1, 1:2, 0:2]).all()


def test_an_oblique_grid_is_turned_about_its_centre_with_its_labels() -> None:
    angle = np.deg2rad(20)
    direction = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    image = MemorySource(np.ones((8, 10, 12), np.uint8), world_from_vox=affine((1, 1, 2), (5, 6, 7), direction))
    finer = affine((0.5, 0.5, 1.0), (7, 8, 9), direction)
    labels = MemorySource(np.ones((4, 4, 4), np.uint8), kind="labels", world_from_vox=finer)
    made, notes = turned([image, labels])
    assert len(notes) == 1
    assert "oblique (by 20 degrees)" in notes[0]
    middle = np.array([[5.5, 4.5, 3.5]])
    before, after = image.info.levels[0].world_from_vox, made[0].info.levels[0].world_from_vox
    assert apply(after, middle) == pytest.approx(apply(before, middle))
    assert np.diag(after)[:3] == pytest.approx([1, 1, 2])
    # A voxel of the labels lies at the same voxel of the image as before.
    corner = np.array([[3.0, 1.0, 2.0]])
    in_image = apply(np.linalg.inv(before) @ finer, corner)
    assert apply(np.linalg.inv(after) @ made[1].info.levels[0].world_from_vox, corner) == pytest.approx(in_image)


@pytest.mark.parametrize("ngff", ["0.5", "0.4"])
def test_a_patients_sides_survive(tmp_path: Path, ngff: str) -> None:
    """An image of RAS axes that ITK wrote: ITK and the store say the same value at the same place of the patient."""
    voxels = np.random.default_rng(1).integers(1, 200, (7, 9, 11), np.uint8)
    image = itk.image_from_array(voxels)
    image.SetDirection(itk.matrix_from_array(np.diag([-1.0, -1.0, 1.0])))
    image.SetSpacing([0.5, 0.7, 1.1])
    image.SetOrigin([12.0, -8.0, 3.0])
    itk.imwrite(image, str(tmp_path / "ras.nrrd"))
    convert_to(tmp_path / "lps.ome.zarr", *open_sources(str(tmp_path / "ras.nrrd")), ngff=ngff)
    (source,) = open_sources(str(tmp_path / "lps.ome.zarr"))
    assert source.info.orientation == "anatomical"
    vox_from_world = np.linalg.inv(source.info.levels[0].world_from_vox)
    for index in ((0, 0, 0), (10, 0, 3), (4, 8, 6)):  # x, y, z as ITK has it
        millimetres = np.array(image.TransformIndexToPhysicalPoint(index))
        x, y, z = np.rint(apply(vox_from_world, millimetres[None] * 1000)[0]).astype(int).tolist()
        read = source.read(0, 0, 0, (z, y, x), (z + 1, y + 1, x + 1))
        assert read[0, 0, 0] == voxels[index[::-1]]
    axes = ngff_zarr.from_ngff_zarr(tmp_path / "lps.ome.zarr", validate=True, version=ngff).metadata.axes
    assert [axis.orientation["value"] for axis in axes] == [
        "inferior-to-superior", "anterior-to-posterior", "right-to-left",
    ]  # fmt: skip
