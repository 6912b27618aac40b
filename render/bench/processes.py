"""What a process and its descendants have used: CPU time, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def family(root: int) -> set[int]:
    """A process and all its descendants that live now."""
    parents = dict(_parents())
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def cpu_s(root: int) -> float:
    """CPU seconds that a process and its descendants have used, with those of children that ended."""
    return sum(_cpu_ticks(pid) for pid in family(root)) / TICKS_A_SECOND


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; empty when the process is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return stat.rpartition(")")[2].split()  # the name before may hold spaces and brackets


def _parents() -> list[tuple[int, int]]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [(pid, int(fields[1])) for pid in pids if (fields := _fields(pid))]


def _cpu_ticks(pid: int) -> int:
    fields = _fields(pid)
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) if fields else 0
