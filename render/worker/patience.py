"""How long a worker may be silent, which depends on what it does. Pure.

A GPU answers within `running_s` (2 s) once its views run.
A software renderer is slow and shares its processors: it gets `software_s`. While the process starts, or a view is
being opened (uploads answer heartbeats; compiling cannot), it is `starting_s`; and so it is after a change of what
shaders are compiled for (COMPILED_FOR), until there is a picture of it: a new mode with many features takes seconds.
So does the first pick.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..state.view import ViewState

COMPILED_FOR = ("layers", "clip_planes", "slices", "lighting", "rendering", "display", "guides")
"""Parts of a state that programs may be compiled for: modes and features, tone maps, guides."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds the worker may be silent before it counts as hung."""

    running_s: float = 2.0
    software_s: float = 15.0
    starting_s: float = 90.0


def may_compile(before: ViewState | None, after: ViewState) -> bool:
    """Whether a worker that shows `before` may have to compile shaders for `after`."""
    return before is None or any(getattr(before, part) != getattr(after, part) for part in COMPILED_FOR)
