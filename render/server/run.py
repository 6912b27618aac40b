"""Starts the server and blocks until it ends. This is what the command line calls.

    from render.server.run import run_server
    from render.settings import ServerSettings

    settings = ServerSettings(host=..., port=..., token=..., insecure=...)  # only what was given
    run_server(settings, paths=["data.zarr"], labels=[], spacing="45,4.6,4.6nm", ready=print)

* `settings.token` None and `no_token=False`: a new token is made, and is in the URL.
* `ready(url)` is called once, as soon as pages are answered (the worker may still be starting): the launch URL
  `http://127.0.0.1:8470/#token=...`, in which the token is a fragment and never reaches a log. Opening a browser and
  printing are the caller's.
* `paths` go to the worker as they are (files, folders, `synthetic:cell`); it says what is wrong with them.
* It returns after SIGINT or SIGTERM, within 5 s, with the worker ended.
* When the scene cannot be shown at all, it ends with the reason: SourceError (exit code 3) for data that cannot be
  read, GpuError (4) without usable OpenGL, WorkerError (1) for a worker that ends again and again. Once the scene
  was shown, the server goes on whatever happens to its worker.
* Annotations are kept in `settings.data_dir`, or where XDG has a user's data. A folder that was named and cannot be
  used ends it; without the other one the server keeps none.
* UsageError (exit code 2): another address than loopback without a token and without `insecure`.
  HostaError (exit code 1): the port is taken, the address is not of this machine.

It must run on the main thread, because it takes the signals.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

import uvicorn

from ..errors import HostaError, UsageError
from ..resources import client_dir
from ..session.annotation_store import AnnotationStore
from ..session.annotations import default_data_dir
from ..settings import ServerSettings
from ..worker.protocol import OpenScene
from ..worker.supervisor import WORKER_PROGRAM, Patience, Supervisor
from .app import create_app
from .auth import is_loopback, new_token

GRACE_S = 2
"""How long requests that are under way have to end."""
SCENE = "main"
WEBSOCKETS: Mapping[str, Any] = {
    "ws": "websockets-sansio",
    "ws_per_message_deflate": False,  # frames are compressed already, and to compress messages costs time and memory
    "ws_ping_interval": 1.0,
    "ws_ping_timeout": 20.0,  # a slow line may need so long for what is under way; dead ones end by UNHEARD_MS
}
UNHEARD_MS = 4000
"""A client whose machine has acknowledged no byte for so long is gone (asleep, cut off); pings see to it that there are
bytes. A slow line is none of that: its machine acknowledges what comes. Linux only."""


def run_server(
    settings: ServerSettings,
    paths: Sequence[str],
    labels: Sequence[str] = (),
    spacing: str | None = None,
    environments: Sequence[str] = (),
    tables: Sequence[str] = (),
    *,
    no_token: bool = False,
    test_picture: bool = False,
    ready: Callable[[str], None],
) -> None:
    """Serve `paths` as one scene until SIGINT or SIGTERM. See the module for the arguments and the errors.

    With `test_picture` all views show that in place of the data.
    """
    if not is_loopback(settings.host) and not settings.insecure and no_token:
        raise UsageError(
            f"without a token anyone who reaches {settings.host} could use this server; "
            "leave out --no-token, bind 127.0.0.1, or say --insecure"
        )
    if no_token:
        settings = settings.model_copy(update={"token": None})
    elif settings.token is None:
        settings = settings.model_copy(update={"token": new_token()})
    if settings.data_dir is not None:
        AnnotationStore(settings.data_dir).close()  # says now what is wrong with a folder that was named
    else:
        settings = settings.model_copy(update={"data_dir": default_data_dir()})
    listening = listen(settings.host, settings.port)
    hopeless: list[HostaError] = []

    def on_hopeless(error: HostaError) -> None:
        hopeless.append(error)
        supervisor.stop()
        server.should_exit = True

    try:
        url = launch_url(settings.host, listening.getsockname()[1], settings.token)
        program = (*WORKER_PROGRAM, "--test-picture") if test_picture else WORKER_PROGRAM
        supervisor = Supervisor(_patience(settings), settings.device, program)
        scene = OpenScene(
            scene=SCENE,
            paths=tuple(paths),
            labels=tuple(labels),
            spacing=spacing,
            environments=tuple(environments),
            tables=tuple(tables),
        )
        app = create_app(settings, scene, supervisor, client_dir(), on_hopeless)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            **WEBSOCKETS,
            ws_max_size=settings.limits.message_max_bytes,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=64 << 10,
        )
        server = _Server(config, lambda: ready(url))
        # uvicorn ends gracefully on these signals and then raises them again; by then there is nothing left to do.
        previous = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            asyncio.run(server.serve(sockets=[listening]))
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
    finally:
        listening.close()
    if hopeless:
        raise hopeless[0]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises HostaError with what would help."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections have it from here
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise HostaError(f"port {port} is in use; end what uses it, or take another with --port") from None
        if error.errno == errno.EACCES:
            raise HostaError(f"port {port} may not be used by this user; take one above 1023 with --port") from None
        raise HostaError(f"the address {host} cannot be bound ({error.strerror or error}); see --host") from None
    return listening


def launch_url(host: str, port: int, token: str | None) -> str:
    """The address to open in a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    fragment = f"#token={token}" if token is not None else ""
    return f"http://{shown}:{port}/{fragment}"


def _patience(settings: ServerSettings) -> Patience:
    silence_s = settings.worker_silence_s
    return Patience() if silence_s is None else Patience(running_s=silence_s, software_s=silence_s)


def _ignore(number: int, frame: FrameType | None) -> None:
    """A signal that was already acted upon."""


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._say_ready()
