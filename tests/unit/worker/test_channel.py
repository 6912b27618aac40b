"""The messages' framing: any cut of the bytes gives the same messages; what is not the protocol is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.errors import WorkerError
from render.worker import protocol
from render.worker.channel import MessageParser

MESSAGES = [
    (protocol.Heartbeat(id=1), b""),
    (protocol.OpenScene(scene="s", paths=("ä",), spacing="1um"), b""),
    (protocol.CloseView(view="v"), b"\0\1\2" * 50),
]
BYTES = b"".join(protocol.pack(message, payload) for message, payload in MESSAGES)


@given(st.lists(st.integers(0, len(BYTES)), max_size=12))
def test_any_portions_give_the_same_messages(cuts: list[int]) -> None:
    parser = MessageParser(protocol.TO_WORKER)
    edges = [0, *sorted(cuts), len(BYTES)]
    found = [pair for a, b in pairwise(edges) for pair in parser.feed(BYTES[a:b])]
    assert found == MESSAGES


@pytest.mark.parametrize(
    "data",
    [
        protocol.HEADER.pack(protocol.MAX_HEADER_BYTES + 1, 0),
        protocol.HEADER.pack(2, protocol.MAX_PAYLOAD_BYTES + 1),
        protocol.HEADER.pack(2, 0) + b"{}",
        protocol.HEADER.pack(4, 0) + b"\xff\xfe\x00\x01",
        protocol.pack(protocol.HeartbeatAck(id=1)),  # a message of the other direction
    ],
)
def test_what_is_not_the_protocol_is_refused(data: bytes) -> None:
    with pytest.raises(WorkerError):
        list(MessageParser(protocol.TO_WORKER).feed(data))
