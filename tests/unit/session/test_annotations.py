"""Annotations: what is taken, what is kept, and that what was acknowledged survives a kill."""

from __future__ import annotations

import json
import os
import queue
import signal
import sqlite3
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from render.errors import HostaError, LimitError, StateError
from render.limits import DEFAULT_LIMITS, Limits
from render.session.annotation_store import FILE, AnnotationStore, StoreError
from render.session.annotations import AnnotationBook, author_of, default_data_dir, scene_identity
from render.state.annotation import NewPoint, PointAnnotation
from render.summary import SceneSummary

SCENE = SceneSummary(name="s", box_lo=(0, 0, 0), box_hi=(10, 20, 30), layers=(), n_times=1)


def new_point(**changes: object) -> NewPoint:
    return NewPoint.model_validate({"id": str(uuid.uuid4()), "position": (1.0, 2.0, 3.0), **changes})


def kept_point(**changes: object) -> PointAnnotation:
    return PointAnnotation(**new_point(**changes).model_dump(), author="viewer-1", created_s=5.0)


# ---- what is taken ----


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "1"),
        ("id", "ABCDEF01-2345-6789-abcd-ef0123456789"),
        ("id", "../../../../../../../../../../etc/pas"),
        ("position", (1, 2)),
        ("position", (float("nan"), 0, 0)),
        ("position", (float("inf"), 0, 0)),
        ("position", (1e300, 0, 0)),
        ("label", "x" * 201),
        ("label", "two\nlines"),
        ("label", "a\0b"),
        ("label", "\ud800"),
        ("color", (2, 0, 0)),
        ("segment", "-1"),
        ("segment", "1" * 21),
        ("kind", "line"),
        ("author", "me"),
    ],
)
def test_points_that_make_no_sense_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        new_point(**{field: value})


def test_labels_are_text_as_people_write_it() -> None:
    assert new_point(label="  Kern <b>&</b> 'Ω' \u200d".replace("\u200d", "") + " ").label == "Kern <b>&</b> 'Ω'"


# ---- the store ----


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnnotationStore]:
    opened = AnnotationStore(tmp_path / "data")
    yield opened
    opened.close()


def reopened(store: AnnotationStore, tmp_path: Path, scene: str = "a") -> list[PointAnnotation]:
    again = AnnotationStore(tmp_path / "data")
    try:
        return again.load(scene)
    finally:
        again.close()


def test_points_are_kept_renamed_and_deleted(store: AnnotationStore, tmp_path: Path) -> None:
    one, two, elsewhere = kept_point(label="one"), kept_point(segment=str(2**64 - 1)), kept_point()
    assert store.add("a", one, 10) == one
    store.add("a", two, 10)
    store.add("b", elsewhere, 10)
    assert {point.id: point for point in reopened(store, tmp_path)} == {one.id: one, two.id: two}
    assert store.rename("a", one.id, "uno").label == "uno"
    store.delete("a", two.id)
    assert reopened(store, tmp_path) == [one.model_copy(update={"label": "uno"})]
    assert reopened(store, tmp_path, "b") == [elsewhere]


def test_the_same_point_sent_again_is_one_point_and_a_deleted_one_stays_away(store: AnnotationStore) -> None:
    point = kept_point()
    store.add("a", point, 1)
    assert store.add("a", point.model_copy(update={"created_s": 9.0}), 1) == point
    store.delete("a", point.id)
    store.delete("a", point.id)
    with pytest.raises(StateError, match="was deleted"):
        store.add("a", point, 1)
    with pytest.raises(StateError, match="no such annotation"):
        store.rename("a", point.id, "x")
    with pytest.raises(StateError, match="no such annotation"):
        store.delete("a", str(uuid.uuid4()))
    assert store.load("a") == []


def test_there_is_a_most(store: AnnotationStore) -> None:
    store.add("a", kept_point(), 2)
    second = kept_point()
    store.add("a", second, 2)
    with pytest.raises(LimitError, match="at most 2 annotations"):
        store.add("a", kept_point(), 2)
    store.delete("a", second.id)
    store.add("a", kept_point(), 2)


def test_only_the_owner_may_look(store: AnnotationStore, tmp_path: Path) -> None:
    store.add("a", kept_point(), 10)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    for file in (tmp_path / "data").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_full_disk_loses_nothing_and_is_told(store: AnnotationStore, tmp_path: Path) -> None:
    point = kept_point()
    store.add("a", point, 10_000)
    # SQLite's own limit on pages gives the same error as a disk without room.
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    added = [point]

    def fill() -> None:
        for _ in range(200):
            added.append(store.add("a", kept_point(label="x" * 200), 10_000))  # noqa: PERF401

    with pytest.raises(StoreError, match="could not be saved: database or disk is full"):
        fill()
    assert {p.id for p in reopened(store, tmp_path)} == {p.id for p in added}


def test_files_that_are_not_ours_are_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, but it is long enough to look like one" * 100)
    with pytest.raises(StoreError, match="could not be opened: file is not a database"):
        AnnotationStore(tmp_path)
    newer = tmp_path / "newer"
    AnnotationStore(newer).close()
    with sqlite3.connect(newer / FILE) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(StoreError, match="written by another version of Hosta"):
        AnnotationStore(newer)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StoreError, match="--data-dir"):
        AnnotationStore(in_the_way / "data")


WRITER = """
import sys, uuid
from pathlib import Path
from render.session.annotation_store import AnnotationStore
from render.state.annotation import PointAnnotation

store = AnnotationStore(Path(sys.argv[1]))
while True:
    point = PointAnnotation(id=str(uuid.uuid4()), position=(1, 2, 3), label="x", author="a", created_s=0)
    store.add("a", point, 10_000)
    print(point.id, flush=True)
"""


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    for acknowledged in (1, 7):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(writer.pid, signal.SIGKILL)
        told += writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
        store = AnnotationStore(tmp_path)
        assert set(told) <= {point.id for point in store.load("a")}
        (mode,) = store._db.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = store._db.execute("PRAGMA synchronous").fetchone()
        assert (mode, synchronous) == ("wal", 2)  # 2: FULL, the log is synced at each commit
        store.close()


# ---- the book ----


class Loop:
    """Runs what is posted to it, on this thread."""

    def __init__(self) -> None:
        self._posted: queue.Queue[Callable[[], None]] = queue.Queue()

    def post(self, act: Callable[[], None]) -> None:
        self._posted.put(act)

    def run_one(self) -> None:
        self._posted.get(timeout=10)()


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def make_book(tmp_path: Path, loop: Loop) -> Iterator[Callable[..., AnnotationBook]]:
    books: list[AnnotationBook] = []

    def make(folder: Path | None = tmp_path / "data", limits: Limits = DEFAULT_LIMITS) -> AnnotationBook:
        books.append(AnnotationBook(folder, "a", limits, loop.post))
        return books[-1]

    yield make
    for book in books:
        book.close()


def test_the_answer_comes_after_the_disk_and_the_book_is_what_is_on_it(
    make_book: Callable[..., AnnotationBook], loop: Loop
) -> None:
    book, answers, loaded = make_book(), [], []
    with pytest.raises(StoreError, match="are being read"):
        book.add(new_point(), "viewer-1", 7.0, SCENE, answers.append)
    book.open(lambda: loaded.append(True))
    loop.run_one()
    assert loaded
    point = new_point(label="here")
    book.add(point, "viewer-1", 7.0, SCENE, answers.append)
    book.rename(point.id, "there", answers.append)
    assert (answers, book.points) == ([], {})
    loop.run_one()
    loop.run_one()
    assert [answer.label for answer in answers] == ["here", "there"]
    assert book.points[point.id] == answers[1]
    assert (answers[1].author, answers[1].created_s) == ("viewer-1", 7.0)
    other = make_book()
    other.open(lambda: None)
    loop.run_one()
    assert other.points == book.points
    book.delete(point.id, answers.append)
    book.delete(str(uuid.uuid4()), answers.append)
    loop.run_one()
    loop.run_one()
    assert answers[2] is None
    assert isinstance(answers[3], StateError)
    assert book.points == {}


def test_points_far_outside_of_the_scene_are_refused(make_book: Callable[..., AnnotationBook], loop: Loop) -> None:
    book, answers = make_book(), []
    book.open(lambda: None)
    loop.run_one()
    book.add(new_point(position=(-29.0, 49.0, 59.0)), "v", 0.0, SCENE, answers.append)
    for position in ((-31.0, 0, 0), (0, 51.0, 0), (0, 0, 1e15)):
        with pytest.raises(StateError, match="far outside of the scene"):
            book.add(new_point(position=position), "v", 0.0, SCENE, answers.append)
    loop.run_one()
    assert len(book.points) == len(answers) == 1


def test_a_server_that_cannot_keep_annotations_says_so(
    make_book: Callable[..., AnnotationBook], loop: Loop, tmp_path: Path
) -> None:
    nowhere = make_book(None)
    nowhere.open(lambda: None)
    with pytest.raises(StoreError, match="keeps no annotations"):
        nowhere.add(new_point(), "v", 0.0, SCENE, lambda result: None)
    (tmp_path / "file").write_text("")
    broken = make_book(tmp_path / "file" / "data")
    broken.open(lambda: None)
    loop.run_one()
    with pytest.raises(HostaError, match="cannot be kept in"):
        broken.delete(str(uuid.uuid4()), lambda result: None)


def test_a_scene_has_one_name_however_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a.zarr")
    monkeypatch.chdir(tmp_path)
    whole = str(tmp_path / "a.zarr")
    for said in (["a.zarr"], [whole], ["./a.zarr/"], ["link"], ["a.zarr", "b.zarr"]):
        assert scene_identity(said) == os.path.realpath(whole)
    assert scene_identity([], ["a.zarr"]) == os.path.realpath(whole)
    assert scene_identity(["a.zarr"], spacing="1um") != scene_identity(["a.zarr"])
    assert scene_identity(["synthetic:cell?size=64"]) == "synthetic:cell?size=64"
    assert scene_identity(["https://a.example/b"]) == "https://a.example/b"


def test_the_default_folder_is_xdgs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "hosta"
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")  # is to be ignored, says the specification
    assert default_data_dir() == Path.home() / ".local" / "share" / "hosta"


def test_an_author_does_not_give_the_session_away() -> None:
    assert author_of("secret") == author_of("secret") != author_of("other")
    assert "secret" not in author_of("secret")
    assert json.dumps(author_of("secret")).startswith('"viewer-')
