"""Picked points against rays that numpy and scipy march through the same arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from render.engine.pick import with_exact_values
from render.engine.projection import projections
from render.engine.transfer import LUT_SIZE
from render.errors import UsageError
from render.scene.framing import focus_distance
from render.scene.open import Scene
from render.source.base import Source
from render.source.memory import MemorySource
from render.space import affine
from render.state.camera import Camera
from render.state.clip import ClipPlane, CropBox, SlicePlane, Slices
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.rendering import Rendering
from render.state.view import ViewState
from render.summary import Pick

from .conftest import Draw
from .scenes import plain, scene_of
from .test_glsl_labels import smoothed

SIZE = (40, 30)
PIXELS = [(20, 15), (13, 9), (27, 21), (22, 6)]
BIG = 2**63 + 5  # no double holds it


def turned(spacing: tuple[float, float, float] = (1.0, 1.0, 1.6)) -> NDArray[np.float64]:
    """A grid that lies askew in the world."""
    c, s = np.cos(0.5), np.sin(0.5)
    return affine(spacing, (4.0, -7.0, 11.0), np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]))


def blobs(seed: int, shape: tuple[int, int, int] = (24, 30, 36)) -> NDArray[np.uint16]:
    """Smooth structure on nothing."""
    z, y, x = np.indices(shape)
    rng = np.random.default_rng(seed)
    out = np.zeros(shape)
    for _ in range(7):
        at = rng.uniform(0.2, 0.8, 3) * shape
        out += np.exp(-((z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2) / rng.uniform(6, 30))
    return np.rint(np.clip(out, 0, 1) * 65535).astype(np.uint16)


def balls(ids: tuple[int, ...] = (BIG, 7, 2**40 + 1)) -> NDArray[np.uint64]:
    """Three balls of labels."""
    z, y, x = np.indices((24, 30, 36))
    out = np.zeros(z.shape, np.uint64)
    for label, (at, radius) in zip(ids, [((12, 15, 18), 5.5), ((8, 9, 11), 4.3), ((15, 21, 26), 5.0)], strict=True):
        out[(z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 <= radius**2] = label
    return out


def looking_at(scene: Scene, **changes: Any) -> Camera:
    """A camera that sees the scene askew."""
    centre, far = scene.box.centre, 2.2 * scene.box.largest
    position = centre + far * np.array([0.5, -0.35, -0.8])
    fields: dict[str, Any] = {
        "position": tuple(map(float, position)), "focal_point": tuple(map(float, centre)),
        "view_up": (0.1, -1.0, 0.0), "view_angle": 22.0, "parallel_scale": 0.4 * scene.box.largest,
    }  # fmt: skip
    return Camera(**{**fields, **changes})


def ray_of(camera: Camera, pixel: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ray through the middle of a pixel, from VTK's definition of the camera: world, unit direction."""
    position, focal = np.array(camera.position), np.array(camera.focal_point)
    forward = (focal - position) / np.linalg.norm(focal - position)
    right = np.cross(forward, camera.view_up)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    x = ((pixel[0] + 0.5) / SIZE[0] * 2 - 1) * SIZE[0] / SIZE[1]
    y = 1 - (pixel[1] + 0.5) / SIZE[1] * 2
    if camera.projection == "orthographic":
        return position + (right * x + up * y) * camera.parallel_scale, forward
    tan = np.tan(np.radians(camera.view_angle) / 2)
    d = forward + (right * x + up * y) * tan
    return position, d / np.linalg.norm(d)


def sampled(source: Source, points: NDArray[np.float64], channel: int = 0) -> tuple[NDArray, NDArray]:
    """Trilinear values at world points (constant from the outermost centres to the faces), and which are inside."""
    level = source.info.levels[0]
    voxels = source.read(0, channel, 0, (0, 0, 0), level.shape).astype(np.float64)
    inverse = np.linalg.inv(level.world_from_vox)
    at = points @ inverse[:3, :3].T + inverse[:3, 3]
    inside = ((at >= -0.5) & (at <= np.array(level.shape[::-1]) - 0.5)).all(axis=1)
    return map_coordinates(voxels, at[:, ::-1].T, order=1, mode="nearest"), inside


def kept(scene: Scene, state: ViewState, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What crop box and clip planes leave."""
    lo, size = np.array(scene.box.lo), scene.box.size
    keep = ((points >= lo + size * state.crop.lo) & (points <= lo + size * state.crop.hi)).all(axis=1)
    for plane in state.clip_planes:
        keep &= (points - plane.point) @ np.array(plane.normal) <= 0
    return keep


def mirrored(scene: Scene, state: ViewState, points: NDArray[np.float64]) -> NDArray[np.float64]:
    centre = scene.box.centre
    return centre + (points - centre) * np.where(state.flip, -1.0, 1.0)


Extinction = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Opacity of each (n, 3) points of the data's world."""


def half_way(
    scene: Scene, state: ViewState, pixel: tuple[int, int], opacity: Extinction
) -> tuple[NDArray[np.float64], float]:
    """The point (as seen) where half of what the ray meets has been met, and all that it meets."""
    o, d = ray_of(state.camera, pixel)
    dt = 0.01
    points = o + d * (np.arange(0, 4 * scene.box.largest, dt) + dt / 2)[:, None]
    sigma = opacity(mirrored(scene, state, points)) * kept(scene, state, points)
    tau = np.cumsum(sigma) * dt * state.shading.density / scene.box.largest
    met = 1 - np.exp(-tau)
    return points[int(np.argmax(met >= 0.5 * met[-1]))], float(met[-1])


def ramp(source: Source) -> Extinction:
    def opacity(points: NDArray[np.float64]) -> NDArray[np.float64]:
        values, inside = sampled(source, points)
        return in_steps(values / 65535) * inside

    return opacity


def in_steps(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a transfer function's table makes of a ramp."""
    return np.rint(np.clip(x, 0, 1) * (LUT_SIZE - 1)) / (LUT_SIZE - 1)


def test_channels_that_are_spared_and_nearest_voxels_and_far_eyes(draw: Draw) -> None:
    """Crop boxes cut only what they are to cut; voxels are boxes; rays of far eyes begin before the scene."""
    scene = scene_of(MemorySource(blobs(3), world_from_vox=turned()))
    source = scene.layers[0].source
    crop = CropBox(lo=(0.0, 0.0, 0.45), hi=(1.0, 1.0, 0.7))
    spared = Channel(window=(0, 65535), clipped=False)
    camera = looking_at(scene)

    def boxes(points: NDArray[np.float64]) -> NDArray[np.float64]:
        inverse = np.linalg.inv(source.info.levels[0].world_from_vox)
        at = np.floor(points @ inverse[:3, :3].T + inverse[:3, 3] + 0.5).astype(int)
        inside = ((at >= 0) & (at < np.array(blobs(3).shape[::-1]))).all(axis=1)
        x, y, z = np.where(inside[:, None], at, 0).T
        return in_steps(blobs(3)[z, y, x] / 65535) * inside

    far = scene.box.centre + 60 * scene.box.largest * np.array([0.5, -0.35, -0.8])
    cases: list[tuple[dict[str, Any], ViewState, Extinction]] = [
        ({"channel": spared, "crop": crop}, plain(scene, 40.0, camera=camera), ramp(source)),
        ({"rendering": Rendering(reference=True, interpolation="nearest")}, plain(scene, 40.0, camera=camera), boxes),
        (
            {"camera": looking_at(scene, position=tuple(map(float, far)), view_angle=1.0)},
            plain(scene, 40.0, camera=looking_at(scene, position=tuple(map(float, far)), view_angle=1.0)),
            ramp(source),
        ),
    ]
    for changes, uncut, opacity in cases:
        state = plain(scene, 40.0, **{"camera": camera, **changes})
        seen = 0
        for pixel in PIXELS:
            o, d = ray_of(uncut.camera, pixel)
            ahead = max(0.0, float((scene.box.centre - o) @ d) - 2 * scene.box.largest)
            points = o + d * (ahead + np.arange(0, 4 * scene.box.largest, 0.01) + 0.005)[:, None]
            met = 1 - np.exp(-np.cumsum(opacity(points)) * 0.01 * 40.0 / scene.box.largest)
            pick = pick_of(draw, scene, state, pixel)
            assert (pick.kind == "nothing") == (met[-1] < 0.01)
            if met[-1] >= 0.01:
                seen += 1
                point = points[int(np.argmax(met >= 0.5 * met[-1]))]
                assert np.linalg.norm(np.array(pick.seen_um) - point) < 0.06
        assert seen >= 2


def test_each_eye_of_a_pair_picks_what_it_sees(draw: Draw) -> None:
    scene = scene_of(MemorySource(balls(), kind="labels"))
    camera = looking_at(scene, stereo="side_by_side", eye_separation=0.1)
    state = plain(scene, 4000.0, camera=camera)
    renderer = draw(scene, *SIZE)
    renderer.set_state(state, 1)
    for projection in projections(camera, SIZE):
        picks = [
            renderer.pick(projection.viewport[0] + x, y)
            for x, y in np.ndindex(SIZE[0] // 2, SIZE[1])
            if x % 5 == 2 and y % 5 == 2
        ]
        hits = [pick for pick in picks if pick.kind == "label"]
        assert len(hits) >= 4
        places = projection.pixels(np.array([pick.seen_um for pick in hits]))
        assert np.abs(places - (np.array([pick.pixel for pick in hits]) + 0.5)).max() < 0.02


def pick_of(draw: Draw, scene: Scene, state: ViewState, pixel: tuple[int, int]) -> Pick:
    renderer = draw(scene, *SIZE)
    renderer.set_state(state, 1)
    return renderer.pick(pixel[0] + 0.7, pixel[1] + 0.2)


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "thin": {"density": 2.0},
    "march": {"rendering": Rendering(mode="march")},
    "crop": {"crop": CropBox(lo=(0.1, 0.3, 0.35), hi=(0.9, 0.95, 0.8))},
    "planes": {"planes": ((0.4, 0.3, -1.0), (0.0, 1.0, 0.2))},
    "flip": {"flip": (True, False, True)},
    "flip and crop": {"flip": (False, True, False), "crop": CropBox(lo=(0.0, 0.3, 0.3), hi=(1.0, 1.0, 1.0))},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_the_place_in_a_volume_is_half_of_what_the_ray_meets(draw: Draw, case: str, projection: str) -> None:
    changes = dict(CASES[case])
    scene = scene_of(MemorySource(blobs(3), world_from_vox=turned()))
    centre = scene.box.centre
    planes = tuple(ClipPlane(point=tuple(map(float, centre)), normal=normal) for normal in changes.pop("planes", ()))
    state = plain(
        scene,
        changes.pop("density", 40.0),
        camera=looking_at(scene, projection=projection),
        clip_planes=planes,
        **changes,
    )
    seen = 0
    for pixel in PIXELS:
        point, met = half_way(scene, state, pixel, ramp(scene.layers[0].source))
        pick = pick_of(draw, scene, state, pixel)
        if met < 0.01:
            assert pick.kind == "nothing"
            continue
        seen += 1
        assert (pick.kind, pick.layer, pick.channel, pick.pixel) == ("medium", "0", 0, pixel)
        assert pick.opacity == pytest.approx(met, abs=4e-3)
        assert np.linalg.norm(np.array(pick.seen_um) - point) < 0.06
        data = mirrored(scene, state, np.array([pick.seen_um]))
        assert pick.position_um == pytest.approx(tuple(data[0]), abs=1e-4)
        value, _ = sampled(scene.layers[0].source, data)
        assert pick.layers[0].channels[0].value == pytest.approx(value[0], abs=40)
        assert pick.depth_um == pytest.approx(np.linalg.norm(np.subtract(pick.seen_um, state.camera.position)))
        assert pick.focus_um == pytest.approx(focus_distance(state.camera, np.array(pick.seen_um)))
    assert seen >= 2  # the case shows something


def test_two_volumes_stop_the_ray_together_and_all_channels_are_told(draw: Draw) -> None:
    two = np.stack([blobs(3), blobs(8)])
    first, second = MemorySource(two, world_from_vox=turned()), MemorySource(blobs(5, (20, 20, 20)))
    scene = scene_of(first, second)
    state = plain(scene, 30.0, camera=looking_at(scene))

    def opacity(points: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros(len(points))
        for source, channel in ((first, 0), (first, 1), (second, 0)):
            values, inside = sampled(source, points, channel)
            total += in_steps(values / 65535) * inside
        return total

    renderer = draw(scene, *SIZE)
    renderer.set_state(state, 1)
    for pixel in PIXELS:
        point, met = half_way(scene, state, pixel, opacity)
        pick = renderer.pick(*pixel)
        if met < 0.01:
            assert pick.kind == "nothing"
            continue
        assert np.linalg.norm(np.array(pick.seen_um) - point) < 0.06
        here = np.array([pick.position_um])
        values = {
            (layer, c): sampled(source, here, c)[0][0]
            for layer, source, c in (("0", first, 0), ("0", first, 1), ("1", second, 0))
            if sampled(source, here)[1][0]
        }
        told = {(layer.source, n): c.value for layer in pick.layers for n, c in enumerate(layer.channels)}
        assert told == pytest.approx(values, abs=40)
        assert (pick.layer, pick.channel) == max(values, key=lambda key: values[key])
        for layer in with_exact_values(scene, state, pick).layers:
            source = first if layer.source == "0" else second
            level = source.info.levels[0]
            vox = (np.linalg.inv(level.world_from_vox) @ [*pick.position_um, 1])[:3]
            assert layer.finest_zyx == layer.voxel_zyx == tuple(np.rint(vox[::-1]).astype(int))
            z, y, x = layer.finest_zyx
            array = two if layer.source == "0" else blobs(5, (20, 20, 20))[None]
            assert [c.exact for c in layer.channels] == [str(v) for v in array[:, z, y, x]]


@pytest.mark.parametrize("mode", ["path", "isosurface", "maximum"])
def test_labels_are_picked_where_they_begin_with_ids_of_64_bits(draw: Draw, mode: str) -> None:
    labels, world = balls(), turned()
    source = MemorySource(labels, kind="labels", world_from_vox=world, label_names={BIG: "the big one"})
    scene = scene_of(source)
    state = plain(scene, 4000.0, camera=looking_at(scene), rendering=Rendering(mode=mode))
    inverse = np.linalg.inv(world)
    renderer = draw(scene, *SIZE)
    renderer.set_state(state, 1)
    hits: set[str] = set()
    # Segments have smooth surfaces (docs/segments.md): where the smoothed share of a label passes 1/2.
    shares = {i: smoothed(labels == i) for i in np.unique(labels) if i}
    for x in range(9, 32, 2):
        for y in range(5, 26, 4):
            o, d = ray_of(state.camera, (x, y))
            points = o + d * np.arange(0, 4 * scene.box.largest, 0.02)[:, None]
            at = (points @ inverse[:3, :3].T + inverse[:3, 3])[:, ::-1].T
            masks = {i: map_coordinates(share, at, order=1) for i, share in shares.items()}
            firsts = {i: int(np.argmax(mask > 0.5)) for i, mask in masks.items() if (mask > 0.5).any()}
            grazed = any(0.4 < mask.max() < 0.6 for mask in masks.values())
            pick = renderer.pick(x, y)
            if grazed:
                continue
            if not firsts:
                assert pick.kind == "nothing"
                continue
            label = min(firsts, key=lambda i: firsts[i])
            assert pick.kind == "label"
            segment = pick.layers[0].segment
            assert segment is not None
            assert segment.id == str(label)
            assert segment.name == ("the big one" if label == BIG else "")
            # A solid is capped at two mean free paths a voxel: half of it is met a third of a voxel deep.
            depth = 0.5 if mode == "path" else 0.05
            assert -0.05 < (np.array(pick.seen_um) - points[firsts[label]]) @ d < depth
            hits.add(segment.id)
            exact = with_exact_values(scene, state, pick).layers[0]
            z, y_, x_ = exact.finest_zyx
            stored = int(labels[z, y_, x_])
            assert exact.exact_segment is None if stored == 0 else exact.exact_segment.id == str(stored)
    assert len(hits) == 3


def test_a_slice_is_picked_on_its_plane_and_only_where_it_shows_something(draw: Draw) -> None:
    scene = scene_of(MemorySource(blobs(3), world_from_vox=turned()))
    centre = tuple(map(float, scene.box.centre))
    plane = SlicePlane(point=centre, normal=(0.3, 0.2, 1.0))
    for mode in ("slices", "path"):
        state = plain(
            scene, 1e-4, camera=looking_at(scene), slices=Slices(planes=(plane,)), rendering=Rendering(mode=mode)
        )
        o, d = ray_of(state.camera, (20, 15))
        n = np.array(plane.normal)
        point = o + d * (((np.array(centre) - o) @ n) / (d @ n))
        pick = pick_of(draw, scene, state, (20, 15))
        assert (pick.kind, pick.layer) == ("slice", None)
        assert np.linalg.norm(np.array(pick.seen_um) - point) < 1e-3
        assert pick.layers[0].channels[0].value == pytest.approx(
            sampled(scene.layers[0].source, point[None])[0][0], abs=40
        )
        assert pick_of(draw, scene, state, (0, 0)).kind == "nothing"


def test_an_isosurface_is_picked_at_its_first_crossing(draw: Draw) -> None:
    scene = scene_of(MemorySource(blobs(3), world_from_vox=turned()))
    channel = Channel(window=(0, 65535), isovalue=20000)
    state = plain(scene, channel=channel, camera=looking_at(scene), rendering=Rendering(mode="isosurface"))
    for pixel in PIXELS:
        o, d = ray_of(state.camera, pixel)
        points = o + d * np.arange(0, 4 * scene.box.largest, 0.01)[:, None]
        values, inside = sampled(scene.layers[0].source, points)
        above = values >= 20000
        crossing = (above[1:] != above[:-1]) & inside[1:] & inside[:-1]
        pick = pick_of(draw, scene, state, pixel)
        assert pick.kind == ("surface" if crossing.any() else "nothing")
        if crossing.any():
            assert np.linalg.norm(np.array(pick.seen_um) - points[int(np.argmax(crossing))]) < 0.05


def test_the_largest_value_is_picked_where_it_is(draw: Draw) -> None:
    scene = scene_of(MemorySource(blobs(3), world_from_vox=turned()))
    dim = Channel(window=(0, 65535))
    state = plain(scene, channel=dim, camera=looking_at(scene), rendering=Rendering(mode="maximum"))
    for pixel in PIXELS:
        o, d = ray_of(state.camera, pixel)
        points = o + d * np.arange(0, 4 * scene.box.largest, 0.01)[:, None]
        values, inside = sampled(scene.layers[0].source, points)
        values = np.where(inside, values, -1.0)
        pick = pick_of(draw, scene, state, pixel)
        if not inside.any():
            assert pick.kind == "nothing"
            continue
        assert (pick.kind, pick.channel) == ("projection", 0)
        assert pick.layers[0].channels[0].value == pytest.approx(values.max(), abs=60)
        assert np.linalg.norm(np.array(pick.seen_um) - points[int(np.argmax(values))]) < 0.1


def test_a_pick_of_another_state_leaves_the_picture_alone(draw: Draw) -> None:
    """A click belongs to the frame that was on the screen, whatever came after it."""
    scene = scene_of(MemorySource(blobs(3)), MemorySource(balls(), kind="labels"))
    state = plain(scene, 40.0, camera=looking_at(scene))
    labels_only = state.model_copy(
        update={
            "layers": tuple(
                layer.model_copy(update={"visible": isinstance(layer, LabelLayer)}) for layer in state.layers
            ),
            "camera": looking_at(scene, view_angle=18.0),
        }
    )
    renderer = draw(scene, *SIZE)
    renderer.set_state(labels_only, 1)
    expected = renderer.pick(20, 15)
    renderer.set_state(state, 2)
    renderer.render_still(2)
    before, own = renderer.read_mean(), renderer.pick(20, 15)
    assert renderer.pick(20, 15, state=labels_only) == expected
    assert (expected.kind, own.kind) == ("label", "medium")
    np.testing.assert_array_equal(renderer.read_mean(), before)
    assert renderer.pick(20, 15) == own
    # Of a picture of another size, the same part of it.
    assert renderer.pick(41, 31, size=(80, 60)).seen_um == pytest.approx(own.seen_um, abs=0.5)


def test_hidden_channels_are_told_but_not_met(draw: Draw) -> None:
    scene = scene_of(MemorySource(np.stack([blobs(3), blobs(3)])))
    shown = Channel(window=(0, 65535))
    layer = ImageLayer(source="0", channels=(shown.model_copy(update={"visible": False}), shown))
    pick = pick_of(draw, scene, plain(scene, 40.0, camera=looking_at(scene), layers=(layer,)), (20, 15))
    assert (pick.layer, pick.channel) == ("0", 1)
    assert pick.layers[0].channels[0].value == pick.layers[0].channels[1].value
    nothing = layer.model_copy(update={"visible": False})
    pick = pick_of(draw, scene, plain(scene, 40.0, camera=looking_at(scene), layers=(nothing,)), (20, 15))
    assert pick.kind == "nothing"


def test_a_pixel_outside_of_the_picture_is_refused(draw: Draw) -> None:
    scene = scene_of(MemorySource(blobs(3)))
    renderer = draw(scene, *SIZE)
    for x, y in ((-1, 0), (40, 0), (0, 30)):
        with pytest.raises(UsageError, match="outside of the picture of 40x30"):
            renderer.pick(x, y)
