"""Which bricks a view is likely to want next: what its camera would ask for if it moved on as it last did, and the same
bricks at the time point that follows if time last changed. Only a guess, for a reader that has nothing else to do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..bricks.keys import Wanted
from ..space import apply
from ..state.camera import Camera
from .cut import Cut
from .paged import PagedScene

MOST_LIKELY = 256
NEARER = 0.5
"""A camera that has not moved yet is taken to come nearer by this factor: then one level finer is wanted."""
_STEP_MAX = 4.0


class Foresight:
    """Follows the camera and the time of one view."""

    def __init__(self, scene: PagedScene, cut: Cut) -> None:
        self._scene, self._cut = scene, cut
        self._camera: Camera | None = None
        self._before: Camera | None = None
        self._time, self._time_step = scene.time, 0
        self._by_time = False
        self._told: tuple[object, ...] = ()

    def look(self, camera: Camera, time: int) -> None:
        """What the view shows from now on."""
        if self._camera is not None and camera != self._camera:
            self._before, self._by_time = self._camera, False
        if time != self._time:
            self._time, self._time_step, self._by_time = time, time - self._time, True
        self._camera = camera

    def likely(self, shown: list[tuple[int, ...]]) -> list[Wanted] | None:
        """Bricks that are not there, the likeliest first, for views that show these channels of each volume; None where
        it would be what was last said."""
        told = (self._camera, self._before, self._time, self._scene.epoch, shown)
        if told == self._told or self._camera is None:
            return None
        self._told = told
        parts = [self._nearby(camera_ahead(self._camera, self._before), shown), self._next_time(shown)]
        found = dict.fromkeys([*parts[self._by_time], *parts[not self._by_time]])
        return [one for one in found if self._scene.lacks(one)][:MOST_LIKELY]

    def _nearby(self, camera: Camera, shown: list[tuple[int, ...]]) -> list[Wanted]:
        """Children that the camera would want of nodes that are there: of those that rays met first, and around the
        middle of its picture first."""
        scene, tree = self._scene, self._scene.tree
        met = tree.seen >= self._cut.frame
        nodes = np.flatnonzero(self._cut.wants_finer(camera) & (tree.children < 0).any(axis=1))
        ranked: list[tuple[tuple[object, ...], list[Wanted]]] = []
        for volume in np.unique(tree.volume[nodes]).tolist():
            if not shown[volume]:
                continue
            mine = nodes[tree.volume[nodes] == volume]
            stages = scene.stages[volume]
            sides = np.array([[scene.payload << s for s in stage.shift] for stage in stages])[tree.stage[mine]]
            off = self._off_axis(volume, camera, (tree.brick[mine] + 0.5) * sides)
            # So many parents hold more children than are ever asked for.
            for at in np.lexsort((off, ~met[mine]))[:MOST_LIKELY].tolist():
                node = int(mine[at])
                for place in range(tree.child_places(node)):
                    key = scene.key_of_child(node, place) if tree.children[node, place] < 0 else None
                    if key is None or self._cut.is_empty(volume, key):
                        continue
                    rank = (not met[node], float(off[at]), place)
                    ranked.append((rank, [Wanted(key, c) for c in shown[volume]]))
        ranked.sort(key=lambda one: one[0])
        return [wanted for _, some in ranked[:MOST_LIKELY] for wanted in some]

    def _off_axis(self, volume: int, camera: Camera, middles_vox: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far points (n, 3) of a volume's finest grid, z, y, x, are from the line along which the camera looks."""
        level = self._scene.scene.layers[volume].source.info.levels[0]
        points = apply(level.world_from_vox, middles_vox[:, ::-1] - 0.5)
        eye = np.asarray(camera.position)
        axis = np.asarray(camera.focal_point) - eye
        axis = axis / np.linalg.norm(axis)
        away = points - eye
        return np.asarray(np.linalg.norm(away - (away @ axis)[:, None] * axis, axis=1))

    def _next_time(self, shown: list[tuple[int, ...]]) -> list[Wanted]:
        """What is drawn now, at the time point that comes when time goes on as it did; coarse before fine."""
        scene, tree = self._scene, self._scene.tree
        if not self._time_step:
            return []
        nodes = np.flatnonzero(tree.alive & (tree.seen >= self._cut.frame))
        found: list[Wanted] = []
        for node in nodes[np.argsort(-tree.stage[nodes], kind="stable")].tolist():
            volume = int(tree.volume[node])
            n_times = scene.scene.layers[volume].source.info.n_times
            time = (self._time + self._time_step) % n_times  # a film that ends begins anew
            key = scene.key_of(volume, int(tree.stage[node]), tree.brick[node].tolist())._replace(time=time)
            # The top bricks are taken with all their channels.
            channels = range(len(scene.volumes[volume].channels)) if node < tree.n_tops else shown[volume]
            if n_times > 1:
                found += [Wanted(key, c) for c in channels]
        return found


def camera_ahead(camera: Camera, before: Camera | None) -> Camera:
    """Where a camera would be after one more step like the last one, which came from `before`."""
    eye, focus = np.asarray(camera.position), np.asarray(camera.focal_point)
    offset = eye - focus
    if before is None:
        closer, turn, shift = NEARER, np.zeros(3), np.zeros(3)
        angle = scale = 1.0 if camera.projection == "perspective" else NEARER
    else:
        closer = float(np.clip(camera.distance / before.distance, 1 / _STEP_MAX, _STEP_MAX))
        was = np.asarray(before.position) - np.asarray(before.focal_point)
        turn = offset - was * (camera.distance / before.distance)
        shift = focus - np.asarray(before.focal_point)
        angle, scale = camera.view_angle / before.view_angle, camera.parallel_scale / before.parallel_scale
    there = focus + shift
    ahead = offset + turn
    length = np.linalg.norm(ahead)
    ahead = ahead / length * camera.distance if length > 1e-6 * camera.distance else offset
    position, focal_point = (tuple(map(float, point)) for point in (there + ahead * closer, there))
    return camera.model_copy(
        update={
            "position": position,
            "focal_point": focal_point,
            "view_angle": float(np.clip(camera.view_angle * angle, 1.0, 150.0)),
            "parallel_scale": camera.parallel_scale * float(np.clip(scale, 1 / _STEP_MAX, _STEP_MAX)),
        }
    )
