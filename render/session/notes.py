"""The scene's annotations as sessions change them: a book keeps them, the worker draws them, everybody is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..errors import HostaError
from ..state.annotation import PointAnnotation
from ..summary import SceneSummary
from ..worker.protocol import SetAnnotations
from .annotations import AnnotationBook, author_of
from .events import AnnotateEvent, DeleteAnnotationEvent, RenameAnnotationEvent
from .session import Session

NoteEvent = AnnotateEvent | RenameAnnotationEvent | DeleteAnnotationEvent


class Notes:
    """`show` hands them to the worker; `sessions` are those that are there now."""

    def __init__(
        self,
        book: AnnotationBook,
        scene: str,
        show: Callable[[SetAnnotations], None],
        sessions: Mapping[str, Session],
    ) -> None:
        self._book, self._scene, self._show, self._sessions = book, scene, show, sessions

    def open(self) -> None:
        """Read what was annotated before."""
        self._book.open(self._loaded)

    @property
    def points(self) -> list[PointAnnotation]:
        return list(self._book.points.values())

    def change(self, origin: Session, event: NoteEvent, scene: SceneSummary) -> None:
        """Keep the change; all are told once it is on the disk."""
        book, name = self._book, event.point.id if isinstance(event, AnnotateEvent) else event.id

        def answer(result: PointAnnotation | HostaError | None) -> None:
            if isinstance(result, HostaError):
                origin.tell_error(result, event.seq)
                return
            self._draw()
            for session in list(self._sessions.values()):
                session.tell_annotated(name, result, event.seq if session is origin else None)

        match event:
            case AnnotateEvent():
                book.add(event.point, author_of(origin.session), time.time(), scene, answer)
            case RenameAnnotationEvent():
                book.rename(name, event.label, answer)
            case DeleteAnnotationEvent():
                book.delete(name, answer)

    def _loaded(self) -> None:
        self._draw()
        for session in list(self._sessions.values()):
            session.tell_annotations(self.points)

    def _draw(self) -> None:
        self._show(SetAnnotations(scene=self._scene, points=tuple(self.points)))
