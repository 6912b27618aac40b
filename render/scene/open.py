"""Opens what is to be shown together and gives it a first look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from ..bricks.stats import ChannelStats, channel_stats
from ..errors import SourceError
from ..source.base import Source
from ..source.open import open_sources
from ..space import Box, grid_box
from ..state.layer import ImageLayer, LabelLayer, Layer
from ..state.view import ViewState
from ..summary import ChannelSummary, LayerSummary, SceneSummary
from .auto import image_channels, rendering_hints
from .framing import default_camera

Progress = Callable[[str, int, int], None]
"""(what, done, total)"""


@dataclass(frozen=True)
class SceneLayer:
    """A source in a scene; `key` is how the state names it; `stats` has one entry a channel (none for labels)."""

    key: str
    source: Source
    stats: tuple[ChannelStats, ...]


class Scene:
    """Sources in one world, and the state that shows them well before anybody touches anything."""

    def __init__(self, name: str, layers: Sequence[SceneLayer]) -> None:
        if not layers:
            raise SourceError("there is nothing to show; name at least one image or segmentation")
        self.name = name
        self.layers = tuple(layers)
        box = _box_of(layers[0].source)
        for layer in layers[1:]:
            box = box.union(_box_of(layer.source))
        self.box: Box = box
        orientations = {layer.source.info.orientation for layer in layers}
        self.orientation: Literal["image", "anatomical"] = "anatomical" if orientations == {"anatomical"} else "image"
        self.default_state = self._default_state()

    def _default_state(self) -> ViewState:
        shown: list[Layer] = []
        has_image = any(layer.source.info.kind == "image" for layer in self.layers)
        for layer in self.layers:
            info = layer.source.info
            if info.kind == "image":
                shown.append(
                    ImageLayer(source=layer.key, name=info.name, channels=image_channels(info, layer.stats))
                )  # fmt: skip
            else:
                # Labels inside of a store that also holds the image are there to be switched on; labels that
                # somebody named are shown.
                shown.append(LabelLayer(source=layer.key, name=info.name, visible=True))
        shading, display, lighting = rendering_hints(self.layers_info(), has_image)
        return ViewState(
            camera=default_camera(self.box, self.orientation),
            layers=tuple(shown),
            shading=shading,
            display=display,
            lighting=lighting,
        )

    def layers_info(self) -> list[tuple[Source, tuple[ChannelStats, ...]]]:
        return [(layer.source, layer.stats) for layer in self.layers]

    def summary(self, levels: Sequence[int] | None = None) -> SceneSummary:
        """What clients are told; `levels` are the levels that the renderer holds, one a layer (0 when unknown)."""
        layers = []
        for index, layer in enumerate(self.layers):
            info = layer.source.info
            level = levels[index] if levels else 0
            layers.append(
                LayerSummary(
                    name=info.name,
                    kind=info.kind,
                    shape=info.levels[level].shape,
                    spacing_um=info.levels[level].spacing_um,
                    dtype=info.dtype.name,
                    level=level,
                    n_levels=len(info.levels),
                    channels=tuple(
                        ChannelSummary(
                            name=channel.name or f"channel {number}",
                            range=(stats.lo, stats.hi if stats.hi > stats.lo else stats.lo + 1.0),
                            histogram=tuple(int(count) for count in stats.histogram),
                        )
                        for number, (channel, stats) in enumerate(zip(info.channels, layer.stats, strict=False))
                    ),
                )
            )
        return SceneSummary(
            name=self.name,
            box_lo=self.box.lo,
            box_hi=self.box.hi,
            layers=tuple(layers),
            n_times=max(layer.source.info.n_times for layer in self.layers),
            notes=tuple(note for layer in self.layers for note in layer.source.info.notes),
        )

    def close(self) -> None:
        for layer in self.layers:
            layer.source.close()


def _box_of(source: Source) -> Box:
    finest = source.info.levels[0]
    return grid_box(finest.shape, finest.world_from_vox)


def open_scene(
    paths: Sequence[str],
    labels: Sequence[str] = (),
    spacing_um: tuple[float, float, float] | None = None,
    progress: Progress | None = None,
) -> Scene:
    """Open images and segmentations as one scene.

    `labels` are opened as segmentations whatever they look like. `spacing_um` (z, y, x) stands in where a file does not
    say its spacing, or says it wrongly. `progress(what, done, total)` is called now and then.

    Raises SourceError.
    """
    sources: list[Source] = []
    try:
        for path in paths:
            sources += open_sources(path, spacing_um=spacing_um, progress=progress)
        for path in labels:
            sources += open_sources(path, spacing_um=spacing_um, kind="labels", progress=progress)
        layers = []
        names: dict[str, int] = {}
        for source in sources:
            info = source.info
            names[info.name] = names.get(info.name, 0) + 1
            key = info.name if names[info.name] == 1 else f"{info.name} ({names[info.name]})"
            channels = range(len(info.channels)) if info.kind == "image" else range(0)
            stats = []
            for channel in channels:
                if progress:
                    progress(f"looking at {key}", channel, len(channels))
                stats.append(channel_stats(source, channel))
            layers.append(SceneLayer(key, source, tuple(stats)))
        first = paths[0] if paths else labels[0] if labels else ""
        name = first if first.startswith("synthetic:") else PurePath(first).name
        return Scene(name, layers)
    except BaseException:
        for source in sources:
            source.close()
        raise
