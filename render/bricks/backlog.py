"""What a reader of bricks has to do: bricks that wait, that failed and sleep, and how many are being read. Pure."""

from __future__ import annotations

import heapq
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import product

from ..source.base import Shape3
from .fetch import box_count
from .keys import Wanted

APART_KEPT = 1 << 16


class Backlog:
    """The bricks of several sources that are asked for and not being read, in the order in which they matter.

    `limits`: reads at once of each source; `group_shapes`: how many neighbours (z, y, x) are worth reading at once.
    """

    def __init__(self, limits: Sequence[int], group_shapes: Sequence[Shape3]) -> None:
        self.limits = list(limits)
        self._group_shapes = list(group_shapes)
        self._pending: list[OrderedDict[Wanted, int]] = [OrderedDict() for _ in self.limits]  # and their places
        self._sleeping: list[tuple[float, int, Wanted]] = []  # a heap by when they are tried again
        self._busy = [0] * len(self.limits)
        self._apart: set[Wanted] = set()  # could not be read together with others

    def replace(self, waiting: Iterable[tuple[int, Wanted]], sleeping: Iterable[tuple[float, int, Wanted]]) -> None:
        """These are asked for now, with their places in the order, and nothing else."""
        self._pending = [OrderedDict() for _ in self.limits]
        for place, wanted in waiting:
            self._pending[wanted.key.layer][wanted] = place
        self._sleeping = list(sleeping)
        heapq.heapify(self._sleeping)

    @property
    def has_pending(self) -> bool:
        """Whether something waits that may be read now."""
        return any(self._pending)

    @property
    def has_sleeping(self) -> bool:
        return bool(self._sleeping)

    @property
    def is_done(self) -> bool:
        """Nothing waits, sleeps or is being read."""
        return not self._sleeping and not any(self._busy) and not any(self._pending)

    @property
    def outstanding(self) -> int:
        """How many bricks wait, sleep or are being read."""
        return sum(map(len, self._pending)) + sum(self._busy) + len(self._sleeping)

    @property
    def startable(self) -> int:
        """How many reads can begin; neighbours are one where they are likely to be read together."""
        return sum(map(self._startable, range(len(self.limits))))

    def due_s(self, now_s: float) -> float | None:
        """How long it is until a brick is to be tried again."""
        return max(0.001, self._sleeping[0][0] - now_s) if self._sleeping else None

    def sleep(self, wanted: Wanted, until_s: float) -> None:
        heapq.heappush(self._sleeping, (until_s, 0, wanted))

    def rouse(self, now_s: float) -> None:
        """Put what has slept long enough first in its queue."""
        while self._sleeping and self._sleeping[0][0] <= now_s:
            _, place, wanted = heapq.heappop(self._sleeping)
            self._put_first(wanted, place)

    def next_groups(self) -> list[list[Wanted]]:
        """What may begin, the most important first: a brick with neighbours to be read along, or else it alone; none
        where none may begin."""
        heads = [
            (next(iter(queue.values())), layer)
            for layer, queue in enumerate(self._pending)
            if queue and self._busy[layer] < self.limits[layer]
        ]
        if not heads:
            return []
        group = self._group(min(heads)[1])
        return [group] if len(group) == 1 else [group, group[:1]]

    def begin(self, group: Sequence[Wanted]) -> None:
        """These are being read."""
        layer = group[0].key.layer
        for wanted in group:
            del self._pending[layer][wanted]
        self._busy[layer] += len(group)

    def join(self, layer: int) -> None:
        """A brick that was being read all the same is asked for by now."""
        self._busy[layer] += 1

    def end(self, layer: int, count: int) -> None:
        """So many are not being read any more."""
        self._busy[layer] -= count

    def set_apart(self, wanted: Wanted) -> None:
        """It is to be read by itself."""
        if len(self._apart) > APART_KEPT:
            self._apart.clear()
        self._apart.add(wanted)

    def was_read(self, wanted: Wanted) -> None:
        self._apart.discard(wanted)

    def put_back(self, wanted: Wanted) -> None:
        """To the head of its queue."""
        self._put_first(wanted, 0)

    def _put_first(self, wanted: Wanted, place: int) -> None:
        queue = self._pending[wanted.key.layer]
        queue[wanted] = place
        queue.move_to_end(wanted, last=False)

    def _startable(self, layer: int) -> int:
        waiting, limit = len(self._pending[layer]), self.limits[layer]
        n_bricks = min(waiting, limit - self._busy[layer])
        return -(-n_bricks // math.prod(self._group_shapes[layer])) if waiting > 2 * limit else n_bricks

    def _group(self, layer: int) -> list[Wanted]:
        """The first brick of a queue; where the queue is long, with those beside it that are asked for as well."""
        queue = self._pending[layer]
        first = next(iter(queue))
        group = [first]
        shape = self._group_shapes[layer]
        free = self.limits[layer] - self._busy[layer]
        if len(queue) > 2 * self.limits[layer] and first not in self._apart:
            key = first.key
            corner = [index // n * n for index, n in zip(key.brick, shape, strict=True)]
            for z, y, x in product(*(range(a, a + n) for a, n in zip(corner, shape, strict=True))):
                beside = first._replace(key=key._replace(brick=(z, y, x)))
                if beside != first and beside in queue and beside not in self._apart and len(group) < free:
                    group.append(beside)
            if 2 * len(group) < box_count([one.key.brick for one in group]):
                group = [first]
        return group
