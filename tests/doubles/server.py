"""The `hosta` command with the double of the renderer behind it: `python -m tests.doubles.server serve PATH`."""

from __future__ import annotations

import sys

import render.server.run as run
from render.__main__ import main

if __name__ == "__main__":
    # Everything but the program that draws is the real thing.
    run.WORKER_PROGRAM = (sys.executable, "-m", "tests.doubles.worker")  # type: ignore[assignment]
    sys.exit(main())
