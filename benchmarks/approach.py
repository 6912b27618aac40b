"""Cameras that stand so near to what a scene shows that its finest level is wanted."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from render.scene.open import Scene, SceneLayer
from render.space import apply
from render.state.camera import Camera
from render.state.layer import Channel, ImageLayer
from render.state.view import ViewState

_SHOWN = 0.08
"""Of a channel's window, what counts as matter."""
_STEPS_A_VOXEL = 4


_VOXELS_OPAQUE = 2.0
_DENSITY_MAX = 1e6


def near_state(scene: Scene, state: ViewState, height_px: int) -> ViewState:
    """The state with its `near_camera`, and so dense that two voxels of the finest level at full opacity are a mean
    free path: at the density that shows a whole volume one would look through all that is near."""
    longest = max(scene.layers[0].source.info.levels[0].shape)
    density = max(state.shading.density, min(longest / _VOXELS_OPAQUE, _DENSITY_MAX))
    shading = state.shading.model_copy(update={"density": density})
    return state.model_copy(update={"camera": near_camera(scene, state, height_px), "shading": shading})


def near_camera(scene: Scene, state: ViewState, height_px: int, layer: int = 0, closeness: float = 1.25) -> Camera:
    """The state's camera moved along its middle ray up to the first matter of a layer's first visible channel, so near
    that a pixel there is `closeness` times smaller than a voxel of the finest level.

    Raises ValueError when the ray meets nothing.
    """
    camera = state.camera
    position = np.asarray(camera.position, np.float64)
    forward = np.asarray(camera.focal_point, np.float64) - position
    far = float(np.linalg.norm(forward))
    forward /= far
    found = first_matter(scene.layers[layer], state, position, forward, 2.0 * far)
    if found is None:
        raise ValueError("the middle of the picture shows nothing; turn the camera")
    spacing_um = max(scene.layers[layer].source.info.levels[0].spacing_um)
    away = spacing_um / closeness * height_px / (2.0 * math.tan(math.radians(camera.view_angle) / 2.0))
    surface = position + found * forward
    eye = surface - away * forward
    return camera.model_copy(
        update={
            "position": (float(eye[0]), float(eye[1]), float(eye[2])),
            "focal_point": (float(surface[0]), float(surface[1]), float(surface[2])),
            "parallel_scale": spacing_um / closeness * height_px / 2.0,
        }
    )


def first_matter(
    layer: SceneLayer, state: ViewState, start: NDArray[np.float64], forward: NDArray[np.float64], far_um: float
) -> float | None:
    """How far along a ray the first voxel that shows begins, in micrometres: looked for in the coarsest level, then in
    each finer one around where the coarser one had it."""
    number, channel = _shown_channel(state, layer.key)
    threshold = channel.window[0] + _SHOWN * (channel.window[1] - channel.window[0])
    levels = layer.source.info.levels
    near_um, last_um, found = 0.0, far_um, None
    for index in range(len(levels) - 1, -1, -1):
        level = levels[index]
        step_um = min(level.spacing_um) / _STEPS_A_VOXEL
        along = np.arange(near_um, last_um, step_um)
        points = start + along[:, None] * forward
        voxels = np.rint(apply(np.linalg.inv(level.world_from_vox), points)).astype(np.int64)[:, ::-1]
        inside = ((voxels >= 0) & (voxels < level.shape)).all(axis=1)
        if not inside.any():
            return found
        along, voxels = along[inside], voxels[inside]
        hit = _first_above(layer, index, number, voxels, threshold)
        if hit is not None:
            found = float(along[hit])
            margin = 2.0 * max(level.spacing_um)
            near_um, last_um = max(found - margin, 0.0), found + margin
        elif found is None:
            continue
    return found


def _first_above(
    layer: SceneLayer, level: int, channel: int, voxels: NDArray[np.int64], threshold: float
) -> int | None:
    """The first of voxels along a ray (n, 3), z, y, x, whose value is above a threshold; read piece by piece."""
    piece = 16 * _STEPS_A_VOXEL
    for first in range(0, len(voxels), piece):
        some = voxels[first : first + piece]
        lo, hi = some.min(axis=0), some.max(axis=0) + 1
        box = layer.source.read(
            level, channel, 0, (int(lo[0]), int(lo[1]), int(lo[2])), (int(hi[0]), int(hi[1]), int(hi[2]))
        )
        values = box[tuple((some - lo).T)]
        above = np.flatnonzero(values > threshold)
        if len(above):
            return first + int(above[0])
    return None


def _shown_channel(state: ViewState, key: str) -> tuple[int, Channel]:
    for look in state.layers:
        if isinstance(look, ImageLayer) and look.source == key:
            for number, channel in enumerate(look.channels):
                if channel.visible:
                    return number, channel
    raise ValueError(f"no channel of '{key}' is visible")
