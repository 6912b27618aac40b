"""A change to the state is a patch: values put at paths, or added to and removed from sets. A patch has an inverse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue, ValidationError
from pydantic_core import to_jsonable_python

from ..errors import StateError
from .base import Node
from .view import ViewState, first_problem

Path = Annotated[tuple[Annotated[str, Field(max_length=100)] | int, ...], Field(min_length=1, max_length=12)]


class Op(Node):
    """Put `value` at `path`, e.g. ["layers", 0, "channels", 1, "visible"].

    `op` "add" puts the strings of a list `value` into the set at `path` (layers.0.listed), or the entries of an object
    into the table there (layers.0.segment_colors); "remove" takes the strings, or the entries with these keys, out. So
    a change of one id is as small as the id, however many there are.
    """

    op: Literal["put", "add", "remove"] = "put"
    path: Path
    value: JsonValue


class Patch(Node):
    """Ops that apply together, or not at all."""

    ops: Annotated[tuple[Op, ...], Field(min_length=1, max_length=256)]


def apply_patch(state: ViewState, patch: Patch) -> tuple[ViewState, Patch]:
    """The patched state, and the patch that undoes it.

    Raises StateError when a path does not exist or the result is not a valid state; the state stays as it was.
    """
    # Only what the paths lead through is taken apart, and so only that is validated again.
    tree: dict[str, Any] = _opened(state)
    inverse: list[Op] = []
    for op in patch.ops:
        where = ".".join(str(part) for part in op.path)
        holder: Any = tree
        for part in op.path[:-1]:
            child = _opened(_child(holder, part, where))
            holder[part] = child
            holder = child
        last = op.path[-1]
        before = _child(holder, last, where)
        if op.op == "put":
            inverse.append(Op(path=op.path, value=to_jsonable_python(before)))
            holder[last] = op.value
        else:
            holder[last], undo = _edited(op, before, where)
            inverse += reversed(undo)
    try:
        patched = ViewState.model_validate(tree)
    except ValidationError as error:
        raise StateError(f"the change is not valid: {first_problem(error)}") from None
    if not inverse:  # nothing was there to add or remove; what undoes it is to put what is there
        first = patch.ops[0].path[0]
        inverse.append(Op(path=(first,), value=to_jsonable_python(getattr(state, str(first)))))
    return patched, Patch(ops=tuple(reversed(inverse)))


def _opened(value: Any) -> Any:
    """One level of the tree as something that can be written to; what is below stays as it is."""
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, tuple | list):
        return list(value)
    return dict(value) if isinstance(value, dict) else value


def _child(holder: Any, part: str | int, where: str) -> Any:
    if isinstance(holder, dict) and isinstance(part, str) and part in holder:
        return holder[part]
    if isinstance(holder, list) and isinstance(part, int) and 0 <= part < len(holder):
        return holder[part]
    raise StateError(f"there is nothing at '{where}' in the state")


def _edited(op: Op, before: Any, where: str) -> tuple[Any, list[Op]]:
    """A set or a table with things added or removed, and the ops that undo it (none where nothing changed)."""
    keys = _keys(op, where)
    if isinstance(before, dict):
        there = {key: to_jsonable_python(before[key]) for key in keys if key in before}
        if op.op == "remove":
            after = {key: value for key, value in before.items() if key not in there}
            return after, [Op(op="add", path=op.path, value=there)] if there else []
        if not isinstance(op.value, dict):
            raise StateError(f"what is added at '{where}' must be an object of ids and their values")
        undo = [Op(op="add", path=op.path, value=there)] if there else []
        fresh: list[JsonValue] = [key for key in keys if key not in there]
        if fresh:
            undo.append(Op(op="remove", path=op.path, value=fresh))
        return {**before, **op.value}, undo
    if not isinstance(before, tuple | list) or not all(isinstance(one, str) for one in before):
        raise StateError(f"what is at '{where}' in the state is no set or table; put a value there")
    held = set(before)
    changed: list[JsonValue] = [key for key in keys if (key in held) == (op.op == "remove")]
    if not changed:
        return before, []
    if op.op == "add":
        return [*before, *changed], [Op(op="remove", path=op.path, value=changed)]
    gone = set(keys)
    return [one for one in before if one not in gone], [Op(op="add", path=op.path, value=changed)]


def _keys(op: Op, where: str) -> list[str]:
    """The ids that an op names, each once."""
    value = op.value
    if not isinstance(value, list | dict) or not all(isinstance(key, str) for key in value):
        raise StateError(f"what is added or removed at '{where}' must be a list of ids as strings")
    return list(dict.fromkeys(str(key) for key in value))
