"""The one place where `hosta frame` gets a picture from a renderer: developed, or as linear layers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..engine.layers import Layers
from ..errors import UsageError
from ..scene.framing import axes
from ..state.camera import Camera

if TYPE_CHECKING:
    from ..engine.renderer import Renderer
    from ..scene.open import Progress
    from ..state.view import ViewState

FOCUS_SIDE_PX = 256
FOCUS_SAMPLES = 8


@dataclass(frozen=True)
class Shot:
    """A picture to take: its size in pixels, samples a pixel, and whether it is denoised."""

    width: int
    height: int
    samples: int
    denoised: bool = False


def developed(
    renderer: Renderer, shot: Shot, transparent: bool, bits: Literal[8, 16], progress: Progress | None
) -> NDArray[Any]:
    """(h, w, 4) uint8 or uint16, sRGB, straight alpha, of the state that the renderer was given."""
    if not shot.denoised:
        return renderer.picture(shot.width, shot.height, shot.samples, transparent, progress, bits)
    return renderer.develop(linear(renderer, shot, progress).color, transparent, bits)


def linear(renderer: Renderer, shot: Shot, progress: Progress | None) -> Layers:
    """The picture's linear light and what is known of each pixel besides."""
    layers = renderer.layers(shot.width, shot.height, shot.samples, progress)
    if not shot.denoised:
        return layers
    from ..codec.oidn import denoise

    alpha = layers.color[..., 3:]  # guides have their edges where the picture has its own
    return replace(layers, color=denoise(layers.color, layers.albedo * alpha, layers.normal * alpha))


def focused(renderer: Renderer, state: ViewState, pixel: tuple[int, int], size: tuple[int, int]) -> ViewState:
    """`state` with its camera focused on what the pixel shows. Raises UsageError where it shows nothing.

    The distance is the middle one of the 3 x 3 pixels around it, in a small sharp picture of the same view.
    """
    camera = state.camera
    if camera.aperture == 0.0:
        raise UsageError("--focus-at is for a lens; give it a size with --aperture, such as 2um")
    scale = min(1.0, FOCUS_SIDE_PX / max(size))
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    sharp = state.model_copy(update={"camera": camera.model_copy(update={"aperture": 0.0})})
    renderer.set_state(sharp, 1)
    depth = renderer.layers(width, height, FOCUS_SAMPLES).depth
    x, y = (
        min(int((at + 0.5) * count / whole), count - 1)
        for at, count, whole in zip(pixel, (width, height), size, strict=True)
    )
    near = depth[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
    near = near[np.isfinite(near)]
    if not len(near):
        raise UsageError(f"there is nothing at pixel {pixel[0]},{pixel[1]} to focus on; name one that shows something")
    distance = along_view(camera, float(np.median(near)), (x, y), (width, height))
    return state.model_copy(update={"camera": camera.model_copy(update={"focus_distance": distance})})


def along_view(camera: Camera, depth: float, pixel: tuple[int, int], size: tuple[int, int]) -> float:
    """How far in front of the eye, along the view, a point lies that is `depth` away along its pixel's ray."""
    if camera.projection == "orthographic":
        return depth
    half = math.tan(math.radians(camera.view_angle) / 2)
    across = ((pixel[0] + 0.5) / size[0] * 2 - 1) * half * size[0] / size[1]
    upward = (1 - (pixel[1] + 0.5) / size[1] * 2) * half
    forward, right, up = axes(camera)
    ray = forward + right * across + up * upward
    return depth * float(ray @ forward) / float(np.linalg.norm(ray))
