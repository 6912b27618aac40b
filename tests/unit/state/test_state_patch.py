"""Patches: what they change, that they can be undone, and what they refuse."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.errors import StateError
from render.state.layer import Channel, ImageLayer, LabelLayer
from render.state.patch import Op, Patch, apply_patch
from render.state.view import ViewState

STATE = ViewState(
    layers=(
        ImageLayer(source="a", channels=(Channel(name="one"), Channel(name="two", window=(5.0, 9.0)))),
        LabelLayer(source="b"),
    )
)

unit = st.floats(0, 1)
finite = st.floats(-1e6, 1e6)
color = st.tuples(unit, unit, unit).map(list)
window = st.tuples(finite, st.floats(1e-3, 1e6)).map(lambda w: [w[0], w[0] + w[1]])
curve = st.lists(st.tuples(unit, unit).map(list), max_size=5).map(sorted)

# Paths that exist, with values that are right on their own whatever the other ops do.
OPS: list[tuple[tuple[Any, ...], st.SearchStrategy[Any]]] = [
    (("layers", 0, "channels", 0, "visible"), st.booleans()),
    (("layers", 0, "channels", 1, "window"), window),
    (("layers", 0, "channels", 1, "curve"), curve),
    (("layers", 0, "channels", 0, "color_map"), st.sampled_from([None, "viridis", "magma"])),
    (("layers", 1, "opacity"), unit),
    (("layers", 1, "visible"), st.booleans()),
    (("display", "background"), color),
    (("display", "tone_map"), st.sampled_from(["filmic", "exponential", "linear"])),
    (("shading", "density"), st.floats(0, 1e6)),
    (("lighting", "lights", 0, "azimuth"), st.floats(-180, 180)),
    (("camera", "view_angle"), st.floats(1, 150)),
    (("camera", "position"), st.tuples(finite, finite, st.floats(-100, -1)).map(list)),
    (("seed",), st.integers(0, 2**32 - 1)),
    (("samples",), st.integers(1, 1000)),
    (("time",), st.integers(0, 1000)),
    (("crop", "lo", 1), unit),
]

ops = st.sampled_from(OPS).flatmap(lambda entry: entry[1].map(lambda value: Op(path=entry[0], value=value)))
patches = st.lists(ops, min_size=1, max_size=8).map(lambda several: Patch(ops=tuple(several)))


def patch(*ops_: tuple[tuple[Any, ...], Any]) -> Patch:
    return Patch(ops=tuple(Op(path=path, value=value) for path, value in ops_))


def at(state: ViewState, path: tuple[Any, ...]) -> Any:
    tree: Any = state.model_dump(mode="json")
    for part in path:
        tree = tree[part]
    return tree


@given(patches)
def test_a_patch_and_its_inverse_leave_the_state_as_it_was(change: Patch) -> None:
    try:
        patched, inverse = apply_patch(STATE, change)
    except StateError:  # a view direction along view_up: refused as a whole
        assert any(op.path == ("camera", "position") for op in change.ops)
        return
    back, again = apply_patch(patched, inverse)
    assert back == STATE
    forward, _ = apply_patch(back, again)
    assert forward == patched


@given(patches)
def test_the_last_value_put_at_a_path_is_there_and_nothing_else_moved(change: Patch) -> None:
    try:
        patched, _ = apply_patch(STATE, change)
    except StateError:
        return
    wanted = {op.path: op.value for op in change.ops}
    for path, value in wanted.items():
        assert at(patched, path) == value
    for path, _ in OPS:
        if path not in wanted and not any(path[: len(other)] == other for other in wanted):
            assert at(patched, path) == at(STATE, path)


@given(patches)
def test_the_state_that_is_patched_does_not_change(change: Patch) -> None:
    before = STATE.model_dump_json()
    with contextlib.suppress(StateError):
        apply_patch(STATE, change)
    assert STATE.model_dump_json() == before


def test_whole_parts_can_be_put() -> None:
    patched, inverse = apply_patch(STATE, patch((("layers", 0, "channels", 0), {"name": "new", "window": [1, 2]})))
    layer = patched.layers[0]
    assert isinstance(layer, ImageLayer)
    assert layer.channels[0] == Channel(name="new", window=(1.0, 2.0))
    assert apply_patch(patched, inverse)[0] == STATE


def test_ops_apply_together_or_not_at_all() -> None:
    with pytest.raises(StateError):
        apply_patch(STATE, patch((("seed",), 5), (("samples",), -1)))
    # Two ops that are wrong one by one and right together.
    both = patch((("layers", 0, "channels", 1, "window", 0), 20.0), (("layers", 0, "channels", 1, "window", 1), 30.0))
    layer = apply_patch(STATE, both)[0].layers[0]
    assert isinstance(layer, ImageLayer)
    assert layer.channels[1].window == (20.0, 30.0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("colour",), 1, "nothing at 'colour'"),
        (("layers", 7, "visible"), True, "nothing at 'layers.7.visible'"),
        (("layers", -1, "visible"), True, "nothing at 'layers.-1.visible'"),
        (("layers", "0", "visible"), True, "nothing at 'layers.0.visible'"),
        (("display", 0), True, "nothing at 'display.0'"),
        (("seed", "low"), 1, "nothing at 'seed.low'"),
        (("samples",), 0, "samples"),
        (("samples",), "many", "samples"),
        (("camera", "view_angle"), 400.0, "camera.view_angle"),
        (("camera", "view_up"), [0, 0, 1], "view_up is zero or parallel"),
        (("display", "tone_map"), "aces", "display.tone_map"),
        (("layers", 0, "channels", 0, "window"), [3, 3], "window (3.0, 3.0) is empty"),
        (("layers", 0, "channels", 0, "curve"), [[0.5, 0], [0.2, 1]], "order of their positions"),
        (("layers", 0, "kind"), "mesh", "layers.0"),
        (("crop", "lo"), [1, 1, 1, 1], "crop.lo"),
    ],
)
def test_wrong_patches_are_refused_in_a_sentence_that_names_the_place(
    path: tuple[Any, ...], value: Any, words: str
) -> None:
    with pytest.raises(StateError) as caught:
        apply_patch(STATE, patch((path, value)))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_key_can_be_smuggled_in_with_a_whole_part() -> None:
    with pytest.raises(StateError, match=r"display\.gamma"):
        apply_patch(STATE, patch((("display",), {"gamma": 2.2})))
