"""Transport-wide feedback, against messages put together by hand from the draft's figures."""

from __future__ import annotations

import random

from render.server.feedback import feedback_of


def message(first: int, count: int, chunks: list[int], deltas: bytes, reference: int = 1000) -> bytes:
    body = bytes(8) + first.to_bytes(2, "big") + count.to_bytes(2, "big") + reference.to_bytes(3, "big") + b"\x07"
    body += b"".join(chunk.to_bytes(2, "big") for chunk in chunks) + deltas
    body += bytes(-len(body) % 4)
    return bytes([0x8F, 205]) + (len(body) // 4).to_bytes(2, "big") + body


def test_a_run_of_packets_that_came() -> None:
    (arrivals,) = feedback_of(message(65535, 3, [0x2000 | 3], bytes([4, 8, 0])))
    assert arrivals == [(65535, 64.001), (0, 64.003), (1, 64.003)]


def test_bits_and_pairs_of_bits() -> None:
    one = 0x8000 | 0b10_0000_0000_0001  # came, 12 did not, came
    two = 0xC000 | 0b01_00_10_00_00_00_00  # came, not, came much earlier or later
    data = message(0, 17, [one, two], bytes([4, 4, 4]) + (-8).to_bytes(2, "big", signed=True))
    (arrivals,) = feedback_of(data)
    came = {number: round(at_s, 6) for number, at_s in arrivals if at_s is not None}
    assert came == {0: 64.001, 13: 64.002, 14: 64.003, 16: 64.001}
    assert len(arrivals) == 17


def test_among_other_messages_and_cut_short() -> None:
    receiver_report = bytes([0x80, 201, 0, 1, 0, 0, 0, 1])
    good = message(5, 1, [0x2001], b"\x04")
    assert len(feedback_of(receiver_report + good + receiver_report)) == 1
    for end in range(len(good)):
        assert feedback_of(good[:end]) == []
    assert feedback_of(message(0, 5000, [0x2005], b"\x01" * 5)) == []
    assert feedback_of(message(0, 5, [0x2000], b"")) == []


def test_any_bytes_at_all() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        body = chance.randbytes(chance.randrange(60))
        for arrivals in feedback_of(bytes([0x8F, 205, 0, len(body) // 4]) + body):
            assert len(arrivals) < 2**16
