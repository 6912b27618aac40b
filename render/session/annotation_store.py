"""Annotations on disk: one SQLite file a data folder. What a method has returned from survives a crash of the machine.

Write-ahead log with `synchronous=FULL`: the log is on the disk before a commit returns. Rows are never removed: a
deleted annotation keeps its id, so that one that is sent again does not come back. `kind`, `version` and the JSON in
`body` leave room for other kinds of annotations and for their history.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ..errors import HostaError, LimitError, StateError
from ..state.annotation import PointAnnotation

log = logging.getLogger(__name__)

FILE = "annotations.sqlite3"
SCHEMA_VERSION = 1
BUSY_S = 2.0
_SCHEMA = """
CREATE TABLE annotation (
    scene TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    PRIMARY KEY (scene, id)
) WITHOUT ROWID;
"""


class StoreError(HostaError):
    """Annotations cannot be kept or read: a disk that is full, a folder that may not be written."""

    code = "store"


class AnnotationStore:
    """The file in `folder`, which is made with access for its owner only. All calls on the thread that made it.

    Raises StoreError, here and from all methods.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = folder / FILE
            # Made here, for SQLite would let the umask decide who may read it; the log beside it gets the same mode.
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StoreError(
                f"annotations cannot be kept in {folder}: {reason}; name a folder with --data-dir"
            ) from None
        with self._told("opened"):
            self._db = sqlite3.connect(self._file, timeout=BUSY_S, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        with self._transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._db.execute(_SCHEMA)
                self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise StoreError(
                    f"{self._file} was written by another version of Hosta (its layout is {version}, this one knows "
                    f"{SCHEMA_VERSION}); use that one, or name another folder with --data-dir"
                )

    def load(self, scene: str) -> list[PointAnnotation]:
        """The annotations of a scene, oldest first. Rows of kinds that this version does not know are left alone."""
        with self._told("read"):
            rows = self._db.execute(
                "SELECT id, body FROM annotation WHERE scene = ? AND kind = 'point' AND deleted = 0", (scene,)
            ).fetchall()
        points = []
        for name, body in rows:
            try:
                points.append(PointAnnotation.model_validate_json(body))
            except ValidationError as error:
                log.error("annotation %s in %s is left out: %s", name, self._file, error)
        return sorted(points, key=lambda point: (point.created_s, point.id))

    def add(self, scene: str, point: PointAnnotation, most: int) -> PointAnnotation:
        """Keep a point; the one that is there already when its id is. Raises StateError for the id of a deleted one,
        LimitError when the scene has `most`.
        """
        with self._told("saved"), self._transaction():
            found = self._find(scene, point.id)
            if found is not None:
                _, deleted, body = found
                if deleted:
                    raise StateError("this annotation was deleted; make a new one")
                return PointAnnotation.model_validate_json(body)
            (count,) = self._db.execute(
                "SELECT count(*) FROM annotation WHERE scene = ? AND deleted = 0", (scene,)
            ).fetchone()
            if count >= most:
                raise LimitError(f"a scene has at most {most} annotations; delete some first")
            self._db.execute(
                "INSERT INTO annotation (scene, id, kind, version, body) VALUES (?, ?, ?, 1, ?)",
                (scene, point.id, point.kind, point.model_dump_json()),
            )
            return point

    def rename(self, scene: str, name: str, label: str) -> PointAnnotation:
        """Give a point another label. Raises StateError when there is none of this id."""
        with self._told("saved"), self._transaction():
            found = self._find(scene, name)
            if found is None or found[1]:
                raise StateError("there is no such annotation any more")
            point = PointAnnotation.model_validate_json(found[2]).model_copy(update={"label": label})
            self._db.execute(
                "UPDATE annotation SET version = version + 1, body = ? WHERE scene = ? AND id = ?",
                (point.model_dump_json(), scene, name),
            )
            return point

    def delete(self, scene: str, name: str) -> None:
        """Take an annotation away; one that is gone already stays so. Raises StateError for an id that never was."""
        with self._told("deleted"), self._transaction():
            changed = self._db.execute(
                "UPDATE annotation SET version = version + (deleted = 0), deleted = 1 WHERE scene = ? AND id = ?",
                (scene, name),
            )
            if changed.rowcount == 0:
                raise StateError("there is no such annotation")

    def close(self) -> None:
        self._db.close()

    def _find(self, scene: str, name: str) -> tuple[int, int, str] | None:
        """version, deleted, body"""
        found: tuple[int, int, str] | None = self._db.execute(
            "SELECT version, deleted, body FROM annotation WHERE scene = ? AND id = ?", (scene, name)
        ).fetchone()
        return found

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; on the disk when it ends. It takes the file's lock at once, for reads come before writes."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """SQLite's errors as one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            log.error("%s: %s", self._file, error)
            raise StoreError(f"the annotations could not be {what}: {error}; see the server's log") from None
