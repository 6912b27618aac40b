"""How the benchmark of networks counts."""

from __future__ import annotations

import math

from benchmarks.network import gaps_ms, recovered_ms, shown_after
from tests.network.link import UDP, Conditions, Direction


def test_each_camera_waits_for_the_first_frame_that_shows_it_or_a_later_one() -> None:
    left = [(1, 0.0), (2, 10.0), (3, 20.0), (4, 30.0)]
    seen = [(1, 50.0, 9), (1, 55.0, 9), (3, 90.0, 9)]
    assert shown_after(left, seen) == [(0.0, 50.0), (10.0, 80.0), (20.0, 70.0), (30.0, math.inf)]


def test_a_freeze_at_either_end_counts() -> None:
    assert gaps_ms([(1, 600.0, 9), (2, 700.0, 9)], 0.0, 1500.0) == [600.0, 100.0, 800.0]


def test_recovery_is_a_second_without_a_late_event() -> None:
    delays = [(at_ms, 500.0 if at_ms < 1000 or at_ms == 1200 else 20.0) for at_ms in range(0, 4000, 100)]
    assert recovered_ms(delays, 0.0, 250.0) == 1300.0
    assert recovered_ms(delays[:20], 0.0, 250.0) is None  # too little is left to tell


def _packet(protocol: int, size: int = 1000) -> bytes:
    return bytes([0x45, *[0] * 8, protocol]) + bytes(size - 10)


def test_the_link_delays_loses_and_blocks() -> None:
    way = Direction(1, Conditions(delay_ms=50.0, blocked=(UDP,)))
    way.take(_packet(6), 0.0)
    way.take(_packet(UDP), 0.0)
    assert way.next_s() == 0.05
    assert (way.due(0.049), len(way.due(0.05)), way.dropped) == ([], 1, 1)

    way = Direction(1, Conditions(loss=0.05))
    for number in range(10_000):
        way.take(_packet(6), number / 1e3)
    assert 400 < way.dropped < 600
    again = Direction(1, Conditions(loss=0.05))
    for number in range(10_000):
        again.take(_packet(6), number / 1e3)
    assert again.dropped == way.dropped

    way = Direction(1, Conditions(cut=True))
    way.take(_packet(6), 0.0)
    assert way.next_s() is None


def test_the_link_has_a_rate_and_a_queue_and_keeps_the_order() -> None:
    way = Direction(1, Conditions(rate_bps=8e6, queue_ms=10.0, jitter_ms=5.0, delay_ms=5.0))
    packets = [_packet(6) + bytes([number]) for number in range(30)]
    for packet in packets:
        way.take(packet, 0.0)  # each takes a millisecond on the line
    came = way.due(1.0)
    assert came == packets[: len(came)]
    assert 10 <= len(came) <= 12
    assert way.dropped == 30 - len(came)
