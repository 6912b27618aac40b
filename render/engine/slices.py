"""Planes in the scene: those that cut and those that show a slice; and what the modes besides path tracing must know.

All of it is one uniform block, `scene_planes` in the shaders, at binding PLANES_BINDING.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import encoding_for
from ..limits import DEFAULT_LIMITS
from ..scene.open import Scene, SceneLayer
from ..space import Matrix, Vector, apply
from ..state.clip import Plane
from ..state.layer import Channel, ImageLayer, Layer
from ..state.view import ViewState
from .layout import Struct
from .modes import VALUE_MODES

PLANES_BINDING = 5
N_CLIP = DEFAULT_LIMITS.clip_planes_max
N_SLICES = DEFAULT_LIMITS.slices_max + 3
MIXING = {"physical": 0, "max": 1, "additive": 2}

HEAD = Struct(
    "ScenePlanesHead",
    (
        ("clip_count", "int"),
        ("slice_count", "int"),
        ("slice_by_curve", "int"),  # 1: a channel's curve makes its slice transparent
        ("nearest", "int"),  # 1: voxels are boxes of one value, 0: trilinear
        ("mixing", "int"),  # of overlapping channels: 0 physical, 1 max, 2 additive
        ("unclipped", "int"),  # 1: crop box and planes spare some channel
        ("step_vox", "float"),  # of marches
        ("unexposed", "float"),  # what radiance is multiplied by so that exposure leaves it as it is
    ),
)

SHOWN = Struct(
    "ChannelShown",
    (
        ("color", "vec4"),  # sRGB; w = 1: the channel has no colour map, its colour grows from black with the value
        ("isovalue", "float"),  # as a texel fraction; outside of 0..1 where there is no such texel
        ("clipped", "int"),  # 0: crop box and planes spare it
        ("padding_1", "int"),
        ("padding_2", "int"),
    ),
)


def n_channels(scene: Scene) -> int:
    """Channels of all layers; a segmentation counts as one."""
    return sum(_channels_of(layer) for layer in scene.layers)


def planes_dtype(channels: int) -> np.dtype[np.void]:
    """The block's record for a scene of so many channels, in std140."""
    head: list[Any] = [(name, np.dtype("<i4") if kind == "int" else np.dtype("<f4")) for name, kind in HEAD.fields]
    arrays = [("clip", "<f4", (N_CLIP, 4)), ("slices", "<f4", (N_SLICES, 4)), ("shown", SHOWN.dtype, (channels,))]
    return np.dtype([*head, *arrays])


def planes_declaration(scene: Scene) -> str:
    """The GLSL text of the block, included by the shaders as "generated/planes.glsl"; and of VOLUME_OF, by channel."""
    volume_of = [str(number) for number, layer in enumerate(scene.layers) for _ in range(_channels_of(layer))]
    channels = len(volume_of)
    fields = "".join(f"    {kind} {name};\n" for name, kind in HEAD.fields)
    return (
        f"{SHOWN.glsl}layout(std140, binding = {PLANES_BINDING}) uniform ScenePlanes {{\n{fields}"
        f"    vec4 clip[{N_CLIP}];  // n . p <= w is kept, unit space\n"
        f"    vec4 slices[{N_SLICES}];  // n . p = w\n"
        f"    ChannelShown shown[{channels}];\n}} scene_planes;\n"
        f"const int VOLUME_OF[{channels}] = int[{channels}]({', '.join(volume_of)});\n"
    )


def planes_record(state: ViewState, scene: Scene, unit_from_world: Matrix) -> NDArray[Any]:
    """One record of the block: planes in unit space, n of length 1. Rules must have been resolved into windows."""
    record = np.zeros(1, planes_dtype(n_channels(scene)))
    block = record[0]
    cutting = [_plane(plane, unit_from_world) for plane in state.clip_planes if plane.visible]
    block["clip_count"] = len(cutting)
    block["clip"][: len(cutting)] = np.reshape(cutting, (-1, 4))
    showing = slice_planes(state, scene, unit_from_world)
    block["slice_count"] = len(showing)
    block["slices"][: len(showing)] = np.reshape(showing, (-1, 4))
    block["slice_by_curve"] = state.slices.opacity_by_curve
    block["nearest"] = state.rendering.interpolation == "nearest"
    block["mixing"] = MIXING[state.rendering.mixing]
    block["step_vox"] = state.rendering.step_vox
    block["unexposed"] = 1.0 if state.rendering.mode in VALUE_MODES else 2.0**-state.display.exposure
    _set_shown(block, state, scene)
    return record


def slice_planes(state: ViewState, scene: Scene, unit_from_world: Matrix) -> list[Vector]:
    """The slices' planes (n, w), n . p = w in unit space: those across the axes, then the oblique ones."""
    planes = []
    lo, hi = np.asarray(scene.box.lo), np.asarray(scene.box.hi)
    for axis, fraction in enumerate((state.slices.x, state.slices.y, state.slices.z)):
        if fraction is not None:
            normal = np.eye(3)[axis]
            planes.append(_through(lo + (hi - lo) * fraction, normal, unit_from_world))
    planes += [_plane(plane, unit_from_world) for plane in state.slices.planes if plane.visible]
    return planes


def shows_slices(state: ViewState) -> bool:
    """Whether any slice is to be seen."""
    slices = state.slices
    across = (slices.x, slices.y, slices.z)
    return any(place is not None for place in across) or any(plane.visible for plane in slices.planes)


def _plane(plane: Plane, unit_from_world: Matrix) -> Vector:
    normal = np.asarray(plane.normal)
    return _through(np.asarray(plane.point), normal / np.linalg.norm(normal), unit_from_world)


def _through(point: Vector, normal: Vector, unit_from_world: Matrix) -> Vector:
    """Unit space is world space moved and scaled evenly: normals stay as they are."""
    return np.array([*normal, float(normal @ apply(unit_from_world, point))])


def _channels_of(layer: SceneLayer) -> int:
    return 1 if layer.source.info.kind == "labels" else len(layer.source.info.channels)


def _set_shown(block: Any, state: ViewState, scene: Scene) -> None:
    by_source: dict[str, Layer] = {layer.source: layer for layer in state.layers}
    index = 0
    for scene_layer in scene.layers:
        layer = by_source.get(scene_layer.key)
        for number in range(_channels_of(scene_layer)):
            shown = block["shown"][index]
            index += 1
            shown["clipped"] = 1
            if isinstance(layer, ImageLayer) and number < len(layer.channels):
                channel = layer.channels[number]
                mapped = channel.color_map or channel.colors
                shown["color"] = (*channel.color, 0.0 if mapped else 1.0)
                shown["isovalue"] = _iso_fraction(channel, scene_layer, number)
                clipped, visible = channel.clipped, layer.visible and channel.visible
            elif layer is not None and not isinstance(layer, ImageLayer):
                clipped, visible = layer.clipped, layer.visible
            else:
                continue
            shown["clipped"] = clipped
            block["unclipped"] |= visible and not clipped


def _iso_fraction(channel: Channel, layer: SceneLayer, number: int) -> float:
    """The isovalue as a fraction of the texels' range, kept near enough to 0..1 for a float of the device."""
    stats = layer.stats[number]
    encoding = encoding_for(layer.source.info.dtype, *stats.stored_range)
    value = channel.isovalue if channel.isovalue is not None else (channel.window[0] + channel.window[1]) / 2
    return float(np.clip((value - encoding.lo) / (encoding.hi - encoding.lo), -10.0, 10.0))
