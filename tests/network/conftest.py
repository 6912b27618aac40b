"""A lab for each test of real networks. Where none can be made, they are skipped and say what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from render.resources import client_dir
from tests.browser.chromium import find_chromium

from .lab import Lab, lacking


@pytest.fixture(scope="session")
def chromium_program() -> str:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is on the PATH, and HOSTA_CHROMIUM names none")
    if client_dir() is None:
        pytest.skip("the client is not built; ./hosta test builds it")
    return program


@pytest.fixture
def lab() -> Iterator[Lab]:
    if (reason := lacking()) is not None:
        pytest.skip(f"no network of two hosts can be made here: {reason}")
    with Lab() as lab:
        yield lab


Need = Callable[[str, str], str]


@pytest.fixture
def need() -> Need:
    """The path of a program, by its name and its Debian package; without it the test is skipped."""

    def find(program: str, package: str) -> str:
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        if found is None:
            pytest.skip(f"{program} is not there (Debian's {package})")
        return found

    return find


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack
