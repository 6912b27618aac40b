"""Keeps one worker process alive: starts it, listens to its heart, ends it when it hangs, and starts another.

It remembers what is open and shown; a new worker is told all of it, so that scenes and views come back by themselves,
beginning with a key frame. It runs on the server's event loop and never touches a GPU.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ..errors import WorkerError
from ..state.view import ViewState
from ..summary import DeviceInfo
from . import protocol
from .channel import READ_BYTES, MessageParser
from .patience import Patience as Patience
from .patience import may_compile
from .placement import MOVING_S, Load, WorkerStatistics
from .protocol import (
    AdaptView,
    CloseView,
    Failed,
    FromWorker,
    Heartbeat,
    HeartbeatAck,
    OpenScene,
    OpenView,
    Packet,
    PickAt,
    Picked,
    SearchSegments,
    SetAnnotations,
    SetCamera,
    SetState,
    SetViewport,
    Shutdown,
    StreamControl,
    ToWorker,
    WorkerReady,
)

log = logging.getLogger(__name__)

Status = Literal["starting", "ready", "restarting", "failed"]
WORKER_PROGRAM = (sys.executable, "-m", "render.worker.process")
BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""The wait before each restart in a row; the last one repeats."""
FAILED_AFTER = 3
"""Restarts in a row after which it is called failed; it is still tried again."""
HEALTHY_S = 30.0
"""A worker that ran so long starts the back-off anew when it ends."""
SHUTDOWN_S = 1.5
MAX_UNREAD_BYTES = 16 << 20


class Listener(Protocol):
    """Who is told what comes from the worker and how it is."""

    def on_worker_message(self, message: FromWorker, payload: bytes) -> None: ...

    def on_worker_status(self, status: Status, message: str, views: frozenset[str] | None = None) -> None:
        """How the worker is; with `views`, that of these only."""


@dataclass(slots=True)
class _ShownView:
    """What a new worker has to be told of a view."""

    opened: OpenView
    state: SetState | None = None
    control: StreamControl | None = None
    adapted: AdaptView | None = None
    told: ViewState | None = None  # what the present worker was asked to show last
    moved_s: float = float("-inf")

    @property
    def active(self) -> bool:
        return self.control is None or self.control.active


class Supervisor:
    """The server's end of a worker, whichever process that is at the moment."""

    def __init__(
        self, patience: Patience | None = None, device: int | None = None, program: Sequence[str] = WORKER_PROGRAM
    ) -> None:
        """`device` is the index of the EGL device (None: the best); `program` is the command that is a worker."""
        self.status: Status = "starting"
        self.device: DeviceInfo | None = None
        self.encoder = ""
        self.restarts = 0
        self.frames = 0
        self.said: HeartbeatAck | None = None
        self._patience = patience or Patience()
        self._device_index = device
        self._program = tuple(program)
        self._listener: Listener | None = None
        self._scenes: dict[str, OpenScene] = {}
        self._views: dict[str, _ShownView] = {}
        self._annotations: dict[str, SetAnnotations] = {}
        # Views of which a picture is awaited that shaders may be compiled for, and the number of its state.
        self._opening: dict[str, int] = {}
        self._first_pick: Literal["not asked", "asked", "answered"] = "not asked"
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._ready = False
        self._alive_s = 0.0
        self._why = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def supervisors(self) -> tuple[Supervisor, ...]:
        """Of all workers: of a single one, this one."""
        return (self,)

    @property
    def pid(self) -> int | None:
        """The process id of the present worker."""
        return self._process.pid if self._process is not None else None

    def start(self, listener: Listener) -> None:
        """Start the first worker and go on until `close`."""
        self._listener = listener
        self._task = asyncio.get_running_loop().create_task(self._run(), name="supervisor")

    def stop(self) -> None:
        """Begin to end the worker, and start no other. `close` waits for it."""
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """End the worker: ask it, then kill it."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    # ---- what the worker is to do; remembered for the next one ----

    def open_scene(self, request: OpenScene) -> None:
        self._scenes[request.scene] = request
        self._send(request)

    def open_view(self, request: OpenView) -> None:
        self._views[request.view] = _ShownView(request)
        self._opening[request.view] = request.sequence
        if self._send(request):
            self._views[request.view].told = request.state

    def set_state(self, view: str, state: ViewState, sequence: int, camera_seq: int) -> None:
        shown = self._views[view]
        before = shown.state.state if shown.state is not None else shown.opened.state
        if camera_seq != (shown.state.camera_seq if shown.state is not None else 0):
            shown.moved_s = time.monotonic()
        if shown.active and may_compile(before, state):
            self._opening[view] = sequence
        shown.state = SetState(view=view, state=state, sequence=sequence, camera_seq=camera_seq)
        message: SetState | SetCamera = shown.state
        if shown.told is not None and shown.told.seen_from(state.camera) == state:
            message = SetCamera(view=view, camera=state.camera, sequence=sequence, camera_seq=camera_seq)
        shown.told = state if self._send(message) else None

    def set_viewport(self, view: str, width: int, height: int) -> None:
        shown = self._views[view]
        shown.opened = shown.opened.model_copy(update={"width": width, "height": height})
        self._send(SetViewport(view=view, width=width, height=height))

    def control(self, message: StreamControl) -> None:
        self._views[message.view].control = message
        if not message.active:
            self._opening.pop(message.view, None)
        self._send(message)

    def adapt(self, request: AdaptView) -> None:
        """All of what its viewers can take."""
        self._views[request.view].adapted = request
        self._send(request)

    def search(self, request: SearchSegments) -> None:
        """Not remembered: a worker that ends takes its searches with it."""
        self._send(request)

    def close_view(self, view: str) -> None:
        if self._views.pop(view, None) is not None:
            self._opening.pop(view, None)
            self._send(CloseView(view=view))

    def set_annotations(self, message: SetAnnotations) -> None:
        self._annotations[message.scene] = message
        self._send(message)

    def pick(self, request: PickAt) -> bool:
        """Ask the present worker; whether there is one. The next one does not hear of it."""
        sent = self._send(request)
        if sent and self._first_pick == "not asked":
            self._first_pick = "asked"
        return sent

    # ---- one of several workers ----

    def load(self, now_s: float) -> Load:
        """What the worker has to do; `now_s` is on the clock of time.monotonic."""
        watched = [shown for shown in self._views.values() if shown.active]
        moving = sum(now_s - shown.moved_s < MOVING_S for shown in watched)
        return Load(moving=moving, watched=len(watched), views=len(self._views))

    def number_of(self, view: str) -> int:
        """As of several workers: there is but this one."""
        return 0

    def statistics(self) -> tuple[WorkerStatistics, ...]:
        name = self.device.name if self.device is not None else ""
        watched = self.load(0.0).watched
        return (
            WorkerStatistics(
                self._device_index, name, self.status, len(self._views), watched, self.frames, self.restarts
            ),
        )

    def calmest_view(self) -> str | None:
        """Of those that are watched the one that was moved longest ago."""
        watched = [view for view, shown in self._views.items() if shown.active]
        return min(watched, key=lambda view: self._views[view].moved_s, default=None)

    def hand_over(self, view: str) -> _ShownView:
        """Close a view here; what another worker is to be told of it."""
        shown = self._views[view]
        self.close_view(view)
        return shown

    def take_over(self, view: str, shown: _ShownView) -> None:
        """Show a view that another worker has handed over, beginning with a key frame."""
        self._views[view] = shown
        self._replay_views({view: shown})

    # ---- the life of the workers ----

    async def _run(self) -> None:
        in_a_row = 0
        while True:
            started_s = time.monotonic()
            try:
                await self._run_one()
            except (OSError, WorkerError) as error:
                self._why = str(error)
            finally:
                await self._end_process()
            if time.monotonic() - started_s > HEALTHY_S:
                in_a_row = 0
            delay_s = BACK_OFF_S[min(in_a_row, len(BACK_OFF_S) - 1)]
            in_a_row += 1
            self.restarts += 1
            log.warning("the worker ended (%s); another starts in %g s", self._why, delay_s)
            self._set_status("failed" if in_a_row > FAILED_AFTER else "restarting", self._why)
            await asyncio.sleep(delay_s)

    async def _run_one(self) -> None:
        """One process, from its start until it ends or hangs. Raises WorkerError or OSError with the reason."""
        ours, theirs = socket.socketpair()
        command = [*self._program, "--fd", str(theirs.fileno()), "--parent", str(os.getpid())]
        if self._device_index is not None:
            command += ["--device", str(self._device_index)]
        self._why, self._ready = "the rendering process did not start; its log has the reason", False
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                pass_fds=[theirs.fileno()],
                process_group=0,  # a Ctrl-C in the terminal is for the server, which then ends the worker
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=READ_BYTES * 2)
        self._alive_s = time.monotonic()
        heart = asyncio.get_running_loop().create_task(self._listen_to_heart(), name="worker-heart")
        talk = asyncio.get_running_loop().create_task(self._converse(reader), name="worker-talk")
        try:
            await asyncio.wait({heart, talk}, return_when=asyncio.FIRST_COMPLETED)
            for task in (heart, talk):
                if task.done():
                    task.result()
        finally:
            for task in (heart, talk):
                task.cancel()
            await asyncio.gather(heart, talk, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader) -> None:
        parser: MessageParser[FromWorker] = MessageParser(protocol.FROM_WORKER)
        while data := await reader.read(READ_BYTES):
            for message, payload in parser.feed(data):
                self._receive(message, payload)
        assert self._process is not None
        with contextlib.suppress(TimeoutError):
            code = await asyncio.wait_for(self._process.wait(), 0.5)
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            raise WorkerError(self._why or f"the rendering process ended {how}")
        raise WorkerError(self._why or "the rendering process closed its socket")

    def _receive(self, message: FromWorker, payload: bytes) -> None:
        match message:
            case HeartbeatAck():
                self._alive_s = time.monotonic()
                if message.device_bytes is not None:
                    self.said = message
                return
            case WorkerReady():
                self._alive_s = time.monotonic()
                self.device, self.encoder = message.device, message.encoder
                self._why, self._ready = "", True
                self._replay()
                self._set_status("ready", "")
            case Packet():
                self.frames += 1
                self._alive_s = time.monotonic()
                if message.frame.sequence >= self._opening.get(message.view, 0):
                    self._opening.pop(message.view, None)
            case Picked():
                self._first_pick = "answered"
            case Failed():
                if message.view is not None:
                    self._opening.pop(message.view, None)
                elif message.scene is None:
                    self._why = message.message
        assert self._listener is not None
        self._listener.on_worker_message(message, payload)

    def _replay(self) -> None:
        for scene in self._scenes.values():
            self._send(scene)
        for message in self._annotations.values():
            self._send(message)
        self._opening = {}
        self._first_pick = "not asked"
        self._replay_views(self._views)

    def _replay_views(self, views: Mapping[str, _ShownView]) -> None:
        for view, shown in views.items():
            state = shown.state
            opened = shown.opened
            if state is not None:
                opened = opened.model_copy(update={"state": state.state, "sequence": state.sequence})
            shown.told = opened.state if self._send(opened) else None
            if state is not None and not self._send(state):
                shown.told = None
            if shown.adapted is not None:
                self._send(shown.adapted)
            if shown.active:
                self._opening[view] = opened.sequence
            if shown.control is not None:
                self._send(shown.control.model_copy(update={"key_frames": dict.fromkeys(shown.control.encodings, -1)}))

    async def _listen_to_heart(self) -> None:
        """Ask for a sign of life again and again. Raises WorkerError when none came for too long."""
        beat = 0
        while True:
            patience_s = self._patience_s()
            await asyncio.sleep(min(patience_s / 4, 0.5))
            silent_s = time.monotonic() - self._alive_s
            if silent_s > self._patience_s():
                raise WorkerError(f"the rendering process did not answer for {silent_s:.1f} s")
            beat += 1
            self._send(Heartbeat(id=beat))

    def _patience_s(self) -> float:
        if not self._ready or self._opening or self._first_pick == "asked":
            return self._patience.starting_s
        software = self.device is not None and self.device.software
        return self._patience.software_s if software else self._patience.running_s

    async def _end_process(self) -> None:
        """Whatever state the process is in: afterwards it is gone."""
        process, writer = self._process, self._writer
        self._process, self._writer, self._ready = None, None, False
        if process is not None and process.returncode is None:
            if writer is not None and self._why == "":
                writer.write(protocol.pack(Shutdown()))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), SHUTDOWN_S)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        self.said = None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _send(self, message: ToWorker) -> bool:
        """To the present worker, if there is one that is ready; the next one gets the replay."""
        writer = self._writer
        if writer is None or writer.is_closing() or not (self._ready or isinstance(message, Heartbeat)):
            return False
        if writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            return False  # it does not read: the heartbeat ends it soon, and the replay brings what is dropped here
        writer.write(protocol.pack(message))
        return True

    def _set_status(self, status: Status, message: str) -> None:
        self.status = status
        if self._listener is not None:
            self._listener.on_worker_status(status, message)
