"""Opens what is to be shown together and gives it a first look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..bricks.index import Index, index_beside
from ..bricks.pyramid import with_pyramid
from ..bricks.stats import ChannelStats, stats_of_channels
from ..errors import SourceError, StateError
from ..freed_memory import keep_freed_memory
from ..source.address import short_name
from ..source.base import Source
from ..source.label_table import LabelTable
from ..source.open import open_sources
from ..space import Box, grid_box
from ..state.layer import ImageLayer, LabelLayer, Layer
from ..state.view import Display, Shading, ViewState
from ..summary import ChannelSummary, LayerSummary, SceneSummary
from .auto import SOLID_EXPOSURE, default_density, image_channels, is_solid
from .content import content_points
from .environment import Environment
from .framing import default_camera
from .segments import beside, named_tables
from .transfer import auto_windows

# A volume whose coarsest level is larger gets coarser ones, made in memory when they are needed.
LARGEST_COARSE_VOXELS = 32 << 20

SHOWN_PERCENTS = (0.0, 0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9, 100.0)

Progress = Callable[[str, int, int], None]
"""(what, done, total)"""


@dataclass(frozen=True)
class SceneLayer:
    """A source in a scene; `key` is how the state names it; `stats` has one entry a channel (none for labels).

    `shown` is False for labels that came along in the store of an image: they are there to be switched on. `given` is
    what a table beside the data, or one that the user named, says of a segmentation. `index` is the side-car that
    tells of bricks without reading them.
    """

    key: str
    source: Source
    stats: tuple[ChannelStats, ...]
    shown: bool = True
    given: LabelTable = field(default_factory=LabelTable)
    index: Index | None = None

    @property
    def table(self) -> LabelTable:
        """What is known of a segmentation's ids: what the user gave, and what the data say where that is silent."""
        info = self.source.info
        return self.given.over(LabelTable(info.label_names, info.label_colors))


class Scene:
    """Sources in one world, and the state that shows them well before anybody touches anything."""

    def __init__(self, name: str, layers: Sequence[SceneLayer], environments: Sequence[Environment] = ()) -> None:
        if not layers:
            raise SourceError("there is nothing to show; name at least one image or segmentation")
        self.name = name
        self.layers = tuple(layers)
        self.environments = tuple(environments)
        box = _box_of(layers[0].source)
        for layer in layers[1:]:
            box = box.union(_box_of(layer.source))
        self.box: Box = box
        orientations = {layer.source.info.orientation for layer in layers}
        self.orientation: Literal["image", "anatomical"] = "anatomical" if orientations == {"anatomical"} else "image"
        steps = (layer.source.info.time_step_s for layer in layers)
        self.time_step_s: float | None = next((step for step in steps if step is not None), None)
        self.default_state = self._default_state()

    def _default_state(self) -> ViewState:
        shown: list[Layer] = []
        for layer in self.layers:
            info = layer.source.info
            if info.kind == "image":
                channels = image_channels(info, layer.stats)
                shown.append(ImageLayer(source=layer.key, name=info.name, channels=channels))
            else:
                shown.append(LabelLayer(source=layer.key, name=info.name, visible=layer.shown))
        finest = max(max(layer.source.info.levels[0].shape) for layer in self.layers)
        solid = all(isinstance(layer, ImageLayer) and is_solid(layer.channels) for layer in shown)
        return ViewState(
            camera=default_camera(self._content(shown), self.orientation),
            layers=tuple(shown),
            shading=Shading(density=default_density(finest, self.box.largest / float(self.box.size.min()))),
            display=Display(exposure=SOLID_EXPOSURE if solid else 0.0),
        )

    def _content(self, shown: Sequence[Layer]) -> NDArray[np.float64]:
        """World points of what the default look shows, all layers."""
        points = [
            content_points(layer.source, look.channels if isinstance(look, ImageLayer) else None)
            for layer, look in zip(self.layers, shown, strict=True)
        ]
        return np.concatenate(points)

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
                        channel_summary(channel.name or f"channel {number}", stats)
                        for number, (channel, stats) in enumerate(zip(info.channels, layer.stats, strict=False))
                    ),
                )
            )
        return SceneSummary(
            name=self.name,
            box_lo=self.box.lo,
            box_hi=self.box.hi,
            orientation=self.orientation,
            layers=tuple(layers),
            environments=tuple(environment.name for environment in self.environments),
            n_times=max(layer.source.info.n_times for layer in self.layers),
            notes=tuple(note for layer in self.layers for note in layer.source.info.notes),
        )

    def environment(self, name: str) -> Environment:
        """The environment map of this name. Raises StateError."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        held = ", ".join(f"'{environment.name}'" for environment in self.environments) or "none"
        raise StateError(f"the scene holds no environment map '{name}'; it holds {held}")

    def close(self) -> None:
        for layer in self.layers:
            layer.source.close()
            if layer.index is not None:
                layer.index.close()


def channel_summary(name: str, stats: ChannelStats) -> ChannelSummary:
    """What clients are told of a channel. Shares of a weighted sample become counts of a million voxels."""
    histogram = stats.histogram
    weighted = stats.cumulative.dtype.kind == "f"
    return ChannelSummary(
        name=name,
        range=(histogram.lo, histogram.hi),
        histogram=tuple(round(count * (1e6 if weighted else 1.0)) for count in histogram.counts.tolist()),
        percentiles=tuple((percent, stats.percentile(percent)) for percent in SHOWN_PERCENTS),
        auto_windows={str(method): window for method, window in auto_windows(stats).items()},
        whole=stats.whole,
    )


def _box_of(source: Source) -> Box:
    finest = source.info.levels[0]
    return grid_box(finest.shape, finest.world_from_vox)


def open_scene(
    paths: Sequence[str],
    labels: Sequence[str] = (),
    spacing_um: tuple[float, float, float] | None = None,
    progress: Progress | None = None,
    environments: Sequence[Environment] = (),
    tables: Sequence[str] = (),
) -> Scene:
    """Open images and segmentations as one scene.

    `labels` are opened as segmentations whatever they look like. `spacing_um` (z, y, x) stands in where a file does not
    say its spacing, or says it wrongly. `progress(what, done, total)` is called now and then. `environments` are
    there for the state to name. `tables` name files with names and colours of labels, as FILE or KEY=FILE; without one
    the table beside a segmentation is taken, where it brings none itself.

    Raises SourceError.
    """
    keep_freed_memory()
    sources: list[Source] = []
    aside: set[int] = set()  # places in `sources`
    found_tables: dict[int, LabelTable] = {}  # by such a place
    indexes: list[Index | None] = []
    try:
        for path in paths:
            found = open_sources(path, spacing_um=spacing_um, progress=progress)
            if any(source.info.kind == "image" for source in found):
                aside.update(len(sources) + i for i, one in enumerate(found) if one.info.kind == "labels")
            sources += found
            indexes += [index_beside(path, source.info) for source in found]
            start = len(sources) - len(found)
            found_tables.update((start + place, table) for place, table in beside(path, found).items())
        for path in labels:
            found = open_sources(path, spacing_um=spacing_um, kind="labels", progress=progress)
            sources += found
            indexes += [index_beside(path, source.info) for source in found]
            start = len(sources) - len(found)
            found_tables.update((start + place, table) for place, table in beside(path, found).items())
        sources = [with_pyramid(source, LARGEST_COARSE_VOXELS, progress) for source in sources]
        layers = []
        names: dict[str, int] = {}
        for place, source in enumerate(sources):
            info = source.info
            names[info.name] = names.get(info.name, 0) + 1
            key = info.name if names[info.name] == 1 else f"{info.name} ({names[info.name]})"
            stats: list[ChannelStats] = []
            if info.kind == "image":
                if progress:
                    progress(f"looking at {key}", 0, len(info.channels))
                for stat in stats_of_channels(source):
                    stats.append(stat)
                    if progress:
                        progress(f"looking at {key}", len(stats), len(info.channels))
            table = found_tables.get(place, LabelTable())
            layers.append(
                SceneLayer(key, source, tuple(stats), shown=place not in aside, given=table, index=indexes[place])
            )
        given = named_tables(tables, [layer.key for layer in layers if layer.source.info.kind == "labels"])
        layers = [replace(one, given=given[one.key].over(one.given)) if one.key in given else one for one in layers]
        first = paths[0] if paths else labels[0] if labels else ""
        return Scene(short_name(first), layers, environments)
    except BaseException:
        for source in sources:
            source.close()
        raise
