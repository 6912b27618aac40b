"""Which parts of a picture show something else once bricks came: what was shown there before is of little use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..space import apply
from ..state.camera import Camera
from .history import TILE_PX, Tiles, tiles_of
from .projection import NEAR, Projection, projections

if TYPE_CHECKING:
    from .paged import PagedScene

_CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])


def stale_tiles(
    scene: PagedScene, nodes: NDArray[np.int64], camera: Camera, flip: tuple[bool, bool, bool], window: tuple[int, int]
) -> Tiles:
    """The tiles (rows, columns) of a picture of `window` (width, height) pixels that boxes of nodes project to.

    Shadows and scattered light that reach further are left to fade. A box that reaches behind the eye may be anywhere,
    and so may one that a lens blurs.
    """
    stale = np.zeros(tiles_of(window), np.bool_)
    if not len(nodes):
        return stale
    if camera.aperture > 0.0:
        stale[:] = True
        return stale
    corners = _corners_um(scene, nodes, flip)
    for eye in projections(camera, window):
        _mark(stale, eye, corners)
    return stale


def _corners_um(scene: PagedScene, nodes: NDArray[np.int64], flip: tuple[bool, bool, bool]) -> NDArray[np.float64]:
    """Of the nodes' boxes in the world, (nodes, 8, 3), x, y, z."""
    tree = scene.tree
    found = []
    for volume in np.unique(tree.volume[nodes]).tolist():
        mine = nodes[tree.volume[nodes] == volume]
        sides = np.array([[scene.payload << s for s in stage.shift] for stage in scene.stages[volume]])
        level = scene.scene.layers[volume].source.info.levels[0]
        lo = tree.brick[mine] * sides[tree.stage[mine]]
        hi = np.minimum(lo + sides[tree.stage[mine]], level.shape)
        lo_xyz, hi_xyz = lo[:, None, ::-1], hi[:, None, ::-1]
        voxels = lo_xyz + _CORNERS * (hi_xyz - lo_xyz) - 0.5
        found.append(apply(level.world_from_vox, voxels.reshape(-1, 3)).reshape(-1, 8, 3))
    corners = np.concatenate(found)
    return np.asarray(np.where(flip, 2.0 * scene.scene.box.centre - corners, corners), np.float64)


def _mark(stale: Tiles, eye: Projection, corners: NDArray[np.float64]) -> None:
    """Mark the tiles of one eye's part of the picture."""
    x, y, width, height = eye.viewport
    ahead = np.ones((len(corners), 8), np.bool_)
    lo = np.tile([x, y], (len(corners), 1))
    hi = np.tile([x + width, y + height], (len(corners), 1))
    if eye.perspective:
        ahead = eye.depth(corners.reshape(-1, 3)).reshape(-1, 8) > eye.distance_um * NEAR
    seen, whole = ahead.any(axis=1), ahead.all(axis=1)
    pixels = eye.pixels(corners[whole].reshape(-1, 3)).reshape(-1, 8, 2)
    lo[whole] = np.maximum(lo[whole], pixels.min(axis=1))
    hi[whole] = np.minimum(hi[whole], pixels.max(axis=1))
    first = np.floor(lo / TILE_PX).astype(np.int64)
    last = np.ceil(hi / TILE_PX).astype(np.int64)
    for (x0, y0), (x1, y1) in zip(first[seen].tolist(), last[seen].tolist(), strict=True):
        if x1 > x0 and y1 > y0:
            stale[y0:y1, x0:x1] = True
