"""Acknowledging what comes on the data channels, as seldom as is allowed. Part of the adapter, see `webrtc`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiortc import RTCSctpTransport

DELAY_S = 0.05
"""A packet that no other follows is acknowledged after this; 200 ms would be allowed."""


class SparseAcknowledgements:
    """Acknowledges every second packet, or one after DELAY_S (RFC 9260, 6.2), where aiortc does so with each.

    A hand that moves sends a packet for each picture, and a selective acknowledgement through DTLS costs about as much
    as all else that is done with it. What came twice or out of order is still told at once.
    """

    def __init__(self, association: RTCSctpTransport) -> None:
        self._association = association
        self._send: Callable[[], Awaitable[None]] = association._send_sack
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None
        association._send_sack = self._acknowledge  # type: ignore[method-assign]

    def close(self) -> None:
        self._forget_timer()
        if self._late is not None:
            self._late.cancel()

    async def _acknowledge(self) -> None:
        in_order = not self._association._sack_misordered and not self._association._sack_duplicates
        if in_order and self._timer is None:
            self._association._sack_needed = False
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self._no_other_came)
            return
        self._forget_timer()
        await self._send()

    def _no_other_came(self) -> None:
        self._timer = None
        self._late = asyncio.get_running_loop().create_task(self._send_late())

    async def _send_late(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client has gone meanwhile
            await self._send()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
