"""Whose turn it is on a device, simulated with a clock that only steps move."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from render.worker.scheduler import STEP_BUDGET_S, Pace
from render.worker.turns import GAP_STEP_S, JOB_STEP_S, SHARES, FairQueue, JobPace, Turn, Turns

SIZE = (640, 480)


@dataclass
class Device:
    """Views that sample without end, some of them dragged; each step takes as long as `cost_s` says, or the budget."""

    views: dict[str, Pace] = field(default_factory=dict)
    jobs: dict[str, JobPace] = field(default_factory=dict)
    dragged: set[str] = field(default_factory=set)
    frame_s: dict[str, float] = field(default_factory=dict)  # of a frame in motion
    now_s: float = 0.0
    used_s: Counter[str] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    log: list[tuple[str, Turn]] = field(default_factory=list)
    sequence: int = 0
    turns: Turns[str] = field(default_factory=Turns)

    def open(self, *names: str) -> None:
        for name in names:
            pace = self.views[name] = Pace()
            pace.ask((1, 1, *SIZE), -10.0)
            pace.stepped(False, -10.0)
            pace.redraw = False
            pace.was_sent((1, 1, *SIZE), 1, 1.0, False, -10.0)

    def touch(self, name: str) -> None:
        self.sequence += 1
        self.views[name].ask((1 + self.sequence, 1 + self.sequence, *SIZE), self.now_s)

    def step(self) -> None:
        for name in self.dragged:
            self.touch(name)
        claims = {**self.views, **self.jobs}
        name, wait_s = self.turns.next(claims.items(), self.now_s)
        if name is None:
            assert wait_s is not None
            self.now_s += wait_s + 1e-6
            return
        turn = claims[name].turn(self.now_s)
        self.log.append((name, turn))
        if name in self.jobs:
            took_s = self.turns.budget_s(self.jobs[name].step_budget_s)
            self.jobs[name].stepped(True, self.now_s + took_s)
        else:
            pace = self.views[name]
            pace.begin(self.now_s)
            took_s = self.turns.budget_s(pace.step_budget_s)
            if pace.interactive:
                took_s = self.frame_s.get(name, took_s)
            pace.stepped(False, self.now_s + took_s)
            if pace.interactive:
                pace.redraw = False
                pace.was_sent(pace.wanted, 1, 1.0, False, self.now_s + took_s)
                self.frames[name] += 1
        self.now_s += took_s
        self.used_s[name] += took_s
        self.turns.spent(took_s)

    def run(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.step()


def test_one_that_is_dragged_all_the_time_leaves_the_others_their_share() -> None:
    device = Device()
    device.open("a", "b", "c", "dragged")
    device.dragged = {"dragged"}
    device.run(20.0)
    shares = {name: used / device.now_s for name, used in device.used_s.items()}
    assert shares["dragged"] == pytest.approx(
        SHARES[Turn.INTERACT] / (SHARES[Turn.INTERACT] + SHARES[Turn.REFINE]), abs=0.05
    )
    for name in "abc":
        assert shares[name] == pytest.approx((1 - shares["dragged"]) / 3, abs=0.01)
    gaps = [device.log[i : i + 40] for i in range(0, len(device.log) - 40, 40)]
    assert all({name for name, _ in gap} == {"a", "b", "c", "dragged"} for gap in gaps)


def test_refinement_takes_what_is_left_and_does_not_slow_the_hand() -> None:
    device = Device(frame_s={"dragged": 0.006})
    device.open("a", "b", "dragged")
    device.dragged = {"dragged"}
    device.run(10.0)
    assert device.frames["dragged"] / device.now_s > 60  # alone it would make 75; a step in the gap takes GAP_STEP_S
    assert device.used_s["a"] == pytest.approx(device.used_s["b"], rel=0.05)
    assert device.used_s["a"] + device.used_s["b"] > 0.4 * device.now_s


def test_one_that_is_touched_answers_within_two_steps_whatever_the_others_do() -> None:
    chance = random.Random(1)
    device = Device()
    device.open("a", "b", "c", "dragged")
    device.jobs["movie"] = JobPace()
    device.dragged = {"dragged"}
    waited = []
    for _ in range(200):
        device.run(chance.uniform(0.26, 0.6))
        name = chance.choice("abc")
        frames, begun = device.frames[name], len(device.log)
        device.step()  # the step that is under way when the hand comes
        device.touch(name)
        while device.frames[name] == frames:
            device.step()
        waited.append(len(device.log) - begun - 1)
    assert max(waited) == 1  # and the one that was under way


def test_two_hands_get_the_same_time_though_one_has_slower_frames() -> None:
    device = Device(frame_s={"slow": 0.050, "quick": 0.015})
    device.open("slow", "quick")
    device.dragged = {"slow", "quick"}
    device.run(20.0)
    assert device.used_s["slow"] == pytest.approx(device.used_s["quick"], rel=0.05)
    assert device.frames["quick"] == pytest.approx(device.frames["slow"] * 50 / 15, rel=0.05)


def test_a_job_is_last_and_does_not_starve() -> None:
    device = Device()
    device.open("a", "dragged")
    device.jobs["movie"] = JobPace(step_budget_s=10.0)
    device.run(10.0)
    total = SHARES[Turn.REFINE] + SHARES[Turn.BACKGROUND]
    resting = (device.used_s["a"] + device.used_s["dragged"]) / device.now_s
    assert resting == pytest.approx(SHARES[Turn.REFINE] / total, abs=0.02)
    device.dragged = {"dragged"}
    before_s, start_s = device.used_s["movie"], device.now_s
    device.run(20.0)
    share = (device.used_s["movie"] - before_s) / (device.now_s - start_s)
    assert share == pytest.approx(SHARES[Turn.BACKGROUND] / sum(SHARES.values()), abs=0.02)
    device.views.clear()
    device.dragged.clear()
    before_s, start_s = device.used_s["movie"], device.now_s
    device.run(1.0)
    assert device.used_s["movie"] - before_s == pytest.approx(device.now_s - start_s)


def test_steps_of_jobs_are_bounded_and_short_beside_a_hand() -> None:
    assert JobPace(step_budget_s=10.0).step_budget_s == JOB_STEP_S
    device = Device(jobs={"movie": JobPace()})
    device.open("dragged")
    assert device.turns.budget_s(STEP_BUDGET_S) == STEP_BUDGET_S
    device.touch("dragged")
    device.views["dragged"].active = False  # nobody watches
    device.turns.next([*device.views.items(), *device.jobs.items()], device.now_s)
    assert device.turns.budget_s(JOB_STEP_S) == JOB_STEP_S
    device.views["dragged"].active = True
    device.views["dragged"].frame_begun_s = device.now_s  # its next frame is not due yet
    assert device.turns.next([*device.views.items(), *device.jobs.items()], device.now_s)[0] == "movie"
    assert device.turns.budget_s(JOB_STEP_S) == GAP_STEP_S


def test_a_job_that_is_done_wants_nothing() -> None:
    job = JobPace()
    job.stepped(False, 1.0)
    assert Turns[str]().next([("movie", job)], 2.0) == (None, None)


def test_who_was_away_has_neither_saved_time_nor_lost_it() -> None:
    queue: FairQueue[str] = FairQueue()
    for _ in range(100):
        queue.charge("busy", 1.0)
    assert queue.start("new") == queue.start("busy") - 1.0  # next, and once only
    queue.charge("new", 1.0)
    assert queue.start("new") == queue.start("busy")
    queue.forget("busy")
    assert queue.start("busy") <= queue.start("new")


def test_weights_are_shares() -> None:
    queue: FairQueue[str] = FairQueue()
    weights, served = {"a": 3.0, "b": 1.0}, Counter[str]()
    for _ in range(400):
        key = min(weights, key=queue.start)
        queue.charge(key, 0.01, weights[key])
        served[key] += 1
    assert served["a"] == pytest.approx(300, abs=2)
