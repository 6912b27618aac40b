"""Segments in pictures: what is isolated is all that is seen, in every mode; styles; ids beyond 2^53."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render.scene.open import Scene
from render.source.memory import MemorySource
from render.state.camera import Camera
from render.state.clip import Slices
from render.state.layer import LabelLayer
from render.state.rendering import Rendering
from render.state.segment import Highlight
from render.state.view import ViewState

from .conftest import Draw
from .scenes import WHITE_SKY, plain, scene_of

N = 24
LEFT, RIGHT = 2**60 + 1, 2**60 + 2
"""To a double they are one number."""
RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)
CAMERA = Camera(
    position=(N / 2 - 0.5, N / 2 - 0.5, -50.0), focal_point=(N / 2 - 0.5, N / 2 - 0.5, N / 2), view_up=(0.0, -1.0, 0.0),
    projection="orthographic", parallel_scale=N / 2,
)  # fmt: skip


def two() -> Scene:
    """A red box on the left and a blue one on the right, seen along z; x goes to the right."""
    labels = np.zeros((N, N, N), np.uint64)
    labels[4:20, 4:20, 2:10] = LEFT
    labels[4:20, 4:20, 14:22] = RIGHT
    return scene_of(MemorySource(labels, kind="labels", label_colors={LEFT: RED, RIGHT: BLUE}))


def picture(
    draw: Draw, scene: Scene, mode: str, size: int = 48, *, linear: bool = False, **look: Any
) -> NDArray[np.float64]:
    """(size, size, 3): sRGB 0..1 or, for means that do not depend on the noise, linear light."""
    layer = LabelLayer.model_validate({"source": "0", **look})
    rendering = Rendering.model_validate({"mode": mode, "reference": True})
    slices = Slices(z=0.5) if mode == "slices" else Slices()
    state: ViewState = plain(
        scene, 400.0, layers=(layer,), camera=CAMERA, rendering=rendering, slices=slices, lighting=WHITE_SKY
    )
    renderer = draw(scene, size, size)
    renderer.set_state(state, 1)
    if linear:
        return renderer.layers(size, size, 16).color[..., :3].astype(np.float64)
    return np.asarray(renderer.picture(size, size, 4)[..., :3] / 255.0)


def halves(image: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean colours inside of the left and the right box."""
    s = image.shape[0] // N
    rows = slice(8 * s, 16 * s)
    return image[rows, 4 * s : 8 * s].mean(axis=(0, 1)), image[rows, 16 * s : 20 * s].mean(axis=(0, 1))


@pytest.mark.parametrize("mode", ["path", "isosurface", "slices"])
def test_what_is_isolated_or_hidden_is_so_in_every_mode(draw: Draw, mode: str) -> None:
    scene = two()
    for shown, listed, seen in (
        ("listed", [LEFT], (True, False)), ("listed", [RIGHT], (False, True)), ("except", [RIGHT], (True, False)),
        ("listed", [], (False, False)),
    ):  # fmt: skip
        image = picture(draw, scene, mode, 24, shown=shown, listed=[str(one) for one in listed])
        black = picture(draw, scene, mode, 24, visible=False)
        for half, behind, is_seen, hue in zip(halves(image), halves(black), seen, (0, 2), strict=True):
            if is_seen:
                assert half[hue] - half[2 - hue] > 0.15
            else:
                assert half == pytest.approx(behind, abs=0.02)


def test_colours_of_the_state_and_highlights_are_drawn(draw: Draw) -> None:
    scene = two()
    left, right = halves(picture(draw, scene, "slices", segment_colors={str(LEFT): (0.0, 1.0, 0.0)}))
    assert left == pytest.approx([0, 1, 0], abs=0.02)
    assert right == pytest.approx([0, 0, 1], abs=0.02)
    lit = Highlight(ids=(str(RIGHT),), strength=0.5)
    left, right = halves(picture(draw, scene, "slices", highlight=lit.model_dump()))
    assert left == pytest.approx([1, 0, 0], abs=0.02)
    assert right == pytest.approx([0.5, 0.5, 1], abs=0.02)
    left, right = halves(picture(draw, scene, "slices", merged={str(RIGHT): str(LEFT)}))
    assert right == pytest.approx([1, 0, 0], abs=0.02)
    left, right = halves(picture(draw, scene, "slices", shown="listed", listed=[str(LEFT)], rest_opacity=0.25))
    assert 0.0 < right[2] < 0.65


def test_contours_on_slices_are_lines_inside_of_borders(draw: Draw) -> None:
    size = 10 * N
    image = picture(draw, two(), "slices", size, style="contour")
    red = image[..., 0] > 0.5
    rows, columns = np.nonzero(red)
    # The border is the box's, the line half a voxel wide, the middle empty.
    assert (columns.min() / 10, (columns.max() + 1) / 10) == pytest.approx((2, 10), abs=0.2)
    assert (rows.min() / 10, (rows.max() + 1) / 10) == pytest.approx((4, 20), abs=0.2)
    assert red.sum() / 100 == pytest.approx(0.5 * 2 * (8 + 16) - 1, rel=0.15)
    assert not red[60:180, 30:90].any()


def test_what_is_translucent_lets_others_through(draw: Draw) -> None:
    labels = np.zeros((N, N, N), np.uint64)
    labels[2:8] = LEFT
    labels[14:20] = RIGHT
    scene = scene_of(MemorySource(labels, kind="labels", label_colors={LEFT: RED, RIGHT: BLUE}))
    for mode, style in (("path", "translucent"), ("path", "contour"), ("isosurface", "translucent")):
        solid = picture(draw, scene, mode, 16, linear=True).mean(axis=(0, 1))
        clear = picture(draw, scene, mode, 16, linear=True, style=style).mean(axis=(0, 1))
        assert solid[2] < 0.5 * solid[0]  # no more than what shines on the red one
        assert clear[2] / clear[0] > 2.0 * solid[2] / solid[0]
