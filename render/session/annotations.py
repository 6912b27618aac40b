"""The annotations of the scene that is served: kept on a thread of their own, told when they are on the disk."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ..errors import HostaError, LimitError, StateError
from ..limits import Limits
from ..state.annotation import NewPoint, PointAnnotation
from ..state.base import Vec3
from ..summary import SceneSummary
from .annotation_store import AnnotationStore, StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_WAITING = 256
"""Changes on their way to the disk; more than these are refused."""

Answer = Callable[[PointAnnotation | HostaError | None], None]
"""What came of a change: the annotation as it is now, None when it is gone, or why nothing was changed."""


def scene_identity(paths: Sequence[str], labels: Sequence[str] = (), spacing: str | None = None) -> str:
    """The name under which a scene's annotations are kept.

    It is what the scene shows first: the real path of a file or folder, or the name of a phantom as it was written.
    What else is laid over it changes nothing about where things are; a voxel size given by hand does, so it belongs
    to the name.
    """
    first = next(iter([*paths, *labels]), "")
    if not first.startswith("synthetic:") and "://" not in first:
        first = os.path.realpath(os.path.expanduser(first))
    return f"{first} with voxels of {spacing}" if spacing else first


class AnnotationBook:
    """The annotations of one scene. All calls, and all answers, on the event loop's thread; SQLite on another one.

    `post` runs a function on the event loop's thread. Without a `folder` nothing is kept, and changes are refused.
    """

    def __init__(
        self, folder: Path | None, scene: str, limits: Limits, post: Callable[[Callable[[], None]], None]
    ) -> None:
        self.points: dict[str, PointAnnotation] = {}
        self._folder, self._scene, self._limits, self._post = folder, scene, limits, post
        self._store: AnnotationStore | None = None
        self._trouble: HostaError | None = StoreError("the annotations are being read; try again in a moment")
        self._thread = ThreadPoolExecutor(1, "annotations") if folder is not None else None
        self._waiting = 0

    def open(self, loaded: Callable[[], None]) -> None:
        """Read what is there; `loaded` is called when `points` are there, or will not be."""
        folder = self._folder
        if self._thread is None or folder is None:
            self._trouble = StoreError("this server keeps no annotations; start it with --data-dir")
            return

        def read() -> list[PointAnnotation]:
            self._store = AnnotationStore(folder)
            return self._store.load(self._scene)

        def done(points: list[PointAnnotation] | HostaError) -> None:
            if isinstance(points, HostaError):
                log.warning("%s", points)
                self._trouble = points
            else:
                self.points = {point.id: point for point in points}
                self._trouble = None
            loaded()

        self._run(read, done)

    def add(self, point: NewPoint, author: str, created_s: float, summary: SceneSummary, answer: Answer) -> None:
        """Keep a point of a client. Raises HostaError when it is refused at once."""
        self._check_place(point.position, summary)
        kept = PointAnnotation(**point.model_dump(), author=author, created_s=created_s)
        most = self._limits.annotations_max
        self._change(lambda store: store.add(self._scene, kept, most), answer)

    def rename(self, name: str, label: str, answer: Answer) -> None:
        """Give a point another label. Raises HostaError when it is refused at once."""
        self._change(lambda store: store.rename(self._scene, name, label), answer)

    def delete(self, name: str, answer: Answer) -> None:
        """Take a point away. Raises HostaError when it is refused at once."""

        def gone() -> None:
            self.points.pop(name, None)

        self._change(lambda store: store.delete(self._scene, name), answer, gone)

    def close(self) -> None:
        """Finish what waits, and close the file."""
        if self._thread is None:
            return
        self._thread.submit(self._close_store)
        self._thread.shutdown(wait=True)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()

    def _change(
        self,
        change: Callable[[AnnotationStore], PointAnnotation | None],
        answer: Answer,
        gone: Callable[[], None] | None = None,
    ) -> None:
        if self._trouble is not None:
            raise self._trouble
        if self._waiting >= MOST_WAITING:
            raise LimitError("too many annotations are waiting to be saved; try again in a moment")

        def work() -> PointAnnotation | None:
            assert self._store is not None, "it was opened, or there is trouble"
            return change(self._store)

        def done(result: PointAnnotation | HostaError | None) -> None:
            if isinstance(result, PointAnnotation):
                self.points[result.id] = result
            elif result is None and gone is not None:
                gone()
            answer(result)

        self._run(work, done)

    def _run(self, work: Callable[[], T], done: Callable[[T | HostaError], None]) -> None:
        assert self._thread is not None, "changes are refused without one"
        self._waiting += 1

        def finished(future: Future[T]) -> None:
            def tell() -> None:
                self._waiting -= 1
                done(_outcome(future))

            self._post(tell)

        self._thread.submit(work).add_done_callback(finished)

    @staticmethod
    def _check_place(position: Vec3, summary: SceneSummary) -> None:
        """Annotations may lie outside of the box, but no further than its longest side."""
        margin = max(hi - lo for lo, hi in zip(summary.box_lo, summary.box_hi, strict=True))
        for part, lo, hi in zip(position, summary.box_lo, summary.box_hi, strict=True):
            if not lo - margin <= part <= hi + margin:
                raise StateError("the point is far outside of the scene; put it inside or near its box")


def _outcome(future: Future[Any]) -> Any:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, HostaError):
        return error
    log.error("an annotation could not be kept", exc_info=error)
    return StoreError("the annotation could not be saved because of an error in the program; its log has the details")


def default_data_dir() -> Path:
    """Where the server keeps what it was told, unless it is said otherwise: XDG's place for a user's data."""
    said = os.environ.get("XDG_DATA_HOME", "")
    base = Path(said) if os.path.isabs(said) else Path.home() / ".local" / "share"
    return base / "hosta"


def author_of(session: str) -> str:
    """A name for a viewer that does not give its session away."""
    return "viewer-" + hashlib.sha256(session.encode()).hexdigest()[:12]
