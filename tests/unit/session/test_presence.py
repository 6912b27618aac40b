"""Who steers, who points where, and how people are told apart; and what a name may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from render.limits import DEFAULT_LIMITS
from render.session.events import NameEvent, PointerEvent
from render.session.presence import CLAIM_S, COLORS, LAPSE_S, Gathering


@pytest.fixture
def three() -> Gathering:
    gathering = Gathering()
    for number in (1, 2, 3):
        gathering.join(f"s{number}", f"p{number}", None, True)
    gathering.stale = gathering.pointers_stale = False
    return gathering


def test_guests_are_told_apart(three: Gathering) -> None:
    people = three.people.values()
    assert [person.name for person in people] == ["Guest 1", "Guest 2", "Guest 3"]
    assert len({person.color for person in people}) == 3
    three.leave("s2")
    three.join("s4", "p4", None, True)
    assert (three.people["s4"].name, three.people["s4"].color) == ("Guest 2", COLORS[1])
    three.rename("s4", "Guest 1")
    three.rename("s1", "")
    assert three.people["s1"].name == "Guest 2"


def test_more_people_than_colours_share_them_evenly() -> None:
    gathering = Gathering()
    for number in range(2 * len(COLORS)):
        gathering.join(f"s{number}", f"p{number}", None, True)
    colors = [person.color for person in gathering.people.values()]
    assert {colors.count(color) for color in COLORS} == {2}


def test_one_who_moves_steers_until_they_rest(three: Gathering) -> None:
    assert three.may_move("s1", 10.0)
    assert (three.steers, three.stale) == ("s1", True)
    assert not three.may_move("s2", 10.0 + LAPSE_S - 0.01)
    assert three.may_move("s1", 12.0)
    assert not three.may_move("s2", 12.0 + LAPSE_S - 0.01)
    assert three.steers == "s1"
    assert three.may_move("s2", 12.0 + LAPSE_S)
    assert three.steers == "s2"
    three.stale = False
    three.tick(12.0 + 2 * LAPSE_S - 0.01)
    assert (three.steers, three.stale) == ("s2", False)
    three.tick(12.0 + 2 * LAPSE_S)
    assert (three.steers, three.stale) == (None, True)


def test_the_steering_is_taken_and_given(three: Gathering) -> None:
    three.may_move("s1", 0.0)
    three.take("s2", 0.1)
    assert not three.may_move("s1", 0.1 + CLAIM_S - 0.01)  # who took it has time to begin
    assert three.may_move("s2", 1.0)
    assert not three.may_move("s1", CLAIM_S - 0.01)
    three.give("s1", None, 2.0)  # not theirs to give
    assert three.steers == "s2"
    three.give("s2", "p3", 2.0)
    assert three.steers == "s3"
    assert not three.may_move("s2", 2.1)
    three.give("s3", "nobody", 2.2)
    assert three.steers is None
    assert three.may_move("s1", 2.3)


def test_who_leaves_or_looks_away_does_not_steer(three: Gathering) -> None:
    three.may_move("s1", 0.0)
    three.leave("s1")
    assert three.steers is None
    three.may_move("s2", 0.1)
    three.follow("s2", False)
    assert three.steers is None
    three.take("s2", 0.2)
    assert three.steers is None
    three.take("s3", 0.3)
    three.give("s3", "p2", 0.4)  # who has a camera of their own cannot be given it
    assert three.steers is None


def test_one_who_is_alone_does_not_steer() -> None:
    gathering = Gathering()
    gathering.join("s1", "p1", None, True)
    assert gathering.may_move("s1", 0.0)
    gathering.join("s2", "p2", None, True)
    assert gathering.may_move("s2", 0.1)


def test_pointers_are_of_those_who_share_the_picture(three: Gathering) -> None:
    three.point("s1", (0.1, 0.2))
    three.point("s2", (0.3, 0.4))
    assert list(three.pointers) == [("p1", 0.1, 0.2), ("p2", 0.3, 0.4)]
    three.follow("s2", False)
    three.pointers_stale = False
    three.point("s2", (0.5, 0.5))
    three.point("s1", (0.1, 0.2))
    assert not three.pointers_stale  # nothing that anybody would see
    three.point("s1", None)
    assert three.pointers_stale
    assert list(three.pointers) == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Ada", "Ada"),
        ("  Ada \t\n Lovelace ", "Ada Lovelace"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("A\u202eda\x00\u200b", "Ada"),
        ("Ζωή 李 🙂", "Ζωή 李 🙂"),
        ("\u2003", ""),
    ],
)
def test_a_name_is_one_line_of_what_can_be_seen(said: str, kept: str) -> None:
    assert NameEvent(name=said).name == kept


def test_what_people_say_is_bounded() -> None:
    NameEvent(name="a" * DEFAULT_LIMITS.name_max_length)
    with pytest.raises(ValidationError):
        NameEvent(name="a" * (DEFAULT_LIMITS.name_max_length + 1))
    for x in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValidationError):
            PointerEvent(x=x, y=0.5)
