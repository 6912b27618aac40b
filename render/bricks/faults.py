"""Bricks that could not be read: how often each was tried, and when it may be tried again. Pure."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import SourceError
from .delivery import FailedBrick
from .keys import Wanted

RETRY_DELAYS_S = (0.5, 2.0, 8.0)
FAULTS_KEPT = 1 << 16


class _Fault(NamedTuple):
    attempts: int
    due_s: float  # when to try again; infinite when the brick is given up


class Faults:
    """`delays_s`: pauses before the second, third ... attempt at a brick; after the last one it is given up."""

    def __init__(self, delays_s: Sequence[float] = RETRY_DELAYS_S) -> None:
        self._delays_s = tuple(delays_s)
        self._faults: OrderedDict[Wanted, _Fault] = OrderedDict()

    def __contains__(self, wanted: Wanted) -> bool:
        return wanted in self._faults

    def __bool__(self) -> bool:
        return bool(self._faults)

    def due_s(self, wanted: Wanted) -> float:
        """When a brick may be tried: long ago where nothing is known against it, never (inf) when it is given up."""
        fault = self._faults.get(wanted)
        return -math.inf if fault is None else fault.due_s

    def failed(self, wanted: Wanted, error: SourceError, now_s: float) -> FailedBrick:
        """It could not be read."""
        before = self._faults.pop(wanted, None)
        attempts = 1 if before is None else before.attempts + 1
        final = attempts > len(self._delays_s)
        delay_s = math.inf if final else self._delays_s[attempts - 1]
        self._faults[wanted] = _Fault(attempts, now_s + delay_s)
        if len(self._faults) > FAULTS_KEPT:
            self._faults.popitem(last=False)
        return FailedBrick(wanted, error, final, attempts, now_s, delay_s)

    def was_read(self, wanted: Wanted) -> None:
        self._faults.pop(wanted, None)

    def forgive(self) -> None:
        """Forget which were given up."""
        self._faults = OrderedDict((one, fault) for one, fault in self._faults.items() if fault.due_s != math.inf)
