"""The modes of drawing: which shader each is, and how its pictures are developed."""

from __future__ import annotations

from collections.abc import Mapping

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
_LIT = frozenset({"HAS_ENVIRONMENT", "ENVIRONMENT_ROWS", "ENVIRONMENT_COLUMNS"})
_KNOWN: dict[str, frozenset[str]] = {
    "march.comp": _LIT | {"SAMPLER_KIND", "HAS_PLANES", "NEAREST", "HAS_GRADIENT_OPACITY", "GRADIENT_LUT_SIZE"},
    "project.comp": frozenset({"SAMPLER_KIND"}),
    "isosurface.comp": _LIT | {"SAMPLER_KIND"},
    "slices.comp": frozenset({"SAMPLER_KIND"}),
}
"""Of the files that do not look at all features of a state: those that they do."""
VALUE_MODES: frozenset[Mode] = frozenset({"maximum", "minimum", "average", "slices"})
"""Modes whose colours mean values: no light falls, so no exposure and no tone map may change them."""


def shader_of(mode: Mode) -> tuple[str, dict[str, str | int]]:
    """The file of a mode's shader, and what it is compiled with besides the scene's own definitions."""
    name, defines = _SHADERS[mode]
    return name, dict(defines)


def known(name: str, features: Mapping[str, str | int]) -> dict[str, str | int]:
    """The features of a state that a mode's file is compiled with: others are no reason to compile it once more."""
    return {feature: value for feature, value in features.items() if name not in _KNOWN or feature in _KNOWN[name]}


def display_of(state: ViewState, mode: Mode | None = None) -> Display:
    """How a picture of `mode` (None: the state's) is developed: the state's display, made linear where colours mean
    values.
    """
    if (mode or state.rendering.mode) not in VALUE_MODES:
        return state.display
    return state.display.model_copy(update={"exposure": 0.0, "tone_map": "linear"})
