"""Which parts of a brick can be seen, without looking at their voxels: masks of 32 bits (Bloom 1970, one hash).

A macrocell has a mask with the bit of each dense id in it; a node (a brick of one level) has the mask of its visible
ids. Where the two have no bit in common nothing of the cell is seen. A bit that they share by chance costs time, never
a wrong picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint32(2654435761)


def bit_of(dense: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """1 << hash of each dense id: the top five bits of id * 2654435761 modulo 2^32 (Knuth's multiplicative hash)."""
    return np.uint32(1) << (dense * _GOLDEN >> np.uint32(27))


def visible_masks(
    ids_per_node: Sequence[NDArray[np.uint32]] | tuple[NDArray[np.uint32], NDArray[np.integer]],
    alpha: NDArray[np.uint8],
) -> NDArray[np.uint32]:
    """The masks (uint32) of nodes: of each the bits of its dense ids whose `alpha` (by dense id) is not 0.

    `ids_per_node` is a list of arrays, or (ids, starts): all ids one after the other, node i having
    ids[starts[i] : starts[i + 1]] (starts has one entry more than there are nodes). Ids that `alpha` does not reach
    are not seen. 0, the background, never is.
    """
    if isinstance(ids_per_node, tuple):
        ids, starts = ids_per_node
    else:
        counts = np.array([len(one) for one in ids_per_node], np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)])
        ids = np.concatenate(ids_per_node) if len(ids_per_node) else np.zeros(0, np.uint32)
    known = np.minimum(ids, max(len(alpha) - 1, 0))
    seen = (alpha[known] > 0) & (ids > 0) & (ids < len(alpha)) if len(alpha) else np.zeros(len(ids), bool)
    bits = np.where(seen, bit_of(ids), np.uint32(0))
    masks = np.zeros(len(starts) - 1, np.uint32)
    filled = np.flatnonzero(np.diff(starts) > 0)  # reduceat has no answer for nodes without ids
    if len(filled):
        masks[filled] = np.bitwise_or.reduceat(bits, np.asarray(starts)[filled])
    return masks
