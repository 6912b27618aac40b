"""Where things lie: AGAVE's own projection of stored voxels against ours, whatever the orientation of the data."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bridge.agave import AgaveView, read_agave
from render.bridge.agave_frame import turn_from_z, turned
from render.scene.open import Scene
from render.space import apply
from render.state.view import ViewState

from .agave_files import changed, scene_file, scene_of, write
from .form_factor import seen_of_a_rectangle

SHAPE = (10, 20, 30)
SPACING = np.array([2.0, 3.0, 5.0])  # x, y, z, micrometres
STORED = np.random.default_rng(4).uniform(0.0, 1.0, (40, 3))
"""Points of the volume as fractions along the stored x, y, z."""


def oriented(seed: int) -> NDArray[np.float64]:
    """A turned frame; odd seeds have left-handed axes, seeds below 8 are along the axes of the world."""
    rng = np.random.default_rng(seed)
    if seed < 8:
        order = list(itertools.permutations(range(3)))[seed % 6]
        matrix = np.eye(3)[:, order] * rng.choice([-1.0, 1.0], 3)
    else:
        matrix, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if (np.linalg.det(matrix) < 0) != bool(seed % 2):
        matrix[:, 2] *= -1
    return matrix


def scene_with(seed: int, spacing: NDArray[np.float64] = SPACING) -> Scene:
    world = np.eye(4)
    world[:3, :3] = oriented(seed) * spacing
    world[:3, 3] = (1000.0, -500.0, 300.0)
    return scene_of(np.arange(math.prod(SHAPE), dtype=np.uint16).reshape(SHAPE), world)


def document(**changes: Any) -> dict[str, Any]:
    base = scene_file()
    base["scale"] = [0.2, 0.3, 0.5]  # another unit, the same proportions
    base["camera"] |= {"eye": [1.3, -0.9, 2.0], "target": [0.5, 0.4, 0.3], "up": [0.1, 1.0, 0.2]}
    return base | changes


def view(document: dict[str, Any], scene: Scene, folder: Path) -> AgaveView:
    return read_agave(write(folder, document)).view(scene)


def agave_size() -> NDArray[np.float64]:
    size = SPACING * np.array(SHAPE[::-1])
    return size / size.max()


def by_agave(document: dict[str, Any], stored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels, in halves of the picture's height, by AGAVE's camera in its own world: N, U = N x up, V = U x N."""
    flip = np.array(document["flipAxis"]) < 0
    points = np.where(flip, 1.0 - stored, stored) * agave_size()
    camera = document["camera"]
    eye, target, up = (np.array(camera[key]) for key in ("eye", "target", "up"))
    n = (target - eye) / np.linalg.norm(target - eye)
    u = np.cross(n, up)
    u /= np.linalg.norm(u)
    seen = (points - eye) @ np.stack([u, np.cross(u, n), n], axis=1)
    if camera["projection"] == 1:
        return seen[:, :2] / camera["orthoScale"]
    return seen[:, :2] / seen[:, 2:] / math.tan(math.radians(camera["fovY"]) / 2)


def shown_at(scene: Scene, state: ViewState, stored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where stored points appear in our world: through the file's orientation, then mirrored by `flip`."""
    level = scene.layers[0].source.info.levels[0]
    world = apply(level.world_from_vox, stored * np.array(SHAPE[::-1]) - 0.5)
    return np.where(state.flip, 2 * scene.box.centre - world, world)


def by_ours(scene: Scene, state: ViewState, stored: NDArray[np.float64]) -> NDArray[np.float64]:
    camera = state.camera
    eye, target, up = (np.array(p) for p in (camera.position, camera.focal_point, camera.view_up))
    n = (target - eye) / np.linalg.norm(target - eye)
    u = np.cross(n, up)
    u /= np.linalg.norm(u)
    seen = (shown_at(scene, state, stored) - eye) @ np.stack([u, np.cross(u, n), n], axis=1)
    if camera.projection == "orthographic":
        return seen[:, :2] / camera.parallel_scale
    return seen[:, :2] / seen[:, 2:] / math.tan(math.radians(camera.view_angle) / 2)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("projection", [0, 1])
def test_stored_voxels_are_seen_where_agave_sees_them(seed: int, projection: int, tmp_path: Path) -> None:
    scene = scene_with(seed)
    file = document()
    file["camera"]["projection"] = projection
    state = view(file, scene, tmp_path).state
    assert by_ours(scene, state, STORED) == pytest.approx(by_agave(file, STORED), abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("flip", list(itertools.product((1, -1), repeat=3)))
def test_flipped_axes_are_flipped(seed: int, flip: tuple[int, int, int], tmp_path: Path) -> None:
    scene = scene_with(seed)
    file = document(flipAxis=list(flip))
    state = view(file, scene, tmp_path).state
    assert by_ours(scene, state, STORED) == pytest.approx(by_agave(file, STORED), abs=1e-6)


def test_flips_of_oblique_data_are_told_of(tmp_path: Path) -> None:
    notes = view(document(flipAxis=[1, -1, 1]), scene_with(10), tmp_path).notes
    assert any("flipped axes were not taken over" in note for note in notes)


def is_kept(state: ViewState, scene: Scene, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which world points neither the crop box nor a plane cuts away."""
    lo = np.asarray(scene.box.lo) + np.asarray(state.crop.lo) * scene.box.size
    hi = np.asarray(scene.box.lo) + np.asarray(state.crop.hi) * scene.box.size
    kept = ((points >= lo) & (points <= hi)).all(axis=1)
    for plane in state.clip_planes:
        if plane.visible:
            kept &= (points - np.asarray(plane.point)) @ np.asarray(plane.normal) <= 0
    return np.asarray(kept)


@pytest.mark.parametrize(
    ("seed", "flip"), [*((seed, [1, 1, 1]) for seed in range(12)), *((seed, [-1, 1, 1]) for seed in range(8))]
)
def test_the_clip_region_cuts_what_agave_cuts(seed: int, flip: list[int], tmp_path: Path) -> None:
    """AGAVE's region stays where it is in the box when the data are flipped."""
    scene = scene_with(seed)
    region = np.array([[0.1, 0.8], [0.0, 0.55], [0.3, 1.0]])
    state = view(document(clipRegion=region.tolist(), flipAxis=flip), scene, tmp_path).state
    placed = np.where(np.array(flip) < 0, 1.0 - STORED, STORED)
    kept = ((placed > region[:, 0]) & (placed < region[:, 1])).all(axis=1)
    assert 3 < kept.sum() < 30
    assert (is_kept(state, scene, shown_at(scene, state, STORED)) == kept).all()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("form", ["transform", "equation"])
def test_the_clip_plane_keeps_the_side_below(seed: int, form: str, tmp_path: Path) -> None:
    """n.p < d is kept. The transform turns the plane z = 0 and moves it; a plane without one is its equation."""
    scene = scene_with(seed)
    quaternion = np.array([0.3, -0.4, 0.2, 0.8])
    quaternion /= np.linalg.norm(quaternion)
    x, y, z, w = quaternion
    normal = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    centre = np.array([0.5, 0.45, 0.35])
    plane: dict[str, Any] = {"enabled": True}
    if form == "transform":
        # What AGAVE's file says beside it is the plane before it was moved.
        plane |= {"clipPlane": [0.0, 0.0, 1.0, 0.0]}
        plane |= {"transform": {"translation": centre.tolist(), "rotation": quaternion.tolist(), "scale": [1, 1, 1]}}
    else:
        plane |= {"clipPlane": [*(3 * normal), 3 * float(normal @ centre)]}
    state = view(document(clipPlane=plane), scene, tmp_path).state
    kept = (STORED * agave_size() - centre) @ normal < 0
    assert 5 < kept.sum() < 35
    assert (is_kept(state, scene, shown_at(scene, state, STORED)) == kept).all()


def test_a_plane_that_is_off_or_has_no_normal_cuts_nothing(tmp_path: Path) -> None:
    scene = scene_with(0)
    off = {"clipPlane": [0.0, 0.0, 1.0, 0.0], "enabled": False}
    assert view(document(clipPlane=off), scene, tmp_path).state.clip_planes == ()
    none = {"clipPlane": [0.0, 0.0, 0.0, 0.0], "enabled": True}
    state = view(document(clipPlane=none), scene, tmp_path).state
    assert is_kept(state, scene, shown_at(scene, state, STORED)).all()


@pytest.mark.parametrize("seed", range(10))
def test_lights_stand_where_agave_has_them(seed: int, tmp_path: Path) -> None:
    """By distance to points of the data, which no map of ours can hide."""
    scene = scene_with(seed)
    file = document()
    theta, phi, distance = 0.7, 1.1, 2.5
    file["lights"][1] |= {"theta": theta, "phi": phi, "distance": distance, "width": 0.2, "height": 0.4}
    state = view(file, scene, tmp_path).state
    (light,) = state.lighting.lights
    assert light.position is not None
    assert light.target is not None
    direction = np.array([math.sin(phi) * math.sin(theta), math.cos(phi), math.sin(phi) * math.cos(theta)])
    there = agave_size() / 2 + distance * direction
    um = float((SPACING * SHAPE[::-1]).max())
    expected = np.linalg.norm(STORED * agave_size() - there, axis=1) * um
    shown = shown_at(scene, state, STORED)
    assert np.linalg.norm(shown - np.array(light.position), axis=1) == pytest.approx(expected)
    middle = np.linalg.norm((STORED - 0.5) * agave_size(), axis=1) * um
    assert np.linalg.norm(shown - np.array(light.target), axis=1) == pytest.approx(middle)
    unit = um / scene.box.largest  # lengths are in the longest side of the scene's box, which holds turned data
    assert light.distance == pytest.approx(distance * unit)
    assert (light.width, light.height) == pytest.approx((0.2 * unit, 0.4 * unit))
    assert light.intensity == pytest.approx(10.0 / (0.2 * 0.4) * seen_of_a_rectangle(0.2, 0.4, distance), rel=1e-5)


def test_a_rotation_says_where_the_light_is_when_there_is_one(tmp_path: Path) -> None:
    """Newer files hold the light's turn, of +z; theta and phi may be old."""
    scene = scene_with(0)
    quarter = math.sqrt(0.5)
    file = document()
    file["lights"][1] |= {"theta": 2.0, "phi": 2.0, "rotation": [0.0, quarter, 0.0, quarter]}  # z to x
    light = view(file, scene, tmp_path).state.lighting.lights[0]
    plain = document()
    plain["lights"][1] |= {"theta": math.pi / 2, "phi": math.pi / 2}
    other = view(plain, scene, tmp_path).state.lighting.lights[0]
    assert light.position == pytest.approx(other.position, abs=1e-6)
    assert light.up == pytest.approx(other.up, abs=1e-9)


def test_the_density_is_that_of_the_volume_and_not_of_the_box_around_it(tmp_path: Path) -> None:
    """Turned data have a longer box; the optical depth of a micrometre stays."""
    for seed in (0, 9, 10):
        scene = scene_with(seed)
        shading = view(document(density=20.0), scene, tmp_path).state.shading
        assert shading.density / scene.box.largest == pytest.approx(400.0 / float((SPACING * SHAPE[::-1]).max()))


def test_lens_and_focus_are_lengths(tmp_path: Path) -> None:
    file = document()
    file["camera"] |= {"aperture": 0.02, "focalDistance": 1.25}
    found = view(file, scene_with(3), tmp_path)
    um = float((SPACING * SHAPE[::-1]).max())
    assert found.state.camera.aperture == pytest.approx(0.02 * um)
    assert found.state.camera.focus_distance == pytest.approx(1.25 * um)
    assert any("in focus on a sphere" in note for note in found.notes)


def test_a_part_of_the_volume_is_all_that_agave_shows(tmp_path: Path) -> None:
    """It loaded voxels [lo, hi) along x, y, z; its world is that part's box."""
    scene = scene_with(0)
    file = document()
    file["datasets"][0]["clipRegion"] = [[10, 30], [0, 20], [2, 10]]
    state = view(file, scene, tmp_path).state
    first, count = np.array([10.0, 0.0, 2.0]), np.array([20.0, 20.0, 8.0])
    size = count * SPACING / (count * SPACING).max()
    whole = (first + STORED * count) / np.array(SHAPE[::-1])
    camera = file["camera"]
    eye = np.array(camera["eye"])
    expected = np.linalg.norm(STORED * size - eye, axis=1) * float((count * SPACING).max())
    shown = shown_at(scene, state, whole)
    assert np.linalg.norm(shown - np.array(state.camera.position), axis=1) == pytest.approx(expected)
    inside = ((STORED * SHAPE[::-1] > first) & (STORED * SHAPE[::-1] < first + count)).all(axis=1)
    assert (is_kept(state, scene, shown_at(scene, state, STORED)) == inside).all()


def test_other_proportions_are_told_of(tmp_path: Path) -> None:
    found = view(document(scale=[1.0, 1.0, 1.0]), scene_with(0), tmp_path)
    assert any("--spacing 1,1,1um" in note for note in found.notes)
    assert view(document(), scene_with(0), tmp_path).notes == ()
    zero = view(document(scale=[0.0, 1.0, 1.0]), scene_with(0), tmp_path)
    assert any("zero" in note for note in zero.notes)


@pytest.mark.parametrize("axis", [(0, 0, 1), (0, 0, -1), (1, 0, 0), (0.3, -0.5, 0.7), (0, 1e-9, -1)])
def test_turn_from_z_turns_z_there_and_is_never_the_identity(axis: tuple[float, float, float]) -> None:
    quaternion = turn_from_z(axis)
    unit = np.asarray(axis) / np.linalg.norm(axis)
    assert turned(quaternion, (0.0, 0.0, 1.0)) == pytest.approx(unit, abs=1e-7)
    assert quaternion != (0.0, 0.0, 0.0, 1.0)
    assert np.linalg.norm(quaternion) == pytest.approx(1.0)


def test_the_skys_turn_is_carried_over(tmp_path: Path) -> None:
    scene = scene_with(3)  # left-handed and along the axes
    file = changed(document(), "lights", 0, "rotation", value=[0.5, 0.1, -0.3, 0.8])
    state = view(file, scene, tmp_path).state
    up_in_agave = turned((0.5, 0.1, -0.3, 0.8), (0.0, 1.0, 0.0))
    # Two stored points that differ along it.
    a = np.full(3, 0.5)
    b = a + 0.1 * up_in_agave / agave_size()
    difference = np.diff(shown_at(scene, state, np.stack([a, b])), axis=0)[0]
    ours = turned(state.lighting.sky.rotation, (0.0, 0.0, 1.0))
    assert ours == pytest.approx(difference / np.linalg.norm(difference), abs=1e-9)
