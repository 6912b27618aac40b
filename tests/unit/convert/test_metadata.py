"""What a store says beside its voxels: valid by the specification, and the same when read again."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import ngff_zarr
import numpy as np
import pytest
import tifffile
import zarr

from render.source.base import ChannelInfo
from render.source.memory import MemorySource
from render.source.open import open_sources

from .stores import convert_to


def attributes(path: Path) -> dict[str, Any]:
    if (path / "zarr.json").exists():
        found: dict[str, Any] = json.loads((path / "zarr.json").read_bytes())["attributes"]["ome"]
        return found
    return dict(json.loads((path / ".zattrs").read_bytes()))


@pytest.mark.parametrize("ngff", ["0.5", "0.4"])
def test_an_image_with_labels(tmp_path: Path, ngff: str) -> None:
    channels = [
        ChannelInfo("DNA", (0.0, 0.4, 1.0), (10.0, 200.0)),
        ChannelInfo("Membrane", (1.0, 0.0, 0.0), None, visible=False),
    ]
    voxels = np.random.default_rng(0).integers(0, 250, (2, 20, 70, 30), np.uint8)
    image = MemorySource(voxels, channels=channels, spacing_um=(2.0, 0.5, 0.5), name="cells")
    labels = MemorySource(
        np.full((10, 35, 15), 7, np.uint64),
        kind="labels",
        name="nuclei of cells",
        spacing_um=(4.0, 1.0, 1.0),
        label_colors={7: (1.0, 0.5, 0.0, 1.0), 2**60 + 1: (0.0, 0.0, 1.0, 0.5)},
        label_names={7: "the nucleus"},
    )
    path = tmp_path / "cells.ome.zarr"
    assert convert_to(path, image, labels, ngff=ngff) == []
    ngff_zarr.from_ngff_zarr(path, validate=True, version=ngff)
    ngff_zarr.from_ngff_zarr(path / "labels" / "nuclei_of_cells", validate=True, version=ngff)
    assert attributes(path / "labels")["labels"] == ["nuclei_of_cells"]
    assert attributes(path / "labels" / "nuclei_of_cells")["image-label"]["source"] == {"image": "../../"}
    read, segments = open_sources(str(path))
    assert [(c.name, c.visible) for c in read.info.channels] == [("DNA", True), ("Membrane", False)]
    assert read.info.channels[0].color == pytest.approx((0.0, 0.4, 1.0))
    assert read.info.channels[0].window == (10.0, 200.0)
    assert read.info.levels[0].spacing_um == (0.5, 0.5, 2.0)
    assert (read.info.unit, read.info.spacing_is_known, read.info.notes) == ("micrometer", True, ())
    assert segments.info.kind == "labels"
    assert segments.info.label_names == {7: "the nucleus"}
    assert segments.info.label_colors[7] == pytest.approx((1.0, 0.5, 0.0, 1.0), abs=1 / 255)
    assert segments.info.label_colors[2**60 + 1] == pytest.approx((0.0, 0.0, 1.0, 0.5), abs=1 / 255)
    assert segments.info.levels[0].spacing_um == (1.0, 1.0, 4.0)
    tree = zarr.open_group(path, mode="r")
    assert {"0", "labels", "hosta_index"} <= set(tree.keys())  # as any zarr reader sees it, without a warning


def test_a_segmentation_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.ome.zarr"
    convert_to(path, MemorySource(np.ones((5, 6, 7), np.uint16), kind="labels", label_names={1: "one"}))
    assert "labels" not in attributes(path)
    (source,) = open_sources(str(path))
    assert (source.info.kind, source.info.label_names) == ("labels", {1: "one"})


def test_what_is_not_known_is_not_said(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.zarr"
    convert_to(path, MemorySource(np.ones((5, 6, 7), np.uint16)))
    said = attributes(path)
    assert "omero" not in said
    assert [axis.get("unit") for axis in said["multiscales"][0]["axes"]] == [None] * 3
    ngff_zarr.from_ngff_zarr(path, validate=True, version="0.5")


def test_the_time_between_frames(tmp_path: Path) -> None:
    voxels = np.zeros((3, 4, 1, 16, 16), np.uint8)
    meta = {"axes": "TZCYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1, "PhysicalSizeZ": 0.2}
    meta |= {"TimeIncrement": 500.0, "TimeIncrementUnit": "ms"}
    tifffile.imwrite(tmp_path / "t.ome.tif", voxels, metadata=meta)
    (frames,) = open_sources(str(tmp_path / "t.ome.tif"))
    with closing(frames):
        convert_to(tmp_path / "t.ome.zarr", frames)
    (source,) = open_sources(str(tmp_path / "t.ome.zarr"))
    assert (source.info.n_times, source.info.time_step_s) == (3, 0.5)
    ngff_zarr.from_ngff_zarr(tmp_path / "t.ome.zarr", validate=True, version="0.5")
