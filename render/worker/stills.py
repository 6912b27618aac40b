"""Pictures at rest as files without loss, encoded on a thread of their own while the GL thread goes on."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..codec.still import encode_still
from .protocol import Still

log = logging.getLogger(__name__)

NICENESS = 10
"""The encoding takes what processor time the pictures in motion leave."""


@dataclass(frozen=True, slots=True)
class _Job:
    still: Still
    pixels: NDArray[np.uint8]


class StillEncoder:
    """Makes WebP files of pictures, one after the other; of a view only the newest, and none that was cancelled.

    `send` gets each with its bytes, on the encoder's thread, and never after `cancel` or a newer `make` has returned.
    """

    def __init__(self, send: Callable[[Still, bytes], None]) -> None:
        self._send = send
        self._waiting: dict[str, _Job] = {}  # by view, the one that waits longest first
        self._current: _Job | None = None  # the one that is encoded; None also once it is cancelled
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def make(self, still: Still, pixels: NDArray[np.uint8]) -> None:
        """Encode `pixels`, (height, width, 4) uint8 sRGB, which nobody changes any more. Does not wait."""
        with self._changed:
            self._cancel(still.view)
            self._waiting[still.view] = _Job(still, pixels)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stills", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def cancel(self, view: str) -> None:
        """What this view looked like is not wanted any more."""
        with self._changed:
            self._cancel(view)

    def close(self, timeout_s: float = 1.0) -> None:
        """Send nothing more; waits for at most `timeout_s` for an encoding that has begun."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._current = None
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _cancel(self, view: str) -> None:
        self._waiting.pop(view, None)
        if self._current is not None and self._current.still.view == view:
            self._current = None

    def _run(self) -> None:
        if sys.platform.startswith("linux"):  # elsewhere a thread has no priority of its own
            with contextlib.suppress(OSError):  # a container may forbid it
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = self._current = self._waiting.pop(next(iter(self._waiting)))
            try:
                data = encode_still(job.pixels, "webp")
            except Exception:
                log.exception("the still of view %s cannot be encoded", job.still.view)
                continue
            with self._changed:
                if self._current is job:
                    self._current = None
                    self._send(job.still, data)
