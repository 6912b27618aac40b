"""Write the client's ready-made values, `src/presets.ts`, from the server's: lights, and what colour maps look like.

    python viewer_client/scripts/presets.py > viewer_client/src/presets.ts

`npm run wire` does it. The project must be importable.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from typing import Any

import cmap
import numpy as np

# A short list of good ones; any other name of the cmap package can be typed.
COLOR_MAPS = (
    "gray",
    "bone",
    "viridis",
    "magma",
    "inferno",
    "plasma",
    "cividis",
    "turbo",
    "imagej:fire",
    "cmocean:thermal",
    "cmocean:ice",
    "crameri:batlow",
    "matplotlib:coolwarm",
    "twilight",
)
STOPS = 9
BANNER = "/* Generated from the server's values: run `npm run wire` instead of editing. */"
PRESETS = "render.state.presets"


def lighting_presets() -> dict[str, Any]:
    """The server's lights by their names; none where it has none."""
    if importlib.util.find_spec(PRESETS) is None:
        return {}
    named = importlib.import_module(PRESETS).LIGHTING_PRESETS
    return {name: lighting.model_dump(mode="json") for name, lighting in named.items()}


def color_maps() -> dict[str, list[str]]:
    """Name to STOPS colours (#rrggbb) at equal distances."""
    at = np.linspace(0.0, 1.0, STOPS)
    found = {}
    for name in COLOR_MAPS:
        srgb = np.rint(255 * np.asarray(cmap.Colormap(name)(at))[:, :3]).astype(int)
        found[name] = ["#" + bytes(color).hex() for color in srgb.tolist()]
    return found


def typescript() -> str:
    """The file's text."""
    return "\n".join(
        [
            BANNER,
            'import type { Lighting } from "./wire";',
            "",
            "/** Ready-made lights. */",
            f"export const LIGHTING_PRESETS: Readonly<Record<string, Lighting>> = {_literal(lighting_presets())};",
            "",
            "/** Colour maps worth choosing, by the cmap package's names: colours at equal distances. */",
            f"export const COLOR_MAPS: Readonly<Record<string, readonly string[]>> = {_literal(color_maps())};",
            "",
        ]
    )


def _literal(values: dict[str, Any]) -> str:
    """A TypeScript literal, one entry a line."""
    entries = [f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in values.items()]
    return "{\n" + "".join(entries) + "}" if entries else "{}"


if __name__ == "__main__":
    sys.stdout.write(typescript())
