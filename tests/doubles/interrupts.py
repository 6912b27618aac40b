"""Ctrl-C for processes of tests."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """To be run in a child before it starts: a shell lets what it runs in the background ignore SIGINT, which is
    inherited, and the suite may have been started so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
