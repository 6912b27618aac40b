"""docs/agave.md: every test that it names as a proof exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "agave.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "`tests/" in line]


def named_tests(row: str) -> list[tuple[str, str]]:
    """(file, function or "") of each test that a row names; `::name` alone goes on in the file before."""
    found, file = [], ""
    for said in re.findall(r"`((?:tests/|::)[^`]*)`", row.split("LEAD")[0]):
        path, _, function = said.partition("::")
        file = path or file
        found.append((file, function))
    return found


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_what_a_row_names_exists(row: str) -> None:
    for file, function in named_tests(row):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f"def {function}(" in text if function else "def test_" in text, f"{file}::{function}"
