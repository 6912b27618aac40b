"""Sources that a test opened are closed after it, so that a file left open is noticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.source import reading


@pytest.fixture(autouse=True)
def _close_sources() -> Iterator[None]:
    yield
    while reading.OPENED:
        reading.OPENED.pop().close()
