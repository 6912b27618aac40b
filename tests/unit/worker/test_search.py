"""Searches in the worker: pages with ids as strings and the colours that are drawn; what goes wrong is told."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from render.engine.label_colors import label_table
from render.scene.open import Scene, SceneLayer
from render.source.label_table import LabelTable
from render.source.memory import MemorySource
from render.worker.protocol import SearchSegments, SegmentsFound
from render.worker.search import SegmentSearch

LARGE = 2**53 + 1
TABLE = LabelTable({LARGE: "nucleus", 5: "n" * 500}, {5: (1.0, 0.5, 0.0, 1.0)}, {5: LARGE})
SEEN = np.array([0, LARGE, 7, 5], np.uint64)
Found = "queue.SimpleQueue[SegmentsFound]"


@pytest.fixture
def search() -> tuple[SegmentSearch, Found]:
    voxels = SEEN.reshape(1, 2, 2)
    scene = Scene("test", [SceneLayer("seg", MemorySource(voxels, kind="labels"), (), given=TABLE)])
    answers: Found = queue.SimpleQueue()
    made = SegmentSearch(scene, {0: lambda: SEEN}, answers.put)
    yield made, answers
    made.close()


def test_a_page_has_exact_ids_names_colours_and_parents(search: tuple[SegmentSearch, Found]) -> None:
    made, answers = search
    made.ask(SearchSegments(request=3, scene="s", layer="seg"))
    found = answers.get(timeout=10)
    assert (found.request, found.total, found.problem) == (3, 3, "")
    assert [one.id for one in found.segments] == ["5", "7", str(LARGE)]
    assert [one.parent for one in found.segments] == [str(LARGE), None, None]
    assert [len(one.name) for one in found.segments] == [200, 0, 7]
    drawn = label_table(np.array([0, 5, 7, LARGE], np.uint64), TABLE.colors).view(np.uint8).reshape(-1, 4)
    assert [one.color for one in found.segments] == [f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in drawn[1:].tolist()]
    assert found.segments[0].color == "#ff8000"
    assert SegmentsFound.model_validate_json(found.model_dump_json()) == found


def test_named_ids_are_described_in_their_order(search: tuple[SegmentSearch, Found]) -> None:
    made, _ = search
    asked = SearchSegments(request=1, scene="s", layer="seg", ids=(str(LARGE), "99", "5"), colors="hash")
    found = made.find(asked)
    assert [(one.id, one.name[:7]) for one in found.segments] == [(str(LARGE), "nucleus"), ("99", ""), ("5", "nnnnnnn")]
    assert found.segments[2].color != "#ff8000"


def test_what_cannot_be_found_is_told(search: tuple[SegmentSearch, Found], monkeypatch: pytest.MonkeyPatch) -> None:
    made, answers = search
    made.ask(SearchSegments(request=1, scene="s", layer="other"))
    assert answers.get(timeout=10).problem == "the scene has no segmentation 'other'"

    def fail(request: SearchSegments) -> SegmentsFound:
        raise ZeroDivisionError

    monkeypatch.setattr(made, "find", fail)
    made.ask(SearchSegments(request=2, scene="s", layer="seg"))
    answer = answers.get(timeout=10)
    assert answer.request == 2
    assert "because of an error in the program" in answer.problem
