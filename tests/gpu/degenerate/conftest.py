"""One renderer for all degenerate states: programs are compiled once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from render.engine.renderer import Renderer
from render.gpu.context import Context
from render.scene.open import Scene

from .shown import SIZE, the_scene


@pytest.fixture(scope="package")
def scene() -> Scene:
    return the_scene()


@pytest.fixture(scope="package")
def renderer(gl: Context, scene: Scene) -> Iterator[Renderer]:
    one = Renderer(gl, scene, *SIZE)
    yield one
    one.close()
    gl.check()
