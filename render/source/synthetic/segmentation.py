"""The cell's instance segmentation: which organelle each voxel belongs to, as 64-bit ids.

An id is a class in the high byte and the number of the instance in the low bits: neighbours differ only in digits that
a double cannot hold, so a reader that rounds ids somewhere mixes them up visibly.
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from .cell import Anatomy, golgi_gap_um, tubule_radius_um, vesicle_radius_um
from .crowd import crowd
from .grid import Grid
from .shapes import sphere_distance

CLASS_SHIFT = 56
NUCLEUS, NUCLEOLUS, RETICULUM, MITOCHONDRION, VESICLE, GOLGI = 1, 2, 3, 4, 5, 6


def label_id(kind: int, instance: int) -> int:
    """`instance` counts from 1."""
    return (kind << CLASS_SHIFT) + instance


class CellSegmentation:
    """Ids as uint64. Cytosol and membrane are 0: what is not an organelle stays see-through."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy = anatomy

    def is_absent(self, grid: Grid, channel: int) -> bool:
        return self._anatomy.parts.membrane.is_beyond(grid, 0.0)

    def sample(self, grid: Grid, channel: int) -> NDArray[np.generic]:
        anatomy, parts = self._anatomy, self._anatomy.parts
        half = 0.5 * grid.h_um
        ids = np.zeros(grid.shape, np.uint64)
        to_nucleus, to_membrane = parts.nucleus.distance(grid), parts.membrane.distance(grid)
        if float(to_nucleus.max()) > 0.0 and float(to_membrane.min()) < 0.0:
            # Thin sheets stay one voxel thick in coarse levels, or they would break into dust.
            radius = max(tubule_radius_um(grid), half)
            ids[anatomy.reticulum.distance(grid, to_membrane, to_nucleus, radius) < 0.0] = label_id(RETICULUM, 1)
        ids[to_nucleus < 0.0] = label_id(NUCLEUS, 1)
        for number, nucleolus in enumerate(parts.nucleoli, 1):
            if not nucleolus.is_beyond(grid, 0.0):
                ids[nucleolus.distance(grid) < 0.0] = label_id(NUCLEOLUS, number)
        for i in anatomy.golgi_near(grid, grid.h_um):
            thick = np.float32(max(golgi_gap_um(grid) * 0.4, half))
            ids[anatomy.golgi_distance(grid, parts.golgi[i]) < thick] = label_id(GOLGI, i + 1)
        self._vesicles(ids, grid)
        if anatomy.has_mitochondria(grid, 0.0):
            distance, _, which = anatomy.mitochondria(grid)
            inside = distance < 0.0
            ids[inside] = which[inside].astype(np.uint64) + np.uint64(label_id(MITOCHONDRION, 1))
        return ids

    def _vesicles(self, ids: NDArray[np.uint64], grid: Grid) -> None:
        near = np.array(self._anatomy.vesicles_near(grid, 0.0), np.int64)
        vesicles = [self._anatomy.parts.vesicles[i] for i in near]
        radii = np.array([vesicle_radius_um(grid, vesicle) for vesicle in vesicles])
        centres = np.array([vesicle.centre for vesicle in vesicles]).reshape(-1, 3)
        first = np.uint64(label_id(VESICLE, 1))
        together = crowd(grid, centres - radii[:, None], centres + radii[:, None])
        if together is not None:
            z, y, x = together.offsets(centres)
            inside = np.sqrt(z * z + y * y + x * x) < radii.astype(np.float32)[together.item]
            ids.reshape(-1)[together.place[inside]] = near[together.item[inside]].astype(np.uint64) + first
            return
        for i, centre, radius in zip(near, centres, radii.tolist(), strict=True):
            part = grid.near(centre - radius, centre + radius)
            if part is not None:
                ids[part][sphere_distance(grid.cut(part), centre, radius) < 0.0] = np.uint64(i) + first

    def names(self) -> dict[int, str]:
        parts = self._anatomy.parts
        names = {label_id(NUCLEUS, 1): "nucleus", label_id(RETICULUM, 1): "endoplasmic reticulum"}
        names |= {label_id(NUCLEOLUS, n + 1): f"nucleolus {n + 1}" for n in range(len(parts.nucleoli))}
        names |= {label_id(GOLGI, n + 1): f"Golgi stack {n + 1}" for n in range(len(parts.golgi))}
        names |= {label_id(MITOCHONDRION, n + 1): f"mitochondrion {n + 1}" for n in range(len(parts.mitochondria))}
        for n, vesicle in enumerate(parts.vesicles):
            names[label_id(VESICLE, n + 1)] = f"{'lysosome' if vesicle.is_filled else 'vesicle'} {n + 1}"
        return names

    def colors(self) -> dict[int, tuple[float, float, float, float]]:
        """RGBA per id: one family of hues a class, instances told apart within it."""
        families = {
            NUCLEUS: (0.60, 0.0, 0.55, 1.0), NUCLEOLUS: (0.70, 0.08, 0.45, 1.0), RETICULUM: (0.45, 0.0, 0.6, 0.75),
            MITOCHONDRION: (0.01, 0.15, 0.8, 1.0), VESICLE: (0.80, 0.16, 0.5, 1.0), GOLGI: (0.27, 0.06, 0.6, 0.9),
        }  # fmt: skip
        colors = {}
        for label in self.names():
            hue, spread, saturation, value = families[label >> CLASS_SHIFT]
            # The golden ratio spreads successive instances evenly over the family.
            turn = (label & 0xFFFF) * 0.6180339887498949 % 1.0
            shade = value * (0.82 + 0.18 * ((label & 0xFFFF) * 0.7548776662466927 % 1.0))
            red, green, blue = colorsys.hsv_to_rgb((hue + spread * turn) % 1.0, saturation, shade)
            colors[label] = (red, green, blue, 1.0)
        return colors
