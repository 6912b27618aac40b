"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def hosta_data() -> Path:
    """The folder of real data that HOSTA_DATA names; a test that asks for it is skipped where there is none."""
    said = os.environ.get("HOSTA_DATA", "")
    folder = Path(said).expanduser()
    if not said or not folder.is_dir():
        pytest.skip("HOSTA_DATA names no folder of real data")
    return folder.resolve()
