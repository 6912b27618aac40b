"""The command line: what it refuses and how, exit codes, help, interruption."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from render import __version__
from render.cli import main
from tests.bad_data import BAD_NAMES, write_bad_data
from tests.doubles.interrupts import heed_interrupts

CELL = "synthetic:cell?size=32"


def hosta(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "render", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


def one_sentence(text: str) -> str:
    """What was said to the user, after checking that it is a single line and no traceback."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("hosta: ")
    assert "Traceback" not in text
    return lines[0]


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an empty folder, a text that calls itself an image, and a broken state."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "letter.nii").write_bytes(b"Dear reader,")
    (tmp_path / "broken.json").write_bytes(b'{"camera": {"view_angle": 500}}')
    (tmp_path / "cut.json").write_bytes(b'{"camera": ')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("frame missing.nrrd -o a.png", 3, "missing.nrrd"),
        ("frame empty -o a.png", 3, "without images"),
        ("frame letter.nii -o a.png", 3, "letter.nii"),
        ("frame synthetic:nothing -o a.png", 2, "synthetic:cell"),
        (f"frame {CELL} --labels missing.nii -o a.png", 3, "missing.nii"),
        ("info missing.nrrd", 3, "missing.nrrd"),
        ("info " + "x" * 5000, 3, "too long"),
        ("serve " + "x" * 5000, 3, "too long"),
        ("info letter.nii", 3, "letter.nii"),
        (f"frame {CELL}", 2, "--output"),
        ("frame -o a.png", 2, "PATH"),
        (f"frame {CELL} -o a.gif", 2, ".png, .webp, .jpg, .tif or .exr"),
        (f"frame {CELL} -o a", 2, ".png, .webp, .jpg, .tif or .exr"),
        (f"frame {CELL} -o absent/a.png", 2, "does not exist"),
        (f"frame {CELL} -o a.jpg --transparent", 2, "transparent"),
        (f"frame {CELL} -o a.webp --size 16384x10", 2, "16383"),
        (f"frame {CELL} -o a.png --size 0x0", 2, "1 to 16384"),
        (f"frame {CELL} -o a.png --size 640x-1", 2, "640x480"),
        (f"frame {CELL} -o a.png --size 640", 2, "640x480"),
        (f"frame {CELL} -o a.png --size 20000x10", 2, "1 to 16384"),
        (f"frame {CELL} -o a.png --spp 0", 2, "--spp"),
        (f"frame {CELL} -o a.png --spp 65537", 2, "--spp"),
        (f"frame {CELL} -o a.png --seed -1", 2, "--seed"),
        (f"frame {CELL} -o a.png --zoom 0", 2, "zoom"),
        (f"frame {CELL} -o a.png --zoom nan", 2, "zoom"),
        (f"frame {CELL} -o a.png --azimuth nan", 2, "azimuth"),
        (f"frame {CELL} -o a.png --spacing 3", 2, "45,4.6,4.6nm"),
        (f"frame {CELL} -o a.png --spacing 3parsec", 2, "parsec"),
        (f"frame {CELL} -o a.png --state absent.json", 2, "absent.json"),
        (f"frame {CELL} -o a.png --state broken.json", 2, "view_angle"),
        (f"frame {CELL} -o a.png --state cut.json", 2, "state"),
        (f"frame {CELL} -o a.png --device 99", 4, "99"),
        ("serve", 2, "hosta demo"),
        ("serve missing.nrrd", 3, "missing.nrrd"),
        ("view missing.nrrd", 3, "missing.nrrd"),
        (f"serve {CELL} --root here", 2, "name=folder"),
        (f"serve {CELL} --root here=absent", 2, "absent"),
        ("serve here:../letter.nii --root here=empty", 3, "stay in its root"),
        (f"serve {CELL} --spacing 3", 2, "45,4.6,4.6nm"),
        (f"serve {CELL} --port 70000", 2, "--port"),
        (f"serve {CELL} --host 0.0.0.0 --no-token", 2, "token"),
        ("demo --device -1", 2, "--device"),
        ("fame", 2, "frame"),
        ("frame --sice 3", 2, "--sice"),
    ],
)
def test_refuses(line: str, code: int, words: str, in_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(in_folder.iterdir())
    assert main(line.split()) == code
    out, err = capsys.readouterr()
    assert words in one_sentence(err)
    assert out == ""
    assert sorted(in_folder.iterdir()) == before


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bad_data(tmp_path_factory.mktemp("bad"))


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("command", ["info", "frame"])
def test_data_that_cannot_be_read(
    command: str, name: str, bad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`hosta serve` and `hosta view` say the same: tests/faults/test_start.py."""
    more = ["-o", str(tmp_path / "a.png"), "--size", "64x48", "--spp", "1"] if command == "frame" else []
    assert main([command, str(bad / name), *more]) == 3
    out, err = capsys.readouterr()
    assert name in one_sentence(err)
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_port_in_use(taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--no-browser", "--port", str(taken_port)]) == 1
    assert f"port {taken_port} is in use" in one_sentence(capsys.readouterr().err)


def test_settings_of_the_environment_are_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOSTA_TOKEN", "short")
    assert main(["demo", "--no-browser"]) == 2
    assert "token" in one_sentence(capsys.readouterr().err)


def test_without_opengl(tmp_path: Path) -> None:
    """glvnd without any vendor is what a machine without drivers has."""
    answer = hosta("frame", CELL, "-o", str(tmp_path / "a.png"), __EGL_VENDOR_LIBRARY_FILENAMES=str(tmp_path / "none"))
    assert answer.returncode == 4
    assert "libegl-mesa0" in one_sentence(answer.stderr)


def test_traceback_on_request() -> None:
    answer = hosta("info", "missing.nrrd", HOSTA_DEBUG="1")
    assert answer.returncode == 3
    assert "Traceback" in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("hosta: ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hosta {__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for command in ("demo", "serve", "view", "frame", "pick", "info", "doctor"):
        assert f"\n  {command} " in out
        assert main([command, "--help"]) == 0
        assert f"Usage: hosta {command}" in capsys.readouterr().out


def test_no_command_shows_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Commands:" in err


def test_help_is_fast() -> None:
    """A second is what a person waits for; the best of three, because other work may share the machine."""
    times_s = []
    for _ in range(3):
        started_s = time.monotonic()
        assert hosta("--help").returncode == 0
        times_s.append(time.monotonic() - started_s)
    assert min(times_s) < 1.0


def test_interrupted_frame_leaves_nothing(tmp_path: Path) -> None:
    output = tmp_path / "a.png"
    output.write_bytes(b"the picture of yesterday")
    command = [
        sys.executable,
        "-m",
        "render",
        "frame",
        CELL,
        "-o",
        str(output),
        "--size",
        "640x480",
        "--spp",
        "60000",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", preexec_fn=heed_interrupts
    ) as process:
        time.sleep(4)  # opening and sampling take minutes
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert one_sentence(err) == "hosta: interrupted"
    assert out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
    assert output.read_bytes() == b"the picture of yesterday"


def test_reader_that_goes_away() -> None:
    """`hosta info ... | head` with a head that has seen enough."""
    command = [sys.executable, "-m", "render", "info", CELL, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode == 1
    assert err == ""
