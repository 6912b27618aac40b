"""Majorants bound what is sampled: the tracer's own counter, and the cells against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt

from render.engine.majorants import REACH
from render.engine.renderer import Renderer
from render.engine.transfer import color_table
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.layer import Channel, CurveNode, ImageLayer, LabelLayer
from render.state.view import Shading, ViewState

from .conftest import Draw
from .scenes import WHITE_SKY, array_scene, plain, scene_of

Cells = NDArray[np.uint32]


def smooth(shape: tuple[int, int, int], seed: int) -> NDArray[np.float64]:
    """Blobs between 0 and 1 with flat parts at both ends."""
    rng = np.random.default_rng(seed)
    waves = sum(
        np.sin(sum(a * np.arange(n).reshape([-1 if i == j else 1 for j in range(3)]) for i, (a, n) in
                   enumerate(zip(rng.normal(0, 0.35, 3), shape, strict=True))) + rng.uniform(0, 6))
        for _ in range(4)
    )  # fmt: skip
    return np.clip(0.5 + 0.4 * waves, 0, 1)


def several() -> Scene:
    """Two channels of 16 bits, one volume of 8 bits that is turned, and labels, all in one place."""
    rng = np.random.default_rng(1)
    first = (smooth((40, 50, 70), 1) * 65535).astype(np.uint16)
    second = rng.integers(0, 65535, (40, 50, 70)).astype(np.uint16)
    turned = np.array([[0.6, -0.8, 0, 30], [0.8, 0.6, 0, -10], [0, 0, 1.3, 0], [0, 0, 0, 1]], float)
    third = (smooth((30, 45, 33), 2) * 255).astype(np.uint8)
    labels = np.where(smooth((20, 25, 35), 3) > 0.8, 7, 0).astype(np.uint32)
    return scene_of(
        MemorySource(np.stack([first, second])),
        MemorySource(third, world_from_vox=turned),
        MemorySource(labels, kind="labels", spacing_um=(2.0, 2.0, 2.0)),
    )


def random_channel(rng: np.random.Generator, most: float) -> Channel:
    width = most * 10.0 ** rng.uniform(-3, 0.3)
    lo = rng.uniform(-0.1 * most, most)
    nodes: tuple[CurveNode, ...] = ()
    if rng.random() < 0.8:
        x = np.sort(rng.random(rng.integers(1, 12)))
        # Steps too: pairs of nodes at one place.
        x = np.repeat(x, 2) if rng.random() < 0.5 else x
        nodes = tuple((float(a), float(b)) for a, b in zip(x, rng.random(len(x)) ** 2, strict=True))
    return Channel(window=(lo, lo + width), curve=nodes, opacity=float(rng.random()), visible=bool(rng.random() < 0.8))


def random_state(scene: Scene, seed: int) -> ViewState:
    rng = np.random.default_rng(seed)
    layers = (
        ImageLayer(source="0", channels=tuple(random_channel(rng, 65535.0) for _ in range(2))),
        ImageLayer(source="1", channels=(random_channel(rng, 255.0),)),
        LabelLayer(source="2", opacity=float(rng.random()), visible=bool(rng.random() < 0.7)),
    )
    shading = Shading(density=float(10 ** rng.uniform(0.5, 2.5)))
    return plain(scene, layers=layers, shading=shading, lighting=WHITE_SKY, seed=seed)


def test_no_sample_is_above_its_majorant_for_random_transfer_functions(draw: Draw) -> None:
    scene = several()
    renderer = draw(scene, 48, 48, count_violations=True)
    for seed in range(24):
        renderer.set_state(random_state(scene, seed), seed)
        before = renderer.violations()[1]
        renderer.render_still(1)
        violations, tried = renderer.violations()
        assert violations == 0, f"transfer functions of seed {seed}"
    assert tried > before
    assert tried > 100_000


def test_the_counter_can_count(draw: Draw) -> None:
    """Majorants that are deliberately too small are noticed."""
    scene = array_scene((smooth((30, 30, 30), 4) * 65535).astype(np.uint16))
    renderer = draw(scene, 32, 32, count_violations=True)
    renderer.set_state(plain(scene, 30.0), 1)
    buffer = renderer._look._majorants.cell_buffer
    cells = buffer.read(np.uint32, renderer.resident.n_cells).astype(np.uint32).view(np.float16)
    cells[::2] *= np.float16(0.5)
    buffer.write(cells)
    renderer.render_still(2)
    violations, tried = renderer.violations()
    assert violations > 0.01 * tried > 0


def test_flat_parts_at_the_edge_between_two_table_entries(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filtering equal texels may round; a value half way between two entries of the table must not fall out."""
    # Of a window of 2046 values, odd ones lie half way between two of the 1024 entries; neighbours are far apart.
    shape = (36, 36, 36)
    voxels = np.random.default_rng(2).integers(0, 500, tuple(n // 6 for n in shape)).astype(np.uint16) * 4 + 1
    voxels = voxels.repeat(6, 0).repeat(6, 1).repeat(6, 2)
    scene = array_scene(voxels)
    renderer = draw(scene, 48, 48, count_violations=True)
    zigzag = np.tile(np.array([0.05, 1.0], np.float32), 512)
    for flip in (False, True):

        def table(channel: Channel, flip: bool = flip) -> NDArray[np.float32]:
            made = color_table(channel)
            made[:, 3] = zigzag[::-1] if flip else zigzag
            return made

        monkeypatch.setattr("render.engine.look.color_table", table)
        # The curve differs so that the look is not taken for the one that is shown already.
        channel = Channel(curve=((0.0, float(flip)),), window=(0.0, 2046.0))
        renderer.set_state(plain(scene, 10.0, channel=channel, lighting=WHITE_SKY), int(flip))
        renderer.render_still(8)
        violations, tried = renderer.violations()
        assert tried > 10_000
        assert violations == 0


# ---- cells against brute force ----


def cells_of(renderer: Renderer, volume: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Majorants and high halves of a volume's cells, (z, y, x)."""
    resident = renderer.resident.volumes[volume]
    raw = renderer._look._majorants.cell_buffer.read(np.uint32, resident.n_cells, 4 * resident.cell_base)
    raw = raw.astype(np.uint32).reshape(resident.cells)
    majorants = (raw & 0xFFFF).astype(np.uint16).view(np.float16).astype(np.float64)
    return majorants, (raw >> 16).astype(np.int64)


def texel_ranges(voxels: NDArray[np.generic], cell: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The smallest and largest voxel of each cell and one voxel around it."""
    counts = tuple(-(-n // cell) for n in voxels.shape)
    lo, hi = np.empty(counts), np.empty(counts)
    for index in np.ndindex(*counts):
        part = voxels[tuple(slice(max(i * cell - 1, 0), (i + 1) * cell + 1) for i in index)]
        lo[index], hi[index] = part.min(), part.max()
    return lo, hi


CURVE = ((0.1, 0.0), (0.3, 0.8), (0.35, 0.0), (0.8, 0.0), (0.9, 0.4), (1.0, 0.1))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_majorants_are_the_largest_opacity_over_each_cell(draw: Draw, dtype: str) -> None:
    most = np.iinfo(dtype).max
    voxels = (smooth((37, 41, 70), 5) * most).astype(dtype)
    scene = array_scene(voxels)
    renderer = draw(scene, 8, 8)
    channel = Channel(window=(0.05 * most, 0.9 * most), curve=CURVE, opacity=0.7)
    renderer.set_state(plain(scene, channel=channel), 1)
    majorants, _ = cells_of(renderer)
    lo, hi = texel_ranges(voxels, renderer.resident.cell)
    x, y = zip(*CURVE, strict=True)
    positions = np.linspace(0, 1, 4096)
    opacity = 0.7 * np.interp(positions, x, y)
    steepest = 0.7 * 0.8 / 0.05
    for index in np.ndindex(*majorants.shape):
        a, b = (np.clip((v[index] / most - 0.05) / 0.85, 0, 1) for v in (lo, hi))
        inside = opacity[(positions >= a) & (positions <= b)]
        exact = max([*inside, 0.7 * np.interp(a, x, y), 0.7 * np.interp(b, x, y)])
        # One entry of the table to either side, and the rounding up to a half.
        assert majorants[index] >= exact - steepest / 1023
        assert majorants[index] <= (exact + 1.6 * steepest / 1023) * 1.002 + 1e-6


def test_distances_are_chessboard_distances_to_matter(draw: Draw) -> None:
    voxels = np.zeros((60, 90, 150), np.uint8)
    rng = np.random.default_rng(6)
    for z, y, x in rng.integers(0, [60, 90, 100], (4, 3)).tolist():
        voxels[z, y, x] = 200
    scene = array_scene(voxels)
    renderer = draw(scene, 8, 8)
    renderer.set_state(plain(scene, channel=Channel(window=(100.0, 255.0))), 1)
    majorants, high = cells_of(renderer)
    _, hi = texel_ranges(voxels, renderer.resident.cell)
    empty = majorants == 0
    assert np.array_equal(empty, hi <= 100)
    assert 0 < (~empty).sum() < 200
    expected = np.minimum(distance_transform_cdt(empty, metric="chessboard"), REACH)
    assert np.array_equal(high[empty], expected[empty])
    assert (expected == REACH).any()
    # A new look: nothing shows, nothing is near.
    renderer.set_state(plain(scene, channel=Channel(window=(200.0, 255.0))), 2)
    majorants, high = cells_of(renderer)
    assert not majorants.any()
    assert (high == REACH).all()


def test_several_volumes_keep_their_cells_apart(draw: Draw) -> None:
    a, b = np.zeros((20, 20, 20), np.uint8), np.full((12, 30, 18), 255, np.uint8)
    a[10, 10, 10] = 255
    scene = scene_of(MemorySource(a), MemorySource(b))
    renderer = draw(scene, 8, 8)
    renderer.set_state(plain(scene), 1)
    first, _ = cells_of(renderer, 0)
    second, _ = cells_of(renderer, 1)
    assert (second >= 1).all()
    assert (second < 1.003).all()
    assert 1 <= (first > 0).sum() <= 8


def test_labels_fill_the_cells_that_they_touch(draw: Draw) -> None:
    labels = np.zeros((40, 40, 40), np.uint64)
    labels[20:30, 3:5, 33] = 2**60
    scene = array_scene(labels, kind="labels")
    renderer = draw(scene, 8, 8)
    renderer.set_state(plain(scene), 1)
    majorants, _ = cells_of(renderer)
    _, hi = texel_ranges((labels > 0).astype(np.uint8), renderer.resident.cell)
    assert np.array_equal(majorants > 0, hi > 0)
