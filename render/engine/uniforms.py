"""From the state tree to the shaders' uniform blocks: camera, cuts, volumes and lights in unit space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..scene.framing import axes
from ..scene.open import Scene
from ..space import Matrix, apply
from ..state.camera import Camera
from ..state.view import ViewState
from .layout import CUT, PARAMS
from .lights import light_records, linear, reference_camera, sky_axes

_MODES = {"mixed": 0, "brdf": 1, "phase": 2}
_DIRECT = {"mis": 0, "light": 1, "bsdf": 2}
TONE_MODES = {"filmic": 0, "exponential": 1, "linear": 2, "agx": 3, "agave": 4}
NO_LIMIT = 1e30
# Unit space: what is smaller or larger is seen as these are, and squares of them are still numbers in 32 bit.
_NEAREST, _WIDEST = 1e-9, 1e9
# The scene is within sqrt(3) / 2 of its centre. Eyes twice as far as this away have rays that begin so far from it.
_REACH = 6.0


@dataclass(frozen=True)
class Uniforms:
    """The records of one picture; `lights` may be empty."""

    params: NDArray[np.void]
    volumes: NDArray[np.void]
    cuts: NDArray[np.void]
    lights: NDArray[np.void]


def uniforms(
    state: ViewState,
    scene: Scene,
    unit_from_world: Matrix,
    volume_records: NDArray[np.void],
    drawn: Sequence[bool],
    picture: tuple[int, int],
    window: tuple[int, int, int, int],
) -> Uniforms:
    """`picture` (width, height) of the whole; `window` (x, y, width, height) of the part drawn.

    `volume_records` are those of the scene as it lies; volumes that are not `drawn` are not even walked through.
    """
    record = params(state, scene, unit_from_world, picture, window)
    volumes = flipped(volume_records, state.flip)
    lights, _ = light_records(state, scene, unit_from_world)
    layers = {layer.source: layer for layer in state.layers}  # in whatever order
    ordered = state.model_copy(update={"layers": tuple(layers[layer.key] for layer in scene.layers)})
    return Uniforms(record, volumes, cuts(record, volumes, drawn, ordered), lights)


def params(
    state: ViewState,
    scene: Scene,
    unit_from_world: Matrix,
    picture: tuple[int, int],
    window: tuple[int, int, int, int],
) -> NDArray[np.void]:
    """One Params record."""
    record = PARAMS.array(1)
    p = record[0]
    lights, sky_chance = light_records(state, scene, unit_from_world)
    _set_camera(p, state.camera, unit_from_world, picture, _REACH + _seen_reach(lights))
    lo, hi = np.asarray(scene.box.lo), np.asarray(scene.box.hi)
    p["crop_lo"][:3] = apply(unit_from_world, lo + (hi - lo) * state.crop.lo)
    p["crop_hi"][:3] = apply(unit_from_world, lo + (hi - lo) * state.crop.hi)
    _set_sky(p, state, scene)
    p["light_count"], p["sky_chance"] = len(lights), sky_chance
    p["picture"] = (*picture, window[0], window[1])
    p["window"] = (window[2], window[3], 0, 0)
    p["seed"] = state.seed
    p["density"] = state.shading.density
    p["shading_mode"] = _MODES[state.shading.mode]
    p["gradient_factor"] = state.shading.gradient_factor
    p["anisotropy"] = state.shading.anisotropy
    rendering = state.rendering
    p["direct_mode"] = _DIRECT[rendering.direct]
    p["scatterings"] = rendering.scatterings
    lit = len(lights) > 0 or sky_chance > 0
    p["rays"] = 2 * rendering.scatterings if lit else rendering.scatterings
    limit = 0.0 if rendering.reference else rendering.firefly_limit
    p["firefly_limit"] = limit or NO_LIMIT
    p["gradient_taps"] = 6
    p["march_step"] = rendering.step_vox
    sky_seen = state.lighting.sky.seen and state.lighting.sky.visible
    p["backdrop"] = int(sky_seen) | 2 * int(bool(np.any(lights["seen"])))
    p["exposure"] = 2.0**state.display.exposure
    return record


def flipped(volume_records: NDArray[np.void], flip: tuple[bool, bool, bool]) -> NDArray[np.void]:
    """Volumes mirrored about the scene's centre, which is 0 in unit space: columns of grid_from_unit and rows of its
    inverse negated.
    """
    records = volume_records.copy()
    for axis, mirrored in enumerate(flip):
        if mirrored:
            for row in ("grid_x", "grid_y", "grid_z"):
                records[row][:, axis] *= -1
            records[("unit_x", "unit_y", "unit_z")[axis]] *= -1
    return records


def cuts(
    record: NDArray[np.void], volume_records: NDArray[np.void], drawn: Sequence[bool], state: ViewState
) -> NDArray[np.void]:
    """The crop box of a Params record in the grid coordinates of each volume: the bounds of its corners there.

    The state's layers are in the order of the volumes.
    """
    lo, hi = record[0]["crop_lo"][:3], record[0]["crop_hi"][:3]
    corners = np.array([[x, y, z, 1.0] for x in (lo[0], hi[0]) for y in (lo[1], hi[1]) for z in (lo[2], hi[2])])
    records = CUT.array(len(volume_records))
    rendering = state.rendering
    cap = 0.0 if rendering.reference else rendering.extinction_cap
    for cut, volume, shows, layer in zip(records, volume_records, drawn, state.layers, strict=True):
        grid = corners @ np.stack([volume["grid_x"], volume["grid_y"], volume["grid_z"]], axis=1).astype(np.float64)
        cut["lo"][3] = float(shows)
        cut["lo"][:3] = np.maximum(grid.min(axis=0), 0.0)
        cut["hi"][:3] = np.minimum(grid.max(axis=0), volume["size"][:3])
        per_voxel = state.shading.density * float(volume["voxel_unit"])
        cut["hi"][3] = min(cap / per_voxel, NO_LIMIT) if cap > 0 and per_voxel > 0 else NO_LIMIT
        whole = layer.channels if layer.kind == "image" else (layer,)
        if not all(channel.clipped for channel in whole):
            cut["has_uncut"] = 1
            cut["lo"][:3], cut["hi"][:3] = 0.0, volume["size"][:3]
    return records


def depth_ahead(record: NDArray[np.void]) -> NDArray[np.float32]:
    """How far from the eye each pixel's ray begins: (height, width), unit space. See camera.glsl."""
    p = record[0]
    width, height = (int(side) for side in p["picture"][:2])
    ahead = float(p["lens"][2])
    if ahead == 0.0 or not p["eye"][3]:
        return np.full((height, width), ahead, np.float32)
    eyes = 2 if p["stereo"][0] else 1
    x = ((np.arange(width) + 0.5) * eyes / width % 1.0 * 2 - 1) * np.linalg.norm(p["right"][:3])
    y = ((np.arange(height) + 0.5) / height * 2 - 1) * np.linalg.norm(p["up"][:3])
    return np.asarray(ahead * np.sqrt(1.0 + x**2 + y[:, None] ** 2), np.float32)


def _seen_reach(lights: NDArray[np.void]) -> float:
    """How far from the scene's centre there is anything of a light that is to be seen."""
    seen = lights[lights["seen"] > 0]
    parts = [np.linalg.norm(seen[name][:, :3], axis=1) for name in ("centre", "u", "v")]
    return float(np.sum(parts, axis=0).max(initial=0.0))


def _set_camera(
    p: NDArray[np.void], camera: Camera, unit_from_world: Matrix, picture: tuple[int, int], reach: float
) -> None:
    """`reach`: nothing is to be seen that is farther from the scene's centre, unit space."""
    forward, right, up = axes(camera)
    stereo = camera.stereo != "off"
    aspect = picture[0] / picture[1] / (2.0 if stereo else 1.0)
    perspective = camera.projection == "perspective"
    unit = float(unit_from_world[0, 0])
    # Half the picture's height: at distance 1 in perspective; everywhere, in unit space, in an orthographic view.
    scale = math.tan(math.radians(camera.view_angle) / 2) if perspective else camera.parallel_scale * unit
    scale = min(max(scale, _NEAREST), _WIDEST)
    eye = apply(unit_from_world, np.asarray(camera.position))
    ahead = -float(forward @ eye) - reach
    ahead = ahead if ahead > reach else 0.0
    p["eye"][:3] = np.clip(eye + forward * ahead, -_WIDEST, _WIDEST)
    p["eye"][3] = float(perspective)
    p["forward"][:3] = forward
    p["right"][:3] = right * scale * aspect
    p["up"][:3] = up * scale
    p["right_unit"][:3], p["up_unit"][:3] = right, up
    sharp = max((camera.focus_distance or camera.distance) * unit, _NEAREST)
    p["lens"][:3] = min(camera.aperture * unit, _WIDEST), 1.0 / sharp, ahead
    if stereo:
        distance = max(camera.distance * unit, _NEAREST)
        p["stereo"][:3] = 1.0, camera.eye_separation * distance / 2, 1.0 / distance


def _set_sky(p: NDArray[np.void], state: ViewState, scene: Scene) -> None:
    sky = state.lighting.sky
    frame = sky_axes(sky, reference_camera(sky.follow_camera, state, scene))
    for name, axis in zip(("sky_x", "sky_y", "sky_z"), frame, strict=True):
        p[name][:3] = axis
    p["sky_up"][:3] = frame[2]
    glow = sky.intensity if sky.visible else 0.0
    for name, color in (("sky_top", sky.top), ("sky_middle", sky.middle), ("sky_bottom", sky.bottom)):
        p[name][:3] = linear(color) * glow
    if sky.environment is not None:
        p["sky_middle"][:3] = glow
