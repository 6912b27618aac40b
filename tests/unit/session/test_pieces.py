"""States with many segments reach clients in messages that fit, and changes of them stay small."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from render.errors import StateError
from render.session.events import SERVER_MESSAGE
from render.session.pieces import in_pieces
from render.session.registry import Registry
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.patch import Op, Patch, apply_patch
from render.state.segment import Highlight
from render.state.view import ViewState, parse_state

from .test_segments_search import Asked, Told, join, registry, worker  # noqa: F401

MESSAGE_MAX_BYTES = 64 << 10


def large(n: int = 20_000) -> ViewState:
    ids = [str(one) for one in np.random.default_rng(0).integers(2**63, 2**64 - 1, n, np.uint64).tolist()]
    layer = LabelLayer(
        source="seg",
        shown="listed",
        listed=tuple(ids),
        highlight=Highlight(ids=tuple(ids[:700]), strength=0.5),
        segment_colors=dict.fromkeys(ids[:1200], (0.123456789, 1 / 3, 0.5)),
        segment_opacities=dict.fromkeys(ids[:600], 1 / 3),
        merged=dict.fromkeys(ids[:600], "5"),
    )
    return ViewState(layers=(layer, ImageLayer(source="em", channels=(Channel(),))))


def test_pieces_make_the_whole() -> None:
    state = large()
    bare, patches = in_pieces(state)
    assert len(bare.model_dump_json()) < MESSAGE_MAX_BYTES / 4
    made = bare
    for patch in patches:
        assert len(patch.model_dump_json()) < MESSAGE_MAX_BYTES
        made, _ = apply_patch(made, patch)
    assert made == state
    small = large(100)
    assert in_pieces(ViewState(layers=(LabelLayer(source="a", listed=("1",)),)))[1] == []
    assert small.segment_entries == sum(layer.entries for layer in small.layers if isinstance(layer, LabelLayer))


def test_entries_are_bounded_in_all() -> None:
    many = {str(one): "0" for one in range(1, 30_001)}
    layers = [{"kind": "labels", "source": name, "merged": many} for name in ("a", "b")]
    with pytest.raises(StateError, match=r"have 120000 entries .* at most 100000 fit"):
        parse_state(json.dumps({"layers": layers}))


def shown_by(messages: list[dict[str, Any]]) -> ViewState:
    """What a client shows that follows the wire, as the page's mirror does."""
    state: ViewState | None = None
    for message in messages:
        assert len(json.dumps(message)) < MESSAGE_MAX_BYTES
        SERVER_MESSAGE.validate_python(message)
        if message["type"] in ("hello", "state"):
            state = parse_state(json.dumps(message["state"]))
        elif message["type"] == "patched":
            assert state is not None
            state, _ = apply_patch(state, Patch.model_validate(message["patch"]))
    assert state is not None
    return state


def test_clients_follow_a_large_state(registry: Registry, worker: Asked) -> None:  # noqa: F811
    told, session = join(registry)
    view = session.view
    assert view is not None
    registry._worker.set_state = lambda *_: None  # type: ignore[method-assign]  # there is no worker process
    state = large()
    view.patch(Patch(ops=(Op(path=("layers",), value=state.model_dump(mode="json")["layers"]),)))
    registry.show(view, session, 1)
    other, _ = join_at(registry, view.view)
    assert shown_by(told.messages).layers == shown_by(other.messages).layers == state.layers
    before = len(told.messages), len(other.messages)
    patch = {"ops": [{"op": "add", "path": ["layers", 0, "listed"], "value": ["9007199254740993"]}]}
    session.receive(json.dumps({"type": "patch", "seq": 9, "patch": patch}), 1.0)
    (ours,), (theirs,) = told.messages[before[0] :], other.messages[before[1] :]
    assert (ours["type"], ours["seq"], theirs["seq"]) == ("patched", 9, None)
    assert len(json.dumps(ours)) < 300
    assert shown_by(told.messages) == shown_by(other.messages) == view.state
    session.receive(json.dumps({"type": "camera", "seq": 10, "camera": {"view_angle": 50.0}}), 1.0)
    registry.tick(5.0)
    assert other.messages[-1]["patch"]["ops"][0]["path"] == ["camera"]
    assert shown_by(other.messages).camera.view_angle == 50.0


def join_at(registry: Registry, view: str) -> tuple[Told, Any]:  # noqa: F811
    told = Told()
    session = registry.admit(told, 0.0, view)
    registry.opened_events(session)
    return told, session
