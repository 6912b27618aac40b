"""Picks are completed from the files, on threads of their own: a slow store holds up neither frames nor answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..engine.pick import with_exact_values
from ..scene.open import Scene
from ..summary import Pick
from .protocol import PickAt, Picked

log = logging.getLogger(__name__)

PATIENCE_S = 0.5
"""An answer waits no longer for the finest voxels."""
MOST_READING = 4
"""So many picks read at a time; the others are answered without."""


class ExactValues:
    """Sends each pick once: with the finest voxels' values, or after PATIENCE_S without."""

    def __init__(self, send: Callable[[Picked], None]) -> None:
        self._send = send
        self._reading = 0
        self._lock = threading.Lock()

    def answer(self, request: PickAt, scene: Scene, pick: Pick) -> None:
        """Send `pick`, at once where there is nothing to read."""
        with self._lock:
            busy = self._reading >= MOST_READING
            reads = request.exact and bool(pick.layers) and not busy
            self._reading += reads
        if not reads:
            trouble = "too many values are being read at a time" if request.exact and pick.layers else ""
            self._send(Picked(request=request.request, pick=pick.model_copy(update={"trouble": trouble})))
            return
        sent = threading.Event()

        def send_once(done: Pick) -> None:
            with self._lock:
                if sent.is_set():
                    return
                sent.set()
            self._send(Picked(request=request.request, pick=done))

        def late() -> None:
            send_once(pick.model_copy(update={"trouble": f"they did not come within {PATIENCE_S:g} s"}))

        timer = threading.Timer(PATIENCE_S, late)
        timer.daemon = True

        def read() -> None:
            try:
                send_once(with_exact_values(scene, request.state, pick))
            except Exception:
                log.exception("the finest voxels of a pick could not be read")
                send_once(pick.model_copy(update={"trouble": "an error in the program; its log has the details"}))
            finally:
                timer.cancel()
                with self._lock:
                    self._reading -= 1

        timer.start()
        threading.Thread(target=read, name="pick", daemon=True).start()
