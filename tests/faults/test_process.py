"""The server as a process of its own, with the real renderer: how it starts and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from render.errors import HostaError, UsageError
from render.server.run import launch_url, listen, run_server
from render.settings import ServerSettings

PROGRAM = """
import sys
from render.errors import HostaError
from render.server.run import run_server
from render.settings import ServerSettings
try:
    run_server(ServerSettings(port=int(sys.argv[1])), [sys.argv[2]], ready=lambda url: print(url, flush=True))
except HostaError as error:
    print(error)
    sys.exit(error.exit_code)
"""
SCENE = "synthetic:cell?size=32"


@contextmanager
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process, and the URL that it says."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, "0", SCENE], stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def worker_of(pid: int) -> int:
    """The process id of the server's one child."""
    deadline_s = time.monotonic() + 15
    children = Path(f"/proc/{pid}/task/{pid}/children")
    while not (found := children.read_text(encoding="utf-8").split()):
        assert time.monotonic() < deadline_s, "no worker was started"
        time.sleep(0.05)
    return int(found[0])


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a zombie, which is left to whoever inherits it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int, deadline_s: float) -> None:
    end_s = time.monotonic() + deadline_s
    while is_running(pid):
        assert time.monotonic() < end_s, f"process {pid} is still there"
        time.sleep(0.05)


def wait_until_ready(url: str) -> None:
    end_s = time.monotonic() + 60
    while httpx.get(f"{url.partition('#')[0]}readyz").status_code != 200:
        assert time.monotonic() < end_s, "the worker never got ready"
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("ready", [False, True])
def test_signals_end_the_server_and_its_worker_within_5_s(number: signal.Signals, ready: bool) -> None:
    with server() as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert len(url.partition("#token=")[2]) >= 43
        worker = worker_of(process.pid)
        if ready:
            wait_until_ready(url)
        began_s = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - began_s < 5
        wait_until_gone(worker, 1)


def test_a_killed_server_leaves_no_worker() -> None:
    with server() as (process, url):
        wait_until_ready(url)
        worker = worker_of(process.pid)
        process.kill()
        wait_until_gone(worker, 5)


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(port), SCENE],
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )
        assert done.returncode == 1
        assert done.stdout == f"port {port} is in use; end what uses it, or take another with --port\n"
        assert done.stderr == ""


def test_addresses_that_cannot_be_bound_are_one_sentence() -> None:
    with pytest.raises(HostaError, match=r"the address 192\.0\.2\.99 cannot be bound"):
        listen("192.0.2.99", 0)
    with pytest.raises(HostaError, match="cannot be bound"):
        listen("no.such.host.invalid", 0)


def test_an_open_server_without_a_token_is_refused() -> None:
    with pytest.raises(UsageError, match="--no-token"):
        run_server(ServerSettings(host="0.0.0.0", port=0), [SCENE], no_token=True, ready=print)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1/#token=t"),
        ("0.0.0.0", "http://127.0.0.1:1/#token=t"),
        ("::1", "http://[::1]:1/#token=t"),
        ("::", "http://[::1]:1/#token=t"),
    ],
)
def test_the_launch_url(host: str, url: str) -> None:
    assert launch_url(host, 1, "t") == url
    assert "#" not in launch_url(host, 1, None)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTA_PORT", "1234")
    monkeypatch.setenv("HOSTA_TOKEN", "x" * 20)
    assert (ServerSettings().port, ServerSettings().token) == (1234, "x" * 20)
    assert ServerSettings(port=5).port == 5
