"""Scenes: what is opened together, how it is named, and the state that shows it first."""

from __future__ import annotations

import numpy as np
import pytest

from render.bricks.stats import channel_stats
from render.errors import HostaError, SourceError
from render.scene.open import Scene, SceneLayer, open_scene
from render.source.memory import MemorySource
from render.state.layer import ImageLayer, LabelLayer
from render.state.view import ViewState
from render.summary import SceneSummary


def test_images_and_labels_together() -> None:
    scene = open_scene(["synthetic:ramp?size=16"], labels=["synthetic:labels?size=16"])
    image, labels = scene.default_state.layers
    assert isinstance(image, ImageLayer)
    assert isinstance(labels, LabelLayer)
    assert labels.visible
    assert [layer.key for layer in scene.layers] == [image.source, labels.source]
    assert ViewState.model_validate_json(scene.default_state.model_dump_json()) == scene.default_state
    scene.close()


def test_layers_of_one_name_are_told_apart() -> None:
    scene = open_scene(["synthetic:ramp?size=8", "synthetic:ramp?size=8"])
    keys = [layer.key for layer in scene.layers]
    assert len(set(keys)) == 2
    assert keys[1] == f"{keys[0]} (2)"


def test_box_holds_all_layers() -> None:
    far = np.eye(4)
    far[:3, 3] = [100.0, 0.0, -50.0]
    sources = MemorySource(np.zeros((4, 5, 6), np.uint8)), MemorySource(np.zeros((2, 2, 2)), world_from_vox=far)
    scene = Scene("two", [SceneLayer(str(i), s, (channel_stats(s, 0),)) for i, s in enumerate(sources)])
    assert scene.box.lo == (-0.5, -0.5, -50.5)
    assert scene.box.hi == (101.5, 4.5, 3.5)


def test_summary_says_what_there_is() -> None:
    scene = open_scene(["synthetic:axes?size=8,10,12&spacing=2,1,0.5um"])
    summary = scene.summary()
    (layer,) = summary.layers
    assert summary.orientation == "image"
    assert layer.shape == (8, 10, 12)
    assert layer.spacing_um == (0.5, 1.0, 2.0)
    assert [channel.name for channel in layer.channels] == ["x", "y", "z"]
    assert all(channel.range[0] < channel.range[1] for channel in layer.channels)


def test_summary_has_what_a_rule_needs_to_be_shown() -> None:
    voxels = np.random.default_rng(0).normal(50, 9, (12, 20, 20)).astype(np.float32)
    source = MemorySource(voxels)
    scene = Scene("one", [SceneLayer("one", source, (channel_stats(source, 0),))])
    (channel,) = scene.summary().layers[0].channels
    assert channel.range == (voxels.min(), voxels.max())
    assert sum(channel.histogram) == voxels.size
    percents, values = zip(*channel.percentiles, strict=True)
    assert percents == (0.0, 0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9, 100.0)
    assert values == pytest.approx(np.percentile(voxels, percents, method="inverted_cdf"))
    assert set(channel.auto_windows) == {"hosta", "imagej", "otsu", "minmax", "best_fit", "mode"}
    assert channel.auto_windows["minmax"] == channel.range
    assert channel.whole
    assert SceneSummary.model_validate_json(scene.summary().model_dump_json()) == scene.summary()


def test_summary_says_when_the_world_is_a_patients() -> None:
    source = MemorySource(np.arange(8, dtype=np.uint8).reshape(2, 2, 2), orientation="anatomical")
    scene = Scene("patient", [SceneLayer("a", source, (channel_stats(source, 0),))])
    assert scene.summary().orientation == "anatomical"


def test_nothing_to_show_is_an_error() -> None:
    with pytest.raises(SourceError, match="name at least one image or segmentation"):
        open_scene([])


@pytest.mark.parametrize("path", ["/no/such/file.nrrd", "synthetic:nothing", "synthetic:ramp?size=0"])
def test_what_cannot_be_opened_is_told_in_a_sentence(path: str) -> None:
    with pytest.raises(HostaError) as caught:
        open_scene([path])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 20


def test_sources_are_closed_when_a_later_one_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    from render.source.synthetic import source as module

    close = module.SyntheticSource.close
    monkeypatch.setattr(module.SyntheticSource, "close", lambda self: (closed.append(self.info.name), close(self)))
    with pytest.raises(HostaError):
        open_scene(["synthetic:ramp?size=8", "/no/such/file.nrrd"])
    assert len(closed) == 1
