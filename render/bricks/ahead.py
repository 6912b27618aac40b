"""Bricks that nobody wants yet and somebody is likely to want next: what a reader does with them while it has nothing
else to do.

Not thread-safe: the reader holds its lock in all of this.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from .delivery import LoadedBrick
from .keys import Wanted


class Ahead:
    """What to read ahead, what is being read, and the bricks that were, at most `most_bytes` of them.

    most_begun: reads ahead at once. They come on top of the reader's own, so that those never wait for one of these.
    """

    def __init__(self, most_bytes: int, most_begun: int) -> None:
        self._most_bytes, self._most_begun = most_bytes, most_begun
        self._listed: dict[Wanted, None] = {}
        self._pending: OrderedDict[Wanted, None] = OrderedDict()
        self._kept: OrderedDict[Wanted, LoadedBrick] = OrderedDict()  # what was likely longest ago first
        self.begun: set[Wanted] = set()
        self.kept_bytes = self.reserved_bytes = 0
        self.dropped = 0

    @property
    def held_bytes(self) -> int:
        """Of what is kept and what is being read."""
        return self.kept_bytes + self.reserved_bytes

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def startable(self) -> int:
        """How many reads may begin now, as far as their number goes."""
        return min(len(self._pending), self._most_begun - len(self.begun))

    def expect(self, likely: Sequence[Wanted]) -> None:
        """What may be wanted next, the likeliest first, in place of what was said before. What is kept stays until
        there is no room."""
        self._listed = dict.fromkeys(likely)
        self._pending = OrderedDict.fromkeys(
            one for one in self._listed if one not in self.begun and one not in self._kept
        )
        for one in reversed(self._listed):
            if one in self._kept:
                self._kept.move_to_end(one)

    def next(self, n_bytes: dict[int, int]) -> tuple[Wanted, int] | None:
        """The likeliest brick there is room for, marked as begun, and the bytes set apart for it; `n_bytes`: what
        reading one of each layer takes. None where none may begin.

        Others make room that are not expected any more, never such as are.
        """
        if self.startable <= 0:
            return None
        wanted = next(iter(self._pending))
        needed = n_bytes[wanted.key.layer]
        while self.held_bytes + needed > self._most_bytes and self._kept:
            if next(iter(self._kept)) in self._listed:
                break
            self._drop()
        if self.held_bytes + needed > self._most_bytes:
            self._pending.clear()
            return None
        del self._pending[wanted]
        self.begun.add(wanted)
        self.reserved_bytes += needed
        return wanted, needed

    def keep(self, brick: LoadedBrick) -> None:
        """A brick that was read ahead, and that nobody asked for meanwhile."""
        self._kept[brick.wanted] = brick
        self.kept_bytes += brick.nbytes

    def take(self, wanted: Wanted) -> LoadedBrick | None:
        """A brick that was read ahead and is wanted now."""
        self._pending.pop(wanted, None)
        brick = self._kept.pop(wanted, None)
        if brick is not None:
            self.kept_bytes -= brick.nbytes
        return brick

    def make_room(self, n_bytes: int) -> None:
        """Give up at least so many bytes of what is kept, or all of it: what is wanted now needs them."""
        end = self.kept_bytes - n_bytes
        while self._kept and self.kept_bytes > end:
            self._drop()

    def forget(self) -> None:
        """Read nothing more ahead of what was said: a source has failed, or the reader is closed."""
        self._pending.clear()

    def clear(self) -> None:
        self.forget()
        self._kept.clear()
        self.kept_bytes = 0

    def _drop(self) -> None:
        _, brick = self._kept.popitem(last=False)
        self.kept_bytes -= brick.nbytes
        self.dropped += 1
