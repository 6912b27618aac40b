"""Who gets the answer to a search for segments, and what is refused before the worker hears of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from render.limits import DEFAULT_LIMITS
from render.session.registry import Registry
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.view import ViewState
from render.summary import DeviceInfo, SceneSummary, SegmentSummary
from render.worker.protocol import OpenScene, SceneReady, SearchSegments, SegmentsFound
from render.worker.supervisor import Supervisor

SUMMARY = SceneSummary(name="s", box_lo=(0, 0, 0), box_hi=(1, 1, 1), layers=(), n_times=1)
STATE = ViewState(layers=(LabelLayer(source="seg"), ImageLayer(source="em", channels=(Channel(),))))
LARGE = "9007199254740993"


class Told:
    """The way to a client that keeps what is said."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_event(self, text: str) -> None:
        self.messages.append(json.loads(text))

    def send_frame(self, frame: object, packet: bytes) -> None: ...

    def close(self, reason: str) -> None: ...

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]


class Asked(Supervisor):
    """A supervisor that was never started, and what it would have passed on."""

    def __init__(self) -> None:
        super().__init__()
        self.device = DeviceInfo(name="d", vendor="v", version="1", software=True)
        self.asked: list[SearchSegments] = []

    def search(self, request: SearchSegments) -> None:
        self.asked.append(request)


@pytest.fixture
def worker() -> Asked:
    return Asked()


@pytest.fixture
def registry(worker: Asked) -> Registry:
    registry = Registry(worker, OpenScene(scene="main", paths=("a",)), DEFAULT_LIMITS, lambda: 0.0)
    registry.on_worker_status("ready", "")
    registry.on_worker_message(SceneReady(scene="main", summary=SUMMARY, default_state=STATE), b"")
    return registry


def join(registry: Registry) -> tuple[Told, Any]:
    told = Told()
    session = registry.admit(told, 0.0)
    registry.opened_events(session)
    return told, session


def ask(session: Any, **fields: Any) -> None:
    session.receive(json.dumps({"type": "segments_search", "seq": 7, "layer": "seg", **fields}), 1.0)


def answer(request: int, **fields: Any) -> SegmentsFound:
    segment = SegmentSummary(id=LARGE, name="nucleus", color="#ff0000")
    return SegmentsFound(**{"request": request, "total": 1, "segments": (segment,), **fields})


def test_each_client_gets_its_own_answer(registry: Registry, worker: Asked) -> None:
    (one, first), (two, second) = join(registry), join(registry)
    ask(first, text="nu", colors="hash", first=50, count=10)
    ask(second, ids=[LARGE])
    a, b = worker.asked
    assert (a.scene, a.layer, a.text, a.colors, a.first, a.count) == ("main", "seg", "nu", "hash", 50, 10)
    assert b.ids == (LARGE,)
    registry.on_worker_message(answer(b.request), b"")
    registry.on_worker_message(answer(b.request), b"")
    assert one.of("segments_found") == []
    (found,) = two.of("segments_found")
    assert (found["seq"], found["layer"], found["total"], found["first"]) == (7, "seg", 1, 0)
    assert found["segments"][0]["id"] == LARGE
    registry.on_worker_message(answer(a.request, total=51), b"")
    assert one.of("segments_found")[0]["first"] == 50


def test_what_makes_no_sense_is_refused(registry: Registry, worker: Asked) -> None:
    told, session = join(registry)
    for fields in (
        {"layer": "em"},
        {"layer": "other"},
        {"count": 201},
        {"ids": ["-1"]},
        {"ids": [5]},
        {"text": "x" * 201},
    ):
        ask(session, **fields)
    errors = told.of("error")
    assert len(errors) == 6
    assert errors[0]["message"] == "the scene has no segmentation 'em'"
    assert errors[0]["seq"] == 7
    assert worker.asked == []


def test_searches_that_are_lost_are_told(registry: Registry, worker: Asked) -> None:
    told, session = join(registry)
    ask(session)
    registry.on_worker_message(answer(worker.asked[0].request, total=0, segments=(), problem="it broke"), b"")
    ask(session, seq=8)
    registry.on_worker_status("restarting", "it ended")
    assert [(error["seq"], error["message"]) for error in told.of("error")] == [
        (7, "it broke"),
        (8, "the search was lost with the rendering process; ask again"),
    ]
    registry.on_worker_message(answer(worker.asked[1].request), b"")
    assert told.of("segments_found") == []
