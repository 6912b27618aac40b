"""When a video does without a bound on its frames, and when it gets one again."""

from __future__ import annotations

from render.worker.headroom import BUCKET_S, FIRST_WAIT_S, LONGEST_INTERVAL_S, WAIT_GROWTH, Headroom

BITRATE_BPS = 16_000_000
FRAME_S = 1 / 30
SMALL, HALF_FULL, TOO_LARGE = 15_000, 120_000, 300_000
"""Bytes of frames: the bucket holds 200 000."""


def run(headroom: Headroom, n_bytes: int, from_s: float, seconds: float, moves: bool = True) -> list[float]:
    """When `bounded` changed while frames of one size came."""
    times = [from_s + number * FRAME_S for number in range(round(seconds / FRAME_S))]
    return [time_s for time_s in times if headroom.sent(n_bytes, time_s, moves)]


def test_small_frames_lose_their_bound_after_a_while() -> None:
    headroom = Headroom(BITRATE_BPS)
    (changed_s,) = run(headroom, SMALL, 100.0, 10.0)
    assert FIRST_WAIT_S <= changed_s - 100.0 < FIRST_WAIT_S + 2 * FRAME_S
    assert not headroom.bounded


def test_frames_that_use_the_bit_rate_keep_it() -> None:
    for n_bytes in (round(0.6 * BITRATE_BPS * FRAME_S / 8), HALF_FULL):
        headroom = Headroom(BITRATE_BPS)
        assert not run(headroom, n_bytes, 0.0, 30.0)
        assert headroom.bounded


def test_frames_that_grow_get_it_back() -> None:
    headroom = Headroom(BITRATE_BPS)
    run(headroom, SMALL, 0.0, 4.0)
    assert not headroom.bounded
    assert len(run(headroom, round(0.8 * BITRATE_BPS * FRAME_S / 8), 4.0, 3.0)) == 1
    assert headroom.bounded


def test_the_same_frames_on_a_narrow_line_keep_it() -> None:
    headroom = Headroom(BITRATE_BPS // 16)
    assert not run(headroom, SMALL, 0.0, 30.0)


def test_a_frame_that_is_too_large_brings_it_back_and_for_longer() -> None:
    headroom = Headroom(BITRATE_BPS)
    run(headroom, SMALL, 0.0, 4.0)
    assert headroom.sent(TOO_LARGE, 4.0, True)
    assert headroom.bounded
    (changed_s,) = run(headroom, SMALL, 5.0, 30.0)
    assert changed_s - 4.0 >= WAIT_GROWTH * FIRST_WAIT_S


def test_a_key_frame_among_small_ones_is_no_reason() -> None:
    headroom = Headroom(BITRATE_BPS)
    run(headroom, SMALL, 0.0, 4.0)
    assert not headroom.bounded
    assert not headroom.sent(round(0.8 * BUCKET_S * BITRATE_BPS / 8), 5.0, True)
    assert not headroom.bounded


def test_rest_empties_the_bucket_but_changes_nothing() -> None:
    headroom = Headroom(BITRATE_BPS)
    assert not headroom.sent(HALF_FULL, 0.0, True)
    assert not run(headroom, 100, 1.0, 60.0, moves=False)
    assert headroom.bounded
    # Two more moves with a long rest between them are no calm motion of so long.
    assert not headroom.sent(SMALL, 100.0, True)
    assert not headroom.sent(SMALL, 200.0, True)


def test_a_picture_at_rest_that_is_too_large_gets_a_bound() -> None:
    headroom = Headroom(BITRATE_BPS)
    run(headroom, SMALL, 0.0, 4.0)
    assert headroom.sent(TOO_LARGE, 4.0, False)
    assert headroom.bounded


def test_a_lower_bit_rate_brings_the_bound_back_at_once_and_a_higher_one_does_not() -> None:
    headroom = Headroom(BITRATE_BPS)
    run(headroom, SMALL, 0.0, 4.0)
    headroom.set_bitrate(2 * BITRATE_BPS)
    assert not headroom.bounded
    headroom.set_bitrate(BITRATE_BPS)
    assert headroom.bounded
    (changed_s,) = run(headroom, SMALL, 5.0, 30.0)
    assert changed_s - 5.0 >= WAIT_GROWTH * FIRST_WAIT_S - LONGEST_INTERVAL_S
