"""Environment maps: directions, tables against quadrature, and files written by others."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR
import pytest
import tifffile
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOImage import vtkHDRReader

from render.errors import SourceError
from render.scene.environment import (
    BRIGHTEST,
    Environment,
    direction_of,
    importance,
    load_environment,
    load_environments,
    lookup,
    pdf_of,
    sample,
    uv_of,
)


def scattered(height: int = 64, seed: int = 0) -> Environment:
    """Mostly dark, with single bright texels, a broad lobe, and black."""
    rng = np.random.default_rng(seed)
    radiance = (rng.random((height, 2 * height, 3)) * 0.1).astype(np.float32)
    radiance[rng.random((height, 2 * height)) < 0.01] = (50.0, 40.0, 20.0)
    radiance[height // 3 : height // 2, : height // 2] = 0.0
    return Environment("scattered", radiance)


def sphere(rows: int = 512) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions (rows, 2 rows, 3) at the middles of cells of equal z and azimuth, and the solid angle of each."""
    z = 1 - (np.arange(rows) + 0.5) * 2 / rows
    u = (np.arange(2 * rows) + 0.5) / (2 * rows)
    v = np.arccos(z) / np.pi
    directions = direction_of(*np.broadcast_arrays(u[None, :], v[:, None]))
    return directions, np.full((rows, 2 * rows), 4 * np.pi / (2 * rows * rows))


# ---- directions ----


def test_directions_are_as_they_are_written_down() -> None:
    for uv, direction in (
        ((0.5, 0.5), (1, 0, 0)),  # the middle is ahead
        ((0.75, 0.5), (0, -1, 0)),  # to the right of it is right
        ((0.25, 0.5), (0, 1, 0)),
        ((0.0, 0.5), (-1, 0, 0)),
        ((0.3, 0.0), (0, 0, 1)),  # the top row is overhead
        ((0.5, 0.75), (2**-0.5, 0, -(2**-0.5))),
    ):
        assert direction_of(*uv) == pytest.approx(direction, abs=1e-12)


def test_there_and_back() -> None:
    rng = np.random.default_rng(1)
    u, v = rng.random(1000), rng.random(1000)
    d = direction_of(u, v)
    np.testing.assert_allclose(np.linalg.norm(d, axis=1), 1.0)
    back = uv_of(d)
    np.testing.assert_allclose(back, (u, v), atol=1e-9)
    assert np.isfinite(uv_of(np.array([[0, 0, 1.0], [0, 0, -1.0], [-1, 0, 0], [-1, -0.0, 0]]))).all()


def test_lookup_is_bilinear_and_goes_around() -> None:
    environment = scattered(8)
    rows, columns = np.mgrid[:8, :16]
    at = direction_of((columns + 0.5) / 16, (rows + 0.5) / 8)
    np.testing.assert_allclose(lookup(environment, at), environment.radiance, atol=1e-5)
    seam = lookup(environment, direction_of(0.0, 3.5 / 8))
    assert seam == pytest.approx((environment.radiance[3, 0] + environment.radiance[3, 15]) / 2, abs=1e-6)
    assert lookup(environment, np.array([0.0, 0.0, 1.0])) == pytest.approx(
        (environment.radiance[0, 7] + environment.radiance[0, 8]) / 2, abs=1e-6
    )


# ---- importance ----


@pytest.mark.parametrize(("rows", "cols"), [(256, 512), (32, 64), (7, 30), (1, 1)])
def test_the_density_integrates_to_one_and_the_tables_agree(rows: int, cols: int) -> None:
    tables = importance(scattered(), rows, cols)
    n, m = tables.pdf.shape
    assert (n, m) == (min(rows, 64), min(cols, 128))
    assert tables.pdf.dtype == tables.marginal.dtype == tables.conditional.dtype == np.float32
    assert (tables.marginal.shape, tables.conditional.shape) == ((n + 1,), (n, m + 1))
    z = np.cos(np.pi * np.arange(n + 1) / n)
    cell = (z[:-1] - z[1:])[:, None] * 2 * np.pi / m
    assert (tables.pdf * cell).sum() == pytest.approx(1.0, abs=1e-5)
    drawn = np.diff(tables.marginal.astype(float))[:, None] * np.diff(tables.conditional.astype(float), axis=1)
    np.testing.assert_allclose(drawn, tables.pdf * cell, rtol=1e-6)
    assert tables.marginal[-1] == 1.0
    assert (tables.conditional[:, -1] == 1.0).all()
    assert (np.diff(tables.marginal) >= 0).all()


def test_samples_have_the_density_that_they_say() -> None:
    """Counted in coarse cells; and their pdf is what pdf_of says of the direction."""
    tables = importance(scattered())
    directions, pdf = sample(tables, np.random.default_rng(2).random((400_000, 2)))
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    same = np.isclose(pdf_of(tables, directions), pdf)
    assert same.mean() > 0.999  # not where rounding moves a direction over the edge of a cell
    z = np.cos(np.pi * np.arange(65) / 64)
    expected = tables.pdf.astype(np.float64) * (z[:-1] - z[1:])[:, None] * 2 * np.pi / 128
    expected = expected.reshape(8, 8, 16, 8).sum(axis=(1, 3)) * len(pdf)
    counts, _, _ = np.histogram2d(*uv_of(directions)[::-1], (8, 16), ((0, 1), (0, 1)))
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert chi2 < 128 + 5 * np.sqrt(2 * 128)


@pytest.mark.parametrize("rows", [256, 32, 9])
def test_the_estimate_is_the_integral(rows: int) -> None:
    """Light times a wide lobe, by samples of the tables and by quadrature; few cells only cost noise."""
    environment = scattered()
    lobe = np.array([0.6, -0.64, 0.48])
    directions, solid_angle = sphere()
    true = float((lookup(environment, directions)[..., 1] * np.clip(directions @ lobe, 0, None) * solid_angle).sum())
    tables = importance(environment, rows, 2 * rows)
    d, pdf = sample(tables, np.random.default_rng(3).random((400_000, 2)))
    values = lookup(environment, d)[:, 1] * np.clip(d @ lobe, 0, None) / pdf
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - true) < 4 * error
    assert error < 0.02 * true


def test_tables_save_samples() -> None:
    environment = scattered()
    d, pdf = sample(importance(environment), np.random.default_rng(4).random((100_000, 2)))
    uniform = direction_of(
        np.random.default_rng(5).random(100_000), np.arccos(1 - 2 * np.random.default_rng(6).random(100_000)) / np.pi
    )
    ours = (lookup(environment, d)[:, 1] / pdf).var()
    assert ours < (lookup(environment, uniform)[:, 1] * 4 * np.pi).var() / 20


def test_the_density_is_proportional_to_the_light() -> None:
    """Of a map so smooth that smearing changes nothing, at the middles of cells, but for the shares' least size."""
    radiance = np.empty((128, 256, 3), np.float32)
    rows, columns = np.mgrid[:128, :256]
    d = direction_of((columns + 0.5) / 256, (rows + 0.5) / 128)
    radiance[...] = (1.2 + d @ np.array([0.5, 0.3, -0.8]))[..., None] * np.array([0.5, 1.0, 2.0])
    tables = importance(Environment("smooth", radiance), 64, 128)
    rows, columns = np.mgrid[2:62, :128]
    middle = direction_of((columns + 0.5) / 128, (rows + 0.5) / 64)
    expected = (1.2 + middle @ np.array([0.5, 0.3, -0.8])) / (4 * np.pi * 1.2)
    np.testing.assert_allclose(pdf_of(tables, middle), expected, rtol=0.01)


@pytest.mark.parametrize("rows", [256, 48, 5, 1])
def test_no_light_is_left_out(rows: int) -> None:
    """One faint texel in the dark: wherever a bilinear lookup sees it, the density is positive."""
    directions, _ = sphere(400)
    for place in ((20, 30), (0, 0), (63, 127), (31, 127), (32, 0)):
        radiance = np.zeros((64, 128, 3), np.float32)
        radiance[place] = 1e-12
        radiance[40, 80] = 1e6
        tables = importance(Environment("one", radiance), rows, 2 * rows)
        lit = lookup(Environment("one", radiance), directions).sum(axis=-1) > 0
        assert lit.any()
        assert (pdf_of(tables, directions)[lit] > 0).all()
        if rows == 256 and place == (20, 30):  # and it is drawn: the sun leaves some samples to it
            drawn, _ = sample(tables, np.random.default_rng(9).random((1_000_000, 2)))
            assert (lookup(Environment("one", np.where(radiance < 1, radiance, 0)), drawn) > 0).any()


def test_average_is_the_mean_over_the_sphere() -> None:
    environment = scattered()
    theta = (np.arange(64 * 50) + 0.5) * np.pi / (64 * 50)  # 50 steps a row of texels
    rows = environment.radiance.mean(axis=1, dtype=np.float64).repeat(50, axis=0)
    mean = (rows * np.sin(theta)[:, None]).sum(axis=0) / np.sin(theta).sum()
    assert importance(environment).average == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_an_even_map_is_drawn_evenly(value: float) -> None:
    tables = importance(Environment("even", np.full((16, 32, 3), value, np.float32)))
    np.testing.assert_allclose(tables.pdf, 1 / (4 * np.pi), rtol=1e-5)
    assert tables.average == pytest.approx((value,) * 3)
    directions, _ = sample(tables, np.random.default_rng(7).random((100_000, 2)))
    assert np.abs(directions.mean(axis=0)).max() < 0.01
    assert (directions**2).mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.01)


# ---- files ----


def write_exr(path: Path, radiance: NDArray[np.float32], dtype: type = np.float32, **header: object) -> Path:
    planes = {name: np.ascontiguousarray(radiance[..., i].astype(dtype)) for i, name in enumerate("RGB")}
    OpenEXR.File({"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage, **header}, planes).write(
        str(path)
    )
    return path


def test_hdr_as_vtk_reads_it(tmp_path: Path) -> None:
    radiance = scattered(16).radiance
    path = tmp_path / "a.hdr"
    path.write_bytes(imagecodecs.rgbe_encode(radiance, header=True))
    got = load_environment(str(path))
    assert got.name == "a.hdr"
    reader = vtkHDRReader()
    reader.SetFileName(str(path))
    reader.Update()
    theirs = vtk_to_numpy(reader.GetOutput().GetPointData().GetScalars()).reshape(16, 32, 3)[::-1]
    # VTK takes the middle of a mantissa's step: half a step of the brightest component apart.
    step = np.exp2(np.ceil(np.log2(radiance.max(axis=2, keepdims=True) + 1e-9))) / 256
    assert (np.abs(got.radiance - theirs) <= step + 1e-6).all()
    assert (np.abs(got.radiance - radiance) <= 2 * step).all()


def test_hdr_exposures_are_divided_out(tmp_path: Path) -> None:
    radiance = scattered(16).radiance
    head, _, body = imagecodecs.rgbe_encode(radiance, header=True).partition(b"\n\n")
    plain, exposed = tmp_path / "a.hdr", tmp_path / "b.hdr"
    plain.write_bytes(head + b"\n\n" + body)
    exposed.write_bytes(head + b"\nSOFTWARE=some tool 1.2\nEXPOSURE=4.0\nEXPOSURE= 0.5\n\n" + body)
    np.testing.assert_allclose(load_environment(str(exposed)).radiance * 2, load_environment(str(plain)).radiance)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_exr(tmp_path: Path, dtype: type) -> None:
    radiance = scattered(16).radiance
    got = load_environment(str(write_exr(tmp_path / "a.exr", radiance, dtype)))
    np.testing.assert_array_equal(got.radiance, radiance.astype(dtype).astype(np.float32))
    assert not got.notes
    acescg = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
    assert "primaries" in load_environment(str(write_exr(tmp_path / "b.exr", radiance, chromaticities=acescg))).notes[0]


def test_tiff(tmp_path: Path) -> None:
    radiance = scattered(16).radiance
    rgba = np.concatenate([radiance, np.ones((16, 32, 1), np.float32)], axis=2)
    for name, array, options in (
        ("a.tif", radiance, {"photometric": "rgb"}),
        ("b.tiff", rgba, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        ("c.tif", np.moveaxis(radiance, 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        ("d.tif", radiance.astype(np.float16), {"photometric": "rgb"}),
    ):
        tifffile.imwrite(tmp_path / name, array, **options)
        np.testing.assert_allclose(load_environment(str(tmp_path / name)).radiance, radiance, rtol=1e-3)
    grey = tmp_path / "e.tif"
    tifffile.imwrite(grey, radiance[..., 0])
    np.testing.assert_array_equal(load_environment(str(grey)).radiance[..., 2], radiance[..., 0])


def test_what_is_no_light_is_mended(tmp_path: Path) -> None:
    radiance = np.ones((4, 8, 3), np.float32)
    radiance[0, 0], radiance[1, 1], radiance[2, 2], radiance[3, 3] = np.nan, -3.0, np.inf, 7.0
    got = load_environment(str(write_exr(tmp_path / "a.exr", radiance)))
    assert (got.radiance[0, 0] == 0).all()
    assert (got.radiance[1, 1] == 0).all()
    assert (got.radiance[2, 2] == 7).all()
    assert "9 values" in got.notes[0]


def test_what_glares_is_as_bright_as_floats_can_add_up(tmp_path: Path) -> None:
    radiance = np.ones((4, 8, 3), np.float32)
    radiance[1, 1], radiance[2, 2] = 3e38, np.inf
    got = load_environment(str(write_exr(tmp_path / "a.exr", radiance)))
    assert (got.radiance[1, 1] == BRIGHTEST).all()
    assert (got.radiance[2, 2] == BRIGHTEST).all()
    assert np.isfinite(importance(got).pdf).all()
    assert "6 values" in got.notes[0]


def test_the_studio_is_there_without_a_file() -> None:
    environment, again = load_environments(["synthetic:studio", "synthetic:studio"])
    assert (environment.name, again.name) == ("synthetic:studio", "synthetic:studio (2)")
    assert environment.radiance.shape == (256, 512, 3)
    assert environment.radiance.dtype == np.float32
    assert environment.radiance.min() > 0
    assert environment.radiance.max() > 15 * np.median(environment.radiance)
    assert importance(environment).average == pytest.approx((0.5,) * 3, abs=0.05)
    np.testing.assert_array_equal(environment.radiance, again.radiance)


BAD = {
    "no file": ("nothing.exr", None, "does not exist"),
    "a photograph": ("a.jpg", b"\xff\xd8\xff", r"use a Radiance \.hdr, an \.exr or a \.tif of floats"),
    "empty hdr": ("a.hdr", b"", "is no Radiance picture, or is damaged"),
    "other text": ("a.hdr", b"hello\n\n-Y 2 +X 4\n", "is no Radiance picture"),
    "cut hdr": ("a.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 16 +X 32\n\x02\x02\x00\x20", "is damaged"),
    "huge hdr": ("a.hdr", b"#?RADIANCE\n\n-Y 100000 +X 200000\n", "at most 8192x4096 can be used"),
    "square hdr": ("a.hdr", b"#?RADIANCE\n\n-Y 16 +X 16\n", "twice as wide as high"),
    "turned hdr": ("a.hdr", b"#?RADIANCE\n\n+X 32 -Y 16\n", "not stored from the top left"),
    "XYZ": ("a.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 16 +X 32\n", "holds XYZ"),
    "no exposure": ("a.hdr", b"#?RADIANCE\nEXPOSURE=0\n\n-Y 16 +X 32\n", "says an exposure of 0"),
    "two points": ("a.hdr", b"#?RADIANCE\nEXPOSURE=1.2.3\n\n-Y 16 +X 32\n", "is damaged"),
    "no exr": ("a.exr", b"hello", "is no OpenEXR picture, or is damaged"),
    "no tiff": ("a.tif", b"hello", "is no TIFF, or is damaged"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_files_get_a_sentence(tmp_path: Path, case: tuple[str, bytes | None, str]) -> None:
    name, data, message = case
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=message) as caught:
        load_environment(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_other_bad_pictures(tmp_path: Path) -> None:
    whole = write_exr(tmp_path / "whole.exr", scattered(16).radiance).read_bytes()
    (tmp_path / "cut.exr").write_bytes(whole[: len(whole) // 2])
    large = write_exr(tmp_path / "large.exr", scattered(128).radiance).read_bytes()
    (tmp_path / "end cut off.exr").write_bytes(large[: len(large) * 9 // 10])
    plane = np.zeros((4, 8), np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Z": plane}).write(str(tmp_path / "depth.exr"))
    write_exr(tmp_path / "square.exr", np.zeros((8, 8, 3), np.float32))
    tifffile.imwrite(tmp_path / "bytes.tif", np.zeros((4, 8, 3), np.uint8), photometric="rgb")
    tifffile.imwrite(
        tmp_path / "five.tif", np.zeros((4, 8, 5), np.float32), photometric="minisblack", planarconfig="contig"
    )
    for name, message in (
        ("cut.exr", "damaged"),
        ("end cut off.exr", "damaged"),
        ("depth.exr", "no colours"),
        ("square.exr", "8x8"),
        ("bytes.tif", "uint8 values"),
        ("five.tif", "shape"),
    ):
        with pytest.raises(SourceError, match=message):
            load_environment(str(tmp_path / name))
