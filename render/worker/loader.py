"""Opens scenes on threads of their own, so that the GL thread goes on with frames and heartbeats."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import HostaError
from ..scene.environment import load_environments
from ..scene.open import Scene, open_scene
from ..source.address import short_name
from ..units import parse_spacing_um
from .protocol import Failed, OpenScene, Progress

log = logging.getLogger(__name__)

PROGRESS_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Opened:
    """A scene is open; the GL thread takes it over."""

    name: str
    scene: Scene


class ProgressReporter:
    """Sends the progress of a scene, but not more often than `PROGRESS_INTERVAL_S`, except for beginnings and ends."""

    def __init__(self, scene: str, send: Callable[[Progress], None]) -> None:
        self._scene = scene
        self._send = send
        self._last_s = float("-inf")
        self._last_what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if what == self._last_what and done < total and now_s - self._last_s < PROGRESS_INTERVAL_S:
            return
        self._last_s, self._last_what = now_s, what
        self._send(Progress(scene=self._scene, what=what, done=done, total=total))


def open_in_background(
    request: OpenScene, send: Callable[[Progress], None], deliver: Callable[[Opened | Failed], None]
) -> threading.Thread:
    """Open what is asked for; `deliver` gets, on the new thread, the scene or why there is none."""
    thread = threading.Thread(target=_open, args=(request, send, deliver), name=f"open-{request.scene}", daemon=True)
    thread.start()
    return thread


def _open(request: OpenScene, send: Callable[[Progress], None], deliver: Callable[[Opened | Failed], None]) -> None:
    try:
        spacing_um = parse_spacing_um(request.spacing) if request.spacing else None
        maps = load_environments(request.environments)
        progress = ProgressReporter(request.scene, send)
        scene = open_scene(request.paths, request.labels, spacing_um, progress, maps, request.tables)
    except HostaError as error:
        log.info("scene %s cannot be opened: %s", request.scene, error)
        deliver(Failed(scene=request.scene, code=error.code, message=error.sentence))
    except MemoryError:
        deliver(Failed(scene=request.scene, code="limit", message="there is not enough memory to open this data"))
    except Exception:
        log.exception("scene %s cannot be opened", request.scene)
        message = "the data could not be opened because of an error in the program; its log has the details"
        deliver(Failed(scene=request.scene, code="error", message=message))
    else:
        log.info("scene %s is open: %s", request.scene, ", ".join(map(short_name, (*request.paths, *request.labels))))
        deliver(Opened(request.scene, scene))
