"""What goes to stderr: warnings, and with `hosta --verbose` everything."""

from __future__ import annotations

import logging
import os
import sys

LEVEL_VARIABLE = "HOSTA_LOG_LEVEL"


def set_up_logs(verbose: bool = False) -> None:
    """Send log records to stderr. The level reaches the processes started from here through HOSTA_LOG_LEVEL."""
    if verbose:
        os.environ[LEVEL_VARIABLE] = "debug"
    level = logging.getLevelNamesMapping().get(os.environ.get(LEVEL_VARIABLE, "warning").upper(), logging.WARNING)
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", force=True)
