"""The path tracer against Mitsuba 3's volpath: means of pictures of the same medium, lights and camera."""

from __future__ import annotations

from dataclasses import replace

import mitsuba as mi
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from benchmarks.mitsuba_scenes import CASES, N, compare, hosta, voxels
from render.gpu.context import Context

SIZE = 48
# So that the standard error of the bias is at most a third of a percent.
SAMPLES = {"thin": 1280, "dense": 640, "forward": 1536, "coloured": 1024, "sunlit": 2048}


@pytest.mark.parametrize("scatterings", [1, 8])
@pytest.mark.parametrize("name", CASES)
def test_mean_pictures_are_those_of_mitsuba(gl: Context, name: str, scatterings: int) -> None:
    found = compare(gl, CASES[name], scatterings, SIZE, SAMPLES[name])
    print(f"{name}, {scatterings} scatterings: bias {found.bias:+.3%}, standard error {found.error:.3%}")
    assert found.ours.max() > 0.02
    assert found.error < 0.004
    assert abs(found.bias) < 0.01
    # Of 36 blocks the worst one, in standard errors that are themselves known from eight seeds only.
    assert found.blocks < 7
    # Colour by colour.
    ours, theirs = (picture.mean(axis=(0, 1)) for picture in (found.ours, found.theirs))
    assert (np.abs(ours / theirs - 1) < 0.015).all()


def test_a_difference_would_be_seen(gl: Context) -> None:
    """A tenth more extinction, or another phase function, moves the mean by more than what is allowed."""
    for name, change in (("thin", {"density": 1.1}), ("forward", {"g": 0.75})):
        right, wrong = (hosta(gl, case, 1, SIZE, 256).mean() for case in (CASES[name], replace(CASES[name], **change)))
        assert abs(wrong / right - 1) > 0.03, name


def test_voxels_lie_for_mitsuba_where_they_lie_for_us() -> None:
    """Trilinear between the centres, constant beyond the outermost: no choice of data has to hide a difference."""
    mi.set_variant("scalar_rgb")
    fractions = (voxels() / 65535.0).astype(np.float32)
    volume = mi.load_dict(
        {"type": "gridvolume", "grid": mi.VolumeGrid(fractions[..., None]), "raw": True, "wrap_mode": "clamp"}
    )
    points = np.random.default_rng(1).random((500, 3))
    points[:100] = np.rint(points[:100] * 2) / 2 * 0.999 + 0.0005  # also at the faces

    def theirs(p: np.ndarray) -> float:
        at = mi.Interaction3f()
        at.p = mi.Point3f(*p.tolist())
        return float(volume.eval_1(at))

    ours = map_coordinates(fractions, (points[:, ::-1] * N - 0.5).T, order=1, mode="nearest")
    np.testing.assert_allclose([theirs(p) for p in points], ours, atol=1e-5)
