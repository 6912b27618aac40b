"""From the state tree to the shaders' Params: cameras and lights in unit space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..scene.framing import axes
from ..scene.open import Scene
from ..space import Matrix, Vector, apply
from ..state.camera import Camera
from ..state.light import Light, RectangleLight
from ..state.view import ViewState
from .layout import CUT, PARAMS
from .transfer import srgb_to_linear

_MODES = {"mixed": 0, "brdf": 1, "phase": 2}
TONE_MODES = {"filmic": 0, "exponential": 1, "linear": 2, "agx": 3, "agave": 4}
MARCH_STEP_VOX = 0.5


def linear(color: tuple[float, float, float]) -> Vector:
    """Linear Rec. 709 components of an sRGB colour."""
    return srgb_to_linear(np.asarray(color, np.float64))


def light_direction(light: Light, camera: Camera) -> Vector:
    """Unit vector from the scene's centre towards the light, for a light placed relative to `camera`."""
    forward, right, up = axes(camera)
    azimuth, elevation = math.radians(light.azimuth), math.radians(light.elevation)
    flat = -forward * math.cos(azimuth) + right * math.sin(azimuth)
    direction: Vector = flat * math.cos(elevation) + up * math.sin(elevation)
    return direction


def params(
    state: ViewState,
    scene: Scene,
    unit_from_world: Matrix,
    picture: tuple[int, int],
    window: tuple[int, int, int, int],
) -> NDArray[np.void]:
    """One Params record. `picture` (width, height) of the whole; `window` (x, y, width, height) of the part drawn."""
    record = PARAMS.array(1)
    p = record[0]
    _set_camera(p, state.camera, unit_from_world, picture)
    lo, hi = np.asarray(scene.box.lo), np.asarray(scene.box.hi)
    p["crop_lo"][:3] = apply(unit_from_world, lo + (hi - lo) * state.crop.lo)
    p["crop_hi"][:3] = apply(unit_from_world, lo + (hi - lo) * state.crop.hi)
    _set_lights(p, state, scene)
    p["picture"] = (*picture, window[0], window[1])
    p["window"] = (window[2], window[3], 0, 0)
    p["seed"] = state.seed
    p["density"] = state.shading.density
    p["shading_mode"] = _MODES[state.shading.mode]
    p["gradient_factor"] = state.shading.gradient_factor
    p["anisotropy"] = state.shading.anisotropy
    p["specular"] = 0.15
    p["roughness"] = 0.45
    p["march_step"] = MARCH_STEP_VOX
    return record


def cuts(record: NDArray[np.void], volume_records: NDArray[np.void], drawn: Sequence[bool]) -> NDArray[np.void]:
    """The crop box of a Params record in the grid coordinates of each volume: the bounds of its corners there.

    Volumes that are not `drawn` are not even walked through.
    """
    lo, hi = record[0]["crop_lo"][:3], record[0]["crop_hi"][:3]
    corners = np.array([[x, y, z, 1.0] for x in (lo[0], hi[0]) for y in (lo[1], hi[1]) for z in (lo[2], hi[2])])
    records = CUT.array(len(volume_records))
    for cut, volume, shows in zip(records, volume_records, drawn, strict=True):
        grid = corners @ np.stack([volume["grid_x"], volume["grid_y"], volume["grid_z"]], axis=1).astype(np.float64)
        cut["lo"][3] = float(shows)
        cut["lo"][:3] = np.maximum(grid.min(axis=0), 0.0)
        cut["hi"][:3] = np.minimum(grid.max(axis=0), volume["size"][:3])
    return records


def _set_camera(p: NDArray[np.void], camera: Camera, unit_from_world: Matrix, picture: tuple[int, int]) -> None:
    forward, right, up = axes(camera)
    aspect = picture[0] / picture[1]
    perspective = camera.projection == "perspective"
    # Half the picture's height: at distance 1 in perspective; everywhere, in unit space, in an orthographic view.
    scale = math.tan(math.radians(camera.view_angle) / 2) if perspective else camera.parallel_scale
    if not perspective:
        scale *= unit_from_world[0, 0]
    p["eye"][:3] = apply(unit_from_world, np.asarray(camera.position))
    p["eye"][3] = float(perspective)
    p["forward"][:3] = forward
    p["right"][:3] = right * scale * aspect
    p["up"][:3] = up * scale


def _set_lights(p: NDArray[np.void], state: ViewState, scene: Scene) -> None:
    area = next(
        (one for one in state.lighting.lights if isinstance(one, RectangleLight)), RectangleLight(visible=False)
    )
    sky = state.lighting.sky
    reference = state.camera if area.follow_camera else scene.default_state.camera
    direction = light_direction(area, reference)
    _, right, up = axes(reference)
    u = np.cross(up, direction)
    u = right if np.linalg.norm(u) < 1e-6 else u / np.linalg.norm(u)
    v = np.cross(direction, u)
    surface = area.width * area.height
    p["light_centre"] = (*(direction * area.distance), surface)
    p["light_u"][:3] = u * area.width / 2
    p["light_v"][:3] = v * area.height / 2
    p["light_normal"][:3] = -direction
    # Irradiance at the centre = radiance * area / distance^2; a white Lambert surface there reflects a pi-th of it.
    shine = area.intensity if area.visible else 0.0
    radiance = linear(area.color) * shine * math.pi * area.distance**2 / surface
    p["light_radiance"][:3] = radiance
    glow = sky.intensity if sky.visible else 0.0
    for name, color in (("sky_top", sky.top), ("sky_middle", sky.middle), ("sky_bottom", sky.bottom)):
        p[name][:3] = linear(color) * glow
    p["sky_up"][:3] = up
    # Choose lights by about what they add to a white surface.
    total = shine + glow
    probability = shine / total if total > 0 else 0.0
    p["area_probability"] = probability if probability in (0.0, 1.0) else min(max(probability, 0.2), 0.8)
    p["rays"] = 2 if total > 0 else 1
