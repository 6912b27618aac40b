"""Every mode with volumes at the edge of making sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engine.renderer import Renderer
from render.scene.framing import corners, fit
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import Slices
from render.state.layer import Channel, ImageLayer, LabelLayer, Layer
from render.state.material import Material
from render.state.rendering import Mode, Rendering
from render.state.transfer import AutoRule, PercentileRule, TransferRule
from render.state.view import ViewState

from ..conftest import Draw
from ..scenes import scene_of
from .drawing import MODES, drawn

SHAPE = (10, 12, 14)
HUGE_IDS = (2**53 + 1, 2**53 + 2, 2**64 - 1)
RULES: tuple[TransferRule | None, ...] = (
    None, PercentileRule(low=0.0, high=100.0),
    *(AutoRule(method=name) for name in ("hosta", "imagej", "otsu", "minmax", "best_fit", "mode")),
)  # fmt: skip


def noise(*shape: int, top: int = 255) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, top, shape or SHAPE, dtype=np.uint8, endpoint=True)


def with_holes() -> NDArray[np.float32]:
    voxels = noise().astype(np.float32)
    voxels[2:5, 2:5] = np.nan
    voxels[5:6] = np.inf
    voxels[:, :, 12:] = -np.inf
    return voxels


def tilted() -> NDArray[np.float64]:
    world = np.eye(4)
    world[:3, :3] = [[0.0, -3.0, 0.5], [0.2, 0.1, 2.0], [-1.0, 0.3, 0.0]]
    world[:3, 3] = 1e9, -1e9, 1e8
    return world


VOLUMES: dict[str, Callable[[], MemorySource]] = {
    "zeros": lambda: MemorySource(np.zeros(SHAPE, np.uint8)),
    "constant": lambda: MemorySource(np.full(SHAPE, 200, np.uint8)),
    "constant of 16 bit": lambda: MemorySource(np.full(SHAPE, 65535, np.uint16)),
    "constant floats": lambda: MemorySource(np.full(SHAPE, -1e30, np.float32)),
    "all NaN": lambda: MemorySource(np.full(SHAPE, np.nan, np.float32)),
    "all infinite": lambda: MemorySource(np.full(SHAPE, np.inf, np.float32)),
    "all -infinite": lambda: MemorySource(np.full(SHAPE, -np.inf, np.float64)),
    "NaN and infinities": lambda: MemorySource(with_holes()),
    "denormals": lambda: MemorySource(noise().astype(np.float32) * np.float32(1e-42)),
    "largest floats": lambda: MemorySource(noise().astype(np.float64) / 255 * 1.7e308),
    "one hot voxel": lambda: MemorySource(np.pad(np.full((1, 1, 1), 3e38, np.float32), 4)),
    "64 bit": lambda: MemorySource(np.random.default_rng(2).integers(-(2**63), 2**63 - 1, SHAPE)),
    "one voxel": lambda: MemorySource(np.full((1, 1, 1), 9, np.uint8)),
    "flat in z": lambda: MemorySource(noise(1, 30, 40)),
    "flat in y": lambda: MemorySource(noise(30, 1, 40)),
    "flat in x": lambda: MemorySource(noise(30, 40, 1)),
    "a line": lambda: MemorySource(noise(1, 1, 9000)),
    "flat in z as labels": lambda: MemorySource(noise(1, 30, 40, top=3), kind="labels"),
    "1 : 100": lambda: MemorySource(noise(), spacing_um=(100.0, 1.0, 1.0)),
    "1 : 1e6": lambda: MemorySource(noise(), spacing_um=(1.0, 1e6, 1.0)),
    "picometres": lambda: MemorySource(noise(), spacing_um=(1e-9,) * 3),
    "light years": lambda: MemorySource(noise(), spacing_um=(1e13,) * 3),
    "tilted, mirrored, far away": lambda: MemorySource(noise(), world_from_vox=tilted()),
    "labels 0 only": lambda: MemorySource(np.zeros(SHAPE, np.uint32), kind="labels"),
    "labels beyond 2^53": lambda: MemorySource(np.array((0, *HUGE_IDS), np.uint64)[noise(top=3)], kind="labels"),
    "negative labels": lambda: MemorySource(noise(top=3).astype(np.int64) - 2, kind="labels"),
}


TOO_THIN = ("a line", "1 : 1e6")
"""To be hit by the rays of so small a picture."""


def looked_at(scene: Scene, mode: Mode, **changes: Any) -> ViewState:
    """The first look, in this mode, with slices through the middle where there are only those."""
    slices = Slices(x=0.5, y=0.5, z=0.5) if mode == "slices" else Slices()
    rendering = Rendering(mode=mode, scatterings=2)
    return scene.default_state.model_copy(update={"rendering": rendering, "slices": slices, **changes})


def with_channels(state: ViewState, **changes: Any) -> ViewState:
    """The state with fields of all channels changed."""
    layers: list[Layer] = []
    for layer in state.layers:
        if isinstance(layer, ImageLayer):
            channels = tuple(channel.model_copy(update=changes) for channel in layer.channels)
            layer = layer.model_copy(update={"channels": channels})
        layers.append(layer)
    return state.model_copy(update={"layers": tuple(layers)})


def inside(scene: Scene, state: ViewState) -> ViewState:
    """From a place near the middle of the scene."""
    middle, size = scene.box.centre, scene.box.largest
    eye = tuple(middle - [0.01 * size, 0.013 * size, 0.02 * size])
    return state.model_copy(
        update={"camera": Camera(position=eye, focal_point=tuple(middle), view_up=state.camera.view_up, view_angle=90)}
    )


@pytest.mark.parametrize("name", VOLUMES)
def test_volumes(draw: Draw, name: str, subtests: pytest.Subtests) -> None:
    scene = scene_of(VOLUMES[name]())
    renderer = draw(scene, 26, 18)
    for mode in MODES:
        with subtests.test(mode=mode):
            state = looked_at(scene, mode)
            seen = drawn(renderer, state)
            if name == "labels 0 only":
                assert seen.is_background(state)
            elif mode in ("maximum", "minimum", "average", "slices"):
                assert seen.covered > 0.4 or name in TOO_THIN  # values show, whatever they are
            drawn(renderer, inside(scene, state), 1)
    if scene.layers[0].source.info.kind == "image":
        for rule in RULES:
            with subtests.test(rule=rule):
                drawn(renderer, with_channels(looked_at(scene, "path"), rule=rule), 1)
        for mode in ("path", "march"):
            with subtests.test(gradient_curve=mode):
                curve = ((0.0, 0.0), (0.1, 1.0))
                opaque = ((0.0, 1.0),)
                seen = drawn(renderer, with_channels(looked_at(scene, mode), gradient_curve=curve, curve=opaque))
                if name.startswith(("constant", "zeros", "all")):
                    assert seen.covered == 0.0  # nothing changes anywhere
    else:
        for colors in ("hash", "glasbey", "file"):
            with subtests.test(colors=colors):
                layer = LabelLayer(source="0", colors=colors)
                drawn(renderer, looked_at(scene, "path", layers=(layer,)), 1)


def test_labels_beyond_doubles_are_told_exactly(draw: Draw) -> None:
    scene = scene_of(VOLUMES["labels beyond 2^53"]())
    renderer = draw(scene, 26, 18)
    for mode in ("path", "march", "isosurface", "maximum"):
        label = drawn(renderer, looked_at(scene, mode), 1).layers.label
        assert label is not None
        assert set(np.unique(label).tolist()) == {0, *HUGE_IDS}


@pytest.mark.parametrize("count", [8, 32])
def test_many_channels(draw: Draw, count: int, subtests: pytest.Subtests) -> None:
    """Each a slab of its own colour: the last one is there too."""
    voxels = np.zeros((count, 4, 4, count), np.uint8)
    for c in range(count):
        voxels[c, :, :, c] = 255
    scene = scene_of(MemorySource(voxels))
    renderer, matt = draw(scene, 40, 12), Material(specular=0.0)
    for mixing in ("physical", "max", "additive"):
        for mode in ("path", "march") if mixing != "physical" else MODES:
            with subtests.test(mode=mode, mixing=mixing):
                camera = fit(scene.default_state.camera, corners(scene.box))
                state = with_channels(
                    looked_at(scene, mode, camera=camera),
                    visible=True,
                    window=(0.0, 255.0),
                    color=(0.0, 0.0, 0.0),
                    material=matt,
                )
                layer = state.layers[0]
                assert isinstance(layer, ImageLayer)
                last = Channel(window=(0.0, 255.0), color=(0.0, 1.0, 0.0), material=matt)
                layers = (layer.model_copy(update={"channels": (*layer.channels[:-1], last)}),)
                rendering = state.rendering.model_copy(update={"mixing": mixing})
                seen = drawn(renderer, state.model_copy(update={"layers": layers, "rendering": rendering}), 4)
                if mode == "isosurface":
                    continue  # surfaces of two channels lie in each place
                assert seen.mean[..., 1].max() > 0.1
                assert not seen.mean[..., 0].any()  # what shines is the last one


def test_a_volume_of_one_voxel_is_a_cube(draw: Draw) -> None:
    """All of its faces are there, whatever the mode: alpha 1 in the middle of the picture."""
    scene = scene_of(MemorySource(np.full((1, 1, 1), 255, np.uint8)))
    renderer: Renderer = draw(scene, 24, 24)
    state = with_channels(looked_at(scene, "path"), window=(0.0, 255.0))
    for mode in MODES:
        if mode == "isosurface":
            continue  # nothing is crossed in one voxel
        one = state.model_copy(update={"rendering": Rendering(mode=mode, reference=True), "slices": Slices(z=0.5)})
        one = one.model_copy(update={"shading": one.shading.model_copy(update={"density": 1000.0})})
        assert drawn(renderer, one, 4).mean[12, 12, 3] == pytest.approx(1.0, abs=0.01), mode
