"""The `hosta` command, also as `python -m render`. Nothing is imported before Ctrl-C can be answered."""

from __future__ import annotations

import sys

EXIT_INTERRUPTED = 130


def main() -> int:
    """Run the command line of the process; the exit code. Ctrl-C ends it without a word until the command runs."""
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
