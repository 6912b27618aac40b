"""The controllers of one viewer on simulated links."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest

from render.session.adaptation import in_steps
from render.session.link import (
    CEILING_BPS,
    FLOOR_BPS,
    MAX_FPS,
    MIN_FPS,
    START_BPS,
    FrameRateController,
    Measurement,
    RateController,
)

from .link_model import REPORT_S, TICK_S, Link

M = 1e6


def steps(*changes: tuple[float, float]) -> Callable[[float], float]:
    """A rate in bits a second that is another one from each of these times on: (from s, Mbit/s)."""

    def rate(now_s: float) -> float:
        return next(mbps for since_s, mbps in reversed(changes) if now_s >= since_s) * M

    return rate


def run(
    link: Link, seconds: float, demand_bps: Callable[[float], float] = lambda now_s: 100 * M
) -> list[tuple[float, float, int]]:
    """Send as much as is allowed, and wanted; (time, rate, what the encoder is allowed) after each report."""
    controller, allowed, sent, told = RateController(), in_steps(START_BPS), 0.0, []
    for tick in range(1, round(seconds / TICK_S) + 1):
        now_s = tick * TICK_S
        size = min(allowed, demand_bps(now_s)) * TICK_S / 8
        link.tick(now_s, size)
        sent += size
        if tick % round(REPORT_S / TICK_S) == 0:
            report = link.report(now_s)
            rate = controller.update(
                now_s,
                Measurement(
                    interval_s=REPORT_S,
                    allowed_bps=allowed,
                    sent_bps=8 * sent / REPORT_S,
                    received_bps=8 * report.bytes_received / REPORT_S,
                    lost=report.lost,
                    round_trip_ms=report.round_trip_ms,
                    jitter_ms=link.jitter_ms,
                ),
            )
            allowed, sent = in_steps(rate), 0.0
            told.append((now_s, rate, allowed))
    return told


LINKS = {
    "deep queue": {"queue_bytes": 1_500_000},
    "shallow queue": {"queue_bytes": 40_000},
    "round trip seldom measured": {"queue_bytes": 500_000, "trip_every_s": 2.5},
    "round trip unknown": {"queue_bytes": 500_000, "knows_trip": False},
    "far away": {"queue_bytes": 500_000, "base_ms": 200.0},
    "5 % lost by chance": {"queue_bytes": 250_000, "chance_loss": 0.05},
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_that_drops_to_a_tenth_and_comes_back(kind: str) -> None:
    link = Link(steps((0, 20), (10, 2), (30, 20)), **LINKS[kind])
    told = run(link, 45)
    at = {round(now_s, 2): allowed for now_s, _, allowed in told}
    assert at[9.0] > 8 * M
    narrow = [at[13.0 + 0.5 * i] for i in range(34)]
    assert max(narrow) < 3.1 * M  # the next step above what the link carries is tried now and then
    assert 1.0 * M < sum(narrow) / len(narrow) < 2.0 * M
    waits_ms = sorted(delay for now_s, delay in link.delays_ms if 15.5 < now_s < 30)
    if link.knows_trip:
        assert waits_ms[len(waits_ms) // 2] < 5  # within 5.5 s all that was sent too much is let out
        assert waits_ms[-1] < 300
    assert max(at[now_s] for now_s in (37.0, 37.5, 38.0)) > 9 * M, "back within 8 s"


def test_a_narrow_link_is_used_and_its_limit_is_tried_seldom() -> None:
    link = Link(steps((0, 3)))
    told = run(link, 90)[40:]
    assert sum(allowed for _, _, allowed in told) / len(told) > 1.8 * M
    changes = sum(before != after for (_, _, before), (_, _, after) in pairwise(told))
    assert changes <= 40  # in 70 s; each is a key frame


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.1])
def test_loss_by_chance_does_not_take_the_picture_away(loss: float) -> None:
    told = run(Link(steps((0, 50)), chance_loss=loss), 60)
    allowed = sorted(allowed for _, _, allowed in told)
    assert allowed[len(allowed) // 2] >= START_BPS / 2
    assert allowed[0] >= START_BPS / 8


def test_jitter_is_no_queue() -> None:
    told = run(Link(steps((0, 50)), jitter_ms=30.0, base_ms=100.0), 60)
    assert min(allowed for _, _, allowed in told) >= START_BPS / 2


def test_what_is_not_used_is_not_raised_and_rest_changes_nothing() -> None:
    told = run(Link(steps((0, 100))), 30, lambda now_s: 1 * M)
    assert {rate for _, rate, _ in told} == {START_BPS}
    resting = run(Link(steps((0, 100))), 30, lambda now_s: 100 * M if now_s < 5 else 0.0)
    assert len({rate for now_s, rate, _ in resting if now_s > 6}) == 1


def test_the_rate_keeps_its_floor_and_its_ceiling() -> None:
    slow = run(Link(steps((0, 0.05)), queue_bytes=20_000), 40)
    assert all(FLOOR_BPS <= allowed < 2 * FLOOR_BPS for now_s, _, allowed in slow if now_s > 20)
    fast = run(Link(steps((0, 1000))), 40)
    assert fast[-1][1] == CEILING_BPS


@pytest.mark.parametrize("value", [0.0, 1e-300, 1e12])
def test_senseless_reports_do_no_harm(value: float) -> None:
    controller, frames = RateController(), FrameRateController()
    for number in range(200):
        seen = Measurement(
            interval_s=0.2,
            allowed_bps=controller.rate_bps,
            sent_bps=value,
            received_bps=value,
            lost=min(value, 1.0),
            round_trip_ms=value,
            jitter_ms=value,
            decode_ms=value,
            queue=int(min(value, 1e9)),
            dropped=min(value, 1.0),
        )
        assert FLOOR_BPS <= controller.update(0.2 * number, seen) <= CEILING_BPS
        assert MIN_FPS <= frames.update(0.2 * number, seen) <= MAX_FPS
    assert math.isfinite(controller.rate_bps)


def decoding(decode_ms: float | None = None, queue: int = 0, dropped: float = 0.0) -> Measurement:
    return Measurement(0.5, START_BPS, 1 * M, decode_ms=decode_ms, queue=queue, dropped=dropped)


def test_a_decoder_gets_as_many_pictures_as_it_takes_and_more_when_it_is_quicker() -> None:
    frames = FrameRateController()
    assert frames.update(0.0, decoding(4.0)) == MAX_FPS
    assert frames.update(0.5, decoding(30.0)) == pytest.approx(30.0)
    for tick in range(40):
        frames.update(1.0 + 0.5 * tick, decoding(4.0))
    assert frames.fps == MAX_FPS


@pytest.mark.parametrize("overload", [{"queue": 6}, {"dropped": 0.5}])
def test_pictures_that_wait_or_are_dropped_become_fewer(overload: dict[str, float]) -> None:
    frames = FrameRateController()
    for tick in range(3):
        frames.update(0.5 * tick, decoding(**overload))  # type: ignore[arg-type]
    assert frames.fps == pytest.approx(60 * 0.75**3)
    held = frames.update(2.0, decoding())
    assert held == frames.fps
    assert frames.update(4.0, decoding()) > held
