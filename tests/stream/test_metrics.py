"""/metrics: who may read it, and that it counts what happens."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .service import Service, service
from .socket_viewer import socket_viewer
from .viewer import viewer

pytestmark = pytest.mark.anyio


async def samples(run: Service) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """All samples, by name and labels."""
    async with run.client() as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def at(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"hosta_{name}", frozenset(labels.items())


async def test_only_for_those_who_are_logged_in() -> None:
    async with service() as run, run.client(token=None) as http:
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/metrics", headers={"authorization": "Bearer wrong-token-0123"})).status_code == 401


async def test_counts_frames_events_sessions_and_the_worker() -> None:
    async with service() as run, run.client() as http, viewer(http, "?width=640&height=480") as one:
        hello = await one.hello()
        one.look(1, 60)
        await one.shows(60)
        async with socket_viewer(run, f"?view={hello.view}") as other:
            await other.hello()
            other.look(1, 80)
            await one.shows(80)
            await other.shows(80)
            frame = {"worker": "0", "encoding": "h264", "size": "sd"}
            async with asyncio.timeout(20):
                while not (found := await samples(run)).get(at("worker_bricks", worker="0")):
                    await asyncio.sleep(0.05)  # the worker says what it takes with its next sign of life
            assert found[at("sessions", transport="webrtc", encoding="h264")] == 1
            assert found[at("sessions", transport="websocket", encoding="h264")] == 1
            assert found[at("views", size="sd", viewers="several")] == 1
            encoded = found[at("frames_encoded_total", **frame)]
            assert encoded >= 3
            assert found[at("frames_encoded_bytes_total", **frame)] > 100 * encoded
            assert 1 <= found[at("key_frames_total", **frame)] <= encoded
            for stage in ("render", "readback", "encode"):
                assert found[at("frame_stage_seconds_count", worker="0", stage=stage, size="sd")] == encoded
            assert found[at("frame_stage_seconds_sum", worker="0", stage="encode", size="sd")] > 0
            assert found[at("frames_sent_total", transport="webrtc", encoding="h264")] <= encoded
            assert found[at("frames_sent_total", transport="websocket", encoding="h264")] >= 1
            assert found[at("event_to_packet_seconds_count", transport="webrtc")] == 1
            assert found[at("event_to_packet_seconds_count", transport="websocket")] == 1
            assert 0 < found[at("event_to_packet_seconds_sum", transport="webrtc")] < 5
            assert found[at("worker_ready", worker="0")] == 1
            assert found[at("worker_restarts_total", worker="0")] == 0
            assert found[at("worker_device_bytes", worker="0")] == 4096
            assert found[at("worker_bricks", worker="0")] == 1
            assert found[at("worker_missing", worker="0")] == 0
            assert found[at("worker_host_bytes", worker="0")] > 10 << 20
            # The frame's note says the same of this client's event.
            (event_ms,) = [note.frame.event_ms for note in one.notes if note.frame.event_ms is not None]
            assert event_ms == pytest.approx(1e3 * found[at("event_to_packet_seconds_sum", transport="webrtc")])
