"""Large states in messages that fit: a browser takes 256 KiB at once, and a hundred thousand ids are megabytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import to_jsonable_python

from ..state.layer import LabelLayer
from ..state.patch import Op, Patch
from ..state.view import ViewState

WHOLE_ENTRIES = 1000
"""A state whose segmentations name no more segments than this is told whole."""
PIECE_ENTRIES = 500
_PARTS = (("listed",), ("highlight", "ids"), ("segment_colors",), ("segment_opacities",), ("merged",))


def is_large(state: ViewState) -> bool:
    """Whether a state is told in pieces."""
    return state.segment_entries > WHOLE_ENTRIES


def in_pieces(state: ViewState) -> tuple[ViewState, list[Patch]]:
    """The state without what it says of single segments, and the patches that put it back, each a message's worth.

    A state that is not large is left as it is.
    """
    if not is_large(state):
        return state, []
    bare = tuple(_bare(layer) if isinstance(layer, LabelLayer) else layer for layer in state.layers)
    patches = [
        Patch(ops=(Op(op="add", path=("layers", place, *part), value=piece),))
        for place, layer in enumerate(state.layers)
        if isinstance(layer, LabelLayer)
        for part in _PARTS
        for piece in _pieces(_at(layer, part))
    ]
    return state.model_copy(update={"layers": bare}), patches


def _at(layer: LabelLayer, part: tuple[str, ...]) -> Any:
    value: Any = layer
    for name in part:
        value = getattr(value, name)
    return value


def _bare(layer: LabelLayer) -> LabelLayer:
    empty = LabelLayer(source=layer.source)
    highlight = layer.highlight.model_copy(update={"ids": empty.listed})
    names = ("listed", "segment_colors", "segment_opacities", "merged")
    return layer.model_copy(update={"highlight": highlight, **{name: getattr(empty, name) for name in names}})


def _pieces(value: Any) -> Iterator[Any]:
    entries = list(value.items()) if isinstance(value, dict) else list(value)
    for first in range(0, len(entries), PIECE_ENTRIES):
        piece = entries[first : first + PIECE_ENTRIES]
        yield to_jsonable_python(dict(piece) if isinstance(value, dict) else piece)
