"""The real server, as a user starts it: the `hosta` command in a process of its own, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

START_S = 20.0
END_S = 10.0


class Server:
    """`hosta <arguments> --port <port>`. `started_s` is on the clock of time.monotonic; `url` holds the token.

    `program` is the command to which arguments are given.
    """

    def __init__(
        self,
        *arguments: str,
        environment: dict[str, str] | None = None,
        port: int = 0,
        program: Sequence[str] = (sys.executable, "-m", "render.cli"),
    ) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the server
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            [*program, *arguments, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
            env={**os.environ, **(environment or {})},
        )
        watch = threading.Timer(START_S, self._process.kill)
        watch.start()
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        watch.cancel()
        if not self.url:
            self._process.wait()
            raise RuntimeError(f"the server did not start:\n{self.log()}")

    @property
    def address(self) -> str:
        """The URL without the token."""
        return self.url.partition("#")[0]

    def log(self) -> str:
        """What the server and its worker wrote to stderr."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def worker_pid(self) -> int:
        """The process that renders: the server's only child. Raises RuntimeError when it is not there."""
        children = [pid for pid in _processes() if _parent(pid) == self._process.pid]
        if len(children) != 1:
            raise RuntimeError(f"the server has {len(children)} children where one worker was expected")
        return children[0]

    def kill_worker(self) -> int:
        """Ends the worker without a warning; its process id."""
        pid = self.worker_pid()
        os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> int:
        """Ends the server as Ctrl-C does; the exit code. A server that does not end is killed, and RuntimeError."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"the server did not end within {END_S:.0f} s:\n{self.log()}") from None
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._log.close()

    def kill(self) -> None:
        """Ends the server without a warning; its worker goes with it."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Ends it if that did not happen yet."""
        if self._process.poll() is None:
            self.close()


def _processes() -> Sequence[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    """The parent of a process; None when it is gone already."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[1])  # the name before may hold spaces and brackets
