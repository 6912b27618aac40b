"""The wheel, by way of the sdist: what it holds, and that it works in an empty environment outside of the checkout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]

# The fixtures build, and install a gigabyte of libraries.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel that is made of the sdist alone."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(CHECKOUT)],
        env=os.environ | {"HOSTA_REQUIRE_CLIENT": "1"},
        check=True,
    )
    return out


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (found,) = distributions.glob("*.whl")
    return found


def test_wheel_holds_shaders_and_client(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shaders = {
        f"render/_shaders/{file.relative_to(CHECKOUT / 'shaders')}" for file in (CHECKOUT / "shaders").rglob("*.*")
    }
    assert len(shaders) > 10
    assert shaders <= names
    assert "render/_client/index.html" in names
    assert any(name.startswith("render/_client/assets/") and name.endswith(".js") for name in names)
    code = {str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / "render").rglob("*.py")}
    assert code <= names
    assert "render/py.typed" in names


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    rooms = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {room for room in rooms if not room.endswith(".dist-info")} == {"render"}


def test_sdist_holds_the_client_and_its_sources(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"hosta", "LICENSE", "viewer_client/dist/index.html", "viewer_client/package.json", "shaders"} & names == {
        "hosta", "LICENSE", "viewer_client/dist/index.html", "viewer_client/package.json",
    }  # fmt: skip
    assert not any(name.startswith((".venv", "viewer_client/node_modules", "tests/out")) for name in names)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `hosta` command of a new environment with the wheel and its dependencies alone."""
    place = tmp_path_factory.mktemp("empty environment")
    venv.create(place / "env", with_pip=True)
    python = place / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-compile", wheel], cwd=place, check=True)
    return place / "env" / "bin" / "hosta"


def outside(**more: str) -> dict[str, str]:
    """An environment that does not lead back to the checkout or to this interpreter's packages."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "HOSTA_"))
    }
    return kept | more


def test_installed_wheel_renders(installed: Path, tmp_path: Path) -> None:
    subprocess.run(
        [installed, "frame", "synthetic:cell?size=128", "-o", "x.png", "--size", "160x120", "--spp", "2"],
        cwd=tmp_path,
        env=outside(),
        check=True,
        timeout=300,
    )
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.size == (160, 120)
        darkest, brightest = picture.convert("L").getextrema()
    assert brightest - darkest > 60


def test_installed_wheel_serves_the_client(installed: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [installed, "demo", "--no-browser", "--port", "0"],
        cwd=tmp_path,
        env=outside(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            address, _, token = url.partition("#token=")
            assert address.startswith("http://127.0.0.1:")
            assert len(token) >= 43  # 256 bits
            page = urllib.request.urlopen(address, timeout=30).read()
            assert page == (CHECKOUT / "viewer_client" / "dist" / "index.html").read_bytes()
            assert urllib.request.urlopen(f"{address}healthz", timeout=30).status == 200
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=10) == 0
