"""Commands that serve, on what cannot be served: they end with one sentence and the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from render.session.registry import START_TRIES
from tests.bad_data import BAD_NAMES, write_bad_data
from tests.doubles.interrupts import heed_interrupts

SCENE = "synthetic:cell?size=32"


def hosta(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "render", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=os.environ | environment,
        check=False,
    )


def assert_ended(done: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("hosta: ")
    assert words in line
    # The address may have been told before the worker had looked at the data; nothing else is.
    assert done.stdout == "" or done.stdout.startswith("http://127.0.0.1:")
    assert len(done.stdout.splitlines()) <= 1


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bad_data(tmp_path_factory.mktemp("bad"))


@pytest.mark.parametrize("name", [*BAD_NAMES, "*.tif"])
def test_data_that_cannot_be_read(bad: Path, name: str) -> None:
    assert_ended(hosta("serve", str(bad / name), "--port", "0"), 3, name)


def test_data_that_cannot_be_viewed(bad: Path) -> None:
    assert_ended(hosta("view", str(bad / "corrupt.zarr"), "--port", "0", "--no-browser"), 3, "corrupt.zarr")


def test_a_segmentation_that_cannot_be_read(bad: Path) -> None:
    done = hosta("serve", SCENE, "--labels", str(bad / "letter.nrrd"), "--port", "0")
    assert_ended(done, 3, "letter.nrrd")


def test_a_phantom_that_does_not_exist() -> None:
    assert_ended(hosta("serve", "synthetic:nothing", "--port", "0"), 2, "synthetic:cell")


@pytest.mark.parametrize("command", [("serve", SCENE), ("view", SCENE, "--no-browser"), ("demo", "--no-browser")])
def test_without_opengl(command: tuple[str, ...], tmp_path: Path) -> None:
    """glvnd without any vendor is what a machine without drivers has."""
    done = hosta(*command, "--port", "0", __EGL_VENDOR_LIBRARY_FILENAMES=str(tmp_path / "none"))
    assert_ended(done, 4, "libegl-mesa0")


def test_a_device_that_does_not_exist() -> None:
    assert_ended(hosta("demo", "--no-browser", "--port", "0", "--device", "99"), 4, "99")


@pytest.mark.parametrize("end", ["os._exit(7)", "os.kill(os.getpid(), signal.SIGSEGV)"])
def test_a_worker_that_never_lives_is_not_started_for_ever(end: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_bytes(
        f"import os, signal, sys\nif 'render.worker.process' in sys.orig_argv:\n    {end}\n".encode()
    )
    done = hosta("demo", "--no-browser", "--port", "0", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    *log, last = done.stderr.splitlines()
    assert last.startswith(f"hosta: the rendering process ended {START_TRIES} times: ")
    assert sum("the worker ended" in line for line in log) == START_TRIES


def test_a_verbose_worker_says_what_it_does(bad: Path) -> None:
    done = hosta("--verbose", "serve", str(bad / "letter.nrrd"), "--port", "0")
    assert done.returncode == 3
    lines = done.stderr.splitlines()
    assert any(line.startswith("INFO render.worker.process: rendering on ") for line in lines)
    assert any(line.startswith("INFO render.worker.loader: ") and "letter.nrrd" in line for line in lines)
    assert lines[-1].startswith("hosta: 'letter.nrrd' ")


def test_ctrl_c_while_the_command_loads(tmp_path: Path) -> None:
    """Loading takes a moment in which Python would answer with a traceback."""
    (tmp_path / "typer.py").write_bytes(b"import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "render", "--help"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_data_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = hosta("serve", SCENE, "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert_ended(done, 1, "annotations cannot be kept in")
