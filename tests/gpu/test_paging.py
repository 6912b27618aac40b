"""Volumes whose bricks come as they are needed: what is drawn, that it bounds, and that the order in which bricks came
does not matter."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render.bricks.pyramid import with_pyramid
from render.engine.atlas import PAGE_CONSTANT, PAGE_RESIDENT
from render.engine.paged import IN_FLIGHT, PagedScene
from render.engine.paged_tables import APRON
from render.engine.renderer import Renderer
from render.engine.resident import ResidentScene
from render.errors import SourceError
from render.gpu.context import Context
from render.scene.open import Scene, open_scene
from render.source.base import Shape3, Source
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.rendering import Mode
from render.state.view import ViewState

from ..unit.convert.stores import converted
from .scenes import WHITE_SKY, along, plain, scene_of
from .test_majorants import random_channel, smooth

BUDGET = 64 << 20


def pyramid(source: Source, smallest: int = 16) -> Source:
    return with_pyramid(source, smallest**3)


@contextmanager
def paged(gl: Context, scene: Scene, payload: int = 16, budget: int = BUDGET, side: int = 48) -> Iterator[Renderer]:
    with (
        closing(PagedScene(gl, scene, payload, budget)) as device,
        closing(Renderer(gl, scene, side, side, resident=device)) as renderer,
    ):
        yield renderer


def tree_of(renderer: Renderer) -> PagedScene:
    device = renderer.resident
    assert isinstance(device, PagedScene)
    return device


def near(state: ViewState, share: float = 0.25) -> ViewState:
    """So near that pixels are smaller than the finest voxels: no coarser level is wanted anywhere."""
    camera = state.camera
    return state.model_copy(update={"camera": camera.model_copy(update={"view_angle": share * camera.view_angle})})


def blobs(shape: Shape3, seed: int = 1, dtype: type = np.uint8) -> NDArray[np.generic]:
    return np.rint(smooth(shape, seed) * np.iinfo(dtype).max).astype(dtype)


# ---- what is on the device ----


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_slots_hold_the_padded_voxels_of_their_level(gl: Context, dtype: type) -> None:
    """Sizes that are no multiple of a brick, and voxels twice as long along z, so that levels are halved unevenly."""
    source = pyramid(MemorySource(blobs((23, 41, 70), dtype=dtype), spacing_um=(2.0, 1.0, 1.0)))
    scene = scene_of(source)
    with paged(gl, scene) as renderer:
        renderer.set_state(plain(scene, 3.0), 1)
        renderer.render_still(1)
        device = tree_of(renderer)
        texels = device.atlases[device.channels[0].storage].texture.read()
        seen_stages = set()
        for node in np.flatnonzero(device.tree.alive).tolist():
            stage = device.stage(node)
            level = np.asarray(source.read(stage.level, 0, 0, (0, 0, 0), source.info.levels[stage.level].shape))
            where = [
                np.clip(np.arange(b * 16 - APRON, b * 16 + 16 + APRON), 0, n - 1)
                for b, n in zip(device.tree.brick[node].tolist(), level.shape, strict=True)
            ]
            expected = level[np.ix_(*where)]
            entry = int(device._page_table[node, 0])
            if entry >> 30 == PAGE_CONSTANT >> 30:
                assert (expected == entry & 0xFFFF).all()
                continue
            assert entry >> 30 == PAGE_RESIDENT >> 30
            x, y, z = ((entry >> shift & 1023) * (16 + 2 * APRON) for shift in (0, 10, 20))
            side = 16 + 2 * APRON
            assert np.array_equal(texels[z : z + side, y : y + side, x : x + side], expected)
            seen_stages.add(int(device.tree.stage[node]))
        assert seen_stages == set(range(len(device.stages[0])))


@pytest.mark.parametrize("mode", ["march", "maximum", "isosurface"])
def test_the_picture_is_that_of_one_texture(gl: Context, mode: Mode) -> None:
    """An atlas smaller than the volume: what is behind opaque matter or beside the picture is never loaded."""
    source = pyramid(MemorySource(blobs((64, 64, 64))))
    scene = scene_of(source)
    state = plain(scene, 200.0, channel=Channel(window=(60.0, 255.0)), lighting=WHITE_SKY)
    state = near(state.model_copy(update={"rendering": state.rendering.model_copy(update={"mode": mode})}))
    with closing(ResidentScene(gl, scene)) as whole, closing(Renderer(gl, scene, 8, 8, resident=whole)) as one:
        one.set_state(state, 1)
        expected = one.picture(48, 48, 2).astype(int)
    budget = 2400 << 10 if mode == "maximum" else 900 << 10  # which looks through all matter
    with paged(gl, scene, budget=budget) as renderer:
        renderer.set_state(state, 1)
        got = renderer.picture(48, 48, 2).astype(int)
        assert tree_of(renderer).atlases["r8"].capacity < (120 if mode == "maximum" else 64)
    assert expected[..., :3].max() > 50
    off = np.abs(got - expected).max(axis=2)
    # Where a ray grazes an edge, rounding decides on which side it passes.
    assert np.quantile(off, 0.995) <= 1


def test_paths_have_the_same_mean(gl: Context) -> None:
    source = pyramid(MemorySource(blobs((48, 48, 48), 3)))
    scene = scene_of(source)
    state = near(plain(scene, 20.0, channel=Channel(window=(100.0, 200.0)), lighting=WHITE_SKY))
    means = []
    with closing(ResidentScene(gl, scene)) as whole, closing(Renderer(gl, scene, 32, 32, resident=whole)) as one:
        for seed in (1, 2):
            one.set_state(state.model_copy(update={"seed": seed}), 1)
            one.render_still(64)
            means.append(one.read_mean().astype(np.float64))
    with paged(gl, scene, side=32) as renderer:
        renderer.set_state(state, 1)
        renderer.render_still(64)
        got = renderer.read_mean().astype(np.float64)
    noise = np.sqrt(np.mean((means[0] - means[1]) ** 2))
    assert np.sqrt(np.mean((got - means[0]) ** 2)) < 1.3 * noise
    assert abs(got.mean() - means[0].mean()) < 0.01 * means[0].mean()


# ---- majorants ----


def test_majorants_bound_at_every_level(gl: Context) -> None:
    rng = np.random.default_rng(5)
    source = pyramid(MemorySource(np.stack([blobs((40, 50, 70), s, np.uint16) for s in (1, 2)])))
    labels = pyramid(MemorySource(np.where(smooth((40, 50, 70), 3) > 0.8, 7, 0).astype(np.uint32), kind="labels"))
    scene = scene_of(source, labels)
    with (
        closing(PagedScene(gl, scene, 16, BUDGET)) as device,
        closing(Renderer(gl, scene, 24, 24, resident=device, count_violations=True)) as renderer,
    ):
        for number in range(6):
            state = plain(scene, 10.0 ** rng.uniform(0, 2), lighting=WHITE_SKY)
            layer = state.layers[0]
            assert isinstance(layer, ImageLayer)
            channels = tuple(random_channel(rng, 65535) for _ in layer.channels)
            camera = state.camera.model_copy(update={"view_angle": float(rng.uniform(5, 90))})
            layers = (layer.model_copy(update={"channels": channels}), *state.layers[1:])
            renderer.set_state(state.model_copy(update={"layers": layers, "camera": camera}), number + 1)
            renderer.render_still(2)
        wrong, tried = renderer.violations()
    assert tried > 20_000
    assert wrong == 0


@pytest.mark.parametrize("density", [1.0, 6.0])
def test_transmittance_across_levels(gl: Context, density: float) -> None:
    """A ramp along z stays one when its voxels are averaged, so that the optical depth along it is known whatever the
    levels that the ray meets: near the eye fine ones, far from it coarse ones.
    """
    n = 128
    ramp = np.rint(np.linspace(0, 65535, n)).astype(np.uint16)
    source = pyramid(MemorySource(np.broadcast_to(ramp[:, None, None], (n, 32, 32)).copy()))
    scene = scene_of(source)
    # A wide view: pixels grow from a fraction of a voxel to several of them through the volume.
    eye = Camera(position=(15.5, 15.5, -1.0), focal_point=(15.5, 15.5, 60.0), view_up=(0, -1, 0), view_angle=28.0)
    state = plain(scene, density, camera=eye, seed=1)
    with paged(gl, scene, side=16) as renderer:
        renderer.set_state(state, 1)
        samples = 2000
        renderer.render_still(samples)
        device = tree_of(renderer)
        stages = np.unique(device.tree.stage[device.tree.alive & (device.tree.seen >= device.frame)])
        assert len(stages) > 1
        # Those in the middle are off the axis by less than two degrees.
        got = renderer.read_mean()[7:9, 7:9, 3].astype(np.float64).mean()
    tau = density * ((n - 1) / 2 + 0.5) / n
    expected = 1 - np.exp(-tau)
    error = np.sqrt(expected * (1 - expected) / (4 * samples))
    assert abs(got - expected) < 3 * error + 5e-4 * expected


# ---- order and room ----


class Shuffled:
    """A source whose reads take a random time."""

    def __init__(self, source: Source, seed: int) -> None:
        self._source, self._random, self._lock = source, random.Random(seed), threading.Lock()
        self.info = source.info
        self.reads: list[tuple[int, Shape3, Shape3]] = []

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        with self._lock:
            delay = self._random.uniform(0, 0.01)
            self.reads.append((level, lo, hi))
        time.sleep(delay)
        return self._source.read(level, channel, time_, lo, hi)

    def is_absent(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> bool:
        return self._source.is_absent(level, channel, time_, lo, hi)

    def close(self) -> None:
        self._source.close()


def test_pictures_do_not_depend_on_the_order_of_arrival(gl: Context) -> None:
    """Nor on what was looked at before."""
    voxels = blobs((64, 64, 64), 2)
    pictures = []
    for seed in (1, 2):
        scene = scene_of(Shuffled(pyramid(MemorySource(voxels)), seed))
        state = plain(scene, 30.0, channel=Channel(window=(90.0, 200.0)), lighting=WHITE_SKY)
        with paged(gl, scene) as renderer:
            if seed == 2:
                aside = along((20.0, 20.0, -50.0), (0.2, 0.1, 1.0), 20.0)
                renderer.set_state(state.model_copy(update={"camera": aside}), 1)
                renderer.render_still(1)
            renderer.set_state(state, 2)
            pictures.append(renderer.picture(48, 48, 2))
    assert np.array_equal(*pictures)


def test_eight_slots_come_to_an_end(gl: Context) -> None:
    source = pyramid(MemorySource(blobs((64, 64, 64), 4)))
    scene = scene_of(source)
    state = plain(scene, 5.0, lighting=WHITE_SKY)
    with paged(gl, scene, budget=340 << 10) as renderer:
        assert tree_of(renderer).atlases["r8"].capacity <= 9
        renderer.set_state(state, 1)
        picture = renderer.picture(48, 48, 1)
        assert renderer._flow is not None
        assert renderer._flow.cut.beta > 0
    assert picture[..., :3].max() > 20


def walk(renderer: Renderer, seconds: float = 20.0) -> tuple[bool, int]:
    """Step until all is there: whether that came to pass, and how many pictures were fresh before."""
    end, fresh = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        frame = renderer.step(time.monotonic(), 0.02)
        fresh += frame.fresh
        if frame.resident and frame.converged:
            return True, fresh
    return False, fresh


def test_steps_refine_until_all_is_there(gl: Context) -> None:
    scene = scene_of(Shuffled(pyramid(MemorySource(blobs((64, 64, 64), 2))), 1))
    state = plain(scene, 30.0, channel=Channel(window=(90.0, 200.0)), lighting=WHITE_SKY, samples=4)
    with paged(gl, scene) as renderer:
        renderer.set_state(state, 1)
        done, fresh = walk(renderer)
        assert done
        assert fresh >= 3
        stepped = renderer.read_mean()
        renderer.render_still(4)
        assert np.abs(stepped - renderer.read_mean()).max() < 1e-5
        # A still keeps to its own bricks; the steps after it, of a nearer view, do not.
        renderer.set_state(near(state), 2)
        assert walk(renderer)[0]


# ---- faults ----


class Broken(Shuffled):
    """Bricks of the finest level beyond the middle cannot be read."""

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        if level == 0 and lo[2] > 20:
            raise SourceError("chunk 'c/0/0/1' of 'x.zarr' is damaged")
        return super().read(level, channel, time_, lo, hi)


def test_a_damaged_brick_is_shown_coarser(gl: Context) -> None:
    source = pyramid(MemorySource(blobs((64, 64, 64), 2)))
    scene = scene_of(Broken(source, 1))
    state = plain(scene, 30.0, channel=Channel(window=(90.0, 200.0)), lighting=WHITE_SKY, samples=2)
    with paged(gl, scene) as renderer:
        device = tree_of(renderer)
        device._reader._delays = ()  # at once
        renderer.set_state(state, 1)
        done, _ = walk(renderer)
        assert done
        assert "damaged" in device.notes[0]
        assert "coarser" in device.notes[0]
        finest = device.tree.alive & (device.tree.stage == 0)
        assert finest.any()
        assert (device.tree.brick[finest][:, 2] <= 1).all()


# ---- segments ----


def test_unseen_channels_are_not_read(gl: Context) -> None:
    sources = [Shuffled(pyramid(MemorySource(blobs((64, 64, 64), s))), s) for s in (1, 2)]
    scene = scene_of(*sources)
    state = plain(scene, 30.0, lighting=WHITE_SKY)
    hidden = state.layers[1].model_copy(update={"visible": False})
    with paged(gl, scene) as renderer:
        tops = len(sources[1].reads)
        renderer.set_state(state.model_copy(update={"layers": (state.layers[0], hidden)}), 1)
        renderer.render_still(1)
        assert len(sources[1].reads) == tops
        renderer.set_state(state, 2)
        renderer.render_still(1)
        assert len(sources[1].reads) > tops


def test_times_follow(gl: Context) -> None:
    """Two time points of a dark and a bright volume; going back reads nothing."""
    voxels = np.stack([np.full((1, 40, 40, 40), v, np.uint8) for v in (40, 250)])
    voxels[..., 0] = 0
    inner = MemorySource(voxels[0, 0])
    source = TwoTimes(inner, voxels[:, 0])
    scene = scene_of(pyramid(source))
    state = plain(scene, 50.0, lighting=WHITE_SKY, channel=Channel(window=(0.0, 255.0), color_map="gray"))
    with paged(gl, scene) as renderer:
        light = []
        for time_ in (0, 1, 0):
            renderer.set_state(state.model_copy(update={"time": time_}), time_ + 1)
            reads = len(source.reads)
            light.append(float(renderer.picture(24, 24, 4)[..., :3].mean()))
        assert light[1] > 1.5 * light[0]
        assert light[2] == light[0]
        assert len(source.reads) == reads


class TwoTimes(Shuffled):
    def __init__(self, source: Source, times: NDArray[np.generic]) -> None:
        super().__init__(source, 1)
        import dataclasses

        self.info = dataclasses.replace(source.info, n_times=len(times))
        self._times = times

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        self.reads.append((level, lo, hi))
        return self._times[time_][lo[0] : hi[0], lo[1] : hi[1], lo[2] : hi[2]].copy()


def test_hidden_segments_cost_nothing(gl: Context) -> None:
    """Once a brick is known, it is not read again for segments that are hidden; what is left is exactly one of them."""
    labels = np.zeros((64, 64, 64), np.uint64)
    for number, (z, y, x) in enumerate([(4, 4, 4), (4, 44, 44), (44, 4, 44), (44, 44, 4)], start=1):
        labels[z : z + 14, y : y + 14, x : x + 14] = 2**60 + number
    source = Shuffled(pyramid(MemorySource(labels, kind="labels")), 1)
    scene = scene_of(source)
    state = plain(scene, 200.0, lighting=WHITE_SKY, samples=2)
    layer = state.layers[0]
    assert isinstance(layer, LabelLayer)
    with paged(gl, scene, budget=12 << 20) as renderer:
        renderer.set_state(state, 1)
        assert walk(renderer)[0]
        assert set(np.unique(renderer.layers(48, 48, 1).label)) == {0, *(2**60 + n for n in (1, 2, 3, 4))}
        before = len(source.reads)
        for number in (3, 1):
            only = layer.model_copy(update={"shown": "listed", "listed": (str(2**60 + number),)})
            renderer.set_state(state.model_copy(update={"layers": (only,)}), 1 + number)
            assert walk(renderer)[0]
            assert len(source.reads) == before
            device = tree_of(renderer)
            cells = renderer._look._majorants.cell_buffer.read(np.uint32, 4096 * device.tree.capacity)
            full = (cells.reshape(-1, 4096) & 0xFFFF).any(axis=1)
            assert full.any()
            for node in np.flatnonzero(full & device.tree.alive).tolist():
                assert 2**60 + number in device.dense_ids[0].ids()[device.ids_of(node)]
        assert set(np.unique(renderer.layers(48, 48, 1).label)) == {0, 2**60 + 1}


def test_an_index_spares_what_holds_no_visible_segment(gl: Context, tmp_path: Path) -> None:
    """Of a segmentation on disk that shows one segment from the start, only bricks that may hold it are read."""
    labels = np.zeros((16, 128, 128), np.uint64)
    for number, corner in enumerate(np.ndindex(2, 2), start=1):
        y, x = (8 + 60 * at for at in corner)
        labels[2:14, y : y + 50, x : x + 50] = 2**60 + number
    path = converted(tmp_path, labels, kind="labels")
    with closing(open_scene([], labels=[str(path)])) as scene:
        (layer,) = scene.layers
        assert layer.index is not None
        bare = Scene("bare", [replace(layer, index=None)])
        state = plain(scene, 200.0, lighting=WHITE_SKY, samples=2)
        (shown,) = state.layers
        assert isinstance(shown, LabelLayer)
        only = shown.model_copy(update={"shown": "listed", "listed": (str(2**60 + 3),)})
        state = state.model_copy(update={"layers": (only,)})
        reads, pictures = [], []
        for one in (scene, bare):
            with paged(gl, one, side=96) as renderer:
                renderer.set_state(state, 1)
                assert walk(renderer)[0]
                reads.append(tree_of(renderer)._reader.statistics.read)
                renderer.render_still(2)
                pictures.append(renderer.read_mean())
        assert 0.05 < (pictures[0][..., 3] > 0).mean() < 0.3
        assert np.array_equal(*pictures)
        assert 2 * reads[0] < reads[1]


def test_a_view_that_is_closed_wants_nothing(gl: Context) -> None:
    scene = scene_of(Slow(pyramid(MemorySource(blobs((64, 64, 64), 2))), 1))
    with closing(PagedScene(gl, scene, 16, BUDGET)) as device:
        with closing(Renderer(gl, scene, 48, 48, resident=device)) as renderer:
            renderer.set_state(near(plain(scene, 30.0, lighting=WHITE_SKY)), 1)
            while device._reader.outstanding <= 2 * IN_FLIGHT:
                renderer.step(time.monotonic(), 0.02)
        assert device._reader.outstanding <= IN_FLIGHT


class Slow(Shuffled):
    """The finest level takes its time."""

    def read(self, level: int, channel: int, time_: int, lo: Shape3, hi: Shape3) -> NDArray[np.generic]:
        time.sleep(0.1 if level == 0 else 0.0)
        return super().read(level, channel, time_, lo, hi)
