"""The worker process: `python -m render.worker.process --fd N --parent PID`. It owns the GPU and the encoders.

The supervisor starts it with one end of a socket pair. Its main thread is the GL thread: it takes the messages, steps
the views in turn and answers heartbeats, so that a GL thread that hangs is noticed; it answers them during uploads too.
It ends when the socket closes, when it is told to, and with its parent. It is disposable: what cannot be survived ends
it, and the supervisor starts another.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

from ..codec.video import CodecName, choose_codec
from ..engine.bring import bring
from ..engine.device_scene import DeviceScene
from ..engine.renderer import Renderer
from ..errors import GpuError, HostaError, SourceError, WorkerError
from ..gpu.context import Context
from ..logs import set_up_logs
from ..memory_settings import memory_settings
from ..scene.open import Scene
from ..source.chunk_cache import set_cache_bytes
from .channel import WorkerChannel
from .exact import ExactValues
from .load import sign_of_life
from .loader import Opened, ProgressReporter, open_in_background
from .protocol import (
    AdaptView,
    CloseView,
    Failed,
    Heartbeat,
    HeartbeatAck,
    OpenScene,
    OpenView,
    PickAt,
    Picked,
    SceneReady,
    SearchSegments,
    SetAnnotations,
    SetCamera,
    SetState,
    SetViewport,
    Shutdown,
    StreamControl,
    WorkerReady,
)
from .search import SegmentSearch
from .stills import StillEncoder
from .stream import ViewStream
from .test_picture import MovingPicture
from .turns import Turns

log = logging.getLogger("render.worker.process")  # it runs as __main__

PR_SET_PDEATHSIG = 1
ORPHAN_GRACE_S = 2.0
"""How long the GL thread has to end by itself once the server is gone."""
CONGESTED_WAIT_S = 0.005


class ServerGone(Exception):  # noqa: N818 - it is no error
    """The server is gone, or has said that this is the end."""


class Worker:
    """The GL thread's loop: messages in, views stepped in turn."""

    def __init__(
        self,
        channel: WorkerChannel,
        context: Context,
        codec: CodecName,
        renderer: Callable[..., Renderer] = Renderer,
    ) -> None:
        """`renderer` makes what draws a view."""
        self._renderer = renderer
        self._channel = channel
        self._context = context
        self._codec: CodecName = codec
        memory = memory_settings()
        self._device_bytes = memory.device_bytes
        if memory.cache_bytes is not None:
            set_cache_bytes(memory.cache_bytes)
        self._scenes: dict[str, Scene] = {}
        self._residents: dict[str, DeviceScene] = {}
        self._searches: dict[str, SegmentSearch] = {}
        self._streams: dict[str, ViewStream] = {}
        self._asked: dict[
            str, list[OpenView | SetState | SetCamera | SetViewport | StreamControl | AdaptView]
        ] = {}  # for scenes that open yet
        self._annotations: dict[str, SetAnnotations] = {}
        self._exact = ExactValues(channel.send)
        self._turns: Turns[str] = Turns()
        self._stills = StillEncoder(channel.send)
        self._aside: list[object] = []  # messages that came during an upload

    def run(self) -> None:
        """Until the server is gone or says so."""
        try:
            wait_s: float | None = 0.0
            while True:
                for message in coalesce(self._receive(wait_s)):
                    self._handle(message)
                wait_s = self._step()
        except ServerGone:
            return
        finally:
            self._stills.close()
            for stream in self._streams.values():
                stream.close()
            for scene in list(self._scenes):
                self._close_scene(scene)

    def _receive(self, wait_s: float | None) -> list[object]:
        """All messages that are there; waits `wait_s` for the first (None: for ever)."""
        messages, self._aside = self._aside, []
        inbox = self._channel.inbox
        if not messages and (wait_s is None or wait_s > 0):
            with contextlib.suppress(queue.Empty):
                messages.append(inbox.get(timeout=wait_s))
        while not inbox.empty():
            messages.append(inbox.get())
        return messages

    def _step(self) -> float | None:
        """Work on one view; how long to wait for messages before the next."""
        if self._channel.congested:
            return CONGESTED_WAIT_S
        now_s = time.monotonic()
        view, wait_s = self._turns.next(((key, stream.pace) for key, stream in self._streams.items()), now_s)
        if view is None:
            return wait_s
        stream = self._streams[view]
        try:
            stream.step(now_s, self._turns.budget_s(stream.pace.step_budget_s))
            for sentence in stream.troubles():
                self._channel.send(Failed(view=view, code=SourceError.code, message=sentence))
        except GpuError as error:
            # A lost context does not come back within a process; a new process replays the views.
            self._channel.send(Failed(view=view, code=error.code, message=error.sentence))
            raise
        except HostaError as error:
            self._stall(stream, error)
        except Exception:
            log.exception("view %s cannot be drawn", view)
            self._stall(stream, HostaError("the picture could not be made because of an error in the program"))
        finally:
            self._turns.spent(time.monotonic() - now_s)
        return 0.0

    def _stall(self, stream: ViewStream, error: HostaError) -> None:
        """Leave this view alone until its state changes."""
        stream.pace.stalled = True
        note(f"view {stream.view} waits for another state", error)
        self._channel.send(Failed(view=stream.view, code=error.code, message=error.sentence))

    def _handle(self, message: object) -> None:
        match message:
            case None | Shutdown():
                raise ServerGone
            case Heartbeat():
                self._channel.send(sign_of_life(message.id, self._residents.values(), self._streams.values()))
            case OpenScene():
                open_in_background(message, self._channel.send, self._channel.inbox.put)
            case Failed():
                self._channel.send(message)
            case Opened():
                self._scene_opened(message)
            case OpenView():
                self._open_view(message)
            case SetState() | SetCamera() | SetViewport() | StreamControl() | AdaptView():
                self._control(message)
            case PickAt():
                self._pick(message)
            case SetAnnotations():
                self._annotations[message.scene] = message
                for viewed in self._streams.values():
                    if viewed.scene == message.scene:
                        viewed.set_annotations(message.points, time.monotonic())
            case SearchSegments():
                if search := self._searches.get(message.scene):  # a scene that opens yet is asked again by its clients
                    search.ask(message)
            case CloseView():
                self._asked.pop(message.view, None)
                self._turns.forget(message.view)
                if stream := self._streams.pop(message.view, None):
                    stream.close()
            case _:
                raise WorkerError(f"the worker does not know what to do with {type(message).__name__}")

    def _scene_opened(self, opened: Opened) -> None:
        """Bring the scene onto the GPU, once for all its views, and open the views that wait for it."""
        name, scene = opened.name, opened.scene
        self._close_scene(name)
        report = ProgressReporter(name, self._channel.send)

        def progress(what: str, done: int, total: int) -> None:
            report(what, done, total)
            self._breathe()

        self._scenes[name] = scene
        try:
            resident = self._residents[name] = bring(self._context, scene, self._device_bytes, progress)
        except HostaError as error:
            self._close_scene(name)
            note(f"scene {name} cannot be brought onto the device", error)
            self._channel.send(Failed(scene=name, code=error.code, message=error.sentence))
            return
        seen = {layer: resident.dense_ids[layer].ids for layer in resident.label_layers}
        self._searches[name] = SegmentSearch(scene, seen, self._channel.send)
        summary = scene.summary(resident.levels)
        self._channel.send(SceneReady(scene=name, summary=summary, default_state=scene.default_state))
        waiting = [asked for asked in self._asked.values() if isinstance(asked[0], OpenView)]
        for asked in waiting:
            request = asked[0]
            if isinstance(request, OpenView) and request.scene == name:
                del self._asked[request.view]
                self._open_view(request)
                for message in asked[1:]:
                    self._handle(message)

    def _open_view(self, request: OpenView) -> None:
        resident = self._residents.get(request.scene)
        if resident is None:
            self._asked[request.view] = [request]
            return
        if previous := self._streams.pop(request.view, None):
            previous.close()
        size, send = (request.width, request.height), self._channel.send
        try:
            stream = ViewStream(
                request.view,
                request.scene,
                self._context,
                resident,
                size,
                self._codec,
                send,
                self._stills,
                renderer=self._renderer,
            )
        except HostaError as error:
            note(f"view {request.view} cannot be opened", error)
            self._channel.send(Failed(view=request.view, code=error.code, message=error.sentence))
            return
        self._streams[request.view] = stream
        if annotations := self._annotations.get(request.scene):
            stream.set_annotations(annotations.points, time.monotonic())
        try:
            stream.set_state(request.state or resident.scene.default_state, request.sequence, 0, time.monotonic())
        except HostaError as error:
            self._stall(stream, error)

    def _close_scene(self, name: str) -> None:
        for view in [view for view, stream in self._streams.items() if stream.scene == name]:
            self._streams.pop(view).close()
            self._turns.forget(view)
        if search := self._searches.pop(name, None):
            search.close()
        if resident := self._residents.pop(name, None):
            resident.close()
        if scene := self._scenes.pop(name, None):
            scene.close()

    def _control(self, message: SetState | SetCamera | SetViewport | StreamControl | AdaptView) -> None:
        if asked := self._asked.get(message.view):
            asked.append(message)
            return
        stream = self._streams.get(message.view)
        if stream is None:
            return  # it was closed, or could not be opened, which was told
        now_s = time.monotonic()
        try:
            match message:
                case SetState():
                    stream.set_state(message.state, message.sequence, message.camera_seq, now_s)
                case SetCamera():
                    stream.set_camera(message.camera, message.sequence, message.camera_seq, now_s)
                case SetViewport():
                    stream.resize(message.width, message.height, now_s)
                case AdaptView():
                    stream.adapt(message)
                case StreamControl():
                    stream.control(message)
        except GpuError:
            raise
        except HostaError as error:
            self._stall(stream, error)

    def _pick(self, request: PickAt) -> None:
        """Answer now, or once the file has been asked for the finest voxels."""
        stream = self._streams.get(request.view)
        try:
            if stream is None:
                raise WorkerError("the picture is not open yet; click again")
            pick = stream.pick(request)
        except GpuError as error:
            self._channel.send(Picked(request=request.request, code=error.code, message=error.sentence))
            raise
        except HostaError as error:
            self._channel.send(Picked(request=request.request, code=error.code, message=error.sentence))
            return
        self._exact.answer(request, self._scenes[stream.scene], pick)

    def _breathe(self) -> None:
        """Answer the heartbeats that came in the middle of something long; keep the rest for after it."""
        while not self._channel.inbox.empty():
            message = self._channel.inbox.get()
            if isinstance(message, Heartbeat):
                self._channel.send(HeartbeatAck(id=message.id))
            elif message is None or isinstance(message, Shutdown):
                raise ServerGone
            else:
                self._aside.append(message)


def note(what: str, error: HostaError) -> None:
    """Log an error whose sentence goes to the server, which tells it. More lines than that are only in this log."""
    log.log(logging.INFO if str(error) == error.sentence else logging.ERROR, "%s: %s", what, error)


def coalesce(messages: Sequence[object]) -> list[object]:
    """The same messages without states, cameras and sizes that a later one of the same view replaces; the order is
    kept. A state also replaces the cameras before it.
    """
    kept: list[object] = []
    later: set[tuple[type, str]] = set()
    for message in reversed(messages):
        if isinstance(message, SetState | SetCamera | SetViewport):
            if (type(message), message.view) in later:
                continue
            later.add((type(message), message.view))
            if isinstance(message, SetState):
                later.add((SetCamera, message.view))
        elif isinstance(message, OpenView | CloseView):
            later -= {(kind, message.view) for kind in (SetState, SetCamera, SetViewport)}
        kept.append(message)
    kept.reverse()
    return kept


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends. Linux only; elsewhere the closed socket does it."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise WorkerError(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        raise WorkerError("the server ended while the worker started")


def _end_later() -> None:
    """End the process even if the GL thread hangs."""
    timer = threading.Timer(ORPHAN_GRACE_S, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m render.worker.process", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the server")
    parser.add_argument("--parent", type=int, required=True, help="process id of the server")
    parser.add_argument("--device", type=int, default=None, help="index of the EGL device")
    parser.add_argument("--test-picture", action="store_true", help="stream a test picture in place of the data")
    options = parser.parse_args(arguments)
    set_up_logs()
    # It has what a ViewStream asks of a renderer, and nothing of what pictures in files need.
    renderer = cast("Callable[..., Renderer]", MovingPicture) if options.test_picture else Renderer
    die_with_parent(options.parent)
    channel = WorkerChannel(socket.socket(fileno=options.fd), on_gone=_end_later)
    channel.start()
    try:
        context = Context.create(options.device)
        codec = choose_codec()
        log.info("rendering on %s, encoding with %s", context.info.name, codec)
        channel.send(WorkerReady(device=context.info, encoder=codec))
        try:
            Worker(channel, context, codec, renderer).run()
        finally:
            context.close()
    except HostaError as error:
        channel.send(Failed(code=error.code, message=error.sentence))
        note("the worker ends", error)
        return error.exit_code
    finally:
        channel.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
