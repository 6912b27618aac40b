"""Names from clients: what resolves, and all the ways in which one does not leave its root."""

from __future__ import annotations

import os
from glob import glob
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.errors import SourceError, UsageError
from render.roots import Roots, check_relative, is_within


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "data/sub").mkdir(parents=True)
    (tmp_path / "data/sub/a.nrrd").write_bytes(b"in")
    (tmp_path / "data2").mkdir()
    (tmp_path / "data2/secret").write_bytes(b"out")
    (tmp_path / "data/link").symlink_to(tmp_path / "data2/secret")
    (tmp_path / "data/up").symlink_to("..")
    (tmp_path / "data/own").symlink_to("sub/a.nrrd")
    (tmp_path / "data/loop").symlink_to("loop")
    os.mkfifo(tmp_path / "data/pipe")
    (tmp_path / "data/[odd]").mkdir()
    for number in range(3):
        (tmp_path / f"data/[odd]/{number}.tif").write_bytes(b"slice")
    (tmp_path / "data/[odd]/3.png").symlink_to("gone")
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
     "%252e%252e/data2", "%2fetc/passwd", "%00", "\ud800", "x" * 5000, "../data/sub/a.nrrd",
     "lin*", "u*/secret", "u*/gone", "*/data2/s*", "../*", "up/*", "p*", "[[]odd]/*.png", "**/*.tif", "sub/*.tif",
     "link/1", "up/data2/secret/1", "gone/1", "sub/1"],
)  # fmt: skip
def test_names_that_lead_out_do_not(tree: Path, relative: str) -> None:
    with pytest.raises(SourceError) as caught:
        Roots({"d": tree / "data"}).resolve(f"d:{relative}")
    assert str(tree) not in str(caught.value)


def test_what_is_outside_cannot_be_probed(tree: Path) -> None:
    """The answer is the same whether the file is there or not."""
    words = []
    for outside in ("up/data2/secret", "up/data2/absent"):
        with pytest.raises(SourceError, match="leads out") as caught:
            Roots({"d": tree / "data"}).resolve(f"d:{outside}")
        words.append(str(caught.value).replace(outside, ""))
    assert words[0] == words[1]


@pytest.mark.parametrize(("name", "count"), [("[[]odd]/*.tif", 3), ("[[]odd]/[12].tif", 2), ("?odd]/?.tif", 3)])
def test_patterns_stay_patterns(tree: Path, name: str, count: int) -> None:
    found = glob(str(Roots({"d": tree / "data"}).resolve(f"d:{name}")))
    assert len(found) == count
    assert all(is_within(Path(one).resolve(), tree / "data/[odd]") for one in found)


def test_a_part_of_a_file(tree: Path) -> None:
    roots = Roots({"d": tree / "data"})
    assert roots.resolve("d:own/1") == tree / "data/sub/a.nrrd/1"
    assert roots.resolve("d:sub/a.nrrd:/volumes/raw") == tree / "data/sub/a.nrrd/volumes/raw"
    for name in ("d:up/data2/secret:/1", "d:sub/a.nrrd:/../../1"):
        with pytest.raises(SourceError):
            roots.resolve(name)


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


def test_roots_of_a_command_line(tree: Path) -> None:
    roots = Roots.parse([f"one={tree / 'data'}", f"two={tree}"])
    assert roots.names == ("one", "two")
    assert roots.resolve("two:data2/secret") == tree / "data2/secret"


@pytest.mark.parametrize("text", ["data", "=data", "data=", "../x=data", "a:b=data"])
def test_malformed_roots_of_a_command_line(text: str) -> None:
    with pytest.raises(UsageError, match="name=folder"):
        Roots.parse([text])


def test_one_name_twice(tree: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        Roots.parse([f"d={tree}", f"d={tree}"])
