"""What the side-car indexes of a scene's sources say of bricks that were never read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .encoding import Encode
from .index import Index
from .keys import BrickKey, Wanted
from .summaries import Summary


class IndexedBricks:
    """Indexes by layer, None for a source that has none. Thread-safe."""

    def __init__(self, indexes: Sequence[Index | None], payload: int, apron: int, encode: Encode) -> None:
        """For bricks of `payload` voxels with `apron` around, whose texels `encode` makes."""
        self._indexes = [one if one is not None and one.apron >= apron else None for one in indexes]
        self._payload = payload
        self._encode = encode

    def summary(self, wanted: Wanted) -> Summary | None:
        """The range of a brick's texels (of a brick smaller than those of the index, no narrower); None where unknown.

        Of labels only bricks of one value are known: which ids others hold, the index does not say.
        """
        key = wanted.key
        index = self._indexes[key.layer]
        if index is None:
            return None
        found = index.range(key.level, wanted.channel, key.time, key.brick, self._payload)
        if found is None:
            return None
        is_labels = index.kind == "labels"
        if is_labels and found[0] != found[1]:
            return None
        encoded = self._encode(key.layer, wanted.channel, np.array(found, index.dtype))
        texels = encoded[0] if isinstance(encoded, tuple) else encoded
        lo, hi = int(texels[0]), int(texels[1])
        return Summary(lo, hi, np.array([lo], np.uint32) if is_labels else None)

    def may_hold(self, key: BrickKey, ids: Sequence[int]) -> bool:
        """Whether a brick of a segmentation may hold one of the ids. False is certain."""
        index = self._indexes[key.layer]
        return index is None or index.may_hold(key.level, 0, key.time, key.brick, ids, self._payload)
