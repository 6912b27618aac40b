"""One OpenGL context for all tests that draw, on the main thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from render.errors import GpuError

if TYPE_CHECKING:
    from render.engine.renderer import Renderer
    from render.gpu.context import Context
    from render.scene.open import Scene

Draw = Callable[..., "Renderer"]


def _why_no_egl() -> str | None:
    """Why there is no EGL here at all; None where there is one, which then has to work."""
    try:
        from render.gpu.egl import list_devices

        return None if list_devices() else "EGL lists no device"
    except GpuError as error:
        return str(error)


@pytest.fixture(scope="session")
def gl() -> Iterator[Context]:
    """The context, current on this thread. Without any EGL the tests are skipped, unless HOSTA_REQUIRE_GL=1."""
    if os.environ.get("HOSTA_REQUIRE_GL", "") != "1" and (reason := _why_no_egl()):
        pytest.skip(f"there is no EGL: {reason}")
    from render.gpu.context import Context

    context = Context.create()
    yield context
    context.close()


@pytest.fixture
def draw(gl: Context) -> Iterator[Draw]:
    """Makes renderers of scenes, and closes them in the end; what OpenGL complained of is an error."""
    from render.engine.renderer import Renderer

    made: list[Renderer] = []

    def make(scene: Scene, width: int = 64, height: int = 64, **options: Any) -> Renderer:
        made.append(Renderer(gl, scene, width, height, **options))
        return made[-1]

    yield make
    # A view may use the bricks of one made before it.
    for renderer in reversed(made):
        renderer.close()
    gl.check()
