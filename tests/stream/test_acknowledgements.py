"""The data channels: every second packet is acknowledged, all of them soon, and what is missing at once."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSctpTransport

from render.server.acknowledgements import DELAY_S, SparseAcknowledgements

N_MESSAGES = 20


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[RTCDataChannel, RTCSctpTransport, RTCSctpTransport, list[str]]]:
    """An open channel, the associations of who sends on it and of who hears it, and what was heard."""
    near, far = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    heard: list[str] = []
    channel, opened = near.createDataChannel("motion"), asyncio.Event()
    channel.on("open", opened.set)
    far.on("datachannel", lambda one: one.on("message", heard.append))
    try:
        await near.setLocalDescription(await near.createOffer())
        await far.setRemoteDescription(near.localDescription)
        await far.setLocalDescription(await far.createAnswer())
        await near.setRemoteDescription(far.localDescription)
        await asyncio.wait_for(opened.wait(), 20)
        assert near.sctp is not None
        assert far.sctp is not None
        yield channel, near.sctp, far.sctp, heard
    finally:
        await near.close()
        await far.close()


def counting(association: RTCSctpTransport) -> list[int]:
    """Count the acknowledgements that are sent, in a list of their TSNs."""
    sent: list[int] = []
    send = association._send_sack

    async def noted() -> None:
        sent.append(association._last_received_tsn)
        await send()

    association._send_sack = noted  # type: ignore[method-assign]
    return sent


def test_half_of_the_acknowledgements_do_for_all_messages() -> None:
    async def scenario() -> None:
        async with connected() as (channel, near, far, heard):
            sent = counting(far)
            ours = SparseAcknowledgements(far)
            for number in range(N_MESSAGES):
                channel.send(str(number))
                await asyncio.sleep(0.01)
            await asyncio.sleep(4 * DELAY_S)
            assert heard == [str(number) for number in range(N_MESSAGES)]
            assert not near._sent_queue, "each message is acknowledged in the end"
            assert 1 <= len(sent) <= N_MESSAGES // 2 + 3
            ours.close()

    asyncio.run(scenario())


def test_one_message_is_acknowledged_after_the_delay() -> None:
    async def scenario() -> None:
        async with connected() as (channel, near, far, heard):
            await asyncio.sleep(0.1)
            sent = counting(far)
            SparseAcknowledgements(far)
            channel.send("alone")
            await asyncio.sleep(DELAY_S / 2)
            assert heard == ["alone"]
            assert not sent
            await asyncio.sleep(4 * DELAY_S)
            assert len(sent) == 1
            assert not near._sent_queue

    asyncio.run(scenario())


def test_a_gap_is_told_at_once() -> None:
    async def scenario() -> None:
        async with connected() as (channel, near, far, heard):
            await asyncio.sleep(0.1)
            SparseAcknowledgements(far)
            send, dropped = near._send_chunk, []

            async def lossy(chunk: object) -> None:
                if not dropped and type(chunk).__name__ == "DataChunk":
                    dropped.append(chunk)
                else:
                    await send(chunk)  # type: ignore[arg-type]

            near._send_chunk = lossy  # type: ignore[method-assign, assignment]
            for number in range(6):
                channel.send(str(number))
                await asyncio.sleep(0.005)
            # Three acknowledgements that tell of the gap make the sender repeat what is missing (fast retransmit);
            # its timer would wait for a second.
            await asyncio.sleep(0.3)
            assert dropped
            assert heard == [str(number) for number in range(6)]

    asyncio.run(scenario())


def test_aiortc_calls_what_is_replaced() -> None:
    source = inspect.getsource(RTCSctpTransport._handle_data)
    assert "if self._sack_needed:\n            await self._send_sack()" in source
    sack = inspect.getsource(RTCSctpTransport._send_sack)
    assert "self._sack_misordered" in sack
    assert "self._sack_duplicates" in sack
