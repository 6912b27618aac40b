"""One view inside the worker: its renderer, its encoders and its pace. Only the GL thread touches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..codec.video import CLOCK_HZ, CodecName
from ..engine.renderer import Renderer
from ..errors import WorkerError
from ..summary import Encoding, FrameInfo, Pick
from .encoders import PICTURES, Encoders
from .protocol import AdaptView, Packet, PickAt, Still, StreamControl
from .scheduler import MIN_FRAME_INTERVAL_S, Pace, Shown
from .stills import StillEncoder

if TYPE_CHECKING:
    from ..engine.device_scene import DeviceScene
    from ..engine.frame import Frame
    from ..engine.tonemap import Planes
    from ..gpu.context import Context
    from ..state.annotation import PointAnnotation
    from ..state.camera import Camera
    from ..state.view import ViewState


class ViewStream:
    """A view that is rendered, encoded and sent. Packets go to `send`, with their bytes."""

    def __init__(
        self,
        view: str,
        scene: str,
        context: Context,
        resident: DeviceScene,
        size: tuple[int, int],
        codec: CodecName,
        send: Callable[[Packet, bytes], None],
        stills: StillEncoder,
        renderer: Callable[..., Renderer] = Renderer,
    ) -> None:
        """A view of `size` (width, height) pixels of a scene that is on the GPU already. Raises HostaError.

        `stills` gets the picture once it rests and is as good as it gets. `renderer` makes what draws it.
        """
        self.view, self.scene = view, scene
        self.pace = Pace()
        self._send = send
        self._encoders = Encoders(codec)
        self._encoders.control(StreamControl(view=view))
        self._stills = stills
        self._has_still = False  # of the picture that is there, or one is made
        self._renderer = renderer(context, resident.scene, *size, resident=resident)
        self._size = size
        self._asked: ViewState | None = None  # the state that is to be shown
        self._state: ViewState | None = None  # the newest one that could be
        self._frame: Frame | None = None  # the newest one that is a whole picture
        self._planes: dict[Planes, bytes] = {}  # its pixels, once they are fetched
        self._n_frames = 0
        self._render_s = self._readback_s = 0.0
        self._last_pts = -1

    def set_state(self, state: ViewState, sequence: int, camera_seq: int, now_s: float) -> None:
        """Show this state from the next step on. Raises HostaError when it cannot be shown."""
        self._asked = state
        before, at_rest = self._state, not self.pace.interactive
        self._ask((sequence, camera_seq, *self._size), now_s)
        self._renderer.set_state(state, sequence, camera_seq)
        self._state = state
        if at_rest and before is not None and self._frame is not None and _same_picture(before, state):
            # Nothing will be drawn for it: the picture that is there shows it.
            self._frame = replace(self._frame, sequence=sequence, camera_seq=camera_seq, target_samples=state.samples)
            self.pace.stepped(self._frame.scale == 1.0 and self._frame.samples >= state.samples, now_s)
            self.pace.redraw = False

    def set_camera(self, camera: Camera, sequence: int, camera_seq: int, now_s: float) -> None:
        """Show the state that was asked for last, seen from here. Raises HostaError when it cannot be shown."""
        if self._asked is None:
            raise WorkerError("a camera came before a state")
        self.set_state(self._asked.seen_from(camera), sequence, camera_seq, now_s)

    def resize(self, width: int, height: int, now_s: float) -> None:
        """Frames of this size, in pixels and even, from the next step on."""
        if (width, height) == self._size:
            return
        self._size = (width, height)
        self._ask((*self.pace.wanted[:2], width, height), now_s)
        self._renderer.resize(width, height)
        self._frame = None

    def control(self, message: StreamControl) -> None:
        """Who watches, and what they can take."""
        self.pace.active = message.active
        self._encoders.control(message)
        self._renderer.planes = self._encoders.planes
        self._note_viewers()

    def set_bitrate(self, bitrate_bps: int) -> None:
        """So many bits a second for each encoding."""
        self._encoders.set_bitrate(bitrate_bps)

    def adapt(self, to: AdaptView) -> None:
        """Take what its viewers can take."""
        if to.bitrate_bps is not None:
            self.set_bitrate(to.bitrate_bps)
        if to.frame_interval_s is not None:
            self.pace.frame_interval_s = max(to.frame_interval_s, MIN_FRAME_INTERVAL_S)
        if to.scale_limit is not None:
            self._renderer.limit_motion(to.scale_limit)

    def step(self, now_s: float, budget_s: float) -> None:
        """Render for about `budget_s`, and send the picture if it is worth a frame. Raises HostaError."""
        self.pace.begin(now_s)
        if self._frame is None or self.pace.needs_step:
            stepped = self._renderer.step(now_s, budget_s)
            self._render_s += stepped.render_s
            now_s = time.monotonic()
            self.pace.stepped(stepped.fresh and stepped.converged, now_s)
            if stepped.fresh:
                self._frame, self._planes = stepped, {}
                self._n_frames += 1
                self.pace.redraw = False
        frame = self._frame
        if frame is None:
            return
        shown = (frame.sequence, frame.camera_seq, frame.width, frame.height)
        everyone = self.pace.worth_sending(shown, frame.samples, frame.scale, now_s)
        if encodings := self._encoders.ready(now_s, everyone=everyone):
            self._send_all(frame, shown, encodings, everyone, now_s)
        rests = self.pace.converged and not self.pace.interactive and not self.pace.moves(now_s)
        if rests and not self._has_still:
            self._make_still(frame)

    def pick(self, request: PickAt) -> Pick:
        """What a place of a frame shows or showed. Raises HostaError."""
        size = (request.width, request.height)
        x, y = (min(part * side, side - 1) for part, side in zip((request.x, request.y), size, strict=True))
        return self._renderer.pick(x, y, size=size, state=request.state)

    def set_annotations(self, points: Sequence[PointAnnotation], now_s: float) -> None:
        """Show these from the next step on."""
        self._renderer.set_annotations(points)
        self._ask(self.pace.wanted, now_s)
        self.pace.sent = None  # what was sent last does not show them

    def troubles(self) -> list[str]:
        """What could not be read since the last time, in sentences for those who watch."""
        return self._renderer.troubles()

    @property
    def missing(self) -> int:
        """How many bricks the newest picture waits for."""
        return self._frame.missing if self._frame is not None else 0

    def close(self) -> None:
        self._stills.cancel(self.view)
        self._renderer.close()

    def _send_all(self, frame: Frame, shown: Shown, encodings: list[Encoding], everyone: bool, now_s: float) -> None:
        """In these encodings; `everyone`: to all viewers, else to those that need it whatever the others have."""
        pts = self._next_pts()
        key_frames = [self._send_frame(frame, encoding, pts, now_s) for encoding in encodings]
        if everyone:
            self._encoders.missed(encodings)
            self.pace.was_sent(shown, frame.samples, frame.scale, any(key_frames), now_s)
        elif any(key_frames):
            self.pace.joined(now_s)
        self._note_viewers()

    def _note_viewers(self) -> None:
        self.pace.blocked, self.pace.owed_s = self._encoders.blocked, self._encoders.due_s

    def _ask(self, wanted: Shown, now_s: float) -> None:
        """Something else is to be shown."""
        self._stills.cancel(self.view)
        self._has_still = False
        self.pace.ask(wanted, now_s)

    def _make_still(self, frame: Frame) -> None:
        self._has_still = True
        still = Still(
            view=self.view,
            sequence=frame.sequence,
            camera_seq=frame.camera_seq,
            width=frame.width,
            height=frame.height,
            samples=frame.samples,
        )
        self._stills.make(still, self._renderer.read_shown())

    def _next_pts(self) -> int:
        # CLOCK_MONOTONIC is the machine's: a worker that takes this one's place goes on where this one stops.
        self._last_pts = max(int(time.monotonic() * CLOCK_HZ), self._last_pts + 1)
        return self._last_pts

    def _send_frame(self, frame: Frame, encoding: Encoding, pts: int, now_s: float) -> bool:
        """Whether it was one that only a new viewer, or one that lost its way, needs."""
        size, shown = (frame.width, frame.height), (frame.sequence, self._n_frames)
        self._readback_s = 0.0
        started_s = time.perf_counter()
        packet = self._encoders.encode(encoding, self._read, size, pts, shown, now_s)
        encode_s = time.perf_counter() - started_s - self._readback_s
        if packet is None:
            return False
        info = FrameInfo(
            sequence=frame.sequence,
            camera_seq=frame.camera_seq,
            pts=packet.pts,
            width=frame.width,
            height=frame.height,
            scale=frame.scale,
            samples=frame.samples,
            target_samples=frame.target_samples,
            active_share=frame.active_share,
            missing=frame.missing,
            render_ms=1e3 * self._render_s,
            readback_ms=1e3 * self._readback_s,
            encode_ms=1e3 * encode_s,
            bytes=len(packet.data),
            key_frame=packet.key_frame,
        )
        self._render_s = 0.0
        self._send(Packet(view=self.view, encoding=encoding, frame=info), packet.data)
        return packet.key_frame and encoding not in PICTURES

    def _read(self, planes: Planes) -> bytes:
        if planes not in self._planes:
            started_s = time.perf_counter()
            self._planes[planes] = self._renderer.read_planes(planes)
            self._readback_s = time.perf_counter() - started_s
        return self._planes[planes]


def _same_picture(before: ViewState, after: ViewState) -> bool:
    """Whether two states differ at most in how many samples they ask for."""
    return before.model_copy(update={"samples": after.samples}) == after
