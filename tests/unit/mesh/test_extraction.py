"""Meshes of segments: closed, right side out, as large as what they show, and the same however they are cut."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import euler_number
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkSurfaceNets3D

from render.bricks.pyramid import with_pyramid
from render.engine.label_colors import label_table
from render.errors import LimitError, SourceError, UsageError
from render.mesh import SegmentMesh, extract
from render.mesh.blocks import blocks_of
from render.mesh.region import crop_of, level_for
from render.mesh.smoothing import REACH_MORE
from render.source.base import Shape3, Source
from render.source.memory import MemorySource
from render.space import Box, affine

from .surfaces import assert_closed, ball, corners, labels_of, segment, surface, torus

BIG = 2**63 + 5


def image_of(array: NDArray[Any]) -> vtkImageData:
    image = vtkImageData()
    image.SetDimensions(*array.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(array.ravel().copy(), deep=True))
    return image


def flying_edges(mask: NDArray[Any]) -> trimesh.Trimesh:
    """VTK's marching cubes of a mask, closed at its border."""
    filter_ = vtkFlyingEdges3D()
    filter_.SetInputData(image_of(np.pad(mask, 1).astype(np.float32)))
    filter_.SetValue(0, 0.5)
    filter_.Update()
    made = filter_.GetOutput()
    faces = vtk_to_numpy(made.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return trimesh.Trimesh(vtk_to_numpy(made.GetPoints().GetData()), faces, process=False)


@pytest.mark.parametrize("density", [0.3, 0.5, 0.7])
def test_noise_is_a_closed_manifold_with_the_topology_of_marching_cubes(density: float) -> None:
    """Noise has every configuration of a cell, also those in which sheets touch along edges and at corners."""
    mask = np.random.default_rng(3).random((13, 12, 11)) < density
    source = labels_of(mask.astype(np.uint8), spacing_um=(3.0, 2.0, 1.0))
    exact = segment(source, 1, smooth=0)
    assert exact.volume == pytest.approx(6.0 * mask.sum(), rel=1e-12)
    faces = [np.count_nonzero(np.diff(np.pad(mask, 1).astype(int), axis=axis)) for axis in range(3)]
    assert exact.area == pytest.approx(2.0 * faces[0] + 3.0 * faces[1] + 6.0 * faces[2], rel=1e-12)
    smoothed = segment(source, 1)
    assert exact.euler_number == smoothed.euler_number == flying_edges(mask).euler_number
    assert exact.body_count == smoothed.body_count == flying_edges(mask).body_count


def test_smooth_shapes_have_the_topology_of_their_voxels() -> None:
    mask = gaussian_filter(np.random.default_rng(1).random((30, 28, 26)), 2.0) > 0.5
    made = segment(labels_of(mask.astype(np.uint8)), 1)
    assert made.euler_number == 2 * euler_number(mask, connectivity=1)


def test_faces_are_those_of_vtks_surface_nets() -> None:
    """Without smoothing, and where no sheets touch (VTK joins those)."""
    array = np.zeros((12, 12, 12), np.uint8)
    array[2:9, 3:8, 2:10] = 1
    array[5:10, 8:11, 3:9] = 2
    nets = vtkSurfaceNets3D()
    nets.SetInputData(image_of(array.astype(np.float32)))
    nets.SetNumberOfLabels(2)
    nets.SetValue(0, 1.0)
    nets.SetValue(1, 2.0)
    nets.SmoothingOff()
    nets.SetOutputMeshTypeToQuads()
    nets.Update()
    output = nets.GetOutput()
    points = vtk_to_numpy(output.GetPoints().GetData()).astype(float)
    quads = points[vtk_to_numpy(output.GetPolys().GetConnectivityArray()).reshape(-1, 4)].mean(axis=1)
    sides = vtk_to_numpy(output.GetCellData().GetArray("BoundaryLabels"))
    for mesh in extract(labels_of(array), [1, 2], smooth=0):
        at, triangles = mesh.whole()
        expected = quads[(sides == mesh.id).any(axis=1)]
        assert mesh.n_triangles == 2 * len(expected)
        # The two triangles of a quad lie about its middle: the longest sides are its diagonal.
        ends = at[triangles]
        lengths = np.linalg.norm(ends - np.roll(ends, -1, axis=1), axis=2)
        longest = lengths.argmax(axis=1)
        rows = np.arange(len(triangles))
        middles = (ends[rows, longest] + ends[rows, (longest + 1) % 3]) / 2.0
        assert np.array_equal(np.unique(middles, axis=0), np.unique(expected, axis=0))


@pytest.mark.parametrize("smooth", [0, 5])
@pytest.mark.parametrize("side", [16, 9])
def test_blocks_give_the_mesh_of_one_go(smooth: int, side: int) -> None:
    """Bit for bit, with noise of several labels: every seam has every configuration."""
    array = np.random.default_rng(0).integers(0, 4, (21, 19, 18)).astype(np.uint16)
    source = labels_of(array, spacing_um=(4.0, 1.0, 1.5))
    whole = list(extract(source, None, smooth=smooth))
    cut = list(extract(source, None, smooth=smooth, block_vox=side))
    assert [mesh.id for mesh in whole] == [mesh.id for mesh in cut] == [1, 2, 3]
    for one, other in zip(whole, cut, strict=True):
        assert (one.n_vertices, one.n_triangles) == (other.n_vertices, other.n_triangles)
        assert np.array_equal(corners(one), corners(other))
        assert_closed(surface(other))


def test_a_ball_across_blocks_is_round() -> None:
    """Against the ball that the voxels were taken from. Areas of unsmoothed voxels are half as large again."""
    radius, spacing = 20.0, (0.5, 0.5, 0.5)
    source = labels_of(ball(45, radius), spacing_um=spacing)
    made = segment(source, 1, block_vox=16)
    assert made.volume == pytest.approx(4.0 / 3.0 * math.pi * (radius / 2) ** 3, rel=0.005)
    assert made.area == pytest.approx(4.0 * math.pi * (radius / 2) ** 2, rel=0.01)
    assert made.euler_number == 2
    outwards = made.triangles_center - np.full(3, 11.0)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    angles = np.degrees(np.arccos(np.clip((made.face_normals * outwards).sum(axis=1), -1.0, 1.0)))
    assert angles.mean() < 3.0  # of voxels' faces: 45
    assert segment(source, 1, smooth=0).area > 1.4 * made.area


def test_a_torus_has_a_hole() -> None:
    ring, tube = 16.0, 7.0
    made = segment(labels_of(torus(50, ring, tube)), 1, block_vox=24)
    assert made.euler_number == 0
    assert made.volume == pytest.approx(2.0 * math.pi**2 * ring * tube**2, rel=0.01)
    assert made.area == pytest.approx(4.0 * math.pi**2 * ring * tube, rel=0.02)


def test_a_tilted_plane_loses_its_steps() -> None:
    z, y, x = np.mgrid[:40, :48, :48] - 20.0
    array = ((z + 0.13 * y + 0.07 * x < 0) & (abs(x) < 19) & (abs(y) < 19)).astype(np.uint8)
    made = segment(labels_of(array), 1)
    centre = made.triangles_center - 20.0
    inner = (abs(centre[:, :2]) < 10).all(axis=1) & (abs(centre[:, 2]) < 6)
    normal = np.array([0.07, 0.13, 1.0]) / np.linalg.norm([0.07, 0.13, 1.0])
    angles = np.degrees(np.arccos(np.clip(made.face_normals[inner] @ normal, -1.0, 1.0)))
    assert inner.sum() > 500
    assert angles.mean() < 2.0
    assert angles.max() < 8.0


def test_a_comb_is_combed() -> None:
    """A face of which every second row stands out by a voxel becomes flat, and its rim does not stand out in flags."""
    array = np.zeros((30, 30, 12), np.uint8)
    array[3:27, 3:27, 3:8] = 1
    array[3:27, 3:27:2, 8] = 1
    made = segment(labels_of(array), 1)
    front = made.vertices[(made.vertices[:, 0] > 6.0)]
    inner = front[(abs(front[:, 1:] - 14.5) < 6).all(axis=1)]
    assert len(inner) > 100
    assert np.ptp(inner[:, 0]) < 0.1
    assert front[:, 0].max() < 8.3


def test_vertices_stay_in_their_cells() -> None:
    array = np.random.default_rng(5).integers(0, 3, (9, 9, 9)).astype(np.uint8)
    source = labels_of(array)
    for exact, smoothed in zip(extract(source, None, smooth=0), extract(source, None), strict=True):
        moved = smoothed.whole()[0] - exact.whole()[0]
        assert 0.3 < np.abs(moved).max() <= 0.5 + 1e-12


@pytest.mark.parametrize(
    "voxels", [[(0, 0, 0)], [(0, 0, 0), (0, 0, 1)], [(0, 0, 0), (0, 1, 1)], [(0, 0, 0), (1, 1, 1)]]
)
def test_a_few_voxels_do_not_vanish(voxels: list[Shape3]) -> None:
    array = np.zeros((6, 6, 6), np.uint8)
    for z, y, x in voxels:
        array[2 + z, 2 + y, 2 + x] = 1
    made = segment(labels_of(array), 1)
    assert made.volume > 0.5 * len(voxels)
    apart = len(voxels) == 2 and sum(voxels[1]) > 1
    assert made.body_count == (2 if apart else 1)
    assert made.euler_number == 2 * made.body_count


def test_touching_segments_share_their_boundary() -> None:
    array = np.zeros((20, 20, 20), np.uint32)
    array[4:16, 4:16, 4:10] = 7
    array[4:16, 4:16, 10:16] = 9
    source = labels_of(array)
    first, second = (surface(mesh) for mesh in extract(source, [7, 9]))
    ours = {tuple(sorted(map(tuple, triangle))) for triangle in first.triangles.tolist()}
    theirs = {tuple(sorted(map(tuple, triangle))) for triangle in second.triangles.tolist()}
    assert len(ours & theirs) == 2 * 12 * 12
    union = segment(labels_of((array > 0).astype(np.uint8)), 1, smooth=0)
    exact = [segment(source, identifier, smooth=0) for identifier in (7, 9)]
    assert sum(one.volume for one in exact) == pytest.approx(union.volume)


def test_segments_close_at_the_border_and_at_the_crop() -> None:
    full = labels_of(np.ones((5, 6, 7), np.uint8))
    made = segment(full, 1, smooth=0)
    assert made.bounds.tolist() == [[-0.5, -0.5, -0.5], [6.5, 5.5, 4.5]]
    assert made.volume == pytest.approx(5 * 6 * 7)
    cropped = segment(full, 1, smooth=0, crop=((1, 2, 3), (3, 5, 7)))
    assert cropped.bounds.tolist() == [[2.5, 1.5, 0.5], [6.5, 4.5, 2.5]]
    assert segment(full, 1).volume > 0.9 * made.volume


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_directions_and_flips_keep_the_outside_outside(flips: tuple[int, int, int]) -> None:
    """The middle of gravity and the volume are where numpy says that the voxels are."""
    angle = 0.4
    turn = np.array([[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0], [0, 0, 1.0]])
    world_from_vox = affine((0.5, 0.8, 2.0), (10.0, -20.0, 30.0), turn @ np.diag(flips))
    array = np.zeros((8, 9, 10), np.uint8)
    array[2:5, 3:5, 1:7] = 1
    array[2:4, 5, 2] = 1
    made = segment(labels_of(array, world_from_vox=world_from_vox), 1, smooth=0)
    z, y, x = np.nonzero(array)
    centres = np.stack([x, y, z, np.ones(len(x))]).astype(float)
    assert made.volume == pytest.approx(0.8 * len(x))
    assert made.center_mass == pytest.approx((world_from_vox @ centres)[:3].mean(axis=1))


def test_ids_of_64_bits_are_exact() -> None:
    """Neighbours above 2^53, which a double does not tell apart."""
    big = [2**53, 2**53 + 1, 2**64 - 1, 2**64 - 2]
    array = np.zeros((5, 5, 20), np.uint64)
    for number, identifier in enumerate(big):
        array[1:4, 1:4, 1 + 4 * number : 2 + 5 * number] = identifier
    expected = {identifier: int((array == identifier).sum()) for identifier in big}
    source = labels_of(array)
    for ids in (None, big, big[1:2]):
        meshes = list(extract(source, ids, smooth=0, block_vox=8))
        assert [mesh.id for mesh in meshes] == (big[:2] + big[:1:-1] if ids is None else ids)
        for mesh in meshes:
            assert mesh.id is not None
            assert surface(mesh).volume == pytest.approx(expected[mesh.id])


def test_signed_ids_are_named_by_their_pattern() -> None:
    array = np.zeros((4, 4, 4), np.int32)
    array[1:3, 1:3, 1:3] = -5
    (mesh,) = extract(labels_of(array), [-5])
    assert mesh.id == 2**64 - 5
    assert mesh.n_triangles == 48


def test_an_id_that_is_not_there_is_empty() -> None:
    first, second = extract(labels_of(ball(9, 3.0)), [99, 1])
    assert (first.id, first.n_triangles, len(first.whole()[0])) == (99, 0, 0)
    assert second.n_triangles > 0
    assert list(extract(labels_of(np.zeros((4, 4, 4), np.uint8)), None)) == []


class Watched:
    """A source that notes the boxes that are read, and knows of some slices of level 0 that they are absent."""

    def __init__(self, source: Source, absent_below: int = 0) -> None:
        self.info, self._source, self.close = source.info, source, source.close
        self._absent_below = absent_below
        self.boxes: list[tuple[Shape3, Shape3]] = []

    def read(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        self.boxes.append((lo, hi))
        return self._source.read(level, channel, time, lo, hi)

    def is_absent(self, level: int, channel: int, time: int, lo: Shape3, hi: Shape3) -> bool:
        return hi[0] <= self._absent_below


def test_reads_are_bounded_and_skip_what_is_absent() -> None:
    array = np.zeros((40, 40, 40), np.uint8)
    array[32:35, 3:6, 3:6] = 1
    source = Watched(labels_of(array), absent_below=20)
    (mesh,) = extract(source, [1], smooth=2, block_vox=10)
    assert surface(mesh).is_watertight
    assert min(lo[0] for lo, _ in source.boxes) >= 10
    assert max(b - a for lo, hi in source.boxes for a, b in zip(lo, hi, strict=True)) <= 10 + 2 * (2 + REACH_MORE)
    # Blocks without the id are looked at and not read with their halo.
    assert sum(b - a > 12 for lo, hi in source.boxes for a, b in [(lo[0], hi[0])]) == 1


def test_a_coarser_level_leads_to_what_it_does_not_show() -> None:
    """A fibre as thin as a voxel hangs on a cube: the coarse level shows the cube alone; far blocks are not read."""
    array = np.zeros((60, 60, 60), np.uint64)
    array[2:14, 2:14, 2:14] = BIG
    array[8, 8, 10:58] = BIG
    array[8, 8:50, 57] = BIG
    array[40:50, 40:50, 2:10] = 3
    source = Watched(with_pyramid(labels_of(array), 1000))
    coarse = source.read(2, 0, 0, (0, 0, 0), source.info.levels[2].shape)
    assert np.argwhere(coarse == BIG).max() <= 4
    (whole,) = extract(source, [BIG], block_vox=10)
    source.boxes.clear()
    (found,) = extract(source, [BIG], block_vox=10, search_level=2)
    assert np.array_equal(corners(whole), corners(found))
    read = {(lo, hi) for lo, hi in source.boxes if hi != source.info.levels[2].shape}
    assert max(lo[0] for lo, _ in read) <= 30  # the cells of the coarse level are 32 voxels long
    with pytest.raises(UsageError, match="coarser than the one meshed"):
        extract(source, [BIG], search_level=0)


def test_more_blocks_than_are_gone_through() -> None:
    with pytest.raises(LimitError, match="take a coarser --level"):
        blocks_of(((0, 0, 0), (10**6, 10**6, 10**6)), 3)


def test_progress_and_closing_midway() -> None:
    told: list[tuple[int, int]] = []

    def progress(what: str, done: int, total: int) -> None:
        assert what == "meshing array"
        told.append((done, total))
        if done == 3 and len(told) > 5:
            raise KeyboardInterrupt

    source = labels_of(ball(20, 8.0))
    list(extract(source, None, block_vox=10, progress=progress))
    assert told == [(done, 8) for done in range(9)]
    with pytest.raises(KeyboardInterrupt):
        list(extract(source, None, block_vox=10, progress=progress))


def test_names_and_colours_are_the_renderers() -> None:
    array = np.arange(64, dtype=np.uint64).reshape(4, 4, 4) % 4
    source = labels_of(
        array, label_names={1: "nucleus"}, label_colors={1: (1.0, 0.0, 0.0, 1.0), 2: (0.0, 1.0, 0.0, 0.5)}
    )

    def shown(**options: Any) -> list[SegmentMesh]:
        return list(extract(source, [1, 2, 3], **options))

    meshes = shown(overrides={2: (0.1, 0.2, 0.3, 1.0)})
    assert [mesh.name for mesh in meshes] == ["nucleus", "2", "3"]
    assert meshes[0].color == (1.0, 0.0, 0.0, 1.0)
    assert meshes[1].color == (0.1, 0.2, 0.3, 1.0)
    assert shown()[1].color == (0.0, 1.0, 0.0, 0.5)
    assert shown(colors="hash")[0].color != meshes[0].color
    packed = label_table(np.arange(4, dtype=np.uint64), source.info.label_colors)
    for mesh, word in zip(shown(), packed[1:].tolist(), strict=True):
        assert [round(255 * part) for part in mesh.color] == [word >> shift & 255 for shift in (0, 8, 16, 24)]


def test_what_cannot_be_is_said() -> None:
    source = labels_of(ball(9, 3.0))
    for arguments, options, sentence in (
        ([[]], {}, "no segment is chosen"),
        ([[0]], {}, "0 is the background"),
        ([[2**64]], {}, "64 bits"),
        ([[-1]], {}, "below 0"),
        ([[1]], {"level": 1}, "has no level 1"),
        ([[1]], {"time": 3}, "has no time point 3"),
        ([[1]], {"smooth": 1000}, "0 to 64"),
        ([[1]], {"crop": ((0, 0, 0), (1, 1, 10))}, "does not lie in a level"),
    ):
        with pytest.raises(UsageError, match=sentence):
            extract(source, *arguments, **options)
    with pytest.raises(UsageError, match="is an image"):
        extract(MemorySource(np.zeros((3, 3, 3))), [1])
    source.close()
    with pytest.raises(SourceError):
        list(extract(source, [1]))


def test_crops_and_levels_of_the_world() -> None:
    level = labels_of(ball(9, 3.0), spacing_um=(3.0, 2.0, 1.0)).info.levels[0]
    assert crop_of(level, Box((1.0, 1.9, 3.5), (2.2, 8.1, 100.0))) == ((2, 1, 1), (9, 5, 3))
    with pytest.raises(UsageError, match="no voxels in the crop box"):
        crop_of(level, Box((20.0, 0.0, 0.0), (30.0, 5.0, 5.0)))
    info = with_pyramid(labels_of(np.ones((64, 64, 64), np.uint8)), 1000).info
    assert [max(one.spacing_um) for one in info.levels] == [1.0, 2.0, 4.0, 8.0]
    assert [level_for(info, length) for length in (0.5, 1.0, 3.9, 4.0, 100.0)] == [0, 0, 1, 2, 3]
