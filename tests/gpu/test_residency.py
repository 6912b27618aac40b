"""Bricks on the device: slots against numpy, page tables, which level is taken, and what is told when nothing fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.engine.atlas import PAGE_CONSTANT, PAGE_RESIDENT, slots_shape
from render.engine.resident import ResidentScene, choose_levels, level_bytes
from render.errors import GpuError, SourceError
from render.gpu.context import Context
from render.source.memory import MemorySource
from render.space import apply

from .scenes import array_scene, phantom_scene, scene_of

STATE = 3 << 30


def noise(shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    info = np.iinfo(dtype)
    return np.random.default_rng(1).integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def slot(resident: ResidentScene, channel: int, brick: tuple[int, int, int]) -> NDArray[np.generic] | int:
    """What the page table says of a brick: its texels with apron, or the one texel of a constant brick."""
    info = resident.channels[channel]
    grid = resident.volumes[info.layer].grid
    page = int(resident.pages[info.page_base + grid.index(brick)])
    if page & STATE == PAGE_CONSTANT:
        return page & ~STATE
    assert page & STATE == PAGE_RESIDENT
    side = resident.payload + 2
    x, y, z = ((page >> shift & 1023) * side for shift in (0, 10, 20))
    return resident.atlases[info.storage].texture.read()[z : z + side, y : y + side, x : x + side]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(("shape", "payload"), [((37, 70, 101), 32), ((64, 32, 33), 32), ((5, 9, 17), 16)])
def test_slots_are_padded_slices_of_the_volume(
    gl: Context, dtype: str, shape: tuple[int, int, int], payload: int
) -> None:
    voxels = noise(shape, dtype)
    resident = ResidentScene(gl, array_scene(voxels), payload=payload)
    whole = np.pad(voxels, [(1, payload + 1)] * 3, mode="edge")
    for brick in resident.volumes[0].grid:
        z, y, x = (index * payload for index in brick)
        expected = whole[z : z + payload + 2, y : y + payload + 2, x : x + payload + 2]
        assert np.array_equal(slot(resident, 0, brick), expected)
    resident.close()
    gl.check()


def test_channels_volumes_and_labels_do_not_mix(gl: Context) -> None:
    image, other = noise((2, 40, 40, 40), "uint16"), noise((20, 50, 33), "uint8")
    labels = np.random.default_rng(2).integers(2**60, 2**60 + 5, (40, 20, 35), dtype=np.uint64)
    scene = scene_of(MemorySource(image), MemorySource(other), MemorySource(labels, kind="labels"))
    resident = ResidentScene(gl, scene, payload=32)
    assert set(resident.atlases) == {"r8", "r16", "labels"}
    for channel, voxels in enumerate([image[0], image[1], other]):
        for brick in resident.volumes[resident.channels[channel].layer].grid:
            z, y, x = (index * 32 for index in brick)
            part = voxels[z : z + 32, y : y + 32, x : x + 32]
            got = slot(resident, channel, brick)
            assert isinstance(got, np.ndarray)
            assert np.array_equal(got[1:-1, 1:-1, 1:-1][tuple(slice(n) for n in part.shape)], part)
    ids = resident.dense_ids[2].ids()
    got = slot(resident, 3, (0, 0, 0))
    assert isinstance(got, np.ndarray)
    assert np.array_equal(ids[got[1:-1, 1:21, 1:-1]], labels[:32, :, :32])
    resident.close()
    gl.check()


def test_constant_bricks_take_no_slot(gl: Context) -> None:
    voxels = np.zeros((32, 32, 128), np.uint8)
    voxels[:, :, 40:] = 77
    resident = ResidentScene(gl, array_scene(voxels), payload=32)
    assert slot(resident, 0, (0, 0, 0)) == 0
    assert slot(resident, 0, (0, 0, 2)) == 77
    assert slot(resident, 0, (0, 0, 3)) == 77
    assert resident.atlases["r8"].used == 1
    resident.close()


def test_progress_counts_all_bricks(gl: Context) -> None:
    told: list[tuple[int, int]] = []
    scene = array_scene(noise((2, 40, 40, 40), "uint8"))
    ResidentScene(gl, scene, payload=32, progress=lambda _, done, total: told.append((done, total))).close()
    assert told == [(done, 16) for done in range(1, 17)]


def test_a_brick_that_cannot_be_read_is_told(gl: Context) -> None:
    scene = array_scene(noise((40, 40, 40), "uint8"))
    scene.close()
    with pytest.raises(SourceError, match="was closed"):
        ResidentScene(gl, scene, payload=32)
    gl.check()


def test_grid_coordinates_of_world_points(gl: Context) -> None:
    """The volume record: voxel i spans [i, i + 1] in grid coordinates; unit space has its longest side 1."""
    world = np.array([[0, -2.0, 0, 5], [1.5, 0, 0, -7], [0, 0, 4.0, 9], [0, 0, 0, 1]])
    scene = array_scene(noise((10, 20, 30), "uint8"), world_from_vox=world)
    resident = ResidentScene(gl, scene)
    record = resident.volume_records[0]
    rows = np.stack([record[name] for name in ("grid_x", "grid_y", "grid_z")]).astype(np.float64)
    voxel = np.array([[0.0, 0.0, 0.0], [29.0, 19.0, 9.0], [3.5, 7.0, 2.0]])
    unit = apply(resident.unit_from_world, apply(world, voxel))
    assert np.allclose(unit @ rows[:, :3].T + rows[:, 3], voxel + 0.5, atol=1e-4)
    corners = apply(resident.unit_from_world, np.array([scene.box.lo, scene.box.hi]))
    assert (corners[1] - corners[0]).max() == pytest.approx(1.0)
    assert np.allclose(corners.sum(axis=0), 0)
    assert tuple(record["size"][:3]) == (30, 20, 10)
    resident.close()


# ---- what fits ----


def test_the_finest_levels_that_fit_are_taken_largest_first() -> None:
    scene = phantom_scene("synthetic:ramp?size=512&dtype=uint8")
    small = phantom_scene("synthetic:ramp?size=128&dtype=uint8")
    layers = [*scene.layers, *small.layers]
    n_levels = len(layers[0].source.info.levels)
    assert n_levels > 2
    sizes = [level_bytes(layers[0], level, 32) for level in range(n_levels)]
    rest = level_bytes(layers[1], 0, 32)
    assert choose_levels(layers, 32, sizes[0] + rest) == [0, 0]
    assert choose_levels(layers, 32, sizes[0] + rest - 1) == [1, 0]
    assert choose_levels(layers, 32, sizes[1] + rest - 1)[0] == 2


def test_levels_too_large_for_the_budget_are_an_error_that_says_so() -> None:
    layers = phantom_scene("synthetic:ramp?size=64&dtype=uint8").layers
    with pytest.raises(SourceError, match=r"^the coarsest levels need .* MiB and the budget is .* MiB; show fewer"):
        choose_levels(layers, 32, 1000)


def test_a_coarser_level_lies_where_the_finest_does(gl: Context) -> None:
    scene = phantom_scene("synthetic:sphere?size=200&dtype=uint8")
    fine, coarse = ResidentScene(gl, scene, payload=32), ResidentScene(gl, scene, payload=32, budget_bytes=6_000_000)
    assert coarse.levels[0] > 0
    unit = np.array([[-0.5, -0.5, -0.5, 1.0], [0.5, 0.5, 0.5, 1.0]])
    for resident in (fine, coarse):
        record = resident.volume_records[0]
        grid = unit @ np.stack([record[name] for name in ("grid_x", "grid_y", "grid_z")]).T
        assert np.allclose(grid, [[0, 0, 0], record["size"][:3]], atol=1e-4)
        resident.close()


@given(st.integers(1, 5000), st.sampled_from([18, 34, 66]), st.sampled_from([256, 2048, 16384]))
def test_slots_are_enough_and_fit_the_texture(capacity: int, side: int, limit: int) -> None:
    most = min(limit // side, 1023)
    if capacity > most**3:
        with pytest.raises(GpuError, match="do not fit one texture"):
            slots_shape(capacity, side, limit)
        return
    z, y, x = slots_shape(capacity, side, limit)
    assert z * y * x >= capacity
    assert max(z, y, x) * side <= limit
    assert z * y * x <= max(2 * capacity, capacity + y * x)


def test_atlas_says_when_it_is_full(gl: Context) -> None:
    from render.engine.atlas import Atlas

    atlas = Atlas(gl, "r8", 2, 18)
    brick = np.zeros((18, 18, 18), np.uint8)
    entries = {atlas.add(brick) for _ in range(atlas.capacity)}
    assert len(entries) == atlas.capacity
    with pytest.raises(GpuError, match="r8 atlas is full"):
        atlas.add(brick)
    atlas.close()


def test_summary_tells_the_level_that_is_shown(gl: Context) -> None:
    scene = phantom_scene("synthetic:sphere?size=200&dtype=uint8")
    resident = ResidentScene(gl, scene, payload=32, budget_bytes=6_000_000)
    (layer,) = scene.summary(resident.levels).layers
    assert layer.level == resident.levels[0]
    assert layer.shape == scene.layers[0].source.info.levels[layer.level].shape
    resident.close()
