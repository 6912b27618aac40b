"""Credit, and what the worker is told of it, with invented clocks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from render.session.credit import CALM_S, FIRST_CATCH_UP_S, MOST_CATCH_UP_S, MOST_IN_FLIGHT, Credit
from render.session.watching import Watching
from render.worker.protocol import FRAMES_IN_FLIGHT, FrameCredit, StreamControl


def test_frames_without_an_acknowledgement_are_few() -> None:
    credit = Credit()
    taken = [credit.take(pts, pts == 0, 0.0) for pts in range(10)]
    assert taken == [True] * FRAMES_IN_FLIGHT + [False] * (10 - FRAMES_IN_FLIGHT)
    assert credit.left == 0


def test_an_acknowledgement_covers_what_was_before_it() -> None:
    credit = Credit()
    for pts in (10, 20, 30):
        credit.take(pts, True, 0.0)
    assert not credit.acknowledge(9, 0.0)
    assert credit.acknowledge(20, 0.0)
    assert credit.left == 2
    assert not credit.acknowledge(20, 0.0)
    assert credit.acknowledge(2**53, 0.0)
    assert credit.left == FRAMES_IN_FLIGHT


def test_the_first_frame_and_one_after_a_missed_one_is_a_key_frame() -> None:
    credit = Credit()
    assert not credit.take(1, False, 0.0)
    assert credit.take(2, True, 0.0)
    assert credit.take(3, False, 0.0)
    assert credit.take(4, False, 0.0)
    assert not credit.take(5, False, 0.0)
    credit.acknowledge(4, 0.0)
    assert not credit.take(6, False, 1.0)
    assert credit.take(7, True, 1.0)
    assert credit.take(8, False, 1.0)


def test_a_key_frame_is_asked_for_once_and_later_each_time() -> None:
    credit = Credit()
    assert credit.wants_key_frame(0.0)
    assert not credit.wants_key_frame(FIRST_CATCH_UP_S / 2)
    waits, now_s, pts = [], 1.0, 0
    for _ in range(7):
        for _ in range(FRAMES_IN_FLIGHT + 1):
            pts += 1
            credit.take(pts, pts % (FRAMES_IN_FLIGHT + 1) == 1, now_s)
        assert not credit.wants_key_frame(now_s + 100.0)  # it could not take one
        credit.acknowledge(pts, 0.0)
        missed_s = now_s
        while not credit.wants_key_frame(now_s):
            now_s += 0.01
        waits.append(round(now_s - missed_s, 1))
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_CATCH_UP_S, MOST_CATCH_UP_S)
    now_s += CALM_S
    for _ in range(FRAMES_IN_FLIGHT + 1):
        pts += 1
        credit.take(pts, True, now_s)
    credit.acknowledge(pts, 0.0)
    assert credit.wants_key_frame(now_s + FIRST_CATCH_UP_S + 0.01)


def test_after_a_restart_only_a_key_frame_is_next() -> None:
    credit = Credit()
    credit.take(1, True, 0.0)
    credit.restart()
    assert credit.wants_key_frame(0.0)
    assert not credit.take(2, False, 0.0)
    assert credit.take(3, True, 0.0)


def used(credit: Credit, round_trip_s: float, frame_s: float, seconds: float) -> list[int]:
    """A client so far away that gets a frame every `frame_s`, if it can take one; the windows after each answer."""
    windows, answers, now_s, pts = [], [], 100.0, 0
    end_s = now_s + seconds
    while now_s < end_s:
        now_s += 0.001
        while answers and answers[0][0] <= now_s:
            credit.acknowledge(answers.pop(0)[1], now_s)
            windows.append(credit.window)
        if credit.left and now_s >= 100.0 + pts * frame_s:
            pts += 1
            assert credit.take(pts, True, now_s)
            answers.append((now_s + round_trip_s, pts))
    return windows


def test_more_frames_are_under_way_on_a_long_way() -> None:
    assert set(used(Credit(), 0.01, 1 / 60, 2.0)) == {FRAMES_IN_FLIGHT}
    far = used(Credit(), 0.2, 1 / 60, 5.0)
    assert 12 <= far[-1] <= FRAMES_IN_FLIGHT + 12
    assert max(used(Credit(), 3.0, 1 / 60, 60.0)) == MOST_IN_FLIGHT
    # At this pace no more are needed.
    assert max(used(Credit(), 0.2, 0.1, 5.0)) <= 4


def test_frames_that_wait_make_the_window_small_again() -> None:
    """A narrow way: each frame takes 50 ms of it, whatever the window."""
    credit, now_s, free_s, answers = Credit(), 0.0, 0.0, []
    for pts in range(1, 2000):
        while not credit.left:
            now_s, acknowledged = answers.pop(0)
            credit.acknowledge(acknowledged, now_s)
        assert credit.take(pts, True, now_s)
        free_s = max(free_s, now_s) + 0.05
        answers.append((free_s + 0.02, pts))
        assert credit.window <= FRAMES_IN_FLIGHT + 2, pts


class Told:
    """A Watching and what it told the worker."""

    def __init__(self) -> None:
        self.messages: list[StreamControl] = []
        self.watching = Watching(self.messages.append)

    def update(self, viewers: list[Any], *joined: Any, now_s: float = 0.0) -> StreamControl | None:
        before = len(self.messages)
        self.watching.update("v", viewers, now_s, *joined)
        assert len(self.messages) - before <= 1
        return self.messages[-1] if len(self.messages) > before else None


def viewer(encoding: str = "h264", credit: Credit | None = None) -> Any:
    return SimpleNamespace(full=False, encoding=encoding, credit=credit)


def test_the_worker_is_told_of_changes_only() -> None:
    told = Told()
    webrtc = viewer()
    first = told.update([webrtc], "h264")
    assert first == StreamControl(view="v", encodings=("h264",), key_frames={"h264": -1})
    told.watching.came("v", "h264", 10)
    # The key frame was said; that nothing else changed need not be.
    assert told.update([webrtc]) is None
    both = told.update([webrtc, viewer("jpeg")])
    assert both is not None
    assert both.encodings == ("h264", "jpeg")
    nobody = told.update([])
    assert nobody == StreamControl(view="v", active=False, encodings=())
    assert told.update([]) is None


def test_an_encoding_may_send_what_its_best_viewer_can_take() -> None:
    told = Told()
    fast, slow = viewer(credit=Credit()), viewer(credit=Credit())
    control = told.update([fast, slow], "h264")
    assert control is not None
    assert control.credit == {"h264": FrameCredit(after_pts=-1, frames=3)}
    for pts in (1, 2, 3):
        for one in (fast, slow):
            assert one.credit.take(pts, pts == 1, 0.0)
        told.watching.came("v", "h264", pts)
        assert told.update([fast, slow], now_s=1.0) is None  # it counts by itself
    fast.credit.acknowledge(2, 0.0)
    control = told.update([fast, slow], now_s=1.0)
    assert control is not None
    assert control.credit == {"h264": FrameCredit(after_pts=3, frames=2)}
    # One that can always take a frame lifts the limit; alone, the slow one has none left.
    unlimited = told.update([fast, slow, viewer()], now_s=1.0)
    assert unlimited is not None
    assert unlimited.credit == {}
    alone = told.update([slow], now_s=1.0)
    assert alone is not None
    assert alone.credit["h264"].frames == 0


def test_one_that_fell_behind_gets_its_key_frame() -> None:
    told = Told()
    slow = viewer(credit=Credit())
    told.update([slow, viewer()], "h264")
    for pts in (1, 2, 3, 4):
        slow.credit.take(pts, pts == 1, 0.0)
        told.watching.came("v", "h264", pts)
    assert told.update([slow, viewer()], now_s=5.0) is None
    slow.credit.acknowledge(3, 0.0)
    control = told.update([slow, viewer()], now_s=5.0)
    assert control is not None
    assert control.key_frames == {"h264": 4}
