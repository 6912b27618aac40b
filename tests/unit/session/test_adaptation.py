"""Several viewers of a view: who rules, and what the others get."""

from __future__ import annotations

from itertools import pairwise

import pytest

from render.session.adaptation import BITRATE_STEP, Adaptation, Gate, in_steps, motion
from render.session.events import ReportEvent
from render.session.link import CEILING_BPS, FLOOR_BPS, START_BPS
from render.worker.protocol import AdaptView

SIZE = (1280, 720)
M = 1e6
FRAME_BYTES = 20_000


class Room:
    """Viewers of view "v", each on a link that carries so many bits a second; frames at 30 a second fill the rate."""

    def __init__(self, **links: float) -> None:
        self.adaptation = Adaptation()
        self.links = links
        self.allowed = START_BPS
        self.now_s = 0.0
        self.key_frames = 0
        self.got: dict[str, list[tuple[float, int, bool]]] = {name: [] for name in links}
        self.asked: list[tuple[float, str]] = []
        self._waiting = dict.fromkeys(links, 0.0)
        self._told: list[AdaptView] = []
        self._frames = 0
        self._key_next = True

    def run(self, seconds: float, decode_ms: float | None = None) -> AdaptView:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._frame()
            if self._frames % 15 == 0:
                self._report(decode_ms)
        return self._told[-1]

    def _frame(self) -> None:
        self.now_s += 1 / 30
        self._frames += 1
        key, self._key_next = self._key_next, False
        size = round(self.allowed / 8 / 30)
        for name in self.links:
            goes, asks = self.adaptation.passes(name, size, key, self.now_s)
            if goes:
                self.got[name].append((self.now_s, size, key))
                self._waiting[name] += 8 * size
            if asks:
                self.asked.append((self.now_s, name))
                self._key_next = True

    def _report(self, decode_ms: float | None) -> None:
        for name, rate_bps in self.links.items():
            arrived = min(self._waiting[name], rate_bps / 2)
            self._waiting[name] -= arrived
            waits_ms = 1000 * self._waiting[name] / rate_bps
            report = ReportEvent(
                transport="webrtc", bytes_received=round(arrived / 8), lost=0.0, round_trip_ms=20 + waits_ms,
                decode_ms=decode_ms, frames_received=15,
            )  # fmt: skip
            self.adaptation.heard(name, "v", SIZE, report, self.now_s)
        for told in self.adaptation.changes():
            assert told.bitrate_bps is not None
            self.allowed = told.bitrate_bps
            self._told.append(told)
            self._key_next = True


def test_the_slowest_sane_viewer_rules() -> None:
    told = Room(a=30 * M, b=20 * M, c=9 * M).run(30)
    assert told.bitrate_bps is not None
    assert 4 * M < told.bitrate_bps <= 15 * M


def test_one_very_bad_viewer_gets_what_it_can_take_and_the_others_all() -> None:
    room = Room(a=60 * M, b=60 * M, bad=0.8 * M)
    told = room.run(40)
    assert told.bitrate_bps is not None
    assert told.bitrate_bps > 10 * M
    late = [size for now_s, size, _ in room.got["bad"] if now_s > 20]
    assert 0.1 * M < 8 * sum(late) / 20 < 1.2 * M
    assert len([1 for now_s, _, _ in room.got["a"] if now_s > 20]) == pytest.approx(600, abs=5)
    # What it gets can be decoded: after a gap a key frame comes first.
    for (before_s, _, _), (now_s, _, key) in pairwise(room.got["bad"]):
        assert key or now_s - before_s < 1.5 / 30
    asked = [now_s for now_s, name in room.asked if name == "bad" and now_s > 5]
    assert asked
    assert all(later - earlier >= 2.99 for earlier, later in pairwise(asked))


def test_a_viewer_whose_link_recovers_is_back_with_the_others() -> None:
    room = Room(a=60 * M, bad=0.8 * M)
    room.run(20)
    room.links["bad"] = 60 * M
    room.run(30)
    frames = {name: sum(1 for now_s, _, _ in got if now_s > room.now_s - 3) for name, got in room.got.items()}
    assert frames["bad"] == frames["a"]


def test_of_one_viewer_alone_nobody_is_behind() -> None:
    told = Room(only=0.8 * M).run(20)
    assert told.bitrate_bps is not None
    assert told.bitrate_bps < 1.5 * M


def test_a_viewer_that_leaves_or_falls_silent_rules_no_more() -> None:
    room = Room(a=60 * M, slow=8 * M)
    before = room.run(20).bitrate_bps
    assert before is not None
    assert before < 12 * M
    del room.links["slow"]
    after = room.run(25).bitrate_bps
    assert after is not None
    assert after > 15 * M
    room.adaptation.left("slow")
    room.adaptation.left("nobody")
    room.adaptation.closed("v")
    assert room.adaptation.changes() == []


def test_a_slow_decoder_gets_fewer_pictures() -> None:
    assert Room(a=60 * M).run(5, decode_ms=40.0).frame_interval_s == pytest.approx(1 / 20)
    assert Room(a=60 * M).run(5, decode_ms=4.0).frame_interval_s == pytest.approx(1 / 60)


def test_who_does_not_report_rules_nothing_and_gets_everything() -> None:
    adaptation = Adaptation()
    assert all(adaptation.passes("foreign", 10**6, False, t / 30) == (True, False) for t in range(90))
    assert adaptation.changes() == []


def test_reports_that_come_too_fast_are_not_looked_at() -> None:
    adaptation = Adaptation()
    bad = ReportEvent(transport="webrtc", lost=1.0, bytes_received=0)
    for number in range(1000):
        adaptation.heard("a", "v", SIZE, bad, 1.0 + number * 0.0001)
    assert adaptation.changes() == []
    assert adaptation.rates() == {}


def test_a_viewer_that_changes_views_keeps_what_is_known_of_its_link() -> None:
    room = Room(a=2 * M)
    room.run(20)
    known = room.adaptation.rates()["a"]
    room.adaptation.heard("a", "other", SIZE, ReportEvent(transport="webrtc"), room.now_s + 0.5)
    assert room.adaptation.rates()["a"] == known
    room.adaptation.heard("a", "other", SIZE, ReportEvent(transport="webrtc"), room.now_s + 1.0)
    (told,) = [told for told in room.adaptation.changes() if told.view == "other"]
    assert told.bitrate_bps == in_steps(known)


def test_bit_rates_are_steps_that_the_worker_takes() -> None:
    rates = sorted({in_steps(FLOOR_BPS * 1.01**i) for i in range(500) if FLOOR_BPS * 1.01**i <= CEILING_BPS})
    assert START_BPS in rates
    assert rates[0] >= FLOOR_BPS
    assert all(upper / lower > 1.5 for lower, upper in pairwise(rates[1:]))
    assert all(in_steps(rate) == rate and in_steps(rate * BITRATE_STEP * 0.999) == rate for rate in rates[1:])


@pytest.mark.parametrize(
    ("mbps", "size", "expected"),
    [
        (16, (1280, 720), (60.0, 1.0)),
        (3.0, (1280, 720), (45.0, 1.0)),
        (1.97, (1280, 720), (30.0, 1.0)),
        (1.3, (1280, 720), (30.0, 0.82)),
        (0.37, (1280, 720), (20.0, 0.5)),
        (0.3, (3840, 2160), (15.0, 0.25)),
        (16, (3840, 2160), (30.0, 1.0)),
    ],
)
def test_a_small_bit_rate_takes_from_motion_and_resolution_in_turns(
    mbps: float, size: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert motion(mbps * M, size) == expected


def test_a_closed_gate_opens_with_a_key_frame_only() -> None:
    gate = Gate(behind=True)
    assert gate.passes(1000, True, M, 0.0) == (False, False)  # nothing was saved up yet
    assert gate.passes(1000, False, M, 0.2) == (False, False)
    assert gate.passes(1000, False, M, 0.6) == (False, True)
    assert gate.passes(1000, False, M, 0.7) == (False, False)  # asked for already
    assert gate.passes(100_000, True, M, 0.8) == (True, False)
    assert gate.passes(10_000, False, M, 0.81)[0] is True
    assert gate.passes(1000, False, M, 0.811)[0] is False
    gate.behind = False
    assert gate.passes(1000, False, M, 1.2) == (False, True)
    assert gate.passes(1000, True, M, 1.3) == (True, False)
    assert gate.passes(10**7, False, M, 1.3) == (True, False)
