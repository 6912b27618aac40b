"""What one view sees of a paged scene: how fine it wants each brick, which it may use, and what its rays asked for.

Level of detail: a voxel whose longest edge is s should look at most `tau` pixels wide, so a brick is replaced by its
children while s > tau * 2^beta * p(d), with p(d) the width of a pixel at distance d and d the distance of the brick's
nearest point from the eye. That depends on place and camera only, never on a path, so that all rays see one medium.
beta rises when there is no room for what is wanted.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..bricks.keys import BrickKey, Wanted
from ..gpu.buffer import Buffer
from ..gpu.gl import GL
from ..gpu.texture import TextureBuffer
from ..source.base import Shape3
from ..space import apply
from ..state.camera import Camera
from .look import Look
from .paged import PagedScene, Want

USABLE, DESCEND = 1, 2
SEEN, SEEN_FIRST = 1, 2
TAU = 1.0
BETA_STEP = 0.25
BETA_MAX = 24.0
FEW = 0.4
"""Less than this share of the room is needed: a finer picture is tried when the view changes."""
MOST_WANTS_SOFTWARE, MOST_WANTS = 256, 1024


class Cut:
    """The part of the tree that a view draws, and its feedback; `frame` is the scene's when feedback was last taken."""

    def __init__(self, scene: PagedScene, look: Look, software: bool) -> None:
        self._scene, self._look = scene, look
        capacity = scene.tree.capacity
        self._flags = np.zeros(capacity, np.uint32)
        self._flag_buffer = Buffer.of(self._flags)
        self._flag_texels = TextureBuffer(self._flag_buffer, GL.GL_R32UI)
        self._words = scene.feedback_words
        self._feedback = Buffer(4 * capacity * self._words)
        self._most = MOST_WANTS_SOFTWARE if software else MOST_WANTS
        self._shown: list[tuple[int, ...]] = [() for _ in scene.volumes]
        self._only: NDArray[np.bool_] | None = None
        self._camera: Camera | None = None
        self._flip = (False, False, False)
        self._height = 1
        self.beta = 0.0
        self.frame = 0
        self.missing: list[Want] = []

    # ---- which bricks are drawn ----

    def look_from(
        self, camera: Camera, flip: tuple[bool, bool, bool], height_px: int, shown: list[tuple[int, ...]]
    ) -> None:
        """Draw from this camera a picture `height_px` high, these channels of each volume."""
        moved = camera != self._camera or shown != self._shown or height_px != self._height
        if moved and self.beta > 0.0 and self._usage() < FEW:
            self.beta = max(0.0, self.beta - BETA_STEP)
        self._camera, self._height, self._shown = camera, height_px, shown
        self._flip = flip
        self.refresh()

    def start_over(self) -> None:
        """Use no finer bricks than the top ones until `allow` says so, at full detail: what follows does not depend on
        what was looked at before.
        """
        self._only = np.zeros(self._scene.tree.capacity, bool)
        self._only[: self._scene.tree.n_tops] = True
        self.beta = 0.0

    def allow(self, wants: list[Want]) -> None:
        """After `start_over`: the children of these wants may be used, where they are there."""
        if self._only is None:
            return
        for want in wants:
            node = int(self._scene.tree.children[want.parent, want.place])
            if node >= 0:
                self._only[node] = True

    def allow_all(self) -> bool:
        """After `start_over`: all bricks may be used again. True when that changes what is drawn."""
        if self._only is None:
            return False
        self._only, before = None, self._flags
        self.refresh()
        return not np.array_equal(before, self._flags)

    def refresh(self) -> None:
        """Work out anew which nodes are usable and which are descended."""
        tree = self._scene.tree
        usable = tree.alive.copy()
        for v, channels in enumerate(self._shown):
            mine = tree.volume == v
            for c in channels:
                usable &= ~mine | tree.present[:, c]
        if self._only is not None:
            usable &= self._only
        flags = np.where(usable, USABLE, 0).astype(np.uint32)
        flags[self.wants_finer(self._camera)] |= DESCEND
        # A volume of which nothing is shown needs nothing.
        for v, channels in enumerate(self._shown):
            if not channels:
                flags[tree.volume == v] &= ~np.uint32(DESCEND)
        self._flags = flags
        self._flag_buffer.write(flags)

    def wants_finer(self, camera: Camera | None) -> NDArray[np.bool_]:
        """The nodes whose bricks a camera would have finer."""
        tree, out = self._scene.tree, np.zeros(self._scene.tree.capacity, bool)
        if camera is None:
            return out
        for v, stages in enumerate(tree.volumes):
            nodes = np.flatnonzero(tree.alive & (tree.volume == v) & (tree.stage > 0))
            if not len(nodes):
                continue
            edge = np.array([stage.longest_um for stage in stages])[tree.stage[nodes]]
            sides = np.array([[self._scene.payload << s for s in stage.shift] for stage in stages])[tree.stage[nodes]]
            out[nodes] = edge > self._pixel_um(camera, v, tree.brick[nodes] * sides, sides) * TAU * 2.0**self.beta
        return out

    def _pixel_um(
        self, camera: Camera, volume: int, lo_vox: NDArray[np.int64], sides_vox: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The width of a pixel at the nearest point of boxes (z, y, x) of a volume's finest voxels."""
        if camera.projection == "orthographic":
            return np.full(len(lo_vox), 2.0 * camera.parallel_scale / self._height)
        level = self._scene.scene.layers[volume].source.info.levels[0]
        vox_from_world: NDArray[np.float64] = np.asarray(np.linalg.inv(level.world_from_vox), np.float64)
        # Where volumes are mirrored, the eye is mirrored for them.
        centre, position = self._scene.scene.box.centre, np.asarray(camera.position, np.float64)
        mirrored = np.where(self._flip, 2.0 * centre - position, position).astype(np.float64)
        eye = (apply(vox_from_world, mirrored) + 0.5)[::-1]
        away = np.maximum(np.maximum(lo_vox - eye, eye - (lo_vox + sides_vox)), 0.0)
        distance = np.linalg.norm(away * np.array(level.spacing_um[::-1]), axis=1)
        return np.asarray(2.0 * distance * math.tan(math.radians(camera.view_angle) / 2.0) / self._height)

    def level_at(self, volume: int, voxel: Shape3) -> int:
        """Which level of the source is drawn at a voxel (z, y, x) of the finest one."""
        scene, tree = self._scene, self._scene.tree
        stages = scene.stages[volume]
        stage = len(stages) - 1
        brick = [n // (scene.payload << s) for n, s in zip(voxel, stages[stage].shift, strict=True)]
        node = tree.top_base[volume] + stages[stage].grid.index((brick[0], brick[1], brick[2]))
        while stage > 0 and self._flags[node] & DESCEND:
            z, y, x = tree.split(volume, stage)
            finer = [n // (scene.payload << s) for n, s in zip(voxel, stages[stage - 1].shift, strict=True)]
            octant = [n & (1 << bits) - 1 for n, bits in zip(finer, (z, y, x), strict=True)]
            child = int(tree.children[node, octant[2] + (octant[1] << x) + (octant[0] << (x + y))])
            if child < 0 or not self._flags[child] & USABLE:
                break
            node, stage = child, stage - 1
        return stages[stage].level

    # ---- what rays asked for ----

    def bind(self) -> None:
        self._flag_texels.bind(14)
        self._feedback.bind(1)

    def collect(self, everything: bool = False) -> None:
        """Take what rays reported since the last time: what they met stays, what they missed is in `missing`.

        `everything`: all of it, not only the first that matter most.
        """
        tree, words = self._scene.tree, self._words
        reported = self._feedback.read(np.uint32, tree.capacity * words).astype(np.uint32)
        reported = reported.reshape(tree.capacity, words)
        self._feedback.clear()
        self._scene.frame += 1
        self.frame = self._scene.frame
        met = np.flatnonzero(reported[:, 0])
        tree.seen[met] = self.frame
        # New nodes had no chance to be met before: from now on they must be.
        tree.seen[tree.n_tops :] = np.minimum(tree.seen[tree.n_tops :], self.frame)
        self.missing = self._wants(reported, everything)
        self.give_up_failed()

    def _wants(self, reported: NDArray[np.integer], everything: bool) -> list[Want]:
        tree, half = self._scene.tree, (self._words - 1) // 2
        asking = np.flatnonzero(reported[:, 1 : 1 + half].any(axis=1))
        found: list[tuple[tuple[int, ...], Want]] = []
        for node in asking.tolist():
            volume, stage = int(tree.volume[node]), int(tree.stage[node])
            first = bool(reported[node, 0] & SEEN_FIRST)
            for place in range(tree.child_places(node)):
                word, bit = 1 + (place >> 5), 1 << (place & 31)
                if not reported[node, word] & bit:
                    continue
                key = self._scene.key_of_child(node, place)
                if key is None:
                    continue
                matter = bool(reported[node, word + half] & bit)
                # Not where pictures must be the same whatever was looked at before.
                if not matter and not everything and self.is_empty(volume, key):
                    continue
                rank = (not matter, not first, -stage, volume, *key.brick)
                found.append((rank, Want(node, place, key, self._shown[volume])))
        found.sort(key=lambda one: one[0])
        return [want for _, want in (found if everything else found[: self._most])]

    def is_empty(self, volume: int, key: BrickKey) -> bool:
        """Whether a brick is known, from when it was read or by an index, to hold nothing that this view shows."""
        channels = self._scene.volumes[volume].channels
        for c in self._shown[volume]:
            known = self._scene.remembered(Wanted(key, c))
            if known is None:
                only = self._look.only_segments(volume)
                if only is None or self._scene.indexed.may_hold(key, only):
                    return False
            elif not self._look.is_empty(channels[c], *known):
                return False
        return True

    def give_up_failed(self) -> None:
        """Do not wait for bricks that cannot be read."""
        if self._scene.has_failures:
            self.missing = [want for want in self.missing if not self._scene.is_failed(want)]

    # ---- detail that fits ----

    def _usage(self) -> float:
        """The share of the room that nodes take which were met when feedback was last taken."""
        scene = self._scene
        met = int(np.count_nonzero(scene.tree.alive & (scene.tree.seen >= self.frame)))
        shares = [atlas.used / atlas.capacity for atlas in scene.atlases.values()]
        return met / scene.tree.n_alive * max([*shares, scene.tree.n_alive / scene.tree.capacity])

    def coarsen(self) -> bool:
        """There is no room: want less. False when less is not possible."""
        if self.beta >= BETA_MAX:
            return False
        self.beta += BETA_STEP
        self.refresh()
        return True

    @property
    def device_bytes(self) -> int:
        return self._flag_buffer.size_bytes + self._feedback.size_bytes

    def close(self) -> None:
        self._flag_texels.close()
        self._flag_buffer.close()
        self._feedback.close()
