"""Pacing, with invented clocks."""

from __future__ import annotations

from itertools import pairwise

from render.worker.scheduler import (
    KEEP_ALIVE_S,
    MAX_REFINE_INTERVAL_S,
    MIN_FRAME_INTERVAL_S,
    REPEAT_INTERVAL_S,
    REPEATS,
    STEP_BUDGET_S,
    Pace,
)
from render.worker.turns import Turn, Turns

SIZE = (640, 480)


def resting(now_s: float = 0.0) -> Pace:
    """A view that has shown all there is to show, long ago."""
    pace = Pace()
    shown = (1, 1, *SIZE)
    pace.ask(shown, now_s)
    pace.stepped(True, now_s)
    pace.redraw = False
    for _ in range(REPEATS + 1):
        pace.was_sent(shown, 8, 1.0, False, now_s)
    return pace


def test_an_event_is_due_at_once_and_before_refinement() -> None:
    moved, refining = resting(), resting()
    refining.stepped(False, 5.0)
    moved.ask((2, 2, *SIZE), 9.9)
    assert Turns[str]().next([("refining", refining), ("moved", moved)], 10.0) == ("moved", 0.0)


def test_the_view_that_waits_longest_comes_first() -> None:
    first, second = resting(), resting()
    second.ask((2, 2, *SIZE), 9.0)
    first.ask((2, 2, *SIZE), 9.5)
    second.ask((3, 3, *SIZE), 9.8)  # a newer event does not put it back
    assert Turns[str]().next([("first", first), ("second", second)], 10.0)[0] == "second"


def test_refining_views_take_turns() -> None:
    paces = {name: resting() for name in "abc"}
    for pace in paces.values():
        pace.stepped(False, 0.0)
    turns: Turns[str] = Turns()
    served = []
    for turn in range(6):
        name, _ = turns.next(paces.items(), 1.0 + turn)
        assert name is not None
        paces[name].stepped(False, 1.0 + turn)
        turns.spent(STEP_BUDGET_S)
        served.append(name)
    assert sorted(served[:3]) == sorted(served[3:]) == ["a", "b", "c"]


def test_frames_of_fast_events_keep_their_distance() -> None:
    pace = resting()
    pace.begin(10.0)
    pace.was_sent((1, 1, *SIZE), 8, 1.0, False, 10.004)  # from beginning to beginning: rendering is part of it
    pace.ask((2, 2, *SIZE), 10.005)
    view, wait_s = Turns[str]().next([("v", pace)], 10.005)
    assert view is None
    assert wait_s is not None
    assert abs(wait_s - (MIN_FRAME_INTERVAL_S - 0.005)) < 1e-9


def test_samples_are_sent_when_they_doubled() -> None:
    pace = resting()
    shown = (2, 2, *SIZE)
    pace.ask(shown, 0.0)
    now_s, sent = 0.0, []
    for samples in range(1, 65):
        now_s += 0.11
        pace.stepped(False, now_s)
        if now_s - pace.sent_s < MAX_REFINE_INTERVAL_S and not pace.worth_sending(shown, samples, 1.0, now_s):
            continue
        if pace.worth_sending(shown, samples, 1.0, now_s):
            sent.append(samples)
            pace.was_sent(shown, samples, 1.0, False, now_s)
    assert sent[:3] == [1, 2, 4]
    assert all(later - earlier <= 5 for earlier, later in pairwise(sent))  # 0.5 s each


def test_a_converged_picture_is_sent_then_repeated_then_kept_alive() -> None:
    pace = resting()
    shown = (2, 2, *SIZE)
    pace.ask(shown, 0.0)
    pace.stepped(True, 0.0)
    pace.redraw = False
    now_s, gaps = 0.0, []
    for _ in range(REPEATS + 3):
        assert not pace.needs_step
        assert pace.worth_sending(shown, 8, 1.0, now_s)
        pace.was_sent(shown, 8, 1.0, False, now_s)
        due_s = pace.due_s()
        assert due_s is not None
        gaps.append(round(due_s - now_s, 6))
        now_s = due_s
    assert gaps == [REPEAT_INTERVAL_S] * REPEATS + [KEEP_ALIVE_S] * 3


def test_a_frame_that_is_owed_to_some_viewers_is_due_for_them_alone() -> None:
    pace = resting()
    pace.stepped(True, 0.0)
    pace.redraw = False
    pace.was_sent((1, 1, *SIZE), 8, 1.0, False, 1.0)
    pace.owed_s = 1.05
    assert pace.due_s() == 1.05
    assert not pace.worth_sending((1, 1, *SIZE), 8, 1.0, 1.05)
    assert pace.worth_sending((1, 1, *SIZE), 8, 1.0, 1.0 + KEEP_ALIVE_S)


def test_a_view_that_nobody_can_take_is_drawn_once_and_after_the_others() -> None:
    blocked, moved = resting(), resting()
    blocked.blocked = True
    blocked.ask((2, 2, *SIZE), 1.0)
    moved.ask((2, 2, *SIZE), 1.5)
    assert Turns[str]().next([("b", blocked), ("m", moved)], 2.0)[0] == "m"
    assert Turns[str]().next([("b", blocked)], 2.0)[0] == "b"  # with what is left
    blocked.redraw = False
    blocked.stepped(True, 2.1)
    assert blocked.due_s() is None
    blocked.blocked = False
    assert blocked.turn(2.2) is Turn.INTERACT


def test_a_stalled_or_unwatched_view_costs_nothing() -> None:
    stalled, unwatched = resting(), resting()
    for pace in (stalled, unwatched):
        pace.ask((2, 2, *SIZE), 1.0)
    stalled.stalled, unwatched.active = True, False
    assert Turns[str]().next([("s", stalled), ("u", unwatched)], 2.0) == (None, None)
    stalled.ask((3, 3, *SIZE), 3.0)  # another state may be all right
    assert Turns[str]().next([("s", stalled)], 4.0)[0] == "s"


def test_what_a_step_is_for() -> None:
    pace = resting()
    assert pace.turn(5.0) is Turn.REFINE
    pace.ask((2, 2, *SIZE), 5.0)
    assert pace.turn(5.0) is Turn.ANSWER
    pace.stepped(False, 5.01)
    assert pace.turn(5.01) is Turn.INTERACT
    pace.was_sent((2, 2, *SIZE), 1, 0.5, False, 5.02)
    pace.ask((3, 3, *SIZE), 5.03)
    assert pace.turn(5.03) is Turn.INTERACT  # a hand that goes on is no new one
    pace.was_sent((3, 3, *SIZE), 1, 0.5, False, 5.04)
    assert pace.turn(5.05) is Turn.REFINE
    assert pace.turn(5.03 + 0.25) is Turn.INTERACT  # it has come to rest, and is not at its full resolution
    pace.was_sent((3, 3, *SIZE), 1, 1.0, False, 5.3)
    assert pace.turn(5.31) is Turn.REFINE
    pace.owed_s = 5.6
    assert pace.turn(5.7) is Turn.INTERACT  # somebody sees nothing until then


def test_frames_that_are_far_apart_may_take_longer_to_make() -> None:
    pace = resting()
    assert pace.step_budget_s == STEP_BUDGET_S
    pace.frame_interval_s = 1 / 15
    assert pace.step_budget_s == 0.6 / 15
    pace.frame_interval_s = 1.0
    assert pace.step_budget_s == 2 * STEP_BUDGET_S
    pace.begin(10.0)
    pace.was_sent((1, 1, *SIZE), 8, 1.0, False, 10.05)
    pace.ask((2, 2, *SIZE), 10.1)
    assert pace.due_s() == 11.0


def test_a_picture_that_converges_at_once_keeps_its_distance_and_is_not_forgotten() -> None:
    pace, shown = resting(), (2, 2, *SIZE)
    pace.frame_interval_s = 0.125
    pace.ask(shown, 20.0)
    pace.begin(20.0)
    pace.stepped(False, 20.01)
    pace.redraw = False
    pace.was_sent(shown, 1, 1.0, False, 20.01)
    pace.stepped(True, 20.02)
    assert not pace.worth_sending(shown, 8, 1.0, 20.02)
    assert pace.due_s() == 20.01 + 0.125
    assert pace.worth_sending(shown, 8, 1.0, 20.135)
    pace.was_sent(shown, 8, 1.0, False, 20.135)
    assert pace.due_s() == 20.135 + REPEAT_INTERVAL_S
