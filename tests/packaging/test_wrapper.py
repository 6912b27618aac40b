"""`./hosta`: forwarding, stamps, and what it says when the machine lacks something.

The wrapper is the real one, in a checkout of its own. What it calls on the machine (apt, dpkg, Python, pip) is replaced
by scripts that write down how they were called: a test must not install packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
EGL_PACKAGES = "libegl1 libgl1 libegl-mesa0 libgl1-mesa-dri libopengl0"
PLAIN_TOOLS = ("sh", "dirname", "readlink", "cat", "cksum", "grep", "flock", "uname", "mkdir", "chmod")

# A Python whose environments hold a copy of it, and whose pip "installs" a `hosta` that says how it was called.
PYTHON = """
case "$*" in
    *"-m venv"*)
        for folder; do :; done
        mkdir -p "$folder/bin"
        cat "$0" >"$folder/bin/python"
        chmod +x "$folder/bin/python"
        ;;
    *"-m pip"*)
        cat "FAKE_HOSTA" >"${0%/python}/hosta"
        chmod +x "${0%/python}/hosta"
        ;;
    *"import pip"*) [ "${0%/.venv/bin/python}" != "$0" ] ;;
    *--version*) echo "Python 3.99" ;;
esac
"""


class Machine:
    """A checkout in a folder with a space in its name, and a PATH that holds only what is put on it."""

    def __init__(self, place: Path) -> None:
        self.checkout = place / "my checkout"
        self.bin = place / "bin"
        self.log = place / "log"
        for folder in (self.checkout / "viewer_client", self.bin):
            folder.mkdir(parents=True)
        for name in ("hosta", "pyproject.toml", "hatch_build.py", "viewer_client/build.py"):
            shutil.copy2(CHECKOUT / name, self.checkout / name)
        for tool in PLAIN_TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.put("dpkg-query", 'printf "install ok installed"')
        self.put("apt-get", "exit 0")
        self.put("id", "echo 0")
        self.put("python3", PYTHON.replace("FAKE_HOSTA", str(self.bin / "fake-hosta")))
        self.put("fake-hosta", 'printf "<%s>" "$@"')

    def put(self, name: str, script: str) -> None:
        """A command that logs its arguments and then runs `script`."""
        file = self.bin / name
        file.unlink(missing_ok=True)
        log = "" if name == "fake-hosta" else f'echo "{name} $*" >>"{self.log}"\n'
        file.write_text(f"#!{shutil.which('sh')}\n{log}{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def run(self, *arguments: str, command: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(command or self.checkout / "hosta"), *arguments],
            cwd=self.bin,
            env={"PATH": str(self.bin), "HOME": str(self.bin)},
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )

    def calls(self, of: str) -> list[str]:
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [line for line in lines if line.startswith(of)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_installs_once_and_forwards(machine: Machine) -> None:
    first = machine.run("info", "a file.nrrd", "", "--json")
    assert (first.returncode, first.stdout) == (0, "<info><a file.nrrd><><--json>")
    assert "installing Hosta into .venv" in first.stderr
    assert sum("-m venv" in call for call in machine.calls("python3")) == 1
    second = machine.run("info", "*")
    assert (second.stdout, second.stderr) == ("<info><*>", "")
    assert sum("-m venv" in call for call in machine.calls("python3")) == 1


def test_installs_again_when_the_project_changed_or_moved(machine: Machine) -> None:
    machine.run("info")
    (machine.checkout / "pyproject.toml").write_text("# something else", encoding="utf-8")
    assert "installing" in machine.run("info").stderr
    assert machine.run("info").stderr == ""
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("moved"))
    assert "installing" in machine.run("info").stderr


def test_works_through_a_link(machine: Machine) -> None:
    (machine.bin / "one").symlink_to(machine.checkout / "hosta")
    link = machine.bin / "two"
    link.symlink_to("one")
    assert machine.run("doctor", command=link).stdout == "<doctor>"


def test_exit_code_is_that_of_the_command(machine: Machine) -> None:
    machine.put("fake-hosta", "exit 3")
    assert machine.run("info", "x").returncode == 3


def test_root_gets_the_missing_packages(machine: Machine) -> None:
    machine.put("dpkg-query", 'case "$*" in *mesa*) exit 1 ;; *) printf "install ok installed" ;; esac')
    answer = machine.run("frame", "x")
    assert answer.stdout == "<frame><x>"
    installs = machine.calls("apt-get install")
    assert installs == ["apt-get install -y -q --no-install-recommends libegl-mesa0 libgl1-mesa-dri"]


def test_package_lists_are_fetched_where_there_are_none(machine: Machine) -> None:
    machine.put("dpkg-query", "exit 1")
    machine.put(
        "apt-get", f'case "$*" in *update*) : >"{machine.bin}/lists" ;; *) [ -e "{machine.bin}/lists" ] ;; esac'
    )
    assert machine.run("frame", "x").returncode == 0
    assert [call.split()[1] for call in machine.calls("apt-get")] == ["install", "update", "install"]


def test_others_are_told_the_command(machine: Machine) -> None:
    machine.put("dpkg-query", "exit 1")
    machine.put("id", "echo 1000")
    answer = machine.run("frame", "x")
    assert f"run: sudo apt-get install -y {EGL_PACKAGES}" in answer.stderr
    assert answer.stdout == "<frame><x>"  # it goes on: the command says what it cannot do
    assert machine.calls("apt-get") == []


def test_sudo_without_a_password_is_used(machine: Machine) -> None:
    machine.put("dpkg-query", "exit 1")
    machine.put("id", "echo 1000")
    machine.put("sudo", '[ "$1" = -n ] && shift && "$@"')
    (machine.bin / "true").symlink_to(shutil.which("true") or "true")
    machine.run("frame", "x")
    assert machine.calls("apt-get install")
    assert all(call.startswith("sudo -n ") for call in machine.calls("sudo"))


def test_no_recent_python(machine: Machine) -> None:
    machine.put("python3", 'case "$*" in *version_info*) exit 1 ;; esac')
    answer = machine.run("info", "x")
    assert answer.returncode == 1
    assert answer.stderr == "hosta: Python 3.11 or newer is needed; install python3, or name one in HOSTA_PYTHON\n"


def test_python_without_venv(machine: Machine) -> None:
    machine.put("python3", 'case "$*" in *ensurepip*) exit 1 ;; esac')
    machine.put("id", "echo 1000")
    answer = machine.run("info", "x")
    assert answer.returncode == 1
    assert "sudo apt-get install -y python3-venv" in answer.stderr


def test_the_client_is_for_the_commands_that_serve_it(machine: Machine) -> None:
    for command in ("frame", "info", "doctor", "demo", "view"):
        machine.log.unlink(missing_ok=True)
        machine.run(command)
        # The environment's python is a copy of python3's script and logs as it.
        builds = [call for call in machine.calls("python3") if "viewer_client/build.py" in call]
        assert len(builds) == (command in ("demo", "view"))


def test_it_is_executable_and_posix() -> None:
    assert os.access(CHECKOUT / "hosta", os.X_OK)
    assert os.access(CHECKOUT / ".ci" / "run", os.X_OK)
    assert (CHECKOUT / "hosta").read_text(encoding="utf-8").startswith("#!/bin/sh\n")
