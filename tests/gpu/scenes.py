"""Scenes from arrays, states that show them plainly, and what a ray through them meets, by numpy and scipy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from render.bricks.stats import channel_stats
from render.engine.lights import light_records
from render.engine.uniforms import params
from render.scene.open import Scene, SceneLayer
from render.source.base import Source
from render.source.memory import MemorySource
from render.source.synthetic.open import open_synthetic
from render.state.camera import Camera
from render.state.layer import Channel, ImageLayer, LabelLayer, Layer
from render.state.light import Lighting, Sky
from render.state.rendering import Rendering
from render.state.view import Display, Shading, ViewState

DARK = Lighting(lights=(), sky=Sky(visible=False))
WHITE_SKY = Lighting(
    lights=(),
    sky=Sky(top=(1.0, 1.0, 1.0), middle=(1.0, 1.0, 1.0), bottom=(1.0, 1.0, 1.0), intensity=1.0),
)


def scene_of(*sources: Source) -> Scene:
    """A scene whose layers are named "0", "1", ..."""
    layers = []
    for number, source in enumerate(sources):
        channels = range(len(source.info.channels) if source.info.kind == "image" else 0)
        layers.append(SceneLayer(str(number), source, tuple(channel_stats(source, c) for c in channels)))
    return Scene("test", layers)


def array_scene(array: NDArray[Any], **options: Any) -> Scene:
    return scene_of(MemorySource(array, **options))


def phantom_scene(spec: str) -> Scene:
    return scene_of(*open_synthetic(spec))


def full_window(dtype: np.dtype[np.generic]) -> tuple[float, float]:
    return (float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)) if dtype.kind in "iu" else (0.0, 1.0)


def plain(scene: Scene, density: float = 10.0, *, channel: Channel | None = None, **changes: Any) -> ViewState:
    """A state with a ramp over each channel's whole type, no light, and the density that is asked for; without the
    biases that a reference leaves out.

    `channel` is put in place of every channel; `changes` are other fields of ViewState.
    """
    layers: list[Layer] = []
    for layer in scene.layers:
        info = layer.source.info
        if info.kind == "labels":
            layers.append(LabelLayer(source=layer.key))
        else:
            shown = channel or Channel(window=full_window(info.dtype))
            layers.append(ImageLayer(source=layer.key, channels=(shown,) * len(info.channels)))
    fields: dict[str, Any] = {
        "camera": scene.default_state.camera,
        "layers": tuple(layers),
        "shading": Shading(density=density),
        "lighting": DARK,
        "rendering": Rendering(reference=True),
        "display": Display(tone_map="linear"),
    }
    return ViewState(**{**fields, **changes})


def record_of(
    state: ViewState, scene: Scene, unit_from_world: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[Any]:
    """The Params record of a whole picture of `size` (width, height)."""
    return params(state, scene, unit_from_world, size, (0, 0, *size))


def lights_of(state: ViewState, scene: Scene, unit_from_world: NDArray[np.float64]) -> NDArray[Any]:
    """The Light records of a state."""
    return light_records(state, scene, unit_from_world)[0]


def along(origin: ArrayLike, direction: ArrayLike, half_height_um: float = 1e-5) -> Camera:
    """An orthographic camera all of whose pixels look along one ray, as near as no matter."""
    o, d = np.asarray(origin, float), np.asarray(direction, float)
    up = np.eye(3)[int(np.argmin(np.abs(d)))]
    position, focal_point = tuple(map(float, o)), tuple(map(float, o + d))
    return Camera(
        position=position, focal_point=focal_point, view_up=tuple(map(float, up)),
        projection="orthographic", parallel_scale=half_height_um,
    )  # fmt: skip


def srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1 encoding of values 0..1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def optical_depth(
    scene: Scene,
    origin: ArrayLike,
    direction: ArrayLike,
    density: float,
    windows: Sequence[tuple[float, float]],
    crop: tuple[ArrayLike, ArrayLike] | None = None,
    steps: int = 200_000,
) -> float:
    """The integral of the extinction along a ray from `origin`, of ramps over `windows` (one a layer).

    Trilinear between the centres of voxels, constant from the outermost centres to the faces of the volume.
    `crop` = corners of a world box outside of which there is nothing.
    """
    o, d = np.asarray(origin, float), np.asarray(direction, float)
    d = d / np.linalg.norm(d)
    length = float(np.linalg.norm(scene.box.centre - o)) + 2 * scene.box.largest
    dt = length / steps
    points = o + d * ((np.arange(steps) + 0.5) * dt)[:, None]
    total = 0.0
    for layer, (lo, hi) in zip(scene.layers, windows, strict=True):
        level = layer.source.info.levels[0]
        voxels = layer.source.read(0, 0, 0, (0, 0, 0), level.shape).astype(np.float64)
        inverse = np.linalg.inv(level.world_from_vox)
        at = points @ inverse[:3, :3].T + inverse[:3, 3]
        inside = ((at >= -0.5) & (at <= np.array(level.shape[::-1]) - 0.5)).all(axis=1)
        if crop is not None:
            inside &= ((points >= np.asarray(crop[0])) & (points <= np.asarray(crop[1]))).all(axis=1)
        values = map_coordinates(voxels, at[inside][:, ::-1].T, order=1, mode="nearest")
        total += float(np.clip((values - lo) / (hi - lo), 0.0, 1.0).sum())
    return total * dt * density / scene.box.largest
