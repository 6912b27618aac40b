"""docs/gallery.md is what its script writes, and its pictures and states are there and are what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from render.state.view import parse_state

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_scripts(gallery: ModuleType) -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.page()


def test_pictures_are_there_in_the_size_that_is_said(gallery: ModuleType) -> None:
    shown = [picture for picture in gallery.every() if picture.committed]
    assert len(shown) >= 12
    for picture in shown:
        path = DOCS / "pictures" / f"{picture.name}{picture.suffix}"
        width, height = (int(side) for side in picture.size.split("x"))
        with Image.open(path) as image:
            assert image.size == ((picture.scaled,) * 2 if picture.scaled else (width, height)), path.name
            assert (image.mode == "RGBA") == ("--transparent" in picture.options), path.name


def test_states_are_valid(gallery: ModuleType) -> None:
    for picture in gallery.every():
        if picture.state:
            parse_state((DOCS / "pictures" / f"{picture.name}.json").read_bytes())


def test_nothing_else_lies_there_and_all_is_small(gallery: ModuleType) -> None:
    known = {f"{picture.name}{end}" for picture in gallery.every() for end in (picture.suffix, ".json")}
    known |= {f"agave-{scene}{end}" for scene in ("surface", "cut", "translucent") for end in (".json", "-theirs.webp")}
    files = list((DOCS / "pictures").iterdir())
    assert {file.name for file in files} <= known
    assert sum(file.stat().st_size for file in files) < 6_000_000


def test_data_that_may_not_be_shown_are_not(gallery: ModuleType) -> None:
    for picture in gallery.every():
        kept = any(name in word for word in picture.data for name in ("CT_AVM", "ct-dicom", "em-vnc"))
        assert picture.committed != kept, picture.name


def test_the_readme_has_the_same_command(gallery: ModuleType) -> None:
    (cell,) = (picture for picture in gallery.every() if picture.name == "cell")
    assert gallery.command(cell) in (DOCS.parent / "README.md").read_text(encoding="utf-8")
