"""What a pixel shows: one point of the ray through its middle, and what the data are there.

Which point (docs/picking.md): in volumes the place where half of all that the ray will ever meet has been met; in the
modes of surfaces and slices the first of them; in projections the place of the value that is shown. So it does not
depend on how many samples there are, nor on their noise, the lens or the light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError, UsageError
from ..scene.framing import focus_distance
from ..scene.open import Scene, SceneLayer
from ..source.base import Shape3
from ..space import Matrix, Vector, apply
from ..state.layer import Channel, ImageLayer, LabelLayer, Layer
from ..state.rendering import Mode
from ..state.view import ViewState
from ..summary import Pick, PickedChannel, PickedLayer, PickedSegment
from .cut import Cut
from .device_scene import DeviceScene, DeviceVolume
from .label_colors import label_table
from .lights import linear
from .look import Look
from .pick_ray import FINEST_VOX, MOST_STEPS, PARTS, STEP_VOX, Along, Line, PickRay, Span
from .transfer import LUT_SIZE, color_table, window_map

FAINT = 0.01
"""A ray that is stopped by less than this shows nothing; so does a surface or slice that is less opaque."""
_PROJECTIONS: tuple[Mode, ...] = ("maximum", "minimum", "average")


@dataclass(frozen=True)
class _Found:
    """A point of the ray: how opaque all of it is, what it is, of which channel (None: of the most opaque one)."""

    t: float
    opacity: float
    kind: str
    channel: int | None = None


class Picker:
    """Picks in one resident scene. All calls on the GL thread, with the look of the state that is picked in."""

    def __init__(self, resident: DeviceScene, look: Look, cut: Cut | None = None) -> None:
        """`cut`: what the view sees of a paged scene."""
        self._resident, self._look, self._cut = resident, look, cut
        self._ray = PickRay(resident, look, cut)

    def pick(self, state: ViewState, size: tuple[int, int], x_px: float, y_px: float, mode: Mode | None = None) -> Pick:
        """What the pixel that holds (x_px, y_px) of a picture of `size` (width, height) shows of `state`.

        `mode` is drawn whatever the state says. Raises UsageError for a place outside of the picture.
        """
        width, height = size
        if not (0 <= x_px < width and 0 <= y_px < height):
            raise UsageError(f"pixel {x_px:g},{y_px:g} is outside of the picture of {width}x{height}")
        pixel = math.floor(x_px), math.floor(y_px)
        mode = mode or state.rendering.mode
        line = self._ray.begin(state, size, pixel)
        if mode in _PROJECTIONS:
            found = self._projected(state, line, mode)
        elif mode in ("isosurface", "slices"):
            found = self._first(line, surfaces=mode == "isosurface")
        else:
            found = self._half(line)
        if found is None:
            return Pick(kind="nothing", pixel=pixel, size=size)
        pick = Pick.model_validate(
            {"kind": found.kind, "pixel": pixel, "size": size, "opacity": min(found.opacity, 1.0)}
        )
        return self._told(state, found, line, pick)

    # ---- which point ----

    def _half(self, line: Line) -> _Found | None:
        """Where what is met first reaches half of what the ray meets in all."""
        slices = self._ray.slices()
        span = _around(line.whole, [t for t, _ in slices])
        if not span[0] < span[1]:
            return None
        depths = self._ray.optical_depths(span, PARTS, _steps(span, line))
        left = math.exp(-float(depths.sum())) * math.prod(1.0 - alpha for _, alpha in slices)
        if 1.0 - left < FAINT:
            return None
        target, before = 1.0 - 0.5 * (1.0 - left), 1.0  # what is let through
        while True:
            number, before, a_slice = _crossing(span, depths, slices, before, target)
            span = _part(span, number, len(depths))
            if span[1] - span[0] <= FINEST_VOX * line.voxel:
                break
            depths = self._ray.optical_depths(span, PARTS, _steps(span, line))
        if a_slice is not None:
            return _Found(a_slice, 1.0 - left, "slice")
        return _Found((span[0] + span[1]) / 2, 1.0 - left, "medium")

    def _first(self, line: Line, surfaces: bool) -> _Found | None:
        """The first surface or slice."""
        met = [_Found(t, alpha, "slice") for t, alpha in self._ray.slices() if alpha >= FAINT][:1]
        span = line.whole
        if surfaces and span[0] < span[1]:
            along = self._ray.surfaces(span, PARTS, _steps(span, line)).surface
            weights = self._look.weights()
            for number in range(along.shape[1]):
                here = along[:, number][along[:, number] >= 0.0]
                if len(here) and weights[number] >= FAINT:
                    met.append(_Found(float(here[0]), weights[number], "surface", number))
        return min(met, key=lambda one: one.t, default=None)

    def _projected(self, state: ViewState, line: Line, mode: Mode) -> _Found | None:
        """The place of the value that is shown, of the channel that is brightest; or the first label over it."""
        span = line.whole
        if not span[0] < span[1]:
            return None
        steps = _steps(span, line)
        along = self._ray.projection(span, PARTS, steps)
        images = self._brightest(state, along, mode)
        label: _Found | None = None
        weights = self._look.weights()
        for channel in self._resident.channels:
            here = along.surface[:, channel.index]
            here = here[here >= 0.0]
            if channel.storage == "labels" and len(here) and (label is None or here[0] < label.t):
                label = _Found(float(here[0]), weights[channel.index], "label", channel.index)
        if label is not None and (images is None or label.opacity >= 0.5):
            return label
        if images is None:
            return None
        number, t = images
        if mode != "average":
            dt = (span[1] - span[0]) / (PARTS * steps)
            near = self._ray.projection((max(span[0], t - dt), min(span[1], t + dt)))
            t = _extreme(near, number, mode)[1]
        return _Found(t, 1.0, "projection", number)

    def _brightest(self, state: ViewState, along: Along, mode: Mode) -> tuple[int, float] | None:
        """The image channel that adds the most light, and where its value is."""
        best: tuple[int, float] | None = None
        most = -1.0
        weights = self._look.weights()
        shown = {layer.source: layer for layer in self._look.resolved(state).layers}
        for channel in self._resident.channels:
            layer = shown[self._resident.scene.layers[channel.layer].key]
            number = channel.index
            if not isinstance(layer, ImageLayer) or weights[number] <= 0.0 or not along.length[:, number].any():
                continue
            one = layer.channels[channel.channel]
            if mode == "average":
                fraction, t = self._mean(along, number, one)
            else:
                fraction, t = _extreme(along, number, mode)
            bright = weights[number] * _brightness(one, fraction)
            if bright > most:
                best, most = (number, t), bright
        return best

    def _mean(self, along: Along, number: int, channel: Channel) -> tuple[float, float]:
        """The window fraction of the mean value, and where half of all that is above the window's low end has come."""
        encoding = self._resident.channels[number].encoding
        assert encoding is not None, "an image has one"
        lengths = along.length[:, number].astype(np.float64)
        scale, bias = window_map(encoding, channel.window)
        mean = float(along.texel[:, number].astype(np.float64).sum() / lengths.sum()) * scale + bias
        weights = along.fraction[:, number].astype(np.float64)
        weights = weights if weights.sum() > 0 else lengths
        part = int(np.searchsorted(np.cumsum(weights), weights.sum() / 2))
        return min(max(mean, 0.0), 1.0), float((along.most_at[part, number] + along.least_at[part, number]) / 2)

    # ---- what is there ----

    def _told(self, state: ViewState, found: _Found, line: Line, pick: Pick) -> Pick:
        resident, scene = self._resident, self._resident.scene
        world_from_unit = _inverse(resident.unit_from_world)
        unit = line.o + line.d * found.t
        seen: Vector = apply(world_from_unit, unit)
        data: Vector = apply(world_from_unit, unit * np.where(state.flip, -1.0, 1.0))
        inside, values, opacities = self._ray.values(found.t)
        layer_of = {layer.source: layer for layer in state.layers}
        layers = [
            self._layer(volume, layer_of[scene.layers[volume.layer].key], data, values)
            for volume in resident.volumes
            if inside[volume.channels[0].index]
        ]
        update: dict[str, Any] = {
            "position_um": _triple(data),
            "seen_um": _triple(seen),
            "depth_um": math.dist(seen, state.camera.position),
            "focus_um": focus_distance(state.camera, seen),
            "layers": tuple(layers),
        }
        number = found.channel
        if number is None and found.kind == "medium" and opacities.max(initial=0.0) > 0.0:
            number = int(np.argmax(opacities))
        if number is not None:
            met = resident.channels[number]
            update |= {"layer": scene.layers[met.layer].key, "channel": met.channel}
            if met.storage == "labels":
                update["kind"] = "label"
        return Pick.model_validate(pick.model_dump() | update)

    def _layer(self, volume: DeviceVolume, layer: Layer, data: Vector, values: NDArray[np.uint32]) -> PickedLayer:
        scene_layer = self._resident.scene.layers[volume.layer]
        info = scene_layer.source.info
        finest = voxel_of(scene_layer, 0, data)
        level = volume.level if self._cut is None else self._cut.level_at(volume.index, finest)
        told = PickedLayer(
            source=scene_layer.key,
            name=layer.name,
            kind=info.kind,
            visible=layer.visible,
            level=level,
            voxel_zyx=voxel_of(scene_layer, level, data),
            finest_zyx=finest,
        )
        if isinstance(layer, LabelLayer):
            dense = int(values[volume.channels[0].index])
            number = self._resident.label_layers.index(volume.layer)
            label = int(self._resident.label_ids(np.array([dense | number << 28], np.uint32))[0]) if dense else 0
            return told.model_copy(update={"segment": segment_of(scene_layer, layer, label)})
        channels = []
        for channel in volume.channels:
            encoding = channel.encoding
            assert encoding is not None, "an image has one"
            fraction = float(values[channel.index : channel.index + 1].view(np.float32)[0])
            value = encoding.lo + fraction * (encoding.hi - encoding.lo)
            name = info.channels[channel.channel].name or f"channel {channel.channel}"
            channels.append(PickedChannel(name=name, value=float(f"{value:.7g}")))
        return told.model_copy(update={"channels": tuple(channels)})

    def close(self) -> None:
        self._ray.close()


def with_exact_values(scene: Scene, state: ViewState, pick: Pick) -> Pick:
    """The pick with the finest voxels' values as the files have them. It reads, and so may take long: any thread.

    What cannot be read stays None, and `trouble` says why.
    """
    layers, trouble = [], ""
    shown = {layer.source: layer for layer in state.layers}
    for picked in pick.layers:
        layer = next(one for one in scene.layers if one.key == picked.source)
        try:
            picked = _with_exact(layer, shown[picked.source], picked, state.time)
        except SourceError as error:
            trouble = error.sentence
        layers.append(picked)
    return pick.model_copy(update={"layers": tuple(layers), "trouble": trouble})


def _with_exact(layer: SceneLayer, shown: Layer, picked: PickedLayer, time: int) -> PickedLayer:
    source, lo = layer.source, picked.finest_zyx
    hi = (lo[0] + 1, lo[1] + 1, lo[2] + 1)
    time = min(time, source.info.n_times - 1)
    if isinstance(shown, LabelLayer):
        label = int(source.read(0, 0, time, lo, hi)[0, 0, 0]) & 0xFFFFFFFFFFFFFFFF
        return picked.model_copy(update={"exact_segment": segment_of(layer, shown, label)})
    channels = []
    for number, channel in enumerate(picked.channels):
        value = source.read(0, number, time, lo, hi)[0, 0, 0]
        text = str(int(value)) if value.dtype.kind in "iub" else str(value)
        channels.append(channel.model_copy(update={"exact": text}))
    return picked.model_copy(update={"channels": tuple(channels)})


def segment_of(layer: SceneLayer, shown: LabelLayer, label: int) -> PickedSegment | None:
    """What is known of a label (its 64-bit pattern); None of the background."""
    if label == 0:
        return None
    info = layer.source.info
    packed = int(label_table(np.array([0, label], np.uint64), info.label_colors, shown.colors)[1])
    red, green, blue = ((packed >> shift & 255) / 255 for shift in (0, 8, 16))
    signed = label - (1 << 64) if label >> 63 else label  # tables of signed ids name them by their sign
    name = info.label_names.get(label, info.label_names.get(signed, ""))
    return PickedSegment(id=str(label), name=name, color=(red, green, blue))


def voxel_of(layer: SceneLayer, level: int, world: Vector) -> Shape3:
    """The voxel (z, y, x) of a level that holds a point of the world, or the nearest one."""
    grid = layer.source.info.levels[level]
    at = np.floor(apply(_inverse(grid.world_from_vox), world) + 0.5)
    x, y, z = np.clip(at, 0, np.array(grid.shape[::-1]) - 1).astype(int).tolist()
    return z, y, x


def _steps(span: Span, line: Line) -> int:
    """Places in each part of a span."""
    return min(max(1, math.ceil((span[1] - span[0]) / (PARTS * STEP_VOX * line.voxel))), MOST_STEPS)


def _part(span: Span, number: int, parts: int) -> Span:
    width = (span[1] - span[0]) / parts
    return span[0] + number * width, span[0] + (number + 1) * width


def _around(span: Span, places: Sequence[float]) -> Span:
    """A span that also holds the places."""
    some = span[0] < span[1]
    lo = min(*places, span[0]) if some and places else min(places, default=span[0])
    hi = max(*places, span[1]) if some and places else max(places, default=span[1])
    return (lo, hi) if not places else (lo - 1e-6, hi + 1e-6)


def _crossing(
    span: Span, depths: NDArray[np.float64], slices: Sequence[tuple[float, float]], before: float, target: float
) -> tuple[int, float, float | None]:
    """The part of a span in which what is let through falls to `target`; what comes to it; and, if it is a slice that
    makes it fall and not what is around it, where that is.
    """
    last: tuple[int, float, float | None] = (len(depths) - 1, before, None)
    for number, depth in enumerate(depths.tolist()):
        lo, hi = _part(span, number, len(depths))
        mine = [(t, alpha) for t, alpha in slices if lo < t <= hi]
        after = before * math.exp(-depth)
        through = after * math.prod(1.0 - alpha for _, alpha in mine)
        if through <= target:
            return number, before, mine[0][0] if mine and after > target else None
        if through < before:
            last = (number, before, mine[0][0] if mine else None)
        before = through
    return last  # only rounding, or a coarser look before, put the place behind the end


def _extreme(along: Along, number: int, mode: Mode) -> tuple[float, float]:
    """The largest (or smallest) window fraction of a channel, and where it is first."""
    if mode == "minimum":
        part = int(np.argmin(along.least[:, number]))
        return float(along.least[part, number]), float(along.least_at[part, number])
    part = int(np.argmax(along.most[:, number]))
    return float(along.most[part, number]), float(along.most_at[part, number])


def _brightness(channel: Channel, fraction: float) -> float:
    """The largest component of the colour (linear) that a projection gives a window fraction."""
    if channel.color_map or channel.colors:
        return float(color_table(channel)[round(fraction * (LUT_SIZE - 1)), :3].max())
    return float(linear((channel.color[0] * fraction, channel.color[1] * fraction, channel.color[2] * fraction)).max())


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _triple(vector: Vector) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
