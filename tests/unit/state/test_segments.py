"""Segments in the state: ids as strings of any size, sets that have one form, small patches of large sets."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.errors import StateError, UsageError
from render.limits import DEFAULT_LIMITS
from render.state.layer import LabelLayer
from render.state.patch import Op, Patch, apply_patch
from render.state.segment import as_numbers, segment_id
from render.state.view import ViewState, parse_state

LARGEST = 2**64 - 1


def state_of(**fields: object) -> ViewState:
    return ViewState(layers=(LabelLayer.model_validate({"source": "a", **fields}),))


def labels_of(state: ViewState) -> LabelLayer:
    (layer,) = state.layers
    assert isinstance(layer, LabelLayer)
    return layer


def patched(state: ViewState, op: str, field: str, value: object) -> ViewState:
    patch = Patch.model_validate({"ops": [{"op": op, "path": ["layers", 0, *field.split(".")], "value": value}]})
    after, inverse = apply_patch(state, patch)
    assert apply_patch(after, inverse)[0] == state, "a patch has an inverse"
    return after


@settings(deadline=None)
@given(st.lists(st.integers(0, LARGEST), max_size=30))
def test_ids_of_64_bits_survive_json_exactly(ids: list[int]) -> None:
    state = state_of(listed=[str(one) for one in ids], merged={str(one): "1" for one in ids if one > 1})
    again = parse_state(state.model_dump_json())
    assert again == state
    assert list(map(int, labels_of(again).listed)) == sorted(set(ids))
    assert as_numbers(labels_of(again).listed).tolist() == sorted(set(ids))
    # What a browser's JSON.parse would make of numbers cannot happen to strings.
    assert all(isinstance(one, str) for one in json.loads(state.model_dump_json())["layers"][0]["listed"])


@pytest.mark.parametrize("wrong", ["", "-1", "007", "1.0", "1e3", " 5", str(2**64), "9" * 20, "9" * 5000, "٣", "x"])
def test_what_is_no_id_is_refused(wrong: str) -> None:
    for fields in ({"listed": ["3", wrong]}, {"segment_colors": {wrong: (1, 1, 1)}}, {"merged": {"1": wrong}}):
        with pytest.raises(StateError, match="state is not valid"):
            parse_state(json.dumps({"layers": [{"kind": "labels", "source": "a", **fields}]}))


def test_a_number_is_no_id() -> None:
    with pytest.raises(StateError, match="valid string"):
        parse_state('{"layers": [{"kind": "labels", "source": "a", "listed": [9007199254740993]}]}')


def test_equal_sets_are_equal_states() -> None:
    assert state_of(listed=["10", "9", "10"]) == state_of(listed=["9", "10"])
    assert labels_of(state_of(listed=["10", "9"])).listed == ("9", "10")


def test_sizes_are_bounded() -> None:
    many = [str(one) for one in range(DEFAULT_LIMITS.segments_listed_max + 1)]
    with pytest.raises(StateError, match="at most 100000"):
        patched(state_of(), "put", "listed", many)
    looks = {str(one): 0.5 for one in range(DEFAULT_LIMITS.segment_looks_max + 1)}
    with pytest.raises(StateError, match="at most 10000"):
        patched(state_of(), "put", "segment_opacities", looks)


def test_one_id_more_is_a_small_patch() -> None:
    state = state_of(shown="listed", listed=[str(3 * one) for one in range(50_000)])
    patch = Patch(ops=(Op(op="add", path=("layers", 0, "listed"), value=["7"]),))
    after, inverse = apply_patch(state, patch)
    assert len(patch.model_dump_json()) < 100
    assert len(inverse.model_dump_json()) < 100
    assert len(labels_of(after).listed) == 50_001
    assert apply_patch(after, inverse)[0] == state


@settings(deadline=None)
@given(st.sets(st.integers(0, 20)), st.lists(st.integers(0, 20)), st.sampled_from(["add", "remove"]))
def test_sets_change_as_sets_do(before: set[int], given_: list[int], op: str) -> None:
    after = patched(state_of(listed=[str(one) for one in before]), op, "listed", [str(one) for one in given_])
    expected = before | set(given_) if op == "add" else before - set(given_)
    assert set(map(int, labels_of(after).listed)) == expected


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 9), st.floats(0, 1)), st.dictionaries(st.integers(0, 9), st.floats(0, 1)))
def test_tables_change_as_mappings_do(before: dict[int, float], more: dict[int, float]) -> None:
    state = state_of(segment_opacities={str(one): value for one, value in before.items()})
    after = patched(state, "add", "segment_opacities", {str(one): value for one, value in more.items()})
    assert {int(one): value for one, value in labels_of(after).segment_opacities.items()} == {**before, **more}
    after = patched(state, "remove", "segment_opacities", [str(one) for one in more])
    left = {one: value for one, value in before.items() if one not in more}
    assert {int(one): value for one, value in labels_of(after).segment_opacities.items()} == left


def test_the_highlight_is_a_set_too() -> None:
    after = patched(state_of(), "add", "highlight.ids", [str(LARGEST)])
    assert labels_of(after).highlight.ids == (str(LARGEST),)


@pytest.mark.parametrize(
    ("op", "field", "value", "sentence"),
    [
        ("add", "opacity", ["1"], "is no set or table"),
        ("add", "listed", "1", "must be a list of ids"),
        ("remove", "listed", [1], "must be a list of ids"),
        ("add", "segment_colors", ["1"], "must be an object"),
        ("add", "nothing", ["1"], "there is nothing at"),
        ("add", "listed", ["-1"], "'-1' is no segment"),
    ],
)
def test_what_cannot_be_added_is_refused(op: str, field: str, value: object, sentence: str) -> None:
    with pytest.raises(StateError, match=sentence):
        patched(state_of(), op, field, value)


def test_tables_of_a_state_do_not_change() -> None:
    table = labels_of(state_of(segment_opacities={"1": 0.5})).segment_opacities
    for change in (lambda: table.update({"2": 1.0}), lambda: table.__setitem__("2", 1.0), table.clear):
        with pytest.raises(TypeError, match="make a new state"):
            change()
    assert hash(state_of(merged={"1": "2", "3": "2"})) == hash(state_of(merged={"3": "2", "1": "2"}))


def test_a_merge_has_an_end() -> None:
    assert labels_of(state_of(merged={"1": "2", "2": "3", "4": "3"})).merged["2"] == "3"
    for cycle in ({"1": "1"}, {"1": "2", "2": "1"}, {"9": "1", "1": "2", "2": "3", "3": "1"}):
        with pytest.raises(StateError, match="merged into itself"):
            patched(state_of(), "put", "merged", cycle)


def test_ids_as_people_write_them() -> None:
    assert [segment_id(text) for text in ("12", " 0012", "0", "-1", "-3")] == [
        "12",
        "12",
        "0",
        str(LARGEST),
        str(2**64 - 3),
    ]
    assert int(segment_id("-3")) == int(np.array([-3], np.int64).view(np.uint64)[0])
    for wrong in ("", "1.5", str(2**64), "-" + str(2**63 + 1), "nucleus", "9" * 6000):
        with pytest.raises(UsageError, match="is no segment"):
            segment_id(wrong)
