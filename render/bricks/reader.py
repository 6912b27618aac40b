"""Reads the bricks that are asked for in threads, those that matter most first, within bounds of memory.

Who draws says at any time which bricks are missing, in the order in which they matter (`BrickReader.ask`), and takes
what has arrived (`take`). Nothing here blocks the caller. A brick that cannot be read is told as such and tried again
after a while, a few times; no fault of one brick holds up another.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from ..errors import SourceError
from ..freed_memory import keep_freed_memory
from ..source.base import Source
from .ahead import Ahead
from .backlog import Backlog
from .delivery import FailedBrick as FailedBrick
from .delivery import LoadedBrick as LoadedBrick
from .delivery import ReaderStatistics as ReaderStatistics
from .encoding import Encode
from .faults import RETRY_DELAYS_S, Faults
from .fetch import BrickFetch, Load, box_count
from .grid import BrickGrid
from .keys import BrickKey as BrickKey
from .keys import Wanted as Wanted
from .keys import morton_order as morton_order
from .summaries import Summaries, Summary

logger = logging.getLogger(__name__)

_RATE_SPAN_S = 2.0


class BrickReader:
    """Bricks on demand from several sources; `layer` in a key is the place of its source.

    sources: stay the caller's; close them after the reader.
    payload, apron: of every brick, voxels.
    encode: voxels to texels, see `Encode`; for labels it may give the ids as well, which saves a pass.
    grids: how each level of each source is cut, where that is not plainly from its shape.
    foretold: range and ids of bricks that were never read, where they are known all the same.
    in_flight: reads of one source at once, for all or for each; 16 for local disks, 64 for what is far away.
    most_waiting_bytes: bound on what is being read and what has arrived and was not taken. One brick always may.
    ahead_bytes: of bricks that were read ahead (`expect`) at most; a part of `most_waiting_bytes`, which they give back
        as soon as others need it. ahead_in_flight: reads ahead at once, besides the others.
    remember: of how many bricks range and ids are kept after they were delivered.
    retry_delays_s: pauses before the second, third ... attempt at a brick; after the last one it is given up.
    clock: seconds that never go back.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        payload: int,
        apron: int,
        encode: Encode,
        *,
        grids: Sequence[Sequence[BrickGrid]] | None = None,
        foretold: Callable[[Wanted], Summary | None] | None = None,
        in_flight: int | Sequence[int] = 16,
        most_waiting_bytes: int = 256 << 20,
        ahead_bytes: int = 0,
        ahead_in_flight: int = 4,
        remember: int = 1 << 18,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        keep_freed_memory()
        self._summaries: Summaries[Wanted] = Summaries(remember)
        self._fetch = BrickFetch(sources, payload, apron, encode, self._summaries, grids, foretold)
        self._counts = [[grid.counts for grid in grids] for grids in self._fetch.grids]
        self._sizes = [(s.info.n_times, len(s.info.channels)) for s in sources]
        sizes = zip(self._fetch.voxel_bytes, self._fetch.texel_bytes, strict=True)
        self._ahead_sizes = {layer: voxels + texels for layer, (voxels, texels) in enumerate(sizes)}
        limits = [in_flight] * len(sources) if isinstance(in_flight, int) else list(in_flight)
        self._most_waiting_bytes = most_waiting_bytes
        self._clock = clock

        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._arrival = threading.Condition(self._lock)
        # A brick is in at most one of these: the backlog, begun, arrived.
        self._backlog = Backlog(limits, self._fetch.group_shapes)
        self._arrived: deque[LoadedBrick | FailedBrick] = deque()
        self._held: set[Wanted] = set()  # begun or arrived
        self._asked: Collection[Wanted] = ()
        self._waiting_bytes = self._reserved_bytes = 0
        self._faults = Faults(retry_delays_s)
        self._threads: list[threading.Thread] = []
        self._resting = 0
        self._closed = False
        self._ahead = Ahead(ahead_bytes, ahead_in_flight)
        self._ahead_in_flight = ahead_in_flight
        self._begun_ahead = 0  # threads that read ahead, also where what they read is wanted by now
        self._statistics = ReaderStatistics()
        self._deliveries: deque[float] = deque()

    # ---- the caller's side ----

    def ask(self, wanted: Sequence[Wanted]) -> None:
        """Say what is missing, what matters most first. It replaces what was asked before and has not begun.

        Reads that have begun go on and are delivered. What is being read, waits to be taken, or was given up is not
        begun again: asking once more costs nothing. Where several bricks matter alike, put them into Morton order
        (`morton_order`): neighbours share chunks. Raises IndexError for a brick that its source does not have.
        """
        asked = dict.fromkeys(wanted)
        for one in asked:
            self._check(one)
        waiting: list[tuple[int, Wanted]] = []
        sleeping: list[tuple[float, int, Wanted]] = []
        with self._lock:
            if self._closed:
                raise RuntimeError("the reader was closed")
            now, held, faults = self._clock(), self._held, self._faults
            for place, one in enumerate(asked):
                if one in held or self._is_ahead(one):
                    continue
                due_s = faults.due_s(one)
                if due_s <= now:
                    waiting.append((place, one))
                elif due_s != math.inf:
                    sleeping.append((due_s, place, one))
            self._asked = asked
            self._backlog.replace(waiting, sleeping)
            self._wake()

    def expect(self, likely: Sequence[Wanted]) -> None:
        """Say what may be asked for next, the likeliest first, in place of what was said before.

        It is read only while nothing is asked for, is kept in the host's memory, and is delivered at once when it is
        asked for. What fails is not tried again, and nothing more of the list. Raises IndexError as `ask` does.
        """
        for one in likely:
            self._check(one)
        with self._lock:
            if not self._closed:
                self._ahead.expect([one for one in likely if one not in self._held and one not in self._faults])
                self._wake()

    def take(self, most_bytes: int) -> list[LoadedBrick | FailedBrick]:
        """What has arrived, oldest first, of at most `most_bytes` but at least one if there is any. Does not block."""
        taken: list[LoadedBrick | FailedBrick] = []
        left = most_bytes
        with self._lock:
            while self._arrived and (not taken or self._arrived[0].nbytes <= left):
                one = self._arrived.popleft()
                self._held.discard(one.wanted)
                self._waiting_bytes -= one.nbytes
                left -= one.nbytes
                taken.append(one)
                if isinstance(one, FailedBrick) and not one.final and one.wanted in self._asked:
                    self._backlog.sleep(one.wanted, one.failed_at_s + one.retry_after_s)
            self._wake()
        return taken

    def wait(self, timeout_s: float) -> bool:
        """Until something can be taken; False when nothing came within the time, or nothing will come any more."""
        end = time.monotonic() + timeout_s
        with self._lock:
            self._wake()
            while not (self._arrived or self._closed or self._backlog.is_done):
                left_s = end - time.monotonic()
                if left_s <= 0.0:
                    break
                self._arrival.wait(min(left_s, self._backlog.due_s(self._clock()) or left_s))
                self._wake()
            return bool(self._arrived)

    @property
    def idle(self) -> bool:
        """Nothing is asked for, being read, to be tried again or waiting to be taken."""
        with self._lock:
            return self._backlog.is_done and not self._arrived

    @property
    def outstanding(self) -> int:
        """How many bricks are asked for and have not arrived, those that will be tried again among them."""
        with self._lock:
            return self._backlog.outstanding

    @property
    def arrived(self) -> int:
        """How many wait to be taken."""
        return len(self._arrived)

    @property
    def statistics(self) -> ReaderStatistics:
        with self._lock:
            self._forget_deliveries(self._clock())
            rate = len(self._deliveries) / _RATE_SPAN_S
            waiting, kept, dropped = self._waiting_bytes, self._ahead.kept_bytes, self._ahead.dropped
            counts = replace(self._statistics, bricks_per_s=rate, waiting_bytes=waiting)
            return replace(counts, ahead_bytes=kept, ahead_dropped=dropped)

    def remembered(self, wanted: Wanted) -> Summary | None:
        """Range and ids of a brick that was read before, whoever holds it now, or that are foretold; else None."""
        return self._fetch.known(wanted)

    def forgive(self) -> None:
        """Forget which bricks could not be read: they are tried again when they are asked for."""
        with self._lock:
            self._faults.forgive()

    def close(self, timeout_s: float = 30.0) -> None:
        """Read nothing more and end the threads; what is being read is waited for and dropped. Idempotent."""
        with self._lock:
            self._closed = True
            self._asked = ()
            self._backlog.replace((), ())
            self._ahead.forget()
            self._work.notify_all()
            self._arrival.notify_all()
            threads = list(self._threads)
        end = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in threads)
        if stuck:
            logger.warning("%d reads did not end within %.0f s; their threads end when they do", stuck, timeout_s)
        with self._lock:
            self._arrived.clear()
            self._held.clear()
            self._ahead.clear()
            self._waiting_bytes = 0

    # ---- what is to be done; the lock is held in all of these but _check ----

    def _check(self, wanted: Wanted) -> None:
        layer, at, level, (z, y, x) = wanted.key
        nz, ny, nx = self._counts[layer][level]
        n_times, n_channels = self._sizes[layer]
        if not (0 <= z < nz and 0 <= y < ny and 0 <= x < nx):
            raise IndexError(f"brick {(z, y, x)} of a level of {(nz, ny, nx)} bricks")
        if not (layer >= 0 <= level and 0 <= at < n_times and 0 <= wanted.channel < n_channels):
            raise IndexError(f"{wanted} of {n_times} times and {n_channels} channels")

    def _wake(self, looking: int = 0) -> None:
        """Get threads going for what can begin, and have one look at the time for what sleeps.

        `looking`: so many threads are about to look for work by themselves. To wake one that finds nothing left to do
        costs as much as a quarter of a brick.
        """
        backlog = self._backlog
        self._rouse()
        if self._closed:
            return
        if backlog.has_sleeping and not backlog.has_pending:
            self._work.notify()
        startable = backlog.startable if self._has_room(1) else 0
        if not startable and self._may_read_ahead():
            startable = self._ahead.startable
        startable -= looking
        if startable > 0:
            self._work.notify(startable)
            most = sum(backlog.limits) + self._ahead_in_flight
            for _ in range(min(startable - self._resting, most - len(self._threads))):
                thread = threading.Thread(target=self._run, name="brick-reader", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _rouse(self) -> None:
        if self._backlog.has_sleeping:
            self._backlog.rouse(self._clock())

    def _has_room(self, n_bytes: int) -> bool:
        held = self._waiting_bytes + self._reserved_bytes
        return not held or held + n_bytes + self._ahead.reserved_bytes <= self._most_waiting_bytes

    def _may_read_ahead(self) -> bool:
        return self._backlog.is_done and not self._arrived

    def _is_ahead(self, wanted: Wanted) -> bool:
        """Whether a brick that is asked for was read ahead, and has now arrived, or is being read, as all are."""
        ahead = self._ahead
        if wanted in ahead.begun:
            ahead.begun.discard(wanted)
            self._backlog.join(wanted.key.layer)
            self._held.add(wanted)
            self._statistics.ahead_used += 1
            return True
        brick = ahead.take(wanted)
        if brick is None:
            return False
        self._statistics.ahead_used += 1
        self._held.add(wanted)
        self._arrive(brick)
        self._arrival.notify_all()
        return True

    def _arrive(self, one: LoadedBrick | FailedBrick) -> None:
        if isinstance(one, LoadedBrick):
            self._faults.was_read(one.wanted)
            self._deliveries.append(self._clock())
            self._forget_deliveries(self._deliveries[-1])
        self._arrived.append(one)
        self._waiting_bytes += one.nbytes

    def _next(self) -> tuple[list[Wanted], int] | None:
        """The most important brick that may begin, with neighbours to be read along, marked as begun, and the bytes
        that are set apart for them; None where none may begin."""
        self._rouse()
        for group in self._backlog.next_groups():
            n_bytes = self._bytes(group)
            if self._has_room(n_bytes):
                break
        else:
            return None
        self._backlog.begin(group)
        self._held.update(group)
        self._reserved_bytes += n_bytes
        held = self._waiting_bytes + self._reserved_bytes + self._ahead.held_bytes
        self._ahead.make_room(held - self._most_waiting_bytes)
        return group, n_bytes

    def _bytes(self, group: Sequence[Wanted]) -> int:
        """What reading takes: the voxels of the box around, and the texels, are held at once."""
        layer = group[0].key.layer
        n_box = box_count([one.key.brick for one in group])
        return n_box * self._fetch.voxel_bytes[layer] + len(group) * self._fetch.texel_bytes[layer]

    def _put_back(self, wanted: Wanted) -> None:
        """To the head of its queue, to be read by itself."""
        self._held.discard(wanted)
        self._backlog.set_apart(wanted)
        if wanted in self._asked:
            self._backlog.put_back(wanted)

    def _forget_deliveries(self, now: float) -> None:
        while self._deliveries and self._deliveries[0] < now - _RATE_SPAN_S:
            self._deliveries.popleft()

    # ---- the threads' side ----

    def _run(self) -> None:
        while (begun := self._begin()) is not None:
            group, n_bytes, is_ahead = begun
            loads = self._fetch.load(group)
            if is_ahead:
                self._settle_ahead(loads[0], n_bytes)
            else:
                self._settle(loads, group[0].key.layer, n_bytes)

    def _begin(self) -> tuple[list[Wanted], int, bool] | None:
        """What to read next, as soon as there is something; None when the reader is closed."""
        with self._lock:
            while not self._closed:
                begun = self._next()
                if begun is not None:
                    self._wake()  # fewer than was thought may be read together
                    return *begun, False
                ahead = self._next_ahead()
                if ahead is not None:
                    return *ahead, True
                self._resting += 1
                self._work.wait(self._backlog.due_s(self._clock()))
                self._resting -= 1
            return None

    def _next_ahead(self) -> tuple[list[Wanted], int] | None:
        if not self._may_read_ahead() or self._begun_ahead >= self._ahead_in_flight:
            return None
        begun = self._ahead.next(self._ahead_sizes)
        if begun is None:
            return None
        self._begun_ahead += 1
        return [begun[0]], begun[1]

    def _settle_ahead(self, load: Load, n_bytes: int) -> None:
        """Keep what was read ahead; where it was asked for meanwhile, it arrives as all that is."""
        with self._lock:
            self._ahead.reserved_bytes -= n_bytes
            self._begun_ahead -= 1
            if load.wanted in self._ahead.begun:
                self._ahead.begun.discard(load.wanted)
                if isinstance(load.outcome, SourceError):
                    # Who asks for it hears of it. A source in trouble is not asked for more than is needed.
                    self._ahead.forget()
                    self._statistics.ahead_failed += 1
                elif not self._closed:
                    self._count(load)
                    self._statistics.ahead += 1
                    self._ahead.keep(load.outcome)
                self._wake(looking=1)
                return
            self._reserved_bytes += n_bytes  # it is one of the others by now, and they give it back
            self._statistics.ahead += 1
        self._settle([load], load.wanted.key.layer, n_bytes)

    def _settle(self, loads: Sequence[Load], layer: int, n_bytes: int) -> None:
        with self._lock:
            self._reserved_bytes -= n_bytes
            self._backlog.end(layer, len(loads))
            for load in loads:
                if self._closed:
                    continue
                if load.kind == "again":
                    self._put_back(load.wanted)
                    continue
                self._count(load)
                outcome = load.outcome
                if isinstance(outcome, SourceError):
                    self._backlog.set_apart(load.wanted)
                    self._arrive(self._faults.failed(load.wanted, outcome, self._clock()))
                else:
                    self._backlog.was_read(load.wanted)
                    self._arrive(outcome)
            self._arrival.notify_all()
            self._wake(looking=1)

    def _count(self, load: Load) -> None:
        counts = self._statistics
        setattr(counts, load.kind, getattr(counts, load.kind) + 1)
        counts.read_bytes += load.read_bytes
        counts.read_s += load.read_s
        counts.encode_s += load.encode_s
