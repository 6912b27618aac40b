"""What a server counts, for Prometheus: frames and what they cost, by worker, encoding and class of size.

No label grows without bound: none names a session, a view, an address or a scene. Times are in seconds and sizes in
bytes, as Prometheus wants them.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from ..summary import FrameInfo

if TYPE_CHECKING:
    from ..worker.protocol import Packet
    from .session import Session
    from .view import View

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
STAGE_BUCKETS_S = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066, 0.13, 0.26, 0.5, 1.0, 2.0)
EVENT_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
NETWORK_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
SHARE_BUCKETS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SIZE_CLASSES = (("sd", 640 * 480), ("hd", 1280 * 720), ("fhd", 1920 * 1080))
"""Views by the pixels of their pictures; larger ones are "uhd"."""
FRAME_LABELS = ("worker", "encoding", "size")

Reason = Literal["no_credit", "queue_full"]


def size_class(width: int, height: int) -> str:
    """The class of a view's size."""
    return next((name for name, most_px in SIZE_CLASSES if width * height <= most_px), "uhd")


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """What a worker last said of itself; `bricks` and `missing` of all its scenes and views, None where unknown."""

    name: str
    ready: bool
    restarts: int
    host_bytes: int | None = None
    device_bytes: int | None = None
    bricks: int | None = None
    missing: int | None = None


class Report(Protocol):
    """What a client says of how the pictures came; what it does not know is None."""

    @property
    def transport(self) -> str: ...
    @property
    def lost(self) -> float | None: ...
    @property
    def jitter_ms(self) -> float | None: ...
    @property
    def round_trip_ms(self) -> float | None: ...
    @property
    def decode_ms(self) -> float | None: ...
    @property
    def freeze_ms(self) -> float | None: ...
    @property
    def frames_dropped(self) -> int | None: ...


class Meter:
    """The counters of one server. `text` is what /metrics answers.

    `sessions` and `views` are those that are there now, by their names; `workers` says what the workers are like.
    """

    def __init__(self, sessions: Mapping[str, Session], views: Mapping[str, View]) -> None:
        self.sessions, self.views = sessions, views
        self.workers: Callable[[], Iterable[WorkerLoad]] = tuple
        registry = self._registry = CollectorRegistry()

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"hosta_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"hosta_{name}", what, labels, buckets=buckets, registry=registry)

        self._encoded = counter("frames_encoded", "Frames that workers encoded.", *FRAME_LABELS)
        self._encoded_bytes = counter("frames_encoded_bytes", "Their bytes.", *FRAME_LABELS)
        self._key_frames = counter("key_frames", "Key frames among them.", *FRAME_LABELS)
        self._stages = histogram(
            "frame_stage_seconds",
            "What a frame cost: render, readback, encode.",
            STAGE_BUCKETS_S,
            "worker",
            "stage",
            "size",
        )
        self._sent = counter("frames_sent", "Frames handed to clients' connections.", "transport", "encoding")
        self._sent_bytes = counter("frames_sent_bytes", "Their bytes.", "transport", "encoding")
        self._dropped = counter(
            "frames_dropped",
            "Encoded frames that a client did not get: it had no credit (or waits for a key frame since), or its "
            "connection did not keep up.",
            "transport",
            "reason",
        )
        self._exhausted = counter("credits_exhausted", "How often a client had run out of credit.")
        self._event = histogram(
            "event_to_packet_seconds",
            "From a client's camera event to the packet of the first frame that shows it.",
            EVENT_BUCKETS_S,
            "transport",
        )
        self._lost = histogram("client_lost_ratio", "Share of packets lost, as reported.", SHARE_BUCKETS, "transport")
        reported = {
            "jitter": "Jitter",
            "round_trip": "Round trip time",
            "decode": "Median time to decode a frame",
            "freeze": "How long the picture stood still between two reports",
        }
        self._reported = {
            name: histogram(f"client_{name}_seconds", f"{what}, as reported.", NETWORK_BUCKETS_S, "transport")
            for name, what in reported.items()
        }
        self._line_told = counter(
            "line_feedback", "How often a client's browser told when packets came (transport-wide feedback)."
        )
        self._client_dropped = counter("client_frames_dropped", "Frames not shown, as reported.", "transport")
        registry.register(_Present(self))

    def encoded(self, number: int, encoding: str, frame: FrameInfo) -> None:
        """A frame came from the worker of this number."""
        worker = str(number)
        size = size_class(frame.width, frame.height)
        self._encoded.labels(worker, encoding, size).inc()
        self._encoded_bytes.labels(worker, encoding, size).inc(frame.bytes)
        if frame.key_frame:
            self._key_frames.labels(worker, encoding, size).inc()
        for stage, cost_ms in (
            ("render", frame.render_ms),
            ("readback", frame.readback_ms),
            ("encode", frame.encode_ms),
        ):
            self._stages.labels(worker, stage, size).observe(cost_ms / 1e3)

    def dropped(self, transport: str, reason: Reason) -> None:
        """A client does not get a frame that was encoded."""
        self._dropped.labels(transport, reason).inc()

    def sent(self, transport: str, encoding: str, n_bytes: int, event_s: float | None = None) -> None:
        """A frame went to a client's connection, `event_s` after the event that it is the first to show."""
        self._sent.labels(transport, encoding).inc()
        self._sent_bytes.labels(transport, encoding).inc(n_bytes)
        if event_s is not None:
            self._event.labels(transport).observe(event_s)

    def exhausted(self) -> None:
        """A client has no credit left."""
        self._exhausted.inc()

    def reported(self, report: Report) -> None:
        """A client said how the pictures came."""
        transport = report.transport
        if report.lost is not None:
            self._lost.labels(transport).observe(report.lost)
        times_ms = {
            "jitter": report.jitter_ms,
            "round_trip": report.round_trip_ms,
            "decode": report.decode_ms,
            "freeze": report.freeze_ms,
        }
        for name, time_ms in times_ms.items():
            if time_ms is not None:
                self._reported[name].labels(transport).observe(time_ms / 1e3)
        if report.frames_dropped is not None:
            self._client_dropped.labels(transport).inc(report.frames_dropped)

    def line_told(self) -> None:
        """A client's browser told when packets came."""
        self._line_told.inc()

    def text(self) -> bytes:
        """All of it in Prometheus's text format 0.0.4."""
        return generate_latest(self._registry)


class _Present:
    """What is so now, asked for when Prometheus asks."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def collect(self) -> Iterator[Metric]:
        here = self._meter.sessions.values()
        sessions = GaugeMetricFamily("hosta_sessions", "Connected clients.", labels=["transport", "encoding"])
        for (transport, encoding), count in sorted(Tally((one.transport, one.encoding) for one in here).items()):
            sessions.add_metric([transport, encoding], count)
        yield sessions
        viewers = Tally(one.view.view for one in here if one.view is not None)
        views = GaugeMetricFamily("hosta_views", "Open views.", labels=["size", "viewers"])
        classes = Tally((size_class(*view.size), _how_many(viewers[name])) for name, view in self._meter.views.items())
        for (size, watched), count in sorted(classes.items()):
            views.add_metric([size, watched], count)
        yield views
        loads = list(self._meter.workers())
        up = GaugeMetricFamily("hosta_worker_ready", "Whether a worker renders.", labels=["worker"])
        restarts = CounterMetricFamily("hosta_worker_restarts", "How often it was restarted.", labels=["worker"])
        for load in loads:
            up.add_metric([load.name], float(load.ready))
            restarts.add_metric([load.name], load.restarts)
        yield from (up, restarts)
        facts = {
            "host_bytes": "Memory of the worker's process that is resident.",
            "device_bytes": "Memory on the device that scenes take, without the views of them.",
            "bricks": "Bricks that are on the device.",
            "missing": "Bricks that pictures are waiting for.",
        }
        for name, what in facts.items():
            family = GaugeMetricFamily(f"hosta_worker_{name}", what, labels=["worker"])
            for load in loads:
                if (value := getattr(load, name)) is not None:
                    family.add_metric([load.name], value)
            yield family


def deliver(viewer: Session, packet: Packet, payload: bytes, now_s: float, meter: Meter) -> None:
    """Pass a frame on to one of those who watch it, and count what became of it."""
    told = viewer.show_frame(packet.frame, payload, now_s)
    if told is None:
        meter.dropped(viewer.transport, "no_credit")
        return
    event_s = None if told.event_ms is None else told.event_ms / 1e3
    meter.sent(viewer.transport, packet.encoding, len(payload), event_s)
    if viewer.credit is not None and not viewer.credit.left:
        meter.exhausted()


def _how_many(viewers: int) -> str:
    return "none" if viewers == 0 else "one" if viewers == 1 else "several"
