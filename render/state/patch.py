"""A change to the state is a patch: values put at paths. A patch has an inverse."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError

from ..errors import StateError
from .base import Node
from .view import ViewState, first_problem

Path = Annotated[tuple[Annotated[str, Field(max_length=100)] | int, ...], Field(min_length=1, max_length=12)]


class Op(Node):
    """Put `value` at `path`, e.g. ["layers", 0, "channels", 1, "visible"]."""

    path: Path
    value: JsonValue


class Patch(Node):
    """Ops that apply together, or not at all."""

    ops: Annotated[tuple[Op, ...], Field(min_length=1, max_length=256)]


def apply_patch(state: ViewState, patch: Patch) -> tuple[ViewState, Patch]:
    """The patched state, and the patch that undoes it.

    Raises StateError when a path does not exist or the result is not a valid state; the state stays as it was.
    """
    tree: dict[str, Any] = state.model_dump(mode="json")
    inverse: list[Op] = []
    for op in patch.ops:
        where = ".".join(str(part) for part in op.path)
        holder: Any = tree
        for part in op.path[:-1]:
            holder = _child(holder, part, where)
        last = op.path[-1]
        inverse.append(Op(path=op.path, value=_child(holder, last, where)))
        holder[last] = op.value
    try:
        patched = ViewState.model_validate(tree)
    except ValidationError as error:
        raise StateError(f"the change is not valid: {first_problem(error)}") from None
    return patched, Patch(ops=tuple(reversed(inverse)))


def _child(holder: Any, part: str | int, where: str) -> Any:
    if isinstance(holder, dict) and isinstance(part, str) and part in holder:
        return holder[part]
    if isinstance(holder, list) and isinstance(part, int) and 0 <= part < len(holder):
        return holder[part]
    raise StateError(f"there is nothing at '{where}' in the state")
