"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
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


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers that are started here keep their annotations away from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("xdg-data")))
        yield
