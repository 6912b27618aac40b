"""What a benchmark's figures hold for: the processor, how many of it, how busy it was, and spreads of samples."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Machine:
    """The processor's name, the processors that this process may use, and the load of the last minute."""

    processor: str
    n_processors: int
    load: float

    @classmethod
    def here(cls) -> Machine:
        return cls(_processor(), len(os.sched_getaffinity(0)), os.getloadavg()[0])

    def __str__(self) -> str:
        return f"{self.processor}, {self.n_processors} processors, load {self.load:.1f} of the last minute"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@dataclass(frozen=True)
class Spread:
    """Of samples: the median, the smallest, the 95th percentile, the largest, and how many there were."""

    median: float
    lo: float
    p95: float
    hi: float
    n: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Raises ValueError of nothing."""
        if not len(samples):
            raise ValueError("there is no sample to take a median of")
        values = np.asarray(samples, np.float64)
        return cls(
            float(np.median(values)),
            float(values.min()),
            float(np.percentile(values, 95)),
            float(values.max()),
            len(values),
        )
