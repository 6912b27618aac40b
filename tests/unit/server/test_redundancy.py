"""When packets are sent twice."""

from __future__ import annotations

import pytest

from render.server.redundancy import ON_S, LossMeter


def _run(
    meter: LossMeter, loss: float, seconds: float, age_s: float = 0.1, start_s: float = 0.0, packets: int = 10
) -> float:
    """60 frames a second of `packets` packets, of which this share is reported; the time at the end."""
    owed = 0.0
    for frame in range(round(60 * seconds)):
        now_s = start_s + frame / 60
        meter.sent(packets, now_s)
        owed += packets * loss
        while owed >= 1.0:
            meter.reported(age_s, now_s)
            owed -= 1.0
    return start_s + seconds


def test_nothing_is_copied_where_nothing_is_lost() -> None:
    meter = LossMeter()
    assert not meter.worth_a_copy(0.0)
    now_s = _run(meter, 0.0, 5.0)
    assert meter.loss(now_s) == 0.0
    assert not meter.worth_a_copy(now_s)


def test_one_lost_packet_is_no_lossy_line() -> None:
    meter = LossMeter()
    meter.sent(10, 0.0)
    meter.reported(0.1, 0.0)
    assert not meter.worth_a_copy(0.1)


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.1])
def test_what_is_lost_is_measured_and_copied(loss: float) -> None:
    meter = LossMeter()
    now_s = _run(meter, loss, 5.0)
    assert meter.loss(now_s) == pytest.approx(loss, rel=0.1)
    assert meter.worth_a_copy(now_s)


def test_copies_end_some_time_after_the_last_loss() -> None:
    meter = LossMeter()
    now_s = _run(meter, 0.05, 3.0)
    assert meter.worth_a_copy(now_s)
    _run(meter, 0.0, ON_S - 1.0, start_s=now_s)
    assert meter.worth_a_copy(now_s + ON_S - 1.0)
    _run(meter, 0.0, 4.0, start_s=now_s + ON_S - 1.0)
    assert not meter.worth_a_copy(now_s + ON_S + 3.0)


def test_a_flood_of_losses_is_not_answered_with_more_packets() -> None:
    meter = LossMeter()
    assert meter.worth_a_copy(_run(meter, 0.05, 3.0))
    assert not meter.worth_a_copy(_run(meter, 0.5, 3.0, start_s=3.0))


def test_losses_of_a_full_line_are_not_answered_with_more_packets() -> None:
    meter = LossMeter()
    now_s = _run(meter, 0.05, 3.0, age_s=0.05)
    assert meter.worth_a_copy(now_s)
    now_s = _run(meter, 0.05, 3.0, age_s=0.25, start_s=now_s)  # packets wait 200 ms longer before they are dropped
    assert meter.line_is_full(now_s)
    assert not meter.worth_a_copy(now_s)
    # A line that is merely long is not full.
    assert LossMeter().worth_a_copy(0.0) is False
    far = LossMeter()
    assert far.worth_a_copy(_run(far, 0.05, 3.0, age_s=0.3))


def test_what_is_remembered_is_bounded() -> None:
    meter = LossMeter()
    now_s = _run(meter, 0.1, 200.0)
    meter.loss(now_s)
    assert len(meter._sent) <= 60 * 2 + 2
    assert len(meter._lost) <= 60 * 2 + 2
    assert len(meter._soonest) <= 60 * 60 * 2
