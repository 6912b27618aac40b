"""Every mode with eyes at the edge of making sense, pictures of odd sizes, and nothing to see."""

from __future__ import annotations

from typing import Any

import pytest

from render.engine.renderer import Renderer
from render.scene.open import Scene
from render.state.camera import Camera
from render.state.clip import ClipPlane, CropBox, Slices
from render.state.guides import Guides
from render.state.rendering import Mode
from render.state.view import Shading

from .drawing import MODES, drawn
from .shown import SIZE, camera_at, looked_at

EVERYWHERE: tuple[Mode, ...] = MODES

# ---- nothing is to be seen ----

X = (1.0, 0.0, 0.0)
BACK = (-1.0, 0.0, 0.0)
NOWHERE: dict[str, tuple[tuple[Mode, ...], dict[str, Any]]] = {
    "opacity 0": (EVERYWHERE, {"channel": {"opacity": 0.0}, "label_opacity": 0.0}),
    "invisible": (EVERYWHERE, {"channel": {"visible": False}, "label_opacity": 0.0}),
    "no density": (("path", "march"), {"shading": Shading(density=0.0)}),
    "crop to a plane": (tuple(m for m in MODES if m != "slices"), {"crop": CropBox(lo=(0.5, 0, 0), hi=(0.5, 1, 1))}),
    "crop to a point": (EVERYWHERE, {"crop": CropBox(lo=(0.5, 0.5, 0.5), hi=(0.5, 0.5, 0.5))}),
    "planes that leave nothing": (
        EVERYWHERE,
        {"clip_planes": (ClipPlane(point=(8.0, 0.0, 0.0), normal=X), ClipPlane(point=(20.0, 0.0, 0.0), normal=BACK))},
    ),
    "a plane in front of everything": (EVERYWHERE, {"clip_planes": (ClipPlane(point=(-900.0, 0.0, 0.0), normal=X),)}),
    "looking away": (EVERYWHERE, {"camera": Camera(position=(0, 0, -99.0), focal_point=(0, 0, -999.0))}),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", NOWHERE)
def test_where_nothing_is_left_there_is_the_background(renderer: Renderer, scene: Scene, mode: Mode, case: str) -> None:
    modes, changes = NOWHERE[case]
    state = looked_at(scene, mode, **dict(changes))
    seen = drawn(renderer, state)
    assert seen.is_background(state) == (mode in modes)


# ---- the eye ----

CAMERAS: dict[str, dict[str, Any]] = {
    "eye inside": {"position": (12.0, 11.0, 9.0)},
    "eye in a corner": {"position": (-0.5, -0.5, -0.5)},
    "eye on a face": {"position": (13.5, 11.5, -0.5), "view_up": (0.0, -1.0, 0.0)},
    "eye at the focal point, nearly": {"position": (13.5, 11.5, 9.5 - 1e-9), "view_up": (0.0, -1.0, 0.0)},
    "1e5 away": {"position": (-8e4, -5e4, -3e4)},
    "1e9 away": {"position": (-8e8, -5e8, -3e8)},
    "1e15 away": {"position": (-8e14, -5e14, -3e14)},
    "1e5 away, straight": {"position": (13.5, 11.5, -1e5), "view_up": (0.0, -1.0, 0.0)},
    "1e9 away, straight": {"position": (13.5, 11.5, -1e9), "view_up": (0.0, -1.0, 0.0)},
    "1e5 away, orthographic": {"position": (-8e4, -5e4, -3e4), "projection": "orthographic", "parallel_scale": 14.0},
    "1e9 away, orthographic": {"position": (-8e8, -5e8, -3e8), "projection": "orthographic", "parallel_scale": 14.0},
    **{
        f"1e{n} away, orthographic": {
            "position": (13.5, 11.5, -(10.0**n)), "view_up": (0.0, -1.0, 0.0), "projection": "orthographic",
            "parallel_scale": 14.0,
        }
        for n in (6, 7, 8)
    },
    "view angle 1": {"position": (13.5, 11.0, -900.0), "view_angle": 1.0},
    "view angle 150": {"position": (13.5, 11.0, -20.0), "view_angle": 150.0},
    "huge aperture": {"position": (13.5, 11.0, -60.0), "aperture": 1e15},
    "large aperture": {"position": (13.5, 11.0, -60.0), "aperture": 1e4},
    "sharp at the eye": {"position": (13.5, 11.0, -60.0), "aperture": 1.0, "focus_distance": 1e-300},
    "pinhole, sharp at the eye": {"position": (13.5, 11.0, -60.0), "focus_distance": 5e-324},
    "sharp at the horizon": {"position": (13.5, 11.0, -60.0), "aperture": 1.0, "focus_distance": 1e15},
    "tiny parallel scale": {"position": (13.5, 11.0, -60.0), "projection": "orthographic", "parallel_scale": 1e-300},
    "small parallel scale": {"position": (13.5, 11.0, -60.0), "projection": "orthographic", "parallel_scale": 1e-9},
    "huge parallel scale": {"position": (13.5, 11.0, -60.0), "projection": "orthographic", "parallel_scale": 1e15},
    "eyes far apart": {"position": (13.5, 11.0, -60.0), "stereo": "side_by_side", "eye_separation": 1.0},
    "eyes together": {"position": (13.5, 11.0, -60.0), "stereo": "side_by_side", "eye_separation": 1e-300},
    "orthographic, stereo, lens": {
        "position": (13.5, 11.0, -6000.0), "stereo": "side_by_side", "projection": "orthographic", "aperture": 3.0,
        "parallel_scale": 14.0,
    },
    "up nearly along the view": {"position": (13.5, 11.5, -60.0), "view_up": (0.0, 1e-5, 1.0)},
}  # fmt: skip
GUIDES = Guides(box=True, ticks=True, axes=True, scale_bar=True, time_stamp=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CAMERAS)
def test_cameras(renderer: Renderer, scene: Scene, mode: Mode, case: str) -> None:
    camera = camera_at(**CAMERAS[case])
    slices = Slices(x=0.4, z=0.5) if mode == "slices" else Slices()
    state = looked_at(scene, mode, camera=camera, slices=slices, guides=GUIDES, crop=CropBox(hi=(1.0, 0.9, 1.0)))
    seen = drawn(renderer, state)
    if case.startswith("eye") and "apart" not in case and mode != "slices":
        assert seen.covered > 0.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 7), (9, 1), (17, 33), (31, 16)])
@pytest.mark.parametrize("stereo", ["off", "side_by_side"])
def test_sizes(renderer: Renderer, scene: Scene, mode: Mode, size: tuple[int, int], stereo: str) -> None:
    camera = camera_at((13.5, 11.0, -40.0), stereo=stereo)
    renderer.resize(*size)
    try:
        seen = drawn(renderer, looked_at(scene, mode, camera=camera, guides=GUIDES))
        if min(size) > 9:
            assert seen.covered > 0.0
    finally:
        renderer.resize(*SIZE)
