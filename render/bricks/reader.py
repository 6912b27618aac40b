"""Reads the bricks that are asked for in threads, those that matter most first, within bounds of memory.

Who draws says at any time which bricks are missing, in the order in which they matter (`BrickReader.ask`), and takes
what has arrived (`take`). Nothing here blocks the caller. A brick that cannot be read is told as such and tried again
after a while, a few times; no fault of one brick holds up another.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import fastremap
import numpy as np

from ..errors import HostaError, SourceError
from ..source.base import Source
from ..source.decode import reason
from .delivery import FailedBrick as FailedBrick
from .delivery import LoadedBrick as LoadedBrick
from .delivery import ReaderStatistics as ReaderStatistics
from .encoding import Encode
from .grid import BrickGrid
from .keys import BrickKey as BrickKey
from .keys import Wanted as Wanted
from .keys import morton_order as morton_order
from .summaries import Summaries, Summary

logger = logging.getLogger(__name__)

RETRY_DELAYS_S = (0.5, 2.0, 8.0)
_FAULTS_KEPT = 1 << 16
_RATE_SPAN_S = 2.0


class _Fault(NamedTuple):
    attempts: int
    due_s: float  # when to try again; infinite when the brick is given up


class _Load(NamedTuple):
    """What a thread found out about one brick. `kind` is the count of `ReaderStatistics` that it adds to."""

    outcome: LoadedBrick | SourceError
    kind: str
    read_bytes: int = 0
    read_s: float = 0.0
    encode_s: float = 0.0


class BrickReader:
    """Bricks on demand from several sources; `layer` in a key is the place of its source.

    sources: stay the caller's; close them after the reader.
    payload, apron: of every brick, voxels.
    encode: voxels to texels, see `Encode`; for labels it may give the ids as well, which saves a pass.
    grids: how each level of each source is cut, where that is not plainly from its shape.
    in_flight: reads of one source at once, for all or for each; 16 for local disks, 64 for what is far away.
    most_waiting_bytes: bound on what is being read and what has arrived and was not taken. One brick always may.
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
        in_flight: int | Sequence[int] = 16,
        most_waiting_bytes: int = 256 << 20,
        remember: int = 1 << 18,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = list(sources)
        if grids is None:
            grids = [[BrickGrid(level.shape, payload, apron) for level in s.info.levels] for s in self._sources]
        self._grids = [list(one) for one in grids]
        self._counts = [[grid.counts for grid in grids] for grids in self._grids]
        self._sizes = [(s.info.n_times, len(s.info.channels)) for s in self._sources]
        self._encode = encode
        self._limits = [in_flight] * len(self._sources) if isinstance(in_flight, int) else list(in_flight)
        self._most_waiting_bytes = most_waiting_bytes
        self._summaries: Summaries[Wanted] = Summaries(remember)
        self._delays = tuple(retry_delays_s)
        self._clock = clock
        # Voxels and texels of a slot are held at once while it is encoded.
        slot_vox = (payload + 2 * apron) ** 3
        self._reserve = [slot_vox * (s.info.dtype.itemsize + _texel_bytes(s)) for s in self._sources]
        self._zeros: dict[tuple[int, int], int] = {}

        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._arrival = threading.Condition(self._lock)
        # A brick is in at most one of these: pending, sleeping until it is tried again, begun, arrived.
        self._pending: list[deque[tuple[int, Wanted]]] = [deque() for _ in self._sources]
        self._sleeping: list[tuple[float, int, Wanted]] = []
        self._arrived: deque[LoadedBrick | FailedBrick] = deque()
        self._held: set[Wanted] = set()  # begun or arrived
        self._asked: Collection[Wanted] = ()
        self._busy = [0] * len(self._sources)
        self._waiting_bytes = self._reserved_bytes = 0
        self._faults: OrderedDict[Wanted, _Fault] = OrderedDict()
        self._threads: list[threading.Thread] = []
        self._resting = 0
        self._closed = False
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
        pending: list[deque[tuple[int, Wanted]]] = [deque() for _ in self._sources]
        sleeping: list[tuple[float, int, Wanted]] = []
        with self._lock:
            if self._closed:
                raise RuntimeError("the reader was closed")
            now, held, faults = self._clock(), self._held, self._faults
            for place, one in enumerate(asked):
                if one in held:
                    continue
                fault = faults.get(one) if faults else None
                if fault is None or fault.due_s <= now:
                    pending[one.key.layer].append((place, one))
                elif fault.due_s != math.inf:
                    sleeping.append((fault.due_s, place, one))
            heapq.heapify(sleeping)
            self._asked, self._pending, self._sleeping = asked, pending, sleeping
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
                    heapq.heappush(self._sleeping, (one.failed_at_s + one.retry_after_s, 0, one.wanted))
            self._wake()
        return taken

    def wait(self, timeout_s: float) -> bool:
        """Until something can be taken; False when nothing came within the time, or nothing will come any more."""
        with self._lock:
            self._wake()
            self._arrival.wait_for(lambda: self._arrived or self._closed or self._is_done(), timeout_s)
            return bool(self._arrived)

    @property
    def idle(self) -> bool:
        """Nothing is asked for, being read, to be tried again or waiting to be taken."""
        with self._lock:
            return self._is_done() and not self._arrived

    @property
    def outstanding(self) -> int:
        """How many bricks are asked for and have not arrived, those that will be tried again among them."""
        with self._lock:
            return sum(map(len, self._pending)) + sum(self._busy) + len(self._sleeping)

    @property
    def arrived(self) -> int:
        """How many wait to be taken."""
        return len(self._arrived)

    @property
    def statistics(self) -> ReaderStatistics:
        with self._lock:
            self._forget_deliveries(self._clock())
            rate = len(self._deliveries) / _RATE_SPAN_S
            return replace(self._statistics, bricks_per_s=rate, waiting_bytes=self._waiting_bytes)

    def remembered(self, wanted: Wanted) -> Summary | None:
        """Range and ids of a brick that was read before, whoever holds it now; None where they are not known."""
        return self._summaries.get(wanted)

    def forgive(self) -> None:
        """Forget which bricks could not be read: they are tried again when they are asked for."""
        with self._lock:
            self._faults = OrderedDict((one, fault) for one, fault in self._faults.items() if fault.due_s != math.inf)

    def close(self, timeout_s: float = 30.0) -> None:
        """Read nothing more and end the threads; what is being read is waited for and dropped. Idempotent."""
        with self._lock:
            self._closed = True
            self._pending = [deque() for _ in self._sources]
            self._asked, self._sleeping = (), []
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

    def _is_done(self) -> bool:
        return not self._sleeping and not any(self._busy) and not any(self._pending)

    def _wake(self) -> None:
        """Get threads going for what can begin."""
        self._rouse()
        if self._closed:
            return
        startable = sum(
            min(len(queue), limit - busy)
            for queue, limit, busy in zip(self._pending, self._limits, self._busy, strict=True)
        )
        if startable and self._has_room(min(self._reserve)):
            self._work.notify(startable)
            for _ in range(min(startable - self._resting, sum(self._limits) - len(self._threads))):
                thread = threading.Thread(target=self._run, name="brick-reader", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _rouse(self) -> None:
        """Put what has slept long enough first in its queue."""
        now = self._clock() if self._sleeping else 0.0
        while self._sleeping and self._sleeping[0][0] <= now:
            _, place, wanted = heapq.heappop(self._sleeping)
            self._pending[wanted.key.layer].appendleft((place, wanted))

    def _has_room(self, n_bytes: int) -> bool:
        held = self._waiting_bytes + self._reserved_bytes
        return not held or held + n_bytes <= self._most_waiting_bytes

    def _next(self) -> Wanted | None:
        """The most important brick that may begin, marked as begun; None where none may."""
        self._rouse()
        heads = [
            (queue[0][0], layer)
            for layer, queue in enumerate(self._pending)
            if queue and self._busy[layer] < self._limits[layer]
        ]
        if not heads:
            return None
        _, layer = min(heads)
        if not self._has_room(self._reserve[layer]):
            return None
        _, wanted = self._pending[layer].popleft()
        self._held.add(wanted)
        self._reserved_bytes += self._reserve[layer]
        self._busy[layer] += 1
        return wanted

    def _failed(self, wanted: Wanted, error: SourceError) -> FailedBrick:
        before = self._faults.pop(wanted, None)
        attempts = 1 if before is None else before.attempts + 1
        final = attempts > len(self._delays)
        delay = math.inf if final else self._delays[attempts - 1]
        now = self._clock()
        self._faults[wanted] = _Fault(attempts, now + delay)
        if len(self._faults) > _FAULTS_KEPT:
            self._faults.popitem(last=False)
        return FailedBrick(wanted, error, final, attempts, now, delay)

    def _forget_deliveries(self, now: float) -> None:
        while self._deliveries and self._deliveries[0] < now - _RATE_SPAN_S:
            self._deliveries.popleft()

    # ---- the threads' side ----

    def _run(self) -> None:
        while (wanted := self._begin()) is not None:
            self._settle(wanted, self._load(wanted))

    def _begin(self) -> Wanted | None:
        """The next brick to read, as soon as there is one; None when the reader is closed."""
        with self._lock:
            while not self._closed:
                wanted = self._next()
                if wanted is not None:
                    return wanted
                self._resting += 1
                # Where bricks are to be tried again, until the first of them is.
                due_s = max(0.001, self._sleeping[0][0] - self._clock()) if self._sleeping else None
                self._work.wait(due_s)
                self._resting -= 1
            return None

    def _settle(self, wanted: Wanted, load: _Load) -> None:
        with self._lock:
            layer = wanted.key.layer
            self._reserved_bytes -= self._reserve[layer]
            self._busy[layer] -= 1
            self._count(load)
            if self._closed:
                return
            arrival: LoadedBrick | FailedBrick
            if isinstance(load.outcome, SourceError):
                arrival = self._failed(wanted, load.outcome)
            else:
                arrival = load.outcome
                self._faults.pop(wanted, None)
                self._deliveries.append(self._clock())
                self._forget_deliveries(self._deliveries[-1])
            self._arrived.append(arrival)
            self._waiting_bytes += arrival.nbytes
            self._arrival.notify_all()
            self._wake()

    def _count(self, load: _Load) -> None:
        before = self._statistics
        self._statistics = replace(
            before,
            read_bytes=before.read_bytes + load.read_bytes,
            read_s=before.read_s + load.read_s,
            encode_s=before.encode_s + load.encode_s,
            **{load.kind: getattr(before, load.kind) + 1},
        )

    def _load(self, wanted: Wanted) -> _Load:
        """Read and encode a brick. Whatever goes wrong is the brick's outcome."""
        try:
            return self._read(wanted)
        except SourceError as error:
            failure = error
        except HostaError as error:
            failure = SourceError(error.sentence)
        except Exception as error:
            name = self._sources[wanted.key.layer].info.name
            logger.exception("reading %s of '%s'", wanted, name)
            failure = SourceError(f"a brick of '{name}' cannot be read: {reason(error)}")
        return _Load(failure, "failed")

    def _read(self, wanted: Wanted) -> _Load:
        layer, at, level, brick = wanted.key
        source, grid, channel = self._sources[layer], self._grids[layer][level], wanted.channel
        known = self._summaries.get(wanted)
        if known is not None and known.lo == known.hi:
            return _Load(LoadedBrick(wanted, None, known.lo, *known), "recalled")
        lo, hi = grid.padded_box(brick)
        if source.is_absent(level, channel, at, lo, hi):
            return _Load(self._constant(wanted, self._zero(layer, channel)), "absent")
        began = time.perf_counter()
        voxels = source.read(level, channel, at, lo, hi)
        read_s = time.perf_counter() - began
        encoded = self._encode(layer, channel, voxels)
        texels, ids = encoded if isinstance(encoded, tuple) else (encoded, None)
        if ids is None and source.info.kind == "labels":
            ids = np.sort(fastremap.unique(texels)).astype(np.uint32)
        # Padding adds no values: what holds for the box holds for the slot.
        least, most = (int(ids[0]), int(ids[-1])) if ids is not None else (int(texels.min()), int(texels.max()))
        kind, loaded = "constant", self._constant(wanted, least)
        if least != most:
            kind, loaded = "read", LoadedBrick(wanted, grid.pad(brick, texels), 0, least, most, ids)
            self._summaries.put(wanted, Summary(least, most, ids))
        encode_s = time.perf_counter() - began - read_s
        return _Load(loaded, kind, voxels.nbytes, read_s, encode_s)

    def _constant(self, wanted: Wanted, texel: int) -> LoadedBrick:
        is_labels = self._sources[wanted.key.layer].info.kind == "labels"
        summary = Summary(texel, texel, np.array([texel], np.uint32) if is_labels else None)
        self._summaries.put(wanted, summary)
        return LoadedBrick(wanted, None, texel, *summary)

    def _zero(self, layer: int, channel: int) -> int:
        """The texel of a voxel of 0."""
        found = self._zeros.get((layer, channel))
        if found is None:
            encoded = self._encode(layer, channel, np.zeros(1, self._sources[layer].info.dtype))
            found = int((encoded[0] if isinstance(encoded, tuple) else encoded)[0])
            self._zeros[layer, channel] = found
        return found


def _texel_bytes(source: Source) -> int:
    if source.info.kind == "labels":
        return 4
    return 1 if source.info.dtype.itemsize == 1 else 2
