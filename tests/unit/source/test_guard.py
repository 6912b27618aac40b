"""Names from clients: what resolves, and all the ways in which one does not leave its root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.errors import SourceError, UsageError
from render.source.guard import Roots, check_relative, is_within


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "data/sub").mkdir(parents=True)
    (tmp_path / "data/sub/a.nrrd").write_text("in")
    (tmp_path / "data2").mkdir()
    (tmp_path / "data2/secret").write_text("out")
    (tmp_path / "data/link").symlink_to(tmp_path / "data2/secret")
    (tmp_path / "data/up").symlink_to("..")
    (tmp_path / "data/own").symlink_to("sub/a.nrrd")
    (tmp_path / "data/loop").symlink_to("loop")
    os.mkfifo(tmp_path / "data/pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [("d:sub/a.nrrd", "sub/a.nrrd"), ("d:", ""), ("d:sub/", "sub"), ("d:own", "sub/a.nrrd"), ("d:./sub", "sub")],
)
def test_names_inside_resolve(tree: Path, name: str, found: str) -> None:
    assert Roots({"d": tree / "data"}).resolve(name) == (tree / "data" / found).resolve()


@pytest.mark.parametrize(
    "relative",
    ["../data2/secret", "sub/../../data2/secret", "/etc/passwd", "link", "up/data2/secret", "up", "..", "sub/..",
     "loop", "pipe", "gone", "a\0b", "..\\data2\\secret", "C:/x", "\\\\server\\share", "%2e%2e/data2/secret",
     "%252e%252e/data2", "%2fetc/passwd", "%00", "\ud800", "x" * 5000, "../data/sub/a.nrrd"],
)  # fmt: skip
def test_names_that_lead_out_do_not(tree: Path, relative: str) -> None:
    with pytest.raises(SourceError) as caught:
        Roots({"d": tree / "data"}).resolve(f"d:{relative}")
    assert str(tree) not in str(caught.value)


@pytest.mark.parametrize("name", ["", "sub/a.nrrd", "other:sub", "/d:sub", "D:sub"])
def test_names_without_a_root(tree: Path, name: str) -> None:
    with pytest.raises(SourceError):
        Roots({"d": tree / "data"}).resolve(name)


@given(st.text(max_size=60))
def test_no_text_leaves_a_root(text: str) -> None:
    roots = Roots({"d": "/usr/share"})
    try:
        found = roots.resolve(f"d:{text}")
    except SourceError:
        return
    assert is_within(found, Path("/usr/share").resolve())


@given(st.lists(st.sampled_from(["..", ".", "a", "/", "%2e", "%2f", "\\", "b"]), max_size=6).map("".join))
def test_what_is_checked_has_no_way_up(text: str) -> None:
    try:
        parts = check_relative(text)
    except SourceError:
        return
    assert ".." not in parts
    assert not text.startswith("/")


def test_a_name_that_begins_alike_is_not_within() -> None:
    assert is_within(Path("/data/x"), Path("/data"))
    assert is_within(Path("/data"), Path("/data"))
    assert not is_within(Path("/data2/x"), Path("/data"))


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "..", "synthetic", "a\0"])
def test_names_of_roots_are_plain(tree: Path, name: str) -> None:
    with pytest.raises(UsageError):
        Roots({name: tree})


def test_a_root_must_be_a_folder(tree: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        Roots({"d": tree / "data2/secret"})
