"""Reads AGAVE's save files: its view of a volume as a state of ours, and in words what could not be the same.

What AGAVE's path tracer does is imitated where it is a choice (single scattering, the channel of the largest opacity
wins, the density counts twice, no sRGB curve) and not where it is a defect; docs/agave.md has the list.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ..errors import StateError, UsageError
from ..scene.open import Scene, SceneLayer
from ..space import apply
from ..state.camera import Camera
from ..state.clip import ClipPlane, CropBox
from ..state.guides import Guides
from ..state.layer import Channel, ImageLayer, LabelLayer, Layer
from ..state.rendering import Rendering
from ..state.view import Display, Shading, ViewState, first_problem
from .agave_file import LARGEST_FILE_BYTES, ChannelPart, Dataset, LutParams, Plane, SaveFile, parse_save_file
from .agave_frame import AgaveFrame, agave_frame, turned
from .agave_light import lighting_of
from .agave_look import PERCENTILE, channel_of, data_range

GRADIENT_FACTOR = 0.5
"""AGAVE's default; its files do not say another one."""
_BRDF_STEEPNESS = 25.0  # of state.view.Shading
MAX_STOPS = 20.0
_REMOTE = ("http:", "https:", "s3:", "gs:")
_FRESH_CHANNEL = ChannelPart(lut_params=LutParams(mode=PERCENTILE, pct_low=0.5, pct_high=0.98), glossiness=1.0)
"""A channel as AGAVE shows it when nothing was saved of it."""


@dataclass(frozen=True)
class AgaveView:
    """A state that shows a scene as a save file says, and in sentences what differs."""

    state: ViewState
    notes: tuple[str, ...]


@dataclass(frozen=True)
class AgaveScene:
    """A save file of AGAVE.

    `paths` are what it shows, to be opened with `scene.open.open_scene`; none when the file names no data. `size` is
    (width, height) in pixels, `samples` a pixel, `times` the first and last time point of a movie. `notes` are
    sentences about what was not taken over, as far as it is known without the data.
    """

    paths: tuple[str, ...]
    size: tuple[int, int]
    samples: int
    times: tuple[int, int]
    notes: tuple[str, ...]
    file: SaveFile

    def state(self, scene: Scene) -> ViewState:
        """The state that shows `scene`, opened from `paths`, as AGAVE does. Raises StateError, SourceError."""
        return self.view(scene).state

    def view(self, scene: Scene) -> AgaveView:
        """The state, and what could not be taken over, `notes` included. Raises StateError, SourceError."""
        try:
            return self._view(scene)
        except ValidationError as error:
            raise StateError(f"AGAVE's view cannot be shown: {first_problem(error)}") from None
        except (OverflowError, ZeroDivisionError, np.linalg.LinAlgError):
            raise StateError("AGAVE's view cannot be shown: it holds numbers beyond all measure") from None

    def _view(self, scene: Scene) -> AgaveView:
        file = self.file
        notes = list(self.notes)
        volume = next((layer for layer in scene.layers if layer.source.info.kind == "image"), None)
        if volume is None:
            raise StateError("AGAVE shows an image, and the scene holds none; open it without --labels")
        info = volume.source.info
        dataset = file.datasets[0] if file.datasets else Dataset()
        level = next((i for i, one in enumerate(info.levels) if dataset.subpath and one.name == dataset.subpath), 0)
        frame = agave_frame(info.levels[level], dataset, file.scale, file.flip_axis, scene.box)
        notes += frame.notes
        time = self.times[0] if not file.datasets else dataset.time
        if time >= info.n_times:
            notes.append(f"AGAVE shows time point {time}, the data have {info.n_times}; the last one is shown.")
            time = info.n_times - 1
        crop, planes = _cut(file, dataset, frame, scene, notes)
        longest = scene.box.largest
        lighting, light_notes = lighting_of(file.lights, frame, longest)
        notes += light_notes
        # A step of one voxel is what both factors are told about; AGAVE's gradient is a central difference that is
        # not divided by two, in units of the longest side: |grad| = 2 * change * longest side in voxels.
        factor = GRADIENT_FACTOR * 2.0 * frame.longest_vox / _BRDF_STEEPNESS
        layers: list[Layer] = [
            self._layer(layer, layer is volume, level, time, dataset, notes) for layer in scene.layers
        ]
        samples = min(max(1, self.samples), 65_536)
        state = ViewState(
            camera=_camera(file, frame, notes),
            layers=tuple(layers),
            time=time,
            crop=crop,
            clip_planes=planes,
            flip=frame.flip,
            # AGAVE's density counts twice: the free path is drawn with it and measured with it.
            shading=Shading(
                density=min(max(file.density, 0.0) ** 2 * longest / frame.um, 1e6),
                mode="mixed",
                gradient_factor=min(factor, 1000.0),
            ),
            lighting=lighting,
            rendering=Rendering(
                mode="path" if file.renderer_type == 0 else "march",
                scatterings=1,
                mixing="max",
                interpolation="linear" if file.interpolate else "nearest",
            ),
            display=_display(file, notes),
            guides=_guides(file),
            samples=samples,
        )
        return AgaveView(state, tuple(notes))

    def _layer(
        self, layer: SceneLayer, is_volume: bool, level: int, time: int, dataset: Dataset, notes: list[str]
    ) -> Layer:
        """The image as AGAVE shows it; layers that it does not know are there and hidden."""
        info = layer.source.info
        if info.kind == "labels":
            return LabelLayer(source=layer.key, name=info.name, visible=False)
        saved: dict[int, ChannelPart] = {}
        if is_volume:
            # AGAVE may have loaded some of the channels; those it numbers anew.
            order = dataset.channels or range(len(self.file.channels))
            saved = dict(zip(order, self.file.channels, strict=False))
            if not self.file.channels:
                saved = {0: _FRESH_CHANNEL}
                notes.append("The file says nothing about channels; the first one is shown as AGAVE does at first.")
            missing = [number for number in saved if number >= len(info.channels)]
            if missing:
                notes.append(f"The file has {len(saved)} channels, the data {len(info.channels)}.")
            if sum(part.enabled for part in saved.values()) > 4:
                notes.append("More than 4 channels are on: AGAVE shows the first 4 of them, Hosta all.")
        channels = []
        for number, said in enumerate(info.channels):
            name = said.name or f"channel {number}"
            part = saved.get(number)
            if part is None:
                channels.append(Channel(name=name, visible=False, window=_any_window(layer, number)))
                continue
            stats = layer.stats[number]
            data = data_range(layer.source, level, number, time, stats)
            channel, differs = channel_of(part, name, data, stats)
            channels.append(channel)
            if part.enabled:
                notes += [f"Channel {number}: {what}." for what in differs]
        return ImageLayer(source=layer.key, name=info.name, visible=is_volume, channels=tuple(channels))


def read_agave(path: str | Path) -> AgaveScene:
    """Read a save file of AGAVE, of any version up to the newest known.

    Raises UsageError when the file cannot be read, StateError when it is no such file.
    """
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST_FILE_BYTES:
            raise StateError(f"'{file.name}' is no save file of AGAVE: it is larger than any of these")
        text = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"AGAVE's save file {path} cannot be read: {reason.lower()}") from None
    saved, notes = parse_save_file(text, file.name)
    told = [*notes]
    paths: tuple[str, ...] = ()
    if saved.datasets:
        first = saved.datasets[0]
        found, note = _located(first.url, file.absolute().parent)
        paths = (found,) if found else ()
        told += note
        if len(saved.datasets) > 1:
            told.append(f"The file names {len(saved.datasets)} data sets; AGAVE shows the first one.")
        if first.is_image_sequence:
            told.append("AGAVE read a sequence of files as time points; Hosta opens the one that is named.")
        if first.scene:
            told.append(f"AGAVE shows scene {first.scene} of the data; Hosta opens the first one.")
    if not paths:
        told.append("The file names no data; name them.")
    capture = saved.capture
    if capture.duration_type == 1:
        told.append(f"AGAVE renders for {capture.seconds:g} s; Hosta takes {capture.samples} samples a pixel.")
    if saved.renderer_type == 1:
        told.append("AGAVE's ray march has no light and fuses the channels before it; Hosta's ray march is lit.")
    times = (capture.start_time, capture.end_time)
    if not saved.datasets:
        now = saved.timeline.current_time
        times = (max(0, round(now)), max(0, round(now))) if abs(now) < 1e9 else (0, 0)
    return AgaveScene(
        paths=paths,
        size=(max(2, capture.width), max(2, capture.height)),
        samples=max(1, capture.samples),
        times=times,
        notes=tuple(told),
        file=saved,
    )


def _located(url: str, folder: Path) -> tuple[str, list[str]]:
    """Where the data are: as the file says, beside it, or under their name beside it when they are gone."""
    if not url.strip() or "\0" in url:
        return "", []
    if url.lower().startswith(_REMOTE):
        return url, ["The data are at a remote address; only local files and folders are opened."]
    said = Path(url.removeprefix("file://"))
    if not said.is_absolute() and not PureWindowsPath(url).is_absolute():
        return str(folder / said), []
    beside = folder / (PureWindowsPath(url).name if "\\" in url else said.name)
    try:
        if not said.exists() and beside.exists():
            return str(beside), [f"The data are not where AGAVE had them; '{beside.name}' beside the file was taken."]
    except OSError:
        pass  # a name that no file can have; the reader says so
    return str(said), []


def _any_window(layer: SceneLayer, channel: int) -> tuple[float, float]:
    stats = layer.stats[channel]
    return (stats.lo, stats.hi) if stats.lo < stats.hi else (stats.lo, stats.lo + 1.0)


def _camera(file: SaveFile, frame: AgaveFrame, notes: list[str]) -> Camera:
    saved = file.camera
    angle = min(max(saved.fov_y, 1.0), 150.0)
    if angle != saved.fov_y:
        notes.append(f"The angle of view, {saved.fov_y:g} degrees, was brought into 1 to 150.")
    if saved.aperture > 0.0:
        notes.append("AGAVE is in focus on a sphere about the eye, Hosta on a plane across the view.")
    return Camera(
        position=frame.point(saved.eye),
        focal_point=frame.point(saved.target),
        view_up=frame.direction(saved.up),
        view_angle=angle,
        projection="perspective" if saved.projection == 0 else "orthographic",
        parallel_scale=saved.ortho_scale * frame.um,
        aperture=max(saved.aperture, 0.0) * frame.um,
        focus_distance=saved.focal_distance * frame.um if saved.aperture > 0.0 and saved.focal_distance > 0.0 else None,
    )


def _display(file: SaveFile, notes: list[str]) -> Display:
    """AGAVE shows 1 - exp(-radiance / (1 - exposure)): log2(1 / (1 - exposure)) stops."""
    left = 1.0 - file.camera.exposure
    stops = -math.log2(left) if left > 0.0 else MAX_STOPS
    if not -MAX_STOPS <= stops <= MAX_STOPS or left <= 0.0:
        notes.append(f"The exposure {file.camera.exposure:g} was brought into what can be shown.")
    red, green, blue = (min(max(part, 0.0), 1.0) for part in file.background_color)
    return Display(
        exposure=min(max(stops, -MAX_STOPS), MAX_STOPS), tone_map="agave", background=(red, green, blue)
    )  # fmt: skip


def _guides(file: SaveFile) -> Guides:
    red, green, blue = (min(max(part, 0.0), 1.0) for part in file.bounding_box_color)
    return Guides(
        box=file.show_bounding_box,
        ticks=file.show_bounding_box,
        scale_bar=file.show_scale_bar,
        time_stamp=file.show_time_stamp,
        time_format="clock" if file.time_stamp_format == 0 else "unit",
        color=(red, green, blue),
    )


def _cut(
    file: SaveFile, dataset: Dataset, frame: AgaveFrame, scene: Scene, notes: list[str]
) -> tuple[CropBox, tuple[ClipPlane, ...]]:  # fmt: skip
    """The clip region as crop box, or as planes where the data lie obliquely; and the clip plane."""
    region = np.clip(np.array(file.clip_region, np.float64), 0.0, 1.0)
    if (region[:, 0] > region[:, 1]).any():
        notes.append("The clip region is inside out along an axis; it was turned around.")
        region.sort(axis=1)
    planes: list[ClipPlane] = []
    crop = CropBox()
    if not frame.is_straight:
        planes += _region_planes(region, frame, whole=not np.any(dataset.clip_region))
    else:
        ends = apply(frame.world_from_part, region.T)
        size = scene.box.size
        fractions = np.clip((ends - np.asarray(scene.box.lo)) / np.where(size > 0, size, 1.0), 0.0, 1.0)
        lo, hi = fractions.min(axis=0), fractions.max(axis=0)
        # A side that was not cut is 0 or 1 and not nearly so.
        lo, hi = np.where(lo < 1e-9, 0.0, lo), np.where(hi > 1.0 - 1e-9, 1.0, hi)
        crop = CropBox(
            lo=(float(lo[0]), float(lo[1]), float(lo[2])), hi=(float(hi[0]), float(hi[1]), float(hi[2]))
        )  # fmt: skip
    if file.clip_plane.enabled:
        planes.append(_plane(file.clip_plane, frame))
    return crop, tuple(planes)


def _region_planes(region: NDArray[np.float64], frame: AgaveFrame, whole: bool) -> list[ClipPlane]:
    """A plane for each side of the region that cuts."""
    planes = []
    for axis in range(3):
        along = np.zeros(3)
        for end, sign in enumerate((-1.0, 1.0)):
            if whole and region[axis, end] == end:
                continue
            at = np.full(3, 0.5)
            at[axis] = region[axis, end]
            along[axis] = sign
            point = apply(frame.world_from_part, at)
            planes.append(
                ClipPlane(point=(float(point[0]), float(point[1]), float(point[2])), normal=frame.direction(along))
            )
    return planes


def _plane(saved: Plane, frame: AgaveFrame) -> ClipPlane:
    """AGAVE keeps n.p < d. Its renderer goes by the transform, which turns and moves the plane z = 0; files without a
    transform have normal and distance.
    """
    if any(saved.transform.rotation):
        normal = turned(saved.transform.rotation, (0.0, 0.0, 1.0))
        return ClipPlane(point=frame.point(saved.transform.translation), normal=frame.direction(normal))
    normal = np.array(saved.clip_plane[:3])
    square = float(normal @ normal)
    if square == 0.0:
        return ClipPlane(visible=False)
    return ClipPlane(point=frame.point(normal * (saved.clip_plane[3] / square)), normal=frame.direction(normal))
