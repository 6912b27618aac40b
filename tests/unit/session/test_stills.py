"""The shelf of stills: the newest of each view, never more bytes than allowed."""

from __future__ import annotations

import pytest

from render.session.stills import NoStillError, StillShelf
from render.worker.protocol import Still


def still(view: str, sequence: int) -> Still:
    return Still(view=view, sequence=sequence, camera_seq=1, width=4, height=4, samples=8)


def test_the_newest_two_of_a_view_are_kept() -> None:
    shelf = StillShelf(1000)
    for sequence in range(5):
        shelf.keep(still("a", sequence), b"%d" % sequence)
    shelf.keep(still("b", 0), b"b")
    assert [shelf.find("a", sequence).data for sequence in (3, 4)] == [b"3", b"4"]
    for sequence in range(3):
        with pytest.raises(NoStillError, match="wait until the picture rests again"):
            shelf.find("a", sequence)
    assert shelf.find("b", 0).data == b"b"


def test_another_picture_of_the_same_state_has_another_path_and_the_old_path_keeps_its_picture() -> None:
    shelf = StillShelf(1000)
    first, second = shelf.keep(still("a", 7), b"before"), shelf.keep(still("a", 7), b"with a mark")
    assert first is not None
    assert second is not None
    assert first.path != second.path
    assert first.etag != second.etag
    assert shelf.find("a", 7, first.number).data == b"before"
    assert shelf.find("a", 7).data == b"with a mark"
    assert shelf.newest("a", 7) is second
    assert shelf.newest("a", 8) is None
    assert shelf.newest("b", 7) is None


def test_memory_is_bounded_over_all_views_and_the_oldest_go() -> None:
    shelf = StillShelf(100)
    for number in range(50):
        shelf.keep(still(f"view{number}", 1), bytes(30))
        assert shelf.size_bytes <= 100
    assert shelf.find("view47", 1).data == bytes(30)
    with pytest.raises(NoStillError):
        shelf.find("view46", 1)
    assert shelf.keep(still("huge", 1), bytes(101)) is None
    assert shelf.size_bytes == 90


def test_a_closed_view_leaves_nothing_behind() -> None:
    shelf = StillShelf(100)
    shelf.keep(still("a", 1), bytes(30))
    shelf.forget("a")
    assert shelf.size_bytes == 0
