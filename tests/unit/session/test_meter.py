"""What is counted, without a server: classes of size, reports, frames that are dropped."""

from __future__ import annotations

import pytest

from render.session.events import ReportEvent
from render.session.meter import Meter, WorkerLoad, size_class
from render.summary import FrameInfo


def lines(meter: Meter) -> dict[str, float]:
    text = meter.text().decode()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines() if line[0] != "#")
    }


@pytest.mark.parametrize(
    ("size", "name"),
    [((64, 64), "sd"), ((640, 480), "sd"), ((1280, 720), "hd"), ((1920, 1080), "fhd"), ((3840, 2160), "uhd")],
)
def test_views_are_told_apart_by_their_pixels(size: tuple[int, int], name: str) -> None:
    assert size_class(*size) == name


def test_a_report_counts_what_it_knows() -> None:
    meter = Meter({}, {})
    meter.reported(ReportEvent(transport="webrtc", lost=0.02, jitter_ms=3.0, round_trip_ms=40.0, frames_dropped=5))
    meter.reported(ReportEvent(transport="webrtc", lost=0.0, decode_ms=2.0, freeze_ms=500.0))
    found = lines(meter)
    assert found['hosta_client_lost_ratio_count{transport="webrtc"}'] == 2
    assert found['hosta_client_lost_ratio_sum{transport="webrtc"}'] == pytest.approx(0.02)
    assert found['hosta_client_jitter_seconds_sum{transport="webrtc"}'] == pytest.approx(0.003)
    assert found['hosta_client_round_trip_seconds_count{transport="webrtc"}'] == 1
    assert found['hosta_client_decode_seconds_sum{transport="webrtc"}'] == pytest.approx(0.002)
    assert found['hosta_client_freeze_seconds_sum{transport="webrtc"}'] == pytest.approx(0.5)
    assert found['hosta_client_frames_dropped_total{transport="webrtc"}'] == 5


def test_frames_that_are_dropped_are_no_frames_that_are_sent() -> None:
    meter = Meter({}, {})
    meter.sent("websocket", "jpeg", 1000)
    meter.sent("websocket", "jpeg", 500, event_s=0.03)
    meter.dropped("websocket", "no_credit")
    meter.exhausted()
    found = lines(meter)
    assert found['hosta_frames_sent_total{encoding="jpeg",transport="websocket"}'] == 2
    assert found['hosta_frames_sent_bytes_total{encoding="jpeg",transport="websocket"}'] == 1500
    assert found['hosta_frames_dropped_total{reason="no_credit",transport="websocket"}'] == 1
    assert found['hosta_event_to_packet_seconds_bucket{le="0.035",transport="websocket"}'] == 1
    assert found['hosta_event_to_packet_seconds_bucket{le="0.02",transport="websocket"}'] == 0
    assert found["hosta_credits_exhausted_total"] == 1


def test_there_are_as_many_series_however_many_frames_there_were() -> None:
    meter = Meter({}, {})
    for number in range(200):
        frame = FrameInfo(
            sequence=number, camera_seq=number, pts=number, width=600 + 2 * number, height=400, scale=1.0, samples=1,
            target_samples=1, render_ms=number, readback_ms=1.0, encode_ms=1.0, bytes=number, key_frame=number % 7 == 0,
        )  # fmt: skip
        meter.encoded(0, "h264", frame)
        if number == 20:
            before = len(lines(meter))
    # Of the second class of size that came by then.
    assert before < len(lines(meter)) <= 2 * before


def test_what_a_worker_does_not_say_is_left_out() -> None:
    meter = Meter({}, {})
    meter.workers = lambda: [
        WorkerLoad("0", ready=True, restarts=2, bricks=7),
        WorkerLoad("1", ready=False, restarts=0),
    ]
    found = lines(meter)
    assert (found['hosta_worker_ready{worker="0"}'], found['hosta_worker_ready{worker="1"}']) == (1, 0)
    assert found['hosta_worker_restarts_total{worker="0"}'] == 2
    assert found['hosta_worker_bricks{worker="0"}'] == 7
    assert 'hosta_worker_bricks{worker="1"}' not in found
    assert 'hosta_worker_host_bytes{worker="0"}' not in found
