"""Pictures with all their layers as OpenEXR."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.layers import Layers
from ..scene.framing import axes
from ..state.camera import Camera

# Rec. 709: red, green, blue, white.
_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_LOW_BITS = np.uint64(0xFFFF_FFFF)


def encode_exr(layers: Layers, notes: Mapping[str, str] | None = None, camera: Camera | None = None) -> bytes:
    """One part of scanlines, ZIP compressed, without loss.

    Channels: `R G B A` (linear, premultiplied), `albedo.R/G/B`, `normal.X/Y/Z` (world space), `Z` (micrometres along
    the ray, infinity where there is nothing): all 32-bit float; with a segmentation `label.lo` and `label.hi`, the
    lower and upper 32 bits of the id (EXR has no larger integers: id = lo + 2^32 * hi), as uint.

    `notes` become string attributes; a `camera` the standard's matrices worldToCamera and worldToNDC. A stereo pair
    would need two of each: it has none.
    """
    import OpenEXR

    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "chromaticities": _CHROMATICITIES,
        "comments": "linear light, premultiplied alpha; Z in micrometres along the ray; id = label.lo + 2^32 label.hi",
        **(notes or {}),
    }
    if camera is not None and camera.stereo == "off":
        width, height = layers.size
        header["worldToCamera"] = world_to_camera(camera).astype(np.float32)
        header["worldToNDC"] = world_to_ndc(camera, width / height).astype(np.float32)
    out = io.BytesIO()
    # The package puts objects of its own into the dict of channels: it is ours alone.
    OpenEXR.File(header, _channels(layers)).write(out)
    return out.getvalue()


def _channels(layers: Layers) -> dict[str, NDArray[Any]]:
    channels: dict[str, NDArray[Any]] = {}
    for names, array in (
        (("R", "G", "B", "A"), layers.color),
        (("albedo.R", "albedo.G", "albedo.B"), layers.albedo),
        (("normal.X", "normal.Y", "normal.Z"), layers.normal),
    ):
        channels.update({name: array[..., number].copy() for number, name in enumerate(names)})
    channels["Z"] = layers.depth.copy()
    if layers.label is not None:
        channels["label.lo"] = (layers.label & _LOW_BITS).astype(np.uint32)
        channels["label.hi"] = (layers.label >> np.uint64(32)).astype(np.uint32)
    return channels


def world_to_camera(camera: Camera) -> NDArray[np.float64]:
    """(4, 4) for **row** vectors, as EXR has it: (x, y, z, 1) @ it is x right, y up, z towards the viewer, in um."""
    forward, right, up = axes(camera)
    turned = np.stack([right, up, -forward], axis=1)
    matrix = np.eye(4)
    matrix[:3, :3] = turned
    matrix[3, :3] = -np.asarray(camera.position) @ turned
    return matrix


def world_to_ndc(camera: Camera, aspect: float) -> NDArray[np.float64]:
    """(4, 4) for row vectors: after division by w, x and y go from (0, 0) top left to (1, 1) bottom right.

    z after the division is 1 - (eye to focal point) / (distance along the view): it only keeps the matrix invertible.
    """
    half = math.tan(math.radians(camera.view_angle) / 2)
    if camera.projection == "orthographic":
        half = camera.parallel_scale
    scale_x, scale_y = 0.5 / (half * aspect), -0.5 / half
    project = np.zeros((4, 4))
    project[0, 0], project[1, 1] = scale_x, scale_y
    if camera.projection == "orthographic":
        project[2, 2] = -1.0
        project[3] = (0.5, 0.5, 0.0, 1.0)
    else:
        project[2] = (-0.5, -0.5, -1.0, -1.0)
        project[3, 2] = -camera.distance
    return world_to_camera(camera) @ project
