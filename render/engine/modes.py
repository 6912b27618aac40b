"""The modes of drawing: which shader each is, and how its pictures are developed."""

from __future__ import annotations

from ..state.rendering import Mode
from ..state.view import Display, ViewState

_SHADERS: dict[Mode, tuple[str, dict[str, str | int]]] = {
    "path": ("pathtrace.comp", {}),
    "march": ("march.comp", {}),
    "maximum": ("project.comp", {"PROJECTION": 0}),
    "minimum": ("project.comp", {"PROJECTION": 1}),
    "average": ("project.comp", {"PROJECTION": 2}),
    "isosurface": ("isosurface.comp", {}),
    "slices": ("slices.comp", {}),
}
VALUE_MODES: frozenset[Mode] = frozenset({"maximum", "minimum", "average", "slices"})
"""Modes whose colours mean values: no light falls, so no exposure and no tone map may change them."""


def shader_of(mode: Mode) -> tuple[str, dict[str, str | int]]:
    """The file of a mode's shader, and what it is compiled with besides the scene's own definitions."""
    name, defines = _SHADERS[mode]
    return name, dict(defines)


def display_of(state: ViewState, mode: Mode | None = None) -> Display:
    """How a picture of `mode` (None: the state's) is developed: the state's display, made linear where colours mean
    values.
    """
    if (mode or state.rendering.mode) not in VALUE_MODES:
        return state.display
    return state.display.model_copy(update={"exposure": 0.0, "tone_map": "linear"})
