"""The one place where `hosta frame` gets a picture from a renderer: developed, or as linear layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..engine.halving import FINENESS, halved
from ..engine.layers import Layers
from ..errors import UsageError

if TYPE_CHECKING:
    from ..engine.renderer import Renderer
    from ..scene.open import Progress
    from ..state.view import ViewState

# A denoised picture of more pixels is drawn and filtered at its own size: twice as wide and high it takes more than a
# kilobyte of memory for each of them.
FINE_MOST_PX = 2_500_000


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
    if not shot.denoised:
        return renderer.layers(shot.width, shot.height, shot.samples, progress)
    fineness = fineness_of(shot)
    layers, looks = renderer.layers_to_denoise(shot.width, shot.height, shot.samples, progress, fineness)
    done = denoised(layers, looks)
    return done if done.size == (shot.width, shot.height) else halved(layers, done.color)


def fineness_of(shot: Shot) -> int:
    """How many times as wide and high as it is wanted a picture is drawn and filtered: 2, or 1 where a fine pixel would
    get less than a sample, and where that would take too much memory.
    """
    fits = shot.width * shot.height <= FINE_MOST_PX
    return FINENESS if fits and shot.samples >= FINENESS**2 else 1


def denoised(layers: Layers, looks: Layers | None) -> Layers:
    """What Renderer.layers_to_denoise gives, with the noise of its light taken out. Raises HostaError without OIDN."""
    from ..codec.oidn import denoise, denoise_by_looks

    if looks is not None and looks.local is not None and layers.local is not None:
        coverage = looks.color[..., 3:]
        seen = np.concatenate([looks.local, coverage], axis=2)
        return replace(layers, color=denoise_by_looks(layers.color, layers.local, seen, looks.normal * coverage))
    alpha = layers.color[..., 3:]  # guides have their edges where the picture has its own
    return replace(layers, color=denoise(layers.color, layers.albedo * alpha, layers.normal * alpha))


def focused(renderer: Renderer, state: ViewState, pixel: tuple[int, int], size: tuple[int, int]) -> ViewState:
    """`state` with its camera focused on what the pixel shows (engine.pick). Raises UsageError if that is nothing."""
    camera = state.camera
    if camera.aperture == 0.0:
        raise UsageError("--focus-at is for a lens; give it a size with --aperture, such as 2um")
    distance = renderer.pick(*pixel, size=size, state=state).focus_um
    if distance is None:
        raise UsageError(f"there is nothing at pixel {pixel[0]},{pixel[1]} to focus on; name one that shows something")
    return state.seen_from(camera.model_copy(update={"focus_distance": distance}))
