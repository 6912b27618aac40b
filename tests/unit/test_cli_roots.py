"""Roots: what `name:relative` reaches and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from render.commands.roots import parse_roots, resolve
from render.errors import SourceError, UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "data"
    (inside / "deep").mkdir(parents=True)
    (inside / "deep" / "a.nrrd").write_bytes(b"a")
    (tmp_path / "secret.nrrd").write_bytes(b"s")
    (inside / "out.nrrd").symlink_to(tmp_path / "secret.nrrd")
    (inside / "alias.nrrd").symlink_to(inside / "deep" / "a.nrrd")
    (inside / "loop").symlink_to(inside / "loop")
    return inside


def test_a_path_in_a_root(root: Path) -> None:
    roots = parse_roots([f"mine={root}"])
    assert resolve("mine:deep/a.nrrd", roots) == str(root / "deep" / "a.nrrd")
    assert resolve("mine:deep/../alias.nrrd", roots) == str(root / "deep" / "a.nrrd")


@pytest.mark.parametrize(
    "relative", ["../secret.nrrd", "/etc/hostname", "out.nrrd", "deep/../../secret.nrrd", "deep/\0", "loop", "absent"]
)
def test_nothing_outside_of_a_root(root: Path, relative: str) -> None:
    with pytest.raises((SourceError, ValueError), match=r"leads out|does not exist|NUL|null") as raised:
        resolve(f"mine:{relative}", parse_roots([f"mine={root}"]))
    assert isinstance(raised.value, SourceError)
    assert str(root.parent) not in str(raised.value)


def test_a_colon_without_a_root_is_part_of_a_name(tmp_path: Path) -> None:
    file = tmp_path / "a:b.nrrd"
    file.write_bytes(b"x")
    assert resolve(str(file), {}) == str(file)


def test_phantoms_and_patterns_are_for_the_readers() -> None:
    for text in ("synthetic:cell?size=64", "slices/*.tif"):
        assert resolve(text, {}) == text


@pytest.mark.parametrize("text", ["data", "=data", "data=", "a b=data", "../x=data"])
def test_malformed(text: str) -> None:
    with pytest.raises(UsageError, match="name=folder"):
        parse_roots([text])


def test_one_name_twice(root: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        parse_roots([f"mine={root}", f"mine={root}"])
