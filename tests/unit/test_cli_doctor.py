"""`hosta doctor`: its findings against the machine's own."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from render.cli import main
from render.doctor import check_port


@pytest.fixture(scope="module")
def report() -> dict[tuple[str, str], dict[str, Any]]:
    answer = subprocess.run(
        [sys.executable, "-m", "render", "doctor", "--json"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return {(check["group"], check["name"]): check for check in json.loads(answer.stdout)["checks"]}


def test_names_the_renderer(report: dict[tuple[str, str], dict[str, Any]]) -> None:
    from render.gpu.context import Context

    with Context.create() as context:
        info = context.info
    found = report["opengl", "renderer"]
    assert info.name in found["value"]
    assert found["status"] == ("warn" if info.software else "ok")
    assert ("opengl", "EGL device 0") in report


def test_encodes(report: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert report["encoders", "libx264"]["status"] == "ok"
    assert ("encoders", "h264_nvenc") in report


def test_versions(report: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert report["machine", "Python"]["value"] == ".".join(map(str, sys.version_info[:3]))
    for name in ("numpy", "aiortc", "tifffile"):
        assert report["packages", name]["value"] == importlib.metadata.version(name)
    assert report["machine", "processors"]["value"] == str(len(os.sched_getaffinity(0)))


def test_every_problem_comes_with_advice(report: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert all(check["advice"] for check in report.values() if check["status"] != "ok")


def test_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = check_port("127.0.0.1", port)
        assert taken.status == "warn"
        assert "--port" in taken.advice
    assert check_port("127.0.0.1", port).status == "ok"


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "renderer" in out
    assert "libx264" in out


def test_without_opengl(tmp_path: Path) -> None:
    """The report is still whole, and the exit code says what is wrong."""
    environment = os.environ | {"__EGL_VENDOR_LIBRARY_FILENAMES": str(tmp_path / "none")}
    answer = subprocess.run(
        [sys.executable, "-m", "render", "doctor", "--json"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=environment,
        check=False,
    )
    assert answer.returncode == 4
    assert answer.stderr == "hosta: there is no usable OpenGL on this machine\n"
    checks = {(check["group"], check["name"]): check for check in json.loads(answer.stdout)["checks"]}
    assert checks["opengl", "renderer"]["status"] == "fail"
    assert checks["encoders", "libx264"]["status"] == "ok"
