"""Where bricks came, what was shown before counts little; elsewhere it counts as ever."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkCamera

from render.engine.history import TILE_PX, TRUST_MOVED, TRUST_STALE, tiles_of
from render.engine.renderer import Renderer
from render.engine.stale import stale_tiles
from render.gpu.context import Context
from render.scene.framing import orbit
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.layer import Channel

from .scenes import WHITE_SKY, plain, scene_of
from .test_paging import blobs, near, paged, pyramid, tree_of

WINDOW = (176, 128)
SPACING_UM = (2.0, 1.0, 1.5)
BRICK = 16


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(pyramid(MemorySource(blobs((40, 64, 64)), spacing_um=SPACING_UM)))


@pytest.fixture
def resident(gl: Context, scene: Scene) -> Iterator[Renderer]:
    """A view with all that it wants on the device, and many samples."""
    with paged(gl, scene, side=128) as renderer:
        renderer.set_state(near(plain(scene, 20.0, channel=Channel(window=(60.0, 255.0)), lighting=WHITE_SKY)), 1)
        end_s = time.monotonic() + 60.0
        while not ((frame := renderer.step(time.monotonic(), 0.05)).resident and frame.samples >= 32):
            assert time.monotonic() < end_s
        yield renderer


def cameras(scene: Scene) -> dict[str, Camera]:
    start = scene.default_state.camera
    aside = orbit(start, 35.0, 20.0)
    return {
        "start": start,
        "aside": aside,
        "orthographic": aside.model_copy(update={"projection": "orthographic", "parallel_scale": 40.0}),
        "near": aside.model_copy(update={"view_angle": 8.0}),
    }


def by_vtk(camera: Camera, points_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels (n, 2), y down."""
    made = vtkCamera()
    made.SetPosition(camera.position)
    made.SetFocalPoint(camera.focal_point)
    made.SetViewUp(camera.view_up)
    made.SetViewAngle(camera.view_angle)
    made.SetParallelProjection(camera.projection == "orthographic")
    made.SetParallelScale(camera.parallel_scale)
    made.SetClippingRange(1e-3 * camera.distance, 10 * camera.distance)
    width, height = WINDOW
    matrix = made.GetCompositeProjectionTransformMatrix(width / height, -1, 1)
    rows = np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])
    seen = np.c_[points_um, np.ones(len(points_um))] @ rows.T
    ndc = seen[:, :2] / seen[:, 3:]
    return np.stack([(ndc[:, 0] + 1) / 2 * width, (1 - ndc[:, 1]) / 2 * height], axis=1)


@pytest.mark.parametrize("flip", [(False, False, False), (True, False, True)])
@pytest.mark.parametrize("name", ["start", "aside", "orthographic", "near"])
def test_a_brick_is_in_the_tiles_that_vtk_projects_it_to(
    resident: Renderer, scene: Scene, name: str, flip: tuple[bool, bool, bool]
) -> None:
    device, camera = tree_of(resident), cameras(scene)[name]
    nodes = np.flatnonzero(device.tree.alive & (device.tree.stage == 0))
    assert len(nodes) > 10
    some_outside = False
    for node in nodes.tolist():
        z, y, x = device.tree.brick[node].tolist()
        lo = np.array([x, y, z]) * BRICK * SPACING_UM[::-1]
        hi = np.minimum(np.array([x, y, z]) * BRICK + BRICK, (64, 64, 40)) * SPACING_UM[::-1]
        # The first voxel's centre is the origin.
        lo, hi = (edge - np.array(SPACING_UM[::-1]) / 2 for edge in (lo, hi))
        corners = np.array(
            [[(lo, hi)[i][0], (lo, hi)[j][1], (lo, hi)[k][2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
        )
        corners = np.where(flip, 2 * scene.box.centre - corners, corners)
        pixels = by_vtk(camera, corners)
        first, last = pixels.min(axis=0), pixels.max(axis=0)
        expected = np.zeros(tiles_of(WINDOW), bool)
        rows, columns = expected.shape
        for row in range(rows):
            for column in range(columns):
                at = np.array([column, row]) * TILE_PX
                end = np.minimum(at + TILE_PX, WINDOW)
                expected[row, column] = bool((first < end).all() and (last > at).all())
        got = stale_tiles(device, np.array([node]), camera, flip, WINDOW)
        np.testing.assert_array_equal(got, expected)
        some_outside |= not expected.all()
    assert some_outside


def test_a_brick_around_the_eye_may_be_anywhere_and_one_behind_is_nowhere(resident: Renderer, scene: Scene) -> None:
    device, start = tree_of(resident), scene.default_state.camera
    top = np.array([0])
    inside = start.model_copy(update={"position": tuple(scene.box.centre), "focal_point": (0.0, 0.0, -1000.0)})
    assert stale_tiles(device, top, inside, (False,) * 3, WINDOW).all()
    position, focal = np.array(start.position), np.array(start.focal_point)
    away = start.model_copy(update={"focal_point": tuple(2 * position - focal)})
    assert not stale_tiles(device, top, away, (False,) * 3, WINDOW).any()


def test_two_eyes_have_their_own_tiles_and_a_lens_all(resident: Renderer, scene: Scene) -> None:
    device, start = tree_of(resident), scene.default_state.camera
    node = np.flatnonzero(device.tree.alive & (device.tree.stage == 0))[:1]
    stereo = stale_tiles(device, node, start.model_copy(update={"stereo": "side_by_side"}), (False,) * 3, WINDOW)
    half = stereo.shape[1] // 2
    assert stereo[:, :half].any()
    assert stereo[:, half:].any()
    assert not stereo.all()
    assert stale_tiles(device, node, start.model_copy(update={"aperture": 1.0}), (False,) * 3, WINDOW).all()


def test_what_was_shown_counts_less_where_bricks_came(resident: Renderer) -> None:
    device, flow, history = tree_of(resident), resident._flow, resident._view.history
    assert flow is not None
    before = history._now.count.read()[..., 0]
    assert before.min() >= 32
    fine = np.flatnonzero(device.tree.alive & (device.tree.stage == 0))
    tiles = [stale_tiles(device, np.array([node]), resident._state.camera, (False,) * 3, (128, 128)) for node in fine]
    node, stale = next((n, t) for n, t in zip(fine.tolist(), tiles, strict=True) if 0 < t.sum() < t.size / 2)

    flow._changed.append(np.array([node]))
    resident._begin(1.0)
    resident._draw_some(resident._view.accumulator, 1)
    while resident._view.accumulator.samples < 1:
        resident._draw_some(resident._view.accumulator, 1)
    resident._develop()
    count = history._now.count.read()[..., 0]
    pixels = np.kron(stale, np.ones((TILE_PX, TILE_PX), bool))[:128, :128]
    assert count[pixels].max() <= 1.0 + TRUST_STALE
    # Where a hit says that it moved within the picture, what was there before counts, but for what fades at once.
    assert np.median(count[~pixels]) > 0.8 * TRUST_MOVED

    resident._begin(1.0)  # nothing came since
    while resident._view.accumulator.samples < 1:
        resident._draw_some(resident._view.accumulator, 1)
    resident._develop()
    assert flow.stale(resident._state, (128, 128)) is None
    assert history._limited is None


def test_a_picture_that_was_never_finished_leaves_its_tiles_to_the_next(resident: Renderer) -> None:
    history = resident._view.history
    record = history._record
    one, two = np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    one[0, 0] = two[3, 3] = True
    history.begin(record, TRUST_MOVED, one)
    history.begin(record, TRUST_MOVED, two)
    assert history._limited is not None
    assert np.argwhere(history._limited).tolist() == [[0, 0], [3, 3]]
    history.begin(record, TRUST_MOVED, None)
    assert history._limited is not None
    limits = history._limits.read()[..., 0]
    assert np.argwhere(limits == TRUST_STALE).tolist() == [[0, 0], [3, 3]]
