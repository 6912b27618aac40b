"""The scene that degenerate states are of, and those states."""

from __future__ import annotations

from typing import Any

import numpy as np

from render.scene.environment import BRIGHTEST, Environment
from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import Slices
from render.state.layer import Channel, ImageLayer, LabelLayer, Layer
from render.state.light import Lighting, Sky
from render.state.rendering import Mode, Rendering
from render.state.view import Display, Shading, ViewState

from ..scenes import scene_of

N = (20, 24, 28)  # z, y, x
CENTRE = (13.5, 11.5, 9.5)
SIZE = (26, 18)
HUGE_ID = 2**53 + 1


def blob() -> MemorySource:
    """Two channels: a soft ball, and noise."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in N), indexing="ij")
    ball = np.clip(1.4 - 1.5 * np.sqrt(x**2 + y**2 + z**2), 0, 1) * 255
    noise = np.random.default_rng(3).integers(0, 255, N)
    return MemorySource(np.stack([ball, noise]).astype(np.uint8))


def segments() -> MemorySource:
    ids = np.zeros(N, np.uint64)
    ids[4:9, 4:20, 4:12] = HUGE_ID
    ids[9:14, 4:20, 4:12] = HUGE_ID + 1
    return MemorySource(ids, kind="labels")


def environments() -> tuple[Environment, ...]:
    ones = np.ones((1, 2, 3), np.float32)
    return (
        Environment("2x1", ones), Environment("black", ones * 0), Environment("glaring", ones * np.float32(BRIGHTEST)),
        Environment("one texel", np.pad(ones[:, :1] * 1e4, ((3, 4), (5, 10), (0, 0)))),
    )  # fmt: skip


def the_scene() -> Scene:
    return Scene("test", scene_of(blob(), segments()).layers, environments())


def looked_at(scene: Scene, mode: Mode, **changes: Any) -> ViewState:
    """The scene with its first channel, its noise and its labels seen through; `changes` are fields of ViewState, and
    `rendering` and `channel` those of Rendering and of every Channel.
    """
    channel = {"window": (0.0, 255.0), "opacity": 0.5, **changes.pop("channel", {})}
    layers: tuple[Layer, ...] = (
        ImageLayer(source="0", channels=(Channel(**channel),) * 2),
        LabelLayer(source="1", opacity=changes.pop("label_opacity", 0.5)),
    )
    fields = {
        "camera": scene.default_state.camera,
        "layers": layers,
        "slices": Slices(x=0.5, z=0.5) if mode == "slices" else Slices(),
        "shading": Shading(density=30.0),
        "display": Display(background=(0.2, 0.4, 0.6)),
        "rendering": Rendering(mode=mode, **changes.pop("rendering", {})),
    }
    return ViewState(**{**fields, **changes})


def camera_at(position: tuple[float, ...], **changes: Any) -> Camera:
    return Camera(**{"position": position, "focal_point": CENTRE, "view_up": (0.0, -1.0, 0.1), **changes})


def lit_by(*lights: Any, **sky: Any) -> Lighting:
    return Lighting(lights=lights, sky=Sky(**{"visible": False, **sky}))
