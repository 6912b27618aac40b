"""Segments of a segmentation in the state: ids as decimal strings, and how some of them look.

An id is an unsigned 64-bit integer. In the state, in JSON and on the wire it is a decimal string, because a number of
JavaScript is exact up to 2^53 only. Of signed ids it is the 64-bit pattern: -3 is "18446744073709551613".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidatorFunctionWrapHandler, WrapValidator

from ..errors import UsageError
from ..limits import DEFAULT_LIMITS
from .base import Color, Node, Unit

MAX_ID = 2**64 - 1


_PATTERN = re.compile("0|[1-9][0-9]{0,19}")


def _is_id(text: str) -> str:
    if _PATTERN.fullmatch(text) is None or int(text) > MAX_ID:
        raise ValueError(f"'{text[:60]}' is no segment; write an id from 0 to {MAX_ID} in decimal digits")
    return text


SegmentId = Annotated[str, AfterValidator(_is_id)]
"""0 .. 2^64 - 1, as decimal digits without leading zeros."""


class IdSet(tuple[str, ...]):
    """Ids that were found right, ascending, each once: a set has one form, so that equal sets are equal states."""

    __slots__ = ()


def _sorted_once(given: Any, check: ValidatorFunctionWrapHandler) -> IdSet:
    if isinstance(given, IdSet):
        return given  # of a state before; a hundred thousand ids are not looked at again when something else changes
    texts: tuple[str, ...] = check(given)
    try:
        ids = IdSet(map(str, np.unique(np.array(list(map(int, texts)), np.uint64)).tolist()))
        wrong = set(texts).difference(ids)  # such as "007", which is another text for 7
    except (ValueError, OverflowError):
        for text in texts:
            _is_id(text)
        raise
    for text in wrong:
        _is_id(text)
    return ids


SegmentIds = Annotated[
    tuple[str, ...], Field(max_length=DEFAULT_LIMITS.segments_listed_max), WrapValidator(_sorted_once)
]
"""A set of ids: whatever the order in which they are given, they are kept ascending, each once."""


class ById(dict[str, Any]):
    """A mapping by id that does not change once it is in a state; it hashes by what it holds, in any order."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def _refuse(self, *_: object, **__: object) -> Any:
        raise TypeError("a table of the state is not changed; make a new state")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


SegmentStyle = Literal["solid", "translucent", "contour"]
"""How segments are drawn.

`solid`: opaque bodies; in slices filled. `translucent`: clear bodies in which and behind which others are seen; in
slices filled, half. `contour`: outlines; in slices a line along the border, inside of the segment; in three dimensions
the thin skin of each segment, of which a ray sees most where it grazes it, so that rims stand out.
"""


SegmentColors = Annotated[
    dict[SegmentId, Color], Field(max_length=DEFAULT_LIMITS.segment_looks_max), AfterValidator(ById)
]
SegmentOpacities = Annotated[
    dict[SegmentId, Unit], Field(max_length=DEFAULT_LIMITS.segment_looks_max), AfterValidator(ById)
]
Merged = Annotated[
    dict[SegmentId, SegmentId], Field(max_length=DEFAULT_LIMITS.segments_merged_max), AfterValidator(ById)
]


class Highlight(Node):
    """Segments drawn in another colour: theirs mixed with `color` by `strength`."""

    ids: SegmentIds = ()
    color: Color = (1.0, 1.0, 1.0)
    strength: Unit = 0.6


def segment_id(text: str) -> str:
    """An id as the state has it, of what a person writes: `12`, `0012` or, of signed data, `-3`. Raises UsageError."""
    text = text.strip()
    if re.fullmatch(r"-?[0-9]{1,40}", text) and -(2**63) <= (number := int(text)) <= MAX_ID:
        return str(number & MAX_ID)
    raise UsageError(f"'{text[:60]}' is no segment; write an id from 0 to {MAX_ID}")


def as_numbers(ids: Iterable[str]) -> NDArray[np.uint64]:
    """Ids as numbers, exactly, in the order given."""
    return np.array([int(identifier) for identifier in ids], np.uint64)
