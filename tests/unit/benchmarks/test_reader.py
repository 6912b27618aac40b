"""The benchmark of the reader runs, and counts what it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import reader


def test_every_store_gets_a_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "figures.json"
    arguments = ["reader", "--size", "70", "--payload", "32", "--repetitions", "1", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--json", str(out)])
    reader.main()
    figures = json.loads(out.read_text())
    assert len(figures) == 2 * len(reader.KINDS)
    for figure in figures.values():
        ((ours, boxes, chunks),) = figure["mb_s"]
        assert figure["boxes"]["clock"] == pytest.approx(ours / boxes)
        assert figure["chunks"]["clock"] == pytest.approx(ours / chunks)
        assert figure["boxes"]["processor"] > 0.0
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def test_labels_are_as_wide_as_they_are_said_to_be() -> None:
    for kind, (least, most) in {"labels": (20, 70), "fine-labels": (700, 1800)}.items():
        labels = reader.voxels_of(kind, 64)
        assert labels.dtype == np.uint64
        assert least < len(np.unique(labels)) < most
        assert labels.max() > 2**53
