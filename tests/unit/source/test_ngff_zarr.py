"""OME-Zarr that ngff-zarr wrote, against what ngff-zarr itself reads of it."""

from __future__ import annotations

from pathlib import Path

import ngff_zarr
import numpy as np
import pytest

from render.space import apply
from tests.unit.source.reading import one, whole

SPACING_NM = {"z": 45.0, "y": 4.6, "x": 5.2}
PLACE_NM = {"z": 900.0, "y": -30.0, "x": 12.0}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_values_spacing_and_place_are_those_it_reads(tmp_path: Path, version: str) -> None:
    values = np.random.default_rng(5).integers(0, 60_000, (9, 34, 45), np.uint16)
    units = dict.fromkeys("zyx", "nanometer")
    image = ngff_zarr.to_ngff_image(values, dims="zyx", scale=SPACING_NM, translation=PLACE_NM, axes_units=units)
    path = tmp_path / "a.ome.zarr"
    written = ngff_zarr.to_multiscales(image, scale_factors=[{"z": 1, "y": 2, "x": 2}], chunks=16)
    ngff_zarr.to_ngff_zarr(path, written, version=version)

    source = one(path)
    peer = ngff_zarr.from_ngff_zarr(path, validate=True, version=version).images

    assert source.info.format == f"OME-Zarr {version}"
    assert source.info.unit == "nanometer"
    assert len(source.info.levels) == len(peer) == 2
    np.testing.assert_array_equal(whole(source), values)
    for number, (level, theirs) in enumerate(zip(source.info.levels, peer, strict=True)):
        expected = np.asarray(theirs.data)
        np.testing.assert_array_equal(whole(source, number), expected)
        first = np.array([theirs.translation[axis] for axis in "xyz"]) / 1000.0
        step = np.array([theirs.scale[axis] for axis in "xyz"]) / 1000.0
        last = np.array(expected.shape[::-1]) - 1.0
        # Two opposite corners and the step: spacing, place and that no axis is turned or swapped.
        np.testing.assert_allclose(apply(level.world_from_vox, np.zeros(3)), first, atol=1e-9)
        np.testing.assert_allclose(apply(level.world_from_vox, last), first + last * step, atol=1e-9)
        np.testing.assert_allclose(level.spacing_um, step)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_orientation_is_what_it_reads(tmp_path: Path, version: str) -> None:
    values = np.random.default_rng(6).integers(0, 255, (4, 5, 6), np.uint8)
    image = ngff_zarr.to_ngff_image(values, dims="zyx", scale={"z": 3.0, "y": 2.0, "x": 1.0},
                                    axes_units=dict.fromkeys("zyx", "millimeter"))  # fmt: skip
    path = tmp_path / "a.ome.zarr"
    written = ngff_zarr.to_multiscales(image, scale_factors=[], chunks=16, orientation="RAS")
    ngff_zarr.to_ngff_zarr(path, written, version=version)

    source = one(path)
    peer = ngff_zarr.from_ngff_zarr(path, version=version).images[0]

    towards = {"left-to-right": -1.0, "posterior-to-anterior": -1.0, "inferior-to-superior": 1.0}  # in LPS
    steps = [towards[peer.axes_orientations[axis].value.value] * peer.scale[axis] * 1000.0 for axis in "xyz"]
    assert source.info.orientation == "anatomical"
    np.testing.assert_allclose(source.info.levels[0].world_from_vox, np.diag([*steps, 1.0]), atol=1e-9)
    np.testing.assert_array_equal(whole(source), np.asarray(peer.data))
