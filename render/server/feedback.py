"""Transport-wide feedback: which packets came to the client and when. Pure.

RTCP as in draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. Input from strangers: what does not fit is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator

RTPFB, TRANSPORT_FEEDBACK = 205, 15
TICK_S = 0.00025
REFERENCE_S = 0.064

Arrival = tuple[int, float | None]
"""A packet's transport-wide number and when it came, in seconds on the client's clock; None: not so far."""


def feedback_of(compound: bytes) -> list[list[Arrival]]:
    """The transport-wide feedback messages in an RTCP packet, those that are whole."""
    return [arrivals for body in _messages(compound) if (arrivals := _parse(body)) is not None]


def _messages(compound: bytes) -> Iterator[bytes]:
    place = 0
    while place + 4 <= len(compound):
        end = place + 4 + 4 * int.from_bytes(compound[place + 2 : place + 4], "big")
        if end > len(compound):
            return
        if compound[place + 1] == RTPFB and compound[place] & 0x1F == TRANSPORT_FEEDBACK:
            yield compound[place + 4 : end]
        place = end


def _parse(body: bytes) -> list[Arrival] | None:
    if len(body) < 16:
        return None
    first = int.from_bytes(body[8:10], "big")
    count = int.from_bytes(body[10:12], "big")
    at_s = int.from_bytes(body[12:15], "big") * REFERENCE_S
    place, symbols = 16, list[int]()
    while len(symbols) < count:
        if place + 2 > len(body):
            return None
        chunk = int.from_bytes(body[place : place + 2], "big")
        place += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13 & 3] * min(chunk & 0x1FFF, count - len(symbols))
        elif chunk & 0x4000:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
        if not chunk & 0x8000 and not chunk & 0x1FFF:
            return None
    arrivals: list[Arrival] = []
    for index, symbol in enumerate(symbols[:count]):
        number = (first + index) % 2**16
        if symbol in (1, 2):
            if place + symbol > len(body):
                return None
            at_s += TICK_S * int.from_bytes(body[place : place + symbol], "big", signed=symbol == 2)
            place += symbol
            arrivals.append((number, at_s))
        else:
            arrivals.append((number, None))
    return arrivals
