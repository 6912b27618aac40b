"""Pacing, with invented clocks."""

from __future__ import annotations

from itertools import pairwise

from render.worker.scheduler import (
    KEEP_ALIVE_S,
    MAX_REFINE_INTERVAL_S,
    MIN_FRAME_INTERVAL_S,
    REPEAT_INTERVAL_S,
    REPEATS,
    Pace,
    next_view,
)

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
    assert next_view([("refining", refining), ("moved", moved)], 10.0) == ("moved", 0.0)


def test_the_view_that_waits_longest_comes_first() -> None:
    first, second = resting(), resting()
    second.ask((2, 2, *SIZE), 9.0)
    first.ask((2, 2, *SIZE), 9.5)
    second.ask((3, 3, *SIZE), 9.8)  # a newer event does not put it back
    assert next_view([("first", first), ("second", second)], 10.0)[0] == "second"


def test_refining_views_take_turns() -> None:
    paces = {name: resting() for name in "abc"}
    for pace in paces.values():
        pace.stepped(False, 0.0)
    turns = []
    for turn in range(6):
        name, _ = next_view(paces.items(), 1.0 + turn)
        assert name is not None
        paces[name].stepped(False, 1.0 + turn)
        turns.append(name)
    assert sorted(turns[:3]) == sorted(turns[3:]) == ["a", "b", "c"]


def test_frames_of_fast_events_keep_their_distance() -> None:
    pace = resting()
    pace.was_sent((1, 1, *SIZE), 8, 1.0, False, 10.0)
    pace.ask((2, 2, *SIZE), 10.001)
    view, wait_s = next_view([("v", pace)], 10.001)
    assert view is None
    assert wait_s is not None
    assert abs(wait_s - (MIN_FRAME_INTERVAL_S - 0.001)) < 1e-9


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
    pace.joined(1.05)
    pace.owed_s = None
    assert pace.due_s() == 1.05 + REPEAT_INTERVAL_S


def test_a_view_that_nobody_can_take_is_drawn_once_and_after_the_others() -> None:
    blocked, other = resting(), resting()
    other.redraw = False
    blocked.blocked = True
    blocked.ask((2, 2, *SIZE), 1.0)
    assert next_view([("b", blocked), ("o", other)], 2.0)[0] == "b"
    blocked.stepped(False, 2.0)
    blocked.redraw = False
    assert next_view([("b", blocked), ("o", other)], 2.1)[0] == "o"
    blocked.stepped(True, 2.1)
    assert blocked.due_s() is None
    blocked.blocked = False
    assert next_view([("b", blocked), ("o", other)], 2.2)[0] == "b"


def test_a_stalled_or_unwatched_view_costs_nothing() -> None:
    stalled, unwatched = resting(), resting()
    for pace in (stalled, unwatched):
        pace.ask((2, 2, *SIZE), 1.0)
    stalled.stalled, unwatched.active = True, False
    assert next_view([("s", stalled), ("u", unwatched)], 2.0) == (None, None)
    stalled.ask((3, 3, *SIZE), 3.0)  # another state may be all right
    assert next_view([("s", stalled)], 4.0)[0] == "s"
