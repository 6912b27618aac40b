"""The state tree: immutable, finite, with limits, and read from JSON with words for what is wrong."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from pydantic import ValidationError

from render.errors import StateError
from render.limits import DEFAULT_LIMITS
from render.state.base import Node
from render.state.camera import Camera
from render.state.clip import CropBox
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.light import Lighting, RectangleLight, Sky
from render.state.view import Display, Shading, ViewState, parse_state

NODES = [Camera(), Channel(), LabelLayer(source="x"), RectangleLight(), Sky(), Lighting(), CropBox(), Shading(),
         Display(), ViewState(), ImageLayer(source="x", channels=(Channel(),))]  # fmt: skip


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_nodes_cannot_be_changed(node: Node) -> None:
    for field in type(node).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(node, field, getattr(node, field))
    assert hash(node) == hash(node.model_copy())


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_nodes_take_nothing_unknown(node: Node) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(node).model_validate({**node.model_dump(), "unheard_of": 1})


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_nodes_survive_json(node: Node) -> None:
    assert type(node).model_validate_json(node.model_dump_json()) == node


def numbers(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all floats in a tree."""
    if isinstance(tree, float):
        return [path]
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, (list, tuple)) else ()
    return [found for key, value in entries for found in numbers(value, (*path, key))]


FULL = ViewState(layers=(ImageLayer(source="a", channels=(Channel(curve=((0.0, 0.5),)),)), LabelLayer(source="b")))
PATHS = numbers(FULL.model_dump(mode="json"))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_number_of_the_tree_may_be_nan_or_infinite(bad: float) -> None:
    assert len(PATHS) > 40
    for path in PATHS:
        tree = FULL.model_dump(mode="json")
        holder: Any = tree
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = bad
        with pytest.raises(ValidationError):
            ViewState.model_validate(tree)
        with pytest.raises(StateError) as caught:
            parse_state(json.dumps(tree))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the state is not valid"),
        ("{", "the state is not valid"),
        ("[]", "the state is not valid"),
        ('{"samples": 0}', "samples: Input should be greater than or equal to 1"),
        ('{"samples": 1e99}', "samples"),
        ('{"camera": {"position": [0, 0, 0], "focal_point": [0, 0, 0]}}', "camera: position and focal_point"),
        ('{"camera": {"view_up": [0, 0, 0]}}', "camera: view_up is zero or parallel"),
        ('{"crop": {"lo": [0.9, 0, 0], "hi": [0.1, 1, 1]}}', "crop: crop box"),
        ('{"version": 2}', "version"),
        ('{"layers": [{"kind": "image", "source": "a", "channels": []}]}', "layers.0.image.channels"),
        ('{"layers": [{"source": "a"}]}', "layers.0"),
        ('{"seed": -1}', "seed"),
        ('{"seed": 4294967296}', "seed"),
    ],
)  # fmt: skip
def test_wrong_states_are_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(StateError) as caught:
        parse_state(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_an_empty_state_is_the_default() -> None:
    assert parse_state("{}") == ViewState()
    assert parse_state(b"{}") == ViewState()


def test_limits_bound_lists() -> None:
    channel = Channel()
    most = DEFAULT_LIMITS.channels_max
    assert len(ImageLayer(source="a", channels=(channel,) * most).channels) == most
    with pytest.raises(ValidationError):
        ImageLayer(source="a", channels=(channel,) * (most + 1))
    nodes = tuple((i / 100, 0.5) for i in range(DEFAULT_LIMITS.transfer_nodes_max + 1))
    with pytest.raises(ValidationError):
        Channel(curve=nodes)
    with pytest.raises(ValidationError):
        ViewState(samples=DEFAULT_LIMITS.still_max_spp + 1)


def test_camera_distance_is_in_micrometres() -> None:
    assert Camera(position=(1.0, 2.0, 3.0), focal_point=(1.0, 6.0, 6.0)).distance == pytest.approx(5.0)


def test_a_camera_far_away_from_the_origin_is_still_one() -> None:
    camera = Camera(position=(1e9, 1e9, 1e9), focal_point=(1e9 + 1, 1e9, 1e9), view_up=(0.0, 0.0, 1e-9))
    assert camera.distance == pytest.approx(1.0)
