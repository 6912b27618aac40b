"""What a PATH of `hosta serve` means."""

from __future__ import annotations

from pathlib import Path

import pytest

from render.commands.serve import locate
from render.errors import SourceError
from render.roots import Roots

NO_ROOTS = Roots({})


def test_a_path_in_a_root(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.nrrd").write_bytes(b"a")
    (tmp_path / "secret.nrrd").write_bytes(b"s")
    roots = Roots({"mine": tmp_path / "data"})
    assert locate("mine:a.nrrd", roots) == str(tmp_path / "data" / "a.nrrd")
    with pytest.raises(SourceError, match="stay in its root"):
        locate("mine:../secret.nrrd", roots)


def test_a_colon_without_a_root_is_part_of_a_name(tmp_path: Path) -> None:
    file = tmp_path / "a:b.nrrd"
    file.write_bytes(b"x")
    assert locate(str(file), NO_ROOTS) == str(file)


def test_phantoms_patterns_and_parts_are_for_the_readers(tmp_path: Path) -> None:
    stack = tmp_path / "stack.ome.tif"
    stack.write_bytes(b"II")
    for text in ("synthetic:cell?size=64", "slices/*.tif", f"{stack}/1"):
        assert locate(text, NO_ROOTS) == text


@pytest.mark.parametrize("text", ["absent", "absent/1", "", " ", "a\0b", "mine:a.nrrd"])
def test_what_is_not_there_is_said_at_once(text: str) -> None:
    with pytest.raises(SourceError, match=r"does not exist|empty"):
        locate(text, NO_ROOTS)
