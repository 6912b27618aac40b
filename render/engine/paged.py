"""A scene whose bricks come as they are needed: atlases of slots, a tree of nodes, and what was asked for.

A node is a brick of one level of one volume, with all the channels that somebody looks at. Nodes change only between
dispatches, in epochs (`commit`); each has a number (`epoch`), so that views know what to follow. The cost of
a frame and the memory follow from the budget, never from the size of the data.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..bricks.encoding import Encoded, StorageClass
from ..bricks.grid import BrickGrid
from ..bricks.indexed import IndexedBricks
from ..bricks.reader import BrickKey, BrickReader, FailedBrick, LoadedBrick, Wanted
from ..bricks.summaries import Summary
from ..bricks.tree import NONE, Stage
from ..errors import SourceError
from ..gpu.context import Context
from ..scene.open import Progress, Scene
from .atlas import PAGE_ABSENT, PAGE_CONSTANT, PAGE_RESIDENT
from .device_scene import (
    DeviceVolume,
)
from .paged_tables import APRON, PagedTables
from .resident import BRICK

log = logging.getLogger(__name__)

WAITING_BYTES = 128 << 20
AHEAD_BYTES = 64 << 20
"""Of them, at most, for bricks that nobody wants yet."""
IN_FLIGHT, AHEAD_IN_FLIGHT = 8, 4


class Want(NamedTuple):
    """A child that a view wants: of which node, which place, its key and the channels that it needs."""

    parent: int
    place: int
    key: BrickKey
    channels: tuple[int, ...]


@dataclass(frozen=True)
class _Page:
    """A brick of a channel on the device: its page entry, and the ids of a segmentation's."""

    entry: int
    ids: NDArray[np.uint32] | None


class PagedScene(PagedTables):
    """Holds the bricks of a scene that views asked for, within `budget_bytes` of device memory.

    Raises SourceError when the coarsest levels cannot be read, GpuError, LimitError.
    """

    def __init__(
        self,
        context: Context,
        scene: Scene,
        payload: int = BRICK,
        budget_bytes: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(context, scene, payload, budget_bytes)
        self.time = 0
        self.epoch = self.frame = 0
        self.committed_s = float("-inf")
        self.is_full = False
        self.notes: list[str] = []
        self.view_frames: dict[int, int] = {}  # when feedback of each view was last taken
        self._changed: dict[int, int] = {}  # node -> the epoch of its last change
        self._pages: dict[tuple[int, int], _Page] = {}
        self._cold: OrderedDict[Wanted, _Page] = OrderedDict()
        self._staged: dict[BrickKey, dict[int, LoadedBrick]] = {}
        self._wants: dict[int, list[Want]] = {}
        self._failed: dict[Wanted, SourceError] = {}
        self._expecting: int | None = None  # the view that is looked ahead for
        self._reader = self._make_reader()
        try:
            self._load_tops(range(len(self.volumes)), progress)
        except BaseException:
            self.close()
            raise

    # ---- what is read ----

    def _make_reader(self) -> BrickReader:
        sources = [layer.source for layer in self.scene.layers]

        def encode(layer: int, channel: int, voxels: NDArray[np.generic]) -> Encoded:
            if layer in self.label_layers:
                return self.dense_ids[layer].encode_brick(voxels)
            return self.encoder(layer, channel)(voxels)

        grids = []
        for source, stages in zip(sources, self.stages, strict=True):
            paged = {stage.level: stage.grid for stage in stages}
            levels = enumerate(source.info.levels)
            grids.append([paged.get(n) or BrickGrid(level.shape, self.payload, APRON) for n, level in levels])
        indexes = [layer.index for layer in self.scene.layers]
        self.indexed = IndexedBricks(indexes, self.payload, APRON, encode)
        return BrickReader(
            sources,
            self.payload,
            APRON,
            encode,
            grids=grids,
            foretold=self.indexed.summary if any(indexes) else None,
            in_flight=IN_FLIGHT,
            most_waiting_bytes=WAITING_BYTES,
            ahead_bytes=AHEAD_BYTES,
            ahead_in_flight=AHEAD_IN_FLIGHT,
        )

    # ---- what is wanted ----

    def key_of(self, volume: int, stage: int, brick: Sequence[int]) -> BrickKey:
        time = min(self.time, self.scene.layers[volume].source.info.n_times - 1)
        return BrickKey(volume, time, self.stages[volume][stage].level, (int(brick[0]), int(brick[1]), int(brick[2])))

    def stage(self, node: int) -> Stage:
        return self.stages[int(self.tree.volume[node])][int(self.tree.stage[node])]

    def ids_of(self, node: int) -> NDArray[np.uint32]:
        """The dense ids in a node of a segmentation."""
        page = self._pages.get((node, 0))
        if page is None or page.ids is None:
            return np.zeros(0, np.uint32)
        return page.ids

    def remembered(self, wanted: Wanted) -> Summary | None:
        """Range and ids of a brick that was read before, whether or not it is on the device, or that is indexed."""
        return self._reader.remembered(wanted)

    def ask(self, view: int, wants: Iterable[Want]) -> None:
        """What a view wants, what matters most first; replaces what it asked for before."""
        self._wants[view] = list(wants)
        self._ask_reader()

    def expect(self, view: int, likely: list[Wanted]) -> None:
        """What the view that has all it wants may want next: read while nothing is missing, and kept by the host.

        Not brought onto the device: that would take slots from what is drawn, and what is in the host's memory is one
        commit away.
        """
        self._expecting = view
        self._reader.expect(likely)

    def lacks(self, wanted: Wanted) -> bool:
        """Whether a brick is neither staged nor in a slot that was left."""
        return wanted not in self._cold and wanted.channel not in self._staged.get(wanted.key, {})

    def forget_view(self, view: int) -> None:
        self.view_frames.pop(view, None)
        if self._expecting == view:
            self._reader.expect([])
        if self._wants.pop(view, None):
            self._ask_reader()  # what only this view wanted is not read any more

    def _ask_reader(self) -> None:
        asked: list[Wanted] = []
        # One of each view in turn, so that none waits for all of another.
        queues = [iter(wants) for wants in self._wants.values()]
        while queues:
            for queue in list(queues):
                want = next(queue, None)
                if want is None:
                    queues.remove(queue)
                    continue
                asked += [one for one in self._missing(want) if one not in self._failed]
        self._reader.ask(asked)

    def _missing(self, want: Want) -> list[Wanted]:
        """What is still to be read for a want."""
        node = int(self.tree.children[want.parent, want.place])
        staged = self._staged.get(want.key, {})
        there = [(node != NONE and self.tree.present[node, c]) or c in staged for c in range(self.pages)]
        missing = [Wanted(want.key, c) for c in want.channels if not there[c]]
        return [one for one in missing if one not in self._cold]

    @property
    def has_failures(self) -> bool:
        return bool(self._failed)

    def is_failed(self, want: Want) -> bool:
        """Whether some brick of a want cannot be read."""
        return any(Wanted(want.key, c) in self._failed for c in want.channels)

    # ---- what arrives ----

    @property
    def reading(self) -> bool:
        return not self._reader.idle

    @property
    def has_staged(self) -> bool:
        """Whether bricks wait for a commit, or are there already for whoever wants them."""
        return bool(self._staged) or any(self._is_complete(want) for wants in self._wants.values() for want in wants)

    @property
    def waiting(self) -> bool:
        """Whether bricks that were asked for are still to come or to be committed."""
        return self.reading or self.has_staged

    def is_staged(self, wants: Iterable[Want]) -> bool:
        """Whether all that wants need is there, or will never be."""
        return all(one in self._failed for want in wants for one in self._missing(want))

    def wait(self, timeout_s: float) -> bool:
        """Until a brick arrives, at most so long."""
        return self._reader.wait(timeout_s)

    def receive(self, most_bytes: int) -> int:
        """Take bricks that arrived into the host's staging area; how many."""
        arrived = self._reader.take(most_bytes)
        for one in arrived:
            if isinstance(one, LoadedBrick):
                self._staged.setdefault(one.wanted.key, {})[one.wanted.channel] = one
            elif one.final:
                self._fail(one)
        return len(arrived)

    def _fail(self, failed: FailedBrick) -> None:
        self._failed[failed.wanted] = failed.error
        sentence = f"a part of {self.scene.layers[failed.wanted.key.layer].key} cannot be read and is shown coarser: "
        sentence += str(failed.error)
        log.warning("%s", sentence)
        if sentence not in self.notes and len(self.notes) < 20:
            self.notes.append(sentence)

    def commit(self, before: int) -> bool:
        """Put what is staged onto the device, in the order in which it was asked for. True when nodes changed.

        A brick for which there is no room takes that of one that no ray has met since frame `before`; where there is
        none it is left out (`is_full` says so).
        """
        self.is_full = False
        wants = [want for queue in self._wants.values() for want in queue]
        changed: list[int] = []
        victims = iter(self.tree.evictable(before).tolist())
        for want in wants:
            if not self._is_complete(want):
                continue
            node = self._take_in(want, victims)
            if node is None:
                self.is_full = True
                break
            changed.append(node)
        # What nobody wants any more is dropped; what was too much is read again when there is room.
        self._staged = (
            {}
            if self.is_full
            else {key: bricks for key, bricks in self._staged.items() if any(want.key == key for want in wants)}
        )
        if changed:
            self._publish(changed)
        return bool(changed)

    def _is_complete(self, want: Want) -> bool:
        """Whether all that a want needs is staged or there, and something of it is new."""
        if not self.tree.alive[want.parent] or self.key_of_child(want.parent, want.place) != want.key:
            return False
        node = int(self.tree.children[want.parent, want.place])
        if node != NONE and all(self.tree.present[node, c] for c in want.channels):
            return False
        return not self._missing(want)

    def key_of_child(self, node: int, place: int) -> BrickKey | None:
        brick = self.tree.child_brick(node, place)
        if brick is None:
            return None
        return self.key_of(int(self.tree.volume[node]), int(self.tree.stage[node]) - 1, brick)

    def _take_in(self, want: Want, victims: Iterable[int]) -> int | None:
        """The node of a want with its bricks in slots; None when there is no room."""
        staged = self._staged.get(want.key, {})
        volume = self.volumes[int(self.tree.volume[want.parent])]
        warm = {c: self._cold.pop(Wanted(want.key, c), None) for c in want.channels}
        needed: dict[StorageClass, int] = {}
        for c in want.channels:
            brick = staged.get(c) if warm[c] is None else None
            if brick is not None and brick.texels is not None:
                storage = volume.channels[c].storage
                needed[storage] = needed.get(storage, 0) + 1
        node = int(self.tree.children[want.parent, want.place])
        if not self._make_room(needed, node == NONE, want.parent, victims):
            self._cold.update({Wanted(want.key, c): page for c, page in warm.items() if page is not None})
            return None
        if node == NONE:
            node = self.tree.add(want.parent, want.place, want.key.brick)
            self._children[want.parent, want.place] = node + 1
        self.tree.seen[node] = np.iinfo(np.int64).max  # until a view has looked
        for c in want.channels:
            if not self.tree.present[node, c]:
                self._put(node, c, warm[c] or self._upload(volume, c, staged[c]))
        self._staged.pop(want.key, None)
        return node

    def _make_room(self, needed: dict[StorageClass, int], node_too: bool, parent: int, victims: Iterable[int]) -> bool:
        def lacks() -> bool:
            return any(self.atlases[storage].n_free < n for storage, n in needed.items())

        while lacks() and self._cold:
            wanted, page = self._cold.popitem(last=False)
            self._release(wanted, page)
        while lacks() or (node_too and self.tree.n_free == 0):
            victim = next(iter(victims), None)
            if victim is None:
                return False
            # It may have got a child since it was named.
            if victim != parent and (self.tree.children[victim] == NONE).all():
                self._evict(victim, keep=False)
        return True

    def _evict(self, node: int, keep: bool) -> None:
        """Take a node away; `keep` its bricks in their slots until those are needed."""
        self._keep_pages(node)
        if not keep:
            key = self._key_of_node(node)
            for c in range(self.pages):
                page = self._cold.pop(Wanted(key, c), None)
                if page is not None:
                    self._release(Wanted(key, c), page)
        parent, place = int(self.tree.parent[node]), int(self.tree.place[node])
        self._children[parent, place] = 0
        self._child_buffer.write(self._children[parent : parent + 1], self._children[0].nbytes * parent)
        self._page_table[node] = PAGE_ABSENT
        self.tree.remove(node)
        self._changed.pop(node, None)

    def _key_of_node(self, node: int) -> BrickKey:
        return self.key_of(int(self.tree.volume[node]), int(self.tree.stage[node]), self.tree.brick[node].tolist())

    def _keep_pages(self, node: int) -> None:
        """The bricks of a node stay in their slots, for whoever wants them again."""
        key = self._key_of_node(node)
        for c in range(self.pages):
            page = self._pages.pop((node, c), None)
            if page is not None:
                self._cold[Wanted(key, c)] = page
        self.tree.present[node] = False

    def _release(self, wanted: Wanted, page: _Page) -> None:
        if page.entry >> 30 == PAGE_RESIDENT >> 30:
            storage = self.volumes[wanted.key.layer].channels[wanted.channel].storage
            self.atlases[storage].remove(page.entry)

    def _upload(self, volume: DeviceVolume, channel: int, brick: LoadedBrick) -> _Page:
        if brick.texels is None:
            return _Page(PAGE_CONSTANT | brick.constant, brick.ids)
        return _Page(self.atlases[volume.channels[channel].storage].add(brick.texels), brick.ids)

    def _put(self, node: int, channel: int, page: _Page) -> None:
        self._pages[node, channel] = page
        self._page_table[node, channel] = page.entry
        self.tree.present[node, channel] = True

    def _publish(self, nodes: Sequence[int]) -> None:
        """Tell the device and the views of nodes that changed."""
        self.epoch += 1
        for node in nodes:
            self._changed[node] = self.epoch
        self.page_buffer.write(self._page_table)
        self._child_buffer.write(self._children)
        self._find_ranges(nodes)

    def changed_since(self, epoch: int) -> NDArray[np.int64]:
        """Nodes that changed after an epoch."""
        return np.array([node for node, when in self._changed.items() if when > epoch], np.int64)

    # ---- tops and times ----

    def _load_tops(self, volumes: Sequence[int], progress: Progress | None) -> None:
        """The coarsest levels of volumes, all channels: they stay."""
        tree = self.tree
        nodes = [n for v in volumes for n in range(tree.top_base[v], tree.top_base[v + 1])]
        left: dict[Wanted, int] = {}
        for node in nodes:
            volume = int(tree.volume[node])
            key = self.key_of(volume, int(tree.stage[node]), tree.brick[node].tolist())
            for c in range(len(self.volumes[volume].channels)):
                page = self._cold.pop(Wanted(key, c), None)
                if page is not None:
                    self._put(node, c, page)
                else:
                    left[Wanted(key, c)] = node
        total = len(left)
        self._reader.ask(list(left))
        while left:
            self._reader.wait(0.2)
            for one in self._reader.take(WAITING_BYTES):
                if one.wanted not in left:
                    continue
                if isinstance(one, FailedBrick):
                    if one.final:
                        raise one.error
                    continue
                volume_of = self.volumes[one.wanted.key.layer]
                storage = volume_of.channels[one.wanted.channel].storage
                while one.texels is not None and self.atlases[storage].n_free == 0 and self._cold:
                    self._release(*self._cold.popitem(last=False))
                self._put(left.pop(one.wanted), one.wanted.channel, self._upload(volume_of, one.wanted.channel, one))
            if progress:
                progress("loading bricks", total - len(left), total)
        tree.seen[: tree.n_tops] = np.iinfo(np.int64).max
        self._publish(nodes)

    def set_time(self, time: int, progress: Progress | None = None) -> None:
        """Show another time point. Bricks of the one before stay in their slots until those are needed."""
        if time == self.time:
            return
        tree = self.tree
        moving = [v for v, layer in enumerate(self.scene.layers) if layer.source.info.n_times > 1]
        # Children go before their parents.
        for stage in range(max(len(stages) for stages in self.stages)):
            rows = tree.alive & (tree.stage == stage) & np.isin(tree.volume, moving)
            rows[: tree.n_tops] = False
            for node in np.flatnonzero(rows).tolist():
                self._evict(node, keep=True)
        for v in moving:
            for node in range(tree.top_base[v], tree.top_base[v + 1]):
                self._keep_pages(node)
        self._wants.clear()
        self._staged.clear()
        self.time = time
        self._load_tops(moving, progress)

    def close(self) -> None:
        self._reader.close()
        super().close()
