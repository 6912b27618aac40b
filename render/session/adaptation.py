"""What a view is encoded with, so that all of its viewers get it: bit rate, frame interval and resolution in motion.

Each viewer has controllers of its own (session.link). The slowest sane viewer of a view rules; one that is far slower
than the others is *behind* and rules nothing: it gets those frames that it can take (Gate). Pure: `now_s` comes in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..worker.protocol import AdaptView
from .events import ReportEvent
from .link import FLOOR_BPS, MAX_FPS, START_BPS, FrameRateController, Measurement, RateController

BITRATE_STEP = 1.52
"""Between bit rates of an encoder: another one is another encoder and a key frame; the worker ignores less than 1.5."""
MIN_REPORT_INTERVAL_S = 0.2
"""Reports that follow each other sooner are not looked at."""
SILENT_S = 10.0
"""A viewer that reported nothing for so long, while others did, rules nothing."""
BEHIND_SHARE, BACK_SHARE = 0.25, 0.4
"""Below this share of the median rate a viewer is behind; above this one it is back. Of rates above START_BPS, which is
plenty, nobody need keep a share."""
KEY_FRAME_INTERVAL_S = 3.0
"""For viewers that are behind a key frame is asked for at most so often: all others get it too."""
BITS_PER_PIXEL = 0.02
"""What a pixel of a frame in motion needs: with more the picture is as good as its samples, with less it falls apart
(measured, docs/adaptation.md)."""
PLENTY_BITS_PER_PIXEL = 0.1
"""More than this at MAX_FPS is asked of no link, but START_BPS may be used in any case."""
VIDEO_SHARE = 0.92
"""Of what a line carries, for video: the rest are headers and messages."""
FRAME_RATES = (60.0, 45.0, 30.0, 24.0, 20.0, 15.0, 12.0, 8.0)
LEAST_SCALE = 0.5


@dataclass(slots=True)
class Gate:
    """Lets through to a viewer that is behind what it can take, in runs that begin with a key frame."""

    behind: bool = False
    _waits: bool = False  # for a key frame: what comes before one cannot be decoded
    _bits: float = 0.0
    _filled_s: float | None = None
    _asked_s: float = float("-inf")

    def passes(self, size_bytes: int, key_frame: bool, rate_bps: float, now_s: float) -> tuple[bool, bool]:
        """Whether this frame goes to the viewer, and whether to ask for a key frame."""
        if not self.behind:
            self._filled_s = None
            if self._waits and not key_frame:
                return False, self._ask(now_s, 0.0)
            self._waits = False
            return True, False
        if self._filled_s is None:
            self._bits = 0.0
            self._filled_s = now_s
        self._bits = min(self._bits + rate_bps * (now_s - self._filled_s), rate_bps)
        self._filled_s = now_s
        if self._bits <= 0.0:
            self._waits = True
            return False, False
        if self._waits and not key_frame:
            return False, self._bits >= 0.5 * rate_bps and self._ask(now_s, KEY_FRAME_INTERVAL_S)
        self._waits = False
        self._bits -= 8.0 * size_bytes
        return True, False

    def _ask(self, now_s: float, interval_s: float) -> bool:
        if now_s - self._asked_s < max(interval_s, MIN_REPORT_INTERVAL_S):
            return False
        self._asked_s = now_s
        return True


@dataclass(slots=True)
class _Viewer:
    view: str
    heard_s: float
    rate: RateController = field(default_factory=RateController)
    frames: FrameRateController = field(default_factory=FrameRateController)
    gate: Gate = field(default_factory=Gate)
    sent_bytes: int = 0  # since the last report
    reported: bool = False
    line_bps: float | None = None  # what the transport itself measured, which is sooner and surer than reports
    alive_s: float = float("-inf")

    @property
    def rate_bps(self) -> float:
        return self.rate.rate_bps if self.line_bps is None else VIDEO_SHARE * self.line_bps


@dataclass(slots=True)
class _Shown:
    """How a view is encoded now."""

    size: tuple[int, int]
    request: AdaptView


class Adaptation:
    """All views and their viewers. Viewers that never report rule nothing and get everything."""

    def __init__(self) -> None:
        self._viewers: dict[str, _Viewer] = {}
        self._views: dict[str, _Shown] = {}
        self._stale: set[str] = set()  # views to be thought about again

    def heard(self, viewer: str, view: str, size: tuple[int, int], report: ReportEvent, now_s: float) -> None:
        """A viewer of a view of `size` pixels says how its pictures came."""
        known = self._viewers.get(viewer)
        if known is None or known.view != view:
            # The first report is of a time of unknown length, and maybe of another view.
            known = self._viewers.setdefault(viewer, _Viewer(view, now_s))
            self._stale |= {known.view, view}
            known.view, known.heard_s, known.sent_bytes = view, now_s, 0
            return
        known.alive_s = now_s
        interval_s = now_s - known.heard_s
        if interval_s < MIN_REPORT_INTERVAL_S:
            return
        shown = self._views.get(view)
        allowed_bps = START_BPS if shown is None else shown.request.bitrate_bps or START_BPS
        received = report.bytes_received
        frames, dropped = report.frames_received, report.frames_dropped
        seen = Measurement(
            interval_s=interval_s,
            allowed_bps=min(allowed_bps, known.rate_bps) if known.gate.behind else allowed_bps,
            sent_bps=8.0 * known.sent_bytes / interval_s,
            received_bps=None if received is None else 8.0 * received / interval_s,
            lost=report.lost,
            round_trip_ms=report.round_trip_ms,
            jitter_ms=report.jitter_ms,
            decode_ms=report.decode_ms,
            queue=report.queue,
            dropped=None if dropped is None or not frames else min(dropped / frames, 1.0),
        )
        known.heard_s, known.sent_bytes, known.reported = now_s, 0, True
        known.rate.update(now_s, seen)
        known.frames.update(now_s, seen)
        self._views.setdefault(view, _Shown(size, AdaptView(view=view))).size = size
        self._stale.add(view)

    def measured(self, viewer: str, view: str, size: tuple[int, int], rate_bps: float, now_s: float) -> None:
        """The transport of a viewer measured what its line carries, bits a second."""
        known = self._viewers.setdefault(viewer, _Viewer(view, now_s))
        if known.view != view:
            self._stale.add(known.view)
            known.view, known.heard_s, known.sent_bytes = view, now_s, 0
        known.alive_s, known.reported = now_s, True
        if rate_bps != known.line_bps:
            known.line_bps = rate_bps
            self._views.setdefault(view, _Shown(size, AdaptView(view=view))).size = size
            self._stale.add(view)

    def passes(self, viewer: str, size_bytes: int, key_frame: bool, now_s: float) -> tuple[bool, bool]:
        """Whether a frame goes to a viewer, and whether a key frame is to be asked for."""
        known = self._viewers.get(viewer)
        if known is None:
            return True, False
        goes, ask = known.gate.passes(size_bytes, key_frame, known.rate_bps, now_s)
        if goes:
            known.sent_bytes += size_bytes
        return goes, ask

    def left(self, viewer: str) -> None:
        """A viewer has gone."""
        if (known := self._viewers.pop(viewer, None)) is not None:
            self._stale.add(known.view)

    def closed(self, view: str) -> None:
        """A view is no more."""
        self._views.pop(view, None)
        self._stale.discard(view)

    def changes(self) -> list[AdaptView]:
        """What is to be told to the worker."""
        stale, self._stale = self._stale, set()
        told = []
        for view in stale:
            shown = self._views.get(view)
            if shown is None:
                continue
            request = self._plan(view, shown)
            if request is not None and request != shown.request:
                shown.request = request
                told.append(request)
        return told

    def rates(self) -> Mapping[str, float]:
        """What each viewer that reports can take, bits a second."""
        return {name: viewer.rate_bps for name, viewer in self._viewers.items() if viewer.reported}

    def _plan(self, view: str, shown: _Shown) -> AdaptView | None:
        viewers = [viewer for viewer in self._viewers.values() if viewer.view == view and viewer.reported]
        if not viewers:
            return None
        newest_s = max(viewer.alive_s for viewer in viewers)
        viewers = [viewer for viewer in viewers if newest_s - viewer.alive_s < SILENT_S]
        rates = sorted(viewer.rate_bps for viewer in viewers)
        median = min(rates[len(rates) // 2], START_BPS)  # of two the better one
        for viewer in viewers:
            share = BACK_SHARE if viewer.gate.behind else BEHIND_SHARE
            viewer.gate.behind = viewer.rate_bps < share * median
        sane = [viewer for viewer in viewers if not viewer.gate.behind]
        plenty = max(PLENTY_BITS_PER_PIXEL * MAX_FPS * shown.size[0] * shown.size[1], START_BPS)
        bitrate = in_steps(min(plenty, *(viewer.rate_bps for viewer in sane)))
        decoders = sorted(viewer.frames.fps for viewer in sane)
        limit = BEHIND_SHARE * decoders[len(decoders) // 2]
        fps, scale = motion(bitrate, shown.size, min(fps for fps in decoders if fps >= limit))
        return AdaptView(view=view, bitrate_bps=bitrate, frame_interval_s=1.0 / fps, scale_limit=scale)


def in_steps(rate_bps: float) -> int:
    """The largest bit rate of an encoder that is not above a rate."""
    steps = math.floor(math.log(rate_bps / START_BPS) / math.log(BITRATE_STEP) + 1e-5)
    return max(round(START_BPS * BITRATE_STEP**steps), FLOOR_BPS)


def motion(bitrate_bps: float, size: tuple[int, int], most_fps: float = MAX_FPS) -> tuple[float, float]:
    """(frames a second, part of the resolution) in motion that a bit rate has room for.

    The frame rate gives way first: a picture drawn smaller needs hardly fewer bits, because it is encoded at its full
    size (another size would be another encoder, and a key frame at each beginning and end of a movement).
    """
    pixels = size[0] * size[1]
    pixels_per_s = bitrate_bps / BITS_PER_PIXEL
    fps = min(most_fps, pixels_per_s / pixels)
    fps = next((rate for rate in FRAME_RATES if rate <= fps * 1.02), FRAME_RATES[-1])
    scale = min(max(math.sqrt(pixels_per_s / (fps * pixels)), LEAST_SCALE), 1.0)
    return fps, 1.0 if scale > 0.9 else round(scale, 2)
